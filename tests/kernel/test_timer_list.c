/* SPDX-License-Identifier: MIT
 *
 * The list of deadlines, against a plain search through all of them.
 */
#include <check.h>
#include <stdlib.h>

#include "kernel/sched/timer_list.c"

#define NODES 40

static struct timer_node nodes[NODES];
static struct timer_list list;

static void setup(void)
{
	list = (struct timer_list){ NULL, NULL };
	for (unsigned i = 0; i < NODES; i++)
		nodes[i] = (struct timer_node){ .listed = false };
}

START_TEST(the_earliest_comes_first)
{
	timer_list_add(&list, &nodes[0], 30);
	timer_list_add(&list, &nodes[1], 10);
	timer_list_add(&list, &nodes[2], 20);
	ck_assert_ptr_eq(timer_list_due(&list, 100), &nodes[1]);
	ck_assert_ptr_eq(timer_list_due(&list, 100), &nodes[2]);
	ck_assert_ptr_eq(timer_list_due(&list, 100), &nodes[0]);
	ck_assert_ptr_null(timer_list_due(&list, 100));
}
END_TEST

START_TEST(equal_deadlines_keep_their_order)
{
	for (unsigned i = 0; i < 5; i++)
		timer_list_add(&list, &nodes[i], 7);
	for (unsigned i = 0; i < 5; i++)
		ck_assert_ptr_eq(timer_list_due(&list, 7), &nodes[i]);
}
END_TEST

START_TEST(what_is_not_due_stays)
{
	timer_list_add(&list, &nodes[0], 11);
	ck_assert_ptr_null(timer_list_due(&list, 10));
	ck_assert(nodes[0].listed);
	ck_assert_ptr_eq(timer_list_due(&list, 11), &nodes[0]);
	ck_assert(!nodes[0].listed);
}
END_TEST

START_TEST(removing_what_is_in_no_list_changes_nothing)
{
	timer_list_add(&list, &nodes[0], 1);
	timer_list_remove(&list, &nodes[1]);
	timer_list_remove(&list, &nodes[0]);
	timer_list_remove(&list, &nodes[0]);
	ck_assert_ptr_null(list.first);
	ck_assert_ptr_null(list.last);
}
END_TEST

static struct timer_node *plain_first(uint64_t now)
{
	struct timer_node *found = NULL;

	for (unsigned i = 0; i < NODES; i++)
		if (nodes[i].listed && nodes[i].deadline <= now &&
		    (!found || nodes[i].deadline < found->deadline))
			found = &nodes[i];
	return found;
}

START_TEST(random_use_agrees_with_a_plain_search)
{
	srand(3);
	for (unsigned turn = 0; turn < 50000; turn++) {
		struct timer_node *node = &nodes[rand() % NODES];
		/* Each node has deadlines of its own, so that none are equal. */
		uint64_t own = (uint64_t)(node - nodes);

		if (node->listed && rand() % 2) {
			timer_list_remove(&list, node);
		} else if (!node->listed) {
			timer_list_add(&list, node, (uint64_t)(rand() % 1000) * NODES + own);
		} else {
			uint64_t now = (uint64_t)(rand() % 1000) * NODES;
			struct timer_node *wanted = plain_first(now);

			ck_assert_ptr_eq(timer_list_due(&list, now), wanted);
		}
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("kernel/sched/timer_list");
	TCase *tcase = tcase_create("all");
	SRunner *runner = srunner_create(suite);

	tcase_add_checked_fixture(tcase, setup, NULL);
	tcase_add_test(tcase, the_earliest_comes_first);
	tcase_add_test(tcase, equal_deadlines_keep_their_order);
	tcase_add_test(tcase, what_is_not_due_stays);
	tcase_add_test(tcase, removing_what_is_in_no_list_changes_nothing);
	tcase_add_test(tcase, random_use_agrees_with_a_plain_search);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
