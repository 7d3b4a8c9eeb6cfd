/* SPDX-License-Identifier: MIT */
#include "loader/internal.h"
#include "loader/swap.h"

/* ---- the same module, another version ------------------------------------------------ */

START_TEST(another_version_takes_over_with_the_state)
{
	swap_open(SWAP_FILES);
	ck_assert_str_eq(swap_ask("store", "x"), "2 of 1, 5");
	ck_assert_int_eq(swap_reload("store", STORE_2), HELIX_OK);
	ck_assert_str_eq(swap.steps, "1 2 3 4 5 6 7 8 9 10 ");
	ck_assert_str_eq(swap_ask("store", "x"), "3 of 2, 5");
	swap_close();
}
END_TEST

START_TEST(hooks_are_called_in_the_order_of_the_steps)
{
	swap_open(SWAP_FILES);
	ck_assert_int_eq(swap_reload("store", STORE_2), HELIX_OK);
	ck_assert_str_eq(swap.world.trace, "+store store 2 init store 1 save store 2 restore "
					   "store 2 start store 1 stop -store");
	swap_close();
}
END_TEST

START_TEST(the_entry_stays_one_with_its_id_and_place)
{
	struct hload_counts before, after;
	struct hload_info info;
	uint64_t id;

	swap_open(CLIENT);
	hload_info(hload_find(swap.world.system, "store"), &info);
	id = info.id;
	hload_counts(swap.world.system, &before);
	ck_assert_int_eq(swap_reload("store", STORE_2), HELIX_OK);
	hload_counts(swap.world.system, &after);
	ck_assert_mem_eq(&before.modules, &after.modules, 4 * sizeof before.modules);
	hload_info(hload_find(swap.world.system, "store"), &info);
	ck_assert_uint_eq(info.id, id);
	ck_assert_uint_eq(info.meta->header->version, HELIX_VERSION(1, 2, 0));
	ck_assert_uint_eq(info.holders, 1);
	ck_assert_ptr_eq(hload_find_id(swap.world.system, id),
			 hload_find(swap.world.system, "store"));
	ck_assert_str_eq(world_name(hload_next(swap.world.system, NULL)), "store");
	ck_assert_str_eq(world_name(hload_dependency(hload_find(swap.world.system, "client"), 0)),
			 "store");
	swap_close();
}
END_TEST

START_TEST(many_reloads_leave_nothing_behind)
{
	struct world_held before;

	swap_open(CLIENT);
	ck_assert_int_eq(swap_reload("store", STORE_1), HELIX_OK);
	before = world_held(&swap.world);
	for (unsigned i = 0; i < 20; i++)
		ck_assert_int_eq(swap_reload("store", i % 2 ? STORE_1 : STORE_2), HELIX_OK);
	ck_assert_same_held(&swap.world, before);
	swap_close();
}
END_TEST

START_TEST(settings_go_on)
{
	const struct hload_setting setting = { "limit", "77" };
	struct hload_system *s;

	swap_open(SWAP_FILES);
	s = swap.world.system;
	ck_assert_int_eq(world_remove(&swap.world, "store"), HELIX_OK);
	ck_assert_int_eq(hload_insert(s, hload_find(s, "store"), swap.file[STORE_1], &setting, 1,
				      &swap.world.diag), HELIX_OK);
	ck_assert_int_eq(swap_reload("store", STORE_2), HELIX_OK);
	ck_assert_str_eq(swap_ask("store", "limit"), "77");
	swap_close();
}
END_TEST

START_TEST(older_newer_older_keeps_what_both_know)
{
	swap_open(SWAP_FILES);
	swap_ask("store", "x");
	ck_assert_int_eq(swap_reload("store", STORE_NEWER), HELIX_OK);
	ck_assert_str_eq(swap_ask("store", "x"), "3 of 3, 5");
	ck_assert_int_eq(swap_reload("store", STORE_1), HELIX_OK);
	ck_assert_str_eq(swap_ask("store", "x"), "4 of 1, 5");
	ck_assert_ptr_nonnull(strstr(swap.world.log, "store: did not read of the saved state: extra"));
	swap_close();
}
END_TEST

/* ---- who uses it ------------------------------------------------------------------------ */

