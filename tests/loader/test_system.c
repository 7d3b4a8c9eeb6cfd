/* SPDX-License-Identifier: MIT
 *
 * The system itself: its memory, what the embedder exports, hooks that are not
 * there.
 */
#include "loader/world.h"

static struct world w;

START_TEST(a_system_gives_back_all_it_took)
{
	world_open(&w);
	world_held(&w); /* counts agree with the host's */
	world_add(&w, MODULE(.name = "a", .dependencies = LIST("b"), .provides = LIST("c")));
	world_held(&w);
	world_close(&w);
}
END_TEST

START_TEST(creating_survives_every_failing_allocation)
{
	struct harness h;
	struct hload_system *system = NULL;

	for (uint64_t n = 1; !system; n++) {
		harness_open(&h);
		h.fail_alloc = n;
		system = hload_create(&h.host);
		ck_assert(system || harness_clean(&h));
		ck_assert_uint_lt(n, 50);
	}
	ck_assert_uint_gt(h.allocs, 3);
	hload_destroy(system);
	ck_assert(harness_clean(&h));
}
END_TEST

/* ---- exports ------------------------------------------------------------------- */

static const struct hload_symbol good[] = { { "alpha", 0x1000 }, { "beta", 0x2000 } };
static const struct hload_symbol twice[] = { { "gamma", 1 }, { "delta", 2 }, { "gamma", 3 } };
static const struct hload_symbol there[] = { { "epsilon", 1 }, { "helix_config", 2 } };

START_TEST(an_exported_symbol_is_found_with_its_owner)
{
	const char *owner = NULL;
	uint64_t address = 0;

	world_open(&w);
	ck_assert_int_eq(hload_export(w.system, good, 2, &w.diag), HELIX_OK);
	ck_assert(hload_symbol_find(w.system, "beta", &address, &owner));
	ck_assert_uint_eq(address, 0x2000);
	ck_assert_str_eq(owner, "kernel");
	ck_assert(hload_symbol_find(w.system, "helix_module_id", &address, &owner));
	ck_assert(!hload_symbol_find(w.system, "bet", &address, &owner));
	ck_assert_int_eq(hload_export(w.system, NULL, 0, &w.diag), HELIX_OK);
	world_close(&w);
}
END_TEST

START_TEST(a_second_export_of_a_name_is_refused_whole)
{
	struct world_held before;
	const char *owner;
	uint64_t address;

	world_open(&w);
	ck_assert_int_eq(hload_export(w.system, good, 2, &w.diag), HELIX_OK);
	before = world_held(&w);
	ck_assert_int_eq(hload_export(w.system, twice, 3, &w.diag), HELIX_E_DUPLICATE_EXPORT);
	ck_assert_said(&w, "symbol gamma is already exported by kernel, kernel exports it again; rename one of the two");
	ck_assert_int_eq(hload_export(w.system, there, 2, &w.diag), HELIX_E_DUPLICATE_EXPORT);
	ck_assert_said(&w, "symbol helix_config is already exported by kernel, kernel exports it again; rename one of the two");
	ck_assert(!hload_symbol_find(w.system, "delta", &address, &owner));
	ck_assert(!hload_symbol_find(w.system, "epsilon", &address, &owner));
	harness_rewind(&w.harness);
	w.harness.fail_alloc = 1;
	ck_assert_int_eq(hload_export(w.system, twice, 2, &w.diag), HELIX_E_NO_MEMORY);
	ck_assert_same_held(&w, before);
	harness_rewind(&w.harness);
	ck_assert_int_eq(hload_export(w.system, twice, 2, &w.diag), HELIX_OK);
	world_close(&w);
}
END_TEST

static void collect(void *ctx, const char *name, uint64_t address)
{
	char line[64];

	snprintf(line, sizeof line, "%s%s=%lx", *(char *)ctx ? " " : "", name, address);
	strcat(ctx, line);
}

START_TEST(exports_are_listed_in_order)
{
	const struct hload_symbol more = { "gamma", 0x3000 };
	char text[8192] = "";

	world_open(&w);
	ck_assert_int_eq(hload_export(w.system, good, 2, &w.diag), HELIX_OK);
	ck_assert_int_eq(hload_export(w.system, &more, 1, &w.diag), HELIX_OK);
	hload_symbol_each(w.system, NULL, collect, text);
	ck_assert(strstr(text, " alpha=1000 beta=2000 gamma=3000") != NULL);
	ck_assert(!strncmp(text, "helix_config=", 13));
	world_close(&w);
}
END_TEST

/* ---- hosts with little ------------------------------------------------------------ */

START_TEST(hooks_that_may_be_null_may_be)
{
	struct harness h;
	struct hload_system *system;
	struct hload_module *m;
	struct hmod_diag diag;
	struct hmod_span file = harness_compile(harness_module("plain", "", ""), "");

	harness_open(&h);
	system = hload_create(&h.host);
	ck_assert_int_eq(hload_register(system, file, NULL, &m, &diag), HELIX_OK);
	ck_assert_int_eq(hload_insert(system, m, (struct hmod_span){ NULL, 0 }, NULL, 0, &diag),
			 HELIX_E_IO);
	ck_assert_str_eq(harness_text(&diag), "plain could not be read");
	ck_assert_int_eq(hload_insert(system, m, file, NULL, 0, &diag), HELIX_OK);
	ck_assert_int_eq(hload_remove(system, m, &diag), HELIX_OK);
	ck_assert_ptr_null(hload_find(system, "plain"));
	ck_assert_int_eq(hload_register(system, file, NULL, &m, &diag), HELIX_OK);
	ck_assert_int_eq(hload_insert(system, m, file, NULL, 0, NULL), HELIX_OK);
	hload_destroy(system);
	ck_assert(harness_clean(&h));
	harness_discard(file);
}
END_TEST

START_TEST(every_state_has_a_name)
{
	static const char *const names[] = { "registered", "loading", "loaded", "initializing",
					     "running", "stopping", "stopped", "unloading",
					     "error", "?" };

	for (unsigned i = 0; i <= HLOAD_STATES; i++)
		ck_assert_str_eq(hload_state_name((enum hload_state)i), names[i]);
}
END_TEST

WORLD_MAIN("system", 60, a_system_gives_back_all_it_took,
	   creating_survives_every_failing_allocation, an_exported_symbol_is_found_with_its_owner,
	   a_second_export_of_a_name_is_refused_whole, exports_are_listed_in_order,
	   hooks_that_may_be_null_may_be, every_state_has_a_name)
