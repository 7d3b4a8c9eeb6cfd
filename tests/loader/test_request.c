/* SPDX-License-Identifier: MIT
 *
 * Requests: answers, error answers and failures; requests inside each other;
 * deadlines; every allocation that may fail.
 */
#include "loader/player.h"

#include <unistd.h>

static struct world w;

#define MS UINT64_C(1000000)
#define SHELL_ASKS(target, type) player_ask(&w, target, type, 0)

static const char echo[] =
	"static int on(const struct helix_request *q, struct helix_response *r)\n"
	"{\n"
	"	switch (q->type[0]) {\n"
	"	case 'n': return 0;\n"
	"	case 'e': return helix_respond(r, q->payload, q->size);\n"
	"	case 's': return helix_respond_text(r, \"%s asks %s\", q->source, q->type);\n"
	"	case 'r': return helix_respond_error(r, \"no %s for %s\", q->type, q->source);\n"
	"	case 'f': return helix_fail(HELIX_E_IO, \"no device at 0x%x\", 0x3f8);\n"
	"	case 'u': return HELIX_E_BUSY;\n"
	"	case '+': return 3;\n"
	"	case 'z': return helix_respond_text(r, \"a%cb\", 0);\n"
	"	case 'Z': return helix_respond_error(r, \"a%cb\", 0);\n"
	"	case 'w': helix_respond_error(r, \"old\"); return helix_respond_text(r, \"new\");\n"
	"	case 'W': helix_respond_text(r, \"old\"); return helix_respond_error(r, \"new\");\n"
	"	case 'a': return helix_respond_text(r, \"%d\", (int)((uintptr_t)q->payload % 8));\n"
	"	case 'L': return helix_respond(r, q->payload, HELIX_PAYLOAD_MAX + 1);\n"
	"	}\n"
	"	return helix_fail(HELIX_E_NOT_SUPPORTED, \"%s\", q->type);\n"
	"}\n";

START_TEST(answers_error_answers_and_failures_are_told_apart)
{
	static const struct {
		const char *type, *answer;
	} rows[] = {
		{ "nothing", "ok:" },
		{ "echo", "ok:ping" },
		{ "say", "ok:shell asks say" },
		{ "refuse", "no:no refuse for shell" },
		{ "fail", "failed:module echo could not handle the request: status -18: no device at 0x3f8" },
		{ "u", "failed:module echo could not handle the request: status -16" },
		{ "+", "failed:module echo could not handle the request: status 3" },
		{ "w", "ok:new" },
		{ "W", "no:new" },
		{ "a", "ok:0" },
		{ "L", "failed:module echo could not handle the request: status -19" },
		{ "other", "failed:module echo could not handle the request: status -17: other" },
	};

	player_open(&w, NULL, 0);
	player_start(&w, "echo", echo, ".handle_request = on");
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct world_held before = world_held(&w);

		ck_assert_str_eq(SHELL_ASKS("echo", rows[i].type), rows[i].answer);
		ck_assert_same_held(&w, before);
	}
	player_close(&w);
}
END_TEST

/* The block of a text is freed by the text's length. */
START_TEST(a_text_with_a_nul_inside_is_freed_whole)
{
	struct world_held before;

	player_open(&w, NULL, 0);
	player_start(&w, "echo", echo, ".handle_request = on");
	before = world_held(&w);
	SHELL_ASKS("echo", "z");
	SHELL_ASKS("echo", "Z");
	ck_assert_same_held(&w, before);
	player_close(&w);
}
END_TEST

START_TEST(requests_that_reach_nobody_say_why)
{
	char long_type[HELIX_NAME_MAX + 2];
	struct hload_asking large = { .source = "shell", .target = "echo", .type = "echo",
				      .payload = echo, .size = HELIX_PAYLOAD_MAX + 1 };
	struct helix_reply reply;

	memset(long_type, 'x', sizeof long_type - 1);
	long_type[sizeof long_type - 1] = 0;
	player_open(&w, NULL, 0);
	player_start(&w, "plain", "", "");
	player_register(&w, "echo", echo, ".handle_request = on");
	ck_assert_str_eq(SHELL_ASKS("nobody", "x"), "failed:nobody was not found");
	ck_assert_str_eq(SHELL_ASKS("echo", "x"), "failed:module echo is not loaded");
	ck_assert_str_eq(SHELL_ASKS("plain", "x"), "no:Not implemented");
	ck_assert_str_eq(SHELL_ASKS("plain", ""),
			 "failed:invalid argument: a request's type is 1 to 63 bytes");
	ck_assert_str_eq(SHELL_ASKS("plain", long_type),
			 "failed:invalid argument: a request's type is 1 to 63 bytes");
	ck_assert_int_eq(hload_request(w.system, &large, &reply, &w.diag), HELIX_E_TOO_LARGE);
	ck_assert_said(&w, "the payload is too large: 1048577, at most 1048576");
	player_close(&w);
}
END_TEST

