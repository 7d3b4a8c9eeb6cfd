/* SPDX-License-Identifier: MIT */
#include "helix/record.h"
#include "modfmt/judge.h"

static struct helix_module_record *record(struct hmod_span f)
{
	return elf_bytes(f, ".hmod.module");
}

SPOIL(no_record, elf_find(f, ".hmod.module")->name++)
SPOIL(record_bss, elf_find(f, ".hmod.module")->type = ELF_SHT_NOBITS)
SPOIL(record_cut, elf_find(f, ".hmod.module")->size -= 8)
SPOIL(magic, record(f)->magic++)
SPOIL(format, record(f)->format = 3)
SPOIL(size, record(f)->size = 160)
SPOIL(version, record(f)->version = UINT64_C(1) << 48)
SPOIL(flag_bits, record(f)->flags = 1 << 10)
SPOIL(params_cut, elf_find(f, ".hmod.param")->size -= 8)
SPOIL(param_type, ((struct helix_param_record *)elf_bytes(f, ".hmod.param"))->type = 9)

SPOIL(param_flags, ((struct helix_param_record *)elf_bytes(f, ".hmod.param"))->flags = 2)

START_TEST(a_wrong_record_is_refused)
{
	static const struct refusal rows[] = {
		{ "no record", no_record, HELIX_E_META_MISSING,
		  "no module metadata (section .hmod.module); declare the module with "
		  "HELIX_MODULE" },
		{ "a record without bytes", record_bss, HELIX_E_META_MISSING,
		  "no module metadata (section .hmod.module); declare the module with "
		  "HELIX_MODULE" },
		{ "a record cut short", record_cut, HELIX_E_META_FORMAT,
		  "module metadata: the record's size is 160, wanted 168 [metadata]" },
		{ "another magic number", magic, HELIX_E_META_FORMAT,
		  "module metadata: the record's magic is 1146047817, wanted 1146047816 "
		  "[metadata]" },
		{ "a later format", format, HELIX_E_META_FORMAT,
		  "module metadata: the record's format is 3, wanted 2 [metadata]" },
		{ "another size", size, HELIX_E_META_FORMAT,
		  "module metadata: the record's size is 160, wanted 168 [metadata]" },
		{ "a version of more than 48 bits", version, HELIX_E_META_FORMAT,
		  "module metadata: the version's top field is 1, wanted 0 [metadata]" },
		{ "an unknown flag", flag_bits, HELIX_E_META_FORMAT,
		  "module metadata: the sum of unknown flags is 1024, wanted 0 [metadata]" },
		{ "half a parameter", params_cut, HELIX_E_META_FORMAT,
		  "module metadata: the last parameter's size is 40, wanted 48 [metadata]" },
		{ "unknown parameter flags", param_flags, HELIX_E_META_PARAM,
		  "module metadata: parameter greeting: has unknown flags" },
		{ "an unknown parameter type", param_type, HELIX_E_META_PARAM,
		  "module metadata: parameter greeting: has an unknown type" },
	};

	REFUSE_ALL(rows);
}
END_TEST

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

START_TEST(two_records_are_counted)
{
	struct elf_builder *b = elf_new();
	struct hmod_span file;

	for (unsigned i = 0; i < 3; i++)
		elf_module(b, &(struct elf_module){ .name = "m" });
	file = elf_finish(b);
	ck_refused(file, META_DUPLICATE,
		   "module metadata stands there 3 times; one HELIX_MODULE a module [metadata]");
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

START_TEST(a_short_buffer_gets_the_size_and_is_not_overrun)
{
	struct hmod_span file = good_module();
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
END_TEST

START_TEST(a_flat_table_in_the_file_is_taken_if_it_agrees)
{
	struct hmod_span file = good_module(), finalised;
	struct hmod_meta meta, again;
	struct hmod_flat_header *table = flat_table(file, &meta), *copy;
	const uint32_t size = table->size;

	finalised = with_flat(good_builder(), table, size);
	ck_assert_str_eq(judge(finalised), "ok");
	copy = flat_table(finalised, &again);
	ck_assert_mem_eq(copy, table, size);
	elf_discard(finalised);
	free(copy);

	table->flags = 4;
	ck_refused(with_flat(good_builder(), table, size), META_FORMAT,
		   "module metadata: the flags in .hmod.flat is 4, wanted 2 [metadata]");
	table->flags = 2;
	table->version++;
	ck_refused(with_flat(good_builder(), table, size), META_FORMAT,
		   "module metadata: the version in .hmod.flat is 4295098372, wanted 4295098371 "
		   "[metadata]");
	table->version--;
	table->state_version = 9;
	ck_refused(with_flat(good_builder(), table, size), META_FORMAT,
		   "module metadata: the state version in .hmod.flat is 9, wanted 0 [metadata]");
	table->state_version = 0;
	table->abi_minor = 9;
	ck_refused(with_flat(good_builder(), table, size), META_FORMAT,
		   "module metadata: the ABI in .hmod.flat is 65545, wanted 65536 [metadata]");
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

RUN_TESTS("flatten", a_wrong_record_is_refused, wrong_names_in_the_record_are_refused,
	  wrong_parameters_are_refused, two_records_are_counted, metadata_over_the_cap_is_refused,
	  what_is_not_given_has_its_default, everything_given_is_in_the_table,
	  a_short_buffer_gets_the_size_and_is_not_overrun,
	  a_flat_table_in_the_file_is_taken_if_it_agrees,
	  a_flat_table_without_a_record_is_no_module)
