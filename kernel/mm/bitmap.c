/* SPDX-License-Identifier: MIT
 *
 * Bitmap runs, a word at a time. Relies on nothing.
 */
#include "kernel/mm/bitmap.h"

uint64_t bitmap_next(const struct bitmap *map, uint64_t from, uint64_t end, bool free)
{
	uint64_t flip = free ? 0 : UINT64_MAX;
	while (from < end) {
		uint64_t word = (map->words[from / 64] ^ flip) >> from % 64;
		if (word) {
			from += (uint64_t)__builtin_ctzll(word);
			return from < end ? from : end;
		}
		from = (from / 64 + 1) * 64;
	}
	return end;
}

static uint64_t find_from(const struct bitmap *map, uint64_t from, uint64_t count, uint64_t align)
{
	for (;;) {
		from = bitmap_next(map, from, map->count, true);
		from = (from + align - 1) & ~(align - 1);
		if (from > map->count || count > map->count - from)
			return BITMAP_NONE;
		uint64_t stop = bitmap_next(map, from, from + count, false);
		if (stop == from + count)
			return from;
		from = stop;
	}
}

uint64_t bitmap_find(const struct bitmap *map, uint64_t from, uint64_t count, uint64_t align)
{
	uint64_t found = from < map->count ? find_from(map, from, count, align) : BITMAP_NONE;
	if (found == BITMAP_NONE && from)
		found = find_from(map, 0, count, align);
	return found;
}

void bitmap_mark(struct bitmap *map, uint64_t first, uint64_t count, bool free)
{
	while (count) {
		uint64_t shift = first % 64;
		uint64_t here = count < 64 - shift ? count : 64 - shift;
		uint64_t mask = (here == 64 ? UINT64_MAX : (UINT64_C(1) << here) - 1) << shift;
		if (free)
			map->words[first / 64] |= mask;
		else
			map->words[first / 64] &= ~mask;
		first += here;
		count -= here;
	}
}
