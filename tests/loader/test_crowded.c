/* SPDX-License-Identifier: MIT
 *
 * Names chosen to share a bucket: whoever brings them is refused after a number
 * of steps that is linear in what he brings, in every index, and nothing of him
 * stays. As many other names are let in.
 */
#include "loader/internal.h"
#include "loader/world.h"

#define MANY 3000

static struct world w;
static char crafted[MANY][16], plain[MANY][16];
static const char *list[MANY + 1];

/* Names of 12 letters and digits whose hashes end with 12 zero bits: for as long as
 * there are no more than 4,096 buckets, all are in one. */
static void craft(void)
{
	uint64_t number = 0;

	for (unsigned i = 0; i < MANY; i++) {
		snprintf(plain[i], sizeof plain[i], "name_%u", i);
		do
			snprintf(crafted[i], sizeof crafted[i], "a%011lx", (unsigned long)number++);
		while (hmod_name_hash(crafted[i], 12) & 0xfff);
	}
}

static const char *const *all(char names[MANY][16])
{
	for (unsigned i = 0; i < MANY; i++)
		list[i] = names[i];
	list[MANY] = NULL;
	return list;
}

static uint64_t steps(void)
{
	return w.system->waiting.steps + w.system->providers.steps + w.system->names.steps +
	       w.system->interfaces.steps;
}

#define ALLOWED (HLOAD_PROBES_MORE + (HLOAD_PROBES + 8) * (uint64_t)MANY)

static void check_refused(const struct elf_module *fields)
{
	struct world_held before = world_held(&w);
	struct hload_module *module;
	uint64_t walked = steps();

	ck_assert_int_eq(world_try(&w, fields, &module), HELIX_E_CROWDED);
	ck_assert_ptr_nonnull(strstr(harness_text(&w.diag), "too many names have the hash of "));
	ck_assert_uint_le(steps() - walked, ALLOWED);
	ck_assert_same_held(&w, before);
}

START_TEST(dependencies_that_collide_are_refused_in_time)
{
	world_open(&w);
	world_add(&w, MODULE(.name = "honest", .dependencies = all(plain)));
	world_close(&w);
	world_open(&w);
	check_refused(MODULE(.name = "crowd", .dependencies = all(crafted)));
	world_close(&w);
}
END_TEST

START_TEST(capabilities_that_collide_or_are_the_same_are_refused_in_time)
{
	world_open(&w);
	world_add(&w, MODULE(.name = "honest", .provides = all(plain)));
	world_close(&w);
	world_open(&w);
	check_refused(MODULE(.name = "crowd", .provides = all(crafted)));
	for (unsigned i = 0; i < MANY; i++)
		list[i] = "same";
	check_refused(MODULE(.name = "crowd", .provides = list));
	world_close(&w);
}
END_TEST

/* Many who wait for what one module provides are bound, once. */
START_TEST(whoever_is_waited_for_by_many_is_let_in)
{
	char name[16];

	world_open(&w);
	for (unsigned i = 0; i < 2000; i++) {
		snprintf(name, sizeof name, "m%u", i);
		world_add(&w, MODULE(.name = name, .dependencies = LIST("lib", "cap:store")));
	}
	world_add(&w, MODULE(.name = "lib", .provides = LIST("store", "more")));
	ck_assert_str_eq(world_name(hload_dependency(hload_find(w.system, "m1999"), 1)), "lib");
	hload_unregister(w.system, hload_find(w.system, "lib"), NULL);
	world_close(&w);
}
END_TEST

static struct hmod_span with_interfaces(char names[MANY][16])
{
	struct elf_builder *b = elf_new();

	elf_module(b, &(struct elf_module){ .name = "m" });
	for (unsigned i = 0; i < MANY; i++)
		elf_interface(b, &(struct elf_interface){ .name = names[i], .major = 1, .count = 1 });
	return elf_finish(b);
}

static enum helix_status insert(char names[MANY][16])
{
	struct hmod_span file = with_interfaces(names);
	struct hload_module *module;
	enum helix_status status;

	w.pretend = true;
	ck_assert_msg(!hload_register(w.system, file, NULL, &module, &w.diag), "%s",
		      harness_text(&w.diag));
	status = hload_insert(w.system, module, file, NULL, 0, &w.diag);
	elf_discard(file);
	return status;
}

START_TEST(interfaces_that_collide_are_refused_in_time)
{
	uint64_t walked;

	world_open(&w);
	ck_assert_msg(!insert(plain), "%s", harness_text(&w.diag));
	world_close(&w);
	world_open(&w);
	walked = steps();
	ck_assert_int_eq(insert(crafted), HELIX_E_CROWDED);
	ck_assert_uint_le(steps() - walked, ALLOWED);
	ck_assert_uint_eq(w.system->interfaces.count, 0);
	world_close(&w);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("crowded");
	TCase *tests = tcase_create("crowded");
	SRunner *runner = srunner_create(suite);
	int failed;

	craft();
	tcase_set_timeout(tests, 120);
	tcase_add_test(tests, dependencies_that_collide_are_refused_in_time);
	tcase_add_test(tests, capabilities_that_collide_or_are_the_same_are_refused_in_time);
	tcase_add_test(tests, whoever_is_waited_for_by_many_is_let_in);
	tcase_add_test(tests, interfaces_that_collide_are_refused_in_time);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