/* store_add adds 1 and tells value * 10 + version: called three times. */
static void check_rebound(enum swap_file with)
{
	swap_open(with);
	ck_assert_int_eq(hload_find(swap.world.system, "client")->object.got.address != 0,
			 with == CLIENT_PIC);
	ck_assert_str_eq(swap_ask("client", "x"), "21 31 41 5 5");
	ck_assert_int_eq(swap_reload("store", STORE_2), HELIX_OK);
	ck_assert_str_eq(swap_ask("client", "x"), "52 62 72 5 5");
	ck_assert_int_eq(swap_reload("store", STORE_1), HELIX_OK);
	ck_assert_str_eq(swap_ask("client", "x"), "81 91 101 5 5");
	ck_assert_int_eq(world_remove(&swap.world, "store"), HELIX_E_BUSY);
	hload_diag_free(swap.world.system, &swap.world.diag);
	ck_assert_int_eq(world_remove(&swap.world, "client"), HELIX_OK);
	ck_assert_int_eq(world_remove(&swap.world, "store"), HELIX_OK);
	swap_close();
}

START_TEST(calls_pointers_and_tables_of_dependents_are_bound_anew)
{
	check_rebound(CLIENT);
}
END_TEST

START_TEST(so_are_slots_of_the_global_offset_table)
{
	check_rebound(CLIENT_PIC);
}
END_TEST

START_TEST(so_are_instructions_that_were_rewritten)
{
	check_rebound(CLIENT_RELAXED);
}
END_TEST

START_TEST(a_pointer_that_its_owner_changed_stays)
{
	uint64_t address;
	const char *owner;

	swap_open(CLIENT);
	ck_assert(hload_symbol_find(swap.world.system, "client_forget", &address, &owner));
	((void (*)(void))(uintptr_t)address)();
	ck_assert_str_eq(swap_ask("client", "x"), "21 1 31 5 5");
	ck_assert_int_eq(swap_reload("store", STORE_2), HELIX_OK);
	ck_assert_str_eq(swap_ask("client", "x"), "42 1 52 5 5");
	swap_close();
}
END_TEST

START_TEST(who_comes_later_imports_from_the_new)
{
	swap_open(SWAP_FILES);
	ck_assert_int_eq(swap_reload("store", STORE_2), HELIX_OK);
	swap_add("client", CLIENT);
	ck_assert_str_eq(swap_ask("client", "x"), "22 32 42 5 5");
	swap_close();
}
END_TEST

START_TEST(interfaces_lead_to_the_new)
{
	const struct store_operations *o;

	swap_open(SWAP_FILES);
	o = swap_operations();
	ck_assert_int_eq(o->add(4), 51);
	ck_assert_int_eq(swap_reload("store", STORE_2), HELIX_OK);
	ck_assert_int_eq(o->version(), 2);
	ck_assert_int_eq(o->add(1), 62);
	swap_close();
}
END_TEST

/* ---- failing on purpose -------------------------------------------------------------------- */

/* The old goes on as if nothing had been. */
static void check_unchanged(const struct world_held *held, const struct hload_saved *state,
			    unsigned row)
{
	struct hload_saved now = swap_state("store");
	struct hload_reload_status status;

	ck_assert_uint_eq(now.size, state->size);
	ck_assert_mem_eq(now.bytes, state->bytes, now.size);
	swap_state_free(&now);
	ck_assert_same_held(&swap.world, *held);
	ck_assert_int_eq(world_state(&swap.world, "store"), HLOAD_RUNNING);
	ck_assert_int_eq(swap_operations()->version(), 1);
	hload_reload_status(swap.world.system, &status);
	ck_assert_msg(status.state == HLOAD_RELOAD_IDLE && status.last != HELIX_OK, "row %u", row);
}

static void check_failing(enum swap_file with, unsigned step)
{
	struct hload_saved state;
	struct world_held held;

	swap_open(with);
	ck_assert_str_eq(swap_ask("store", "x"), "2 of 1, 5");
	swap_operations();
	state = swap_state("store");
	held = world_held(&swap.world);
	swap.fail_at = (enum hload_step)step;
	ck_assert_int_eq(swap_reload("store", STORE_2), HELIX_E_RELOAD_INJECTED);
	ck_assert_uint_eq(swap.world.diag.found, step);
	check_unchanged(&held, &state, step);
	if (with != SWAP_FILES)
		ck_assert_str_eq(swap_ask("client", "x"), "31 41 51 5 5");
	swap.fail_at = 0;
	ck_assert_int_eq(swap_reload("store", STORE_2), HELIX_OK);
	ck_assert_str_eq(swap_ask("store", "x"), with == SWAP_FILES ? "3 of 2, 5" : "6 of 2, 5");
	swap_state_free(&state);
	swap_close();
}

