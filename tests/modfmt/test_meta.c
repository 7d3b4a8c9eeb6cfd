/* SPDX-License-Identifier: MIT */
#include "helix/record.h"
#include "modfmt/judge.h"

static struct hmod_flat_header *table; /* a good one; its strings are its own */
static struct hmod_meta meta;

static void setup(void)
{
	struct hmod_span file = rich_module();

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

static struct hmod_flat_interface *interface(unsigned i)
{
	return (struct hmod_flat_interface *)((uintptr_t)table + table->interfaces) + i;
}

/* Entry `i` of a list of string offsets. */
static uint32_t *entry(uint32_t list, unsigned i)
{
	return (uint32_t *)((uintptr_t)table + list) + i;
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
SPOIL_TABLE(api, table->api = 3)
SPOIL_TABLE(policy, table->policy = 3)
SPOIL_TABLE(events, table->events = UINT64_C(1) << 5)
SPOIL_TABLE(v1_events, table->api = 1)
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
SPOIL_TABLE(no_author, table->author_count = 0; table->operations -= 4; table->operation_count++)
SPOIL_TABLE(another_author, *entry(table->authors, 0) = table->license)
SPOIL_TABLE(dependency_order, dependency(1)->name = dependency(0)->name)
SPOIL_TABLE(dependency_flags, dependency(0)->flags = 4)
SPOIL_TABLE(dependency_range, dependency(0)->least = dependency(0)->most + 1)
SPOIL_TABLE(dependency_most, dependency(0)->most = HMOD_VERSION_ANY + 1)
SPOIL_TABLE(dependency_hash, dependency(2)->hash++)
SPOIL_TABLE(capability_byte, string(((const uint32_t *)meta.provides)[0])[0] = '/')
SPOIL_TABLE(param_order, param(1)->name = param(0)->name)
SPOIL_TABLE(param_type, param(1)->type = 0)
SPOIL_TABLE(param_flags, param(1)->flags = 2)
SPOIL_TABLE(param_range, param(2)->most = (uint64_t)-3)
SPOIL_TABLE(interface_name, string(interface(0)->name)[0] = '+')
SPOIL_TABLE(interface_order, interface(1)->name = interface(0)->name)
SPOIL_TABLE(interface_none, interface(1)->count = 0)
SPOIL_TABLE(interface_many, interface(1)->count = 65)
SPOIL_TABLE(interface_flags, interface(1)->flags = 4)
SPOIL_TABLE(interface_names, interface(0)->names += 4)
SPOIL_TABLE(interface_unnamed, interface(1)->names = table->operations)
SPOIL_TABLE(interface_hash, interface(1)->hash++)
SPOIL_TABLE(names_short, interface(0)->count = 3)
SPOIL_TABLE(names_long, interface(0)->count = 1)
SPOIL_TABLE(operation_name, string(*entry(table->operations, 1))[0] = ' ')
SPOIL_TABLE(operation_outside, *entry(table->operations, 1) = table->size)
SPOIL_TABLE(param_value, string(param(1)->standard)[0] = 'x')
struct wrong_table {
	const char *name;
	void (*spoil)(void);
	const char *sentence; /* NULL: any */
};

static void refuse_tables(const struct wrong_table *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
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

START_TEST(a_wrong_header_or_text_is_refused)
{
	static const struct wrong_table rows[] = {
		{ "its magic number", magic,
		  "module metadata: the table's magic is 1413565511, wanted 1413565510" },
		{ "its format", format, "module metadata: the table's format is 2, wanted 1" },
		{ "its header's size", header_size,
		  "module metadata: the table's header size is 80, wanted 120" },
		{ "its version", version,
		  "module metadata: the version's top field is 65535, wanted 0" },
		{ "its API", api, "module metadata: the table's API is 3, wanted 2" },
		{ "its policy", policy,
		  "module metadata: the policy (0, 1 or 2) is 3, wanted 0" },
		{ "its events", events,
		  "module metadata: the sum of unknown events is 32, wanted 0" },
		{ "events of a v1 module", v1_events,
		  "module metadata: the events of a v1 module is 1, wanted 0" },
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
		  "module metadata: an interface's name does not point to a string in the same "
		  "file" },
		{ "no author", no_author,
		  "module metadata: the number of authors is 0, wanted 1" },
		{ "a single author of another text", another_author, NULL },
	};

	refuse_tables(rows, sizeof rows / sizeof rows[0]);
}
END_TEST

START_TEST(a_wrong_entry_is_refused)
{
	static const struct wrong_table rows[] = {
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
		{ "unknown parameter flags", param_flags,
		  "module metadata: parameter times: has unknown flags" },
		{ "a default out of range", param_range, NULL },
		{ "an interface's name", interface_name,
		  "module metadata: name '+elix.block_device' has a byte that is no letter, digit, "
		  "- or _" },
		{ "interfaces out of order", interface_order, NULL },
		{ "an interface of nothing", interface_none,
		  "interface 1: own has not 1 to 64 operations" },
		{ "an interface of too much", interface_many,
		  "interface 1: own has not 1 to 64 operations" },
		{ "an interface's flags", interface_flags, "interface 1: own has unknown flags" },
		{ "operations named elsewhere", interface_names,
		  "interface 0: helix.block_device has its operations' names in another place" },
		{ "names of operations not told", interface_unnamed,
		  "interface 1: own has its operations' names in another place" },
		{ "an interface's hash", interface_hash, "interface 1: own has another hash" },
		{ "a name too few", names_short,
		  "module metadata: the number of operation names is 2, wanted 3" },
		{ "a name too many", names_long,
		  "module metadata: the number of operation names is 2, wanted 1" },
		{ "an operation's name", operation_name,
		  "module metadata: name ' rite_back' has a byte that is no letter, digit, - or "
		  "_" },
		{ "an operation's name outside", operation_outside,
		  "module metadata: an operation's name does not point to a string in the same "
		  "file" },
		{ "a default of another type", param_value,
		  "module metadata: parameter times: is not an unsigned number" },
	};

	refuse_tables(rows, sizeof rows / sizeof rows[0]);
}
END_TEST

/* Several authors are also one text, which must be made of them. */
START_TEST(the_author_is_the_list_of_authors)
{
	static const char *const authors[] = { "A. One", "B. Two", NULL };
	struct elf_builder *b = elf_new();
	struct hmod_span file;
	struct hmod_diag diag;
	uint32_t text;

	elf_module(b, &(struct elf_module){ .name = "m", .v1 = true, .authors = authors });
	file = elf_finish(b);
	table = flat_table(file, &meta);
	elf_discard(file);
	text = table->author;
	for (const char *p = "A. One, B. Two"; *p; p++, text++) {
		string(text)[0] ^= 1;
		ck_assert_int_eq(hmod_meta_view(table, table->size, &meta, &diag),
				 HELIX_E_META_TEXT);
		ck_assert_str_eq(sentence(&diag),
				 "module metadata: the author is not the list of authors");
		string(text)[0] ^= 1;
	}
	*entry(table->authors, 0) = table->size;
	ck_assert_int_eq(hmod_meta_view(table, table->size, &meta, &diag), HELIX_E_META_POINTER);
	free(table);
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

RUN_TESTS("meta", a_wrong_header_or_text_is_refused, a_wrong_entry_is_refused,
	  the_author_is_the_list_of_authors, the_table_s_size_is_that_of_its_bytes,
	  no_string_is_read_by_more_than_the_table_holds, no_byte_of_the_table_can_hurt,
	  no_cut_table_is_accepted)
