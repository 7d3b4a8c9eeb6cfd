/* SPDX-License-Identifier: MIT */
#include "modfmt/judge.h"

START_TEST(a_good_module_is_accepted_in_every_form)
{
	static const struct {
		const char *name;
		void (*use)(struct elf_builder *builder);
	} forms[] = {
		{ "extended indices and counts", elf_use_extended },
		{ "sections out of order in the file", elf_order_backwards },
		{ "relocations from high to low", elf_relas_backwards },
		{ "two relocation sections a target", elf_split_relas },
	};
	struct hmod_span file = good_module();

	ck_assert_str_eq(judge(file), "ok");
	elf_discard(file);
	for (unsigned set = 0; set < 16; set++) {
		struct elf_builder *b = good_builder();

		for (unsigned i = 0; i < 4; i++)
			if (set >> i & 1)
				forms[i].use(b);
		file = elf_finish(b);
		ck_assert_msg(!strcmp(judge(file), "ok"), "%x: %s", set, judge(file));
		elf_discard(file);
	}
}
END_TEST

START_TEST(more_sections_than_sixteen_bits_count_are_followed)
{
	struct elf_builder *b = good_builder();
	struct hmod_image image;
	struct hmod_span file;
	uint32_t far;
	bool special;

	for (unsigned i = 0; i < 66000; i++)
		elf_section(b, ".x", ELF_SHT_PROGBITS, 0, 1);
	far = elf_section(b, ".far", ELF_SHT_PROGBITS, ELF_SHF_ALLOC, 1);
	elf_symbol(b, "far", ELF_INFO(ELF_STB_GLOBAL, ELF_STT_OBJECT), far, 0);
	elf_use_extended(b);
	file = elf_finish(b);
	ck_assert_int_eq(hmod_image_open(&image, file.data, file.size, NULL), HELIX_OK);
	ck_assert_str_eq(judge(file), "ok");
	ck_assert_str_eq(hmod_section_name(&image, far), ".far");
	ck_assert_uint_eq(hmod_symbol_section(&image, image.symbol_count - 1, &special), far);
	ck_assert(!special);
	elf_discard(file);
}
END_TEST

START_TEST(the_tables_may_stand_at_odd_places)
{
	struct hmod_span file = good_module(), odd;
	uint8_t *bytes = malloc(file.size + 1);

	memcpy(bytes + 1, file.data, file.size);
	odd = (struct hmod_span){ bytes + 1, file.size };
	ck_assert_str_eq(judge(odd), "ok");
	free(bytes);
	elf_discard(file);
}
END_TEST

SPOIL(empty, file->size = 0)
SPOIL(three_bytes, file->size = 3)
SPOIL(text, memcpy(elf_header(f), "#!/bin/sh\n", 10))
SPOIL(cut_header, file->size = 40)
SPOIL(class_32, elf_header(f)->ident[4] = 1)
SPOIL(big_endian, elf_header(f)->ident[5] = 2)
SPOIL(ident_version, elf_header(f)->ident[6] = 0)
SPOIL(version, elf_header(f)->version = 2)
SPOIL(program, elf_header(f)->type = ELF_TYPE_EXEC)
SPOIL(shared_object, elf_header(f)->type = ELF_TYPE_DYN)
SPOIL(core_dump, elf_header(f)->type = ELF_TYPE_CORE)
SPOIL(other_type, elf_header(f)->type = 77)
SPOIL(aarch64, elf_header(f)->machine = 183)
SPOIL(entry_size, elf_header(f)->shentsize = 40)
SPOIL(no_table, elf_header(f)->shoff = 0)
SPOIL(table_outside, elf_header(f)->shoff = f.size)
SPOIL(table_wraps, elf_header(f)->shoff = UINT64_MAX - 8)
SPOIL(too_many, elf_header(f)->shnum = 2000)
SPOIL(count_nowhere, elf_header(f)->shnum = 0)
SPOIL(count_wraps, elf_header(f)->shnum = 0;
      ((struct elf64_section *)(void *)((uintptr_t)f.data + elf_header(f)->shoff))->size =
	      UINT64_C(0x400000000000001))
SPOIL(names_past, elf_header(f)->shstrndx = 999)
SPOIL(names_none, elf_header(f)->shstrndx = 0)
SPOIL(names_type, elf_header(f)->shstrndx = (uint16_t)elf_find_index(f, ".text"))
SPOIL(names_extended_none, elf_header(f)->shstrndx = ELF_SHN_XINDEX)
SPOIL(names_no_nul, char *names = elf_bytes(f, ".shstrtab");
      names[elf_find(f, ".shstrtab")->size - 1] = 'x')
SPOIL(names_outside, elf_find(f, ".shstrtab")->offset = f.size)

