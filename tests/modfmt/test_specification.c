/* SPDX-License-Identifier: MIT
 *
 * doc/HMOD.md says what the code does: offsets, sizes, constants, hash vectors
 * and statuses are looked up in its text.
 */
#include <stdio.h>

#include "helix/record.h"
#include "helix/state.h"
#include "modfmt/judge.h"

static char *text;

static void read_specification(void)
{
	FILE *file = fopen(TOP_SRCDIR "/doc/HMOD.md", "rb");
	size_t size;

	ck_assert_ptr_nonnull(file);
	text = calloc(1, 1 << 20);
	size = fread(text, 1, (1 << 20) - 1, file);
	ck_assert_uint_gt(size, 1000);
	fclose(file);
}

/* The part of the text behind the heading. */
static const char *chapter(const char *heading)
{
	const char *at = strstr(text, heading);

	ck_assert_msg(at != NULL, "no heading %s", heading);
	return at;
}

struct field {
	const char *name;
	size_t offset, size;
};
#define FIELD(type, name) { #name, offsetof(struct type, name), sizeof(((struct type *)0)->name) }

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static const char *find_row(const char *at, const struct field *field)
{
	char row[128];

	snprintf(row, sizeof row, "| %zu | %zu | `%s` |", field->offset, field->size, field->name);
	at = strstr(at, row);
	ck_assert_msg(at != NULL, "no row %s", row);
	return at;
}

static void check_fields(const char *heading, const struct field *fields, size_t count, size_t size)
{
	const char *at = chapter(heading);
	size_t end = 0;

	for (size_t i = 0; i < count; i++) {
		at = find_row(at, &fields[i]);
		ck_assert_uint_eq(fields[i].offset, end);
		end += fields[i].size;
	}
	ck_assert_uint_eq(end, size);
}

START_TEST(every_field_of_the_records_stands_where_it_is)
{
#define F(name) FIELD(helix_module_record, name)
	static const struct field module[] = {
		F(magic), F(format), F(size), F(abi_major), F(abi_minor), F(state_version),
		F(name), F(version), F(flags), F(description), F(author), F(license),
		F(dependencies), F(provides), F(aliases), F(init), F(start), F(stop),
		F(handle_event), F(handle_request), F(is_healthy), F(save_state), F(restore_state),
		F(events), F(policy), F(reserved),
	};
#undef F
#define F(name) FIELD(helix_param_record, name)
	static const struct field param[] = { F(name), F(standard), F(description), F(type),
					      F(flags), F(least), F(most) };
#undef F
#define F(name) FIELD(helix_export_record, name)
	static const struct field export[] = { F(symbol), F(ns), F(replacement), F(since),
					       F(removed) };
#undef F
#define F(name) FIELD(helix_interface_record, name)
	static const struct field interface[] = { F(name), F(operations), F(major), F(minor),
						  F(count), F(names), F(message), F(priority),
						  F(reserved) };
#undef F

	read_specification();
	check_fields("`.hmod.module`: the record\n", module, COUNT(module), 168);
	check_fields("`.hmod.param`: parameters\n", param, COUNT(param), 48);
	check_fields("`.hmod.export`: exports\n", export, COUNT(export), 40);
	check_fields("`.hmod.interface`: interfaces\n", interface, COUNT(interface), 48);
	free(text);
}
END_TEST

START_TEST(a_v1_record_differs_where_it_is_said)
{
#define F(name) FIELD(helix_module_v1_record, name)
	static const struct field fields[] = { F(authors), F(cleanup), F(handle_message),
					       F(get_state), F(events) };
#undef F
	const char *at;

	read_specification();
	at = chapter("In format 1 these are otherwise:");
	for (size_t i = 0; i < COUNT(fields); i++)
		at = find_row(at, &fields[i]);
	free(text);
}
END_TEST

START_TEST(every_field_of_the_flat_table_stands_where_it_is)
{
#define F(name) FIELD(hmod_flat_header, name)
	static const struct field header[] = {
		F(magic), F(size), F(format), F(header_size), F(abi_major), F(abi_minor),
		F(state_version), F(name), F(description), F(author), F(license),
		F(dependencies), F(dependency_count), F(params), F(param_count), F(interfaces),
		F(interface_count), F(provides), F(provide_count), F(aliases), F(alias_count),
		F(authors), F(author_count), F(operations), F(operation_count), F(api), F(policy),
		F(version), F(flags), F(events),
	};
#undef F
#define F(name) FIELD(hmod_flat_dependency, name)
	static const struct field dependency[] = { F(name), F(flags), F(least), F(most), F(hash) };
#undef F
#define F(name) FIELD(hmod_flat_param, name)
	static const struct field param[] = { F(name), F(standard), F(description), F(type),
					      F(flags), F(least), F(most) };
#undef F
#define F(name) FIELD(hmod_flat_interface, name)
	static const struct field interface[] = { F(name), F(names), F(major), F(minor), F(count),
						  F(priority), F(flags), F(hash) };
#undef F

	read_specification();
	check_fields("`.hmod.flat`: the flat table\n", header, COUNT(header), 120);
	check_fields("\nA dependency:", dependency, COUNT(dependency), 32);
	check_fields("\nA parameter:", param, COUNT(param), 32);
	check_fields("\nAn interface:", interface, COUNT(interface), 32);
	free(text);
}
END_TEST

