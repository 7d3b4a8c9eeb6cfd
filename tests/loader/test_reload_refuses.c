/* SPDX-License-Identifier: MIT */
#include "loader/swap.h"

/* ---- what step 1 refuses --------------------------------------------------------------- */

static void check_refused(enum helix_status status, enum swap_file file, const char *said)
{
	struct world_held held = world_held(&swap.world);

	ck_assert_int_eq(swap_reload("store", file), status);
	ck_assert_said(&swap.world, said);
	ck_assert_same_held(&swap.world, held);
	ck_assert_int_eq(world_state(&swap.world, "store"), HLOAD_RUNNING);
	ck_assert_str_eq(swap.steps, "1! -1 ");
}

START_TEST(a_file_of_another_module_is_no_version)
{
	swap_open(SWAP_FILES);
	check_refused(HELIX_E_RELOAD_NAME, SHELF, "the file holds module shelf, not store");
	swap_close();
}
END_TEST

START_TEST(both_must_be_reloadable)
{
	swap_open(SWAP_FILES);
	swap_add("rival", RIVAL);
	ck_assert_int_eq(swap_reload("rival", RIVAL), HELIX_E_NOT_RELOADABLE);
	ck_assert_said(&swap.world, "module rival is not hot reloadable; declare it with "
				    "HELIX_HOT_RELOADABLE, or rmmod and insmod it");
	swap_close();
}
END_TEST

START_TEST(only_what_runs_is_replaced)
{
	swap_open(SWAP_FILES);
	ck_assert_int_eq(world_remove(&swap.world, "store"), HELIX_OK);
	ck_assert_int_eq(swap_reload("store", STORE_2), HELIX_E_NOT_LOADED);
	ck_assert_said(&swap.world, "module store is not loaded");
	swap_close();
}
END_TEST

START_TEST(an_import_that_vanished_is_named_with_its_module)
{
	swap_open(CLIENT);
	check_refused(HELIX_E_RELOAD_IMPORT, STORE_NO_ADD,
		      "module client imports store_add, which the new store does not export; keep "
		      "exporting it, or rmmod client first");
	ck_assert_str_eq(swap_ask("client", "x"), "21 31 41 5 5");
	swap_close();
}
END_TEST

START_TEST(without_importers_it_may_vanish)
{
	swap_open(SWAP_FILES);
	ck_assert_int_eq(swap_reload("store", STORE_NO_ADD), HELIX_OK);
	swap_close();
}
END_TEST

START_TEST(an_interface_that_is_held_must_stay)
{
	swap_open(SWAP_FILES);
	swap_operations();
	check_refused(HELIX_E_RELOAD_INTERFACE, STORE_NO_INTERFACE,
		      "interface test.store is used by kernel, and the new store has no version that "
		      "fits; keep the interface's major version, and at least the minor");
	swap_close();
}
END_TEST

START_TEST(a_state_that_nobody_would_restore_is_not_lost_silently)
{
	swap_open(SWAP_FILES);
	check_refused(HELIX_E_RELOAD_STATE, STORE_FORGETS,
		      "the state of store would be lost: the new module has no restore_state; reload "
		      "--lossy gives it up");
	swap.lossy = true;
	ck_assert_int_eq(swap_reload("store", STORE_FORGETS), HELIX_OK);
	ck_assert_str_eq(swap_ask("store", "x"), "2 of 6, 5");
	swap_close();
}
END_TEST

START_TEST(an_export_of_somebody_else_is_a_duplicate)
{
	struct world_held held;

	swap_open(SWAP_FILES);
	swap_add("rival", RIVAL);
	held = world_held(&swap.world);
	ck_assert_int_eq(swap_reload("store", STORE_RIVAL), HELIX_E_DUPLICATE_EXPORT);
	ck_assert_said(&swap.world, "symbol rival_export is already exported by rival, store exports it again; "
				    "rename one of the two");
	ck_assert_same_held(&swap.world, held);
	swap_close();
}
END_TEST

START_TEST(importers_whose_file_changed_are_not_guessed_at)
{
	struct world *w;

	swap_open(CLIENT);
	w = &swap.world;
	for (unsigned i = 0; i < w->file_count; i++)
		if (!strcmp(w->files[i].path, "/client"))
			w->files[i].bytes = swap.file[CLIENT_PIC];
	ck_assert_int_eq(swap_reload("store", STORE_2), HELIX_E_FILE_CHANGED);
	ck_assert_said(w, "the file of module client is not the one that was loaded; rmmod and "
			  "insmod it first");
	ck_assert_str_eq(swap_ask("client", "x"), "21 31 41 5 5");
	swap_close();
}
END_TEST

