/* SPDX-License-Identifier: MIT
 *
 * A module's life: the whole table of states and events; what insert and remove
 * do in each state, and that a life, however it ends, gives all back.
 */
#include "helix/module.h"
#include "loader/cast.h"
#include "loader/internal.h"

/* ---- states and events --------------------------------------------------------- */

/* A row a state, a column an event, in the order of enum hload_event: load, load
 * done, init, start done, stop, stop done, unload, unload done, fail, resume. */
static const char *const table[HLOAD_STATES][HLOAD_EVENTS] = {
	{"loading", "", "", "", "", "", "", "", "", ""},
	{"", "loaded", "", "", "", "", "", "", "error", ""},
	{"", "", "initializing", "", "", "", "", "", "error", ""},
	{"", "", "", "running", "", "", "", "", "error", ""},
	{"", "", "", "", "stopping", "", "", "", "error", ""},
	{"", "", "", "", "", "stopped", "", "", "error", "running"},
	{"", "", "", "", "", "", "unloading", "", "", ""},
	{"", "", "", "", "", "", "", "registered", "", ""},
	{"", "", "", "", "", "", "unloading", "", "", ""},
};

static void advance(struct hload_module *m, enum hload_state state, enum hload_event event)
{
	const char *next = table[state][event];
	char sentence[80];

	m->state = state;
	m->system->counts.running = state == HLOAD_RUNNING;
	if (*next) {
		ck_assert_int_eq(hload_advance(m, event, &cast.world.diag), HELIX_OK);
		ck_assert_str_eq(hload_state_name(m->state), next);
	} else {
		ck_assert_int_eq(hload_advance(m, event, NULL), HELIX_E_WRONG_STATE);
		ck_assert_int_eq(hload_advance(m, event, &cast.world.diag), HELIX_E_WRONG_STATE);
		ck_assert_int_eq(m->state, state);
		snprintf(sentence, sizeof sentence, "module m is %s", hload_state_name(state));
		ck_assert_said(&cast.world, sentence);
	}
	ck_assert_uint_eq(m->system->counts.running, m->state == HLOAD_RUNNING);
}

START_TEST(every_state_answers_every_event)
{
	struct hload_module *m;

	cast_open();
	m = world_add(&cast.world, MODULE(.name = "m", .provides = LIST("thing")));
	for (unsigned state = 0; state < HLOAD_STATES; state++)
		for (unsigned event = 0; event < HLOAD_EVENTS; event++)
			advance(m, (enum hload_state)state, (enum hload_event)event);
	m->state = HLOAD_REGISTERED;
	m->system->counts.running = 0;
	world_close(&cast.world);
}
END_TEST

/* What insert and remove say of a module in each state that is no beginning. */
START_TEST(every_state_answers_insert_and_remove)
{
	static const struct {
		enum hload_state state;
		enum helix_status insert, remove;
	} rows[] = {
		{HLOAD_REGISTERED, HELIX_OK, HELIX_E_NOT_LOADED},
		{HLOAD_LOADING, HELIX_E_WRONG_STATE, HELIX_E_WRONG_STATE},
		{HLOAD_LOADED, HELIX_E_WRONG_STATE, HELIX_E_WRONG_STATE},
		{HLOAD_INITIALIZING, HELIX_E_WRONG_STATE, HELIX_E_WRONG_STATE},
		{HLOAD_RUNNING, HELIX_E_ALREADY_LOADED, HELIX_OK},
		{HLOAD_STOPPING, HELIX_E_WRONG_STATE, HELIX_E_WRONG_STATE},
		{HLOAD_STOPPED, HELIX_E_WRONG_STATE, HELIX_E_WRONG_STATE},
		{HLOAD_UNLOADING, HELIX_E_WRONG_STATE, HELIX_E_WRONG_STATE},
		{HLOAD_ERROR, HELIX_E_WRONG_STATE, HELIX_OK},
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct hload_module *m;

		cast_open();
		m = cast_add(cast.lib, "/lib");
		ck_assert_int_eq(rows[i].state, i);
		if (rows[i].insert) { /* a state that is not asked for stays */
			m->state = rows[i].state;
			ck_assert_int_eq(cast_start("lib"), rows[i].insert);
			ck_assert_int_eq(m->state, rows[i].state);
		}
		if (rows[i].remove) {
			ck_assert_int_eq(world_remove(&cast.world, "lib"), rows[i].remove);
			ck_assert_int_eq(m->state, rows[i].state);
		} else { /* honestly loaded first */
			m->state = HLOAD_REGISTERED;
			ck_assert_int_eq(cast_start("lib"), HELIX_OK);
			m->state = rows[i].state;
			m->system->counts.running = rows[i].state == HLOAD_RUNNING;
			ck_assert_int_eq(world_remove(&cast.world, "lib"), HELIX_OK);
		}
		m->state = HLOAD_REGISTERED;
		ck_assert_int_eq(cast_start("lib"), HELIX_OK);
		world_close(&cast.world);
	}
}
END_TEST

