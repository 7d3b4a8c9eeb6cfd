/* SPDX-License-Identifier: MIT
 *
 * Payload trees: kinds, bounds, who owns what, and that every failing allocation
 * leaves nothing behind.
 */
#include "loader/payload.h"
#include "loader/world.h"

static struct world world;

static void open_world(void)
{
	world_open(&world);
}

static void close_world(void)
{
	world_close(&world);
}

/* ---- values ----------------------------------------------------------------------------- */

START_TEST(every_kind_keeps_its_value)
{
	struct helix_payload *p[] = {
		helix_payload_empty(),	      helix_payload_bytes("\0\xff", 2),
		helix_payload_text("h\xc3\xa9"), helix_payload_integer(INT64_MIN),
		helix_payload_boolean(true),  helix_payload_map(),
		helix_payload_list(),
	};
	size_t size;

	for (int i = 0; i < 7; i++)
		ck_assert_int_eq(helix_payload_kind(p[i]), i);
	ck_assert_mem_eq(helix_payload_get_bytes(p[1], &size), "\0\xff", 3);
	ck_assert_uint_eq(size, 2);
	ck_assert_str_eq(helix_payload_get_text(p[2]), "h\xc3\xa9");
	ck_assert(helix_payload_get_integer(p[3]) == INT64_MIN);
	ck_assert(helix_payload_get_boolean(p[4]));
	ck_assert_uint_eq(helix_payload_count(p[5]), 0);
	ck_assert_uint_eq(helix_payload_count(p[6]), 0);
	for (int i = 0; i < 7; i++)
		helix_payload_free(p[i]);
}
END_TEST

START_TEST(another_kind_reads_as_nothing)
{
	struct helix_payload *text = helix_payload_text("true");
	size_t size = 9;

	ck_assert_ptr_null(helix_payload_get_bytes(text, &size));
	ck_assert_uint_eq(size, 0);
	ck_assert_int_eq(helix_payload_get_integer(text), 0);
	ck_assert(!helix_payload_get_boolean(text));
	ck_assert_uint_eq(helix_payload_count(text), 0);
	ck_assert_ptr_null(helix_payload_at(text, 0, NULL));
	ck_assert_ptr_null(helix_payload_find(text, "a"));
	helix_payload_free(text);
	ck_assert_int_eq(helix_payload_kind(NULL), HELIX_PAYLOAD_EMPTY);
	ck_assert_ptr_null(helix_payload_get_text(NULL));
	ck_assert_ptr_null(helix_payload_copy(NULL));
	helix_payload_free(NULL);
}
END_TEST

START_TEST(a_map_keeps_the_order_of_its_names)
{
	struct helix_payload *map = helix_payload_map();
	const char *name;

	ck_assert_int_eq(helix_payload_put(map, "b", helix_payload_integer(1)), 0);
	ck_assert_int_eq(helix_payload_put(map, "a", helix_payload_integer(2)), 0);
	ck_assert_int_eq(helix_payload_put(map, "c", helix_payload_integer(3)), 0);
	ck_assert_uint_eq(helix_payload_count(map), 3);
	ck_assert_int_eq(helix_payload_get_integer(helix_payload_at(map, 1, &name)), 2);
	ck_assert_str_eq(name, "a");
	ck_assert_int_eq(helix_payload_get_integer(helix_payload_find(map, "c")), 3);
	ck_assert_ptr_null(helix_payload_find(map, "d"));
	ck_assert_ptr_null(helix_payload_at(map, 3, &name));
	helix_payload_free(map);
}
END_TEST

START_TEST(a_list_keeps_the_order_of_its_items)
{
	struct helix_payload *list = helix_payload_list();
	const char *name = "left alone";

	for (int i = 0; i < 20; i++)
		ck_assert_int_eq(helix_payload_append(list, helix_payload_integer(i)), 0);
	for (size_t i = 0; i < 20; i++)
		ck_assert_int_eq(helix_payload_get_integer(helix_payload_at(list, i, &name)),
				 (int)i);
	ck_assert_ptr_null(name);
	helix_payload_free(list);
}
END_TEST

