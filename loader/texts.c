/* SPDX-License-Identifier: MIT
 *
 * Whose code an address is: the loaded objects' text regions in a treap, which is
 * a search tree by address and a heap by a hash of it, and so stays shallow
 * without bookkeeping. Changed under the loader's lock. A reader without it (a
 * backtrace) may miss who is just moved, and always comes to an end: every
 * pointer leads to an object of lower rank, at any instant.
 */
#include "loader/object.h"

static uint64_t start(const struct hload_object *object)
{
	return object->region[HLOAD_TEXT].address;
}

static uint64_t rank(const struct hload_object *object)
{
	uint64_t h = start(object) * UINT64_C(0x9e3779b97f4a7c15);

	return (h ^ h >> 32) * UINT64_C(0xd6e8feb86659fd93);
}

void hload_texts_add(struct hload_object **root, struct hload_object *object)
{
	struct hload_object **at = root, **below = &object->below, **above = &object->above;
	struct hload_object *rest;

	if (!start(object))
		return;
	while (*at && rank(*at) > rank(object))
		at = start(object) < start(*at) ? &(*at)->below : &(*at)->above;
	rest = *at; /* of lower rank: falls apart to both sides */
	while (rest) {
		if (start(rest) < start(object)) {
			*below = rest;
			below = &rest->above;
			rest = rest->above;
		} else {
			*above = rest;
			above = &rest->below;
			rest = rest->below;
		}
	}
	*below = *above = NULL;
	*at = object;
}

void hload_texts_remove(struct hload_object **root, struct hload_object *object)
{
	struct hload_object **at = root, *below = object->below, *above = object->above;

	while (*at && *at != object)
		at = start(object) < start(*at) ? &(*at)->below : &(*at)->above;
	if (!*at)
		return;
	while (below && above) {
		if (rank(below) > rank(above)) {
			*at = below;
			at = &below->above;
			below = below->above;
		} else {
			*at = above;
			at = &above->below;
			above = above->below;
		}
	}
	*at = below ? below : above;
	object->below = object->above = NULL;
}

struct hload_object *hload_texts_find(struct hload_object *root, uint64_t address)
{
	struct hload_object *found = NULL;

	while (root) {
		if (start(root) <= address) {
			found = root;
			root = root->above;
		} else {
			root = root->below;
		}
	}
	return found && address - start(found) < found->region[HLOAD_TEXT].size ? found : NULL;
}
