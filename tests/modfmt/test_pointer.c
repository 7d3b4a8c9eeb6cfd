/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <time.h>

#include "helix/record.h"
#include "modfmt/judge.h"

static struct elf64_rela *rela_at(struct hmod_span f, const char *section, uint64_t offset)
{
	struct elf64_rela *r = elf_bytes(f, section);

	while (r->offset != offset)
		r++;
	return r;
}

#define FIELD(name) \
	rela_at(f, ".rela.hmod.module", offsetof(struct helix_module_record, name))

static char *text_of(struct hmod_span f, const struct elf64_rela *rela)
{
	return (char *)elf_bytes(f, ".rodata.str") + rela->addend;
}

SPOIL(name_import, FIELD(name)->info = UINT64_C(14) << 32 | R_X86_64_64)
SPOIL(name_past, FIELD(name)->addend = (int64_t)elf_find(f, ".rodata.str")->size)
SPOIL(name_before, FIELD(name)->addend = INT64_MIN)
SPOIL(name_32, FIELD(name)->info += R_X86_64_32 - R_X86_64_64)
SPOIL(name_bss, elf_find(f, ".rodata.str")->type = ELF_SHT_NOBITS)
SPOIL(no_nul, char *s = elf_bytes(f, ".rodata.str"); uint64_t n = elf_find(f, ".rodata.str")->size;
      FIELD(author)->addend = (int64_t)n - 2; s[n - 1] = 'x')
SPOIL(control, text_of(f, FIELD(description))[2] = '\033')
SPOIL(newline, text_of(f, FIELD(license))[0] = '\n')
SPOIL(list_import, FIELD(provides)->info = UINT64_C(14) << 32 | R_X86_64_64)
SPOIL(list_end, elf_find(f, ".data.rel.ro")->size -= 8)
SPOIL(list_text, FIELD(dependencies)->addend += 4)
SPOIL(list_entry, rela_at(f, ".rela.data.rel.ro", 0)->addend = -1)

START_TEST(a_pointer_that_leads_elsewhere_is_refused)
{
	static const struct refusal rows[] = {
		{ "a name of another module", name_import, HELIX_E_META_POINTER,
		  "module metadata: the name does not point to a string in the same file "
		  "[metadata]" },
		{ "a name past its section", name_past, HELIX_E_META_POINTER,
		  "module metadata: the name does not point to a string in the same file "
		  "[metadata]" },
		{ "a name far before", name_before, HELIX_E_META_POINTER,
		  "module metadata: the name does not point to a string in the same file "
		  "[metadata]" },
		{ "a name in half a pointer", name_32, HELIX_E_META_POINTER,
		  "module metadata: the name does not point to a string in the same file "
		  "[metadata]" },
		{ "a name without bytes", name_bss, HELIX_E_META_POINTER,
		  "module metadata: the name does not point to a string in the same file "
		  "[metadata]" },
		{ "an author without a NUL", no_nul, HELIX_E_META_POINTER,
		  "module metadata: the author does not point to a string in the same file "
		  "[metadata]" },
		{ "a description with an escape", control, HELIX_E_META_TEXT,
		  "module metadata: the description has a control character [metadata]" },
		{ "a license with a newline", newline, HELIX_E_META_TEXT,
		  "module metadata: the license has a control character [metadata]" },
		{ "a list of another module", list_import, HELIX_E_META_POINTER,
		  "module metadata: provides does not point to a list that ends with NULL in the "
		  "same file [metadata]" },
		{ "a list without an end", list_end, HELIX_E_META_POINTER,
		  "module metadata: aliases does not point to a list that ends with NULL in the "
		  "same file [metadata]" },
		{ "a list from the middle of a pointer", list_text, HELIX_E_META_POINTER,
		  "module metadata: dependencies does not point to a list that ends with NULL in "
		  "the same file [metadata]" },
		{ "an entry that leads elsewhere", list_entry, HELIX_E_META_POINTER,
		  "module metadata: dependencies does not point to a string in the same file "
		  "[metadata]" },
	};

	REFUSE_ALL(rows);
}
END_TEST

START_TEST(texts_have_four_kibibytes_and_any_script)
{
	static const struct {
		size_t length;
		const char *verdict;
	} rows[] = { { 4096, "ok" },
		     { 4097, "module metadata: the author is longer than 4096 bytes [metadata]" } };

	for (size_t i = 0; i < 2; i++) {
		struct elf_builder *b = elf_new();
		char text[5000] = { 0 };
		struct hmod_span file;

		memset(text, 'x', rows[i].length);
		elf_module(b, &(struct elf_module){
				      .name = "m", .author = text, .description = "für 日本" });
		file = elf_finish(b);
		ck_assert_str_eq(judge(file), rows[i].verdict);
		elf_discard(file);
	}
}
END_TEST

/* A module with this many dependencies and parameters, without descriptions. */
static struct elf_builder *crowded(uint32_t count)
{
	struct elf_builder *b = elf_new();
	const char **names = calloc(count + 1, sizeof *names);

