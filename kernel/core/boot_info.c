/* SPDX-License-Identifier: MIT
 *
 * Reads the multiboot2 information (specification 2.0, section 3.6) through
 * bounded views. Strings and module bytes stay where the boot loader put them
 * and are reserved.
 */
#include "kernel/core/boot_info.h"
#include "kernel/core/kernel.h"
#include "kernel/core/log.h"
#include "kernel/mm/mm.h"
#include "modfmt/mem.h"

#define MULTIBOOT2_MAGIC     0x36d76289
#define INFORMATION_SIZE_MAX (UINT32_C(1) << 24)
#define LOW_MEMORY           0x100000
#define RSDP_SIZE            36

enum {
	TAG_END, TAG_COMMAND_LINE, TAG_LOADER, TAG_MODULE, TAG_MEMORY = 6, TAG_FRAMEBUFFER = 8,
	TAG_SECTIONS, TAG_ACPI_OLD = 14, TAG_ACPI_NEW
};
enum { MEMORY_AVAILABLE = 1 };
enum { SECTION_SYMTAB = 2, SECTION_STRTAB = 3, SECTION_HEADER_SIZE = 64 };

struct boot_info boot_info = { .command_line = "", .boot_loader = "" };
struct boot_range boot_reserved[BOOT_RESERVED_MAX];
unsigned boot_reserved_count;
struct boot_symbols boot_symbols;
static uint8_t rsdp[RSDP_SIZE] __attribute__((aligned(8)));

/* A little-endian number in a tag; 0 where the tag is too short. */
static uint64_t number(struct hmod_span tag, uint64_t offset, unsigned width)
{
	uint64_t value = 0;

	if (hmod_range_fits(tag.size, offset, width))
		memcpy(&value, tag.data + offset, width);
	return value;
}

static const char *string(struct hmod_span tag, uint64_t offset)
{
	const char *text = hmod_span_string(tag, offset, NULL);

	return text ? text : "";
}

static void reserve(uint64_t start, uint64_t end)
{
	if (start >= end)
		return;
	if (boot_reserved_count == BOOT_RESERVED_MAX)
		panic("too many boot modules");
	boot_reserved[boot_reserved_count++] = (struct boot_range){ start, end };
}

static void read_module(struct hmod_span tag)
{
	uint64_t start = number(tag, 8, 4), end = number(tag, 12, 4);

	if (tag.size < 17 || end < start) {
		log_line(LOG_WARN, "boot: a module that ends before it starts is ignored");
		return;
	}
	if (boot_info.module_count == BOOT_MODULES_MAX) {
		log_line(LOG_WARN, "boot: module '%s' is one too many", string(tag, 16));
		return;
	}
	boot_info.modules[boot_info.module_count++] = (struct boot_module){
		.bytes = { pmm_direct(start), end - start },
		.words = string(tag, 16),
	};
	reserve(start, end);
}

static void read_memory(struct hmod_span tag)
{
	uint64_t entry = number(tag, 8, 4);

	if (entry < 24)
		return;
	for (uint64_t at = 16; hmod_range_fits(tag.size, at, entry); at += entry) {
		uint64_t base = number(tag, at, 8), size = number(tag, at + 8, 8);

		if (number(tag, at + 16, 4) != MEMORY_AVAILABLE || !size || base + size < base)
			continue;
		if (boot_info.region_count == BOOT_REGIONS_MAX) {
			log_line(LOG_WARN, "boot: memory from 0x%lx on is not used", base);
			return;
		}
		boot_info.regions[boot_info.region_count].base = base;
		boot_info.regions[boot_info.region_count++].size = size;
	}
}

static void read_framebuffer(struct hmod_span tag)
{
	boot_info.framebuffer.physical = number(tag, 8, 8);
	boot_info.framebuffer.pitch = (uint32_t)number(tag, 16, 4);
	boot_info.framebuffer.width = (uint32_t)number(tag, 20, 4);
	boot_info.framebuffer.height = (uint32_t)number(tag, 24, 4);
	boot_info.framebuffer.bpp = (uint8_t)number(tag, 28, 1);
	boot_info.framebuffer.type = (uint8_t)number(tag, 29, 1);
}

/* The one symbol table and the string table it links to. The boot loader wrote
 * their physical addresses into sh_addr. */
