/* SPDX-License-Identifier: MIT
 *
 * Sorted sets of disjoint, non-adjacent intervals [start, end): how the memory
 * map becomes what may be handed out and what is mapped. Units are the caller's.
 */
#ifndef KERNEL_MM_RANGES_H
#define KERNEL_MM_RANGES_H

#include <stdbool.h>
#include <stdint.h>

#define RANGES_MAX 320

struct ranges {
	unsigned count;
	struct {
		uint64_t start, end;
	} at[RANGES_MAX];
};

/* Empty intervals change nothing. False when the set is full; then it is
 * unchanged. */
bool ranges_add(struct ranges *set, uint64_t start, uint64_t end);
bool ranges_cut(struct ranges *set, uint64_t start, uint64_t end);
/* True when all of [start, end), which is not empty, is in the set. */
bool ranges_contain(const struct ranges *set, uint64_t start, uint64_t end);
/* Cuts `size` out, from the lowest interval with room below `limit`: its start,
 * or UINT64_MAX. */
uint64_t ranges_take(struct ranges *set, uint64_t size, uint64_t limit);
uint64_t ranges_total(const struct ranges *set);

#endif
