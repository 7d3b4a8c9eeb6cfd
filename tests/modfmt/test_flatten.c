/* SPDX-License-Identifier: MIT */
#include "helix/record.h"
#include "modfmt/judge.h"

#define LIST(...) ((const char *const[]){ __VA_ARGS__, NULL })

START_TEST(wrong_parameters_are_refused)
{
	static const struct {
		const char *name, *standard;
		uint32_t type;
		const char *verdict;
	} rows[] = {
		{ "n", "12", HELIX_PARAM_uint, "ok" },
		{ "n", NULL, HELIX_PARAM_string, "ok" },
		{ "n", "x", HELIX_PARAM_uint,
		  "module metadata: parameter n: is not an unsigned number" },
		{ "n", NULL, HELIX_PARAM_int, "module metadata: parameter n: is not a number" },
		{ "n", "maybe", HELIX_PARAM_bool,
		  "module metadata: parameter n: is neither true nor false" },
		{ "n", "1", 0, "module metadata: parameter n: has an unknown type" },
		{ NULL, "1", HELIX_PARAM_int, "module metadata: parameter : is empty" },
		{ "a b", "1", HELIX_PARAM_int,
		  "module metadata: parameter a b: has a byte that is no letter, digit, - or _" },
		{ "other-one", "1", HELIX_PARAM_int,
		  "module metadata: parameter other_one: is there twice" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct elf_builder *b = elf_new();
		struct hmod_span file;

		elf_module(b, &(struct elf_module){ .name = "m" });
		elf_param(b, "other_one", "", NULL, HELIX_PARAM_string);
		elf_param(b, rows[i].name, rows[i].standard, NULL, rows[i].type);
		file = elf_finish(b);
		ck_assert_str_eq(judge(file), rows[i].verdict);
		elf_discard(file);
	}
}
END_TEST

START_TEST(metadata_over_the_cap_is_refused)
{
	struct elf_builder *b = elf_new();
	const char *names[301] = { NULL };
	char text[4001] = { 0 };
	struct hmod_span file;

	memset(text, 'x', 4000);
	for (unsigned i = 0; i < 300; i++)
		names[i] = text;
	elf_module(b, &(struct elf_module){ .name = "m", .aliases = names });
	file = elf_finish(b);
	judge(file);
	ck_assert_int_eq(judged, HELIX_E_TOO_LARGE);
	elf_discard(file);
}
END_TEST

START_TEST(what_is_not_given_has_its_default)
{
	struct elf_builder *b = elf_new();
	struct hmod_meta meta;
	struct hmod_span file;
	void *table;

	elf_module(b, &(struct elf_module){ .name = "my-mod" });
	file = elf_finish(b);
	table = flat_table(file, &meta);
	ck_assert_str_eq(meta.name, "my_mod");
	ck_assert_uint_eq(meta.name_length, 6);
	ck_assert_str_eq(meta.description, "");
	ck_assert_str_eq(meta.author, "Unknown");
	ck_assert_str_eq(meta.license, "MIT");
	ck_assert_uint_eq(meta.header->version, UINT64_C(1) << 16);
	ck_assert_uint_eq(meta.header->dependency_count, 0);
	free(table);
	elf_discard(file);
}
END_TEST

START_TEST(everything_given_is_in_the_table)
{
	struct hmod_span file = good_module();
	struct hmod_meta meta;
	void *table = flat_table(file, &meta);

	ck_assert_str_eq(meta.name, "good_one");
	ck_assert_str_eq(meta.description, "does good");
	ck_assert_str_eq(meta.author, "A. Author");
	ck_assert_uint_eq(meta.header->flags, 2);
	ck_assert_uint_eq(meta.header->version, UINT64_C(0x100020003));
	ck_assert_uint_eq(meta.header->abi_major, HELIX_ABI_MAJOR);
	ck_assert_uint_eq(meta.header->dependency_count, 3);
	ck_assert_str_eq(hmod_meta_string(&meta, meta.dependencies[0].name), "chain_a");
	ck_assert_uint_eq(meta.dependencies[0].least, UINT64_C(0x100020000));
	ck_assert_uint_eq(meta.dependencies[1].flags, HMOD_DEPENDENCY_OPTIONAL);
	ck_assert_uint_eq(meta.dependencies[2].hash, hmod_name_hash("block.v1", 8));
	ck_assert_uint_eq(meta.header->provide_count, 2);
	ck_assert_str_eq(hmod_meta_string(&meta, meta.provides[1]), "helix.test");
	ck_assert_str_eq(hmod_meta_string(&meta, meta.aliases[0]), "pci:v8086*");
	ck_assert_uint_eq(meta.header->param_count, 2);
	ck_assert_str_eq(hmod_meta_string(&meta, meta.params[0].standard), "hi");
	ck_assert_str_eq(hmod_meta_string(&meta, meta.params[1].description), "");
	ck_assert_uint_eq(meta.params[1].type, HELIX_PARAM_uint);
	free(table);
	elf_discard(file);
}
END_TEST

START_TEST(a_flat_table_without_a_record_is_no_module)
{
	struct hmod_span file = good_module();
	struct hmod_meta meta;
	struct hmod_flat_header *table = flat_table(file, &meta);

	ck_refused(with_flat(elf_new(), table, table->size), META_MISSING,
		   "no module metadata (section .hmod.module); declare the module with "
		   "HELIX_MODULE");
	free(table);
	elf_discard(file);
}
END_TEST

START_TEST(wrong_ranges_are_refused)
{
	static const struct {
		struct elf_param param;
		const char *verdict;
	} rows[] = {
		{ { "n", "5", NULL, HELIX_PARAM_uint, HELIX_PARAM_RANGED, 1, 10 }, "ok" },
		{ { "n", "-5", NULL, HELIX_PARAM_int, HELIX_PARAM_RANGED, (uint64_t)-5, 0 }, "ok" },
		{ { "n", "a,b", NULL, HELIX_PARAM_list, 0, 0, 0 }, "ok" },
		{ { "n", "0", NULL, HELIX_PARAM_uint, HELIX_PARAM_RANGED, 1, 10 },
		  "module metadata: parameter n: is out of range" },
		{ { "n", "5", NULL, HELIX_PARAM_uint, HELIX_PARAM_RANGED, 10, 1 },
		  "module metadata: parameter n: has an empty range" },
		{ { "n", "5", NULL, HELIX_PARAM_string, HELIX_PARAM_RANGED, 1, 10 },
		  "module metadata: parameter n: has a range but is no number" },
		{ { "n", "a", NULL, HELIX_PARAM_list, HELIX_PARAM_RANGED, 1, 10 },
		  "module metadata: parameter n: has a range but is no number" },
		{ { "n", "5", NULL, HELIX_PARAM_uint, 0, 1, 10 },
		  "module metadata: parameter n: has ends of a range but no flag for it" },
		{ { "n", "5", NULL, HELIX_PARAM_uint, 2, 0, 0 },
		  "module metadata: parameter n: has unknown flags" },
		{ { "n", "5", NULL, HELIX_PARAM_uint, 0x10000, 0, 0 },
		  "module metadata: parameter n: has unknown flags" },
		{ { "n", "5", NULL, 6, 0, 0, 0 },
		  "module metadata: parameter n: has an unknown type" },
		{ { "n", "5", NULL, 0x10003, 0, 0, 0 },
		  "module metadata: parameter n: has an unknown type" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct elf_builder *b = elf_new();
		struct hmod_span file;

		elf_module(b, &(struct elf_module){ .name = "m" });
		elf_param_full(b, &rows[i].param);
		file = elf_finish(b);
		ck_assert_str_eq(judge(file), rows[i].verdict);
		elf_discard(file);
	}
}
END_TEST

START_TEST(a_range_is_in_the_table)
{
	struct hmod_span file = rich_module();
	struct hmod_meta meta;
	void *table = flat_table(file, &meta);
	const struct hmod_flat_param *level = &meta.params[2];

	ck_assert_str_eq(hmod_meta_string(&meta, level->name), "level");
	ck_assert_uint_eq(level->type, HELIX_PARAM_int);
	ck_assert_uint_eq(level->flags, HELIX_PARAM_RANGED);
	ck_assert_int_eq((int64_t)level->least, -5);
	ck_assert_int_eq((int64_t)level->most, 5);
	ck_assert_uint_eq(meta.params[0].flags, 0);
	free(table);
	elf_discard(file);
}
END_TEST

/* ---- authors ---------------------------------------------------------------------- */

START_TEST(authors_are_a_list_and_a_text)
{
	static const char *const none[] = { NULL };
	const struct {
		struct elf_module module;
		const char *author;
		const char *const *authors;
	} rows[] = {
		{ { .name = "m" }, "Unknown", LIST("Unknown") },
		{ { .name = "m", .author = "A. One" }, "A. One", LIST("A. One") },
		{ { .name = "m", .author = "" }, "", LIST("") },
		{ { .name = "m", .v1 = true }, "Unknown", LIST("Unknown") },
		{ { .name = "m", .v1 = true, .authors = none }, "Unknown", LIST("Unknown") },
		{ { .name = "m", .v1 = true, .authors = LIST("A. One") }, "A. One", LIST("A. One") },
		{ { .name = "m", .v1 = true, .authors = LIST("A. One", "B. Two") },
		  "A. One, B. Two", LIST("A. One", "B. Two") },
		{ { .name = "m", .v1 = true, .authors = LIST("A", "", "C") }, "A, , C",
		  LIST("A", "", "C") },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct elf_builder *b = elf_new();
		struct hmod_meta meta;
		struct hmod_span file;
		uint32_t n = 0;
		void *table;

		elf_module(b, &rows[i].module);
		file = elf_finish(b);
		ck_assert_str_eq(judge(file), "ok");
		table = flat_table(file, &meta);
		ck_assert_str_eq(meta.author, rows[i].author);
		for (; rows[i].authors[n]; n++)
			ck_assert_str_eq(hmod_meta_string(&meta, meta.authors[n]),
					 rows[i].authors[n]);
		ck_assert_uint_eq(meta.header->author_count, n);
		free(table);
		elf_discard(file);
	}
}
END_TEST

START_TEST(authors_together_are_one_text)
{
	char half[2049] = { 0 }, less[2047] = { 0 };
	struct elf_builder *b = elf_new();
	struct hmod_span file;

	memset(half, 'x', 2048);
	memset(less, 'x', 2046);
	elf_module(b, &(struct elf_module){ .name = "m", .v1 = true, .authors = LIST(half, less) });
	file = elf_finish(b);
	ck_assert_str_eq(judge(file), "ok");
	elf_discard(file);
	b = elf_new();
	elf_module(b, &(struct elf_module){ .name = "m", .v1 = true, .authors = LIST(half, half) });
	ck_refused(elf_finish(b), META_TEXT,
		   "module metadata: the sum of authors is longer than 4096 bytes");
}
END_TEST

START_TEST(a_v1_module_has_all_the_rest_too)
{
	struct elf_builder *b = elf_new();
	struct hmod_meta meta;
	struct hmod_span file;
	void *table;

	elf_module(b, &(struct elf_module){ .name = "old-one", .v1 = true, .license = "BSD",
					    .provides = LIST("cap.a"),
					    .dependencies = LIST("lib >= 1") });
	elf_param(b, "n", "1", NULL, HELIX_PARAM_uint);
	elf_interface(b, &(struct elf_interface){ .name = "helix.x", .count = 1, .message = true });
	file = elf_finish(b);
	ck_assert_str_eq(judge(file), "ok");
	table = flat_table(file, &meta);
	ck_assert_str_eq(meta.name, "old_one");
	ck_assert_str_eq(meta.license, "BSD");
	ck_assert_str_eq(hmod_meta_string(&meta, meta.provides[0]), "cap.a");
	ck_assert_str_eq(hmod_meta_string(&meta, meta.dependencies[0].name), "lib");
	ck_assert_uint_eq(meta.header->param_count, 1);
	ck_assert_uint_eq(meta.interfaces[0].flags, HMOD_INTERFACE_MESSAGE);
	free(table);
	elf_discard(file);
}
END_TEST

static void measure_short(struct hmod_span file)
{
	struct hmod_image image;
	size_t size, again;

	ck_assert_int_eq(hmod_image_open(&image, file.data, file.size, NULL), HELIX_OK);
	hmod_meta_flatten(&image, NULL, 0, &size, NULL);
	for (size_t capacity = 0; capacity <= size; capacity++) {
		void *table = malloc(capacity ? capacity : 1);
		enum helix_status status =
			hmod_meta_flatten(&image, table, capacity, &again, NULL);

		ck_assert_int_eq(status, capacity < size ? HELIX_E_TOO_LARGE : HELIX_OK);
		ck_assert_uint_eq(again, size);
		free(table);
	}
	elf_discard(file);
}

START_TEST(a_short_buffer_gets_the_size_and_is_not_overrun)
{
	struct elf_builder *b = elf_new();

	measure_short(good_module());
	measure_short(rich_module());
	elf_module(b, &(struct elf_module){ .name = "m", .v1 = true, .authors = LIST("A", "B") });
	measure_short(elf_finish(b));
}
END_TEST

RUN_TESTS("flatten", wrong_parameters_are_refused, wrong_ranges_are_refused,
	  a_range_is_in_the_table, metadata_over_the_cap_is_refused,
	  what_is_not_given_has_its_default, everything_given_is_in_the_table,
	  authors_are_a_list_and_a_text, authors_together_are_one_text,
	  a_v1_module_has_all_the_rest_too, a_short_buffer_gets_the_size_and_is_not_overrun,
	  a_flat_table_without_a_record_is_no_module)
