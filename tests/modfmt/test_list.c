/* SPDX-License-Identifier: MIT */
#include "helix/record.h"
#include "modfmt/judge.h"

#define LIST(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define A16 "aaaaaaaaaaaaaaaa"

START_TEST(wrong_names_in_the_record_are_refused)
{
	static const char *const none[] = { NULL };
	const struct {
		struct elf_module module;
		const char *verdict;
	} rows[] = {
		{ { .name = "m", .dependencies = none, .provides = none }, "ok" },
		{ { .name = NULL }, "module metadata: .name: is required [metadata]" },
		{ { .name = "" }, "module metadata: name '' is empty" },
		{ { .name = "my module" },
		  "module metadata: name 'my module' has a byte that is no letter, digit, - or _" },
		{ { .name = A16 A16 A16 A16 },
		  "module metadata: name '" A16 A16 A16 A16 "' is longer than 63 bytes" },
		{ { .name = "m", .provides = LIST("a/b") },
		  "module metadata: name 'a/b' has a byte that is no letter, digit, - or _" },
		{ { .name = "m", .dependencies = LIST("ok", "lib >= x") },
		  "module metadata: dependency 'lib >= x' has no version (1, 1.2 or 1.2.3) behind "
		  "the comparison; write it as \"name\", \"name >= 1.0\" or \"?name\"" },
		{ { .name = "m", .dependencies = LIST("a-b", "c", "a_b >= 1") },
		  "module metadata: dependency 'a_b' is there twice; write it as \"name\", "
		  "\"name >= 1.0\" or \"?name\"" },
		{ { .name = "m", .dependencies = LIST("a", "cap:a") }, "ok" },
		{ { .name = "m", .without_hooks = 7 },
		  "module metadata: .init: is required [metadata]" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct elf_builder *b = elf_new();
		struct hmod_span file;

		elf_module(b, &rows[i].module);
		file = elf_finish(b);
		ck_assert_str_eq(judge(file), rows[i].verdict);
		elf_discard(file);
	}
}
END_TEST

START_TEST(lists_keep_their_order)
{
	struct elf_builder *b = elf_new();
	struct hmod_span file;
	struct hmod_meta meta;
	void *table;

	elf_module(b, &(struct elf_module){ .name = "m",
					    .provides = LIST("z-1", "a.b", "m"),
					    .aliases = LIST("", "two words", "two words"),
					    .dependencies = LIST("z", "a >= 2") });
	file = elf_finish(b);
	table = flat_table(file, &meta);
	ck_assert_uint_eq(meta.header->provide_count, 3);
	ck_assert_str_eq(hmod_meta_string(&meta, meta.provides[0]), "z_1");
	ck_assert_str_eq(hmod_meta_string(&meta, meta.provides[2]), "m");
	ck_assert_uint_eq(meta.header->alias_count, 3);
	ck_assert_str_eq(hmod_meta_string(&meta, meta.aliases[0]), "");
	ck_assert_str_eq(hmod_meta_string(&meta, meta.aliases[2]), "two words");
	ck_assert_str_eq(hmod_meta_string(&meta, meta.dependencies[1].name), "a");
	ck_assert_uint_eq(meta.dependencies[1].least, UINT64_C(2) << 32);
	free(table);
	elf_discard(file);
}
END_TEST

RUN_TESTS("list", wrong_names_in_the_record_are_refused, lists_keep_their_order)
