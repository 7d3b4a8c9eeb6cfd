/* SPDX-License-Identifier: MIT
 *
 * Linear hashing: see index.h. With b buckets in use, level is the highest
 * power of two ≤ b; a bucket is the hash modulo 2 × level, folded back to
 * modulo level when it is not split yet.
 */
#include "loader/index.h"

#include "modfmt/mem.h"

#define FIRST 16u /* buckets of segment 0 */

static unsigned log2_of(uint64_t n)
{
	return 63u - (unsigned)__builtin_clzll(n);
}

/* Segment 0 holds buckets 0 to 15, segment k those from 16 × 2^(k-1) on. */
static unsigned segment_of(uint64_t bucket)
{
	return bucket < FIRST ? 0 : log2_of(bucket / FIRST) + 1;
}

static uint64_t segment_size(unsigned segment)
{
	return segment ? (uint64_t)FIRST << (segment - 1) : FIRST;
}

static struct hload_node **bucket_at(const struct hload_index *index, uint64_t bucket)
{
	unsigned segment = segment_of(bucket);

	return &index->segment[segment][bucket & (segment_size(segment) - 1)];
}

static struct hload_node **bucket_of(const struct hload_index *index, uint64_t hash)
{
	uint64_t level = UINT64_C(1) << log2_of(index->buckets);
	uint64_t bucket = hash & (2 * level - 1);

	return bucket_at(index, bucket < index->buckets ? bucket : bucket & (level - 1));
}

static bool segment_add(struct hload_index *index, unsigned segment)
{
	size_t size = (size_t)segment_size(segment) * sizeof(struct hload_node *);
	struct hload_node **buckets;

	if (segment >= HLOAD_INDEX_SEGMENTS)
		return false;
	if (index->segment[segment])
		return true;
	buckets = index->host->alloc(index->host->ctx, size);
	if (!buckets)
		return false;
	memset(buckets, 0, size);
	index->segment[segment] = buckets;
	return true;
}

bool hload_index_init(struct hload_index *index, const struct hload_host *host)
{
	memset(index, 0, sizeof *index);
	index->host = host;
	index->buckets = FIRST;
	return segment_add(index, 0);
}

void hload_index_release(struct hload_index *index)
{
	for (unsigned i = 0; i < HLOAD_INDEX_SEGMENTS; i++)
		if (index->segment[i])
			index->host->free(index->host->ctx, index->segment[i],
					  (size_t)segment_size(i) * sizeof(struct hload_node *));
	memset(index, 0, sizeof *index);
}

static void append(struct hload_node **bucket, struct hload_node *node)
{
	while (*bucket)
		bucket = &(*bucket)->next;
	node->next = NULL;
	*bucket = node;
}

/* One more bucket: those of its twin's nodes that belong to it move over. When
 * there is no memory for it, chains just grow. */
static void split(struct hload_index *index)
{
	uint64_t fresh = index->buckets, level = UINT64_C(1) << log2_of(fresh);
	struct hload_node *node, **twin;

	if (!segment_add(index, segment_of(fresh)))
		return;
	twin = bucket_at(index, fresh - level);
	index->buckets++;
	node = *twin;
	*twin = NULL;
	while (node) {
		struct hload_node *next = node->next;

		append(bucket_of(index, node->hash), node);
		node = next;
	}
}

bool hload_index_add(struct hload_index *index, struct hload_node *node, const char *key)
{
	size_t length = 0;

	if (!index->segment[0])
		return false;
	while (key[length])
		length++;
	node->key = key;
	node->hash = hmod_name_hash(key, length);
	append(bucket_of(index, node->hash), node);
	if (++index->count > index->buckets)
		split(index);
	return true;
}

void hload_index_remove(struct hload_index *index, struct hload_node *node)
{
	struct hload_node **at = bucket_of(index, node->hash);

	while (*at && *at != node)
		at = &(*at)->next;
	if (!*at)
		return;
	*at = node->next;
	node->next = NULL;
	index->count--;
}

static struct hload_node *search(struct hload_node *node, const char *key, size_t length,
				 uint64_t hash)
{
	for (; node; node = node->next)
		if (node->hash == hash && !memcmp(node->key, key, length) && !node->key[length])
			return node;
	return NULL;
}

struct hload_node *hload_index_find(const struct hload_index *index, const char *key,
				    size_t length, uint64_t hash)
{
	return index->segment[0] ? search(*bucket_of(index, hash), key, length, hash) : NULL;
}

struct hload_node *hload_index_more(const struct hload_index *index, const struct hload_node *node)
{
	size_t length = 0;

	(void)index;
	while (node->key[length])
		length++;
	return search(node->next, node->key, length, node->hash);
}
