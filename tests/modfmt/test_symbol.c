/* SPDX-License-Identifier: MIT */
#include "modfmt/judge.h"

static void type_of(struct elf64_symbol *s, unsigned type)
{
	s->info = (uint8_t)((s->info & 0xf0) | type);
}

SPOIL(name_outside, elf_find_symbol(f, "exported")->name = 100000)
SPOIL(section_outside, elf_find_symbol(f, "exported")->shndx = 500)
SPOIL(section_reserved, elf_find_symbol(f, "exported")->shndx = 0xff01)
SPOIL(section_extended, elf_find_symbol(f, "exported")->shndx = ELF_SHN_XINDEX)
SPOIL(value_past, elf_find_symbol(f, "exported")->value = elf_find(f, ".text")->size + 1)
SPOIL(value_wraps, elf_find_symbol(f, "exported")->value = UINT64_MAX)
SPOIL(tls, type_of(elf_find_symbol(f, "imported"), ELF_STT_TLS))
SPOIL(ifunc, type_of(elf_find_symbol(f, "exported"), ELF_STT_GNU_IFUNC))

START_TEST(a_wrong_symbol_is_refused)
{
	static const struct refusal rows[] = {
		{ "a name outside", name_outside, HELIX_E_SYMBOL_NAME,
		  "symbol 12: name offset 0x186a0 is outside the string table [symbols]" },
		{ "a section that is not there", section_outside, HELIX_E_SYMBOL_SECTION,
		  "symbol 12 (exported): section index 500 does not exist [symbols]" },
		{ "a reserved section", section_reserved, HELIX_E_SYMBOL_SECTION,
		  "symbol 12 (exported): section index 65281 does not exist [symbols]" },
		{ "an extended index of none", section_extended, HELIX_E_SYMBOL_SECTION,
		  "symbol 12 (exported): section index 4294967295 does not exist [symbols]" },
		{ "a value past its section", value_past, HELIX_E_SYMBOL_VALUE,
		  "symbol 12 (exported): value 0x4a is past the end of section 4 (.text) "
		  "[symbols]" },
		{ "a value of all", value_wraps, HELIX_E_SYMBOL_VALUE,
		  "symbol 12 (exported): value 0xffffffffffffffff is past the end of section 4 "
		  "(.text) [symbols]" },
		{ "thread-local", tls, HELIX_E_SYMBOL_TYPE,
		  "symbol 14 (imported) is thread-local [symbols]" },
		{ "an ifunc", ifunc, HELIX_E_SYMBOL_TYPE,
		  "symbol 12 (exported) is an indirect function [symbols]" },
	};

	REFUSE_ALL(rows);
}
END_TEST

SPOIL(value_end, elf_find_symbol(f, "exported")->value = elf_find(f, ".text")->size)
SPOIL(absolute_any, elf_find_symbol(f, "absolute")->value = UINT64_MAX)
SPOIL(undefined_any, elf_find_symbol(f, "imported")->value = 77)

START_TEST(values_at_the_end_and_of_no_section_are_accepted)
{
	static const struct refusal rows[] = {
		{ "the end of its section", value_end, HELIX_OK, "ok" },
		{ "any absolute value", absolute_any, HELIX_OK, "ok" },
		{ "any value of an undefined one", undefined_any, HELIX_OK, "ok" },
	};

	REFUSE_ALL(rows);
}
END_TEST

START_TEST(a_section_symbol_has_its_section_s_name)
{
	struct hmod_span file = good_module();
	struct hmod_image image;
	unsigned seen = 0;
	bool special;

	ck_assert_int_eq(hmod_image_open(&image, file.data, file.size, NULL), HELIX_OK);
	for (uint32_t i = 1; i < image.symbol_count; i++) {
		const char *name = hmod_symbol_name(&image, i);

		ck_assert_int_eq(hmod_symbol_check(&image, i, NULL), HELIX_OK);
		seen += !strcmp(name, ".bss");
		if (!strcmp(name, "absolute")) {
			ck_assert_uint_eq(hmod_symbol_section(&image, i, &special), ELF_SHN_ABS);
			ck_assert(special);
		}
		if (!strcmp(name, "imported")) {
			ck_assert_uint_eq(hmod_symbol_section(&image, i, &special), 0);
			ck_assert(!special);
		}
	}
	ck_assert_uint_eq(seen, 1);
	elf_discard(file);
}
END_TEST

RUN_TESTS("symbol", a_wrong_symbol_is_refused, values_at_the_end_and_of_no_section_are_accepted,
	  a_section_symbol_has_its_section_s_name)
