/* SPDX-License-Identifier: MIT
 *
 * What insert and remove refuse: status, sentence, and all as it was before.
 */
#include "helix/module.h"
#include "loader/cast.h"
#include "loader/internal.h"

/* ---- insert refuses ---------------------------------------------------------------- */

static struct hmod_span userspace(void)
{
	return world_image(MODULE(.name = "m", .flags = HELIX_USERSPACE));
}

static struct hmod_span abi(uint16_t major, uint16_t minor)
{
	struct hmod_span file = world_image(MODULE(.name = "m"));
	struct helix_module_record *r = elf_bytes(file, ".hmod.module");

	r->abi_major = major;
	r->abi_minor = minor;
	return file;
}

static struct hmod_span abi_next(void)
{
	return abi(HELIX_ABI_MAJOR + 1, 0);
}

static struct hmod_span abi_newer(void)
{
	return abi(HELIX_ABI_MAJOR, HELIX_ABI_MINOR + 1);
}

static struct hmod_span wants(const char *dependency)
{
	return world_image(MODULE(.name = "m", .dependencies = LIST(dependency)));
}

static struct hmod_span wants_nosuch(void)
{
	return wants("nosuch");
}

static struct hmod_span wants_newer(void)
{
	return wants("lib >= 2.0");
}

static struct hmod_span wants_down(void)
{
	return wants("user");
}

static struct hmod_span imports(void)
{
	return cast_compile("m",
			    "int nosuch_1(void), nosuch_2(void); int m(void);\n"
			    "int m(void) { return nosuch_1() + nosuch_2(); }",
			    "");
}

static struct hmod_span imports_unloaded(void)
{
	return cast_compile(
		"m", "int user_value(void), m(void); int m(void) { return user_value(); }", "");
}

static struct hmod_span exports_again(void)
{
	return cast_compile("m", "int lib_value; HELIX_EXPORT(lib_value);", "");
}

START_TEST(insert_refuses_and_leaves_all_as_it_was)
{
	static const struct {
		struct hmod_span (*make)(void);
		enum helix_status status;
		const char *sentence;
	} rows[] = {
		{userspace, HELIX_E_NOT_SUPPORTED,
		 "USERSPACE (a module in ring 3) is not supported"},
		{abi_next, HELIX_E_ABI,
		 "built for module ABI 2.0.0, which is too new: the kernel has 1.0.0; "
		 "build it again with this kernel's headers"},
		{abi_newer, HELIX_E_ABI,
		 "built for module ABI 1.1.0, which is a newer minor version: the kernel has 1.0.0; "
		 "build it again with this kernel's headers"},
		{wants_nosuch, HELIX_E_DEPENDENCY,
		 "depends on nosuch, which is not registered; "
		 "add the module that provides it to the initrd"},
		{wants_newer, HELIX_E_VERSION_MISMATCH, "depends on lib >= 2.0, found lib 1.5.0"},
		{wants_down, HELIX_E_DEPENDENCY_DOWN,
		 "depends on user, which is registered; modprobe starts dependencies first"},
		{imports, HELIX_E_UNKNOWN_SYMBOL, "2 unknown symbols: nosuch_1, nosuch_2"},
		{imports_unloaded, HELIX_E_UNKNOWN_SYMBOL,
		 "1 unknown symbol: user_value (user_value is exported by user, which is not "
		 "loaded)"},
		{exports_again, HELIX_E_DUPLICATE_EXPORT,
		 "symbol lib_value is already exported by lib, m exports it again; rename one of the two"},
	};

	cast_open();
	cast_add(cast.lib, "/lib");
	cast_add(cast.user, "/user");
	ck_assert_int_eq(cast_start("lib"), HELIX_OK);
	cast.world.trace[0] = 0;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct hmod_span file = rows[i].make();
		struct hload_module *m = cast_add(file, NULL);
		struct world_held before = world_held(&cast.world);

		ck_assert_int_eq(hload_insert(cast.world.system, m, file, NULL, 0, NULL),
				 rows[i].status);
		ck_assert_int_eq(world_insert(&cast.world, "m", file), rows[i].status);
		ck_assert_said(&cast.world, rows[i].sentence);
		ck_assert_same_held(&cast.world, before);
		ck_assert_int_eq(m->state, HLOAD_REGISTERED);
		ck_assert_int_eq(m->last_error, rows[i].status);
		ck_assert_int_eq(hload_unregister(cast.world.system, m, &cast.world.diag),
				 HELIX_OK);
		elf_discard(file);
	}
	ck_assert_traced(""); /* no code of theirs ran */
	ck_assert_int_eq(cast_start("user"), HELIX_OK);
	ck_assert_int_eq(cast_start("user"), HELIX_E_ALREADY_LOADED);
	ck_assert_said(&cast.world, "module user is already loaded; rmmod it first");
	world_close(&cast.world);
}
END_TEST

