/* SPDX-License-Identifier: MIT */
#include <check.h>

#include "loader/object.h"

#define MANY 10000

static struct hload_object objects[MANY], *root;

/* Places that do not overlap, in an order of their own: 16 bytes apart from 32. */
static void place(unsigned i, uint64_t at)
{
	objects[i] = (struct hload_object){ 0 };
	objects[i].region[HLOAD_TEXT].address = UINT64_C(0xffffffff90000000) + 32 * at;
	objects[i].region[HLOAD_TEXT].size = 16;
}

static void add_all(unsigned step)
{
	root = NULL;
	for (unsigned i = 0; i < MANY; i++) {
		place(i, (uint64_t)i * step % MANY);
		hload_texts_add(&root, &objects[i]);
	}
}

static unsigned depth(const struct hload_object *o)
{
	unsigned below = o ? depth(o->below) : 0, above = o ? depth(o->above) : 0;

	return o ? 1 + (below > above ? below : above) : 0;
}

static void check_found(unsigned from, unsigned by)
{
	for (unsigned i = 0; i < MANY; i++) {
		uint64_t at = objects[i].region[HLOAD_TEXT].address;
		struct hload_object *wanted = i >= from && (i - from) % by == 0 ? &objects[i] : NULL;

		ck_assert_ptr_eq(hload_texts_find(root, at), wanted);
		ck_assert_ptr_eq(hload_texts_find(root, at + 15), wanted);
		ck_assert_ptr_null(hload_texts_find(root, at + 16));
		ck_assert_ptr_null(hload_texts_find(root, at - 1));
	}
}

static const unsigned steps[] = { 1, MANY - 1, 7919 };

START_TEST(every_address_finds_its_text)
{
	add_all(steps[_i]);
	check_found(0, 1);
	ck_assert_ptr_null(hload_texts_find(root, 0));
	ck_assert_ptr_null(hload_texts_find(root, UINT64_MAX));
}
END_TEST

START_TEST(the_tree_is_shallow_in_any_order)
{
	add_all(steps[_i]);
	ck_assert_uint_lt(depth(root), 45);
}
END_TEST

START_TEST(what_is_taken_out_is_not_found_any_more)
{
	add_all(steps[_i]);
	for (unsigned i = 0; i < MANY; i++)
		if (i % 3)
			hload_texts_remove(&root, &objects[i]);
	check_found(0, 3);
	for (unsigned i = 0; i < MANY; i += 3)
		hload_texts_remove(&root, &objects[i]);
	ck_assert_ptr_null(root);
}
END_TEST

START_TEST(an_object_without_code_is_left_out)
{
	struct hload_object data = { 0 };

	root = NULL;
	hload_texts_add(&root, &data);
	ck_assert_ptr_null(root);
	hload_texts_remove(&root, &data);
	ck_assert_ptr_null(hload_texts_find(root, 0));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("texts");
	TCase *tests = tcase_create("texts");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tests, 60);
	tcase_add_loop_test(tests, every_address_finds_its_text, 0, 3);
	tcase_add_loop_test(tests, the_tree_is_shallow_in_any_order, 0, 3);
	tcase_add_loop_test(tests, what_is_taken_out_is_not_found_any_more, 0, 3);
	tcase_add_test(tests, an_object_without_code_is_left_out);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
