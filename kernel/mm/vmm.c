/* SPDX-License-Identifier: MIT
 *
 * Mappings: four-level page tables, reached by the direct map. A table is made
 * when its first entry is, and given back with its last. No entry is ever
 * writable and executable: the protections have no such value.
 */
#include "kernel/mm/internal.h"

#include "kernel/core/kernel.h"
#include "kernel/core/string.h"
#include "kernel/sched/thread.h"

#define TABLE_ENTRIES 512
#define TOP_LEVEL     3

static uint64_t root; /* physical */

static uint64_t *table_of(uint64_t entry)
{
	return pmm_direct(entry & ENTRY_ADDRESS);
}

static unsigned index_at(uint64_t address, unsigned level)
{
	return address >> (12 + 9 * level) & (TABLE_ENTRIES - 1);
}

static bool is_table(uint64_t entry, unsigned level)
{
	return level && (entry & ENTRY_PRESENT) && !(entry & ENTRY_LARGE);
}

/* Fills path[level] with the address of the entry for `address`, from the top
 * down to the one that decides: a leaf or an absent one. Returns its level. */
static unsigned entry_path(uint64_t address, uint64_t *path[TOP_LEVEL + 1])
{
	unsigned level = TOP_LEVEL;
	path[level] = &table_of(root)[index_at(address, level)];
	while (is_table(*path[level], level)) {
		uint64_t *table = table_of(*path[level]);
		level--;
		path[level] = &table[index_at(address, level)];
	}
	return level;
}

/* A table's entries are counted where it is referred to, in bits that the CPU
 * leaves alone. The root needs no count. */
static void entry_put(uint64_t *const path[], unsigned level, uint64_t entry)
{
	*path[level] = entry;
	if (level < TOP_LEVEL)
		*path[level + 1] += ENTRY_COUNT_ONE;
}

static void entry_drop(uint64_t *const path[], unsigned level)
{
	*path[level] = 0;
	if (level < TOP_LEVEL)
		*path[level + 1] -= ENTRY_COUNT_ONE;
}

/* Takes away the tables on the way to `address` that have become empty, and puts
 * their frames in front of the row that begins at *row. A CPU may still walk
 * them: their first word is not a present entry, and they are given back only
 * after a shootdown. Those of the write alias stay: each load needs them again. */
static void tables_trim(uint64_t address, uint64_t *row)
{
	uint64_t *path[TOP_LEVEL + 1];
	if (address - ARENA_ALIAS < ARENA_ALIAS_SIZE)
		return;
	for (unsigned level = entry_path(address, path); level < TOP_LEVEL; level++) {
		uint64_t frame = *path[level + 1] & ENTRY_ADDRESS;
		if (*path[level + 1] & ENTRY_COUNT)
			return;
		entry_drop(path, level + 1);
		page_flush(address);
		*(uint64_t *)pmm_direct(frame) = *row;
		*row = frame;
	}
}

static void tables_free(uint64_t row)
{
	while (row) {
		uint64_t next = *(const uint64_t *)pmm_direct(row);
		pmm_free(row, 1);
		row = next;
	}
}

/* Makes the tables down to the one that holds the entry for `address` at `level`,
 * which must be absent, and fills the path. False when one cannot be had; then
 * nothing is left behind. */
static bool path_make(uint64_t address, unsigned level, uint64_t *path[TOP_LEVEL + 1])
{
	unsigned at = entry_path(address, path);
	if (at < level || *path[at])
		panic("vmm: %#lx is already mapped", address);
	for (; at > level; at--) {
		uint64_t frame = pmm_alloc(1, PAGE_SIZE);
		if (!frame) {
			uint64_t row = 0;
			tables_trim(address, &row);
			tlb_shootdown();
			tables_free(row);
			return false;
		}
		memset(pmm_direct(frame), 0, PAGE_SIZE);
		entry_put(path, at, frame | ENTRY_PRESENT | ENTRY_WRITE);
		path[at - 1] = &table_of(frame)[index_at(address, at - 1)];
	}
	return true;
}

