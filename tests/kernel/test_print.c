/* SPDX-License-Identifier: MIT
 *
 * kvsnprintf against libc's snprintf, format by format, and where C leaves it
 * open against what print.h promises.
 */
#include <check.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/core/print.c"

#pragma GCC diagnostic ignored "-Wformat"
#pragma GCC diagnostic ignored "-Wformat-extra-args"

/* Both formatters get the same arguments; text and length must agree. */
#define SAME(...)                                                                   \
	do {                                                                        \
		char ours[512], theirs[512];                                        \
		int length = ksnprintf(ours, sizeof(ours), __VA_ARGS__);            \
		int wanted = snprintf(theirs, sizeof(theirs), __VA_ARGS__);         \
		ck_assert_str_eq(ours, theirs);                                     \
		ck_assert_int_eq(length, wanted);                                   \
	} while (0)

/* Every flag, width, precision and length, joined to each conversion. */
static const char *const flags[] = { "", "-", "0", "+", " ", "#", "-0", "+0", "#0", "-#", "+ " };
static const char *const widths[] = { "", "1", "7", "20" };
static const char *const precisions[] = { "", ".", ".0", ".1", ".5", ".15" };
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void each_shape(void (*check)(const char *shape))
{
	char shape[32];
	for (size_t f = 0; f < COUNT(flags); f++)
		for (size_t w = 0; w < COUNT(widths); w++)
			for (size_t p = 0; p < COUNT(precisions); p++) {
				snprintf(shape, sizeof(shape), "%%%s%s%s", flags[f], widths[w],
					 precisions[p]);
				check(shape);
			}
}

static const int64_t values[] = { 0, 1, -1, 7, 8, 9, 10, 127, 128, -128, 255, 256, 32767, 65535,
				  INT_MAX, INT_MIN, UINT_MAX, INT64_MAX, INT64_MIN, 0x123456789abcdef };

static void numbers_agree(const char *shape)
{
	static const char *const lengths[] = { "hh", "h", "", "l", "ll", "z", "t", "j" };
	for (size_t l = 0; l < COUNT(lengths); l++) {
		for (const char *letter = "diuxXo"; *letter; letter++) {
			char format[48];
			snprintf(format, sizeof(format), "<%s%s%c>", shape, lengths[l], *letter);
			for (size_t v = 0; v < COUNT(values); v++)
				SAME(format, values[v]);
		}
	}
}

static void strings_agree(const char *shape)
{
	static const char *const texts[] = { "", "a", "seven..", "a text longer than widths" };
	char format[48];
	snprintf(format, sizeof(format), "<%ss>", shape);
	for (size_t i = 0; i < COUNT(texts); i++)
		SAME(format, texts[i]);
	snprintf(format, sizeof(format), "<%sc>", shape);
	SAME(format, 'x');
}

START_TEST(numbers_print_as_in_c_in_every_shape)
{
	each_shape(numbers_agree);
}
END_TEST

START_TEST(strings_and_characters_print_as_in_c_in_every_shape)
{
	each_shape(strings_agree);
}
END_TEST

START_TEST(star_takes_width_and_precision_from_the_arguments)
{
	for (int n = -12; n <= 12; n++) {
		SAME("<%*d>", n, 42);
		SAME("<%.*d>", n, 42);
		SAME("<%*.*s>", n, n / 2, "some text");
		SAME("<%-*u|%0*x>", n, 42u, n, 42u);
	}
}
END_TEST

START_TEST(pointers_print_as_in_c)
{
	SAME("<%p>", (void *)0x1234);
	SAME("<%20p>", (void *)UINTPTR_MAX);
	SAME("<%-20p>", (void *)1);
}
END_TEST

START_TEST(percent_and_plain_text_print_as_in_c)
{
	SAME("plain");
	SAME("%s", "");
	SAME("100%% of %d, %s%c", 3, "four", '.');
	SAME("%d%s%lu%x", 1, "two", 3ul, 4u);
}
END_TEST

START_TEST(a_text_that_does_not_fit_is_cut_and_its_whole_length_returned)
{
	for (size_t room = 0; room < 12; room++) {
		char ours[16], theirs[16];
		memset(ours, '~', sizeof(ours));
		memset(theirs, '~', sizeof(theirs));
		ck_assert_int_eq(ksnprintf(ours, room, "%s-%d", "text", 1234), 9);
		snprintf(theirs, room, "%s-%d", "text", 1234);
		ck_assert_mem_eq(ours, theirs, sizeof(ours));
	}
	ck_assert_int_eq(ksnprintf(NULL, 0, "%d", 12345), 5);
}
END_TEST

START_TEST(precision_bounds_what_is_read_of_a_string)
{
	char *unended = malloc(3), text[8];
	memcpy(unended, "abc", 3);
	ck_assert_int_eq(ksnprintf(text, sizeof(text), "%.3s", unended), 3);
	ck_assert_str_eq(text, "abc");
	free(unended);
}
END_TEST

START_TEST(what_c_leaves_open_is_as_promised)
{
	static const struct {
		const char *format, *wanted;
	} rows[] = {
		{ "%s", "(null)" }, { "%p", "0x0" }, { "%y", "%y" }, { "%5q|", "%5q|" },
		{ "%", "%" },	    { "a%l", "a%l" },
	};
	char text[32];
	for (size_t i = 0; i < COUNT(rows); i++) {
		ksnprintf(text, sizeof(text), rows[i].format, NULL);
		ck_assert_str_eq(text, rows[i].wanted);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("kernel/core/print");
	TCase *rows = tcase_create("print");
	tcase_set_timeout(rows, 60);
	tcase_add_test(rows, numbers_print_as_in_c_in_every_shape);
	tcase_add_test(rows, strings_and_characters_print_as_in_c_in_every_shape);
	tcase_add_test(rows, star_takes_width_and_precision_from_the_arguments);
	tcase_add_test(rows, pointers_print_as_in_c);
	tcase_add_test(rows, percent_and_plain_text_print_as_in_c);
	tcase_add_test(rows, a_text_that_does_not_fit_is_cut_and_its_whole_length_returned);
	tcase_add_test(rows, precision_bounds_what_is_read_of_a_string);
	tcase_add_test(rows, what_c_leaves_open_is_as_promised);
	suite_add_tcase(suite, rows);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
