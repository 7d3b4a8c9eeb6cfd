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
	for (unsigned i = 0; i < COUNT; i++) {
		elf_param(b, names[i], names[i], NULL, HELIX_PARAM_string);
		elf_interface(b, &(struct elf_interface){ .name = names[i], .count = 1,
							  .priority = i });
	}
	file = elf_finish(b);
	table = flat_table(file, &meta);
	for (unsigned i = 0; i < COUNT; i++) {
		ck_assert_str_eq(hmod_meta_string(&meta, meta.dependencies[i].name), names[i]);
		ck_assert_str_eq(hmod_meta_string(&meta, meta.params[i].name), names[i]);
		ck_assert_str_eq(hmod_meta_string(&meta, meta.params[i].standard), names[i]);
		ck_assert_str_eq(hmod_meta_string(&meta, meta.interfaces[i].name), names[i]);
		ck_assert_uint_eq(meta.interfaces[i].priority, i);
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

/* Sorting may find either of the two first. */
static void judge_interface_twice(struct hmod_span file)
{
	const char *said = judge(file);

	ck_assert_int_eq(judged, HELIX_E_META_INTERFACE);
	ck_assert_msg(!strcmp(said, "interface 200: n_7 is there twice") ||
			      !strcmp(said, "interface 201: n_7 is there twice"), "%s", said);
	elf_discard(file);
}

START_TEST(a_repeated_interface_is_found_and_told)
{
	struct elf_builder *b = elf_new();
	char name[16];

	elf_module(b, &(struct elf_module){ .name = "m" });
	for (unsigned i = 0; i < COUNT; i++) {
		snprintf(name, sizeof name, "n%u", i * 37 % COUNT);
		elf_interface(b, &(struct elf_interface){ .name = name, .count = 1 });
	}
	elf_interface(b, &(struct elf_interface){ .name = "n-7", .count = 1 });
	elf_interface(b, &(struct elf_interface){ .name = "n_7", .major = 2, .count = 1 });
	judge_interface_twice(elf_finish(b));
}
END_TEST

RUN_TESTS("unique", a_repeated_dependency_is_found_wherever_it_stands,
	  lists_without_repetition_keep_their_order, a_repeated_parameter_is_found_and_told,
	  a_repeated_interface_is_found_and_told)
