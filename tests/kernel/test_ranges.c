/* SPDX-License-Identifier: MIT
 *
 * Interval sets: rows of operations with the set they leave, and a comparison
 * with a plain array of flags over random operations.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/mm/ranges.c"

static void show(const struct ranges *set, char *text)
{
	*text = '\0';
	for (unsigned i = 0; i < set->count; i++)
		text += sprintf(text, "%lu-%lu ", set->at[i].start, set->at[i].end);
}

struct operation {
	char what; /* + add, - cut, NUL: none */
	uint64_t start, end;
};

static const struct {
	const char *claim;
	struct operation done[4];
	const char *left;
} rows[] = {
	{ "apart stays apart", { { '+', 5, 7 }, { '+', 1, 3 } }, "1-3 5-7 " },
	{ "touching becomes one", { { '+', 5, 7 }, { '+', 3, 5 } }, "3-7 " },
	{ "overlapping becomes one", { { '+', 5, 7 }, { '+', 6, 9 } }, "5-9 " },
	{ "a bridge joins two", { { '+', 1, 3 }, { '+', 5, 7 }, { '+', 2, 6 } }, "1-7 " },
	{ "what is inside changes nothing", { { '+', 1, 9 }, { '+', 3, 4 } }, "1-9 " },
	{ "empty adds nothing", { { '+', 4, 4 }, { '+', 5, 3 } }, "" },
	{ "a cut in the middle leaves two", { { '+', 1, 9 }, { '-', 3, 4 } }, "1-3 4-9 " },
	{ "a cut at the start", { { '+', 1, 9 }, { '-', 0, 4 } }, "4-9 " },
	{ "a cut at the end", { { '+', 1, 9 }, { '-', 4, 12 } }, "1-4 " },
	{ "a cut of all", { { '+', 1, 9 }, { '-', 1, 9 } }, "" },
	{ "a cut across several", { { '+', 1, 3 }, { '+', 5, 7 }, { '+', 9, 11 }, { '-', 2, 10 } },
	  "1-2 10-11 " },
	{ "an empty cut changes nothing", { { '+', 1, 9 }, { '-', 4, 4 } }, "1-9 " },
	{ "a cut beside changes nothing", { { '+', 3, 5 }, { '-', 5, 7 }, { '-', 1, 3 } }, "3-5 " },
};

START_TEST(operations)
{
	struct ranges set = { 0 };
	char text[256];
	for (unsigned i = 0; i < 4 && rows[_i].done[i].what; i++) {
		const struct operation *o = &rows[_i].done[i];
		ck_assert((o->what == '+' ? ranges_add : ranges_cut)(&set, o->start, o->end));
	}
	show(&set, text);
	ck_assert_msg(!strcmp(text, rows[_i].left), "%s: %s", rows[_i].claim, text);
}
END_TEST

#define UNITS 200

START_TEST(random_operations_agree_with_plain_flags)
{
	struct ranges set = { 0 };
	char flags[UNITS + 1] = { 0 };
	srand(1);
	for (unsigned turn = 0; turn < 3000; turn++) {
		unsigned start = (unsigned)rand() % UNITS, end = start + (unsigned)rand() % 20;
		int add = rand() % 2;
		end = end < UNITS ? end : UNITS;
		ck_assert((add ? ranges_add : ranges_cut)(&set, start, end));
		memset(flags + start, add, end - start);
		unsigned total = 0, wrong = 0;
		for (unsigned i = 0; i < UNITS; i++) {
			total += (unsigned)flags[i];
			wrong += ranges_contain(&set, i, i + 1) != flags[i];
		}
		ck_assert_uint_eq(wrong, 0);
		ck_assert_uint_eq(ranges_total(&set), total);
		for (unsigned i = 0; i + 1 < set.count; i++)
			ck_assert_uint_lt(set.at[i].end, set.at[i + 1].start);
	}
}
END_TEST

START_TEST(a_full_set_refuses_and_stays)
{
	static struct ranges set;
	for (uint64_t i = 0; i < RANGES_MAX; i++)
		ck_assert(ranges_add(&set, i * 10, i * 10 + 5));
	ck_assert(!ranges_add(&set, 7, 8));
	ck_assert(!ranges_cut(&set, 1, 2));
	ck_assert_uint_eq(ranges_total(&set), RANGES_MAX * 5);
	ck_assert(ranges_add(&set, 4, 11));
	ck_assert_uint_eq(set.count, RANGES_MAX - 1);
}
END_TEST

START_TEST(take_finds_the_lowest_place_below_the_limit)
{
	struct ranges set = { 0 };
	ranges_add(&set, 10, 13);
	ranges_add(&set, 20, 30);
	ck_assert_uint_eq(ranges_take(&set, 5, 100), 20);
	ck_assert_uint_eq(ranges_take(&set, 3, 100), 10);
	ck_assert_uint_eq(ranges_take(&set, 5, 29), UINT64_MAX);
	ck_assert_uint_eq(ranges_take(&set, 5, 30), 25);
	ck_assert_uint_eq(ranges_take(&set, 1, 100), UINT64_MAX);
}
END_TEST

START_TEST(contains_means_all_of_it)
{
	struct ranges set = { 0 };
	ranges_add(&set, 10, 20);
	ck_assert(ranges_contain(&set, 10, 20));
	ck_assert(!ranges_contain(&set, 9, 11));
	ck_assert(!ranges_contain(&set, 19, 21));
	ck_assert(!ranges_contain(&set, 15, 15));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("kernel/mm/ranges");
	TCase *cases = tcase_create("ranges");
	tcase_add_loop_test(cases, operations, 0, sizeof(rows) / sizeof(rows[0]));
	tcase_add_test(cases, random_operations_agree_with_plain_flags);
	tcase_add_test(cases, a_full_set_refuses_and_stays);
	tcase_add_test(cases, take_finds_the_lowest_place_below_the_limit);
	tcase_add_test(cases, contains_means_all_of_it);
	suite_add_tcase(suite, cases);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
