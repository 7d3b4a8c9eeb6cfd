/* SPDX-License-Identifier: MIT
 *
 * Which lock forbids taking which.
 */
#include <check.h>
#include <stdarg.h>
#include <stdlib.h>

#include "kernel/sched/lock.c"

struct cpu_block cpu_blocks[CPUS_MAX];

void tlb_poll(void)
{
}

void panic(const char *format, ...)
{
	ck_abort_msg("panic: %s", format);
	abort();
}

static struct spinlock timer = SPINLOCK(RANK_TIMER, "timer");
static struct spinlock scheduler = SPINLOCK(RANK_SCHEDULER, "scheduler");
static struct spinlock memory = SPINLOCK(RANK_MEMORY, "memory");

START_TEST(nothing_forbids_the_first)
{
	for (unsigned rank = RANK_TIMER; rank <= RANK_CONSOLE; rank++)
		ck_assert_ptr_null(lock_order_break(NULL, 0, rank));
}
END_TEST

START_TEST(inner_ranks_may_follow)
{
	struct spinlock *held[] = { &timer, &scheduler };

	ck_assert_ptr_null(lock_order_break(held, 2, RANK_MEMORY));
	ck_assert_ptr_null(lock_order_break(held, 2, RANK_CONSOLE));
}
END_TEST

START_TEST(the_same_rank_is_refused)
{
	struct spinlock *held[] = { &timer, &scheduler };

	ck_assert_ptr_eq(lock_order_break(held, 2, RANK_SCHEDULER), &scheduler);
}
END_TEST

START_TEST(an_outer_rank_is_refused_and_the_innermost_breaker_named)
{
	struct spinlock *held[] = { &timer, &scheduler, &memory };

	ck_assert_ptr_eq(lock_order_break(held, 3, RANK_SCHEDULER), &memory);
	ck_assert_ptr_eq(lock_order_break(held, 3, RANK_TIMER), &memory);
	ck_assert_ptr_eq(lock_order_break(held, 1, RANK_TIMER), &timer);
}
END_TEST

START_TEST(held_locks_are_taken_off_in_any_order)
{
	struct cpu_block cpu = { .held = { &timer, &scheduler, &memory }, .held_count = 3 };

	held_remove(&cpu, &scheduler);
	ck_assert_uint_eq(cpu.held_count, 2);
	ck_assert_ptr_eq(cpu.held[0], &timer);
	ck_assert_ptr_eq(cpu.held[1], &memory);
	held_remove(&cpu, &scheduler);
	ck_assert_uint_eq(cpu.held_count, 2);
	held_remove(&cpu, &memory);
	held_remove(&cpu, &timer);
	ck_assert_uint_eq(cpu.held_count, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("kernel/sched/lock");
	TCase *tcase = tcase_create("all");
	SRunner *runner = srunner_create(suite);

	tcase_add_test(tcase, nothing_forbids_the_first);
	tcase_add_test(tcase, inner_ranks_may_follow);
	tcase_add_test(tcase, the_same_rank_is_refused);
	tcase_add_test(tcase, an_outer_rank_is_refused_and_the_innermost_breaker_named);
	tcase_add_test(tcase, held_locks_are_taken_off_in_any_order);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
