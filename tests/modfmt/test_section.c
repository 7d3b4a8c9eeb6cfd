/* SPDX-License-Identifier: MIT */
#include "modfmt/judge.h"

#define TEXT_INDEX ((uint32_t)elf_find_index(f, ".text"))

SPOIL(name_outside, elf_find(f, ".data")->name = 100000)
SPOIL(range_outside, elf_find(f, ".data")->offset = f.size - 15)
SPOIL(range_wraps, elf_find(f, ".data")->offset = UINT64_MAX - 7)
SPOIL(size_wraps, elf_find(f, ".data")->size = UINT64_MAX)
SPOIL(debug_outside, elf_find(f, ".debug_info")->size = f.size)
SPOIL(align_three, elf_find(f, ".data")->addralign = 3)
SPOIL(align_over, elf_find(f, ".data")->addralign = HMOD_ALIGN_MAX * 2)
SPOIL(write_exec, elf_find(f, ".text")->flags |= ELF_SHF_WRITE)
SPOIL(tls, elf_find(f, ".data")->flags |= ELF_SHF_TLS)
SPOIL(large_bss, elf_find(f, ".bss")->size = HMOD_SIZE_MAX + 1)
SPOIL(huge_bss, elf_find(f, ".bss")->size = UINT64_MAX - 3)
SPOIL(large_sum, elf_find(f, ".bss")->size = HMOD_SIZE_MAX)
SPOIL(second_symtab, struct elf64_section *s = elf_find(f, ".debug_info");
      s->type = ELF_SHT_SYMTAB; s->link = elf_find_index(f, ".strtab"); s->entsize = 24;
      s->size = 0)
SPOIL(symtab_size, elf_find(f, ".symtab")->size -= 1)
SPOIL(symtab_entry, elf_find(f, ".symtab")->entsize = 16)
SPOIL(symtab_link, elf_find(f, ".symtab")->link = 5000)
SPOIL(symtab_link_type, elf_find(f, ".symtab")->link = TEXT_INDEX)
SPOIL(symtab_info, elf_find(f, ".symtab")->info = 5000)
SPOIL(strings_no_nul, char *s = elf_bytes(f, ".strtab"); s[elf_find(f, ".strtab")->size - 1] = 'x')
SPOIL(strings_empty, elf_find(f, ".strtab")->size = 0)
SPOIL(strings_outside, elf_find(f, ".strtab")->offset = f.size)
SPOIL(rela_size, elf_find(f, ".rela.text")->size -= 1)
SPOIL(rela_entry, elf_find(f, ".rela.text")->entsize = 16)
SPOIL(rela_link, elf_find(f, ".rela.text")->link = TEXT_INDEX)
SPOIL(rela_info, elf_find(f, ".rela.text")->info = 5000)
SPOIL(rela_info_none, elf_find(f, ".rela.text")->info = 0)
SPOIL(rel, elf_find(f, ".rela.text")->type = ELF_SHT_REL)
SPOIL(record_twice, elf_find(f, ".hmod.param")->name = elf_find(f, ".hmod.module")->name)
SPOIL(extended_link, elf_find(f, ".debug_info")->type = ELF_SHT_SYMTAB_SHNDX)
SPOIL(extended_size, elf_find(f, ".debug_info")->type = ELF_SHT_SYMTAB_SHNDX;
      elf_find(f, ".debug_info")->link = elf_find_index(f, ".symtab"))
SPOIL(no_symtab, elf_find(f, ".symtab")->type = ELF_SHT_PROGBITS)

