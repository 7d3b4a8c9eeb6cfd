/* SPDX-License-Identifier: MIT */
#include <check.h>

#include "loader/object.h"

#define MANY 10000

static struct hload_object objects[MANY];
static struct hload_places places;

/* Places that do not overlap, in an order of their own: 16 bytes apart from 32. */
static void place(unsigned i, uint64_t at)
{
	objects[i] = (struct hload_object){ 0 };
	objects[i].region[HLOAD_TEXT].address = UINT64_C(0xffffffff90000000) + 32 * at;
	objects[i].region[HLOAD_TEXT].size = 16;
}

static void add_all(unsigned step)
{
	places = (struct hload_places){ 0 };
	for (unsigned i = 0; i < MANY; i++) {
		place(i, (uint64_t)i * step % MANY);
		hload_places_add(&places, &objects[i]);
	}
}

static unsigned depth(const struct hload_object *o)
{
	unsigned below = o ? depth(o->place[HLOAD_TEXT].below) : 0,
		 above = o ? depth(o->place[HLOAD_TEXT].above) : 0;

	return o ? 1 + (below > above ? below : above) : 0;
}

static void check_found(unsigned from, unsigned by)
{
	for (unsigned i = 0; i < MANY; i++) {
		uint64_t at = objects[i].region[HLOAD_TEXT].address;
		struct hload_object *wanted = i >= from && (i - from) % by == 0 ? &objects[i] : NULL;

		ck_assert_ptr_eq(hload_places_find(&places, HLOAD_TEXT, at), wanted);
		ck_assert_ptr_eq(hload_places_find(&places, HLOAD_TEXT, at + 15), wanted);
		ck_assert_ptr_null(hload_places_find(&places, HLOAD_TEXT, at + 16));
		ck_assert_ptr_null(hload_places_find(&places, HLOAD_TEXT, at - 1));
	}
}

static const unsigned steps[] = { 1, MANY - 1, 7919 };

START_TEST(every_address_finds_its_text)
{
	add_all(steps[_i]);
	check_found(0, 1);
	ck_assert_ptr_null(hload_places_find(&places, HLOAD_TEXT, 0));
	ck_assert_ptr_null(hload_places_find(&places, HLOAD_TEXT, UINT64_MAX));
}
END_TEST

START_TEST(the_tree_is_shallow_in_any_order)
{
	add_all(steps[_i]);
	ck_assert_uint_lt(depth(places.root[HLOAD_TEXT]), 45);
}
END_TEST

START_TEST(what_is_taken_out_is_not_found_any_more)
{
	add_all(steps[_i]);
	for (unsigned i = 0; i < MANY; i++)
		if (i % 3)
			hload_places_remove(&places, &objects[i]);
	check_found(0, 3);
	for (unsigned i = 0; i < MANY; i += 3)
		hload_places_remove(&places, &objects[i]);
	ck_assert_ptr_null(places.root[HLOAD_TEXT]);
}
END_TEST

START_TEST(an_object_without_code_is_left_out)
{
	struct hload_object data = { 0 };

	places = (struct hload_places){ 0 };
	hload_places_add(&places, &data);
	ck_assert_ptr_null(places.root[HLOAD_TEXT]);
	hload_places_remove(&places, &data);
	ck_assert_ptr_null(hload_places_find(&places, HLOAD_TEXT, 0));
}
END_TEST

/* Every kind of region has a tree of its own; a reader that wants any finds it there. */
START_TEST(data_and_tables_are_found_as_code_is)
{
	places = (struct hload_places){ 0 };
	for (unsigned i = 0; i < MANY; i++) {
		place(i, (uint64_t)i * 7919 % MANY);
		objects[i].region[HLOAD_DATA] = objects[i].region[HLOAD_TEXT];
		objects[i].region[HLOAD_DATA].address += UINT64_C(0x10000000);
		objects[i].got = objects[i].region[HLOAD_TEXT];
		objects[i].got.address += UINT64_C(0x20000000);
		hload_places_add(&places, &objects[i]);
	}
	for (unsigned i = 0; i < MANY; i++) {
		uint64_t text = objects[i].region[HLOAD_TEXT].address;

		for (uint64_t at = text; at <= text + 0x20000000; at += 0x10000000) {
			ck_assert_ptr_eq(hload_places_find_any(&places, at + 15), &objects[i]);
			ck_assert_ptr_null(hload_places_find_any(&places, at + 16));
		}
		ck_assert_ptr_null(hload_places_find(&places, HLOAD_TEXT, text + 0x10000000));
		hload_places_remove(&places, &objects[i]);
		ck_assert_ptr_null(hload_places_find_any(&places, text + 0x10000000));
	}
	for (unsigned kind = 0; kind < HLOAD_PLACES; kind++)
		ck_assert_ptr_null(places.root[kind]);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("places");
	TCase *tests = tcase_create("places");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tests, 60);
	tcase_add_loop_test(tests, every_address_finds_its_text, 0, 3);
	tcase_add_loop_test(tests, the_tree_is_shallow_in_any_order, 0, 3);
	tcase_add_loop_test(tests, what_is_taken_out_is_not_found_any_more, 0, 3);
	tcase_add_test(tests, data_and_tables_are_found_as_code_is);
	tcase_add_test(tests, an_object_without_code_is_left_out);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