START_TEST(the_hash_vectors_are_those_of_the_code)
{
	static const char *const names[] = { "a", "hello", "chain_a", "12345678",
					     "helix_execution" };
	const char *at;
	char row[128];

	read_specification();
	at = chapter("The name hash\n");
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		snprintf(row, sizeof row, "| `%s` | `%016lx` |", names[i],
			 (unsigned long)hmod_name_hash(names[i], strlen(names[i])));
		ck_assert_msg(strstr(at, row) != NULL, "%s", row);
	}
	snprintf(row, sizeof row, "| (empty) | `%016lx` |", (unsigned long)hmod_name_hash("", 0));
	ck_assert_msg(strstr(at, row) != NULL, "%s", row);
	free(text);
}
END_TEST

START_TEST(every_status_has_its_row)
{
	static const struct {
		const char *name;
		int number;
	} rows[] = {
#define ROW(name, number, sentence, mend) { #name, number },
		HELIX_STATUS_LIST(ROW)
#undef ROW
	};
	const char *at;

	read_specification();
	at = chapter("Statuses\n");
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char row[128];

		snprintf(row, sizeof row, "| `%s` | %d | ", rows[i].name, rows[i].number);
		ck_assert_msg(strstr(at, row) != NULL, "%s", row);
	}
	free(text);
}
END_TEST

START_TEST(limits_types_and_flags_are_those_of_the_code)
{
	char row[128];

	read_specification();
	ck_assert_uint_eq(HMOD_SIZE_MAX, 256 << 20);
	ck_assert_uint_eq(HMOD_ALIGN_MAX, 2 << 20);
	ck_assert_uint_eq(HMOD_META_MAX, 1 << 20);
	ck_assert_uint_eq(HELIX_NAME_MAX, 63);
	ck_assert_ptr_nonnull(strstr(chapter("Limits\n"), "| a module in memory | 256 MiB |"));
	ck_assert_ptr_nonnull(strstr(chapter("Limits\n"), "of a loaded section | 2 MiB |"));
	ck_assert_ptr_nonnull(strstr(chapter("Limits\n"), "| the flat table | 1 MiB |"));
	ck_assert_uint_eq(HELIX_OPERATIONS_MAX, 64);
	ck_assert_ptr_nonnull(strstr(chapter("Limits\n"), "operations of an interface | 64 |"));
	ck_assert_uint_eq(HELIX_STATE_MAX, 16 << 20);
	ck_assert_ptr_nonnull(strstr(chapter("Limits\n"), "| a saved state | 16 MiB |"));
	ck_assert_uint_eq(HELIX_STATE_FIELDS, 1024);
	ck_assert_ptr_nonnull(strstr(chapter("Limits\n"), "of a saved state | 1,024 |"));
	for (uint32_t i = 0; i < HMOD_RELA_TYPES; i++) {
		snprintf(row, sizeof row, "`%s` (%u)", hmod_rela_types[i].name, i);
		ck_assert_msg((strstr(chapter("The object\n"), row) != NULL) ==
				      hmod_rela_types[i].supported, "%s", row);
	}
	for (unsigned i = 0; hmod_flag_name(i); i++) {
		snprintf(row, sizeof row, "%u %s", i, hmod_flag_name(i));
		ck_assert_msg(strstr(chapter("**Flags**"), row) != NULL, "%s", row);
	}
	for (unsigned i = 0; hmod_event_name(i); i++) {
		snprintf(row, sizeof row, "%u %s", i, hmod_event_name(i));
		ck_assert_msg(strstr(chapter("**Events**"), row) != NULL, "%s", row);
	}
	for (uint32_t i = 0; hmod_policy_name(i); i++) {
		snprintf(row, sizeof row, "%u %s", i, hmod_policy_name(i));
		ck_assert_msg(strstr(chapter("| `policy` |"), row) != NULL, "%s", row);
	}
	for (uint32_t i = HELIX_PARAM_string; i <= HELIX_PARAM_list; i++) {
		snprintf(row, sizeof row, "%u %s", i, hmod_param_type_name(i));
		ck_assert_msg(strstr(chapter("`.hmod.param`: parameters\n"), row) != NULL, "%s", row);
	}
	free(text);
}
END_TEST

RUN_TESTS("specification", every_field_of_the_records_stands_where_it_is,
	  a_v1_record_differs_where_it_is_said,
	  every_field_of_the_flat_table_stands_where_it_is, the_hash_vectors_are_those_of_the_code,
	  every_status_has_its_row, limits_types_and_flags_are_those_of_the_code)
