/* SPDX-License-Identifier: MIT
 *
 * Frames: whose code runs, in whose name, until when; what a failing hook says.
 */
#include "loader/call.h"
#include "loader/player.h"

static struct world w;

/* The modules and calls on the way here, the innermost first. */
static void tell_frames(void)
{
	const struct hload_frame *f = hload_frame_current(w.system);
	struct hload_owner owner;

	ck_assert(hload_owner_running(w.system, &owner));
	ck_assert_str_eq(owner.name, f->module ? f->module->meta.name : f->outer->module->meta.name);
	for (; f; f = f->outer) {
		char line[160];

		snprintf(line, sizeof line, "%s:%s/%u%s", f->module ? f->module->meta.name : "-",
			 f->what, f->depth, f->deadline ? "!" : "");
		world_trace(&w, line);
	}
}

static const struct hload_symbol symbols[] = { { "frames", (uint64_t)(uintptr_t)tell_frames } };

static const char code[] =
	"void frames(void);\n"
	"static int here(void) { frames(); return 0; }\n"
	"static int op(void) { frames(); return helix_fail(-9, \"of the operation\"); }\n"
	"static const struct { int (*op)(void); } ops = { op };\n"
	"static int on(const struct helix_request *q, struct helix_response *r)\n"
	"{ struct helix_reply reply; (void)r;\n"
	"  if (q->type[0] == 'o') { const struct { int (*op)(void); } *o =\n"
	"	helix_interface_get(self, \"test.frames\", 1, 0); int s = o->op();\n"
	"	helix_interface_put(self, o); return helix_fail(s, \"%s\", \"of the handler\"); }\n"
	"  if (q->type[0] == 'a') return helix_request(self, \"b\", \"here\", 0, 0, &reply);\n"
	"  frames(); return 0; }\n";

START_TEST(a_frame_says_whose_code_runs_and_why)
{
	char text[2048];

	player_open(&w, symbols, 1);
	snprintf(text, sizeof text, "%s#define INIT here()\n#define START here()\n#define STOP here()\n"
				    "HELIX_INTERFACE(\"test.frames\", 1, 0, ops);\n", code);
	player_start(&w, "b", text, ".handle_request = on");
	ck_assert_played(&w, "b:init/0 b:start/0");
	snprintf(text, sizeof text, "%sconst void *use(void); const void *use(void) { return &ops; }\n"
				    "int (*use2)(void) = here;", code);
	player_start(&w, "a", text, ".handle_request = on");
	ck_assert_str_eq(player_ask(&w, "a", "here", 0), "ok:");
	ck_assert_played(&w, "a:here/1 -:/1");
	ck_assert_str_eq(player_ask(&w, "a", "ask", 5000000000), "ok:");
	ck_assert_played(&w, "b:here/2! -:/2! a:ask/1! -:/1!");
	ck_assert_str_eq(player_ask(&w, "a", "operation", 0),
			 "failed:module a could not handle the request: status -9: of the handler");
	ck_assert_played(&w, "b:test.frames/1 a:operation/1 -:/1");
	ck_assert_ptr_null(hload_frame_current(w.system));
	ck_assert(!hload_owner_running(w.system, &(struct hload_owner){ 0 }));
	world_remove(&w, "b");
	ck_assert_played(&w, "b:stop/0");
	player_close(&w);
}
END_TEST

START_TEST(a_failing_hook_says_why)
{
	static const struct {
		const char *code, *sentence;
	} rows[] = {
		{ "#define INIT helix_fail(HELIX_E_IO, \"no device at 0x%x\", 0x3f8)\n",
		  "init failed with status -18: no device at 0x3f8" },
		{ "#define START helix_fail(HELIX_E_BUSY, \"%s\", \"taken\")\n",
		  "start failed with status -16: taken" },
		{ "#define START -4\n", "start failed with status -4" },
		/* Of a hook that succeeds it is dropped. */
		{ "#define INIT (helix_fail(1, \"never seen\"), 0)\n#define START -4\n",
		  "start failed with status -4" },
	};

	player_open(&w, NULL, 0);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct hmod_span file = player("m", rows[i].code, "");
		struct world_held before;
		struct hload_module *m;

		ck_assert(!hload_register(w.system, file, NULL, &m, &w.diag));
		before = world_held(&w);
		ck_assert_int_eq(hload_insert(w.system, m, file, NULL, 0, &w.diag), HELIX_E_INIT);
		ck_assert_said(&w, rows[i].sentence);
		ck_assert_same_held(&w, before);
		hload_unregister(w.system, m, NULL);
		harness_discard(file);
	}
	player_close(&w);
}
END_TEST

START_TEST(a_long_text_is_cut_and_without_a_frame_dropped)
{
	char text[256];

	player_open(&w, NULL, 0);
	ck_assert_int_eq(helix_fail(-5, "nobody hears %d", 1), -5);
	player_register(&w, "m", "#define INIT helix_fail(-3, \"%0200d\", 7)\n", "");
	ck_assert_int_eq(world_insert(&w, "m", (struct hmod_span){ NULL, 0 }), HELIX_E_INIT);
	snprintf(text, sizeof text, "init failed with status -3: %0*d", HLOAD_FAIL_TEXT - 1, 0);
	ck_assert_said(&w, text);
	player_close(&w);
}
END_TEST

/* A host with one thread and no format. */
START_TEST(a_host_without_frames_and_format_has_the_bare_text)
{
	player_open(&w, NULL, 0);
	w.harness.host.frames = NULL;
	w.harness.host.format = NULL;
	w.harness.host.now_ns = NULL;
	player_register(&w, "m", "#define INIT helix_fail(-3, \"at %d\", 7)\n", "");
	ck_assert_int_eq(world_insert(&w, "m", (struct hmod_span){ NULL, 0 }), HELIX_E_INIT);
	ck_assert_said(&w, "init failed with status -3: at %d");
	player_start(&w, "r", "static int on(const struct helix_request *q, struct helix_response *r) "
			      "{ (void)q; return helix_respond_text(r, \"%s\", \"x\"); }",
		     ".handle_request = on");
	ck_assert_str_eq(player_ask(&w, "r", "x", 1), "ok:%s");
	player_close(&w);
}
END_TEST

WORLD_MAIN("call", 60, a_frame_says_whose_code_runs_and_why, a_failing_hook_says_why,
	   a_long_text_is_cut_and_without_a_frame_dropped,
	   a_host_without_frames_and_format_has_the_bare_text)
