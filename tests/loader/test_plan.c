/* SPDX-License-Identifier: MIT
 *
 * Orders of starting and of going. Stability and validity on thousands of
 * graphs are tests/loader/test_graph.c's.
 */
#include "loader/world.h"

#define MOST 16

static struct world w;
static struct hload_module *order[MOST];
static size_t length;

static const char *plan(const char *first, const char *second)
{
	struct hload_module *roots[2] = { hload_find(w.system, first),
					  second ? hload_find(w.system, second) : NULL };

	if (hload_plan(w.system, roots, second ? 2 : 1, order, MOST, &length, &w.diag)) {
		ck_assert_uint_eq(length, 0);
		return harness_text(&w.diag);
	}
	return world_names(order, length);
}

static void register_all(const struct elf_module *rows, size_t count)
{
	world_open(&w);
	w.pretend = true;
	for (size_t i = 0; i < count; i++)
		world_add(&w, &rows[i]);
}

#define ROWS(rows) rows, sizeof(rows) / sizeof((rows)[0])

/* "top" depends on two sides, both on the base; the base comes last. */
static const struct elf_module diamond[] = {
	{ .name = "top", .dependencies = (const char *const[]){ "right", "left >= 1.0", NULL } },
	{ .name = "left", .version = VERSION(1, 4),
	  .dependencies = (const char *const[]){ "base", NULL } },
	{ .name = "right", .dependencies = (const char *const[]){ "base", NULL } },
	{ .name = "alone" },
	{ .name = "base", .version = VERSION(2, 0) },
};

START_TEST(dependencies_come_first_and_ties_as_registered)
{
	register_all(ROWS(diamond));
	ck_assert_str_eq(plan("top", NULL), "base left right top");
	ck_assert_str_eq(plan("base", NULL), "base");
	ck_assert_str_eq(plan("alone", "right"), "alone base right");
	ck_assert_str_eq(plan("right", "alone"), "alone base right");
	ck_assert_str_eq(plan("top", "top"), "base left right top");
	ck_assert_int_eq(hload_plan(w.system, NULL, 0, order, 0, &length, &w.diag), HELIX_OK);
	ck_assert_uint_eq(length, 0);
	world_close(&w);
}
END_TEST

START_TEST(what_runs_is_left_out)
{
	register_all(ROWS(diamond));
	ck_assert_int_eq(world_start(&w, &diamond[4]), HELIX_OK);
	ck_assert_int_eq(world_start(&w, &diamond[2]), HELIX_OK);
	ck_assert_str_eq(plan("top", NULL), "left top");
	ck_assert_str_eq(plan("right", NULL), "");
	world_close(&w);
}
END_TEST

/* What each of these leads to stands in the row of the same name below. */
static const struct elf_module odd[] = {
	{ .name = "wants", .dependencies = (const char *const[]){ "middle", NULL } },
	{ .name = "middle", .dependencies = (const char *const[]){ "nosuch", NULL } },
	{ .name = "old", .dependencies = (const char *const[]){ "lib >= 2.0", NULL } },
	{ .name = "new", .dependencies = (const char *const[]){ "lib < 1.0", NULL } },
	{ .name = "lib", .version = VERSION(1, 5) },
	{ .name = "store", .dependencies = (const char *const[]){ "cap:disk", NULL } },
	{ .name = "may", .dependencies = (const char *const[]){ "?nosuch", "?lib >= 2", "?lib2",
								 "?middle", NULL } },
	{ .name = "lib2", .provides = (const char *const[]){ "disk", NULL } },
	{ .name = "nocap", .dependencies = (const char *const[]){ "cap:tape", NULL } },
	{ .name = "half", .dependencies = (const char *const[]){ "?old", "lib", NULL } },
	{ .name = "far", .dependencies = (const char *const[]){ "?half", "?wants", "may", NULL } },
};

START_TEST(an_order_or_a_sentence_and_who_asked)
{
	static const struct {
		const char *root, *result, *asked;
	} rows[] = {
		{ "wants",
		  "depends on nosuch, which is not registered; "
		  "add the module that provides it to the initrd",
		  "middle" },
		{ "old", "depends on lib >= 2.0, found lib 1.5.0", "old" },
		{ "new", "depends on lib < 1.0, found lib 1.5.0", "new" },
		{ "nocap",
		  "depends on tape, which is not registered; "
		  "add the module that provides it to the initrd",
		  "nocap" },
		{ "store", "lib2 store", NULL },
		{ "may", "lib2 may", NULL },
		{ "half", "lib half", NULL },
		{ "far", "lib lib2 may half far", NULL },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct world_held before;

		register_all(ROWS(odd));
		before = world_held(&w);
		ck_assert_str_eq(plan(rows[i].root, NULL), rows[i].result);
		ck_assert_str_eq(w.diag.section_name, rows[i].asked ? rows[i].asked : "");
		ck_assert_same_held(&w, before);
		memset(&w.diag, 0, sizeof w.diag);
		world_close(&w);
	}
}
END_TEST