static const struct refusal header_rows[] = {
	{ "an empty file", empty, HELIX_E_NOT_ELF,
	  "not an ELF object; make one with hmod cc [header]" },
	{ "three bytes", three_bytes, HELIX_E_NOT_ELF,
	  "not an ELF object; make one with hmod cc [header]" },
	{ "text", text, HELIX_E_NOT_ELF,
	  "not an ELF object; make one with hmod cc [header]" },
	{ "a cut header", cut_header, HELIX_E_TRUNCATED,
	  "the file ends at byte 40 inside the ELF header, which ends at 64; copy or "
	  "build it again [header]" },
	{ "32 bits", class_32, HELIX_E_ELF_CLASS,
	  "ELF class 1, wanted 2 (64-bit); compile with -m64 [header]" },
	{ "big-endian", big_endian, HELIX_E_ELF_DATA,
	  "ELF data encoding 2, wanted 1 (little-endian) [header]" },
	{ "EI_VERSION", ident_version, HELIX_E_ELF_VERSION,
	  "ELF version 0, wanted 1 [header]" },
	{ "e_version", version, HELIX_E_ELF_VERSION,
	  "ELF version 2, wanted 1 [header]" },
	{ "a program", program, HELIX_E_ELF_TYPE,
	  "ELF type 2 (an executable), wanted 1 (relocatable object); link with hmod "
	  "link, not into a program or a shared library [header]" },
	{ "a shared object", shared_object, HELIX_E_ELF_TYPE,
	  "ELF type 3 (a shared object or PIE), wanted 1 (relocatable object); link with "
	  "hmod link, not into a program or a shared library [header]" },
	{ "a core dump", core_dump, HELIX_E_ELF_TYPE,
	  "ELF type 4 (a core dump), wanted 1 (relocatable object); link with hmod link, "
	  "not into a program or a shared library [header]" },
	{ "another type", other_type, HELIX_E_ELF_TYPE,
	  "ELF type 77 (unknown), wanted 1 (relocatable object); link with hmod link, "
	  "not into a program or a shared library [header]" },
	{ "another machine", aarch64, HELIX_E_ELF_MACHINE,
	  "made for machine 183, wanted 62 (x86-64); compile it for x86-64 [header]" },
	{ "e_shentsize", entry_size, HELIX_E_ELF_SHENTSIZE,
	  "section header entries of 40 bytes, wanted 64 [header]" },
	{ "no section table", no_table, HELIX_E_SECTION_TABLE,
	  "the section table (21 entries at 0x0) is not inside the file; copy or build "
	  "it again [header]" },
	{ "a section table outside", table_outside, HELIX_E_SECTION_TABLE,
	  "the section table (21 entries at 0xe30) is not inside the file; copy or build "
	  "it again [header]" },
	{ "a section table that wraps", table_wraps, HELIX_E_SECTION_TABLE,
	  "the section table (21 entries at 0xfffffffffffffff7) is not inside the file; "
	  "copy or build it again [header]" },
	{ "too many sections", too_many, HELIX_E_SECTION_TABLE,
	  "the section table (2000 entries at 0x8f0) is not inside the file; copy or "
	  "build it again [header]" },
	{ "an extended count of none", count_nowhere, HELIX_E_SECTION_TABLE,
	  "the section table (0 entries at 0x8f0) is not inside the file; copy or build "
	  "it again [header]" },
	{ "an extended count that wraps", count_wraps, HELIX_E_SECTION_TABLE,
	  "the section table (288230376151711745 entries at 0x8f0) is not inside the "
	  "file; copy or build it again [header]" },
	{ "e_shstrndx past the table", names_past, HELIX_E_SECTION_NAMES,
	  "section name table: index 999 is not a string table that ends with a NUL byte "
	  "[header]" },
	{ "e_shstrndx 0", names_none, HELIX_E_SECTION_NAMES,
	  "section name table: index 0 is not a string table that ends with a NUL byte "
	  "[header]" },
	{ "e_shstrndx of code", names_type, HELIX_E_SECTION_NAMES,
	  "section name table: index 4 is not a string table that ends with a NUL byte "
	  "[header]" },
	{ "an extended e_shstrndx of none", names_extended_none, HELIX_E_SECTION_NAMES,
	  "section name table: index 0 is not a string table that ends with a NUL byte "
	  "[header]" },
	{ "names without a NUL", names_no_nul, HELIX_E_SECTION_NAMES,
	  "section name table: index 20 is not a string table that ends with a NUL byte "
	  "[header]" },
	{ "names outside", names_outside, HELIX_E_SECTION_NAMES,
	  "section name table: index 20 is not a string table that ends with a NUL byte "
	  "[header]" },
};

