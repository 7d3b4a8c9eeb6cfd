/* SPDX-License-Identifier: MIT
 *
 * The cast: compiled once a program, before its tests are forked.
 */
#include "loader/cast.h"

struct cast cast;

/* Every hook calls it. */
static int did(const char *hook)
{
	struct world *w = &cast.world;
	char name[80], line[120];

	snprintf(name, sizeof name, "%s.%s", w->running, hook);
	snprintf(line, sizeof line, "%s@%s", name, hload_state_name(world_state(w, w->running)));
	world_trace(w, line);
	if (cast.inside)
		cast.inside(name);
	return cast.fails && !strcmp(cast.fails, name) ? -5 : 0;
}

struct hmod_span cast_compile(const char *name, const char *code, const char *more)
{
	static char text[4096];

	snprintf(text, sizeof text,
		 "#include <helix/module.h>\nint did(const char *hook);\n%s\n"
		 "static int m_init(const struct helix_context *c) { (void)c; return "
		 "did(\"init\"); }\n"
		 "static int m_start(void) { return did(\"start\"); }\n"
		 "static int m_stop(void) { return did(\"stop\"); }\n"
		 "HELIX_MODULE(.name = \"%s\", .init = m_init, .start = m_start, .stop = m_stop, "
		 "%s);\n",
		 code, name, more);
	return harness_compile(text, "");
}

static void compile_all(void)
{
	cast.lib = cast_compile("lib", "int lib_value = 7; HELIX_EXPORT(lib_value);",
				".version = HELIX_VERSION(1, 5, 0)");
	cast.user = cast_compile(
		"user",
		"extern int lib_value; int user_value(void); int *user_at = &lib_value;\n"
		"int user_value(void) { return lib_value; } HELIX_EXPORT(user_value);\n"
		"HELIX_PARAM(times, uint, 1, \"how often\");",
		".dependencies = HELIX_DEPENDENCIES(\"lib >= 1.2\"), .provides = "
		"HELIX_PROVIDES(\"using\")");
	cast.last = cast_compile("last", "",
				 ".dependencies = HELIX_DEPENDENCIES(\"user\", \"?nosuch\")");
	cast.core = cast_compile("core", "", ".flags = HELIX_ESSENTIAL");
}

static void discard_all(void)
{
	harness_discard(cast.lib);
	harness_discard(cast.user);
	harness_discard(cast.last);
	harness_discard(cast.core);
}

struct hload_module *cast_add(struct hmod_span file, const char *path)
{
	struct hload_module *module = NULL;

	ck_assert_msg(!hload_register(cast.world.system, file, path, &module, &cast.world.diag),
		      "%s", harness_text(&cast.world.diag));
	if (path)
		world_file(&cast.world, path, file);
	return module;
}

void cast_open(void)
{
	const struct hload_symbol hook = {"did", (uint64_t)(uintptr_t)did};

	cast.fails = NULL;
	cast.inside = NULL;
	world_open(&cast.world);
	ck_assert_int_eq(hload_export(cast.world.system, &hook, 1, &cast.world.diag), HELIX_OK);
}

/* From its file. */
enum helix_status cast_start(const char *name)
{
	return world_insert(&cast.world, name, (struct hmod_span){NULL, 0});
}

void cast_start_chain(void)
{
	cast_add(cast.lib, "/lib");
	cast_add(cast.user, "/user");
	cast_add(cast.last, "/last");
	ck_assert_int_eq(cast_start("lib"), HELIX_OK);
	ck_assert_int_eq(cast_start("user"), HELIX_OK);
	ck_assert_int_eq(cast_start("last"), HELIX_OK);
}

int cast_main(const char *name, const TTest *const *tests, size_t count)
{
	int status;

	compile_all();
	status = world_main(name, tests, count, 60);
	discard_all();
	return status;
}
