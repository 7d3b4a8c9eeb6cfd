/* SPDX-License-Identifier: MIT
 *
 * The registry's other ways in: ids, flags, what runs, capabilities; references
 * that outlive the module; ten thousand of them.
 */
#include "loader/player.h"

#include <time.h>

static struct world w;

static uint64_t id_of(const struct hload_module *m)
{
	struct hload_info info;

	hload_info(m, &info);
	return info.id;
}

static const char *names(const uint64_t *ids, size_t count)
{
	static char text[512];

	text[0] = 0;
	for (size_t i = 0; i < count; i++)
		strcat(strcat(text, i ? " " : ""), world_name(hload_find_id(w.system, ids[i])));
	return text;
}

static const char *flagged(unsigned bit)
{
	uint64_t ids[8];

	return names(ids, hload_list_flag(w.system, bit, ids, 8));
}

static const char *providing(const char *capability)
{
	uint64_t ids[8];

	return names(ids, hload_list_providers(w.system, capability, ids, 8));
}

static const char *running(void)
{
	uint64_t ids[8];

	return names(ids, hload_list_running(w.system, ids, 8));
}

START_TEST(modules_are_listed_by_flag_capability_and_what_runs)
{
	const struct elf_module *a = MODULE(.name = "a", .flags = 3, .provides = LIST("disk", "x-y"));
	const struct elf_module *b = MODULE(.name = "b", .flags = 2, .provides = LIST("disk"));
	const struct elf_module *c = MODULE(.name = "c", .flags = 512);
	uint64_t ids[1] = { 0 };

	world_open(&w);
	w.pretend = true;
	world_add(&w, a);
	world_add(&w, b);
	world_add(&w, c);
	ck_assert_str_eq(flagged(0), "a");
	ck_assert_str_eq(flagged(1), "a b");
	ck_assert_str_eq(flagged(9), "c");
	ck_assert_str_eq(flagged(2), "");
	ck_assert_str_eq(flagged(64), "");
	ck_assert_str_eq(providing("disk"), "a b");
	ck_assert_str_eq(providing("x_y"), "a");
	ck_assert_str_eq(providing("nothing"), "");
	ck_assert_str_eq(providing("no such/name"), "");
	ck_assert_str_eq(running(), "");
	world_start(&w, c);
	world_start(&w, b);
	ck_assert_str_eq(running(), "c b");
	ck_assert_uint_eq(hload_list_running(w.system, ids, 1), 2); /* how many there are */
	ck_assert_uint_eq(hload_list_flag(w.system, 1, NULL, 0), 2);
	ck_assert_int_eq(world_remove(&w, "b"), HELIX_OK);
	ck_assert_str_eq(flagged(1), "a");
	ck_assert_str_eq(providing("disk"), "a");
	world_close(&w);
}
END_TEST

START_TEST(a_reference_keeps_a_forgotten_module_and_nothing_works_on_it)
{
	struct hmod_span file = world_image(MODULE(.name = "a", .flags = 2));
	struct hload_module *m, *again;
	struct world_held before;
	uint64_t id;

	world_open(&w);
	before = world_held(&w);
	world_add(&w, MODULE(.name = "a", .flags = 2));
	m = hload_get(w.system, "a");
	id = id_of(m);
	ck_assert_ptr_eq(hload_get_id(w.system, id), m);
	ck_assert_int_eq(hload_unregister(w.system, m, &w.diag), HELIX_OK);
	ck_assert_ptr_null(hload_get(w.system, "a"));
	ck_assert_ptr_null(hload_get_id(w.system, id));
	ck_assert_str_eq(flagged(1), "");
	ck_assert_str_eq(world_name(m), "a");
	ck_assert_int_eq(hload_unregister(w.system, m, &w.diag), HELIX_E_NOT_FOUND);
	ck_assert_said(&w, "a was not found");
	ck_assert_int_eq(hload_insert(w.system, m, file, NULL, 0, &w.diag), HELIX_E_NOT_FOUND);
	ck_assert_said(&w, "a was not found");
	ck_assert_int_eq(hload_remove(w.system, m, &w.diag), HELIX_E_NOT_FOUND);
	ck_assert_said(&w, "a was not found");
	ck_assert_int_eq(hload_restart(w.system, m, &w.diag), HELIX_E_NOT_LOADED);
	again = world_add(&w, MODULE(.name = "a")); /* the name is free */
	ck_assert_ptr_ne(again, m);
	hload_put(w.system, m);
	hload_put(w.system, m);
	hload_put(w.system, NULL);
	ck_assert_ptr_eq(hload_find(w.system, "a"), again);
	ck_assert_int_eq(hload_unregister(w.system, again, NULL), HELIX_OK);
	ck_assert_same_held(&w, before);
	elf_discard(file);
	world_close(&w);
}
END_TEST