START_TEST(a_host_that_opens_no_code_replaces_nothing_that_is_imported)
{
	swap_open(CLIENT);
	swap.world.harness.fail_unseal = 1;
	ck_assert_int_eq(swap_reload("store", STORE_2), HELIX_E_RELOAD_TEXT);
	ck_assert_said(&swap.world,
		       "the code of modules that import from it cannot be opened for the switch");
	ck_assert_int_eq(swap_reload("store", STORE_2), HELIX_OK);
	swap_close();
}
END_TEST

static void reload_inside(const char *hook)
{
	swap.inside = NULL;
	(void)hook;
	ck_assert_int_eq(swap_reload("store", STORE_2), HELIX_E_RELOADING);
	ck_assert_said(&swap.world, "module store is being replaced; try again when it is done");
	ck_assert_int_eq(world_remove(&swap.world, "store"), HELIX_E_RELOADING);
	ck_assert_int_eq(world_insert(&swap.world, "store", swap.file[STORE_1]),
			 HELIX_E_RELOADING);
}

START_TEST(there_is_one_reload_at_a_time)
{
	swap_open(SWAP_FILES);
	swap.inside = reload_inside;
	ck_assert_int_eq(swap_reload("store", STORE_2), HELIX_OK);
	swap_close();
}
END_TEST

/* ---- by another module -------------------------------------------------------------------- */

static void register_shelf(enum swap_file file)
{
	struct hload_module *module;

	world_file(&swap.world, strdup("/shelf"), swap.file[file]);
	ck_assert(!hload_register(swap.world.system, swap.file[file], "/shelf", &module,
				  &swap.world.diag));
}

START_TEST(another_module_of_the_same_interface_takes_over)
{
	const struct store_operations *o;

	swap_open(SWAP_FILES);
	register_shelf(SHELF);
	o = swap_operations();
	swap_ask("store", "x");
	ck_assert_int_eq(swap_reload_by("store", "shelf"), HELIX_OK);
	ck_assert_int_eq(o->version(), 9);
	ck_assert_str_eq(swap_ask("shelf", "x"), "3 of 9, 5");
	ck_assert_str_eq(swap_ask("store", "x"), "module store is not loaded");
	ck_assert_int_eq(world_state(&swap.world, "store"), HLOAD_REGISTERED);
	ck_assert_int_eq(swap_reload_by("shelf", "store"), HELIX_OK);
	ck_assert_str_eq(swap_ask("store", "x"), "4 of 1, 5");
	swap_close();
}
END_TEST

START_TEST(what_another_module_does_not_read_is_a_loss)
{
	struct hload_saved before, after;
	struct world_held held;

	swap_open(SWAP_FILES);
	register_shelf(SHELF_NARROW);
	before = swap_state("store");
	held = world_held(&swap.world);
	ck_assert_int_eq(swap_reload_by("store", "shelf"), HELIX_E_STATE_LOST);
	ck_assert_said(&swap.world, "module shelf did not take over of the saved state: shown; "
				    "reload --lossy gives it up");
	ck_assert_same_held(&swap.world, held);
	after = swap_state("store");
	ck_assert_mem_eq(before.bytes, after.bytes, before.size);
	swap_state_free(&before);
	swap_state_free(&after);
	swap.lossy = true;
	ck_assert_int_eq(swap_reload_by("store", "shelf"), HELIX_OK);
	ck_assert_ptr_nonnull(strstr(swap.world.log, "shelf: did not read of the saved state: shown"));
	swap_close();
}
END_TEST

START_TEST(who_depends_on_the_name_keeps_another_from_taking_over)
{
	swap_open(CLIENT);
	register_shelf(SHELF);
	ck_assert_int_eq(swap_reload_by("store", "shelf"), HELIX_E_RELOAD_DEPENDENT);
	ck_assert_said(&swap.world, "module client depends on store, which would be gone; rmmod it "
				    "first");
	swap_close();
}
END_TEST

START_TEST(taking_over_fails_at_each_step_without_a_trace)
{
	for (unsigned step = 1; step <= 9; step++) {
		struct world_held held;

		swap_open(SWAP_FILES);
		register_shelf(SHELF);
		swap_operations();
		held = world_held(&swap.world);
		swap.fail_at = (enum hload_step)step;
		ck_assert_int_eq(swap_reload_by("store", "shelf"), HELIX_E_RELOAD_INJECTED);
		ck_assert_same_held(&swap.world, held);
		ck_assert_int_eq(world_state(&swap.world, "shelf"), HLOAD_REGISTERED);
		ck_assert_int_eq(swap_operations()->version(), 1);
		swap_close();
	}
}
END_TEST

