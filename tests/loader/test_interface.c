/* SPDX-License-Identifier: MIT
 *
 * Interfaces: who implements, who is the primary, what listings say; names that
 * come and go.
 */
#include "loader/player.h"

static struct world w;

/* An implementor whose operation returns `value`. */
static const char *implementing(const char *value, const char *more)
{
	static char code[2048];

	snprintf(code, sizeof code,
		 "static int get(void) { return %s; }\n"
		 "static const struct ops { int (*get)(void); int (*none)(void); } ops = { get, 0 };\n"
		 "HELIX_INTERFACE_WITH(\"test.value\", %s);\n",
		 value, more);
	return code;
}

struct ops {
	int (*get)(void);
	int (*none)(void);
};

static void start(const char *name, const char *value, const char *more)
{
	player_start(&w, name, implementing(value, more), "");
}

static const struct ops *get(uint32_t version)
{
	return hload_interface_get(w.system, NULL, "test.value", version, 0);
}

#define V(major, minor) HLOAD_INTERFACE_VERSION(major, minor)

static void list_one(void *ctx, const struct hload_interface_info *i)
{
	char line[160];

	(void)ctx;
	snprintf(line, sizeof line, "%s:%s%s %u.%u %u/%u p%u u%u i%lu;", i->interface, i->module,
		 i->primary ? "*" : "", i->major, i->minor, i->supported, i->count, i->priority,
		 i->users, i->inside);
	strcat(w.trace, line);
}

static const char *listed(void)
{
	static char text[WORLD_TEXT];

	w.trace[0] = 0;
	hload_interface_each(w.system, list_one, NULL);
	strcpy(text, w.trace);
	w.trace[0] = 0;
	return text;
}

START_TEST(the_primary_has_the_highest_priority_and_among_equals_came_first)
{
	const struct ops *ops;

	player_open(&w, NULL, 0);
	ops = get(V(1, 0));
	ck_assert(helix_interface_is_null(ops));
	ck_assert_int_eq(ops->get(), HELIX_E_NOT_SUPPORTED);
	start("one", "1", "1, 0, ops, .priority = 0");
	ck_assert(!helix_interface_is_null(ops));
	ck_assert_int_eq(ops->get(), 1);
	start("two", "2", "1, 0, ops, .priority = 0");
	ck_assert_int_eq(ops->get(), 1);
	start("three", "3", "1, 0, ops, .priority = 5");
	ck_assert_int_eq(ops->get(), 3);
	ck_assert_str_eq(listed(), "test.value:three* 1.0 1/2 p5 u1 i0;"
				   "test.value:one 1.0 1/2 p0 u0 i0;"
				   "test.value:two 1.0 1/2 p0 u0 i0;");
	ck_assert_int_eq(world_remove(&w, "one"), HELIX_OK);
	ck_assert_int_eq(hload_interface_prefer(w.system, "test-value", NULL, &w.diag),
			 HELIX_E_NOT_FOUND);
	ck_assert_said(&w, "test-value was not found");
	ck_assert_int_eq(hload_interface_prefer(w.system, "test.value", hload_find(w.system, "two"),
						&w.diag), HELIX_OK);
	ck_assert_int_eq(ops->get(), 2);
	ck_assert_int_eq(hload_interface_prefer(w.system, "test.value", hload_find(w.system, "three"),
						&w.diag), HELIX_OK);
	ck_assert_int_eq(ops->get(), 3);
	ck_assert_int_eq(hload_interface_prefer(w.system, "test.value", hload_find(w.system, "two"),
						&w.diag), HELIX_OK);
	ck_assert_int_eq(hload_interface_prefer(w.system, "test.value", hload_find(w.system, "one"),
						&w.diag), HELIX_E_NOT_FOUND);
	ck_assert_said(&w, "one was not found");
	ck_assert_int_eq(ops->get(), 2);
	ck_assert_int_eq(hload_interface_prefer(w.system, "test.value", NULL, &w.diag), HELIX_OK);
	ck_assert_int_eq(ops->get(), 3);
	hload_interface_put(w.system, NULL, ops);
	player_close(&w);
}
END_TEST

