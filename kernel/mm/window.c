/* SPDX-License-Identifier: MIT
 *
 * Addresses for modules, random per page. Single pages come from one stretch of
 * 2 MiB until most of it is taken, then from another random one: a table maps
 * such a stretch, and pages strewn over all of them would need a table each.
 */
#include "kernel/mm/arena.h"

#include "kernel/core/string.h"

#define WINDOW_PAGES ((ARENA_END - ARENA_WINDOW) / PAGE_SIZE)
#define STRETCH      512 /* pages */
#define STRETCHES    (WINDOW_PAGES / STRETCH)
#define STRETCH_FULL 448 /* then another one is begun */

static uint64_t window_words[BITMAP_WORDS(WINDOW_PAGES)];
static struct bitmap window = { window_words, WINDOW_PAGES };
static uint16_t used[STRETCHES + 1]; /* pages, by stretch */
static uint64_t current; /* the stretch that single pages come from */

void window_init(void)
{
	bitmap_mark(&window, 0, window.count, true);
	current = window_random() % STRETCHES;
}

/* From the CPU's generator where there is one, else from its time counter. */
uint64_t window_random(void)
{
	static uint64_t counter;
	static int generator = -1;
	uint64_t value;
	bool good = false;
	if (generator < 0)
		generator = cpuid(1, 0).ecx >> 30 & 1;
	if (generator)
		__asm__ volatile("rdrand %0" : "=r"(value), "=@ccc"(good));
	if (good)
		return value;
	value = read_tsc() + ++counter * UINT64_C(0x9e3779b97f4a7c15);
	value = (value ^ value >> 32) * UINT64_C(0xd6e8feb86659fd93);
	return value ^ value >> 32;
}

static void mark(uint64_t first, uint64_t pages, bool free)
{
	bitmap_mark(&window, first, pages, free);
	while (pages) {
		uint64_t left = STRETCH - first % STRETCH, here = pages < left ? pages : left;
		used[first / STRETCH] = (uint16_t)(used[first / STRETCH] + (free ? -here : here));
		first += here;
		pages -= here;
	}
}

/* A stretch with room: a random one, or the next. */
static void stretch_choose(void)
{
	uint64_t begin = window_random() % STRETCHES;
	for (uint64_t i = 0; i < STRETCHES && used[current] >= STRETCH_FULL; i++)
		current = (begin + i) % STRETCHES;
}

static uint64_t single_find(void)
{
	struct bitmap stretch;
	uint64_t found;
	if (used[current] >= STRETCH_FULL)
		stretch_choose();
	stretch.words = window_words + current * STRETCH / 64;
	stretch.count = STRETCH;
	found = bitmap_find(&stretch, window_random() % STRETCH, 1, 1);
	return found == BITMAP_NONE ? found : found + current * STRETCH;
}

uint64_t window_take(uint64_t pages, uint64_t align)
{
	uint64_t unit = align > PAGE_SIZE ? align / PAGE_SIZE : 1, first = BITMAP_NONE;
	if (pages == 1 && unit == 1)
		first = single_find();
	if (first == BITMAP_NONE)
		first = bitmap_find(&window, window_random() % window.count, pages, unit);
	if (first == BITMAP_NONE)
		return 0;
	mark(first, pages, false);
	return ARENA_WINDOW + first * PAGE_SIZE;
}

void window_give(uint64_t address, uint64_t pages)
{
	mark((address - ARENA_WINDOW) / PAGE_SIZE, pages, true);
}
