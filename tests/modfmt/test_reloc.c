/* SPDX-License-Identifier: MIT */
#include "modfmt/judge.h"

static struct elf64_rela *rela(struct hmod_span f)
{
	return elf_bytes(f, ".rela.text");
}

static void type_of(struct hmod_span f, uint32_t type)
{
	rela(f)->info = (rela(f)->info & ~UINT64_C(0xffffffff)) | type;
}

SPOIL(got, type_of(f, R_X86_64_GOT32))
SPOIL(tls, type_of(f, R_X86_64_TPOFF32))
SPOIL(ifunc, type_of(f, R_X86_64_IRELATIVE))
SPOIL(unknown, type_of(f, 43))
SPOIL(all_ones, type_of(f, UINT32_MAX))
SPOIL(symbol, rela(f)->info = UINT64_C(5000) << 32 | R_X86_64_PC32)
SPOIL(offset_past, rela(f)->offset = elf_find(f, ".text")->size - 3)
SPOIL(offset_wraps, rela(f)->offset = UINT64_MAX - 1)
SPOIL(width, rela(f)->offset = elf_find(f, ".text")->size - 4; type_of(f, R_X86_64_64))

START_TEST(a_wrong_relocation_is_refused)
{
	static const struct refusal rows[] = {
		{ "through a GOT", got, HELIX_E_RELOC_TYPE,
		  "relocation 0 of section 13 (.rela.text): type 3 (R_X86_64_GOT32) is not "
		  "supported; no compiler for x86-64 writes it: compile again with gcc or clang "
		  "[relocations]" },
		{ "thread-local", tls, HELIX_E_RELOC_TYPE,
		  "relocation 0 of section 13 (.rela.text): type 23 (R_X86_64_TPOFF32) is not "
		  "supported; modules have no thread-local storage: remove _Thread_local "
		  "[relocations]" },
		{ "an ifunc's", ifunc, HELIX_E_RELOC_TYPE,
		  "relocation 0 of section 13 (.rela.text): type 37 (R_X86_64_IRELATIVE) is not "
		  "supported; remove the ifunc attribute [relocations]" },
		{ "a number without a name", unknown, HELIX_E_RELOC_TYPE,
		  "relocation 0 of section 13 (.rela.text): type 43 (unknown) is not supported "
		  "[relocations]" },
		{ "the last number", all_ones, HELIX_E_RELOC_TYPE,
		  "relocation 0 of section 13 (.rela.text): type 4294967295 (unknown) is not "
		  "supported [relocations]" },
		{ "a symbol that is not there", symbol, HELIX_E_RELOC_SYMBOL,
		  "relocation 0 of section 13 (.rela.text): symbol 5000 does not exist "
		  "[relocations]" },
		{ "four bytes at the third last", offset_past, HELIX_E_RELOC_OFFSET,
		  "relocation 0 of section 13 (.rela.text): 4 bytes at 0x46 end past the section "
		  "[relocations]" },
		{ "an offset that wraps", offset_wraps, HELIX_E_RELOC_OFFSET,
		  "relocation 0 of section 13 (.rela.text): 4 bytes at 0xfffffffffffffffe end "
		  "past the section [relocations]" },
		{ "eight bytes at the fourth last", width, HELIX_E_RELOC_OFFSET,
		  "relocation 0 of section 13 (.rela.text): 8 bytes at 0x45 end past the section "
		  "[relocations]" },
	};

	REFUSE_ALL(rows);
}
END_TEST

SPOIL(last_bytes, rela(f)->offset = elf_find(f, ".text")->size - 4)
SPOIL(none_at_end, rela(f)->offset = elf_find(f, ".text")->size; type_of(f, R_X86_64_NONE))
SPOIL(narrow_32, type_of(f, R_X86_64_32))
SPOIL(last_16, rela(f)->offset = elf_find(f, ".text")->size - 2; type_of(f, R_X86_64_16))
SPOIL(last_8, rela(f)->offset = elf_find(f, ".text")->size - 1; type_of(f, R_X86_64_PC8))
SPOIL(marked, rela(f)->offset = 0; type_of(f, R_X86_64_REX_GOTPCRELX))

START_TEST(relocations_up_to_the_end_are_accepted)
{
	static const struct refusal rows[] = {
		{ "the last four bytes", last_bytes, HELIX_OK, "ok" },
		{ "nothing at the end", none_at_end, HELIX_OK, "ok" },
		{ "R_X86_64_32, which may fit", narrow_32, HELIX_OK, "ok" },
		{ "the last two bytes", last_16, HELIX_OK, "ok" },
		{ "the last byte", last_8, HELIX_OK, "ok" },
		{ "a marked instruction that begins before the section", marked, HELIX_OK, "ok" },
	};

	REFUSE_ALL(rows);
}
END_TEST

START_TEST(the_table_has_the_psabi_s_rows)
{
	static const uint32_t supported[] = {
		R_X86_64_NONE, R_X86_64_64, R_X86_64_PC32, R_X86_64_PLT32, R_X86_64_GOTPCREL,
		R_X86_64_32, R_X86_64_32S, R_X86_64_16, R_X86_64_PC16, R_X86_64_8, R_X86_64_PC8,
		R_X86_64_PC64, R_X86_64_GOTOFF64, R_X86_64_GOTPC32, R_X86_64_GOT64,
		R_X86_64_GOTPCREL64, R_X86_64_GOTPC64, R_X86_64_PLTOFF64, R_X86_64_SIZE32,
		R_X86_64_SIZE64, R_X86_64_GOTPCRELX, R_X86_64_REX_GOTPCRELX,
	};
	unsigned count = 0;

	for (uint32_t i = 0; i < HMOD_RELA_TYPES; i++) {
		const struct hmod_rela_type *row = &hmod_rela_types[i];

		ck_assert_msg(row->name && !strncmp(row->name, "R_X86_64_", 9), "%u", i);
		ck_assert_msg(row->supported == !row->mend[0], "%s", row->name);
		count += row->supported;
	}
	ck_assert_uint_eq(count, sizeof supported / sizeof supported[0]);
	for (size_t i = 0; i < count; i++)
		ck_assert(hmod_rela_types[supported[i]].supported);
	ck_assert_uint_eq(hmod_rela_types[R_X86_64_PC32].width, 4);
	ck_assert_uint_eq(hmod_rela_types[R_X86_64_PC64].width, 8);
}
END_TEST

RUN_TESTS("reloc", a_wrong_relocation_is_refused, relocations_up_to_the_end_are_accepted,
	  the_table_has_the_psabi_s_rows)
