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
	uint64_t count; /* nodes */
	uint64_t steps; /* nodes walked by add, find and more, ever: what crowding costs */
};

bool hload_index_init(struct hload_index *index, const struct hload_host *host);
void hload_index_release(struct hload_index *index); /* must be empty, or its nodes forgotten */
/* Sets hash and key and inserts; equal keys may stand together (in order of
 * insertion). False when there is no memory. */
bool hload_index_add(struct hload_index *index, struct hload_node *node, const char *key);
void hload_index_remove(struct hload_index *index, struct hload_node *node);
/* The first node with that key, or NULL; the next one with the same key. */
struct hload_node *hload_index_find(const struct hload_index *index, const char *key,
				    size_t length, uint64_t hash);
struct hload_node *hload_index_more(const struct hload_index *index, const struct hload_node *node);

#endif