START_TEST(a_wrong_header_is_refused)
{
	REFUSE_ALL(header_rows);
}
END_TEST

START_TEST(a_file_over_the_cap_is_refused_unread)
{
	struct hmod_image image;
	struct hmod_diag diag;

	ck_assert_int_eq(hmod_image_open(&image, "", HMOD_SIZE_MAX + 1, &diag), HELIX_E_TOO_LARGE);
	ck_assert_str_eq(sentence(&diag),
			 "the file is too large: 268435457, at most 268435456");
}
END_TEST

START_TEST(what_is_loaded_is_told_by_flags_type_and_name)
{
	static const struct {
		const char *name;
		uint32_t type;
		uint64_t flags;
		bool loaded;
	} rows[] = {
		{ ".text", ELF_SHT_PROGBITS, ELF_SHF_ALLOC | ELF_SHF_EXECINSTR, true },
		{ ".bss", ELF_SHT_NOBITS, ELF_SHF_ALLOC | ELF_SHF_WRITE, true },
		{ ".init_array", ELF_SHT_INIT_ARRAY, ELF_SHF_ALLOC | ELF_SHF_WRITE, true },
		{ "noname", ELF_SHT_PROGBITS, ELF_SHF_ALLOC, true },
		{ ".hmo", ELF_SHT_PROGBITS, ELF_SHF_ALLOC, true },
		{ ".hmod.param", ELF_SHT_PROGBITS, ELF_SHF_ALLOC, false },
		{ ".hmod.later", ELF_SHT_PROGBITS, ELF_SHF_ALLOC, false },
		{ ".note.gnu.property", ELF_SHT_NOTE, ELF_SHF_ALLOC, false },
		{ ".eh_frame", ELF_SHT_PROGBITS, ELF_SHF_ALLOC, false },
		{ ".eh_frame", ELF_SHT_X86_64_UNWIND, ELF_SHF_ALLOC, false },
		{ ".debug_info", ELF_SHT_PROGBITS, 0, false },
	};
	const uint32_t count = sizeof rows / sizeof rows[0];
	struct elf_builder *b = elf_new();
	struct hmod_image image;
	struct hmod_span file;

	for (uint32_t i = 0; i < count; i++)
		elf_section(b, rows[i].name, rows[i].type, rows[i].flags, 1);
	file = elf_finish(b);
	ck_assert_int_eq(hmod_image_open(&image, file.data, file.size, NULL), HELIX_OK);
	for (uint32_t i = 0; i < count; i++) {
		ck_assert_msg(hmod_section_loaded(&image, i + 1) == rows[i].loaded, "%s",
			      rows[i].name);
		ck_assert_str_eq(hmod_section_name(&image, i + 1), rows[i].name);
	}
	elf_discard(file);
}
END_TEST

START_TEST(bytes_of_sections_are_views_and_nobits_has_none)
{
	struct hmod_span file = good_module(), bytes;
	struct hmod_image image;

	ck_assert_int_eq(hmod_image_open(&image, file.data, file.size, NULL), HELIX_OK);
	ck_assert(image.in_order);
	bytes = hmod_section_bytes(&image, elf_find_index(file, ".data"));
	ck_assert_uint_eq(bytes.size, 16);
	ck_assert_mem_eq(bytes.data, "0123456789abcdef", 16);
	ck_assert_uint_eq(hmod_section_bytes(&image, elf_find_index(file, ".bss")).size, 0);
	ck_assert_uint_eq(hmod_section_bytes(&image, 0).size, 0);
	elf_discard(file);
}
END_TEST

SPOIL(same_bytes, elf_find(f, ".data")->offset = elf_find(f, ".text")->offset + 1)
SPOIL(last_byte, elf_find(f, ".data")->offset =
			 elf_find(f, ".text")->offset + elf_find(f, ".text")->size - 1)

START_TEST(loaded_sections_that_share_bytes_are_refused)
{
	static const struct refusal rows[] = {
		{ "the same bytes", same_bytes, HELIX_E_SECTION_OVERLAP,
		  "section 5 (.data) overlaps section .text in the file [sections]" },
		{ "one byte", last_byte, HELIX_E_SECTION_OVERLAP,
		  "section 5 (.data) overlaps section .text in the file [sections]" },
	};

	REFUSE_ALL(rows);
}
END_TEST

RUN_TESTS("image", a_good_module_is_accepted_in_every_form,
	  more_sections_than_sixteen_bits_count_are_followed, the_tables_may_stand_at_odd_places,
	  a_wrong_header_is_refused, a_file_over_the_cap_is_refused_unread,
	  what_is_loaded_is_told_by_flags_type_and_name,
	  bytes_of_sections_are_views_and_nobits_has_none,
	  loaded_sections_that_share_bytes_are_refused)