static void read_sections(struct hmod_span tag)
{
	uint64_t count = number(tag, 8, 4), width = number(tag, 12, 4);
	struct hmod_span headers, symtab, strtab;

	if (width < SECTION_HEADER_SIZE || tag.size < 20)
		return;
	headers = (struct hmod_span){ tag.data + 20, tag.size - 20 };
	for (uint64_t i = 0; i < count && hmod_range_fits(headers.size, i * width, width); i++) {
		symtab = (struct hmod_span){ headers.data + i * width, width };
		strtab = (struct hmod_span){ headers.data, headers.size };
		if (number(symtab, 4, 4) != SECTION_SYMTAB)
			continue;
		if (!hmod_span_sub(headers, number(symtab, 40, 4) * width, width, &strtab) ||
		    number(strtab, 4, 4) != SECTION_STRTAB)
			return;
		boot_symbols.table = number(symtab, 16, 8);
		boot_symbols.table_size = number(symtab, 32, 8);
		boot_symbols.strings = number(strtab, 16, 8);
		boot_symbols.strings_size = number(strtab, 32, 8);
		return;
	}
}

/* The new RSDP wins over the old one, whichever comes first. */
static void read_rsdp(struct hmod_span tag, bool new)
{
	uint64_t size = tag.size - 8;

	if (size < 20 || (boot_info.rsdp && !new))
		return;
	memset(rsdp, 0, sizeof(rsdp));
	memcpy(rsdp, tag.data + 8, size < RSDP_SIZE ? size : RSDP_SIZE);
	boot_info.rsdp = rsdp;
}

static void read_tag(struct hmod_span tag)
{
	switch (number(tag, 0, 4)) {
	case TAG_COMMAND_LINE:
		boot_info.command_line = string(tag, 8);
		break;
	case TAG_LOADER:
		boot_info.boot_loader = string(tag, 8);
		break;
	case TAG_MODULE:
		read_module(tag);
		break;
	case TAG_MEMORY:
		read_memory(tag);
		break;
	case TAG_FRAMEBUFFER:
		read_framebuffer(tag);
		break;
	case TAG_SECTIONS:
		read_sections(tag);
		break;
	case TAG_ACPI_OLD:
	case TAG_ACPI_NEW:
		read_rsdp(tag, number(tag, 0, 4) == TAG_ACPI_NEW);
		break;
	default:
		break;
	}
}

/* Symbols that do not lie whole below 4 GiB are none. */
static void reserve_symbols(void)
{
	uint64_t limit = UINT64_C(1) << 32;

	if (!hmod_range_fits(limit, boot_symbols.table, boot_symbols.table_size) ||
	    !hmod_range_fits(limit, boot_symbols.strings, boot_symbols.strings_size))
		boot_symbols = (struct boot_symbols){ 0 };
	reserve(boot_symbols.table, boot_symbols.table + boot_symbols.table_size);
	reserve(boot_symbols.strings, boot_symbols.strings + boot_symbols.strings_size);
}

void boot_info_parse(uint32_t magic, uint32_t information)
{
	struct hmod_span all = { pmm_direct(information), 8 }, tag;
	uint64_t at = 8;

	if (magic != MULTIBOOT2_MAGIC)
		panic("not started by a multiboot2 boot loader (magic 0x%x)", magic);
	all.size = number(all, 0, 4);
	if (all.size < 16 || all.size > INFORMATION_SIZE_MAX)
		panic("the multiboot2 information has an impossible size, %lu", all.size);
	reserve(0, LOW_MEMORY);
	reserve((uint64_t)kernel_physical_start, (uint64_t)kernel_physical_end);
	reserve(information, information + all.size);
	while (hmod_range_fits(all.size, at, 8)) {
		struct hmod_span head = { all.data + at, 8 };
		uint64_t size = number(head, 4, 4);

		if (size < 8 || !hmod_span_sub(all, at, size, &tag)) {
			log_line(LOG_WARN, "boot: the multiboot2 tag at %lu does not fit", at);
			break;
		}
		if (number(tag, 0, 4) == TAG_END)
			break;
		read_tag(tag);
		at += (size + 7) & ~UINT64_C(7);
	}
	reserve_symbols();
}
