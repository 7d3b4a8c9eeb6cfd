/* SPDX-License-Identifier: MIT
 *
 * Registering, forgetting and finding.
 */
#include "loader/world.h"

static struct world w;

START_TEST(a_module_is_found_by_either_spelling)
{
	struct hload_module *m;

	world_open(&w);
	m = world_add(&w, MODULE(.name = "two-words"));
	ck_assert_ptr_eq(hload_find(w.system, "two_words"), m);
	ck_assert_ptr_eq(hload_find(w.system, "two-words"), m);
	ck_assert_ptr_null(hload_find(w.system, "two_word"));
	ck_assert_ptr_null(hload_find(w.system, ""));
	ck_assert_ptr_null(hload_find(w.system, "no such/name"));
	ck_assert_str_eq(world_name(m), "two_words");
	world_close(&w);
}
END_TEST

START_TEST(info_tells_what_is_registered)
{
	struct hmod_span file = world_image(MODULE(.name = "a", .version = VERSION(1, 2)));
	struct hload_module *m;
	struct hload_info info;
	char path[] = "/lib/modules/a.hmod";

	world_open(&w);
	ck_assert_int_eq(hload_register(w.system, file, path, &m, &w.diag), HELIX_OK);
	elf_discard(file);
	path[0] = '?'; /* it was copied, and the file is not needed */
	hload_info(m, &info);
	ck_assert_str_eq(info.path, "/lib/modules/a.hmod");
	ck_assert_int_eq(info.state, HLOAD_REGISTERED);
	ck_assert_uint_eq(info.meta->header->version, VERSION(1, 2));
	ck_assert_uint_eq(info.size[HLOAD_TEXT] + info.address[HLOAD_TEXT] + info.holders, 0);
	world_close(&w);
}
END_TEST

START_TEST(modules_are_listed_in_registration_order)
{
	struct hload_module *list[4], *m = NULL;
	size_t n = 0;

	world_open(&w);
	world_add(&w, MODULE(.name = "z"));
	world_add(&w, MODULE(.name = "m"));
	world_add(&w, MODULE(.name = "a"));
	hload_unregister(w.system, hload_find(w.system, "m"), NULL);
	world_add(&w, MODULE(.name = "m"));
	while ((m = hload_next(w.system, m)))
		list[n++] = m;
	ck_assert_str_eq(world_names(list, n), "z a m");
	world_close(&w);
}
END_TEST

START_TEST(an_id_is_never_used_twice)
{
	struct hload_info info;

	world_open(&w);
	for (uint64_t id = 1; id < 5; id++) {
		struct hload_module *m = world_add(&w, MODULE(.name = "a"));

		hload_info(m, &info);
		ck_assert_uint_eq(info.id, id);
		ck_assert_ptr_eq(hload_find_id(w.system, id), m);
		ck_assert_int_eq(hload_unregister(w.system, m, &w.diag), HELIX_OK);
		ck_assert_ptr_null(hload_find_id(w.system, id));
	}
	world_close(&w);
}
END_TEST

/* ---- refuses ------------------------------------------------------------------- */

static struct hmod_span text_file(void)
{
	return harness_copy((struct hmod_span){ (const uint8_t *)"just some text\n", 15 });
}

static struct hmod_span no_metadata(void)
{
	struct elf_builder *b = elf_new();

	elf_function(b, "f", ELF_STB_GLOBAL);
	return elf_finish(b);
}

static struct hmod_span registered_name(void)
{
	return world_image(MODULE(.name = "al-ready"));
}

static struct hmod_span bad_dependency(void)
{
	return world_image(MODULE(.name = "b", .dependencies = LIST("lib >> 2")));
}

static struct hmod_span itself(void)
{
	return world_image(MODULE(.name = "b", .dependencies = LIST("b")));
}

START_TEST(a_bad_file_is_refused_and_nothing_stays)
{
	static const struct {
		struct hmod_span (*make)(void);
		enum helix_status status;
		const char *sentence;
	} rows[] = {
		{ text_file, HELIX_E_NOT_ELF, "not an ELF object; make one with hmod cc [header, offset 0x0]" },
		{ no_metadata, HELIX_E_META_MISSING,
		  "no module metadata (section .hmod.module); declare the module with HELIX_MODULE" },
		{ registered_name, HELIX_E_ALREADY_EXISTS,
		  "a module named al_ready is already registered" },
		{ bad_dependency, HELIX_E_META_DEPENDENCY, NULL },
		{ itself, HELIX_E_CIRCULAR, "dependency cycle: b → b" },
	};

	world_open(&w);
	world_add(&w, MODULE(.name = "al_ready"));
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct world_held before = world_held(&w);
		struct hmod_span file = rows[i].make();
		struct hload_module *m;

		ck_assert_int_eq(hload_register(w.system, file, "/x", &m, &w.diag), rows[i].status);
		ck_assert_int_eq(w.diag.status, rows[i].status);
		if (rows[i].sentence)
			ck_assert_str_eq(harness_text(&w.diag), rows[i].sentence);
		hload_diag_free(w.system, &w.diag);
		ck_assert_int_eq(hload_register(w.system, file, "/x", &m, NULL), rows[i].status);
		ck_assert_same_held(&w, before);
		elf_discard(file);
	}
	world_add(&w, MODULE(.name = "b"));
	world_close(&w);
}
END_TEST