START_TEST(a_version_is_the_same_major_and_no_older_minor)
{
	static const struct {
		uint32_t version;
		int result;
	} rows[] = {
		{ V(1, 0), 12 }, { V(1, 2), 12 }, { V(1, 3), 14 }, { V(1, 4), 14 },
		{ V(1, 5), HELIX_E_NOT_SUPPORTED }, { V(2, 0), 20 }, { V(2, 1), HELIX_E_NOT_SUPPORTED },
		{ V(0, 0), HELIX_E_NOT_SUPPORTED }, { V(3, 0), HELIX_E_NOT_SUPPORTED },
	};

	player_open(&w, NULL, 0);
	start("a", "12", "1, 2, ops, .priority = 9");
	start("b", "14", "1, 4, ops, .priority = 1");
	start("c", "20", "2, 0, ops, .priority = 10");
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct world_held before = world_held(&w);
		const struct ops *ops = get(rows[i].version);

		ck_assert_int_eq(ops->get(), rows[i].result);
		ck_assert_int_eq(helix_interface_is_null(ops),
				 rows[i].result == HELIX_E_NOT_SUPPORTED);
		ck_assert_int_eq(helix_interface_supports(ops, 0), rows[i].result > 0);
		ck_assert(!helix_interface_supports(ops, HELIX_OPERATIONS_MAX - 1));
		ck_assert_int_eq(hload_interface_check(w.system, "test.value", rows[i].version, &w.diag),
				 rows[i].result > 0 ? HELIX_OK : HELIX_E_INTERFACE_VERSION);
		hload_interface_put(w.system, NULL, ops);
		ck_assert_same_held(&w, before);
	}
	hload_interface_check(w.system, "test.value", V(1, 5), &w.diag);
	ck_assert_said(&w, "interface test.value: wanted 1.5.0, module c has 2.0.0");
	ck_assert_int_eq(hload_interface_check(w.system, "no.such", V(1, 0), &w.diag),
			 HELIX_E_NOT_FOUND);
	ck_assert_said(&w, "no.such was not found");
	player_close(&w);
}
END_TEST

START_TEST(one_implementor_may_be_asked_for)
{
	struct hload_info info;
	const struct ops *ops;

	player_open(&w, NULL, 0);
	start("one", "1", "1, 0, ops, .priority = 1");
	start("two", "2", "1, 0, ops, .names = HELIX_OPERATIONS(\"get\", \"none\")");
	hload_info(hload_find(w.system, "two"), &info);
	ops = hload_interface_get(w.system, NULL, "test.value", V(1, 0), info.id);
	ck_assert_int_eq(ops->get(), 2);
	hload_interface_put(w.system, NULL, ops);
	ops = hload_interface_get(w.system, NULL, "test.value", V(1, 0), 99);
	ck_assert_int_eq(ops->get(), HELIX_E_NOT_SUPPORTED);
	hload_interface_put(w.system, NULL, ops);
	player_close(&w);
}
END_TEST

START_TEST(operations_have_names_when_the_module_tells_them)
{
	const char *operation = "";
	struct hload_info one, two;

	player_open(&w, NULL, 0);
	start("one", "1", "1, 0, ops, .priority = 1");
	start("two", "2", "1, 0, ops, .names = HELIX_OPERATIONS(\"get\", \"none\")");
	hload_info(hload_find(w.system, "one"), &one);
	hload_info(hload_find(w.system, "two"), &two);
	ck_assert(hload_interface_operation(w.system, "test.value", two.id, 0, &operation));
	ck_assert_str_eq(operation, "get");
	ck_assert(!hload_interface_operation(w.system, "test.value", two.id, 1, &operation));
	ck_assert(!hload_interface_operation(w.system, "test.value", two.id, 2, &operation));
	ck_assert_ptr_null(operation);
	ck_assert(hload_interface_operation(w.system, "test.value", one.id, 0, &operation));
	ck_assert_ptr_null(operation);
	ck_assert(!hload_interface_operation(w.system, "test.value", 99, 0, &operation));
	ck_assert(!hload_interface_operation(w.system, "nothing", one.id, 0, &operation));
	player_close(&w);
}
END_TEST

/* A module that uses its own interface's name while it is only coming. */
START_TEST(a_name_stays_while_a_module_is_on_its_way_to_it)
{
	struct world_held before;

	player_open(&w, NULL, 0);
	before = world_held(&w);
	player_start(&w, "own",
		     "static int get(void) { return 7; }\n"
		     "static const struct { int (*get)(void); } ops = { get };\n"
		     "HELIX_INTERFACE(\"test.value\", 1, 0, ops);\n"
		     "static int look(void) {\n"
		     "	const void *o = helix_interface_get(self, \"test.value\", 1, 0);\n"
		     "	if (!helix_interface_is_null(o)) return -1;\n"
		     "	helix_interface_put(self, o);\n"
		     "	return helix_interface_implementors(self, \"test.value\", 0, 0) ? -2 : 0; }\n"
		     "#define INIT look()\n", "");
	ck_assert_str_eq(listed(), "test.value:own* 1.0 1/1 p0 u0 i0;");
	ck_assert_int_eq(world_remove(&w, "own"), HELIX_OK);
	ck_assert_int_eq(hload_unregister(w.system, hload_find(w.system, "own"), NULL), HELIX_OK);
	ck_assert_same_held(&w, before);
	player_close(&w);
}
END_TEST

/* ---- who holds --------------------------------------------------------------------- */

static const char user[] =
	"static const struct { int (*get)(void); } *ops;\n"
	"static int take(void) { ops = helix_interface_get(self, \"test.value\", 1, 0);\n"
	"	return ops ? 0 : HELIX_E_NO_MEMORY; }\n"
	"static int on(const struct helix_request *q, struct helix_response *r)\n"
	"{\n"
	"	switch (q->type[0]) {\n"
	"	case 'p': helix_interface_put(self, ops); return 0;\n"
	"	case 't': return take();\n"
	"	case 'g': helix_interface_put(self, (const void *)(uintptr_t)0x1234560);\n"
	"		helix_interface_put(self, 0); return 0;\n"
	"	}\n"
	"	return helix_respond_text(r, \"%d\", ops->get());\n"
	"}\n"
	"#define INIT take()\n";

