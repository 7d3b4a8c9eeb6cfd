/* SPDX-License-Identifier: MIT
 *
 * An intrusive hash index by name. It grows by linear hashing, one bucket at a
 * time, so that no insertion ever pays for a rehash; the directory is a list
 * of segments that are never moved.
 */
#ifndef LOADER_INDEX_H
#define LOADER_INDEX_H

#include "loader/host.h"
#include "modfmt/version.h"

struct hload_node {
	struct hload_node *next; /* in the bucket */
	uint64_t hash; /* hmod_name_hash of the key */
	const char *key; /* NUL-terminated; lives as long as the node is in */
	uint32_t length; /* of the key */
};

#define HLOAD_INDEX_SEGMENTS 26

/* What names may cost: so many steps each, and so many more in one go, whatever is
 * in the index already; who needs more is refused (CROWDED). Honest names need few,
 * names chosen to collide would need the square of their number. */
#define HLOAD_PROBES 64
#define HLOAD_PROBES_MORE 65536

struct hload_index {
	const struct hload_host *host;
	struct hload_node **segment[HLOAD_INDEX_SEGMENTS]; /* k-th: 16 buckets, then doubling */
	uint64_t buckets; /* in use */
	uint64_t mask; /* of the bits that number a bucket: below twice a power of two */
	uint64_t count; /* nodes */
	uint64_t steps; /* nodes walked by add, find and more, ever: what crowding costs */
};

bool hload_index_init(struct hload_index *index, const struct hload_host *host);
void hload_index_release(struct hload_index *index); /* must be empty, or its nodes forgotten */
/* Sets hash and key and inserts; equal keys may stand together (in order of
 * insertion). False when there is no memory. */
bool hload_index_add(struct hload_index *index, struct hload_node *node, const char *key);
/* The same for a node whose key, length and hash are set. *before: the first node
 * with that key that was there already, or NULL. */
bool hload_index_enter(struct hload_index *index, struct hload_node *node,
		       struct hload_node **before);
void hload_index_remove(struct hload_index *index, struct hload_node *node);
/* The next node with the same key. */
struct hload_node *hload_index_more(const struct hload_index *index, const struct hload_node *node);

/* ---- finding, inlined: a load spends its time here --------------------------- */

#define HLOAD_INDEX_FIRST UINT64_C(16) /* buckets of segment 0, and the least there are */

static inline unsigned hload_index_bits(uint64_t value)
{
	return value ? 64 - (unsigned)__builtin_clzll(value) : 0;
}

/* Segment 0 holds the first 16 buckets, segment k those from 16 << (k - 1) to
 * 16 << k. */
static inline unsigned hload_segment_of(uint64_t bucket)
{
	return bucket < HLOAD_INDEX_FIRST ? 0 : hload_index_bits(bucket) - 4;
}

static inline uint64_t hload_segment_first(unsigned segment)
{
	return segment ? HLOAD_INDEX_FIRST << (segment - 1) : 0;
}

static inline struct hload_node **hload_bucket_at(const struct hload_index *index, uint64_t bucket)
{
	unsigned segment = hload_segment_of(bucket);

	return &index->segment[segment][bucket - hload_segment_first(segment)];
}

static inline struct hload_node **hload_bucket_for(const struct hload_index *index, uint64_t hash)
{
	uint64_t bucket = hash & index->mask;

	return hload_bucket_at(index, bucket < index->buckets ? bucket : bucket & index->mask >> 1);
}

/* `length` bytes, eight at a time. */
static inline bool hload_same_bytes(const char *a, const char *b, size_t length)
{
	uint64_t x, y;
	size_t i = 0;

	for (; i + 8 <= length; i += 8) {
		memcpy(&x, a + i, 8);
		memcpy(&y, b + i, 8);
		if (x != y)
			return false;
	}
	if (length >= 8) { /* the last eight, some of them again */
		memcpy(&x, a + length - 8, 8);
		memcpy(&y, b + length - 8, 8);
		return x == y;
	}
	for (; i < length; i++)
		if (a[i] != b[i])
			return false;
	return true;
}

static inline bool hload_is_named(const struct hload_node *node, const char *key, size_t length,
			    uint64_t hash)
{
	return node->hash == hash && node->length == length && hload_same_bytes(node->key, key, length);
}

/* The first node with that key, or NULL. */
static inline struct hload_node *hload_index_find(const struct hload_index *index,
						  const char *key, size_t length, uint64_t hash)
{
	struct hload_node *node = index->buckets ? *hload_bucket_for(index, hash) : NULL;
	uint64_t steps = 1;

	for (; node && !hload_is_named(node, key, length, hash); steps++)
		node = node->next;
	((struct hload_index *)(uintptr_t)index)->steps += steps; /* a count, no part of it */
	return node;
}


#endif
