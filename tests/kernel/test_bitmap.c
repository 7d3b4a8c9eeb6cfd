/* SPDX-License-Identifier: MIT
 *
 * Bitmap runs, compared bit by bit with the plainest search there is.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/mm/bitmap.c"

#define UNITS 300

static uint64_t words[BITMAP_WORDS(UNITS)];
static struct bitmap map = { words, UNITS };
static char plain[UNITS];

static void mark(uint64_t first, uint64_t count, bool free)
{
	bitmap_mark(&map, first, count, free);
	memset(plain + first, free, count);
}

static uint64_t plain_run(uint64_t from, uint64_t count, uint64_t align)
{
	for (uint64_t at = (from + align - 1) & ~(align - 1); at + count <= UNITS; at += align)
		if (!memchr(plain + at, 0, count))
			return at;
	return BITMAP_NONE;
}

static uint64_t plain_find(uint64_t from, uint64_t count, uint64_t align)
{
	uint64_t found = plain_run(from, count, align);
	return found == BITMAP_NONE ? plain_run(0, count, align) : found;
}

START_TEST(random_marks_and_searches_agree_with_a_plain_search)
{
	srand(1);
	for (unsigned turn = 0; turn < 20000; turn++) {
		uint64_t first = (uint64_t)rand() % UNITS, count = (uint64_t)rand() % 90;
		if (count > UNITS - first)
			count = UNITS - first;
		mark(first, count, rand() % 3);
		uint64_t from = (uint64_t)rand() % UNITS, align = UINT64_C(1) << rand() % 8;
		count = 1 + (uint64_t)rand() % 80;
		ck_assert_uint_eq(bitmap_find(&map, from, count, align),
				  plain_find(from, count, align));
		uint64_t next = from;
		while (next < UNITS && !plain[next])
			next++;
		ck_assert_uint_eq(bitmap_next(&map, from, UNITS, true), next);
	}
}
END_TEST

START_TEST(a_run_ends_where_the_map_ends)
{
	mark(0, UNITS, true);
	ck_assert_uint_eq(bitmap_find(&map, 0, UNITS, 1), 0);
	ck_assert_uint_eq(bitmap_find(&map, 0, UNITS + 1, 1), BITMAP_NONE);
	ck_assert_uint_eq(bitmap_find(&map, 0, UINT64_MAX, 1), BITMAP_NONE);
	ck_assert_uint_eq(bitmap_find(&map, UNITS - 1, 2, 1), 0);
	ck_assert_uint_eq(bitmap_find(&map, UNITS - 1, 1, 1), UNITS - 1);
	ck_assert_uint_eq(bitmap_find(&map, 0, 1, 512), 0);
	mark(0, 1, false);
	ck_assert_uint_eq(bitmap_find(&map, 0, 1, 512), BITMAP_NONE);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("kernel/mm/bitmap");
	TCase *cases = tcase_create("bitmap");
	tcase_add_test(cases, random_marks_and_searches_agree_with_a_plain_search);
	tcase_add_test(cases, a_run_ends_where_the_map_ends);
	suite_add_tcase(suite, cases);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