START_TEST(insert_refuses_other_bytes_than_were_registered)
{
	struct hmod_span cut = {cast.lib.data, cast.lib.size / 2};
	struct hload_setting bad = {"times", "often"};
	struct world_held before;
	struct hload_module *m;

	cast_open();
	m = cast_add(cast.lib, NULL);
	before = world_held(&cast.world);
	ck_assert_int_eq(world_insert(&cast.world, "lib", cast.user), HELIX_E_INVALID);
	ck_assert_said(&cast.world,
		       "invalid argument: the file's metadata differs from what was registered");
	ck_assert_int_eq(world_insert(&cast.world, "lib", cut), HELIX_E_SECTION_TABLE);
	hload_diag_free(cast.world.system, &cast.world.diag);
	ck_assert_int_eq(hload_insert(cast.world.system, m, cast.lib, &bad, 1, &cast.world.diag),
			 HELIX_E_PARAM_UNKNOWN);
	ck_assert_said(&cast.world, "unknown parameter: times; modinfo lists the parameters");
	ck_assert_same_held(&cast.world, before);
	ck_assert_traced("");
	ck_assert_int_eq(world_insert(&cast.world, "lib", cast.lib), HELIX_OK);
	world_close(&cast.world);
}
END_TEST

START_TEST(a_file_that_is_gone_or_bad_is_given_back)
{
	static const char text[] = "no longer a module";
	struct world_held before;

	cast_open();
	cast_add(cast.lib, "/lib");
	before = world_held(&cast.world);
	cast.world.files[0].path = "/moved";
	ck_assert_int_eq(cast_start("lib"), HELIX_E_NOT_FOUND);
	ck_assert_said(&cast.world, "/lib was not found");
	cast.world.files[0].path = "/lib";
	cast.world.files[0].bytes = (struct hmod_span){(const uint8_t *)text, sizeof text};
	ck_assert_int_eq(cast_start("lib"), HELIX_E_NOT_ELF);
	ck_assert_uint_eq(cast.world.files_open, 0);
	ck_assert_same_held(&cast.world, before);
	world_close(&cast.world);
}
END_TEST

START_TEST(a_hook_that_fails_undoes_the_load)
{
	struct world_held before;
	struct hload_module *m;

	cast_open();
	m = cast_add(cast.lib, "/lib");
	before = world_held(&cast.world);
	cast.fails = "lib.init";
	ck_assert_int_eq(cast_start("lib"), HELIX_E_INIT);
	ck_assert_said(&cast.world, "init failed with status -5");
	ck_assert_traced("+lib lib.init@initializing -lib");
	ck_assert_same_held(&cast.world, before);
	cast.fails = "lib.start";
	cast.world.leaked_bytes = 48;
	cast.world.leaked_blocks = 2;
	ck_assert_int_eq(cast_start("lib"), HELIX_E_INIT);
	ck_assert_said(&cast.world, "start failed with status -5");
	ck_assert_traced("+lib lib.init@initializing lib.start@initializing -lib");
	ck_assert_same_held(&cast.world, before);
	ck_assert_int_eq(m->last_error, HELIX_E_INIT);
	ck_assert_str_eq(cast.world.log, "<4>lib: left 48 bytes in 2 blocks, taken back\n");
	cast.fails = NULL;
	ck_assert_int_eq(cast_start("lib"), HELIX_OK);
	ck_assert_int_eq(m->last_error, HELIX_OK);
	world_close(&cast.world);
}
END_TEST