	for (uint32_t i = 0; i < count; i++) {
		char *name = malloc(16);

		snprintf(name, 16, "d%u", i * 7919 % count);
		names[i] = name;
	}
	elf_module(b, &(struct elf_module){ .name = "crowded", .dependencies = names });
	for (uint32_t i = 0; i < count; i++) {
		elf_param(b, names[i], "1", NULL, HELIX_PARAM_uint);
		free((char *)(uintptr_t)names[i]);
	}
	free(names);
	return b;
}

static double seconds_to_judge(struct hmod_span file)
{
	clock_t begin = clock();

	judge(file);
	return (double)(clock() - begin) / CLOCKS_PER_SEC;
}

START_TEST(thousands_of_dependencies_and_parameters_are_no_matter)
{
	struct hmod_span file = elf_finish(crowded(5000));
	struct hmod_meta meta;
	void *table;

	ck_assert_str_eq(judge(file), "ok");
	ck_assert_double_lt(seconds_to_judge(file), 2);
	table = flat_table(file, &meta);
	ck_assert_uint_eq(meta.header->dependency_count, 5000);
	ck_assert_str_eq(hmod_meta_string(&meta, meta.dependencies[1].name), "d2919");
	ck_assert_str_eq(hmod_meta_string(&meta, meta.params[2].name), "d838");
	free(table);
	elf_discard(file);
}
END_TEST

/* Relocations in the worst order for a walk: accepted or refused, but soon. */
START_TEST(relocations_in_a_hostile_order_take_no_square_of_time)
{
	struct elf_builder *b = crowded(5000);
	struct hmod_span file;

	elf_relas_backwards(b);
	elf_split_relas(b);
	file = elf_finish(b);
	ck_assert_double_lt(seconds_to_judge(file), 3);
	elf_discard(file);
}
END_TEST

/* Interfaces whose lists of names stand in two large sections by turns: each is
 * opened anew, which is paid for. */
static struct elf_builder *by_turns(uint32_t count, uint32_t relocations)
{
	struct elf_builder *b = elf_new();
	uint32_t lists[2], symbol, first;
	char name[16];

	elf_module(b, &(struct elf_module){ .name = "m" });
	symbol = elf_section_symbol(b, elf_section_once(b, ".rodata.str", ELF_SHF_ALLOC));
	for (uint32_t k = 0; k < 2; k++) {
		lists[k] = elf_section(b, k ? ".lists1" : ".lists0", ELF_SHT_PROGBITS,
				       ELF_SHF_ALLOC, 8);
		elf_append(b, lists[k], "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16);
		for (uint32_t i = 0; i < relocations; i++) {
			uint64_t at = elf_append(b, lists[k], "\0\0\0\0\0\0\0", 8);

			elf_relocate(b, lists[k], at, ELF_RELA_INFO(symbol, R_X86_64_64), 0);
		}
		elf_relocate(b, lists[k], 0, ELF_RELA_INFO(symbol, R_X86_64_64), 0);
	}
	first = elf_section_once(b, ".hmod.interface", ELF_SHF_ALLOC);
	for (uint32_t i = 0; i < count; i++) {
		snprintf(name, sizeof name, "i%u", i);
		elf_interface(b, &(struct elf_interface){ .name = name, .count = 1 });
		elf_relocate(b, first, i * sizeof(struct helix_interface_record) +
					       offsetof(struct helix_interface_record, names),
			     ELF_RELA_INFO(elf_section_symbol(b, lists[i % 2]), R_X86_64_64), 0);
	}
	return b;
}

START_TEST(opening_sections_by_turns_takes_no_square_of_time)
{
	struct hmod_span file = elf_finish(by_turns(4, 10));

	ck_assert_str_eq(judge(file), "ok");
	elf_discard(file);
	file = elf_finish(by_turns(4000, 50000));
	ck_assert_double_lt(seconds_to_judge(file), 2);
	ck_assert_int_eq(judged, HELIX_E_META_POINTER);
	elf_discard(file);
}
END_TEST

/* Exports that are all replaced by one text of 4 KiB. */
START_TEST(a_long_text_that_many_share_takes_no_square_of_time)
{
	struct elf_builder *b = elf_new();
	struct hmod_span file;
	struct elf64_rela *r;
	char text[4097];

	memset(text, 'x', 4096);
	text[4096] = 0;
	elf_module(b, &(struct elf_module){ .name = "m", .description = text });
	for (uint32_t i = 0; i < 20000; i++)
		elf_export_deprecated(b, elf_function(b, "f", ELF_STB_GLOBAL), "y", 0, 0);
	file = elf_finish(b);
	r = elf_bytes(file, ".rela.hmod.export");
	for (uint32_t i = 0; i < 20000; i++)
		r[2 * i + 1].addend = rela_at(file, ".rela.hmod.module",
					      offsetof(struct helix_module_record,
						       description))->addend;
	ck_assert_double_lt(seconds_to_judge(file), 2);
	ck_assert_int_eq(judged, HELIX_E_META_POINTER);
	elf_discard(file);
}
END_TEST

RUN_TESTS("pointer", a_pointer_that_leads_elsewhere_is_refused,
	  texts_have_four_kibibytes_and_any_script,
	  thousands_of_dependencies_and_parameters_are_no_matter,
	  relocations_in_a_hostile_order_take_no_square_of_time,
	  opening_sections_by_turns_takes_no_square_of_time,
	  a_long_text_that_many_share_takes_no_square_of_time)
