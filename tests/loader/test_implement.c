/* SPDX-License-Identifier: MIT
 *
 * Where an object's interfaces stand, and what their operations may point to.
 */
#include "loader/player.h"

static struct world w;

START_TEST(operations_that_are_not_constant_code_are_refused)
{
	static const struct {
		const char *code, *sentence;
	} rows[] = {
		{ "static int get(void) { return 1; }\n"
		  "static struct { int (*get)(void); } ops = { get };\n"
		  "HELIX_INTERFACE(\"x\", 1, 0, ops); int *touch(void); int *touch(void) "
		  "{ return (int *)&ops; }",
		  "the operations are not constant: declare the struct const" },
		{ "extern int player_trace_(void); static int v;\n"
		  "static const struct { void *get; } ops = { &v };\n"
		  "HELIX_INTERFACE(\"x\", 1, 0, ops);",
		  "the operations do not all point to functions of this module" },
		{ "static const struct { void (*get)(const char *); } ops = { player_trace };\n"
		  "HELIX_INTERFACE(\"x\", 1, 0, ops);",
		  "the operations do not all point to functions of this module" },
	};

	player_open(&w, NULL, 0);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct hmod_span file = player("bad", rows[i].code, "");
		struct hload_module *m;
		struct world_held before;

		ck_assert_msg(!hload_register(w.system, file, NULL, &m, &w.diag), "%s",
			      harness_text(&w.diag));
		before = world_held(&w);
		ck_assert_int_eq(hload_insert(w.system, m, file, NULL, 0, &w.diag),
				 HELIX_E_META_INTERFACE);
		ck_assert_ptr_nonnull(strstr(harness_text(&w.diag), rows[i].sentence));
		ck_assert_same_held(&w, before);
		hload_unregister(w.system, m, NULL);
		harness_discard(file);
	}
	player_close(&w);
}
END_TEST

START_TEST(up_to_sixty_four_operations_are_found)
{
	struct elf_builder *b = elf_new();
	struct hload_module *m;
	struct hmod_span file;
	const char *name;

	world_open(&w);
	w.pretend = true;
	elf_module(b, MODULE(.name = "m"));
	elf_interface(b, &(struct elf_interface){ .name = "x", .major = 1,
						  .count = HELIX_OPERATIONS_MAX });
	file = elf_finish(b);
	ck_assert(!hload_register(w.system, file, NULL, &m, &w.diag));
	ck_assert_msg(!hload_insert(w.system, m, file, NULL, 0, &w.diag), "%s",
		      harness_text(&w.diag));
	for (uint32_t i = 0; i < HELIX_OPERATIONS_MAX; i++)
		ck_assert(hload_interface_operation(w.system, "x", 1, i, &name));
	ck_assert(!hload_interface_operation(w.system, "x", 1, HELIX_OPERATIONS_MAX, &name));
	elf_discard(file);
	world_close(&w);
}
END_TEST

/* There gcc and clang put the struct into a section that is marked writable. */
START_TEST(a_position_independent_module_has_them_too)
{
	const struct {
		int (*get)(void);
	} *ops;

	player_open(&w, NULL, 0);
	for (int clang = 0; clang < 2; clang++) {
		struct hload_module *m;
		struct hmod_span file;

		harness_compiler = clang ? "clang" : "gcc";
		player_flags = "-mcmodel=small -fPIC";
		file = player("m", "static int get(void) { return 7; }\n"
				   "static const struct { int (*get)(void); } ops = { get };\n"
				   "HELIX_INTERFACE(\"one\", 1, 0, ops);", "");
		ck_assert(!hload_register(w.system, file, NULL, &m, &w.diag));
		ck_assert_msg(!hload_insert(w.system, m, file, NULL, 0, &w.diag), "%s",
			      harness_text(&w.diag));
		ops = hload_interface_get(w.system, NULL, "one", HLOAD_INTERFACE_VERSION(1, 0), 0);
		ck_assert_int_eq(ops->get(), 7);
		hload_interface_put(w.system, NULL, ops);
		ck_assert_int_eq(hload_remove(w.system, m, &w.diag), HELIX_OK);
		harness_discard(file);
	}
	harness_compiler = "gcc";
	player_flags = "";
	player_close(&w);
}
END_TEST

START_TEST(loading_interfaces_survives_every_failing_allocation)
{
	enum helix_status status = HELIX_E_NO_MEMORY;

	player_open(&w, NULL, 0);
	player_register(&w, "m",
			"static int get(void) { return 7; }\n"
			"static const struct { int (*get)(void); } ops = { get };\n"
			"HELIX_INTERFACE(\"one\", 1, 0, ops); HELIX_INTERFACE(\"two\", 1, 0, ops);\n", "");
	for (uint64_t n = 1; status; n++) {
		struct world_held before = world_held(&w);

		ck_assert_uint_lt(n, 60);
		harness_rewind(&w.harness);
		w.harness.fail_alloc = n;
		status = world_insert(&w, "m", (struct hmod_span){ NULL, 0 });
		ck_assert(!status || status == HELIX_E_NO_MEMORY);
		if (status)
			ck_assert_same_held(&w, before);
	}
	player_close(&w);
}
END_TEST

WORLD_MAIN("implement", 60, operations_that_are_not_constant_code_are_refused,
	   up_to_sixty_four_operations_are_found, a_position_independent_module_has_them_too,
	   loading_interfaces_survives_every_failing_allocation)
