/* SPDX-License-Identifier: MIT
 *
 * vmm_alloc: blocks of pages in an address range of their own, an unmapped page
 * before and after each. A block's extent is what is mapped between its guards,
 * so the page tables themselves check what vmm_free is given.
 */
#include "kernel/mm/internal.h"

#include "kernel/core/kernel.h"
#include "kernel/core/string.h"

#define BATCH         64 /* frames given back at a time */
#define AREA_FACTOR   4 /* address space for so many times the RAM */
#define AREA_SMALLEST (UINT64_C(1) << 18) /* pages: 1 GiB */

/* Unit i is page i of the area; unit 0 is never used: the first guard. */
static struct bitmap area;

void vmm_area_init(void)
{
	area.count = pmm_limit() * AREA_FACTOR;
	if (area.count < AREA_SMALLEST)
		area.count = AREA_SMALLEST;
	if (area.count > VMM_AREA_MAX / PAGE_SIZE)
		area.count = VMM_AREA_MAX / PAGE_SIZE;
	uint64_t bytes = BITMAP_WORDS(area.count) * sizeof(uint64_t);
	uint64_t physical = pmm_alloc(mm_pages(bytes), PAGE_SIZE);
	if (!physical)
		panic("no memory for the map of virtual memory");
	area.words = pmm_direct(physical);
	memset(area.words, 0, bytes);
	bitmap_mark(&area, 1, area.count - 1, true);
}

/* Gives the frames back in runs. */
static void frames_give(const uint64_t *frames, uint64_t count)
{
	for (uint64_t i = 0, run; i < count; i += run) {
		for (run = 1; i + run < count && frames[i + run] == frames[i] + run * PAGE_SIZE; run++)
			;
		pmm_free(frames[i], run);
	}
}

void vmm_unback(uint64_t address, uint64_t pages)
{
	uint64_t frames[BATCH];
	while (pages) {
		uint64_t count = pages < BATCH ? pages : BATCH;
		for (uint64_t i = 0; i < count; i++)
			frames[i] = vmm_physical(address + i * PAGE_SIZE);
		vmm_unmap(address, count);
		frames_give(frames, count);
		address += count * PAGE_SIZE;
		pages -= count;
	}
}

/* The longest run of frames up to `most`, or half of it, or a quarter …; 0: none. */
static uint64_t run_take(uint64_t most, uint64_t *physical)
{
	while (most && !(*physical = pmm_alloc(most, PAGE_SIZE)))
		most /= 2;
	return most;
}

static bool area_back(uint64_t address, uint64_t pages)
{
	uint64_t done = 0, physical, run;
	while (done < pages) {
		run = run_take(pages - done, &physical);
		if (!run || !vmm_map(address + done * PAGE_SIZE, physical, run, VMM_RW, false)) {
			if (run)
				pmm_free(physical, run);
			vmm_unback(address, done);
			return false;
		}
		done += run;
	}
	return true;
}

bool vmm_back(uint64_t address, uint64_t pages)
{
	if (!area_back(address, pages))
		return false;
	memset((void *)address, 0, pages * PAGE_SIZE);
	return true;
}

/* A run with the guard after it; the guard before it is another's, or unit 0. */
static uint64_t area_take(uint64_t pages)
{
	bool state = mm_lock();
	uint64_t first = bitmap_find(&area, 0, pages + 1, 1);
	if (first != BITMAP_NONE)
		bitmap_mark(&area, first, pages + 1, false);
	mm_unlock(state);
	return first;
}

static void area_give(uint64_t first, uint64_t pages)
{
	bool state = mm_lock();
	bitmap_mark(&area, first, pages + 1, true);
	mm_unlock(state);
}

void *vmm_take(uint64_t size)
{
	uint64_t pages = mm_pages(size);
	if (!pages || pages > pmm_free_frames())
		return NULL;
	uint64_t first = area_take(pages);
	if (first == BITMAP_NONE)
		return NULL;
	uint64_t address = VMM_AREA + first * PAGE_SIZE;
	if (area_back(address, pages))
		return (void *)address;
	area_give(first, pages);
	return NULL;
}

void *vmm_alloc(uint64_t size)
{
	void *block = vmm_take(size);
	if (block)
		memset(block, 0, mm_pages(size) * PAGE_SIZE);
	return block;
}

static bool is_mapped(uint64_t address)
{
	return vmm_physical(address) != UINT64_MAX;
}

/* Between two guards, and mapped throughout: a block that vmm_alloc returned. */
static bool is_block(uint64_t address, uint64_t pages)
{
	uint64_t end = VMM_AREA + area.count * PAGE_SIZE;
	if (address % PAGE_SIZE || address <= VMM_AREA || address >= end || !pages ||
	    pages >= (end - address) / PAGE_SIZE)
		return false;
	if (is_mapped(address - PAGE_SIZE) || is_mapped(address + pages * PAGE_SIZE))
		return false;
	for (uint64_t i = 0; i < pages; i++)
		if (!is_mapped(address + i * PAGE_SIZE))
			return false;
	return true;
}

void vmm_free(void *block, uint64_t size)
{
	uint64_t address = (uint64_t)block, pages = mm_pages(size);
	if (!block)
		return;
	if (!is_block(address, pages))
		panic("vmm_free of %lu bytes at %p: not a block of that size", size, block);
	vmm_unback(address, pages);
	area_give((address - VMM_AREA) / PAGE_SIZE, pages);
}
