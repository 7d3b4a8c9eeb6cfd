/* SPDX-License-Identifier: MIT */
#include "helix/record.h"
#include "modfmt/judge.h"

static struct hmod_flat_header *table; /* a good one; its strings are its own */
static struct hmod_meta meta;

static void setup(void)
{
	struct hmod_span file = good_module();

	table = flat_table(file, &meta);
	elf_discard(file);
}

static struct hmod_flat_dependency *dependency(unsigned i)
{
	return (struct hmod_flat_dependency *)((uintptr_t)table + table->dependencies) + i;
}

static struct hmod_flat_param *param(unsigned i)
{
	return (struct hmod_flat_param *)((uintptr_t)table + table->params) + i;
}

static char *string(uint32_t offset)
{
	return (char *)table + offset;
}

#define SPOIL_TABLE(name, ...)                                                                     \
	static void name(void)                                                                     \
	{                                                                                          \
		__VA_ARGS__;                                                                       \
	}

SPOIL_TABLE(magic, table->magic++)
SPOIL_TABLE(format, table->format = 2)
SPOIL_TABLE(header_size, table->header_size = 80)
SPOIL_TABLE(size_less, table->size--)
SPOIL_TABLE(version, table->version = UINT64_MAX)
SPOIL_TABLE(flags, table->flags = UINT64_C(1) << 63)
SPOIL_TABLE(list_gap, table->params += 4)
SPOIL_TABLE(list_count, table->dependency_count = 0x08000000)
SPOIL_TABLE(list_last, table->operation_count = UINT32_MAX)
SPOIL_TABLE(name_in_header, table->name = 0)
SPOIL_TABLE(name_outside, table->name = table->size)
SPOIL_TABLE(name_minus, string(table->name)[4] = '-')
SPOIL_TABLE(name_empty, string(table->name)[0] = 0)
SPOIL_TABLE(author_control, string(table->author)[1] = 7)
SPOIL_TABLE(license_outside, table->license = UINT32_MAX)
SPOIL_TABLE(no_last_nul, string(table->size)[-1] = 'x')
SPOIL_TABLE(dependency_order, dependency(1)->name = dependency(0)->name)
SPOIL_TABLE(dependency_flags, dependency(0)->flags = 4)
SPOIL_TABLE(dependency_range, dependency(0)->least = dependency(0)->most + 1)
SPOIL_TABLE(dependency_most, dependency(0)->most = HMOD_VERSION_ANY + 1)
SPOIL_TABLE(dependency_hash, dependency(2)->hash++)
SPOIL_TABLE(capability_byte, string(((const uint32_t *)meta.provides)[0])[0] = '/')
SPOIL_TABLE(param_order, param(1)->name = param(0)->name)
SPOIL_TABLE(param_type, param(1)->type = 0)
SPOIL_TABLE(param_value, string(param(1)->standard)[0] = 'x')
START_TEST(a_wrong_table_is_refused)
{
	static const struct {
		const char *name;
		void (*spoil)(void);
		const char *sentence;
	} rows[] = {
		{ "its magic number", magic,
		  "module metadata: the table's magic is 1413565511, wanted 1413565510" },
		{ "its format", format, "module metadata: the table's format is 2, wanted 1" },
		{ "its header's size", header_size,
		  "module metadata: the table's header size is 80, wanted 120" },
		{ "its version", version,
		  "module metadata: the version's top field is 65535, wanted 0" },
		{ "its flags", flags,
		  "module metadata: the sum of unknown flags is 9223372036854775808, wanted 0" },
		{ "a gap between lists", list_gap,
		  "module metadata: a list of .hmod.flat does not point to its place in the same "
		  "file" },
		{ "more entries than bytes", list_count,
		  "module metadata: a list of .hmod.flat does not point to its place in the same "
		  "file" },
		{ "names of operations past the table", list_last,
		  "module metadata: a list of .hmod.flat does not point to its place in the same "
		  "file" },
		{ "a name in the header", name_in_header,
		  "module metadata: the name does not point to a string in the same file" },
		{ "a name outside", name_outside,
		  "module metadata: the name does not point to a string in the same file" },
		{ "a name that is not normalised", name_minus,
		  "module metadata: name 'good-one' has a - where the table has _" },
		{ "an empty name", name_empty, "module metadata: name '' is empty" },
		{ "an author with a bell", author_control,
		  "module metadata: the author has a control character" },
		{ "a license outside", license_outside,
		  "module metadata: the license does not point to a string in the same file" },
		{ "a last string without a NUL", no_last_nul,
		  "module metadata: a parameter's description does not point to a string in the "
		  "same file" },
		{ "dependencies out of order", dependency_order, NULL },
		{ "unknown dependency flags", dependency_flags,
		  "module metadata: a dependency's flags is 4, wanted 3" },
		{ "a range without a version", dependency_range, NULL },
		{ "a version of more than 48 bits", dependency_most, NULL },
		{ "a wrong hash", dependency_hash, NULL },
		{ "a capability with a slash", capability_byte,
		  "module metadata: name '/torage' has a byte that is no letter, digit, - or _" },
		{ "parameters out of order", param_order, NULL },
		{ "a parameter of no type", param_type,
		  "module metadata: parameter times: has an unknown type" },
		{ "a default of another type", param_value,
		  "module metadata: parameter times: is not an unsigned number" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct hmod_diag diag;
		enum helix_status status;
		uint32_t size;

		setup();
		size = table->size;
		rows[i].spoil();
		status = hmod_meta_view(table, size, &meta, &diag);
		ck_assert_msg(status != HELIX_OK && status == diag.status, "%s", rows[i].name);
		if (rows[i].sentence)
			ck_assert_str_eq(sentence(&diag), rows[i].sentence);
		free(table);
	}
}
END_TEST

START_TEST(the_table_s_size_is_that_of_its_bytes)
{
	uint32_t size;

	setup();
	size = table->size;
	size_less();
	ck_assert_int_eq(hmod_meta_view(table, size, &meta, NULL), HELIX_E_META_FORMAT);
	free(table);
	ck_assert_int_eq(hmod_meta_view("", 0, &meta, NULL), HELIX_E_META_FORMAT);
}
END_TEST

/* One string read by many would make a short table long to read. */
START_TEST(no_string_is_read_by_more_than_the_table_holds)
{
	struct hmod_diag diag;
	uint32_t size;
	void *kept;

	setup();
	size = table->size;
	kept = table;
	table = calloc(1, size + 400);
	memcpy(table, kept, size);
	table->size = size + 400;
	table->description = size;
	memset((char *)table + size, 'x', 399);
	ck_assert_int_eq(hmod_meta_view(table, table->size, &meta, &diag), HELIX_OK);
	table->author = table->license = size;
	ck_assert_int_eq(hmod_meta_view(table, table->size, &meta, &diag), HELIX_E_META_POINTER);
	free(kept);
	free(table);
}
END_TEST

START_TEST(no_byte_of_the_table_can_hurt)
{
	static const uint8_t values[] = { 0, 1, 0x7f, 0x80, 0xff };
	struct hmod_meta view;
	uint32_t size;
	uint8_t *bytes;

	setup();
	size = table->size;
	bytes = (uint8_t *)table;
	for (uint32_t i = 0; i < size; i++) {
		const uint8_t was = bytes[i];

		for (size_t k = 0; k < sizeof values; k++) {
			bytes[i] = values[k];
			if (!hmod_meta_view(bytes, size, &view, NULL))
				ck_assert_ptr_nonnull(view.name);
		}
		bytes[i] = was;
	}
	ck_assert_int_eq(hmod_meta_view(bytes, size, &view, NULL), HELIX_OK);
	free(table);
}
END_TEST

START_TEST(no_cut_table_is_accepted)
{
	uint32_t size;

	setup();
	size = table->size;
	for (uint32_t i = 0; i < size; i++) {
		struct hmod_flat_header *cut = malloc(i ? i : 1);

		memcpy(cut, table, i);
		if (i >= sizeof *cut)
			cut->size = i;
		ck_assert_int_ne(hmod_meta_view(cut, i, &meta, NULL), HELIX_OK);
		free(cut);
	}
	free(table);
}
END_TEST

RUN_TESTS("meta", a_wrong_table_is_refused, the_table_s_size_is_that_of_its_bytes,
	  no_string_is_read_by_more_than_the_table_holds, no_byte_of_the_table_can_hurt,
	  no_cut_table_is_accepted)