START_TEST(failing_after_any_step_up_to_nine_changes_nothing)
{
	for (unsigned step = 1; step <= 9; step++) {
		check_failing(SWAP_FILES, step);
		check_failing(CLIENT, step);
		check_failing(CLIENT_PIC, step);
	}
}
END_TEST

START_TEST(a_step_that_fails_is_taken_back_with_all_before)
{
	swap_open(SWAP_FILES);
	swap.fail_at = HLOAD_STEP_COMMIT;
	ck_assert_int_eq(swap_reload("store", STORE_2), HELIX_E_RELOAD_INJECTED);
	ck_assert_str_eq(swap.steps, "1 2 3 4 5 6 7! -7 -5 -4 -2 -1 ");
	ck_assert_said(&swap.world, "step 7 was failed on purpose");
	swap_close();
}
END_TEST

START_TEST(failing_the_last_step_is_reported_and_the_new_goes_on)
{
	swap_open(SWAP_FILES);
	swap.fail_at = HLOAD_STEP_RETIRE;
	ck_assert_int_eq(swap_reload("store", STORE_2), HELIX_OK);
	ck_assert_str_eq(swap.steps, "1 2 3 4 5 6 7 8 9 10! ");
	ck_assert_ptr_nonnull(strstr(swap.world.log, "the old version did not stop well"));
	ck_assert_str_eq(swap_ask("store", "x"), "2 of 2, 5");
	swap_close();
}
END_TEST

START_TEST(a_hook_that_fails_changes_nothing)
{
	static const char *const hooks[] = { "store 2 init", "store 1 save", "store 2 restore",
					     "store 2 start" };

	for (unsigned i = 0; i < 4; i++) {
		struct hload_saved state;
		struct world_held held;

		swap_open(CLIENT);
		swap_operations();
		state = swap_state("store");
		held = world_held(&swap.world);
		swap.fails = hooks[i];
		ck_assert_int_eq(swap_reload("store", STORE_2), HELIX_E_INIT);
		swap.fails = NULL;
		check_unchanged(&held, &state, i);
		ck_assert_str_eq(swap_ask("client", "x"), "21 31 41 5 5");
		swap_state_free(&state);
		swap_close();
	}
}
END_TEST

START_TEST(an_old_one_whose_stop_fails_is_gone_all_the_same)
{
	swap_open(SWAP_FILES);
	swap.fails = "store 1 stop";
	ck_assert_int_eq(swap_reload("store", STORE_2), HELIX_OK);
	ck_assert_str_eq(swap.steps, "1 2 3 4 5 6 7 8 9 10! ");
	swap_close();
}
END_TEST

/* Allocation N, region N, and each unsealing fail in turn, until none is left to. */
static void check_dry(uint64_t *calls, uint64_t *fails)
{
	for (uint64_t n = 1;; n++) {
		struct hload_saved state;
		struct world_held held;
		enum helix_status status;

		swap_open(CLIENT_PIC);
		swap_operations();
		state = swap_state("store");
		held = world_held(&swap.world);
		harness_rewind(&swap.world.harness);
		*fails = n;
		status = swap_reload("store", STORE_2);
		if (*calls >= n && !status)
			status = HELIX_OK; /* what failed was only a longer chain in an index */
		*fails = 0;
		hload_diag_free(swap.world.system, &swap.world.diag);
		if (status)
			check_unchanged(&held, &state, (unsigned)n);
		swap_state_free(&state);
		swap_close();
		if (!status && *calls < n)
			return;
	}
}

START_TEST(every_failing_allocation_changes_nothing)
{
	check_dry(&swap.world.harness.allocs, &swap.world.harness.fail_alloc);
}
END_TEST

START_TEST(every_failing_region_changes_nothing)
{
	check_dry(&swap.world.harness.places, &swap.world.harness.fail_place);
	check_dry(&swap.world.harness.seals, &swap.world.harness.fail_seal);
	check_dry(&swap.world.harness.unseals, &swap.world.harness.fail_unseal);
}
END_TEST