static const struct refusal section_rows[] = {
	{ "a name outside", name_outside, HELIX_E_SECTION_NAME,
	  "section 5: name offset 0x186a0 is outside the name table [sections]" },
	{ "a range outside", range_outside, HELIX_E_SECTION_RANGE,
	  "section 5 (.data): 16 bytes at 0xe21 are not inside the file; copy or build "
	  "it again [sections]" },
	{ "an offset that wraps", range_wraps, HELIX_E_SECTION_RANGE,
	  "section 5 (.data): 16 bytes at 0xfffffffffffffff8 are not inside the file; "
	  "copy or build it again [sections]" },
	{ "a size that wraps", size_wraps, HELIX_E_SECTION_RANGE,
	  "section 5 (.data): 18446744073709551615 bytes at 0x210 are not inside the "
	  "file; copy or build it again [sections]" },
	{ "debug information outside", debug_outside, HELIX_E_SECTION_RANGE,
	  "section 7 (.debug_info): 3632 bytes at 0x220 are not inside the file; copy or "
	  "build it again [sections]" },
	{ "an alignment of 3", align_three, HELIX_E_SECTION_ALIGN,
	  "section 5 (.data): alignment 3 is not a power of two up to 2097152 [sections]" },
	{ "an alignment over the cap", align_over, HELIX_E_SECTION_ALIGN,
	  "section 5 (.data): alignment 4194304 is not a power of two up to 2097152 "
	  "[sections]" },
	{ "writable code", write_exec, HELIX_E_SECTION_FLAGS,
	  "section 4 (.text) is both writable and executable; split it: a module's code "
	  "is never writable [sections]" },
	{ "thread-local data", tls, HELIX_E_SECTION_TLS,
	  "section 5 (.data) is thread-local; modules have no thread-local storage: "
	  "remove _Thread_local [sections]" },
	{ "a .bss over the cap", large_bss, HELIX_E_MODULE_SIZE,
	  "the module needs 268435457 bytes of memory, at most 268435456 [sections]" },
	{ "a .bss of all", huge_bss, HELIX_E_MODULE_SIZE,
	  "the module needs 18446744073709551612 bytes of memory, at most 268435456 "
	  "[sections]" },
	{ "a sum over the cap", large_sum, HELIX_E_MODULE_SIZE,
	  "the module needs 268435924 bytes of memory, at most 268435456 [sections]" },
	{ "a second symbol table", second_symtab, HELIX_E_SYMBOL_TABLE,
	  "symbol table 18 (.symtab): there is a second one [sections]" },
	{ "a symbol table's size", symtab_size, HELIX_E_SYMBOL_TABLE,
	  "symbol table 18 (.symtab): its size is not a multiple of 24-byte entries "
	  "[sections]" },
	{ "a symbol table's entries", symtab_entry, HELIX_E_SYMBOL_TABLE,
	  "symbol table 18 (.symtab): its size is not a multiple of 24-byte entries "
	  "[sections]" },
	{ "a symbol table's sh_link", symtab_link, HELIX_E_SECTION_LINK,
	  "section 18 (.symtab): sh_link 5000 is not a string table [sections]" },
	{ "symbol names in code", symtab_link_type, HELIX_E_SECTION_LINK,
	  "section 18 (.symtab): sh_link 4 is not a string table [sections]" },
	{ "a symbol table's sh_info", symtab_info, HELIX_E_SECTION_INFO,
	  "section 18 (.symtab): sh_info 5000 is not the number of local symbols "
	  "[sections]" },
	{ "strings without a NUL", strings_no_nul, HELIX_E_STRING_TABLE,
	  "string table 19 (.strtab) does not end with a NUL byte [sections]" },
	{ "no strings", strings_empty, HELIX_E_STRING_TABLE,
	  "string table 19 (.strtab) does not end with a NUL byte [sections]" },
	{ "strings outside", strings_outside, HELIX_E_SECTION_LINK,
	  "section 18 (.symtab): sh_link 19 is not a string table inside the file "
	  "[sections]" },
	{ "a RELA section's size", rela_size, HELIX_E_RELOC_TABLE,
	  "relocation section 13 (.rela.text): 23 bytes are not a multiple of 24 "
	  "[sections]" },
	{ "a RELA section's entries", rela_entry, HELIX_E_RELOC_TABLE,
	  "relocation section 13 (.rela.text): 16 bytes are not a multiple of 24 "
	  "[sections]" },
	{ "a RELA section's sh_link", rela_link, HELIX_E_SECTION_LINK,
	  "section 13 (.rela.text): sh_link 4 is not the symbol table [sections]" },
	{ "a RELA section's sh_info", rela_info, HELIX_E_SECTION_INFO,
	  "section 13 (.rela.text): sh_info 5000 is not a section [sections]" },
	{ "a RELA section for none", rela_info_none, HELIX_E_SECTION_INFO,
	  "section 13 (.rela.text): sh_info 0 is not a section [sections]" },
	{ "a REL section", rel, HELIX_E_RELOC_REL,
	  "section 13 (.rela.text) holds relocations without addends (REL); x86-64 "
	  "objects use RELA [sections]" },
	{ "two .hmod.module", record_twice, HELIX_E_META_DUPLICATE,
	  "module metadata stands there 2 times; one HELIX_MODULE a module [metadata]" },
	{ "section indices for none", extended_link, HELIX_E_SECTION_LINK,
	  "section 7 (.debug_info): sh_link 0 is not the symbol table [sections]" },
	{ "too few section indices", extended_size, HELIX_E_SYMBOL_TABLE,
	  "symbol table 7 (.debug_info): its section indices do not match it [sections]" },
	{ "no symbol table", no_symtab, HELIX_E_SECTION_LINK,
	  "section 11 (.rela.hmod.module): sh_link 18 is not the symbol table [sections]" },
};

START_TEST(a_wrong_section_is_refused)
{
	REFUSE_ALL(section_rows);
}
END_TEST

SPOIL(align_none, elf_find(f, ".data")->addralign = 0)
SPOIL(align_cap, elf_find(f, ".data")->addralign = HMOD_ALIGN_MAX)
SPOIL(align_debug, elf_find(f, ".debug_info")->addralign = 3)
SPOIL(null_rubbish, elf_find(f, ".debug_info")->type = ELF_SHT_NULL)
SPOIL(unknown_type, elf_find(f, ".debug_info")->type = 0x6fff4c04)
SPOIL(big_bss, elf_find(f, ".bss")->size = UINT64_C(128) << 20)
SPOIL(empty_at_end, elf_find(f, ".debug_info")->offset = f.size;
      elf_find(f, ".debug_info")->size = 0;
      elf_find(f, ".rela.debug_info")->size = 0)

START_TEST(what_compilers_may_write_is_accepted)
{
	static const struct refusal rows[] = {
		{ "alignment 0", align_none, HELIX_OK, "ok" },
		{ "alignment 2 MiB", align_cap, HELIX_OK, "ok" },
		{ "any alignment of what is not loaded", align_debug, HELIX_OK, "ok" },
		{ "an unused section header", null_rubbish, HELIX_OK, "ok" },
		{ "an unknown section type", unknown_type, HELIX_OK, "ok" },
		{ "128 MiB of .bss", big_bss, HELIX_OK, "ok" },
		{ "an empty section at the end of the file", empty_at_end, HELIX_OK, "ok" },
	};

	REFUSE_ALL(rows);
}
END_TEST

RUN_TESTS("section", a_wrong_section_is_refused, what_compilers_may_write_is_accepted)
