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

static bool table_empty(const uint64_t *table)
{
	for (unsigned i = 0; i < TABLE_ENTRIES; i++)
		if (table[i])
			return false;
	return true;
}

/* Takes away the tables on the way to `address` that have become empty, and puts
 * their frames in front of the row that begins at *row. A CPU may still walk
 * them: their first word is not a present entry, and they are given back only
 * after a shootdown. */
static void tables_trim(uint64_t address, uint64_t *row)
{
	uint64_t *path[TOP_LEVEL + 1];
	for (unsigned level = entry_path(address, path); level < TOP_LEVEL; level++) {
		if (!table_empty(path[level] - index_at(address, level)))
			return;
		uint64_t frame = *path[level + 1] & ENTRY_ADDRESS;
		*path[level + 1] = 0;
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

bool vmm_leaf_set(uint64_t address, uint64_t entry, unsigned level)
{
	uint64_t *path[TOP_LEVEL + 1];
	unsigned at = entry_path(address, path);
	uint64_t *place = path[at];
	if (at < level || *place)
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
		*place = frame | ENTRY_PRESENT | ENTRY_WRITE;
		place = &table_of(frame)[index_at(address, at - 1)];
	}
	*place = entry;
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

bool vmm_map(uint64_t address, uint64_t physical, uint64_t count, enum vmm_protection protection,
	     bool device)
{
	uint64_t flags = entry_flags(protection, device);
	for (uint64_t i = 0; i < count; i++) {
		bool state = mm_lock();
		bool mapped = vmm_leaf_set(address + i * PAGE_SIZE,
					   (physical + i * PAGE_SIZE) | flags, 0);
		mm_unlock(state);
		if (!mapped) {
			vmm_unmap(address, i);
			return false;
		}
	}
	return true;
}

static void page_unmap(uint64_t address)
{
	uint64_t *path[TOP_LEVEL + 1];
	if (entry_path(address, path) || !*path[0])
		panic("vmm: %#lx is not mapped as a page", address);
	*path[0] = 0;
	page_flush(address);
}

void vmm_unmap(uint64_t address, uint64_t count)
{
	uint64_t row = 0;
	/* The thread stays on this CPU, which forgets each page at once: the shootdown
	 * is for the others. */
	preempt_disable();
	for (uint64_t i = 0; i < count; i++) {
		uint64_t page = address + i * PAGE_SIZE;
		bool state = mm_lock();
		page_unmap(page);
		if (i + 1 == count || !index_at(page + PAGE_SIZE, 0))
			tables_trim(page, &row);
		mm_unlock(state);
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
