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
SPOIL(events, record(f)->events = 1 << 5)
SPOIL(policy, record(f)->policy = 3)
SPOIL(reserved, record(f)->reserved = 1)
SPOIL(v1_events, record(f)->format = 1; record(f)->events = HELIX_WANTS_CUSTOM)
SPOIL(cut_to_nothing, elf_find(f, ".hmod.module")->size = 4)
SPOIL(old_size, record(f)->size = 152; elf_find(f, ".hmod.module")->size = 152)
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
		{ "an unknown event", events, HELIX_E_META_FORMAT,
		  "module metadata: the sum of unknown events is 32, wanted 0 [metadata]" },
		{ "events of a v1 module", v1_events, HELIX_E_META_FORMAT,
		  "module metadata: the events of a v1 module is 16, wanted 0 [metadata]" },
		{ "an unknown policy", policy, HELIX_E_META_FORMAT,
		  "module metadata: the policy (0, 1 or 2) is 3, wanted 0 [metadata]" },
		{ "a reserved field", reserved, HELIX_E_META_FORMAT,
		  "module metadata: the record's reserved field is 1, wanted 0 [metadata]" },
		{ "half a header", cut_to_nothing, HELIX_E_META_FORMAT,
		  "module metadata: the record's size is 4, wanted 168 [metadata]" },
		{ "an older record", old_size, HELIX_E_META_FORMAT,
		  "module metadata: the record's size is 152, wanted 168 [metadata]" },
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

/* ---- agreement ------------------------------------------------------------------- */

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

static struct hmod_flat_header *table; /* of the rich module */
static struct hmod_flat_interface *interfaces;

/* One number of the table is changed, and must then be missed in the records. */
START_TEST(every_number_of_the_table_must_be_the_record_s)
{
#define ROW(field, value, sentence)                                                                \
	{ &field, sizeof field, value,                                                             \
	  "module metadata: " sentence " [metadata]" }
	struct hmod_span file = rich_module();
	struct hmod_meta meta;

	table = flat_table(file, &meta);
	interfaces = (void *)((uint8_t *)table + table->interfaces);
	const struct {
		void *at;
		size_t size;
		uint64_t value;
		const char *sentence;
	} rows[] = {
		ROW(table->events, 2, "the sum of events in .hmod.flat is 2, wanted 1"),
		ROW(table->policy, 2, "the policy in .hmod.flat is 2, wanted 1"),
		ROW(interfaces[0].major, 2,
		    "the major version of an interface in .hmod.flat is 2, wanted 1"),
		ROW(interfaces[0].minor, 7,
		    "the minor version of an interface in .hmod.flat is 7, wanted 2"),
		ROW(interfaces[1].count, 64,
		    "the number of an interface's operations in .hmod.flat is 64, wanted 1"),
		ROW(interfaces[1].priority, 9,
		    "the priority of an interface in .hmod.flat is 9, wanted 0"),
		ROW(interfaces[1].flags, HMOD_INTERFACE_MESSAGE,
		    "the message flag of an interface in .hmod.flat is 1, wanted 0"),
	};
#undef ROW

	ck_assert_str_eq(judge(file), "ok");
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		uint8_t kept[8];

		memcpy(kept, rows[i].at, rows[i].size);
		memcpy(rows[i].at, &rows[i].value, rows[i].size);
		ck_refused(with_flat(rich_builder(), table, table->size), META_FORMAT,
			   rows[i].sentence);
		memcpy(rows[i].at, kept, rows[i].size);
	}
	free(table);
	elf_discard(file);
}
END_TEST

START_TEST(a_table_has_the_api_of_its_record)
{
	struct elf_builder *b = elf_new();
	struct hmod_span file;
	struct hmod_meta meta;

	elf_module(b, &(struct elf_module){ .name = "m" });
	file = elf_finish(b);
	table = flat_table(file, &meta);
	elf_discard(file);
	b = elf_new();
	elf_module(b, &(struct elf_module){ .name = "m", .v1 = true });
	ck_refused(with_flat(b, table, table->size), META_FORMAT,
		   "module metadata: the API in .hmod.flat is 2, wanted 1 [metadata]");
	free(table);
}
END_TEST

START_TEST(a_table_has_as_many_interfaces_as_there_are_records)
{
	struct hmod_span file = good_module();
	struct hmod_meta meta;

	table = flat_table(file, &meta);
	ck_refused(with_flat(rich_builder(), table, table->size), META_FORMAT,
		   "module metadata: the number of interfaces in .hmod.flat is 0, wanted 2 "
		   "[metadata]");
	free(table);
	elf_discard(file);
}
END_TEST

START_TEST(a_rich_table_is_taken_as_it_is)
{
	struct hmod_span file = rich_module(), finalised;
	struct hmod_meta meta, again;
	struct hmod_flat_header *copy;

	table = flat_table(file, &meta);
	finalised = with_flat(rich_builder(), table, table->size);
	ck_assert_str_eq(judge(finalised), "ok");
	copy = flat_table(finalised, &again);
	ck_assert_mem_eq(copy, table, table->size);
	elf_discard(finalised);
	free(copy);
	free(table);
	elf_discard(file);
}
END_TEST

START_TEST(numbers_are_taken_over)
{
	struct elf_builder *b = elf_new();
	struct hmod_span file;
	struct hmod_meta meta;
	void *flat;

	elf_module(b, &(struct elf_module){ .name = "m", .v1 = true, .state_version = 7,
					    .policy = HELIX_POLICY_STOP,
					    .flags = HELIX_ESSENTIAL });
	file = elf_finish(b);
	flat = flat_table(file, &meta);
	ck_assert_uint_eq(meta.header->api, 1);
	ck_assert_uint_eq(meta.header->state_version, 7);
	ck_assert_uint_eq(meta.header->policy, HELIX_POLICY_STOP);
	ck_assert_uint_eq(meta.header->flags, HELIX_ESSENTIAL);
	ck_assert_uint_eq(meta.header->events, 0);
	free(flat);
	elf_discard(file);
	file = good_module();
	flat = flat_table(file, &meta);
	ck_assert_uint_eq(meta.header->api, 2);
	ck_assert_uint_eq(meta.header->policy, HELIX_POLICY_RESTART);
	ck_assert_uint_eq(meta.header->events, HELIX_WANTS_TICK);
	free(flat);
	elf_discard(file);
}
END_TEST

RUN_TESTS("number", a_wrong_record_is_refused, two_records_are_counted, numbers_are_taken_over,
	  a_flat_table_in_the_file_is_taken_if_it_agrees,
	  every_number_of_the_table_must_be_the_record_s, a_table_has_the_api_of_its_record,
	  a_table_has_as_many_interfaces_as_there_are_records, a_rich_table_is_taken_as_it_is)
