/* SPDX-License-Identifier: MIT */
#include "helix/record.h"
#include "modfmt/judge.h"

START_TEST(unsigned_numbers_are_decimal_or_hexadecimal)
{
	static const struct {
		const char *text;
		bool good;
		uint64_t value;
	} rows[] = {
		{ "0", true, 0 }, { "42", true, 42 }, { "0x2A", true, 42 }, { "0Xff", true, 255 },
		{ "18446744073709551615", true, UINT64_MAX }, { "007", true, 7 },
		{ "18446744073709551616", false, 0 }, { "0x10000000000000000", false, 0 },
		{ "", false, 0 }, { "0x", false, 0 }, { "-1", false, 0 }, { "+1", false, 0 },
		{ "1 ", false, 0 }, { " 1", false, 0 }, { "a", false, 0 }, { "1k", false, 0 },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		uint64_t value = 0;

		ck_assert_msg(hmod_param_uint(rows[i].text, &value) == rows[i].good, "'%s'",
			      rows[i].text);
		if (rows[i].good)
			ck_assert_uint_eq(value, rows[i].value);
	}
}
END_TEST

START_TEST(signed_numbers_have_a_minus_and_their_ends)
{
	static const struct {
		const char *text;
		bool good;
		int64_t value;
	} rows[] = {
		{ "-1", true, -1 }, { "-0x10", true, -16 }, { "7", true, 7 }, { "-0", true, 0 },
		{ "9223372036854775807", true, INT64_MAX },
		{ "-9223372036854775808", true, INT64_MIN },
		{ "9223372036854775808", false, 0 }, { "-9223372036854775809", false, 0 },
		{ "-", false, 0 }, { "--1", false, 0 }, { "", false, 0 },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		int64_t value = 0;

		ck_assert_msg(hmod_param_int(rows[i].text, &value) == rows[i].good, "'%s'",
			      rows[i].text);
		if (rows[i].good)
			ck_assert_int_eq(value, rows[i].value);
	}
}
END_TEST

START_TEST(truth_has_five_words_each)
{
	static const char *const yes[] = { "1", "y", "yes", "true", "on" };
	static const char *const no[] = { "0", "n", "no", "false", "off" };
	bool value;

	for (size_t i = 0; i < 5; i++) {
		ck_assert(hmod_param_bool(yes[i], &value) && value);
		ck_assert(hmod_param_bool(no[i], &value) && !value);
	}
	ck_assert(!hmod_param_bool("", &value));
	ck_assert(!hmod_param_bool("True", &value));
	ck_assert(!hmod_param_bool("2", &value));
}
END_TEST

