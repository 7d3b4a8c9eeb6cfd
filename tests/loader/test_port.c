/* SPDX-License-Identifier: MIT
 *
 * The gate, with code of two compilers behind it; and ports whose implementor
 * changes or goes while somebody is inside.
 */
#include "loader/player.h"

static struct world w;

struct ops {
	int64_t (*six)(int64_t, int64_t, int64_t, int64_t, int64_t, int64_t);
	int (*negative)(void);
	void *none;
	void (*nothing)(void);
	int (*inside)(int);
};

static const struct ops *ops;
static void (*while_inside)(void);

static int inside(int value)
{
	if (while_inside)
		while_inside();
	return value;
}

static const struct hload_symbol symbols[] = { { "inside", (uint64_t)(uintptr_t)inside } };

static const char code[] =
	"int inside(int);\n"
	"static int64_t six(int64_t a, int64_t b, int64_t c, int64_t d, int64_t e, int64_t f)\n"
	"{ char room[32]; memset(room, (int)a, sizeof room);\n"
	"  return a + 10 * b + 100 * c + 1000 * d + 10000 * e + 100000 * f + room[3] - room[9]; }\n"
	"static int negative(void) { return -77; }\n"
	"static void nothing(void) { player_trace(\"nothing\"); }\n"
	"static int in(int value) { return inside(value) + ADD; }\n"
	"static const struct { int64_t (*six)(int64_t, int64_t, int64_t, int64_t, int64_t, int64_t);\n"
	"  int (*negative)(void); void (*none)(void); void (*nothing)(void); int (*inside)(int); }\n"
	"  ops = { six, negative, 0, nothing, in };\n"
	"HELIX_INTERFACE_WITH(\"test.gate\", 1, 0, ops, .priority = PRIORITY);\n";

static void start(const char *name, const char *defines)
{
	char text[4096];

	snprintf(text, sizeof text, "%s%s", defines, code);
	player_start(&w, name, text, "");
}

static void open(void)
{
	while_inside = NULL;
	player_open(&w, symbols, 1);
	start("a", "#define ADD 1\n#define PRIORITY 0\n");
	ops = hload_interface_get(w.system, NULL, "test.gate", HLOAD_INTERFACE_VERSION(1, 0), 0);
	ck_assert_ptr_nonnull(ops);
}

static void close(void)
{
	hload_interface_put(w.system, NULL, ops);
	player_close(&w);
}

static void gate_passes(void)
{
	int (*beyond)(void);

	open();
	ck_assert_int_eq(ops->six(1, 2, 3, 4, 5, 6), 654321);
	ck_assert_int_eq(ops->six(-1, -2, -3, -4, -5, -6), -654321);
	ck_assert_int_eq(ops->six(INT64_C(1) << 40, 0, 0, 0, 0, 0), INT64_C(1) << 40);
	ck_assert_int_eq(ops->negative(), -77);
	ops->nothing();
	ck_assert_played(&w, "nothing");
	ck_assert_int_eq(((int (*)(void))ops->none)(), HELIX_E_NOT_SUPPORTED);
	for (size_t i = sizeof *ops / 8; i < HELIX_OPERATIONS_MAX; i++) {
		memcpy(&beyond, (const char *)ops + 8 * i, 8);
		ck_assert_int_eq(beyond(), HELIX_E_NOT_SUPPORTED);
	}
	while_inside = NULL;
	ck_assert_int_eq(ops->inside(5), 6);
	close();
}

START_TEST(six_arguments_and_the_result_pass_the_gate)
{
	gate_passes();
}
END_TEST

START_TEST(they_do_with_clang_as_well)
{
	harness_compiler = "clang";
	gate_passes();
	harness_compiler = "gcc";
}
END_TEST

/* ---- changes while somebody is inside ---------------------------------------------- */

static void remove_it(void)
{
	while_inside = NULL;
	hload_interface_put(w.system, NULL, ops); /* or it were held */
	ck_assert_int_eq(world_remove(&w, "a"), HELIX_E_INSIDE);
	ck_assert_said(&w, "module a has 1 call inside that did not end in time");
	ck_assert_int_eq(world_state(&w, "a"), HLOAD_RUNNING);
	ops = hload_interface_get(w.system, NULL, "test.gate", HLOAD_INTERFACE_VERSION(1, 0), 0);
	ck_assert_int_eq(ops->inside(1), 2);
}

