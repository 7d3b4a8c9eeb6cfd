/* SPDX-License-Identifier: MIT
 *
 * doc/HMOD.md says what the code does: offsets, sizes, constants, hash vectors
 * and statuses are looked up in its text.
 */
#include <stdio.h>

#include "helix/record.h"
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

static void check_fields(const char *heading, const struct field *fields, size_t count, size_t size)
{
	const char *at = chapter(heading);
	size_t end = 0;

	for (size_t i = 0; i < count; i++) {
		char row[128];

		snprintf(row, sizeof row, "| %zu | %zu | `%s` |", fields[i].offset, fields[i].size,
			 fields[i].name);
		at = strstr(at, row);
		ck_assert_msg(at != NULL, "%s: no row %s", heading, row);
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
	};
#undef F
#define F(name) FIELD(helix_param_record, name)
	static const struct field param[] = { F(name), F(standard), F(description), F(type),
					      F(reserved) };
#undef F
#define F(name) FIELD(helix_export_record, name)
	static const struct field export[] = { F(symbol), F(ns) };
#undef F

	read_specification();
	check_fields("## 2.", module, sizeof module / sizeof module[0], 152);
	check_fields("## 3.", param, sizeof param / sizeof param[0], 32);
	check_fields("## 4.", export, sizeof export / sizeof export[0], 16);
	free(text);
}
END_TEST

START_TEST(every_field_of_the_flat_table_stands_where_it_is)
{
#define F(name) FIELD(hmod_flat_header, name)
	static const struct field header[] = {
		F(magic), F(size), F(format), F(header_size), F(abi_major), F(abi_minor),
		F(state_version), F(name), F(description), F(author), F(license),
		F(dependencies), F(dependency_count), F(provides), F(provide_count), F(aliases),
		F(alias_count), F(params), F(param_count), F(reserved), F(version), F(flags),
	};
#undef F
#define F(name) FIELD(hmod_flat_dependency, name)
	static const struct field dependency[] = { F(name), F(flags), F(least), F(most), F(hash) };
#undef F
#define F(name) FIELD(hmod_flat_param, name)
	static const struct field param[] = { F(name), F(standard), F(description), F(type) };
#undef F

	read_specification();
	check_fields("## 5.", header, sizeof header / sizeof header[0], 88);
	check_fields("\nA dependency:", dependency, sizeof dependency / sizeof dependency[0], 32);
	check_fields("\nA parameter:", param, sizeof param / sizeof param[0], 16);
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
	at = chapter("## 6.");
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
	at = chapter("## 9.");
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
	ck_assert_ptr_nonnull(strstr(chapter("## 8."), "| a module in memory | 256 MiB |"));
	ck_assert_ptr_nonnull(strstr(chapter("## 8."), "of a loaded section | 2 MiB |"));
	ck_assert_ptr_nonnull(strstr(chapter("## 8."), "| the flat table | 1 MiB |"));
	for (uint32_t i = 0; i < HMOD_RELA_TYPES; i++) {
		snprintf(row, sizeof row, "`%s` (%u)", hmod_rela_types[i].name, i);
		ck_assert_msg((strstr(chapter("## 1."), row) != NULL) ==
				      hmod_rela_types[i].supported, "%s", row);
	}
	for (unsigned i = 0; hmod_flag_name(i); i++) {
		snprintf(row, sizeof row, "%u %s", i, hmod_flag_name(i));
		ck_assert_msg(strstr(chapter("**Flags**"), row) != NULL, "%s", row);
	}
	for (uint32_t i = HELIX_PARAM_string; i <= HELIX_PARAM_bool; i++) {
		snprintf(row, sizeof row, "%u %s", i, hmod_param_type_name(i));
		ck_assert_msg(strstr(chapter("## 3."), row) != NULL, "%s", row);
	}
	free(text);
}
END_TEST

RUN_TESTS("specification", every_field_of_the_records_stands_where_it_is,
	  every_field_of_the_flat_table_stands_where_it_is, the_hash_vectors_are_those_of_the_code,
	  every_status_has_its_row, limits_types_and_flags_are_those_of_the_code)