/* Each asks the next of a ring until `depth` is reached; then it answers. */
static const char ring[] =
	"static int on(const struct helix_request *q, struct helix_response *r)\n"
	"{\n"
	"	struct helix_reply reply;\n"
	"	int status;\n"
	"	if (!--*left()) return helix_respond_text(r, \"end\");\n"
	"	status = helix_request(self, NEXT, q->type, NULL, 0, &reply);\n"
	"	if (status) return helix_fail(status, \"%s: %d\", NEXT, status);\n"
	"	helix_respond_text(r, \"%s,%s\", (char *)reply.payload, q->source);\n"
	"	helix_reply_free(self, &reply);\n"
	"	return 0;\n"
	"}\n";
static int depth_left;

static int *left(void)
{
	return &depth_left;
}

static void open_ring(void)
{
	const struct hload_symbol symbol = { "left", (uint64_t)(uintptr_t)left };
	char code[2048];

	player_open(&w, &symbol, 1);
	snprintf(code, sizeof code, "int *left(void);\n#define NEXT \"b\"\n%s", ring);
	player_start(&w, "a", code, ".handle_request = on");
	snprintf(code, sizeof code, "int *left(void);\n#define NEXT \"a\"\n%s", ring);
	player_start(&w, "b", code, ".handle_request = on");
}

START_TEST(two_that_ask_each_other_answer_or_fail_cleanly)
{
	struct world_held before;

	open_ring();
	before = world_held(&w);
	depth_left = 3;
	ck_assert_str_eq(SHELL_ASKS("a", "go"), "ok:end,a,shell");
	depth_left = 8;
	ck_assert_str_eq(SHELL_ASKS("a", "go"), "ok:end,b,a,b,a,b,a,shell");
	depth_left = 9;
	ck_assert_str_eq(SHELL_ASKS("a", "go"),
			 "failed:module a could not handle the request: status -27: b: -27");
	ck_assert_same_held(&w, before);
	ck_assert_str_eq(SHELL_ASKS("a", "go"), "ok:end"); /* nothing is stuck */
	player_close(&w);
}
END_TEST

/* The module's own thread of control asks the loader: to see the diagnostic. */
static void ask_deeper(const char *target)
{
	world_trace(&w, player_ask(&w, target, "deeper", 0));
}

static const char deeper[] =
	"void deeper(const char *target);\n"
	"static int on(const struct helix_request *q, struct helix_response *r)\n"
	"{ (void)q; (void)r; deeper(NEXT); return 0; }\n";

static void play_deeper(uint64_t nanoseconds)
{
	const struct hload_symbol symbol = { "deeper", (uint64_t)(uintptr_t)ask_deeper };
	char code[512];

	player_open(&w, &symbol, 1);
	if (nanoseconds)
		world_use_threads(&w);
	snprintf(code, sizeof code, "#define NEXT \"b\"\n%s", deeper);
	player_start(&w, "a", code, ".handle_request = on");
	snprintf(code, sizeof code, "#define NEXT \"a\"\n%s", deeper);
	player_start(&w, "b", code, ".handle_request = on");
	ck_assert_str_eq(player_ask(&w, "a", "x", nanoseconds), "ok:");
	world_join();
	ck_assert_ptr_eq(strstr(w.trace, "failed:requests inside each other, at most 8: "
					 "a ← b ← a ← b ← a ← b ← a ← b ← a"),
			 w.trace);
	ck_assert_ptr_nonnull(strstr(w.trace, "← a ok: ok:")); /* nothing longer */
	player_close(&w);
}

START_TEST(a_chain_that_is_too_long_is_named)
{
	play_deeper(0);
}
END_TEST

START_TEST(a_chain_is_named_across_threads)
{
	play_deeper(20000 * MS);
}
END_TEST

/* ---- deadlines --------------------------------------------------------------------- */

static int gate; /* atomic */

static void hold(void)
{
	while (!__atomic_load_n(&gate, __ATOMIC_ACQUIRE))
		usleep(200);
}

static void late(int ms)
{
	w.now_ns += (uint64_t)ms * MS;
}

