/* SPDX-License-Identifier: MIT
 *
 * Whose an address is: the regions of loaded objects, in one treap a kind. A
 * treap is a search tree by address and a heap by a hash of it, and so stays
 * shallow without bookkeeping. Changed under the host's `map_lock`. A reader
 * without it (a backtrace while panicking) may miss who is just moved, and always
 * comes to an end: every pointer leads to an object of lower rank, at any instant.
 */
#include "loader/object.h"

static const struct hload_region *region_of(const struct hload_object *object, unsigned kind)
{
	return kind == HLOAD_PLACE_GOT ? &object->got : &object->region[kind];
}

static uint64_t start(const struct hload_object *object, unsigned kind)
{
	return region_of(object, kind)->address;
}

static uint64_t rank(const struct hload_object *object, unsigned kind)
{
	uint64_t h = start(object, kind) * UINT64_C(0x9e3779b97f4a7c15);

	return (h ^ h >> 32) * UINT64_C(0xd6e8feb86659fd93);
}

/* The pointer at which a search for `from` goes on below `at`. */
static struct hload_object **next(struct hload_object *at, uint64_t from, unsigned kind)
{
	return from < start(at, kind) ? &at->place[kind].below : &at->place[kind].above;
}

static void add(struct hload_object **at, struct hload_object *object, unsigned kind)
{
	struct hload_object **below = &object->place[kind].below;
	struct hload_object **above = &object->place[kind].above;
	struct hload_object *rest;

	while (*at && rank(*at, kind) > rank(object, kind))
		at = next(*at, start(object, kind), kind);
	rest = *at; /* of lower rank: falls apart to both sides */
	while (rest) {
		if (start(rest, kind) < start(object, kind)) {
			*below = rest;
			below = &rest->place[kind].above;
			rest = rest->place[kind].above;
		} else {
			*above = rest;
			above = &rest->place[kind].below;
			rest = rest->place[kind].below;
		}
	}
	*below = *above = NULL;
	*at = object;
}

static void remove(struct hload_object **at, struct hload_object *object, unsigned kind)
{
	struct hload_object *below = object->place[kind].below;
	struct hload_object *above = object->place[kind].above;

	while (*at && *at != object)
		at = next(*at, start(object, kind), kind);
	if (!*at)
		return;
	while (below && above) {
		if (rank(below, kind) > rank(above, kind)) {
			*at = below;
			at = &below->place[kind].above;
			below = below->place[kind].above;
		} else {
			*at = above;
			at = &above->place[kind].below;
			above = above->place[kind].below;
		}
	}
	*at = below ? below : above;
	object->place[kind].below = object->place[kind].above = NULL;
}

bool hload_places_lock(const struct hload_places *places)
{
	const struct hload_host *host = places->host;

	return host && host->map_lock && host->map_lock(host->ctx);
}

void hload_places_unlock(const struct hload_places *places, bool state)
{
	const struct hload_host *host = places->host;

	if (host && host->map_unlock)
		host->map_unlock(host->ctx, state);
}

void hload_places_add(struct hload_places *places, struct hload_object *object)
{
	bool state = hload_places_lock(places);

	for (unsigned kind = 0; kind < HLOAD_PLACES; kind++)
		if (start(object, kind))
			add(&places->root[kind], object, kind);
	hload_places_unlock(places, state);
}

void hload_places_remove(struct hload_places *places, struct hload_object *object)
{
	bool state = hload_places_lock(places);

	for (unsigned kind = 0; kind < HLOAD_PLACES; kind++)
		if (start(object, kind))
			remove(&places->root[kind], object, kind);
	hload_places_unlock(places, state);
}

struct hload_object *hload_places_find(const struct hload_places *places, unsigned kind,
				       uint64_t address)
{
	struct hload_object *at = places->root[kind], *found = NULL;

	while (at) {
		if (start(at, kind) <= address)
			found = at;
		at = *next(at, address, kind);
	}
	return found && address - start(found, kind) < region_of(found, kind)->size ? found : NULL;
}

struct hload_object *hload_places_find_any(const struct hload_places *places, uint64_t address)
{
	struct hload_object *found = NULL;

	for (unsigned kind = 0; !found && kind < HLOAD_PLACES; kind++)
		found = hload_places_find(places, kind, address);
	return found;
}
