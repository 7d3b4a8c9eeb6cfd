/* SPDX-License-Identifier: MIT
 *
 * No dependency, parameter or interface twice, in n log n and without memory: the list
 * is sorted by name in place, neighbours are compared, and it is sorted back by
 * the names' offsets, which ascend in every table that was viewed.
 */
#include "modfmt/internal.h"

struct entries {
	uint8_t *table, *first;
	uint32_t count;
	uint32_t kind; /* flag bits that tell equal names apart */
	size_t size; /* of an entry, at most ENTRY_MAX */
	bool by_name; /* else by offset */
};

#define ENTRY_MAX sizeof(struct hmod_flat_dependency)

static uint32_t word(const struct entries *e, uint32_t entry, unsigned field)
{
	uint32_t value;

	memcpy(&value, e->first + entry * e->size + 4 * field, 4);
	return value;
}

static int compare_names(const struct entries *e, uint32_t i, uint32_t k)
{
	const uint8_t *a = e->table + word(e, i, 0), *b = e->table + word(e, k, 0);

	while (*a && *a == *b)
		a++, b++;
	if (*a != *b)
		return *a < *b ? -1 : 1;
	return (int)(word(e, i, 1) & e->kind) - (int)(word(e, k, 1) & e->kind);
}

static bool before(const struct entries *e, uint32_t i, uint32_t k)
{
	return e->by_name ? compare_names(e, i, k) < 0 : word(e, i, 0) < word(e, k, 0);
}

static void swap(const struct entries *e, uint32_t i, uint32_t k)
{
	uint8_t kept[ENTRY_MAX];

	memcpy(kept, e->first + i * e->size, e->size);
	memcpy(e->first + i * e->size, e->first + k * e->size, e->size);
	memcpy(e->first + k * e->size, kept, e->size);
}

static void sift(const struct entries *e, uint32_t root, uint32_t count)
{
	for (;;) {
		uint32_t child = 2 * root + 1;

		if (child >= count)
			return;
		if (child + 1 < count && before(e, child, child + 1))
			child++;
		if (!before(e, root, child))
			return;
		swap(e, root, child);
		root = child;
	}
}

static void sort(const struct entries *e)
{
	for (uint32_t i = e->count / 2; i-- > 0;)
		sift(e, i, e->count);
	for (uint32_t end = e->count; end-- > 1;) {
		swap(e, 0, end);
		sift(e, 0, end);
	}
}

/* The name that is there twice, or NULL. */
static const char *find_twice(struct entries *e)
{
	const char *name = NULL;

	e->by_name = true;
	sort(e);
	for (uint32_t i = 1; i < e->count && !name; i++)
		if (!compare_names(e, i - 1, i))
			name = (const char *)e->table + word(e, i, 0);
	e->by_name = false;
	sort(e);
	return name;
}

static enum helix_status fail_twice(struct hmod_diag *diag, enum helix_status status,
				    const char *name)
{
	return hmod_fail_meta(diag, status, name, "is there twice", HMOD_NOWHERE);
}

enum helix_status hmod_flat_unique(void *table, struct hmod_diag *diag)
{
	const struct hmod_flat_header *h = table;
	uint8_t *bytes = table;
	struct entries dependencies = { bytes, bytes + h->dependencies, h->dependency_count,
					HMOD_DEPENDENCY_CAPABILITY,
					sizeof(struct hmod_flat_dependency), true };
	struct entries params = { bytes, bytes + h->params, h->param_count, 0,
				  sizeof(struct hmod_flat_param), true };
	struct entries interfaces = { bytes, bytes + h->interfaces, h->interface_count, 0,
				      sizeof(struct hmod_flat_interface), true };
	const char *name;

	if ((name = find_twice(&dependencies)))
		return fail_twice(diag, HELIX_E_META_DEPENDENCY, name);
	if ((name = find_twice(&params)))
		return fail_twice(diag, HELIX_E_META_PARAM, name);
	if (!(name = find_twice(&interfaces)))
		return HELIX_OK;
	fail_twice(diag, HELIX_E_META_INTERFACE, name);
	for (uint32_t i = 0; diag && i < h->interface_count; i++)
		if (bytes + word(&interfaces, i, 0) == (const uint8_t *)name)
			diag->index = i;
	return HELIX_E_META_INTERFACE;
}