/* ---- accepts ---------------------------------------------------------------------- */

START_TEST(a_life_goes_through_its_states)
{
	struct world_held before;
	struct hload_info info;

	cast_open();
	cast_add(cast.lib, "/lib");
	before = world_held(&cast.world);
	ck_assert_int_eq(cast_start("lib"), HELIX_OK);
	ck_assert_traced("+lib lib.init@initializing lib.start@initializing");
	hload_info(hload_find(cast.world.system, "lib"), &info);
	ck_assert_int_eq(info.state, HLOAD_RUNNING);
	ck_assert_int_eq(info.last_error, HELIX_OK);
	ck_assert_uint_gt(info.size[HLOAD_TEXT], 0);
	ck_assert_uint_eq(world_held(&cast.world).counts.running, 1);
	ck_assert_int_eq(world_remove(&cast.world, "lib"), HELIX_OK);
	ck_assert_traced("lib.stop@stopping -lib");
	ck_assert_int_eq(world_state(&cast.world, "lib"), HLOAD_REGISTERED);
	ck_assert_same_held(&cast.world, before);
	ck_assert_int_eq(cast_start("lib"), HELIX_OK); /* and again */
	world_close(&cast.world);
}
END_TEST

START_TEST(a_module_without_a_path_is_forgotten)
{
	struct world_held before;

	cast_open();
	before = world_held(&cast.world);
	cast_add(cast.lib, NULL);
	ck_assert_int_eq(cast_start("lib"), HELIX_E_IO);
	ck_assert_said(&cast.world, "lib could not be read");
	ck_assert_int_eq(world_insert(&cast.world, "lib", cast.lib), HELIX_OK);
	ck_assert_int_eq(world_remove(&cast.world, "lib"), HELIX_OK);
	ck_assert_ptr_null(hload_find(cast.world.system, "lib"));
	ck_assert_same_held(&cast.world, before);
	world_close(&cast.world);
}
END_TEST

START_TEST(settings_reach_the_module)
{
	const struct hload_setting weak = {"times", "2"}, strong = {"times", "3"};
	const struct hload_setting settings[] = {weak, strong};
	struct hload_module *m;

	cast_open();
	cast_add(cast.lib, "/lib");
	m = cast_add(cast.user, "/user");
	ck_assert_int_eq(cast_start("lib"), HELIX_OK);
	ck_assert_int_eq(
		hload_insert(cast.world.system, m, cast.user, settings, 2, &cast.world.diag),
		HELIX_OK);
	ck_assert_uint_eq(helix_config_uint(&m->context, "times", 9), 3);
	ck_assert_int_eq(world_remove(&cast.world, "user"), HELIX_OK);
	ck_assert_int_eq(cast_start("user"), HELIX_OK);
	ck_assert_uint_eq(helix_config_uint(&m->context, "times", 9), 1);
	world_close(&cast.world);
}
END_TEST

START_TEST(holders_are_counted_once_and_listed_in_order)
{
	struct hload_module *held;

	cast_open();
	cast_start_chain();
	held = hload_find(cast.world.system, "lib");
	ck_assert_str_eq(world_name(hload_holder(held, 0)), "user"); /* it imports too */
	ck_assert_ptr_null(hload_holder(held, 1));
	ck_assert_str_eq(world_name(hload_holder(hload_find(cast.world.system, "user"), 0)),
			 "last");
	ck_assert_int_eq(world_remove(&cast.world, "last"), HELIX_OK);
	ck_assert_ptr_null(hload_holder(hload_find(cast.world.system, "user"), 0));
	world_close(&cast.world);
}
END_TEST

/* ---- from within a hook -------------------------------------------------------------- */

static unsigned asked;

/* The module whose hook runs is neither removed nor inserted again by it, and
 * nobody may import from it before it runs. */
static void meddle(const char *hook)
{
	struct hmod_diag diag;
	bool stopping = strstr(hook, "stop");
	const char *state = stopping ? "stopping" : "initializing";
	char sentence[80];

	if (strncmp(hook, "lib.", 4))
		return;
	asked++;
	snprintf(sentence, sizeof sentence, "module lib is %s", state);
	ck_assert_int_eq(
		hload_remove(cast.world.system, hload_find(cast.world.system, "lib"), &diag),
		HELIX_E_WRONG_STATE);
	ck_assert_str_eq(harness_text(&diag), sentence);
	ck_assert_int_eq(hload_insert(cast.world.system, hload_find(cast.world.system, "lib"),
				      cast.lib, NULL, 0, &diag),
			 HELIX_E_WRONG_STATE);
	ck_assert_str_eq(harness_text(&diag), sentence);
	ck_assert_int_eq(hload_insert(cast.world.system, hload_find(cast.world.system, "taker"),
				      cast.world.files[1].bytes, NULL, 0, &diag),
			 HELIX_E_DEPENDENCY_DOWN);
	snprintf(sentence, sizeof sentence,
		 "depends on lib, which is %s; modprobe starts dependencies first", state);
	ck_assert_str_eq(harness_text(&diag), sentence);
	ck_assert_int_eq(
		hload_unregister(cast.world.system, hload_find(cast.world.system, "lib"), &diag),
		HELIX_E_WRONG_STATE);
}