START_TEST(a_walk_goes_on_from_a_module_that_was_forgotten)
{
	struct hload_module *m;

	world_open(&w);
	world_add(&w, MODULE(.name = "a"));
	world_add(&w, MODULE(.name = "b"));
	world_add(&w, MODULE(.name = "c"));
	world_add(&w, MODULE(.name = "d"));
	m = hload_get_next(w.system, NULL);
	ck_assert_str_eq(world_name(m), "a");
	m = hload_get_next(w.system, m);
	ck_assert_str_eq(world_name(m), "b");
	hload_unregister(w.system, m, NULL);
	hload_unregister(w.system, hload_find(w.system, "c"), NULL);
	world_add(&w, MODULE(.name = "e"));
	m = hload_get_next(w.system, m);
	ck_assert_str_eq(world_name(m), "d");
	m = hload_get_next(w.system, m);
	ck_assert_str_eq(world_name(m), "e");
	ck_assert_ptr_null(hload_get_next(w.system, m));
	world_close(&w);
}
END_TEST

START_TEST(registering_the_seventeenth_survives_every_failing_allocation)
{
	static char names_of[16][16];
	enum helix_status status = HELIX_E_NO_MEMORY;
	struct hload_module *m;

	world_open(&w);
	for (int i = 0; i < 16; i++) {
		snprintf(names_of[i], sizeof names_of[i], "m%d", i);
		world_add(&w, MODULE(.name = names_of[i]));
	}
	for (uint64_t n = 1; status; n++) {
		struct world_held before = world_held(&w);

		ck_assert_uint_lt(n, 30);
		harness_rewind(&w.harness);
		w.harness.fail_alloc = n;
		status = world_try(&w, MODULE(.name = "last", .flags = 3), &m);
		if (status)
			ck_assert_same_held(&w, before);
	}
	ck_assert_str_eq(flagged(0), "last");
	world_close(&w);
}
END_TEST

/* ---- many -------------------------------------------------------------------------- */

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Registers `count` modules, a chain of hundreds each, sorts them, forgets them all;
 * the seconds it took, without making the files. */
static double life_of(unsigned count)
{
	struct hload_module **order = malloc(count * sizeof *order), *m, *roots[1];
	double spent = 0, before;
	size_t length;

	world_open(&w);
	for (unsigned i = 0; i < count; i++) {
		char name[16], needs[16];
		struct hmod_span file;

		snprintf(name, sizeof name, "m%u", i);
		snprintf(needs, sizeof needs, "m%u", i - 1);
		file = world_image(MODULE(.name = name, .flags = 2,
					  .dependencies = i ? LIST(needs) : NULL));
		before = seconds();
		ck_assert_int_eq(hload_register(w.system, file, NULL, &m, &w.diag), HELIX_OK);
		spent += seconds() - before;
		elf_discard(file);
	}
	before = seconds();
	roots[0] = m;
	ck_assert_int_eq(hload_plan(w.system, roots, 1, order, count, &length, &w.diag), HELIX_OK);
	ck_assert_uint_eq(length, count);
	for (unsigned i = 0; i < count; i++)
		ck_assert_ptr_eq(order[i], hload_find_id(w.system, i + 1));
	world_close(&w);
	spent += seconds() - before;
	free(order);
	return spent;
}

START_TEST(ten_thousand_take_ten_times_as_long_as_one_thousand)
{
	double few, many;

	life_of(1000); /* warms up */
	few = life_of(1000);
	many = life_of(10000);
	ck_assert_msg(many < 30 * few + 0.05, "%f seconds, of a thousand %f", many, few);
}
END_TEST

WORLD_MAIN("catalog", 120, modules_are_listed_by_flag_capability_and_what_runs,
	   a_reference_keeps_a_forgotten_module_and_nothing_works_on_it,
	   a_walk_goes_on_from_a_module_that_was_forgotten,
	   registering_the_seventeenth_survives_every_failing_allocation,
	   ten_thousand_take_ten_times_as_long_as_one_thousand)
