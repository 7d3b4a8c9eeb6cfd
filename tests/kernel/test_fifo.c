/* SPDX-License-Identifier: MIT
 *
 * The built-in policy, called as the kernel calls it.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/sched/fifo.c"

#define THREADS 20

static const struct helix_scheduler_ops *const ops = &fifo_ops;
static struct helix_thread threads[THREADS];

static void setup(void)
{
	ck_assert_int_eq(ops->init(4), HELIX_OK);
	memset(threads, 0, sizeof(threads));
	for (unsigned i = 0; i < THREADS; i++) {
		threads[i].id = i + 1;
		threads[i].affinity = 0xf;
		threads[i].priority = HELIX_PRIORITY_NORMAL;
		ck_assert_int_eq(ops->add_thread(&threads[i]), HELIX_OK);
	}
}

static void ready(unsigned i)
{
	ops->thread_ready(&threads[i], HELIX_READY_WOKEN);
}

START_TEST(nobody_ready_nobody_picked)
{
	ck_assert_uint_eq(ops->pick_next(0), 0);
}
END_TEST

START_TEST(first_come_first_run)
{
	for (unsigned i = 0; i < 3; i++)
		ready(i);
	ck_assert_uint_eq(ops->pick_next(0), 1);
	ck_assert_uint_eq(ops->pick_next(1), 2);
	ck_assert_uint_eq(ops->pick_next(0), 3);
	ck_assert_uint_eq(ops->pick_next(0), 0);
}
END_TEST

START_TEST(a_cpu_takes_only_what_may_run_there)
{
	threads[0].affinity = 1 << 3;
	ready(0);
	ready(1);
	ck_assert_uint_eq(ops->pick_next(0), 2);
	ck_assert_uint_eq(ops->pick_next(0), 0);
	ck_assert_uint_eq(ops->pick_next(3), 1);
}
END_TEST

START_TEST(a_blocked_thread_is_not_picked)
{
	for (unsigned i = 0; i < 3; i++)
		ready(i);
	ops->thread_block(&threads[1]);
	ops->thread_block(&threads[5]); /* not ready: nothing happens */
	ck_assert_uint_eq(ops->pick_next(0), 1);
	ck_assert_uint_eq(ops->pick_next(0), 3);
}
END_TEST

START_TEST(a_removed_thread_is_not_picked)
{
	struct helix_scheduler_stats stats;

	ready(0);
	ready(1);
	ops->remove_thread(&threads[0]);
	ck_assert_uint_eq(ops->pick_next(0), 2);
	ops->stats(&stats);
	ck_assert_uint_eq(stats.threads, THREADS - 1);
	ck_assert_uint_eq(stats.ready, 0);
	ck_assert_uint_eq(stats.picked, 1);
}
END_TEST

START_TEST(who_yields_goes_to_the_end)
{
	ready(0);
	ready(1);
	ck_assert_uint_eq(ops->pick_next(0), 1);
	ops->yield_thread(0, &threads[0]);
	ck_assert_uint_eq(ops->pick_next(0), 2);
	ck_assert_uint_eq(ops->pick_next(0), 1);
}
END_TEST

START_TEST(a_slice_ends_only_when_another_waits)
{
	ready(0);
	ops->pick_next(0);
	for (unsigned i = 0; i < 10; i++)
		ops->tick(0, &threads[0]);
	ck_assert(!ops->needs_reschedule(0, &threads[0]));
	ready(1);
	ck_assert(ops->needs_reschedule(0, &threads[0]));
	ck_assert(!ops->needs_reschedule(1, &threads[0]));
	ops->thread_ready(&threads[0], HELIX_READY_PREEMPTED);
	ck_assert_uint_eq(ops->pick_next(0), 2);
	ck_assert(!ops->needs_reschedule(0, &threads[1]));
	ops->tick(0, &threads[1]);
	ck_assert(!ops->needs_reschedule(0, &threads[1]));
	ops->tick(0, &threads[1]);
	ck_assert(ops->needs_reschedule(0, &threads[1]));
}
END_TEST

START_TEST(more_cpus_than_it_knows_are_refused)
{
	ck_assert_int_eq(ops->init(CPUS_MOST + 1), HELIX_E_INVALID);
}
END_TEST

/* Every ready thread is picked exactly once, whatever happens in between. */
START_TEST(random_use_loses_none_and_doubles_none)
{
	bool is_ready[THREADS] = { false };

	srand(5);
	for (unsigned turn = 0; turn < 50000; turn++) {
		unsigned i = (unsigned)rand() % THREADS, cpu = (unsigned)rand() % 4;
		uint64_t id;

		switch (rand() % 3) {
		case 0:
			if (!is_ready[i])
				ready(i);
			is_ready[i] = true;
			break;
		case 1:
			ops->thread_block(&threads[i]);
			is_ready[i] = false;
			break;
		default:
			id = ops->pick_next(cpu);
			if (id) {
				ck_assert(is_ready[id - 1]);
				is_ready[id - 1] = false;
				break;
			}
			for (i = 0; i < THREADS; i++)
				ck_assert(!is_ready[i]);
		}
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("kernel/sched/fifo");
	TCase *tcase = tcase_create("all");
	SRunner *runner = srunner_create(suite);

	tcase_add_checked_fixture(tcase, setup, NULL);
	tcase_add_test(tcase, nobody_ready_nobody_picked);
	tcase_add_test(tcase, first_come_first_run);
	tcase_add_test(tcase, a_cpu_takes_only_what_may_run_there);
	tcase_add_test(tcase, a_blocked_thread_is_not_picked);
	tcase_add_test(tcase, a_removed_thread_is_not_picked);
	tcase_add_test(tcase, who_yields_goes_to_the_end);
	tcase_add_test(tcase, a_slice_ends_only_when_another_waits);
	tcase_add_test(tcase, more_cpus_than_it_knows_are_refused);
	tcase_add_test(tcase, random_use_loses_none_and_doubles_none);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
