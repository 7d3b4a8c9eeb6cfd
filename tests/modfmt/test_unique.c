/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "helix/record.h"
#include "modfmt/judge.h"

#define COUNT 200

static const char **names_made(void)
{
	const char **names = calloc(COUNT + 2, sizeof *names);

	for (unsigned i = 0; i < COUNT; i++) {
		char *name = malloc(16);

		snprintf(name, 16, "n%u", i * 37 % COUNT);
		names[i] = name;
	}
	return names;
}

static void names_discard(const char **names)
{
	for (unsigned i = 0; i < COUNT; i++)
		free((char *)(uintptr_t)names[i]);
	free(names);
}

START_TEST(a_repeated_dependency_is_found_wherever_it_stands)
{
	const char **names = names_made();

	for (unsigned i = 0; i < COUNT; i++) {
		struct elf_builder *b = elf_new();
		struct hmod_span file;

		names[COUNT] = names[i];
		elf_module(b, &(struct elf_module){ .name = "m", .dependencies = names });
		file = elf_finish(b);
		judge(file);
		ck_assert_int_eq(judged, HELIX_E_META_DEPENDENCY);
		elf_discard(file);
	}
	names_discard(names);
}
END_TEST

START_TEST(lists_without_repetition_keep_their_order)
{
	const char **names = names_made();
	struct elf_builder *b = elf_new();
	struct hmod_meta meta;
	struct hmod_span file;
	void *table;

	elf_module(b, &(struct elf_module){ .name = "m", .dependencies = names });
	for (unsigned i = 0; i < COUNT; i++)
		elf_param(b, names[i], names[i], NULL, HELIX_PARAM_string);
	file = elf_finish(b);
	table = flat_table(file, &meta);
	for (unsigned i = 0; i < COUNT; i++) {
		ck_assert_str_eq(hmod_meta_string(&meta, meta.dependencies[i].name), names[i]);
		ck_assert_str_eq(hmod_meta_string(&meta, meta.params[i].name), names[i]);
		ck_assert_str_eq(hmod_meta_string(&meta, meta.params[i].standard), names[i]);
	}
	free(table);
	elf_discard(file);
	names_discard(names);
}
END_TEST

START_TEST(a_repeated_parameter_is_found_and_told)
{
	const char **names = names_made();
	struct elf_builder *b = elf_new();

	elf_module(b, &(struct elf_module){ .name = "m" });
	for (unsigned i = 0; i < COUNT; i++)
		elf_param(b, names[i], "", NULL, HELIX_PARAM_string);
	elf_param(b, "n77", "", NULL, HELIX_PARAM_string);
	ck_refused(elf_finish(b), META_PARAM, "module metadata: parameter n77: is there twice");
	names_discard(names);
}
END_TEST

RUN_TESTS("unique", a_repeated_dependency_is_found_wherever_it_stands,
	  lists_without_repetition_keep_their_order, a_repeated_parameter_is_found_and_told)
