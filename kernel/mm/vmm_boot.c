/* SPDX-License-Identifier: MIT
 *
 * The final page tables, built while those of the boot code are in force: the
 * kernel's image by section protection, its stacks' guards left out, and the
 * direct map. The kernel's code and constants are writable nowhere; the module
 * pool is not in the direct map; no identity map stays.
 */
#include "kernel/mm/internal.h"

#include "kernel/core/boot_info.h"
#include "kernel/core/kernel.h"
#include "kernel/core/string.h"

static struct ranges direct; /* frames that the direct map shows writable */

static void leaf_or_panic(uint64_t address, uint64_t entry, unsigned level)
{
	if (!vmm_leaf_set(address, entry, level))
		panic("no memory for page tables");
}

/* Frames [first, end) in the direct map, by 2 MiB where both ends allow it. */
static void direct_add(uint64_t first, uint64_t end, uint64_t flags)
{
	uint64_t physical = first * PAGE_SIZE, stop = end * PAGE_SIZE;
	while (physical < stop) {
		bool large = !(physical % LARGE_PAGE) && stop - physical >= LARGE_PAGE;
		leaf_or_panic(DIRECT_MAP + physical,
			      physical | flags | ENTRY_PRESENT | ENTRY_NX | (large ? ENTRY_LARGE : 0),
			      large);
		physical += large ? LARGE_PAGE : PAGE_SIZE;
	}
}

static void direct_map_build(void)
{
	uint64_t pool, pool_frames;
	uint64_t constant = ((uint64_t)kernel_text_start - KERNEL_BASE) / PAGE_SIZE;
	uint64_t constant_end = ((uint64_t)kernel_rodata_end - KERNEL_BASE) / PAGE_SIZE;
	arena_pool(&pool, &pool_frames);
	direct = *pmm_ram();
	if (!ranges_cut(&direct, pool, pool + pool_frames) ||
	    !ranges_cut(&direct, constant, constant_end))
		panic("the memory map has too many pieces");
	for (unsigned i = 0; i < direct.count; i++)
		direct_add(direct.at[i].start, direct.at[i].end, ENTRY_WRITE);
	direct_add(constant, constant_end, 0);
}

static bool is_guard(uint64_t address)
{
	for (unsigned i = 0; i < guard_page_count; i++)
		if (guard_pages[i] == address)
			return true;
	return false;
}

static void image_map(const char *start, const char *end, uint64_t flags)
{
	if (((uint64_t)start | (uint64_t)end) % PAGE_SIZE)
		panic("the kernel's sections are not page aligned");
	for (uint64_t address = (uint64_t)start; address < (uint64_t)end; address += PAGE_SIZE)
		if (!is_guard(address))
			leaf_or_panic(address, (address - KERNEL_BASE) | flags | ENTRY_PRESENT, 0);
}

void vmm_init(void)
{
	if (!vmm_root_make())
		panic("no memory for page tables");
	image_map(kernel_text_start, kernel_text_end, 0);
	image_map(kernel_rodata_start, kernel_rodata_end, ENTRY_NX);
	image_map(kernel_data_start, kernel_end, ENTRY_NX | ENTRY_WRITE);
	direct_map_build();
	vmm_root_load();
}
