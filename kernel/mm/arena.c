/* SPDX-License-Identifier: MIT
 *
 * Module memory, within 2 GiB of the kernel. Text and rodata: frames of a pool
 * that the direct map does not show, written through an alias that is there only
 * while they are. Data: ordinary frames. What is smaller than a page shares pages
 * with its like (arena_share.c); all else has pages of its own, which are mapped
 * at their final place only after the alias is gone.
 */
#include "kernel/mm/arena.h"

#include "kernel/core/kernel.h"
#include "kernel/core/string.h"

#define POOL_SMALLEST (UINT64_C(8) << 20) /* bytes */
#define POOL_LARGEST  ARENA_ALIAS_SIZE
#define POOL_SHARE    8 /* of the RAM, one part in so many */

static uint64_t pool_words[BITMAP_WORDS(POOL_LARGEST / PAGE_SIZE)];
static struct bitmap pool = { pool_words, 0 };
static uint64_t pool_physical, pool_used; /* used: frames handed out */

struct mutex arena_mutex = MUTEX("module memory");

void arena_init(void)
{
	uint64_t size = pmm_total_frames() * PAGE_SIZE / POOL_SHARE & ~(LARGE_PAGE - 1);
	if (size < POOL_SMALLEST)
		size = POOL_SMALLEST;
	if (size > POOL_LARGEST)
		size = POOL_LARGEST;
	/* Memory in pieces: the largest of half, a quarter … that there is. */
	while (!(pool_physical = pmm_alloc(size / PAGE_SIZE, LARGE_PAGE)))
		if ((size /= 2) < LARGE_PAGE)
			panic("no memory for modules");
	pool.count = size / PAGE_SIZE;
	bitmap_mark(&pool, 0, pool.count, true);
	window_init();
}

void arena_pool(uint64_t *first_frame, uint64_t *frames)
{
	*first_frame = pool_physical / PAGE_SIZE;
	*frames = pool.count;
}

uint64_t arena_frames_used(void)
{
	return pool_used;
}

/* ---- frames -------------------------------------------------------------------- */

uint64_t arena_frames_take(enum vmm_protection protection, uint64_t pages)
{
	uint64_t frame;
	if (protection == VMM_RW)
		return pmm_alloc(pages, PAGE_SIZE);
	frame = pages <= pool.count ? bitmap_find(&pool, 0, pages, 1) : BITMAP_NONE;
	if (frame == BITMAP_NONE)
		return 0;
	bitmap_mark(&pool, frame, pages, false);
	pool_used += pages;
	return pool_physical + frame * PAGE_SIZE;
}

void arena_frames_give(enum vmm_protection protection, uint64_t physical, uint64_t pages)
{
	if (protection == VMM_RW) {
		pmm_free(physical, pages);
		return;
	}
	bitmap_mark(&pool, (physical - pool_physical) / PAGE_SIZE, pages, true);
	pool_used -= pages;
}

uint8_t *arena_alias_map(uint64_t physical, uint64_t pages)
{
	uint64_t alias = ARENA_ALIAS + (physical - pool_physical);
	return vmm_map(alias, physical, pages, VMM_RW, false) ? (uint8_t *)alias : NULL;
}

void arena_alias_unmap(const uint8_t *alias, uint64_t pages)
{
	vmm_unmap((uint64_t)alias, pages);
}

/* ---- pages of one block ------------------------------------------------------------- */

static uint64_t physical_of(const struct arena_block *block)
{
	return pool_physical + ((uint64_t)block->write - ARENA_ALIAS);
}

/* Data in pieces, where no run of frames is long enough. */
static bool data_back(uint64_t address, uint64_t pages)
{
	uint64_t physical = arena_frames_take(VMM_RW, pages);
	if (!physical)
		return vmm_back(address, pages);
	if (vmm_map(address, physical, pages, VMM_RW, false))
		return true;
	pmm_free(physical, pages);
	return false;
}

