/* SPDX-License-Identifier: MIT
 *
 * Health: who says that it is not well is reported once, and its policy applied.
 */
#include "loader/internal.h"
#include "loader/player.h"

static struct world w;
static bool healthy;

static bool is_well(void)
{
	return healthy;
}

static const struct hload_symbol symbols[] = { { "is_well", (uint64_t)(uintptr_t)is_well } };

/* Traces its life; its state counts its restarts. */
static const char patient[] =
	"bool is_well(void);\n"
	"HELIX_PARAM(times, uint, 1, \"\");\n"
	"static char text[32]; static uint64_t lives = 1;\n"
	"static bool on(void) { if (is_well()) return true; helix_fail(-1, \"%s\", WHY); return false; }\n"
	"static int put(struct helix_state_writer *s) { return helix_state_put_uint(s, \"lives\", lives + 1); }\n"
	"static int get(struct helix_state_reader *s) { return helix_state_get_uint(s, \"lives\", &lives); }\n"
	"static int begin(void) { text[0] = (char)('0' + lives); text[1] = '*';\n"
	"  text[2] = (char)('0' + helix_config_uint(self, \"times\", 9)); player_trace(text); return 0; }\n"
	"static int end(void) { player_trace(\"end\"); return 0; }\n"
	"#define START begin()\n#define STOP end()\n";

static struct hload_module *open(const char *defines, const char *more)
{
	const struct hload_setting setting = { "times", "7" };
	struct hload_module *m;
	char code[2048], fields[512];

	healthy = true;
	player_open(&w, symbols, 1);
	snprintf(code, sizeof code, "%s%s", defines, patient);
	snprintf(fields, sizeof fields, ".is_healthy = on, .save_state = put, .restore_state = get, %s",
		 more);
	m = player_register(&w, "m", code, fields);
	ck_assert_msg(!hload_insert(w.system, m, (struct hmod_span){ NULL, 0 }, &setting, 1, &w.diag),
		      "%s", harness_text(&w.diag));
	ck_assert_played(&w, "1*7");
	return m;
}

static struct hload_health health_of(const struct hload_module *m)
{
	struct hload_health health;

	hload_health(w.system, m, &health);
	return health;
}

START_TEST(without_a_policy_it_is_reported_once)
{
	struct hload_module *m = open("#define WHY \"a queue is stuck\"\n", "");
	struct hload_health health = health_of(m);

	ck_assert(health.asked && health.healthy);
	ck_assert_uint_eq(health.checked_ns, 0);
	w.now_ns = 50;
	ck_assert_uint_eq(hload_health_poll(w.system), 0);
	ck_assert_uint_eq(health_of(m).checked_ns, 50);
	healthy = false;
	ck_assert_uint_eq(hload_health_poll(w.system), 1);
	ck_assert_logged(&w, "<4>m: is not healthy: a queue is stuck\n");
	ck_assert_uint_eq(hload_health_poll(w.system), 1);
	ck_assert_logged(&w, "");
	health = health_of(m);
	ck_assert(!health.healthy);
	ck_assert_int_eq(health.last_error, HELIX_E_NOT_HEALTHY);
	ck_assert_str_eq(health.text, "a queue is stuck");
	healthy = true;
	ck_assert_uint_eq(hload_health_poll(w.system), 0);
	ck_assert_logged(&w, "<6>m: is healthy again\n");
	healthy = false;
	hload_health_poll(w.system);
	ck_assert_logged(&w, "<4>m: is not healthy: a queue is stuck\n");
	ck_assert_played(&w, "");
	player_close(&w);
}
END_TEST

START_TEST(who_is_not_asked_is_well)
{
	struct hload_module *m;

	player_open(&w, NULL, 0);
	m = player_start(&w, "plain", "", "");
	ck_assert_uint_eq(hload_health_poll(w.system), 0);
	ck_assert(!health_of(m).asked && health_of(m).healthy);
	player_close(&w);
}
END_TEST

START_TEST(a_restart_keeps_settings_and_state_and_ends_after_three)
{
	struct hload_module *m = open("#define WHY \"\"\n", ".policy = HELIX_POLICY_RESTART");
	struct world_held before;

	healthy = false;
	before = world_held(&w);
	for (unsigned i = 1; i <= HLOAD_RESTARTS_MAX; i++) {
		char lived[16];

		ck_assert_uint_eq(hload_health_poll(w.system), 1);
		snprintf(lived, sizeof lived, "end %u*7", i + 1);
		ck_assert_played(&w, lived);
		ck_assert_logged(&w, "<4>m: is not healthy: is_healthy said no\n<4>m: restarted\n");
		ck_assert_uint_eq(health_of(m).restarts, i);
		ck_assert_same_held(&w, before);
	}
	hload_health_poll(w.system);
	ck_assert_logged(&w, "<4>m: is not healthy: is_healthy said no\n<4>m: stopped\n");
	ck_assert_played(&w, "end");
	ck_assert_int_eq(world_state(&w, "m"), HLOAD_REGISTERED);
	ck_assert_uint_eq(hload_health_poll(w.system), 0);
	player_insert(&w, "m"); /* a new life, without the settings */
	ck_assert_played(&w, "1*1");
	ck_assert_uint_eq(health_of(m).restarts, 0);
	player_close(&w);
}
END_TEST