/* ---- the embedder's own use ------------------------------------------------------------------ */

static char handed[256];
static bool refuses;

static enum helix_status takes_over(void *ctx, const char *interface,
				    const struct hload_party *from, const struct hload_party *to)
{
	const struct store_operations *old = from->operations, *new = to->operations;
	char line[96];

	(void)ctx;
	snprintf(line, sizeof line, "%s %s.%d>%s.%d ", interface, from->module, old->version(),
		 to->module, new->version());
	strcat(handed, line);
	return refuses ? HELIX_E_BUSY : HELIX_OK;
}

START_TEST(the_embedder_hands_over_what_it_uses_itself)
{
	swap_open(SWAP_FILES);
	swap.world.harness.host.takes_over = takes_over;
	handed[0] = 0;
	refuses = false;
	swap.fail_at = HLOAD_STEP_START;
	ck_assert_int_eq(swap_reload("store", STORE_2), HELIX_E_RELOAD_INJECTED);
	ck_assert_str_eq(handed, "test.store store.1>store.2 test.store store.2>store.1 ");
	swap.fail_at = 0;
	refuses = true;
	ck_assert_int_eq(swap_reload("store", STORE_2), HELIX_E_INIT);
	ck_assert_said(&swap.world, "taking over failed with status -16");
	refuses = false;
	ck_assert_int_eq(swap_reload("store", STORE_2), HELIX_OK);
	swap_close();
}
END_TEST

/* ---- together ------------------------------------------------------------------------------------ */

static enum helix_status together(const struct hload_replacement *list, size_t count,
				  enum hload_step fail_at)
{
	const struct hload_reloading how = { .replacements = list, .count = count,
					     .fail_at = fail_at };

	return hload_reload(swap.world.system, &how, &swap.world.diag);
}

START_TEST(several_change_in_one_transaction_or_none_does)
{
	struct hload_system *s;
	struct world_held held;

	for (unsigned step = 1; step <= 10; step++) {
		struct hload_replacement list[2];

		swap_open(CLIENT);
		register_shelf(SHELF);
		s = swap.world.system;
		ck_assert_int_eq(world_insert(&swap.world, "shelf", (struct hmod_span){ NULL, 0 }),
				 HELIX_OK);
		list[0] = (struct hload_replacement){ .old = hload_find(s, "shelf") };
		list[1] = (struct hload_replacement){ .old = hload_find(s, "store"),
						      .file = swap.file[STORE_2] };
		/* Two with the same exports cannot run: shelf has its own. */
		held = world_held(&swap.world);
		ck_assert_int_eq(together(list, 2, step < 10 ? (enum hload_step)step : 0),
				 step < 10 ? HELIX_E_RELOAD_INJECTED : HELIX_OK);
		if (step < 10)
			ck_assert_same_held(&swap.world, held);
		ck_assert_str_eq(swap_ask("client", "x"),
				 step < 10 ? "21 31 41 5 5" : "22 32 42 5 5");
		swap_close();
	}
}
END_TEST

START_TEST(a_module_is_named_once)
{
	struct hload_replacement list[2];

	swap_open(SWAP_FILES);
	list[0] = list[1] = (struct hload_replacement){
		.old = hload_find(swap.world.system, "store"), .file = swap.file[STORE_2] };
	ck_assert_int_eq(together(list, 2, 0), HELIX_E_INVALID);
	ck_assert_said(&swap.world, "invalid argument: a module is named twice");
	ck_assert_int_eq(together(list, 0, 0), HELIX_E_INVALID);
	ck_assert_said(&swap.world, "invalid argument: no module to replace");
	swap_close();
}
END_TEST

SWAP_MAIN("reload_refuses", a_file_of_another_module_is_no_version, both_must_be_reloadable,
	  only_what_runs_is_replaced, an_import_that_vanished_is_named_with_its_module,
	  without_importers_it_may_vanish, an_interface_that_is_held_must_stay,
	  a_state_that_nobody_would_restore_is_not_lost_silently,
	  an_export_of_somebody_else_is_a_duplicate, importers_whose_file_changed_are_not_guessed_at,
	  a_host_that_opens_no_code_replaces_nothing_that_is_imported, there_is_one_reload_at_a_time,
	  another_module_of_the_same_interface_takes_over, what_another_module_does_not_read_is_a_loss,
	  who_depends_on_the_name_keeps_another_from_taking_over,
	  taking_over_fails_at_each_step_without_a_trace, the_embedder_hands_over_what_it_uses_itself,
	  several_change_in_one_transaction_or_none_does, a_module_is_named_once)
