/* SPDX-License-Identifier: MIT
 *
 * Linear hashing. With n buckets, P <= n < 2P for a power of two P, a hash
 * belongs into bucket `hash mod 2P`, or into `hash mod P` while that one does
 * not exist. Adding bucket n splits bucket n - P, taking it away merges it
 * back; so n follows the number of nodes, both ways, one bucket at a time.
 * A segment's buckets are set up when each is added, never all at once.
 */
#include "loader/index.h"

#define FIRST UINT64_C(16) /* buckets of segment 0, and the least there are */

static unsigned bits(uint64_t value)
{
	return value ? 64 - (unsigned)__builtin_clzll(value) : 0;
}

/* Segment 0 holds the first 16 buckets, segment k those from 16 << (k - 1) to
 * 16 << k. */
static unsigned segment_of(uint64_t bucket)
{
	return bucket < FIRST ? 0 : bits(bucket) - 4;
}

static uint64_t segment_first(unsigned segment)
{
	return segment ? FIRST << (segment - 1) : 0;
}

static uint64_t segment_size(unsigned segment)
{
	return segment ? FIRST << (segment - 1) : FIRST;
}

static struct hload_node **bucket_at(const struct hload_index *index, uint64_t bucket)
{
	unsigned segment = segment_of(bucket);

	return &index->segment[segment][bucket - segment_first(segment)];
}

static struct hload_node **bucket_for(const struct hload_index *index, uint64_t hash)
{
	uint64_t mask = (UINT64_C(1) << bits(index->buckets - 1)) - 1;
	uint64_t bucket = hash & mask;

	return bucket_at(index, bucket < index->buckets ? bucket : bucket & mask >> 1);
}

/* The bucket that `bucket` was split from, and is merged into. */
static uint64_t parent_of(uint64_t bucket)
{
	return bucket - (UINT64_C(1) << (bits(bucket) - 1));
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
	uint64_t added = index->buckets, bit = UINT64_C(1) << (bits(added) - 1);
	struct hload_node **stay = bucket_at(index, parent_of(added)), **go;

	if (added == bit && !segment_add(index, segment_of(added)))
		return;
	go = bucket_at(index, added);
	index->buckets++;
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
	struct hload_node **end = bucket_at(index, parent_of(last));

	while (*end)
		end = &(*end)->next;
	*end = *bucket_at(index, last);
	index->buckets = last;
	if (last == segment_first(segment_of(last)))
		segment_drop(index, segment_of(last));
}

bool hload_index_init(struct hload_index *index, const struct hload_host *host)
{
	*index = (struct hload_index){ .host = host };
	if (!segment_add(index, 0))
		return false;
	index->buckets = FIRST;
	for (uint64_t i = 0; i < FIRST; i++)
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

bool hload_index_add(struct hload_index *index, struct hload_node *node, const char *key)
{
	struct hload_node **end;
	uint64_t steps = 0;
	size_t length = 0;

	if (!index->buckets)
		return false;
	while (key[length])
		length++;
	node->key = key;
	node->hash = hmod_name_hash(key, length);
	node->next = NULL;
	if (++index->count > index->buckets)
		grow(index);
	for (end = bucket_for(index, node->hash); *end; end = &(*end)->next)
		steps++;
	*end = node;
	index->steps += steps;
	return true;
}

/* A node that is not in is left alone. */
void hload_index_remove(struct hload_index *index, struct hload_node *node)
{
	struct hload_node **at;

	if (!index->buckets)
		return;
	at = bucket_for(index, node->hash);
	while (*at && *at != node)
		at = &(*at)->next;
	if (!*at)
		return;
	*at = node->next;
	index->count--;
	if (index->buckets > FIRST && index->count < index->buckets)
		shrink(index);
}

static bool same_key(const char *key, const char *wanted, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (!key[i] || key[i] != wanted[i])
			return false;
	return !key[length];
}

struct hload_node *hload_index_find(const struct hload_index *index, const char *key,
				    size_t length, uint64_t hash)
{
	struct hload_node *node = index->buckets ? *bucket_for(index, hash) : NULL;
	uint64_t steps = 1;

	for (; node && (node->hash != hash || !same_key(node->key, key, length)); steps++)
		node = node->next;
	((struct hload_index *)(uintptr_t)index)->steps += steps; /* a count, no part of it */
	return node;
}

struct hload_node *hload_index_more(const struct hload_index *index, const struct hload_node *node)
{
	struct hload_node *next = node->next;
	uint64_t steps = 1;
	size_t length = 0;

	while (node->key[length])
		length++;
	for (; next && (next->hash != node->hash || !same_key(next->key, node->key, length)); steps++)
		next = next->next;
	((struct hload_index *)(uintptr_t)index)->steps += steps;
	return next;
}