/* ---- probation ------------------------------------------------------------------------------ */

static unsigned waits;

static void fall_sick(struct world *w)
{
	(void)w;
	swap.sick = ++waits > 3;
}

START_TEST(one_that_falls_sick_within_the_window_is_rolled_back)
{
	struct hload_saved before, after;
	struct hload_reload_status status;

	swap_open(CLIENT);
	swap_ask("store", "x");
	before = swap_state("store");
	swap.probation_ns = HLOAD_PROBATION_NS;
	swap.world.meanwhile = fall_sick;
	waits = 0;
	ck_assert_int_eq(swap_reload("store", STORE_SICK), HELIX_E_NOT_HEALTHY);
	ck_assert_str_eq(swap.steps, "1 2 3 4 5 6 7 8 9! -8 -7 -5 -4 -2 -1 ");
	ck_assert_ptr_nonnull(strstr(swap.world.log, "store: the new version is not healthy"));
	after = swap_state("store");
	ck_assert_uint_eq(before.size, after.size);
	ck_assert_mem_eq(before.bytes, after.bytes, after.size);
	ck_assert_str_eq(swap_ask("client", "x"), "31 41 51 5 5");
	hload_reload_status(swap.world.system, &status);
	ck_assert_uint_eq(status.rolled_back, 1);
	ck_assert_ptr_nonnull(strstr(swap.world.trace, "store 7 stop"));
	swap_state_free(&before);
	swap_state_free(&after);
	swap_close();
}
END_TEST

START_TEST(one_that_stays_well_is_kept)
{
	swap_open(SWAP_FILES);
	swap.probation_ns = HLOAD_PROBATION_NS;
	ck_assert_int_eq(swap_reload("store", STORE_SICK), HELIX_OK);
	ck_assert_str_eq(swap_ask("store", "x"), "2 of 7, 5");
	swap_close();
}
END_TEST

/* ---- the rest ---------------------------------------------------------------------------------- */

START_TEST(a_dry_run_runs_nothing_and_changes_nothing)
{
	struct world_held held;

	swap_open(CLIENT);
	held = world_held(&swap.world);
	swap.dry_run = true;
	ck_assert_int_eq(swap_reload("store", STORE_2), HELIX_OK);
	ck_assert_str_eq(swap.steps, "1 2 3? 4? 5? 6? 7? 8? 9? 10? -2 -1 ");
	ck_assert_str_eq(swap.world.trace, "");
	ck_assert_uint_ge(swap.last[HLOAD_STEP_LOAD].count, 5);
	ck_assert_same_held(&swap.world, held);
	ck_assert_str_eq(swap_ask("store", "x"), "2 of 1, 5");
	swap_close();
}
END_TEST

START_TEST(an_inner_holder_is_quiet_too)
{
	swap_open(CLIENT);
	swap_add("later", LATER);
	ck_assert_int_eq(swap_reload("store", STORE_2), HELIX_OK);
	/* store twice, client, later */
	ck_assert_uint_eq(swap.last[HLOAD_STEP_QUIESCE].count, 4);
	swap_close();
}
END_TEST

SWAP_MAIN("reload", another_version_takes_over_with_the_state,
	  hooks_are_called_in_the_order_of_the_steps, the_entry_stays_one_with_its_id_and_place,
	  many_reloads_leave_nothing_behind, settings_go_on, older_newer_older_keeps_what_both_know,
	  calls_pointers_and_tables_of_dependents_are_bound_anew,
	  so_are_slots_of_the_global_offset_table, so_are_instructions_that_were_rewritten, a_pointer_that_its_owner_changed_stays,
	  who_comes_later_imports_from_the_new, interfaces_lead_to_the_new,
	  failing_after_any_step_up_to_nine_changes_nothing,
	  a_step_that_fails_is_taken_back_with_all_before,
	  failing_the_last_step_is_reported_and_the_new_goes_on, a_hook_that_fails_changes_nothing,
	  an_old_one_whose_stop_fails_is_gone_all_the_same, every_failing_allocation_changes_nothing,
	  every_failing_region_changes_nothing,
	  one_that_falls_sick_within_the_window_is_rolled_back, one_that_stays_well_is_kept,
	  a_dry_run_runs_nothing_and_changes_nothing, an_inner_holder_is_quiet_too)
