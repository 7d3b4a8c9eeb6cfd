/* SPDX-License-Identifier: MIT */
#include "loader/index.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "loader/host_harness.h"

#define MANY 5000

static struct harness harness;
static struct hload_index names;
static struct hload_node node[MANY];
static char key[MANY][16];

static struct hload_node *find(const char *name)
{
	return hload_index_find(&names, name, strlen(name), hmod_name_hash(name, strlen(name)));
}

static void begin(void)
{
	harness_open(&harness);
	memset(node, 0, sizeof node);
	ck_assert(hload_index_init(&names, &harness.host));
	for (unsigned i = 0; i < MANY; i++)
		snprintf(key[i], sizeof key[i], "name_%u", i);
}

static void end(void)
{
	hload_index_release(&names);
	ck_assert(harness_clean(&harness));
}

static void add_all(void)
{
	for (unsigned i = 0; i < MANY; i++)
		ck_assert(hload_index_add(&names, &node[i], key[i]));
}

START_TEST(finds_every_name_while_growing_and_shrinking)
{
	add_all();
	for (unsigned i = 0; i < MANY; i++)
		ck_assert_ptr_eq(find(key[i]), &node[i]);
	ck_assert_ptr_null(find("name_"));
	ck_assert_ptr_null(find("name_50000"));
	ck_assert_ptr_null(find(""));
	for (unsigned i = 0; i < MANY; i += 2)
		hload_index_remove(&names, &node[i]);
	for (unsigned i = 0; i < MANY; i++)
		ck_assert_ptr_eq(find(key[i]), i % 2 ? &node[i] : NULL);
	ck_assert_uint_eq(names.count, MANY / 2);
}
END_TEST

START_TEST(an_insertion_adds_at_most_one_bucket)
{
	struct hload_node **first = names.segment[0];

	for (unsigned i = 0; i < MANY; i++) {
		uint64_t before = names.buckets, allocs = harness.allocs;

		ck_assert(hload_index_add(&names, &node[i], key[i]));
		ck_assert_uint_le(names.buckets - before, 1);
		ck_assert_uint_le(harness.allocs - allocs, 1);
		ck_assert_uint_eq(names.buckets, names.count < 16 ? 16 : names.count);
	}
	ck_assert_ptr_eq(names.segment[0], first);
}
END_TEST

START_TEST(memory_follows_the_number_of_names_both_ways)
{
	uint64_t bytes = harness.bytes;

	add_all();
	ck_assert_uint_gt(harness.bytes, bytes);
	for (unsigned i = MANY; i-- > 0;)
		hload_index_remove(&names, &node[i]);
	ck_assert_uint_eq(harness.bytes, bytes);
	ck_assert_uint_eq(names.count, 0);
}
END_TEST

START_TEST(equal_names_stand_in_the_order_they_came)
{
	static struct hload_node same[20];
	struct hload_node *at;

	for (unsigned i = 0; i < 20; i++) {
		ck_assert(hload_index_add(&names, &same[i], "same"));
		for (unsigned k = 0; k < 100; k++)
			ck_assert(hload_index_add(&names, &node[100 * i + k], key[100 * i + k]));
	}
	at = find("same");
	for (unsigned i = 0; i < 20; i++, at = hload_index_more(&names, at))
		ck_assert_ptr_eq(at, &same[i]);
	ck_assert_ptr_null(at);
	for (unsigned i = 0; i < 2000; i++)
		hload_index_remove(&names, &node[i]);
	hload_index_remove(&names, &same[0]);
	ck_assert_ptr_eq(find("same"), &same[1]);
	ck_assert_ptr_eq(hload_index_more(&names, &same[18]), &same[19]);
}
END_TEST

START_TEST(removing_what_is_not_in_changes_nothing)
{
	hload_index_remove(&names, &node[0]);
	ck_assert(hload_index_add(&names, &node[1], key[1]));
	hload_index_remove(&names, &node[0]);
	hload_index_remove(&names, &node[1]);
	hload_index_remove(&names, &node[1]);
	ck_assert_uint_eq(names.count, 0);
}
END_TEST

START_TEST(without_memory_to_grow_names_still_get_in)
{
	harness_rewind(&harness);
	for (unsigned i = 0; i < 200; i++) {
		harness.fail_alloc = i < 100 ? harness.allocs + 1 : 0;
		ck_assert(hload_index_add(&names, &node[i], key[i]));
	}
	for (unsigned i = 0; i < 200; i++)
		ck_assert_ptr_eq(find(key[i]), &node[i]);
	for (unsigned i = 0; i < 200; i++)
		hload_index_remove(&names, &node[i]);
	ck_assert_uint_eq(names.count, 0);
	ck_assert_uint_eq(harness.blocks, 1);
}
END_TEST

START_TEST(without_any_memory_it_refuses_to_begin)
{
	struct hload_index dry;

	harness.fail_alloc = harness.allocs + 1;
	ck_assert(!hload_index_init(&dry, &harness.host));
	ck_assert(!hload_index_add(&dry, &node[0], "x"));
	ck_assert_ptr_null(hload_index_find(&dry, "x", 1, hmod_name_hash("x", 1)));
	hload_index_remove(&dry, &node[0]);
	hload_index_release(&dry);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("index");
	TCase *tests = tcase_create("index");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tests, begin, end);
	tcase_add_test(tests, finds_every_name_while_growing_and_shrinking);
	tcase_add_test(tests, an_insertion_adds_at_most_one_bucket);
	tcase_add_test(tests, memory_follows_the_number_of_names_both_ways);
	tcase_add_test(tests, equal_names_stand_in_the_order_they_came);
	tcase_add_test(tests, removing_what_is_not_in_changes_nothing);
	tcase_add_test(tests, without_memory_to_grow_names_still_get_in);
	tcase_add_test(tests, without_any_memory_it_refuses_to_begin);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
