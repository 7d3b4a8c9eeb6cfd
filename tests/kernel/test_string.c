/* SPDX-License-Identifier: MIT
 *
 * The kernel's byte and string functions against libc's: every length and
 * alignment around the words they work in, every overlap.
 */
#include <check.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* The kernel's own, under names beside libc's. */
#define memcpy  kernel_memcpy
#define memmove kernel_memmove
#define memset  kernel_memset
#define memcmp  kernel_memcmp
#define strlen  kernel_strlen
#define strcmp  kernel_strcmp
#define strncmp kernel_strncmp
#define strchr  kernel_strchr
#include "kernel/core/string.c"
#undef memcpy
#undef memmove
#undef memset
#undef memcmp
#undef strlen
#undef strcmp
#undef strncmp
#undef strchr

#define LONGEST 40
#define AREA    96

static void fill(uint8_t *bytes)
{
	for (unsigned i = 0; i < AREA; i++)
		bytes[i] = (uint8_t)(i * 37 + 11);
}

START_TEST(memcpy_copies_exactly_that_many_bytes)
{
	uint8_t from[AREA], ours[AREA], theirs[AREA];
	fill(from);
	for (unsigned size = 0; size <= LONGEST; size++) {
		for (unsigned shift = 0; shift < 9; shift++) {
			memset(ours, 1, AREA);
			memset(theirs, 1, AREA);
			ck_assert_ptr_eq(kernel_memcpy(ours + shift, from + 9 - shift, size),
					 ours + shift);
			memcpy(theirs + shift, from + 9 - shift, size);
			ck_assert_mem_eq(ours, theirs, AREA);
		}
	}
}
END_TEST

START_TEST(memmove_copies_at_every_overlap)
{
	uint8_t ours[AREA], theirs[AREA];
	for (unsigned size = 0; size <= LONGEST; size++) {
		for (unsigned to = 0; to <= LONGEST; to++) {
			fill(ours);
			fill(theirs);
			ck_assert_ptr_eq(kernel_memmove(ours + to, ours + 20, size), ours + to);
			memmove(theirs + to, theirs + 20, size);
			ck_assert_mem_eq(ours, theirs, AREA);
		}
	}
}
END_TEST

START_TEST(memset_sets_exactly_that_many_bytes)
{
	uint8_t ours[AREA], theirs[AREA];
	for (unsigned size = 0; size <= LONGEST; size++) {
		fill(ours);
		fill(theirs);
		ck_assert_ptr_eq(kernel_memset(ours + 3, 0x1a5, size), ours + 3);
		memset(theirs + 3, 0x1a5, size);
		ck_assert_mem_eq(ours, theirs, AREA);
	}
}
END_TEST

static int sign(int value)
{
	return (value > 0) - (value < 0);
}

START_TEST(memcmp_finds_the_first_difference)
{
	uint8_t a[AREA], b[AREA];
	for (unsigned size = 0; size <= LONGEST; size++) {
		for (unsigned at = 0; at <= size; at++) {
			fill(a);
			fill(b);
			b[at] ^= 0x80;
			ck_assert_int_eq(sign(kernel_memcmp(a, b, size)), sign(memcmp(a, b, size)));
			ck_assert_int_eq(sign(kernel_memcmp(b, a, size)), sign(memcmp(b, a, size)));
		}
	}
}
END_TEST

static const struct {
	const char *a, *b;
} pairs[] = {
	{ "", "" },	   { "", "a" },	       { "a", "" },	    { "abc", "abc" },
	{ "abc", "abd" },  { "abc", "ab" },    { "ab", "abc" },	    { "\xff", "a" },
	{ "ab\0c", "ab" }, { "longer text", "longer tent" },
};

START_TEST(strings_compare_as_in_c)
{
	const char *a = pairs[_i].a, *b = pairs[_i].b;
	ck_assert_uint_eq(kernel_strlen(a), strlen(a));
	ck_assert_int_eq(sign(kernel_strcmp(a, b)), sign(strcmp(a, b)));
	for (size_t most = 0; most < 14; most++)
		ck_assert_int_eq(sign(kernel_strncmp(a, b, most)), sign(strncmp(a, b, most)));
}
END_TEST

START_TEST(strchr_finds_the_first_and_the_end)
{
	const char *text = "a.b.c";
	ck_assert_ptr_eq(kernel_strchr(text, '.'), text + 1);
	ck_assert_ptr_eq(kernel_strchr(text, '\0'), text + 5);
	ck_assert_ptr_null(kernel_strchr(text, 'x'));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("kernel/core/string");
	TCase *rows = tcase_create("string");
	tcase_add_test(rows, memcpy_copies_exactly_that_many_bytes);
	tcase_add_test(rows, memmove_copies_at_every_overlap);
	tcase_add_test(rows, memset_sets_exactly_that_many_bytes);
	tcase_add_test(rows, memcmp_finds_the_first_difference);
	tcase_add_loop_test(rows, strings_compare_as_in_c, 0, sizeof(pairs) / sizeof(pairs[0]));
	tcase_add_test(rows, strchr_finds_the_first_and_the_end);
	suite_add_tcase(suite, rows);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