START_TEST(a_running_module_is_not_unregistered)
{
	const struct elf_module *a = MODULE(.name = "a");
	struct hload_module *m;

	world_open(&w);
	w.pretend = true;
	m = world_add(&w, a);
	ck_assert_int_eq(world_start(&w, a), HELIX_OK);
	ck_assert_int_eq(hload_unregister(w.system, m, &w.diag), HELIX_E_WRONG_STATE);
	ck_assert_said(&w, "module a is running");
	world_close(&w);
}
END_TEST

/* ---- by address ---------------------------------------------------------------- */

static int maps_locked;
static bool map_held;

static bool map_lock(void *ctx)
{
	(void)ctx;
	ck_assert(!map_held);
	maps_locked++;
	return map_held = true;
}

static void map_unlock(void *ctx, bool state)
{
	(void)ctx;
	ck_assert(map_held && state);
	map_held = false;
}

START_TEST(an_address_leads_to_module_and_function)
{
	const struct elf_module *a = MODULE(.name = "a"), *b = MODULE(.name = "b");
	const struct hload_module *found = NULL;
	struct hload_info info;
	struct hload_owner owner;
	uint64_t offset, text;
	char name[4];

	maps_locked = 0;
	world_open(&w);
	w.harness.host.map_lock = map_lock;
	w.harness.host.map_unlock = map_unlock;
	w.pretend = true;
	world_add(&w, a);
	world_add(&w, b);
	ck_assert_int_eq(world_start(&w, a), HELIX_OK);
	ck_assert_int_eq(world_start(&w, b), HELIX_OK);
	hload_info(hload_find(w.system, "b"), &info);
	text = info.address[HLOAD_TEXT];
	ck_assert_str_eq(world_name(hload_at(w.system, text)), "b");
	ck_assert_str_eq(world_name(hload_at(w.system, info.address[HLOAD_RODATA])), "b");
	ck_assert_ptr_null(hload_at(w.system, text + info.size[HLOAD_TEXT]));
	ck_assert_ptr_null(hload_at(w.system, 0));
	ck_assert_str_eq(hload_function_at(w.system, text, &found, &offset), "init");
	ck_assert_str_eq(world_name(found), "b");
	ck_assert_uint_eq(offset, 0);
	ck_assert(hload_function_copy(w.system, text + 1, name, 4, &offset));
	ck_assert_str_eq(name, "ini");
	ck_assert_uint_eq(offset, 1);
	ck_assert(!hload_function_copy(w.system, info.address[HLOAD_RODATA], name, 4, &offset));
	ck_assert_str_eq(name, "");
	ck_assert(hload_owner_at(w.system, info.address[HLOAD_RODATA] + 1, &owner));
	ck_assert_str_eq(owner.name, "b");
	ck_assert_uint_eq(owner.id, info.id);
	ck_assert(!hload_owner_at(w.system, text - 1, &owner));
	ck_assert_int_eq(maps_locked, 4); /* two came, and asking */
	ck_assert_str_eq(hload_function_at(w.system, text + 9, &found, &offset), "start");
	ck_assert_uint_eq(offset, 1);
	ck_assert_ptr_null(hload_function_at(w.system, info.address[HLOAD_RODATA], &found, &offset));
	world_remove(&w, "b");
	ck_assert_ptr_null(hload_at(w.system, text));
	ck_assert(!hload_owner_at(w.system, text, &owner));
	ck_assert_int_eq(maps_locked, 6); /* going and asking */
	world_close(&w);
}
END_TEST

START_TEST(registering_survives_every_failing_allocation)
{
	struct hmod_span file = world_image(MODULE(.name = "b", .provides = LIST("x", "y"),
						   .dependencies = LIST("a", "cap:z", "?c > 1")));
	enum helix_status status = HELIX_E_NO_MEMORY;
	struct hload_module *m;

	world_open(&w);
	world_add(&w, MODULE(.name = "a", .dependencies = LIST("?e")));
	for (uint64_t n = 1; status; n++) {
		struct world_held before = world_held(&w);

		ck_assert_uint_lt(n, 100);
		harness_rewind(&w.harness);
		w.harness.fail_alloc = n;
		status = hload_register(w.system, file, "/b", &m, &w.diag);
		if (!status)
			break;
		ck_assert_int_eq(status, HELIX_E_NO_MEMORY);
		ck_assert(strstr(harness_text(&w.diag), "out of memory: ") != NULL);
		ck_assert_same_held(&w, before);
	}
	ck_assert_ptr_eq(hload_find(w.system, "b"), m);
	ck_assert_uint_gt(w.harness.allocs, 3);
	elf_discard(file);
	world_close(&w);
}
END_TEST

WORLD_MAIN("registry", 60, a_module_is_found_by_either_spelling, info_tells_what_is_registered,
	   modules_are_listed_in_registration_order, an_id_is_never_used_twice,
	   a_bad_file_is_refused_and_nothing_stays, a_running_module_is_not_unregistered,
	   an_address_leads_to_module_and_function,
	   registering_survives_every_failing_allocation)