/* What broke the rules (given back from inside) is kept for who is in it. */
START_TEST(who_is_called_is_not_taken_away)
{
	open();
	while_inside = remove_it;
	ck_assert_int_eq(ops->inside(3), 4);
	close();
}
END_TEST

static void prefer_b(void)
{
	while_inside = NULL;
	ck_assert(!hload_interface_prefer(w.system, "test.gate", hload_find(w.system, "b"), NULL));
	ck_assert_int_eq(ops->inside(10), 12); /* b, within a call in a */
	ck_assert_int_eq(world_remove(&w, "a"), HELIX_E_INSIDE);
	ck_assert_said(&w, "module a has 1 call inside that did not end in time");
}

START_TEST(a_call_goes_to_the_primary_of_its_moment)
{
	open();
	start("b", "#define ADD 2\n#define PRIORITY 0\n");
	while_inside = prefer_b;
	ck_assert_int_eq(ops->inside(10), 11);
	ck_assert_int_eq(ops->inside(10), 12);
	ck_assert_int_eq(world_remove(&w, "a"), HELIX_OK);
	ck_assert_int_eq(ops->inside(10), 12);
	close();
}
END_TEST

static void give_back(void)
{
	while_inside = NULL;
	hload_interface_put(w.system, NULL, ops);
}

START_TEST(a_port_given_back_from_inside_is_freed_after)
{
	struct world_held before;

	open();
	hload_interface_put(w.system, NULL, ops);
	before = world_held(&w);
	ops = hload_interface_get(w.system, NULL, "test.gate", HLOAD_INTERFACE_VERSION(1, 0), 0);
	while_inside = give_back;
	ck_assert_int_eq(ops->inside(1), 2);
	ops = hload_interface_get(w.system, NULL, "test.gate", HLOAD_INTERFACE_VERSION(1, 0), 0);
	hload_interface_put(w.system, NULL, ops); /* sweeps */
	ck_assert_same_held(&w, before);
	player_close(&w);
}
END_TEST

/* ---- while a removal waits ---------------------------------------------------------- */

static int waits;

/* The removal of `a` waits for the call it is made in; meanwhile ports come and
 * go, those it walks over too. */
static void change_ports(struct world *world)
{
	const struct ops *more[3];

	if (waits++ > 3)
		return;
	for (uint32_t i = 0; i < 3; i++)
		more[i] = hload_interface_get(world->system, NULL, "test.gate",
					      HLOAD_INTERFACE_VERSION(1, i), 0);
	ck_assert_int_eq(more[0]->negative(), HELIX_E_NOT_SUPPORTED); /* a is closed */
	for (uint32_t i = 0; i < 3; i++)
		hload_interface_put(world->system, NULL, more[i]);
}

static void remove_meanwhile(void)
{
	while_inside = NULL;
	hload_interface_put(w.system, NULL, ops);
	w.meanwhile = change_ports;
	waits = 0;
	ck_assert_int_eq(world_remove(&w, "a"), HELIX_E_INSIDE);
	hload_diag_free(w.system, &w.diag);
	w.meanwhile = NULL;
	ck_assert_int_gt(waits, 3);
}

START_TEST(ports_may_come_and_go_while_a_removal_waits)
{
	struct world_held before;
	const struct ops *first;

	open();
	hload_interface_put(w.system, NULL, ops);
	before = world_held(&w);
	ops = hload_interface_get(w.system, NULL, "test.gate", HLOAD_INTERFACE_VERSION(1, 0), 0);
	first = hload_interface_get(w.system, NULL, "test.gate", HLOAD_INTERFACE_VERSION(2, 0), 0);
	while_inside = remove_meanwhile;
	ck_assert_int_eq(ops->inside(1), 2);
	hload_interface_put(w.system, NULL, first);
	ck_assert_same_held(&w, before);
	player_close(&w);
}
END_TEST

/* A host that cannot wait. */
START_TEST(without_waiting_a_removal_is_refused_at_once)
{
	open();
	w.harness.host.pause = NULL;
	while_inside = remove_it;
	ck_assert_int_eq(ops->inside(3), 4);
	ck_assert_uint_eq(w.now_ns, 0);
	close();
}
END_TEST

WORLD_MAIN("port", 60, six_arguments_and_the_result_pass_the_gate, they_do_with_clang_as_well,
	   who_is_called_is_not_taken_away, a_call_goes_to_the_primary_of_its_moment,
	   a_port_given_back_from_inside_is_freed_after,
	   ports_may_come_and_go_while_a_removal_waits,
	   without_waiting_a_removal_is_refused_at_once)