START_TEST(the_policy_stop_stops)
{
	open("#define WHY \"\"\n", ".policy = HELIX_POLICY_STOP");
	healthy = false;
	hload_health_poll(w.system);
	ck_assert_played(&w, "end");
	ck_assert_logged(&w, "<4>m: is not healthy: is_healthy said no\n<4>m: stopped\n");
	ck_assert_int_eq(world_state(&w, "m"), HLOAD_REGISTERED);
	player_close(&w);
}
END_TEST

START_TEST(a_module_of_no_file_is_forgotten_when_stopped)
{
	struct hmod_span file;
	struct hload_module *m;

	healthy = true;
	player_open(&w, symbols, 1);
	file = player("m", "bool is_well(void); static bool on(void) { return is_well(); }",
		      ".is_healthy = on, .policy = HELIX_POLICY_STOP");
	ck_assert(!hload_register(w.system, file, NULL, &m, NULL));
	ck_assert(!hload_insert(w.system, m, file, NULL, 0, NULL));
	healthy = false;
	hload_health_poll(w.system);
	ck_assert_ptr_null(hload_find(w.system, "m"));
	ck_assert(!hload_register(w.system, file, NULL, &m, NULL));
	ck_assert(!hload_insert(w.system, m, file, NULL, 0, NULL));
	ck_assert_int_eq(hload_restart(w.system, m, &w.diag), HELIX_E_NOT_SUPPORTED);
	ck_assert_said(&w, "restarting a module that has no file is not supported");
	harness_discard(file);
	player_close(&w);
}
END_TEST

START_TEST(a_policy_that_cannot_be_applied_is_reported)
{
	struct hload_module *m = open("#define WHY \"\"\n", ".policy = HELIX_POLICY_RESTART");

	player_start(&w, "holder", "", ".dependencies = HELIX_DEPENDENCIES(\"m\")");
	healthy = false;
	hload_health_poll(w.system);
	ck_assert_logged(&w, "<4>m: is not healthy: is_healthy said no\n"
			     "<3>m: its policy could not be applied: module m is in use by: holder\n");
	ck_assert_played(&w, "");
	ck_assert_int_eq(world_state(&w, "m"), HLOAD_RUNNING);
	ck_assert_int_eq(health_of(m).last_error, HELIX_E_BUSY);
	ck_assert_int_eq(hload_restart(w.system, m, &w.diag), HELIX_E_BUSY);
	ck_assert_said(&w, "module m is in use by: holder");
	player_close(&w);
}
END_TEST

START_TEST(of_an_essential_one_the_embedder_is_told)
{
	open("#define WHY \"\"\n", ".policy = HELIX_POLICY_STOP, .flags = HELIX_ESSENTIAL");
	healthy = false;
	hload_health_poll(w.system);
	ck_assert_played(&w, "essential: m module m is essential and cannot be unloaded");
	ck_assert_int_eq(world_state(&w, "m"), HLOAD_RUNNING);
	player_close(&w);
}
END_TEST

START_TEST(a_restart_that_fails_leaves_it_registered)
{
	struct hload_module *m = open("#define WHY \"\"\n"
				      "static int again(struct helix_state_reader *s) { (void)s; "
				      "return helix_fail(-5, \"too old\"); }\n",
				      ".restore_state = again");
	struct world_held before;

	ck_assert_int_eq(hload_restart(w.system, m, &w.diag), HELIX_E_INIT);
	ck_assert_said(&w, "restore_state failed with status -5: too old");
	ck_assert_played(&w, "end");
	ck_assert_int_eq(world_state(&w, "m"), HLOAD_REGISTERED);
	ck_assert_int_eq(health_of(m).restarts, 0);
	ck_assert_int_eq(hload_restart(w.system, m, &w.diag), HELIX_E_NOT_LOADED);
	ck_assert_said(&w, "module m is not loaded");
	before = world_held(&w);
	player_insert(&w, "m");
	ck_assert_int_eq(world_remove(&w, "m"), HELIX_OK);
	ck_assert_same_held(&w, before); /* its old settings are gone too */
	player_close(&w);
}
END_TEST

START_TEST(a_restart_survives_every_failing_allocation)
{
	struct hload_module *m = open("#define WHY \"\"\n", "");
	enum helix_status status = HELIX_E_NO_MEMORY;
	struct world_held before = world_held(&w);

	for (uint64_t n = 1; status; n++) {
		ck_assert_uint_lt(n, 60);
		harness_rewind(&w.harness);
		w.harness.fail_alloc = n;
		status = hload_restart(w.system, m, &w.diag);
		harness_rewind(&w.harness);
		if (world_state(&w, "m") == HLOAD_REGISTERED) {
			const struct hload_setting setting = { "times", "7" };

			ck_assert_int_ne(status, HELIX_OK);
			ck_assert(!hload_insert(w.system, m, (struct hmod_span){ NULL, 0 }, &setting,
						1, NULL));
		}
		ck_assert_same_held(&w, before);
	}
	player_close(&w);
}
END_TEST

WORLD_MAIN("health", 60, without_a_policy_it_is_reported_once, who_is_not_asked_is_well,
	   a_restart_keeps_settings_and_state_and_ends_after_three, the_policy_stop_stops,
	   a_module_of_no_file_is_forgotten_when_stopped,
	   a_policy_that_cannot_be_applied_is_reported, of_an_essential_one_the_embedder_is_told,
	   a_restart_that_fails_leaves_it_registered,
	   a_restart_survives_every_failing_allocation)
