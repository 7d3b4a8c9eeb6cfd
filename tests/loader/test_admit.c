/* SPDX-License-Identifier: MIT
 *
 * Letting a module in: experimental and deprecated ones, the four answers about
 * an ABI. Dependencies and the file itself: test_lifecycle_refuses.c.
 */
#include "loader/player.h"

static struct world w;

START_TEST(an_experimental_module_wants_to_be_allowed)
{
	const struct hload_insertion force = { .force = true };
	struct hload_module *m;
	struct world_held before;

	player_open(&w, NULL, 0);
	m = player_register(&w, "m", "", ".flags = HELIX_EXPERIMENTAL");
	before = world_held(&w);
	ck_assert_int_eq(world_insert(&w, "m", (struct hmod_span){ NULL, 0 }), HELIX_E_EXPERIMENTAL);
	ck_assert_said(&w, "module m is experimental; boot with experimental=1, or use insmod -f");
	ck_assert_same_held(&w, before);
	ck_assert_uint_eq(hload_taints(w.system), 0);
	ck_assert_logged(&w, "");
	ck_assert_int_eq(hload_insert_as(w.system, m, &force, &w.diag), HELIX_OK);
	ck_assert_logged(&w, "<4>m: the module is experimental\n");
	ck_assert_uint_eq(hload_taints(w.system), HLOAD_TAINT_EXPERIMENTAL);
	ck_assert_int_eq(world_remove(&w, "m"), HELIX_OK);
	ck_assert_uint_eq(hload_taints(w.system), HLOAD_TAINT_EXPERIMENTAL); /* stays */
	hload_allow_experimental(w.system, true);
	player_insert(&w, "m");
	ck_assert_int_eq(world_remove(&w, "m"), HELIX_OK);
	hload_allow_experimental(w.system, false);
	ck_assert_int_eq(world_insert(&w, "m", (struct hmod_span){ NULL, 0 }), HELIX_E_EXPERIMENTAL);
	player_close(&w);
}
END_TEST

START_TEST(a_deprecated_module_warns)
{
	player_open(&w, NULL, 0);
	player_start(&w, "m", "", ".flags = HELIX_DEPRECATED");
	ck_assert_logged(&w, "<4>m: the module is deprecated\n");
	ck_assert_uint_eq(hload_taints(w.system), 0);
	player_close(&w);
}
END_TEST

START_TEST(an_abi_fits_or_is_too_old_too_new_or_a_minor_ahead)
{
	ck_assert_int_eq(hload_abi_check(HELIX_ABI_MAJOR, HELIX_ABI_MINOR), HLOAD_ABI_COMPATIBLE);
	ck_assert_int_eq(hload_abi_check(HELIX_ABI_MAJOR, HELIX_ABI_MINOR + 1), HLOAD_ABI_MINOR);
	ck_assert_int_eq(hload_abi_check(HELIX_ABI_MAJOR - 1, 0), HLOAD_ABI_TOO_OLD);
	ck_assert_int_eq(hload_abi_check(HELIX_ABI_MAJOR - 1, 99), HLOAD_ABI_TOO_OLD);
	ck_assert_int_eq(hload_abi_check(HELIX_ABI_MAJOR + 1, 0), HLOAD_ABI_TOO_NEW);
}
END_TEST

static void abi(const char *more, const char *sentence)
{
	player_open(&w, NULL, 0);
	player_register(&w, "m", "", more);
	ck_assert_int_eq(world_insert(&w, "m", (struct hmod_span){ NULL, 0 }), HELIX_E_ABI);
	ck_assert_said(&w, sentence);
	player_close(&w);
}

START_TEST(an_abi_that_does_not_fit_is_refused_with_its_phrase)
{
	abi(".abi_major = 0",
	    "built for module ABI 0.0.0, which is too old: the kernel has 1.0.0; "
	    "build it again with this kernel's headers");
	abi(".abi_major = 2",
	    "built for module ABI 2.0.0, which is too new: the kernel has 1.0.0; "
	    "build it again with this kernel's headers");
	abi(".abi_minor = 7",
	    "built for module ABI 1.7.0, which is a newer minor version: the kernel has 1.0.0; "
	    "build it again with this kernel's headers");
}
END_TEST

WORLD_MAIN("admit", 60, an_experimental_module_wants_to_be_allowed, a_deprecated_module_warns,
	   an_abi_fits_or_is_too_old_too_new_or_a_minor_ahead,
	   an_abi_that_does_not_fit_is_refused_with_its_phrase)