START_TEST(an_implementor_in_use_names_who_holds_it)
{
	const struct ops *ops;

	player_open(&w, NULL, 0);
	start("one", "1", "1, 0, ops, .priority = 0");
	player_start(&w, "user", user, ".handle_request = on");
	player_start(&w, "needs", "", ".dependencies = HELIX_DEPENDENCIES(\"one\")");
	ops = get(V(1, 0));
	ck_assert_str_eq(player_ask(&w, "user", "value", 0), "ok:1");
	ck_assert_int_eq(world_remove(&w, "one"), HELIX_E_BUSY);
	ck_assert_said(&w, "module one is in use by: needs, kernel (test.value), user (test.value)");
	ck_assert_int_eq(world_remove(&w, "needs"), HELIX_OK);
	hload_interface_put(w.system, NULL, ops);
	ck_assert_int_eq(world_remove(&w, "one"), HELIX_E_BUSY);
	ck_assert_said(&w, "module one is in use by: user (test.value)");
	ck_assert_str_eq(player_ask(&w, "user", "put", 0), "ok:");
	ck_assert_int_eq(world_remove(&w, "one"), HELIX_OK);
	player_close(&w);
}
END_TEST

START_TEST(what_is_not_held_is_not_given_back)
{
	const struct ops *ops;

	player_open(&w, NULL, 0);
	start("one", "1", "1, 0, ops, .priority = 0");
	ops = get(V(1, 0));
	player_start(&w, "user", user, ".handle_request = on");
	ck_assert_str_eq(player_ask(&w, "user", "garbage", 0), "ok:");
	ck_assert_logged(&w, "<3>user gives back an interface that it does not hold\n");
	ck_assert_str_eq(player_ask(&w, "user", "put", 0), "ok:");
	ck_assert_str_eq(player_ask(&w, "user", "put", 0), "ok:"); /* the kernel's is left alone */
	ck_assert_logged(&w, "<3>user gives back an interface that it does not hold\n");
	ck_assert_int_eq(ops->get(), 1);
	hload_interface_put(w.system, NULL, ops);
	hload_interface_put(w.system, NULL, ops);
	ck_assert_logged(&w, "<3>kernel gives back an interface that it does not hold\n");
	player_close(&w);
}
END_TEST

START_TEST(what_a_module_leaves_behind_is_taken_back)
{
	struct world_held before;

	player_open(&w, NULL, 0);
	start("one", "1", "1, 0, ops, .priority = 0");
	player_register(&w, "user", user, ".handle_request = on");
	before = world_held(&w);
	player_insert(&w, "user");
	ck_assert_str_eq(player_ask(&w, "user", "take", 0), "ok:");
	ck_assert_int_eq(world_remove(&w, "user"), HELIX_OK);
	ck_assert_logged(&w, "<4>user: left 2 interface references, taken back\n");
	ck_assert_same_held(&w, before);
	ck_assert_int_eq(world_remove(&w, "one"), HELIX_OK);
	player_close(&w);
}
END_TEST

/* A kernel that never gives back what it got. */
START_TEST(a_system_that_goes_frees_what_its_embedder_holds)
{
	player_open(&w, NULL, 0);
	ck_assert_ptr_nonnull(get(V(1, 0)));
	start("one", "1", "1, 0, ops, .priority = 0");
	ck_assert_ptr_nonnull(get(V(1, 0)));
	ck_assert_ptr_nonnull(get(V(2, 0)));
	player_close(&w);
}
END_TEST

START_TEST(getting_survives_every_failing_allocation)
{
	const struct ops *ops = NULL;
	struct world_held before;
	uint64_t n;

	player_open(&w, NULL, 0);
	before = world_held(&w);
	for (n = 1; !ops; n++) {
		ck_assert_uint_lt(n, 20);
		harness_rewind(&w.harness);
		w.harness.fail_alloc = n;
		ops = get(V(1, 0));
		if (!ops)
			ck_assert_same_held(&w, before);
	}
	ck_assert_uint_ge(n, 4); /* the interface, the port, the user */
	hload_interface_put(w.system, NULL, ops);
	for (n = 0; n < 2; n++) {
		harness_rewind(&w.harness);
		w.harness.fail_place = n == 0;
		w.harness.fail_seal = n == 1;
		ck_assert_ptr_null(get(V(1, 0)));
		ck_assert_same_held(&w, before);
	}
	harness_rewind(&w.harness);
	player_close(&w);
}
END_TEST

WORLD_MAIN("interface", 60, the_primary_has_the_highest_priority_and_among_equals_came_first,
	   a_version_is_the_same_major_and_no_older_minor, one_implementor_may_be_asked_for,
	   operations_have_names_when_the_module_tells_them,
	   a_name_stays_while_a_module_is_on_its_way_to_it,
	   an_implementor_in_use_names_who_holds_it, what_is_not_held_is_not_given_back,
	   what_a_module_leaves_behind_is_taken_back,
	   a_system_that_goes_frees_what_its_embedder_holds,
	   getting_survives_every_failing_allocation)