START_TEST(one_root_that_cannot_start_refuses_the_plan)
{
	register_all(ROWS(odd));
	ck_assert(strstr(plan("lib", "wants"), "depends on nosuch") != NULL);
	world_close(&w);
}
END_TEST

START_TEST(a_list_too_short_is_refused)
{
	struct hload_module *top;

	register_all(ROWS(diamond));
	top = hload_find(w.system, "top");
	ck_assert_int_eq(hload_plan(w.system, &top, 1, order, 3, &length, &w.diag),
			 HELIX_E_TOO_LARGE);
	ck_assert_said(&w, "the list of modules is too large: 4, at most 3");
	ck_assert_int_eq(hload_plan(w.system, &top, 1, order, 0, &length, NULL), HELIX_E_TOO_LARGE);
	ck_assert_int_eq(hload_plan(w.system, &top, 1, order, 4, &length, &w.diag), HELIX_OK);
	harness_rewind(&w.harness);
	w.harness.fail_alloc = 1;
	ck_assert_int_eq(hload_plan(w.system, &top, 1, order, 4, &length, &w.diag),
			 HELIX_E_NO_MEMORY);
	world_close(&w);
}
END_TEST

/* ---- going ------------------------------------------------------------------------ */

static void start_diamond(void)
{
	static const unsigned in_order[] = { 4, 2, 1, 0, 3 };

	register_all(ROWS(diamond));
	for (unsigned i = 0; i < 5; i++)
		ck_assert_msg(!world_start(&w, &diamond[in_order[i]]), "%s", harness_text(&w.diag));
}

static const char *unload(const char *name)
{
	ck_assert_int_eq(hload_unload_order(w.system, hload_find(w.system, name), order, MOST,
					    &length, &w.diag), HELIX_OK);
	return world_names(order, length);
}

START_TEST(dependents_go_first_and_each_once)
{
	start_diamond();
	ck_assert_str_eq(unload("base"), "top right left base");
	ck_assert_str_eq(unload("left"), "top left");
	ck_assert_str_eq(unload("alone"), "alone");
	ck_assert_int_eq(hload_unload_order(w.system, hload_find(w.system, "base"), order, 3,
					    &length, &w.diag), HELIX_E_TOO_LARGE);
	ck_assert_said(&w, "the list of modules is too large: 4, at most 3");
	unload("base");
	for (size_t i = 0; i < 4; i++)
		ck_assert_int_eq(hload_remove(w.system, order[i], &w.diag), HELIX_OK);
	world_close(&w);
}
END_TEST

/* Ten thousand modules above one another, gone without a deep stack. */
START_TEST(a_running_chain_of_ten_thousand_goes_in_order)
{
	enum { N = 10000 };
	static struct hload_module *chain[N], *going[N];
	char name[16], wanted[16];

	world_open(&w);
	w.pretend = true;
	for (unsigned i = 0; i < N; i++) {
		struct elf_module m = { .name = name, .dependencies = LIST(wanted) };
		struct hmod_span file;

		snprintf(name, sizeof name, "n%u", i);
		snprintf(wanted, sizeof wanted, i ? "n%u" : "?none", i - 1);
		file = world_image(&m);
		ck_assert(!hload_register(w.system, file, NULL, &chain[i], &w.diag));
		ck_assert_msg(!hload_insert(w.system, chain[i], file, NULL, 0, &w.diag), "%s",
			      harness_text(&w.diag));
		elf_discard(file);
	}
	ck_assert_int_eq(hload_unload_order(w.system, chain[0], going, N, &length, &w.diag),
			 HELIX_OK);
	ck_assert_uint_eq(length, N);
	for (unsigned i = 0; i < N; i++)
		ck_assert_ptr_eq(going[i], chain[N - 1 - i]);
	ck_assert_int_eq(hload_remove(w.system, going[0], &w.diag), HELIX_OK);
	world_close(&w);
}
END_TEST

WORLD_MAIN("plan", 240, dependencies_come_first_and_ties_as_registered, what_runs_is_left_out,
	   an_order_or_a_sentence_and_who_asked, one_root_that_cannot_start_refuses_the_plan,
	   a_list_too_short_is_refused, dependents_go_first_and_each_once,
	   a_running_chain_of_ten_thousand_goes_in_order)
