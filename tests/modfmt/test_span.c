/* SPDX-License-Identifier: MIT */
#include "modfmt/judge.h"

static const uint8_t bytes[] = { 'a', 'b', 0, 'c', 'd' };
static const struct hmod_span whole = { bytes, sizeof bytes };

START_TEST(ranges_fit_or_do_not_whatever_wraps)
{
	static const struct {
		uint64_t size, offset, length;
		bool fits;
	} rows[] = {
		{ 0, 0, 0, true },	     { 5, 0, 5, true },
		{ 5, 5, 0, true },	     { 5, 6, 0, false },
		{ 5, 1, 5, false },	     { 5, 2, UINT64_MAX, false },
		{ 5, UINT64_MAX, 2, false }, { UINT64_MAX, UINT64_MAX, 0, true },
		{ 5, UINT64_MAX, UINT64_MAX, false },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		ck_assert_msg(hmod_range_fits(rows[i].size, rows[i].offset, rows[i].length) ==
				      rows[i].fits, "row %zu", i);
}
END_TEST

START_TEST(a_part_is_inside_or_left_alone)
{
	struct hmod_span part = { NULL, 77 };

	ck_assert(!hmod_span_sub(whole, 3, 3, &part));
	ck_assert_uint_eq(part.size, 77);
	ck_assert(hmod_span_sub(whole, 3, 2, &part));
	ck_assert_ptr_eq(part.data, bytes + 3);
	ck_assert_uint_eq(part.size, 2);
}
END_TEST

START_TEST(strings_end_inside_or_are_none)
{
	size_t length = 99;

	ck_assert_str_eq(hmod_span_string(whole, 0, &length), "ab");
	ck_assert_uint_eq(length, 2);
	ck_assert_str_eq(hmod_span_string(whole, 2, NULL), "");
	ck_assert_ptr_null(hmod_span_string(whole, 3, NULL));
	ck_assert_ptr_null(hmod_span_string(whole, 5, NULL));
	ck_assert_ptr_null(hmod_span_string(whole, UINT64_MAX, NULL));
}
END_TEST

RUN_TESTS("span", ranges_fit_or_do_not_whatever_wraps, a_part_is_inside_or_left_alone,
	  strings_end_inside_or_are_none)
