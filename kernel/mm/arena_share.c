/* SPDX-License-Identifier: MIT
 *
 * Pages that small modules share, each page of one protection. A page is mapped at
 * its final place as long as it has a tenant; while one is written to, its alias
 * (RW, never X) is there as well. Bytes of a text page that nobody has are int3.
 */
#include "kernel/mm/arena.h"

#include "kernel/core/kernel.h"
#include "kernel/core/string.h"
#include "kernel/mm/slots.h"

#define TRIES   4 /* pages looked at before a fresh one is taken */
#define BUCKETS 512
#define KINDS   (VMM_RX + 1)

struct shared_page {
	struct shared_page *next, *previous; /* those of its protection, in a ring */
	struct shared_page *chained; /* same bucket */
	uint64_t address, physical;
	struct slots slots;
	uint8_t *alias; /* NULL while nobody writes */
	uint32_t writers;
	enum vmm_protection protection;
};

static struct shared_page *rings[KINDS];
static struct shared_page *buckets[BUCKETS];

/* ---- finding ------------------------------------------------------------------- */

static struct shared_page **bucket_of(uint64_t address)
{
	return &buckets[address / PAGE_SIZE % BUCKETS];
}

static struct shared_page *page_of(uint64_t address)
{
	struct shared_page *page = *bucket_of(address);
	while (page && page->address != (address & ~(PAGE_SIZE - 1)))
		page = page->chained;
	return page;
}

bool share_holds(uint64_t address)
{
	return page_of(address);
}

bool arena_is_shared(uint64_t size, uint64_t align)
{
	return size <= PAGE_SIZE - SLOT_SIZE && align < PAGE_SIZE;
}

/* ---- pages --------------------------------------------------------------------- */

static void page_enter(struct shared_page *page)
{
	struct shared_page **ring = &rings[page->protection], **bucket = bucket_of(page->address);
	page->next = *ring ? *ring : page;
	page->previous = *ring ? (*ring)->previous : page;
	page->next->previous = page->previous->next = page;
	*ring = page;
	page->chained = *bucket;
	*bucket = page;
}

static void page_leave(struct shared_page *page)
{
	struct shared_page **ring = &rings[page->protection], **bucket = bucket_of(page->address);
	page->previous->next = page->next;
	page->next->previous = page->previous;
	if (*ring == page)
		*ring = page->next == page ? NULL : page->next;
	while (*bucket != page)
		bucket = &(*bucket)->chained;
	*bucket = page->chained;
}

/* Its frame is written before it is mapped where it can be run. */
static bool page_back(struct shared_page *page)
{
	bool data = page->protection == VMM_RW;
	page->alias = data ? pmm_direct(page->physical) : arena_alias_map(page->physical, 1);
	if (!page->alias)
		return false;
	memset(page->alias, data ? 0 : INT3, PAGE_SIZE);
	if (!data)
		arena_alias_unmap(page->alias, 1);
	page->alias = NULL;
	return vmm_map(page->address, page->physical, 1, page->protection, false);
}

static void page_discard(struct shared_page *page)
{
	if (page->physical)
		arena_frames_give(page->protection, page->physical, 1);
	if (page->address)
		window_give(page->address, 1);
	kfree(page);
}

static struct shared_page *page_make(enum vmm_protection protection)
{
	struct shared_page *page = kzalloc(sizeof *page);
	if (!page)
		return NULL;
	page->protection = protection;
	slots_init(&page->slots);
	if (!(page->physical = arena_frames_take(protection, 1)) ||
	    !(page->address = window_take(1, PAGE_SIZE)) || !page_back(page)) {
		page_discard(page);
		return NULL;
	}
	page_enter(page);
	return page;
}

/* ---- parts of pages ---------------------------------------------------------------- */

static unsigned slots_for(uint64_t size)
{
	return (unsigned)((size + SLOT_SIZE - 1) / SLOT_SIZE);
}

static struct shared_page *slot_find(enum vmm_protection protection, unsigned count,
				     unsigned align, unsigned *first)
{
	uint64_t random = window_random();
	struct shared_page *page = rings[protection];
	for (unsigned i = 0; page && i < TRIES; i++, page = page->next)
		if (slots_take(&page->slots, count, align, random, first)) {
			rings[protection] = page; /* the full ones wait behind */
			return page;
		}
	page = page_make(protection);
	if (page && !slots_take(&page->slots, count, align, random, first))
		panic("arena: %u slots do not fit an empty page", count);
	return page;
}

static void slot_drop(struct shared_page *page, unsigned first, unsigned count)
{
	if (!slots_give(&page->slots, first, count))
		panic("arena: %#lx is free already", page->address + first * SLOT_SIZE);
	if (!slots_all_free(&page->slots)) {
		rings[page->protection] = page; /* it has room now */
		return;
	}
	page_leave(page);
	vmm_unmap(page->address, 1);
	page_discard(page);
}

static bool writer_add(struct shared_page *page)
{
	if (!page->writers && !(page->alias = arena_alias_map(page->physical, 1)))
		return false;
	page->writers++;
	return true;
}

static void writer_remove(struct shared_page *page)
{
	if (--page->writers)
		return;
	arena_alias_unmap(page->alias, 1);
	page->alias = NULL;
}

bool share_alloc(enum vmm_protection protection, uint64_t size, uint64_t align,
		 struct arena_block *block)
{
	unsigned first, count = slots_for(size);
	unsigned unit = align > SLOT_SIZE ? (unsigned)(align / SLOT_SIZE) : 1;
	struct shared_page *page = slot_find(protection, count, unit, &first);
	if (!page)
		return false;
	if (protection != VMM_RW && !writer_add(page)) {
		slot_drop(page, first, count);
		return false;
	}
	block->address = page->address + first * SLOT_SIZE;
	block->size = size;
	block->write = protection == VMM_RW ? (uint8_t *)block->address :
					      page->alias + first * SLOT_SIZE;
	return true;
}

void share_open(struct arena_block *block)
{
	struct shared_page *page = page_of(block->address);
	block->write = writer_add(page) ? page->alias + block->address % PAGE_SIZE : NULL;
}

void share_close(struct arena_block *block)
{
	writer_remove(page_of(block->address));
	block->write = NULL;
}

/* Bytes of code that nobody has any more are int3 again. Without memory for the
 * alias they stay: nobody runs them. */
static void text_fill(struct shared_page *page, unsigned first, unsigned count)
{
	if (!writer_add(page))
		return;
	memset(page->alias + first * SLOT_SIZE, INT3, count * SLOT_SIZE);
	writer_remove(page);
}

void share_free(struct arena_block *block)
{
	struct shared_page *page = page_of(block->address);
	unsigned first = (unsigned)(block->address % PAGE_SIZE / SLOT_SIZE);
	unsigned count = slots_for(block->size);
	if (page->protection == VMM_RX)
		text_fill(page, first, count);
	if (page->protection != VMM_RW && block->write)
		writer_remove(page);
	slot_drop(page, first, count);
}
