/* SPDX-License-Identifier: MIT
 *
 * The v1 API: life cycle and context of a module.
 */
#include "loader/services.h"
#include "loader/talk.h"

static char trace[512];

static int note(const char *hook)
{
	strcat(strcat(trace, trace[0] ? " " : ""), hook);
	return 0;
}

/* ---- life ------------------------------------------------------------------------------- */

START_TEST(hooks_are_called_in_order_and_cleanup_last)
{
	talk.hook = note;
	talk_open();
	trace[0] = 0;
	ck_assert(!world_remove(&talk.world, "a"));
	ck_assert_str_eq(trace, "a.stop a.cleanup");
	ck_assert(!world_remove(&talk.world, "mute")); /* has none */
	ck_assert_str_eq(trace, "a.stop a.cleanup mute.stop");
	trace[0] = 0;
	talk_start(A);
	ck_assert_str_eq(trace, "a.init a.start");
	talk_close();
}
END_TEST

static int fail_cleanup(const char *hook)
{
	return strcmp(hook, "a.cleanup") ? 0 : helix_fail(-7, "dust");
}

START_TEST(a_failed_cleanup_is_told_and_the_module_gone)
{
	talk_open();
	talk.hook = fail_cleanup;
	ck_assert_int_eq(world_remove(&talk.world, "a"), HELIX_E_INIT);
	ck_assert_said(&talk.world, "cleanup failed with status -7: dust");
	ck_assert_int_eq(world_state(&talk.world, "a"), HLOAD_REGISTERED);
	talk_close();
}
END_TEST

START_TEST(state_is_asked_only_of_what_can_be_reloaded)
{
	struct hload_saved state;

	talk.hook = note;
	talk_open();
	trace[0] = 0;
	ck_assert(!hload_state_save(talk.world.system, talk.module[A], &state, NULL));
	ck_assert_ptr_nonnull(state.bytes);
	hload_state_free(talk.world.system, &state);
	ck_assert(!hload_state_save(talk.world.system, talk.module[B], &state, NULL));
	ck_assert_ptr_null(state.bytes);
	ck_assert_str_eq(trace, "a.get_state");
	talk_close();
}
END_TEST

START_TEST(a_restart_gives_the_state_back)
{
	talk.hook = note;
	talk_open();
	trace[0] = 0;
	ck_assert_msg(!hload_restart(talk.world.system, talk.module[A], &talk.world.diag), "%s",
		      harness_text(&talk.world.diag));
	ck_assert_str_eq(trace, "a.get_state a.stop a.cleanup a.init a.start");
	talk_close();
}
END_TEST

static int unwell(const char *hook)
{
	return !strcmp(hook, "a.is_healthy");
}

START_TEST(health_is_asked_of_a_v1_module)
{
	talk_open();
	ck_assert_uint_eq(hload_health_poll(talk.world.system), 0);
	talk.hook = unwell;
	ck_assert_uint_eq(hload_health_poll(talk.world.system), 1);
	talk_close();
}
END_TEST

START_TEST(all_authors_and_all_else_are_kept)
{
	struct hload_info info;
	const struct hmod_meta *m;

	talk_open();
	hload_info(talk.module[A], &info);
	m = info.meta;
	ck_assert_int_eq(m->header->api, HELIX_RECORD_FORMAT_V1);
	ck_assert_str_eq(m->author, "Ann, Bob B.");
	ck_assert_uint_eq(m->header->author_count, 2);
	ck_assert_str_eq(hmod_meta_string(m, m->authors[1]), "Bob B.");
	ck_assert_str_eq(m->description, "talks");
	ck_assert_str_eq(m->license, "BSD");
	ck_assert_uint_eq(m->header->version, HELIX_VERSION(1, 2, 3));
	ck_assert_uint_eq(m->header->flags, HELIX_HOT_RELOADABLE);
	ck_assert_uint_eq(m->header->dependency_count, 3);
	ck_assert_uint_eq(m->header->provide_count, 1);
	ck_assert_uint_eq(m->header->policy, HELIX_POLICY_RESTART);
	talk_close();
}
END_TEST

static int leave_things(const char *hook)
{
	if (strcmp(hook, "a.stop"))
		return 0;
	helix_payload_append(helix_payload_list(), helix_payload_text("in the list"));
	helix_message_new(HELIX_MESSAGE_NOTIFY, 0, helix_payload_text("x"));
	return 0;
}

START_TEST(what_a_module_leaves_is_taken_back_and_told)
{
	talk_open();
	talk.hook = leave_things;
	ck_assert(!world_remove(&talk.world, "a"));
	ck_assert_ptr_nonnull(
		strstr(talk.world.log, "<4>a: left 3 payloads and messages, taken back\n"));
	talk_close();
}
END_TEST

/* ---- context ---------------------------------------------------------------------------- */

START_TEST(the_context_tells_id_and_config)
{
	const struct helix_v1_context *c;

	talk_open();
	c = talk.v1[A];
	ck_assert_uint_eq(helix_v1_id(c), talk_id(A));
	ck_assert_uint_eq(helix_module_id(helix_v1_context(c)), talk_id(A));
	ck_assert_str_eq(helix_v1_config(c, "greeting"), "hello");
	ck_assert_ptr_null(helix_v1_config(c, "nosuch"));
	talk_close();
}
END_TEST

START_TEST(a_dependency_is_one_that_is_declared_and_runs)
{
	const struct helix_v1_context *c;

	talk_open();
	c = talk.v1[A];
	ck_assert_uint_eq(helix_v1_get_dependency(c, "c"), talk_id(C));
	ck_assert_uint_eq(helix_v1_get_dependency(c, "mute"), talk_id(MUTE));
	ck_assert_uint_eq(helix_v1_get_dependency(c, "b"), 0); /* runs, not declared */
	ck_assert_uint_eq(helix_v1_get_dependency(c, "lib"), 0); /* declared, not there */
	ck_assert_uint_eq(helix_v1_get_dependency(c, ""), 0);
	ck_assert_uint_eq(helix_v1_get_dependency(talk.v1[B], "c"), 0);
	ck_assert(!world_remove(&talk.world, "a"));
	ck_assert(!world_remove(&talk.world, "mute"));
	talk_start(A);
	ck_assert_uint_eq(helix_v1_get_dependency(talk.v1[A], "mute"), 0);
	talk_close();
}
END_TEST

TALK_MAIN("v1", hooks_are_called_in_order_and_cleanup_last,
	  a_failed_cleanup_is_told_and_the_module_gone,
	  state_is_asked_only_of_what_can_be_reloaded, a_restart_gives_the_state_back,
	  health_is_asked_of_a_v1_module, all_authors_and_all_else_are_kept,
	  what_a_module_leaves_is_taken_back_and_told, the_context_tells_id_and_config,
	  a_dependency_is_one_that_is_declared_and_runs)