/* ---- refusals ----------------------------------------------------------------------------- */

START_TEST(what_is_no_utf8_is_no_text)
{
	static const char *const bad[] = {
		"\x80", "\xc3", "\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80",
		"\xf8\x88\x80\x80\x80", "a\xff",
	};
	static const char *const good[] = {
		"", "a\n", "\x01", "\xc2\x80", "\xe0\xa0\x80", "\xee\x80\x80", "\xf4\x8f\xbf\xbf",
	};

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		ck_assert_msg(!helix_payload_text(bad[i]), "row %zu", i);
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
		ck_assert_msg(helix_payload_text(good[i]) != NULL, "row %zu", i);
	ck_assert(!hload_printable("\x01", 1));
	ck_assert(!hload_printable("\x7f", 1));
	ck_assert(!hload_printable("a\0b", 3));
	ck_assert(hload_printable("a\tb\r\n\xc3\xa9", 7));
}
END_TEST

START_TEST(bytes_and_text_end_at_the_bound)
{
	char *block = malloc(HELIX_PAYLOAD_MAX + 2);
	struct helix_payload *p;

	memset(block, 'x', HELIX_PAYLOAD_MAX + 1);
	block[HELIX_PAYLOAD_MAX + 1] = 0;
	ck_assert_ptr_null(helix_payload_bytes(block, HELIX_PAYLOAD_MAX + 1));
	ck_assert_ptr_null(helix_payload_text(block));
	p = helix_payload_bytes(block, HELIX_PAYLOAD_MAX);
	ck_assert_ptr_nonnull(p);
	helix_payload_free(p);
	p = helix_payload_text(block + 1);
	ck_assert_ptr_nonnull(p);
	helix_payload_free(p);
	free(block);
}
END_TEST

/* The value is freed with each refusal: the world would not close otherwise. */
START_TEST(a_bad_put_is_refused_and_frees_the_value)
{
	struct helix_payload *map = helix_payload_map(), *list = helix_payload_list();
	struct world_held before;
	char name[66];

	memset(name, 'n', 64);
	name[64] = 0;
	ck_assert_int_eq(helix_payload_put(map, name + 1, helix_payload_empty()), 0);
	for (int i = 0; i < 3; i++) /* so that the list has room */
		ck_assert_int_eq(helix_payload_append(list, helix_payload_empty()), 0);
	before = world_held(&world);
	ck_assert_int_eq(helix_payload_put(map, name, helix_payload_empty()), HELIX_E_INVALID);
	ck_assert_int_eq(helix_payload_put(map, "", helix_payload_empty()), HELIX_E_INVALID);
	ck_assert_int_eq(helix_payload_put(map, NULL, helix_payload_empty()), HELIX_E_INVALID);
	ck_assert_int_eq(helix_payload_put(map, "\x02", helix_payload_empty()), HELIX_E_INVALID);
	ck_assert_int_eq(helix_payload_put(map, "\xff", helix_payload_empty()), HELIX_E_INVALID);
	ck_assert_int_eq(helix_payload_put(list, "a", helix_payload_empty()), HELIX_E_INVALID);
	ck_assert_int_eq(helix_payload_append(map, helix_payload_empty()), HELIX_E_INVALID);
	ck_assert_int_eq(helix_payload_put(map, name + 1, helix_payload_list()),
			 HELIX_E_ALREADY_EXISTS);
	ck_assert_int_eq(helix_payload_append(list, NULL), HELIX_E_NO_MEMORY);
	ck_assert_int_eq(helix_payload_append(NULL, helix_payload_map()), HELIX_E_NO_MEMORY);
	ck_assert_same_held(&world, before);
	ck_assert_uint_eq(helix_payload_count(map), 1);
	helix_payload_free(map);
	helix_payload_free(list);
}
END_TEST

/* Lists inside each other, `depth` of them. */
static struct helix_payload *nest(unsigned depth, struct helix_payload *inmost)
{
	while (depth--) {
		struct helix_payload *list = helix_payload_list();

		ck_assert_int_eq(helix_payload_append(list, inmost), 0);
		inmost = list;
	}
	return inmost;
}

