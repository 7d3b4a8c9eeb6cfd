/* SPDX-License-Identifier: MIT
 *
 * What the boot loader handed over, as far as memory management and the symbol
 * table need it. Filled once, before memory management starts; constant after.
 */
#ifndef KERNEL_CORE_BOOT_INFO_H
#define KERNEL_CORE_BOOT_INFO_H

#include <stdint.h>

/* Physical ranges [start, end) inside available RAM that must not be handed
 * out: the first MiB, the kernel, the multiboot2 information, modules, the
 * kernel's symbol and string table. Not sorted, not page aligned. */
struct boot_range {
	uint64_t start, end;
};
#define BOOT_RESERVED_MAX 24
extern struct boot_range boot_reserved[BOOT_RESERVED_MAX];
extern unsigned boot_reserved_count;

/* The kernel's own .symtab and .strtab as loaded: physical addresses; all zero
 * when the boot loader gave none. */
struct boot_symbols {
	uint64_t table, table_size;
	uint64_t strings, strings_size;
};
extern struct boot_symbols boot_symbols;

/* Reads the multiboot2 information (specification 2.0, section 3.6) at physical
 * address `information`; nothing outside its total size is touched, a tag that
 * does not fit is skipped. Panics when `magic` is not the multiboot2 boot
 * loader's. Needs the direct map. */
void boot_info_parse(uint32_t magic, uint32_t information);

/* Pages below the kernel's stacks (virtual addresses), to be unmapped. */
extern const uint64_t guard_pages[];
extern const unsigned guard_page_count;

/* Set by kernel.ld; all page aligned. */
extern char kernel_physical_start[], kernel_physical_end[]; /* addresses are physical */
extern char kernel_text_start[], kernel_text_end[];
extern char kernel_rodata_start[], kernel_rodata_end[];
extern char kernel_data_start[], kernel_end[];
/* All code of libz.a, which was compiled with SSE and the red zone. */
extern char zlib_text_start[], zlib_text_end[];

#endif