static const char slow[] =
	"void hold(void); void late(int);\n"
	"static int on(const struct helix_request *q, struct helix_response *r)\n"
	"{\n"
	"	struct helix_reply reply;\n"
	"	if (q->type[0] == 'h') hold();\n"
	"	if (q->type[0] == 'l') late(10);\n"
	"	if (q->type[0] == 'i') {\n"
	"		int status = helix_request(self, \"slow\", \"late\", NULL, 0, &reply);\n"
	"		helix_reply_free(self, &reply);\n"
	"		return helix_respond_text(r, \"%d\", status);\n"
	"	}\n"
	"	if (q->type[0] == 'p') {\n"
	"		late(10);\n"
	"		return helix_fail(helix_request(self, \"slow\", \"x\", NULL, 0, &reply), \"in time\");\n"
	"	}\n"
	"	return helix_respond_text(r, \"an answer nobody waits for\");\n"
	"}\n";
static const struct hload_symbol slow_symbols[] = { { "hold", (uint64_t)(uintptr_t)hold },
						    { "late", (uint64_t)(uintptr_t)late } };

START_TEST(a_handler_that_took_too_long_is_late)
{
	struct world_held before;

	player_open(&w, slow_symbols, 2);
	player_start(&w, "slow", slow, ".handle_request = on");
	before = world_held(&w);
	ck_assert_str_eq(player_ask(&w, "slow", "late", 9 * MS),
			 "failed:slow did not answer within its deadline");
	ck_assert_str_eq(player_ask(&w, "slow", "late", 10 * MS), "ok:an answer nobody waits for");
	ck_assert_str_eq(player_ask(&w, "slow", "quick", UINT64_MAX),
			 "ok:an answer nobody waits for");
	/* The inner request has the outer one's deadline, and does not begin after it. */
	ck_assert_str_eq(player_ask(&w, "slow", "inner", 9 * MS),
			 "failed:slow did not answer within its deadline");
	ck_assert_str_eq(player_ask(&w, "slow", "inner", 11 * MS), "ok:0");
	ck_assert_str_eq(player_ask(&w, "slow", "passed", 9 * MS),
			 "failed:slow did not answer within its deadline");
	ck_assert_same_held(&w, before);
	player_close(&w);
}
END_TEST

START_TEST(a_late_answer_is_dropped_and_holds_the_module_until_then)
{
	struct world_held before;

	player_open(&w, slow_symbols, 2);
	world_use_threads(&w);
	player_start(&w, "slow", slow, ".handle_request = on");
	before = world_held(&w);
	__atomic_store_n(&gate, 0, __ATOMIC_RELEASE);
	ck_assert_str_eq(player_ask(&w, "slow", "hold", 5 * MS),
			 "failed:slow did not answer within its deadline");
	ck_assert_int_eq(world_remove(&w, "slow"), HELIX_E_INSIDE);
	ck_assert_said(&w, "module slow has 1 call inside that did not end in time");
	ck_assert_int_eq(world_state(&w, "slow"), HLOAD_RUNNING);
	__atomic_store_n(&gate, 1, __ATOMIC_RELEASE);
	world_join();
	ck_assert_same_held(&w, before);
	ck_assert_str_eq(player_ask(&w, "slow", "hold", 10000 * MS),
			 "ok:an answer nobody waits for");
	ck_assert_int_eq(world_remove(&w, "slow"), HELIX_OK);
	player_close(&w);
}
END_TEST

/* ---- dry host ------------------------------------------------------------------------ */

START_TEST(a_request_survives_every_failing_allocation)
{
	struct world_held before;
	const char *said = NULL;

	player_open(&w, NULL, 0);
	player_start(&w, "echo", echo, ".handle_request = on");
	before = world_held(&w);
	for (uint64_t n = 1; !said || strcmp(said, "ok:shell asks say"); n++) {
		ck_assert_uint_lt(n, 10);
		harness_rewind(&w.harness);
		w.harness.fail_alloc = n;
		said = SHELL_ASKS("echo", "say");
		ck_assert_same_held(&w, before);
		if (n == 1)
			ck_assert_ptr_eq(strstr(said, "failed:out of memory: "), said);
		if (n == 2)
			ck_assert_str_eq(said, "failed:module echo could not handle the request: "
					       "status -14");
	}
	ck_assert_uint_ge(w.harness.allocs, 2);
	player_close(&w);
}
END_TEST

WORLD_MAIN("request", 60, answers_error_answers_and_failures_are_told_apart,
	   a_text_with_a_nul_inside_is_freed_whole, requests_that_reach_nobody_say_why,
	   two_that_ask_each_other_answer_or_fail_cleanly, a_chain_that_is_too_long_is_named,
	   a_chain_is_named_across_threads, a_handler_that_took_too_long_is_late,
	   a_late_answer_is_dropped_and_holds_the_module_until_then,
	   a_request_survives_every_failing_allocation)