/* ---- remove refuses ---------------------------------------------------------------- */

START_TEST(remove_refuses_what_is_held_essential_or_not_there)
{
	struct hmod_span other = world_image(MODULE(.name = "other", .dependencies = LIST("lib")));
	struct world_held before;

	cast_open();
	cast_start_chain();
	cast_add(cast.core, "/core");
	ck_assert_int_eq(cast_start("core"), HELIX_OK);
	cast_add(other, NULL);
	cast.world.pretend = true;
	ck_assert_int_eq(world_insert(&cast.world, "other", other), HELIX_OK);
	before = world_held(&cast.world);
	ck_assert_int_eq(world_remove(&cast.world, "lib"), HELIX_E_BUSY);
	ck_assert_said(&cast.world, "module lib is in use by: user, other");
	ck_assert_int_eq(
		hload_remove(cast.world.system, hload_find(cast.world.system, "lib"), NULL),
		HELIX_E_BUSY);
	ck_assert_int_eq(world_remove(&cast.world, "core"), HELIX_E_ESSENTIAL);
	ck_assert_said(&cast.world, "module core is essential and cannot be unloaded");
	ck_assert_same_held(&cast.world, before);
	ck_assert_int_eq(world_remove(&cast.world, "last"), HELIX_OK);
	ck_assert_int_eq(world_remove(&cast.world, "last"), HELIX_E_NOT_LOADED);
	ck_assert_said(&cast.world, "module last is not loaded");
	ck_assert_int_eq(world_remove(&cast.world, "user"), HELIX_OK);
	ck_assert_int_eq(world_remove(&cast.world, "other"), HELIX_OK);
	ck_assert_int_eq(world_remove(&cast.world, "lib"), HELIX_OK);
	elf_discard(other);
	world_close(&cast.world);
}
END_TEST

START_TEST(without_memory_for_the_list_a_held_module_is_still_refused)
{
	cast_open();
	cast_start_chain();
	harness_rewind(&cast.world.harness);
	cast.world.harness.fail_alloc = 1;
	ck_assert_int_eq(world_remove(&cast.world, "lib"), HELIX_E_BUSY);
	ck_assert_ptr_null(cast.world.diag.list);
	ck_assert_int_eq(world_state(&cast.world, "lib"), HLOAD_RUNNING);
	world_close(&cast.world);
}
END_TEST

START_TEST(a_stop_that_fails_is_told_when_the_module_is_gone)
{
	struct world_held before;
	struct hload_module *m;

	cast_open();
	m = cast_add(cast.lib, "/lib");
	before = world_held(&cast.world);
	ck_assert_int_eq(cast_start("lib"), HELIX_OK);
	cast.fails = "lib.stop";
	ck_assert_int_eq(world_remove(&cast.world, "lib"), HELIX_E_INIT);
	ck_assert_said(&cast.world, "stop failed with status -5");
	ck_assert_int_eq(m->state, HLOAD_REGISTERED);
	ck_assert_int_eq(m->last_error, HELIX_E_INIT);
	ck_assert_same_held(&cast.world, before);
	world_close(&cast.world);
}
END_TEST

CAST_MAIN("lifecycle_refuses", insert_refuses_and_leaves_all_as_it_was,
	  insert_refuses_other_bytes_than_were_registered, a_file_that_is_gone_or_bad_is_given_back,
	  a_hook_that_fails_undoes_the_load, remove_refuses_what_is_held_essential_or_not_there,
	  without_memory_for_the_list_a_held_module_is_still_refused,
	  a_stop_that_fails_is_told_when_the_module_is_gone)