START_TEST(values_are_told_what_they_are_not)
{
	static const struct {
		struct hmod_flat_param param;
		const char *value, *wrong;
	} rows[] = {
		{ { .type = HELIX_PARAM_string }, "anything", NULL },
		{ { .type = HELIX_PARAM_list }, "a,,b", NULL },
		{ { .type = HELIX_PARAM_uint }, "-1", "is not an unsigned number" },
		{ { .type = HELIX_PARAM_int }, "x", "is not a number" },
		{ { .type = HELIX_PARAM_bool }, "x", "is neither true nor false" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const char *wrong = hmod_param_value_check(&rows[i].param, rows[i].value);

		ck_assert_pstr_eq(wrong, rows[i].wrong);
	}
}
END_TEST

#define RANGE(type_, least_, most_)                                                                \
	{ .type = HELIX_PARAM_##type_, .flags = HELIX_PARAM_RANGED, .least = (uint64_t)(least_),   \
	  .most = (uint64_t)(most_) }

START_TEST(a_range_includes_its_ends)
{
	static const struct {
		struct hmod_flat_param param;
		const char *value;
		bool good;
	} rows[] = {
		{ RANGE(uint, 1, 100), "1", true }, { RANGE(uint, 1, 100), "0x64", true },
		{ RANGE(uint, 1, 100), "0", false }, { RANGE(uint, 1, 100), "101", false },
		{ RANGE(uint, 0, UINT64_MAX), "18446744073709551615", true },
		{ RANGE(int, -5, 5), "-5", true }, { RANGE(int, -5, 5), "5", true },
		{ RANGE(int, -5, 5), "-6", false }, { RANGE(int, -5, 5), "6", false },
		{ RANGE(int, INT64_MIN, -1), "-9223372036854775808", true },
		{ RANGE(int, INT64_MIN, -1), "0", false },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		ck_assert_pstr_eq(hmod_param_value_check(&rows[i].param, rows[i].value),
				  rows[i].good ? NULL : "is out of range");
}
END_TEST

START_TEST(a_range_is_told_in_its_own_numbers)
{
	static const struct {
		struct hmod_flat_param param;
		const char *text;
	} rows[] = {
		{ RANGE(uint, 1, 100), "1 to 100" },
		{ RANGE(uint, 0, UINT64_MAX), "0 to 18446744073709551615" },
		{ RANGE(int, INT64_MIN, INT64_MAX),
		  "-9223372036854775808 to 9223372036854775807" },
		{ { .type = HELIX_PARAM_uint }, "" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char *text = malloc(HMOD_RANGE_TEXT); /* on the heap: overruns are seen */

		hmod_param_range_text(&rows[i].param, text);
		ck_assert_str_eq(text, rows[i].text);
		free(text);
	}
}
END_TEST

START_TEST(a_declaration_is_told_what_it_lacks)
{
	static const struct {
		struct hmod_flat_param param;
		const char *wrong;
	} rows[] = {
		{ { .type = HELIX_PARAM_string }, NULL },
		{ { .type = HELIX_PARAM_list }, NULL },
		{ RANGE(uint, 7, 7), NULL },
		{ RANGE(int, -1, 1), NULL },
		{ { .type = 0 }, "has an unknown type" },
		{ { .type = 6 }, "has an unknown type" },
		{ { .type = HELIX_PARAM_uint, .flags = 2 }, "has unknown flags" },
		{ { .type = HELIX_PARAM_uint, .least = 1 },
		  "has ends of a range but no flag for it" },
		{ { .type = HELIX_PARAM_uint, .most = 1 },
		  "has ends of a range but no flag for it" },
		{ RANGE(string, 0, 1), "has a range but is no number" },
		{ RANGE(bool, 0, 1), "has a range but is no number" },
		{ RANGE(uint, 8, 7), "has an empty range" },
		{ RANGE(uint, -1, 1), "has an empty range" },
		{ RANGE(int, 1, -1), "has an empty range" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		ck_assert_pstr_eq(hmod_param_check(&rows[i].param), rows[i].wrong);
}
END_TEST

START_TEST(items_stand_between_commas)
{
	static const struct {
		const char *value;
		size_t i;
		const char *item; /* NULL: there is none */
	} rows[] = {
		{ "", 0, NULL }, { "a", 0, "a" }, { "a", 1, NULL }, { "ab,cd", 0, "ab" },
		{ "ab,cd", 1, "cd" }, { "ab,cd", 2, NULL }, { "a,,b", 1, "" }, { "a,,b", 2, "b" },
		{ ",", 0, "" }, { ",", 1, "" }, { ",", 2, NULL }, { " a , b ", 1, " b " },
		{ "a", SIZE_MAX, NULL },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const char *item;
		size_t length;
		bool found = hmod_param_item(rows[i].value, rows[i].i, &item, &length);

		ck_assert_msg(found == (rows[i].item != NULL), "'%s' %zu", rows[i].value, rows[i].i);
		if (!found)
			continue;
		ck_assert_uint_eq(length, strlen(rows[i].item));
		ck_assert_mem_eq(item, rows[i].item, length);
	}
}
END_TEST

START_TEST(types_have_names)
{
	ck_assert_str_eq(hmod_param_type_name(HELIX_PARAM_uint), "uint");
	ck_assert_str_eq(hmod_param_type_name(HELIX_PARAM_list), "list");
	ck_assert_str_eq(hmod_param_type_name(9), "?");
}
END_TEST

RUN_TESTS("param", unsigned_numbers_are_decimal_or_hexadecimal,
	  signed_numbers_have_a_minus_and_their_ends, truth_has_five_words_each,
	  values_are_told_what_they_are_not, a_range_includes_its_ends,
	  a_range_is_told_in_its_own_numbers, a_declaration_is_told_what_it_lacks,
	  items_stand_between_commas, types_have_names)