START_TEST(a_hook_cannot_pull_its_module_away)
{
	struct hmod_span taker =
		cast_compile("taker", "extern int lib_value; int *at = &lib_value;", "");

	cast_open();
	cast_add(cast.lib, "/lib");
	cast_add(taker, "/taker");
	cast.inside = meddle;
	asked = 0;
	ck_assert_int_eq(cast_start("lib"), HELIX_OK);
	ck_assert_int_eq(world_remove(&cast.world, "lib"), HELIX_OK);
	ck_assert_uint_eq(asked, 3);
	ck_assert_int_eq(cast_start("lib"), HELIX_OK);
	ck_assert_int_eq(cast_start("taker"), HELIX_OK);
	world_close(&cast.world);
	harness_discard(taker);
}
END_TEST

/* ---- dry host ------------------------------------------------------------------------- */

/* Inserts user with the n-th call of a kind failing, until it no longer does. */
static uint64_t refusals(uint64_t *failing)
{
	const struct hload_setting setting = {"times", "2"};
	struct hload_module *m = hload_find(cast.world.system, "user");
	struct world_held before = world_held(&cast.world);
	uint64_t n = 0;

	for (;;) {
		enum helix_status status;

		ck_assert_uint_lt(n, 100);
		harness_rewind(&cast.world.harness);
		*failing = ++n;
		status = hload_insert(cast.world.system, m, (struct hmod_span){NULL, 0}, &setting,
				      1, &cast.world.diag);
		harness_rewind(&cast.world.harness);
		if (!status)
			break;
		ck_assert_int_eq(status, HELIX_E_NO_MEMORY);
		ck_assert_int_eq(cast.world.diag.status, HELIX_E_NO_MEMORY);
		ck_assert(!strncmp(harness_text(&cast.world.diag), "out of memory: ", 15));
		ck_assert_same_held(&cast.world, before);
		ck_assert_int_eq(m->state, HLOAD_REGISTERED);
		ck_assert_uint_eq(cast.world.files_open, 0);
	}
	ck_assert_int_eq(world_remove(&cast.world, "user"), HELIX_OK);
	ck_assert_same_held(&cast.world, before);
	return n - 1;
}

START_TEST(insert_survives_every_failing_call_of_the_host)
{
	cast_open();
	cast_add(cast.lib, "/lib");
	cast_add(cast.user, "/user");
	ck_assert_int_eq(cast_start("lib"), HELIX_OK);
	cast.world.trace[0] = 0;
	ck_assert_uint_gt(refusals(&cast.world.harness.fail_alloc), 6);
	ck_assert_uint_eq(refusals(&cast.world.harness.fail_place), 3);
	ck_assert_uint_eq(refusals(&cast.world.harness.fail_seal), 3);
	world_close(&cast.world);
}
END_TEST

/* ---- destroy ----------------------------------------------------------------------------- */

START_TEST(destroying_stops_dependents_first_whatever_they_are)
{
	cast_open();
	cast_start_chain();
	cast_add(cast.core, "/core");
	ck_assert_int_eq(cast_start("core"), HELIX_OK);
	world_add(&cast.world, MODULE(.name = "only_registered"));
	cast.fails = "user.stop";
	cast.world.trace[0] = 0;
	world_close(&cast.world);
	ck_assert_traced("core.stop@stopping -core last.stop@stopping -last "
			 "user.stop@stopping -user lib.stop@stopping -lib");
}
END_TEST

START_TEST(a_thousand_lives_leave_every_count_as_it_was)
{
	struct world_held before;

	cast_open();
	cast_add(cast.lib, "/lib");
	cast_add(cast.user, "/user");
	before = world_held(&cast.world);
	for (unsigned i = 0; i < 1000; i++) {
		ck_assert_int_eq(cast_start("lib"), HELIX_OK);
		ck_assert_int_eq(cast_start("user"), HELIX_OK);
		ck_assert_int_eq(world_remove(&cast.world, "user"), HELIX_OK);
		ck_assert_int_eq(world_remove(&cast.world, "lib"), HELIX_OK);
		cast.world.trace[0] = 0;
		ck_assert_same_held(&cast.world, before);
	}
	world_close(&cast.world);
}
END_TEST

CAST_MAIN("lifecycle", every_state_answers_every_event, every_state_answers_insert_and_remove,
	  a_life_goes_through_its_states, a_module_without_a_path_is_forgotten,
	  settings_reach_the_module, holders_are_counted_once_and_listed_in_order,
	  a_hook_cannot_pull_its_module_away, insert_survives_every_failing_call_of_the_host,
	  destroying_stops_dependents_first_whatever_they_are,
	  a_thousand_lives_leave_every_count_as_it_was)
