/* SPDX-License-Identifier: MIT
 *
 * The modules that are replaced: compiled once a program, before its tests are
 * forked.
 */
#include "loader/swap.h"

#include <unistd.h>

struct swap swap;
static const struct store_operations *operations;

void __stack_chk_fail(void);

/* ---- what modules call ------------------------------------------------------------- */

static int did(const char *name, int version, const char *hook)
{
	char what[80];

	snprintf(what, sizeof what, "%s %d %s", name, version, hook);
	if (!swap.world.harness.host.now_ns || swap.world.harness.host.call)
		world_trace(&swap.world, what);
	if (swap.inside)
		swap.inside(what);
	return swap.fails && !strcmp(swap.fails, what) ? -5 : 0;
}

static int is_sick(void)
{
	return __atomic_load_n(&swap.sick, __ATOMIC_SEQ_CST);
}

static int nap(int microseconds)
{
	usleep((unsigned)microseconds);
	return 0;
}

/* ---- sources ------------------------------------------------------------------------- */

static const char common[] =
	"#include <helix/module.h>\n"
	"int did(const char *name, int version, const char *hook); int is_sick(void); int nap(int);\n"
	"static const struct helix_context *self;\n"
	"static int m_init(const struct helix_context *c) { self = c; return did(NAME, V, \"init\"); }\n"
	"static int m_start(void) { return did(NAME, V, \"start\"); }\n"
	"static int m_stop(void) { return did(NAME, V, \"stop\"); }\n";

static const char store[] =
	"static uint64_t value = 1; static int64_t extra = 7; int store_value = 5;\n"
	"#ifndef PRIVATE\nHELIX_EXPORT(store_value);\n#endif\n"
	"int store_add(int n) { return (int)__atomic_add_fetch(&value, (uint64_t)(long)n, 5) * 10 + V; }\n"
	"#if !defined NO_ADD && !defined PRIVATE\nHELIX_EXPORT(store_add);\n#endif\n"
	"#ifdef RIVAL\nint rival_export = 1; HELIX_EXPORT(rival_export);\n#endif\n"
	"static int o_version(void) { return V; }\n"
	"static int o_nap(int us) { nap(us); return V; }\n"
	"struct ops { int (*add)(int); int (*version)(void); int (*nap)(int); };\n"
	"static const struct ops ops = { store_add, o_version, o_nap };\n"
	"HELIX_INTERFACE(\"test.store\", MAJOR, 0, ops);\n"
	"static int save(struct helix_state_writer *s) {\n"
	"	helix_state_put_uint(s, \"value\", value);\n"
	"	helix_state_put_int(s, \"shown\", store_value);\n"
	"#ifdef EXTRA\n	helix_state_put_int(s, \"extra\", extra);\n#endif\n"
	"	(void)extra; return did(NAME, V, \"save\"); }\n"
	"#ifndef FORGETS\n"
	"static int restore(struct helix_state_reader *s) { int64_t shown = store_value;\n"
	"	helix_state_get_uint(s, \"value\", &value);\n"
	"#ifndef NARROW\n	helix_state_get_int(s, \"shown\", &shown);\n#endif\n"
	"#ifdef EXTRA\n	helix_state_get_int(s, \"extra\", &extra);\n#endif\n"
	"	store_value = (int)shown; return did(NAME, V, \"restore\"); }\n"
	"#else\n#define restore 0\n#endif\n"
	"static bool healthy(void) { return V != 7 || !is_sick(); }\n"
	"static int ask(const struct helix_request *q, struct helix_response *r) {\n"
	"	if (q->type[0] == 'l') return helix_respond_text(r, \"%s\", helix_config(self, q->type));\n"
	"	return helix_respond_text(r, \"%d of %d, %d\",\n"
	"		(int)__atomic_add_fetch(&value, 1, 5), V, store_value); }\n"
	"static int hear(const struct helix_event *e) {\n"
	"	return e->kind == HELIX_EVENT_CUSTOM ? (__atomic_add_fetch(&value, 1, 5), 0) : 1; }\n"
	"HELIX_PARAM(limit, uint, 3, \"nothing\");\n"
	"HELIX_MODULE(.name = NAME, .version = HELIX_VERSION(1, V, 0),\n"
	"	.flags = HELIX_HOT_RELOADABLE, .provides = HELIX_PROVIDES(\"keeping\"),\n"
	"	.state_version = V, .init = m_init, .start = m_start, .stop = m_stop,\n"
	"	.handle_event = hear, .handle_request = ask, .save_state = save, .restore_state = restore,\n"
	"	.is_healthy = healthy);\n";

