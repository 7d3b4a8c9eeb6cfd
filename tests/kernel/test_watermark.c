/* SPDX-License-Identifier: MIT
 *
 * Levels of scarcity, and the slack between them.
 */
#include <check.h>
#include <stdlib.h>

#include "kernel/mm/watermark.c"

#define TOTAL 3200 /* low below 400, critical below 100 */

static const struct row {
	int before;
	uint64_t available;
	int after;
	const char *claim;
} rows[] = {
	{ WATERMARK_NORMAL, TOTAL, WATERMARK_NORMAL, "plenty is normal" },
	{ WATERMARK_NORMAL, 400, WATERMARK_NORMAL, "at the mark it is not yet low" },
	{ WATERMARK_NORMAL, 399, WATERMARK_LOW, "below an eighth it is low" },
	{ WATERMARK_LOW, 400, WATERMARK_LOW, "at the mark it stays low" },
	{ WATERMARK_LOW, 499, WATERMARK_LOW, "within the slack it stays low" },
	{ WATERMARK_LOW, 500, WATERMARK_NORMAL, "a quarter above the mark it is normal" },
	{ WATERMARK_LOW, 100, WATERMARK_LOW, "at the second mark it is not yet critical" },
	{ WATERMARK_LOW, 99, WATERMARK_CRITICAL, "below a thirty-second it is critical" },
	{ WATERMARK_CRITICAL, 124, WATERMARK_CRITICAL, "within the slack it stays critical" },
	{ WATERMARK_CRITICAL, 125, WATERMARK_LOW, "a quarter above it is low" },
	{ WATERMARK_CRITICAL, 450, WATERMARK_LOW, "and low it stays within low's slack" },
	{ WATERMARK_CRITICAL, 500, WATERMARK_NORMAL, "two levels at once upwards" },
	{ WATERMARK_NORMAL, 0, WATERMARK_CRITICAL, "two levels at once downwards" },
};

START_TEST(levels)
{
	const struct row *row = &rows[_i];

	ck_assert_msg(watermark_level(row->before, row->available, TOTAL) == row->after, "%s",
		      row->claim);
}
END_TEST

START_TEST(a_level_stays_exactly_in_its_range)
{
	uint64_t totals[] = { 0, 1, 7, 33, 320, TOTAL, 3217 };

	for (unsigned i = 0; i < sizeof(totals) / sizeof(totals[0]); i++)
		for (uint64_t available = 0; available <= totals[i]; available++) {
			uint64_t from, to;

			watermark_range(_i, totals[i], &from, &to);
			ck_assert_int_eq(watermark_level(_i, available, totals[i]) == _i,
					 available >= from && available < to);
		}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("kernel/mm/watermark");
	TCase *tcase = tcase_create("all");
	SRunner *runner = srunner_create(suite);

	tcase_add_loop_test(tcase, levels, 0, sizeof(rows) / sizeof(rows[0]));
	tcase_add_loop_test(tcase, a_level_stays_exactly_in_its_range, WATERMARK_NORMAL,
			    WATERMARK_CRITICAL + 1);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