START_TEST(eight_inside_each_other_fit_and_nine_do_not)
{
	struct helix_payload *top = helix_payload_map(), *deep, *inner;

	deep = nest(HELIX_PAYLOAD_DEPTH - 1, helix_payload_integer(1));
	ck_assert_int_eq(helix_payload_put(top, "fits", deep), 0);
	deep = nest(HELIX_PAYLOAD_DEPTH, helix_payload_integer(1));
	ck_assert_int_eq(helix_payload_put(top, "not", deep), HELIX_E_TOO_DEEP);
	/* from the inside as well */
	inner = helix_payload_list();
	ck_assert_int_eq(helix_payload_put(top, "open", inner), 0);
	ck_assert_int_eq(helix_payload_append(inner, nest(6, helix_payload_map())),
			 HELIX_E_TOO_DEEP);
	ck_assert_int_eq(helix_payload_append(inner, nest(6, helix_payload_empty())), 0);
	/* and the whole is as high as it became */
	ck_assert_int_eq(helix_payload_append(nest(0, helix_payload_list()), top),
			 HELIX_E_TOO_DEEP);
}
END_TEST

START_TEST(a_tree_ends_at_the_bound)
{
	struct helix_payload *map = helix_payload_map(), *list = helix_payload_list();
	uint8_t *block = calloc(1, HELIX_PAYLOAD_MAX);
	const size_t most = HELIX_PAYLOAD_MAX - 64 - 1 - 64; /* two entries, a name of one byte */

	ck_assert_int_eq(helix_payload_put(map, "l", list), 0);
	ck_assert_int_eq(helix_payload_append(list, helix_payload_bytes(block, most + 1)),
			 HELIX_E_TOO_LARGE);
	ck_assert_int_eq(helix_payload_append(list, helix_payload_bytes(block, most)), 0);
	ck_assert_int_eq(helix_payload_append(list, helix_payload_empty()), HELIX_E_TOO_LARGE);
	ck_assert_int_eq(helix_payload_put(map, "x", helix_payload_empty()), HELIX_E_TOO_LARGE);
	helix_payload_free(map);
	free(block);
}
END_TEST

/* ---- ownership ------------------------------------------------------------------------------ */

START_TEST(a_tree_is_not_put_into_itself)
{
	struct helix_payload *map = helix_payload_map(), *list = helix_payload_list();

	ck_assert_int_eq(helix_payload_put(map, "l", list), 0);
	ck_assert_int_eq(helix_payload_put(map, "m", map), HELIX_E_INVALID);
	ck_assert_int_eq(helix_payload_append(list, map), HELIX_E_INVALID);
	ck_assert_uint_eq(helix_payload_count(map), 1);
	helix_payload_free(map);
}
END_TEST

START_TEST(what_is_inside_another_is_copied_and_not_freed)
{
	struct helix_payload *map = helix_payload_map(), *text = helix_payload_text("t");
	struct helix_payload *list = helix_payload_list();

	ck_assert_int_eq(helix_payload_put(map, "t", text), 0);
	ck_assert_int_eq(helix_payload_append(list, text), 0);
	ck_assert_ptr_ne(helix_payload_at(list, 0, NULL), text);
	helix_payload_free(text);
	ck_assert_ptr_nonnull(strstr(world.log, "<3>a payload is freed by who does not own it"));
	helix_payload_free(list);
	ck_assert_str_eq(helix_payload_get_text(helix_payload_find(map, "t")), "t");
	helix_payload_free(map);
}
END_TEST

/* Every kind, in map and list. */
static struct helix_payload *every_kind(void)
{
	struct helix_payload *map = helix_payload_map(), *list = helix_payload_list();
	int failed = 0;