bool vmm_leaf_set(uint64_t address, uint64_t entry, unsigned level)
{
	uint64_t *path[TOP_LEVEL + 1];
	if (!path_make(address, level, path))
		return false;
	entry_put(path, level, entry);
	return true;
}

bool vmm_root_make(void)
{
	root = pmm_alloc(1, PAGE_SIZE);
	if (root)
		memset(pmm_direct(root), 0, PAGE_SIZE);
	return root;
}

void vmm_root_load(void)
{
	write_cr3(root);
}

static uint64_t entry_flags(enum vmm_protection protection, bool device)
{
	static const uint64_t flags[] = {
		[VMM_R] = ENTRY_PRESENT | ENTRY_NX,
		[VMM_RW] = ENTRY_PRESENT | ENTRY_NX | ENTRY_WRITE,
		[VMM_RX] = ENTRY_PRESENT,
	};
	return flags[protection] | (device ? ENTRY_UNCACHED : 0);
}

/* How many of `count` pages from `address` on one table maps. */
static uint64_t pages_in_table(uint64_t address, uint64_t count)
{
	uint64_t left = TABLE_ENTRIES - index_at(address, 0);
	return count < left ? count : left;
}

/* The first of the pages in one table, and those behind it. */
static bool run_map(uint64_t address, uint64_t entry, uint64_t count)
{
	uint64_t *path[TOP_LEVEL + 1];
	bool state = mm_lock();
	bool made = path_make(address, 0, path);
	for (uint64_t i = 0; made && i < count; i++) {
		if (path[0][i])
			panic("vmm: %#lx is already mapped", address + i * PAGE_SIZE);
		path[0][i] = entry + i * PAGE_SIZE;
	}
	if (made)
		*path[1] += count * ENTRY_COUNT_ONE;
	mm_unlock(state);
	return made;
}

bool vmm_map(uint64_t address, uint64_t physical, uint64_t count, enum vmm_protection protection,
	     bool device)
{
	uint64_t flags = entry_flags(protection, device), run;
	for (uint64_t i = 0; i < count; i += run) {
		run = pages_in_table(address + i * PAGE_SIZE, count - i);
		if (!run_map(address + i * PAGE_SIZE, (physical + i * PAGE_SIZE) | flags, run)) {
			vmm_unmap(address, i);
			return false;
		}
	}
	return true;
}

static void run_unmap(uint64_t address, uint64_t count, uint64_t *row)
{
	uint64_t *path[TOP_LEVEL + 1];
	bool state = mm_lock();
	unsigned level = entry_path(address, path);
	for (uint64_t i = 0; i < count; i++) {
		if (level || !path[0][i])
			panic("vmm: %#lx is not mapped as a page", address + i * PAGE_SIZE);
		path[0][i] = 0;
		page_flush(address + i * PAGE_SIZE);
	}
	*path[1] -= count * ENTRY_COUNT_ONE;
	tables_trim(address, row);
	mm_unlock(state);
}

void vmm_unmap(uint64_t address, uint64_t count)
{
	uint64_t row = 0, run;
	/* The thread stays on this CPU, which forgets each page at once: the shootdown
	 * is for the others. */
	preempt_disable();
	for (uint64_t i = 0; i < count; i += run) {
		run = pages_in_table(address + i * PAGE_SIZE, count - i);
		run_unmap(address + i * PAGE_SIZE, run, &row);
	}
	if (count)
		tlb_shootdown();
	preempt_enable();
	tables_free(row);
}

uint64_t vmm_physical(uint64_t address)
{
	uint64_t *path[TOP_LEVEL + 1], physical = UINT64_MAX;
	bool state = mm_lock();
	unsigned level = entry_path(address, path);
	if (*path[level] & ENTRY_PRESENT) {
		uint64_t inside = (PAGE_SIZE << 9 * level) - 1;
		physical = (*path[level] & ENTRY_ADDRESS & ~inside) | (address & inside);
	}
	mm_unlock(state);
	return physical == UINT64_MAX ? physical : physical & ~(PAGE_SIZE - 1);
}