static const char client[] =
	"extern int store_value; int store_add(int n);\n"
	"static int (*call_at)(int) = store_add; int *value_at = &store_value;\n"
	"static int (*const table[2])(int) = { store_add, store_add };\n"
	"static int mine(int n) { return n; }\n"
	"void client_forget(void); void client_forget(void) { call_at = mine; }\n"
	"HELIX_EXPORT(client_forget);\n"
	"static int ask(const struct helix_request *q, struct helix_response *r) {\n"
	"	volatile int i = 1; int a = store_add(1), b = call_at(1), c = table[i](1);\n"
	"	(void)q;\n"
	"	return helix_respond_text(r, \"%d %d %d %d %d\", a, b, c, store_value, *value_at); }\n"
	"HELIX_MODULE(.name = NAME, .init = m_init, .start = m_start, .stop = m_stop,\n"
	"	.dependencies = HELIX_DEPENDENCIES(\"store\"), .handle_request = ask);\n";

static const char later[] =
	"HELIX_MODULE(.name = NAME, .init = m_init, .start = m_start, .stop = m_stop,\n"
	"	.dependencies = HELIX_DEPENDENCIES(\"client\"));\n";

static const char rival[] =
	"int rival_export = 2; HELIX_EXPORT(rival_export);\n"
	"HELIX_MODULE(.name = NAME, .init = m_init, .start = m_start, .stop = m_stop);\n";

static const struct {
	const char *name, *code, *flags;
} sources[SWAP_FILES] = {
	[STORE_1] = { "store", store, "-DV=1 -DMAJOR=1" },
	[STORE_2] = { "store", store, "-DV=2 -DMAJOR=1 -fno-inline" },
	[STORE_NEWER] = { "store", store, "-DV=3 -DMAJOR=1 -DEXTRA" },
	[STORE_NO_ADD] = { "store", store, "-DV=4 -DMAJOR=1 -DNO_ADD" },
	[STORE_NO_INTERFACE] = { "store", store, "-DV=5 -DMAJOR=2" },
	[STORE_FORGETS] = { "store", store, "-DV=6 -DMAJOR=1 -DFORGETS" },
	[STORE_SICK] = { "store", store, "-DV=7 -DMAJOR=1" },
	[STORE_RIVAL] = { "store", store, "-DV=8 -DMAJOR=1 -DRIVAL" },
	[SHELF] = { "shelf", store, "-DV=9 -DMAJOR=1 -DPRIVATE" },
	[SHELF_NARROW] = { "shelf", store, "-DV=9 -DMAJOR=1 -DNARROW -DPRIVATE" },
	[CLIENT] = { "client", client, "-DV=1" },
	[CLIENT_PIC] = { "client", client, "-DV=1 -mcmodel=small -fPIC -fno-plt -Wa,-mrelax-relocations=no" },
	[CLIENT_RELAXED] = { "client", client, "-DV=1 -mcmodel=small -fPIC -fno-plt" },
	[LATER] = { "later", later, "-DV=1" },
	[RIVAL] = { "rival", rival, "-DV=1" },
};

static struct hmod_span compile(enum swap_file file)
{
	static char text[8192];

	snprintf(text, sizeof text, "#define NAME \"%s\"\n%s%s", sources[file].name, common,
		 sources[file].code);
	return harness_compile(text, sources[file].flags);
}

/* ---- the world ----------------------------------------------------------------------- */

void swap_add(const char *name, enum swap_file file)
{
	struct world *w = &swap.world;
	struct hload_module *module;
	char path[32];

	snprintf(path, sizeof path, "/%s", name);
	world_file(w, strdup(path), swap.file[file]);
	ck_assert_msg(!hload_register(w->system, swap.file[file], path, &module, &w->diag), "%s",
		      harness_text(&w->diag));
	ck_assert_msg(!world_insert(w, name, (struct hmod_span){ NULL, 0 }), "%s",
		      harness_text(&w->diag));
}