	failed |= helix_payload_append(list, helix_payload_empty());
	failed |= helix_payload_append(list, helix_payload_bytes("\x0a\xff", 2));
	failed |= helix_payload_append(list, helix_payload_text("0x\"\\\n\x1f\xc3\xa9"));
	failed |= helix_payload_append(list, helix_payload_integer(INT64_MIN));
	failed |= helix_payload_append(list, helix_payload_boolean(false));
	failed |= helix_payload_append(list, helix_payload_map());
	failed |= helix_payload_put(map, "all", list);
	failed |= helix_payload_put(map, "n\xc3\xa9\"", helix_payload_boolean(true));
	if (!failed)
		return map;
	helix_payload_free(map);
	return NULL;
}

static const char *text_of(const struct helix_payload *payload)
{
	static char text[512];
	size_t size;
	char *block = hload_payload_format(world.system, payload, &size);

	ck_assert_uint_lt(size, sizeof text);
	ck_assert_uint_eq(strlen(block), size);
	strcpy(text, block);
	hload_lock_free(world.system, block, size + 1);
	return text;
}

static const char every_text[] = "{\"all\":[null,\"0x0aff\",\"\\u0030x\\\"\\\\\\n\\u001f\xc3\xa9\","
				 "-9223372036854775808,false,{}],\"n\xc3\xa9\\\"\":true}";

START_TEST(a_copy_is_the_same_and_its_own)
{
	struct helix_payload *tree = every_kind(), *copy;

	ck_assert_str_eq(text_of(tree), every_text);
	copy = helix_payload_copy(tree);
	helix_payload_free(tree);
	ck_assert_str_eq(text_of(copy), every_text);
	ck_assert_int_eq(helix_payload_put(copy, "more", helix_payload_integer(42)), 0);
	ck_assert_ptr_nonnull(strstr(text_of(copy), ",\"more\":42}"));
	helix_payload_free(copy);
}
END_TEST

START_TEST(the_text_of_no_payload_is_null)
{
	ck_assert_str_eq(text_of(NULL), "null");
}
END_TEST

/* ---- dry host --------------------------------------------------------------------------------- */

START_TEST(every_failing_allocation_leaves_nothing)
{
	struct world_held before = world_held(&world);
	struct helix_payload *tree = NULL, *copy = NULL;
	unsigned failures = 0;

	for (unsigned n = 1; !copy; n++) {
		harness_rewind(&world.harness);
		world.harness.fail_alloc = n;
		tree = every_kind();
		copy = tree ? helix_payload_copy(tree) : NULL;
		failures += !copy;
		if (tree && !copy)
			helix_payload_free(tree);
		if (!copy)
			ck_assert_msg(!hload_owned_free(world.system, &world.system->owned) ||
					      !tree,
				      "allocation %u", n);
		if (!copy)
			ck_assert_same_held(&world, before);
	}
	ck_assert_uint_gt(failures, 20);
	harness_rewind(&world.harness);
	helix_payload_free(copy);
	helix_payload_free(tree);
	ck_assert_same_held(&world, before);
}
END_TEST

START_TEST(without_a_system_there_is_no_memory)
{
	struct hload_system *system = hload_api_system;

	hload_api_system = NULL;
	ck_assert_ptr_null(helix_payload_empty());
	ck_assert_ptr_null(helix_payload_integer(1));
	ck_assert_ptr_null(helix_payload_boolean(true));
	hload_api_system = system;
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		every_kind_keeps_its_value, another_kind_reads_as_nothing,
		a_map_keeps_the_order_of_its_names, a_list_keeps_the_order_of_its_items,
		what_is_no_utf8_is_no_text, bytes_and_text_end_at_the_bound,
		a_bad_put_is_refused_and_frees_the_value,
		eight_inside_each_other_fit_and_nine_do_not, a_tree_ends_at_the_bound,
		a_tree_is_not_put_into_itself, what_is_inside_another_is_copied_and_not_freed,
		a_copy_is_the_same_and_its_own, the_text_of_no_payload_is_null,
		every_failing_allocation_leaves_nothing, without_a_system_there_is_no_memory,
	};
	Suite *suite = suite_create("payload");
	TCase *tcase = tcase_create("payload");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tcase, open_world, close_world);
	for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++)
		tcase_add_test(tcase, tests[i]);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
