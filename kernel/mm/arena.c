/* SPDX-License-Identifier: MIT
 *
 * Module memory, within 2 GiB of the kernel. Text and rodata: frames of a pool
 * that no other mapping shows; the write alias is gone before the final mapping
 * is made, and made again only after that one is gone. Frames not in use are
 * filled with int3. Data: ordinary frames.
 */
#include "kernel/mm/internal.h"

#include "kernel/core/kernel.h"
#include "kernel/core/string.h"

#define POOL_SMALLEST (UINT64_C(8) << 20) /* bytes */
#define POOL_LARGEST  (UINT64_C(256) << 20)
#define POOL_SHARE    8 /* of the RAM, one part in so many */
#define WINDOW_PAGES  ((ARENA_END - ARENA_WINDOW) / PAGE_SIZE)
#define INT3          0xcc

static uint64_t pool_words[BITMAP_WORDS(POOL_LARGEST / PAGE_SIZE)];
static uint64_t window_words[BITMAP_WORDS(WINDOW_PAGES)];
static struct bitmap pool = { pool_words, 0 };
static struct bitmap window = { window_words, WINDOW_PAGES };
static uint64_t pool_physical;
static uint64_t pool_touched; /* frames from here on were never handed out, nor filled */

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
	bitmap_mark(&window, 0, window.count, true);
}

void arena_pool(uint64_t *first_frame, uint64_t *frames)
{
	*first_frame = pool_physical / PAGE_SIZE;
	*frames = pool.count;
}

/* From the CPU's generator where there is one, else from its time counter. */
static uint64_t random_number(void)
{
	static uint64_t counter;
	uint64_t value;
	bool good = false;
	if (cpuid(1, 0).ecx & 1u << 30)
		__asm__ volatile("rdrand %0" : "=r"(value), "=@ccc"(good));
	if (good)
		return value;
	value = read_tsc() + ++counter * UINT64_C(0x9e3779b97f4a7c15);
	value = (value ^ value >> 32) * UINT64_C(0xd6e8feb86659fd93);
	return value ^ value >> 32;
}

/* Takes `pages` of the window; the caller holds the lock. */
static uint64_t window_take(uint64_t pages, uint64_t align)
{
	uint64_t unit = align > PAGE_SIZE ? align / PAGE_SIZE : 1;
	uint64_t first = bitmap_find(&window, random_number() % window.count, pages, unit);
	if (first != BITMAP_NONE)
		bitmap_mark(&window, first, pages, false);
	return first;
}

/* Gives address space back, and frames of the pool where there are any. */
static void room_give(const struct arena_block *block, bool of_pool)
{
	uint64_t pages = block->size / PAGE_SIZE;
	bool state = mm_lock();
	bitmap_mark(&window, (block->address - ARENA_WINDOW) / PAGE_SIZE, pages, true);
	if (of_pool)
		bitmap_mark(&pool, (block->physical - pool_physical) / PAGE_SIZE, pages, true);
	mm_unlock(state);
}

/* Takes frames of the pool: how many of them, at the end, nobody had before. They
 * are taken from the bottom up, so all below pool_touched have been filled. */
static uint64_t frames_touch(uint64_t frame, uint64_t pages)
{
	uint64_t old = pool_touched, end = frame + pages;
	bitmap_mark(&pool, frame, pages, false);
	if (end <= old)
		return 0;
	pool_touched = end;
	return end - old < pages ? end - old : pages;
}

/* From the pool when `untouched` is not NULL: see frames_touch. */
static bool room_take(uint64_t pages, uint64_t align, struct arena_block *block,
		      uint64_t *untouched)
{
	bool of_pool = untouched;
	uint64_t frame = 0, page = BITMAP_NONE;
	bool state = mm_lock();
	if (of_pool)
		frame = bitmap_find(&pool, 0, pages, 1);
	if (frame != BITMAP_NONE)
		page = window_take(pages, align);
	if (page != BITMAP_NONE && of_pool)
		*untouched = frames_touch(frame, pages);
	mm_unlock(state);
	if (page == BITMAP_NONE)
		return false;
	*block = (struct arena_block){
		.address = ARENA_WINDOW + page * PAGE_SIZE,
		.size = pages * PAGE_SIZE,
		.physical = of_pool ? pool_physical + frame * PAGE_SIZE : UINT64_MAX,
	};
	return true;
}

static bool alias_map(struct arena_block *block)
{
	uint64_t alias = ARENA_ALIAS + (block->physical - pool_physical);
	if (!vmm_map(alias, block->physical, block->size / PAGE_SIZE, VMM_RW, false))
		return false;
	block->alias = (uint8_t *)alias;
	return true;
}

static void alias_unmap(struct arena_block *block)
{
	vmm_unmap((uint64_t)block->alias, block->size / PAGE_SIZE);
	block->alias = NULL;
}

bool arena_alloc(uint64_t size, uint64_t align, struct arena_block *block)
{
	struct arena_block made;
	uint64_t pages = mm_pages(size), untouched;
	if (!pages || pages > pool.count || !room_take(pages, align, &made, &untouched))
		return false;
	if (!alias_map(&made)) {
		room_give(&made, true);
		return false;
	}
	memset(made.alias + (pages - untouched) * PAGE_SIZE, INT3, untouched * PAGE_SIZE);
	*block = made;
	return true;
}

bool arena_seal(struct arena_block *block, enum vmm_protection protection)
{
	if (protection == VMM_RW || !block->alias)
		panic("arena: %#lx cannot be sealed", block->address);
	alias_unmap(block);
	return vmm_map(block->address, block->physical, block->size / PAGE_SIZE, protection, false);
}

bool arena_open(struct arena_block *block)
{
	return alias_map(block);
}

void arena_close(struct arena_block *block)
{
	alias_unmap(block);
}

void arena_free(struct arena_block *block)
{
	if (!block->address)
		return;
	if (!block->alias && vmm_physical(block->address) != UINT64_MAX)
		vmm_unmap(block->address, block->size / PAGE_SIZE);
	/* Without memory for a table the old bytes stay; nothing shows them. */
	if (block->alias || alias_map(block)) {
		memset(block->alias, INT3, block->size);
		alias_unmap(block);
	}
	room_give(block, true);
	*block = (struct arena_block){ 0 };
}

bool arena_alloc_data(uint64_t size, uint64_t align, struct arena_block *block)
{
	struct arena_block made;
	uint64_t pages = mm_pages(size);
	if (!pages || pages > pmm_free_frames() || pages > window.count ||
	    !room_take(pages, align, &made, NULL))
		return false;
	if (!vmm_back(made.address, pages)) {
		room_give(&made, false);
		return false;
	}
	made.alias = (uint8_t *)made.address;
	*block = made;
	return true;
}

void arena_free_data(struct arena_block *block)
{
	if (!block->address)
		return;
	vmm_unback(block->address, block->size / PAGE_SIZE);
	room_give(block, false);
	*block = (struct arena_block){ 0 };
}
