/* SPDX-License-Identifier: MIT
 *
 * Linear hashing. With n buckets, P <= n < 2P for a power of two P, a hash
 * belongs into bucket `hash mod 2P`, or into `hash mod P` while that one does
 * not exist. Adding bucket n splits bucket n - P, taking it away merges it
 * back; so n follows the number of nodes, both ways, one bucket at a time.
 * A segment's buckets are set up when each is added, never all at once.
 */
#include "loader/index.h"

static uint64_t segment_size(unsigned segment)
{
	return segment ? HLOAD_INDEX_FIRST << (segment - 1) : HLOAD_INDEX_FIRST;
}

/* Sets the number of buckets. */
static void set_buckets(struct hload_index *index, uint64_t buckets)
{
	index->buckets = buckets;
	index->mask = (UINT64_C(1) << hload_index_bits(buckets - 1)) - 1;
}

/* The bucket that `bucket` was split from, and is merged into. */
static uint64_t parent_of(uint64_t bucket)
{
	return bucket - (UINT64_C(1) << (hload_index_bits(bucket) - 1));
}

static bool segment_add(struct hload_index *index, unsigned segment)
{
	const struct hload_host *host = index->host;

	if (segment >= HLOAD_INDEX_SEGMENTS)
		return false;
	index->segment[segment] =
		host->alloc(host->ctx, (size_t)segment_size(segment) * sizeof(struct hload_node *));
	return index->segment[segment] != NULL;
}

static void segment_drop(struct hload_index *index, unsigned segment)
{
	const struct hload_host *host = index->host;

	host->free(host->ctx, index->segment[segment],
		   (size_t)segment_size(segment) * sizeof(struct hload_node *));
	index->segment[segment] = NULL;
}

/* One bucket more; without memory there are longer chains instead. */
static void grow(struct hload_index *index)
{
	uint64_t added = index->buckets, bit = UINT64_C(1) << (hload_index_bits(added) - 1);
	struct hload_node **stay = hload_bucket_at(index, parent_of(added)), **go;

	if (added == bit && !segment_add(index, hload_segment_of(added)))
		return;
	go = hload_bucket_at(index, added);
	set_buckets(index, added + 1);
	for (struct hload_node *node = *stay; node; node = node->next) {
		struct hload_node ***end = node->hash & bit ? &go : &stay;

		**end = node;
		*end = &node->next;
	}
	*stay = NULL;
	*go = NULL;
}

static void shrink(struct hload_index *index)
{
	uint64_t last = index->buckets - 1;
	struct hload_node **end = hload_bucket_at(index, parent_of(last));

	while (*end)
		end = &(*end)->next;
	*end = *hload_bucket_at(index, last);
	set_buckets(index, last);
	if (last == hload_segment_first(hload_segment_of(last)))
		segment_drop(index, hload_segment_of(last));
}

bool hload_index_init(struct hload_index *index, const struct hload_host *host)
{
	*index = (struct hload_index){ .host = host };
	if (!segment_add(index, 0))
		return false;
	set_buckets(index, HLOAD_INDEX_FIRST);
	for (uint64_t i = 0; i < HLOAD_INDEX_FIRST; i++)
		index->segment[0][i] = NULL;
	return true;
}

void hload_index_release(struct hload_index *index)
{
	for (unsigned i = 0; i < HLOAD_INDEX_SEGMENTS; i++)
		if (index->segment[i])
			segment_drop(index, i);
	index->buckets = index->count = 0;
}

bool hload_index_enter(struct hload_index *index, struct hload_node *node,
		       struct hload_node **before)
{
	struct hload_node **end;
	uint64_t steps = 0;

	*before = NULL;
	if (!index->buckets)
		return false;
	node->next = NULL;
	if (++index->count > index->buckets)
		grow(index);
	for (end = hload_bucket_for(index, node->hash); *end; end = &(*end)->next, steps++)
		if (!*before && hload_is_named(*end, node->key, node->length, node->hash))
			*before = *end;
	*end = node;
	index->steps += steps;
	return true;
}

bool hload_index_add(struct hload_index *index, struct hload_node *node, const char *key)
{
	struct hload_node *before;
	size_t length = 0;

	while (key[length])
		length++;
	if (!index->buckets)
		return false;
	node->key = key;
	node->length = (uint32_t)length;
	node->hash = hmod_name_hash(key, length);
	return hload_index_enter(index, node, &before);
}

/* A node that is not in is left alone. */
void hload_index_remove(struct hload_index *index, struct hload_node *node)
{
	struct hload_node **at;

	if (!index->buckets)
		return;
	at = hload_bucket_for(index, node->hash);
	while (*at && *at != node)
		at = &(*at)->next;
	if (!*at)
		return;
	*at = node->next;
	index->count--;
	if (index->buckets > HLOAD_INDEX_FIRST && index->count < index->buckets)
		shrink(index);
}

struct hload_node *hload_index_more(const struct hload_index *index, const struct hload_node *node)
{
	struct hload_node *next = node->next;
	uint64_t steps = 1;

	for (; next && !hload_is_named(next, node->key, node->length, node->hash); steps++)
		next = next->next;
	((struct hload_index *)(uintptr_t)index)->steps += steps;
	return next;
}