void swap_open(enum swap_file with)
{
	static const struct hload_symbol symbols[] = {
		{ "did", (uint64_t)(uintptr_t)did },
		{ "is_sick", (uint64_t)(uintptr_t)is_sick },
		{ "nap", (uint64_t)(uintptr_t)nap },
		{ "__stack_chk_fail", (uint64_t)(uintptr_t)__stack_chk_fail },
	};
	struct hmod_span file[SWAP_FILES];

	memcpy(file, swap.file, sizeof file);
	memset(&swap, 0, sizeof swap);
	memcpy(swap.file, file, sizeof file);
	operations = NULL;
	world_open(&swap.world);
	ck_assert(!hload_export(swap.world.system, symbols, 4, &swap.world.diag));
	swap_add("store", STORE_1);
	if (with == CLIENT || with == CLIENT_PIC || with == CLIENT_RELAXED)
		swap_add("client", with);
	swap.world.trace[0] = 0;
}

void swap_close(void)
{
	if (operations)
		hload_interface_put(swap.world.system, NULL, operations);
	world_close(&swap.world);
	for (unsigned i = 0; i < swap.world.file_count; i++)
		free((void *)(uintptr_t)swap.world.files[i].path);
}

static void reported(void *ctx, const struct hload_step_report *what)
{
	char text[16];

	(void)ctx;
	snprintf(text, sizeof text, "%s%d%s ", what->undone ? "-" : "", (int)what->step,
		 what->skipped ? "?" : what->status ? "!" : "");
	ck_assert_uint_lt(strlen(swap.steps) + strlen(text), sizeof swap.steps);
	strcat(swap.steps, text);
	if (!what->undone)
		swap.last[what->step] = *what;
}

static enum helix_status reload(const struct hload_replacement *replacement)
{
	struct hload_reloading how = { .replacements = replacement,
				       .count = 1,
				       .dry_run = swap.dry_run,
				       .lossy = swap.lossy,
				       .fail_at = swap.fail_at,
				       .probation_ns = swap.probation_ns,
				       .report = reported };

	swap.steps[0] = 0;
	return hload_reload(swap.world.system, &how, &swap.world.diag);
}

enum helix_status swap_reload(const char *name, enum swap_file file)
{
	const struct hload_replacement replacement = {
		.old = hload_find(swap.world.system, name), .file = swap.file[file]
	};

	return reload(&replacement);
}

enum helix_status swap_reload_by(const char *name, const char *by)
{
	const struct hload_replacement replacement = { .old = hload_find(swap.world.system, name),
						       .by = hload_find(swap.world.system, by) };

	return reload(&replacement);
}

const char *swap_ask(const char *target, const char *type)
{
	static __thread char text[256];
	const struct hload_asking asking = { .source = "test", .target = target, .type = type };
	struct helix_reply reply;
	struct hmod_diag diag;

	if (hload_request(swap.world.system, &asking, &reply, &diag)) {
		hmod_diag_text(&diag, text, sizeof text);
		hload_diag_free(swap.world.system, &diag);
		return text;
	}
	snprintf(text, sizeof text, "%s", reply.success ? (char *)reply.payload : reply.error);
	hload_reply_free(swap.world.system, &reply);
	return text;
}

struct hload_saved swap_state(const char *name)
{
	struct hload_saved state;

	ck_assert_int_eq(hload_state_save(swap.world.system, hload_find(swap.world.system, name),
					  &state, &swap.world.diag), HELIX_OK);
	return state;
}

void swap_state_free(struct hload_saved *state)
{
	hload_state_free(swap.world.system, state);
}

const struct store_operations *swap_operations(void)
{
	if (!operations)
		operations = hload_interface_get(swap.world.system, NULL, "test.store",
						 HLOAD_INTERFACE_VERSION(1, 0), 0);
	ck_assert_ptr_nonnull(operations);
	return operations;
}

int swap_main(const char *name, const TTest *const *tests, size_t count)
{
	int status;

	for (unsigned i = 0; i < SWAP_FILES; i++)
		swap.file[i] = compile((enum swap_file)i);
	status = world_main(name, tests, count, 120);
	for (unsigned i = 0; i < SWAP_FILES; i++)
		harness_discard(swap.file[i]);
	return status;
}