static uint8_t *pages_back(enum vmm_protection protection, uint64_t address, uint64_t pages)
{
	uint64_t physical;
	uint8_t *alias;
	if (protection == VMM_RW)
		return data_back(address, pages) ? (uint8_t *)address : NULL;
	physical = arena_frames_take(protection, pages);
	if (!physical)
		return NULL;
	alias = arena_alias_map(physical, pages);
	if (!alias)
		arena_frames_give(protection, physical, pages);
	return alias;
}

static bool pages_alloc(enum vmm_protection protection, uint64_t size, uint64_t align,
			struct arena_block *block)
{
	uint64_t pages = mm_pages(size), address;
	uint8_t *write;
	if (protection == VMM_RW && pages > pmm_free_frames())
		return false;
	address = window_take(pages, align);
	if (!address)
		return false;
	write = pages_back(protection, address, pages);
	if (!write) {
		window_give(address, pages);
		return false;
	}
	if (protection == VMM_RX)
		memset(write + size, INT3, pages * PAGE_SIZE - size);
	*block = (struct arena_block){ address, size, write };
	return true;
}

static bool pages_seal(enum vmm_protection protection, struct arena_block *block)
{
	uint64_t physical = physical_of(block), pages = mm_pages(block->size);
	arena_alias_unmap(block->write, pages);
	if (vmm_map(block->address, physical, pages, protection, false)) {
		block->write = NULL;
		return true;
	}
	/* As it was, so that the frames are not lost: the tables are still there. */
	if (!arena_alias_map(physical, pages))
		panic("arena: the alias's tables are gone");
	return false;
}

static void pages_free(enum vmm_protection protection, struct arena_block *block)
{
	uint64_t pages = mm_pages(block->size), physical;
	if (protection == VMM_RW) {
		vmm_unback(block->address, pages);
	} else if (block->write) {
		physical = physical_of(block);
		arena_alias_unmap(block->write, pages);
		arena_frames_give(protection, physical, pages);
	} else {
		physical = vmm_physical(block->address);
		vmm_unmap(block->address, pages);
		arena_frames_give(protection, physical, pages);
	}
	window_give(block->address, pages);
}

/* ---- the interface ------------------------------------------------------------------- */

bool arena_alloc(enum vmm_protection protection, uint64_t size, uint64_t align,
		 struct arena_block *block)
{
	bool done;
	if (!size || size > ARENA_END - ARENA_WINDOW)
		return false;
	mutex_lock(&arena_mutex);
	done = arena_is_shared(size, align) ? share_alloc(protection, size, align, block) :
					      pages_alloc(protection, size, align, block);
	mutex_unlock(&arena_mutex);
	return done;
}

bool arena_seal(enum vmm_protection protection, struct arena_block *block)
{
	bool done = true;
	if (protection == VMM_RW)
		return true;
	if (!block->write)
		panic("arena: %#lx is sealed already", block->address);
	mutex_lock(&arena_mutex);
	if (share_holds(block->address))
		share_close(block);
	else
		done = pages_seal(protection, block);
	mutex_unlock(&arena_mutex);
	return done;
}

void arena_free(enum vmm_protection protection, struct arena_block *block)
{
	if (!block->address)
		return;
	mutex_lock(&arena_mutex);
	if (share_holds(block->address))
		share_free(block);
	else
		pages_free(protection, block);
	mutex_unlock(&arena_mutex);
	*block = (struct arena_block){ 0 };
}

bool arena_open(struct arena_block *block)
{
	uint64_t first = block->address & ~(PAGE_SIZE - 1);
	uint64_t pages = mm_pages(block->address - first + block->size);
	mutex_lock(&arena_mutex);
	if (share_holds(block->address))
		share_open(block);
	else
		block->write = arena_alias_map(vmm_physical(first), pages);
	mutex_unlock(&arena_mutex);
	return block->write;
}

void arena_close(struct arena_block *block)
{
	mutex_lock(&arena_mutex);
	if (share_holds(block->address))
		share_close(block);
	else
		arena_alias_unmap(block->write, mm_pages(block->size));
	block->write = NULL;
	mutex_unlock(&arena_mutex);
}
