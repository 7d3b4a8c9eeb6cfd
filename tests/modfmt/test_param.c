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
	ck_assert_ptr_null(hmod_param_value_check(HELIX_PARAM_string, "anything"));
	ck_assert_str_eq(hmod_param_value_check(HELIX_PARAM_uint, "-1"), "is not an unsigned number");
	ck_assert_str_eq(hmod_param_value_check(HELIX_PARAM_int, "x"), "is not a number");
	ck_assert_str_eq(hmod_param_value_check(HELIX_PARAM_bool, "x"), "is neither true nor false");
	ck_assert_str_eq(hmod_param_value_check(0, "x"), "has an unknown type");
	ck_assert_str_eq(hmod_param_value_check(5, "x"), "has an unknown type");
}
END_TEST

START_TEST(types_and_flags_have_names)
{
	ck_assert_str_eq(hmod_param_type_name(HELIX_PARAM_uint), "uint");
	ck_assert_str_eq(hmod_param_type_name(9), "?");
	ck_assert_str_eq(hmod_flag_name(0), "ESSENTIAL");
	ck_assert_str_eq(hmod_flag_name(1), "HOT_RELOADABLE");
	ck_assert_str_eq(hmod_flag_name(9), "DEPRECATED");
	ck_assert_ptr_null(hmod_flag_name(10));
	ck_assert_ptr_null(hmod_flag_name(64));
}
END_TEST

RUN_TESTS("param", unsigned_numbers_are_decimal_or_hexadecimal,
	  signed_numbers_have_a_minus_and_their_ends, truth_has_five_words_each,
	  values_are_told_what_they_are_not, types_and_flags_have_names)
