/* SPDX-License-Identifier: MIT
 *
 * Players: see player.h.
 */
#include "loader/player.h"

void __stack_chk_fail(void);

const char *player_flags = "";

static struct world *stage;
static struct hmod_span files[WORLD_FILES];
static char paths[WORLD_FILES][HELIX_NAME_MAX + 2];
static unsigned file_count;

static void trace(const char *text)
{
	world_trace(stage, text);
}

void player_open(struct world *world, const struct hload_symbol *symbols, size_t count)
{
	static const struct hload_symbol own[] = {
		{ "player_trace", (uint64_t)(uintptr_t)trace },
		{ "__stack_chk_fail", (uint64_t)(uintptr_t)__stack_chk_fail },
		{ "memcpy", (uint64_t)(uintptr_t)memcpy },
		{ "memset", (uint64_t)(uintptr_t)memset },
		{ "memcmp", (uint64_t)(uintptr_t)memcmp },
		{ "strlen", (uint64_t)(uintptr_t)strlen },
	};

	stage = world;
	file_count = 0;
	world_open(world);
	/* Modules come and go as well; only what they do themselves is of interest. */
	world->harness.host.module_loaded = NULL;
	world->harness.host.module_unloading = NULL;
	ck_assert(!hload_export(world->system, own, sizeof own / sizeof own[0], NULL));
	ck_assert(!hload_export(world->system, symbols, count, NULL));
}

void player_close(struct world *world)
{
	world_close(world);
	while (file_count)
		harness_discard(files[--file_count]);
}

struct hmod_span player(const char *name, const char *code, const char *more)
{
	static char text[16384];
	int length = snprintf(
		text, sizeof text,
		"#include <helix/module.h>\n"
		"static const struct helix_context *self;\n"
		"void player_trace(const char *text);\n%s\n"
		"#ifndef INIT\n#define INIT 0\n#endif\n"
		"#ifndef START\n#define START 0\n#endif\n"
		"#ifndef STOP\n#define STOP 0\n#endif\n"
		"static int m_init(const struct helix_context *c) { self = c; (void)self; return INIT; }\n"
		"static int m_start(void) { return START; }\n"
		"static int m_stop(void) { return STOP; }\n"
		"HELIX_MODULE(.name = \"%s\", .init = m_init, .start = m_start, .stop = m_stop, "
		"%s);\n",
		code, name, more);

	require(length > 0 && (size_t)length < sizeof text, "the player's text is too long");
	return harness_compile(text, player_flags);
}

struct hload_module *player_register(struct world *world, const char *name, const char *code,
				     const char *more)
{
	struct hload_module *module = NULL;
	char *path = paths[file_count];

	snprintf(path, sizeof paths[0], "/%s", name);
	files[file_count] = player(name, code, more);
	ck_assert_msg(!hload_register(world->system, files[file_count], path, &module,
				      &world->diag),
		      "%s: %s", name, harness_text(&world->diag));
	world_file(world, path, files[file_count++]);
	return module;
}

void player_insert(struct world *world, const char *name)
{
	ck_assert_msg(!world_insert(world, name, (struct hmod_span){ NULL, 0 }), "%s: %s", name,
		      harness_text(&world->diag));
}

struct hload_module *player_start(struct world *world, const char *name, const char *code,
				  const char *more)
{
	struct hload_module *module = player_register(world, name, code, more);

	player_insert(world, name);
	return module;
}

const char *player_ask(struct world *world, const char *target, const char *type,
		       uint64_t nanoseconds)
{
	static char text[8192];
	const struct hload_asking asking = { .source = "shell", .target = target, .type = type,
					     .payload = "ping", .size = 4,
					     .nanoseconds = nanoseconds };
	struct helix_reply reply;

	if (hload_request(world->system, &asking, &reply, &world->diag)) {
		ck_assert(!reply.success && !reply.payload && !reply.size && !reply.error);
		snprintf(text, sizeof text, "failed:%s", harness_text(&world->diag));
		hload_diag_free(world->system, &world->diag);
		return text;
	}
	snprintf(text, sizeof text, "%s:%s", reply.success ? "ok" : "no",
		 reply.success ? reply.payload ? (char *)reply.payload : "" : reply.error);
	hload_reply_free(world->system, &reply);
	return text;
}
