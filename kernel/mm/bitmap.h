/* SPDX-License-Identifier: MIT
 *
 * Runs of units (frames, pages) in a bitmap; a set bit is a free unit. The one
 * search under pmm, the vmm's area and the module arena. Callers lock.
 */
#ifndef KERNEL_MM_BITMAP_H
#define KERNEL_MM_BITMAP_H

#include <stdbool.h>
#include <stdint.h>

#define BITMAP_NONE UINT64_MAX
#define BITMAP_WORDS(count) (((count) + 63) / 64)

struct bitmap {
	uint64_t *words; /* BITMAP_WORDS(count) of them */
	uint64_t count; /* units */
};

/* The first unit in [from, end) that is free (or is not), else `end`. */
uint64_t bitmap_next(const struct bitmap *map, uint64_t from, uint64_t end, bool free);
/* The first run of `count` free units whose index is a multiple of `align` (a
 * power of two), looked for from `from` up and then from 0; BITMAP_NONE. */
uint64_t bitmap_find(const struct bitmap *map, uint64_t from, uint64_t count, uint64_t align);
void bitmap_mark(struct bitmap *map, uint64_t first, uint64_t count, bool free);

#endif
