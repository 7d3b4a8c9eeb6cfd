/* SPDX-License-Identifier: MIT
 *
 * The modules of talk.h: compiled once a program, before its tests are forked.
 */
#include "loader/talk.h"

#include "loader/services.h"

struct talk talk;

static const char *const names[TALKERS] = { "a", "b", "c", "d", "mute" };

/* ---- what the modules call --------------------------------------------------------------- */

static enum talker find(const char *name)
{
	enum talker talker = A;

	while (strcmp(names[talker], name))
		talker++;
	return talker;
}

static int did(const char *name, const char *hook)
{
	char whole[64];

	snprintf(whole, sizeof whole, "%s.%s", name, hook);
	return talk.hook ? talk.hook(whole) : 0;
}

static int did_init(const char *name, const struct helix_v1_context *v1,
		    const struct helix_context *v2)
{
	talk.v1[find(name)] = v1;
	talk.v2[find(name)] = v2;
	return did(name, "init");
}

static struct helix_message *got_message(const char *who, const struct helix_message *message)
{
	return talk.message ? talk.message(who, message) : NULL;
}

static int got_request(const struct helix_request *request, struct helix_response *response)
{
	return talk.request ? talk.request(request, response) : 0;
}

/* ---- the modules --------------------------------------------------------------------------- */

#define COMMON                                                                                     \
	"#include <helix/module_v1.h>\n"                                                           \
	"int did(const char *name, const char *hook);\n"                                           \
	"int did_init(const char *, const struct helix_v1_context *, const struct helix_context *);\n" \
	"struct helix_message *got_message(const char *, const struct helix_message *);\n"          \
	"int got_request(const struct helix_request *, struct helix_response *);\n"                 \
	"static int m_start(void) { return did(NAME, \"start\"); }\n"                              \
	"static int m_stop(void) { return did(NAME, \"stop\"); }\n"                                \
	"struct talk { int (*one)(void); };\n"                                                     \
	"static const struct talk talk = { m_start };\n"
#define V1                                                                                         \
	COMMON                                                                                     \
	"static int m_init(const struct helix_v1_context *c) { return did_init(NAME, c, 0); }\n"   \
	"static int m_cleanup(void) { return did(NAME, \"cleanup\"); }\n"                          \
	"static bool m_healthy(void) { return !did(NAME, \"is_healthy\"); }\n"                     \
	"static struct helix_message *m_handle(const struct helix_message *m)\n"                   \
	"{ return got_message(NAME, m); }\n"
#define V2                                                                                         \
	COMMON                                                                                     \
	"static int m_init(const struct helix_context *c) { return did_init(NAME, 0, c); }\n"
#define HOOKS ".name = NAME, .init = m_init, .start = m_start, .stop = m_stop"
#define STATE                                                                                      \
	"static int m_get(struct helix_state_writer *s)\n"                                         \
	"{ int e = did(NAME, \"get_state\"); return e ? e : helix_state_put_uint(s, \"n\", 9); }\n" \
	"static int m_restore(struct helix_state_reader *s)\n"                                     \
	"{ uint64_t n = 0; helix_state_get_uint(s, \"n\", &n); return n == 9 ? 0 : -1; }\n"

static const char *const sources[TALKERS] = {
	[A] = "#define NAME \"a\"\n" V1 STATE
	      "HELIX_PARAM(greeting, string, \"hello\", \"what to say\");\n"
	      "HELIX_MODULE_V1(" HOOKS ", .cleanup = m_cleanup, .handle_message = m_handle,\n"
	      ".get_state = m_get, .restore_state = m_restore, .is_healthy = m_healthy,\n"
	      ".authors = HELIX_AUTHORS(\"Ann\", \"Bob B.\"), .flags = HELIX_HOT_RELOADABLE,\n"
	      ".policy = HELIX_POLICY_RESTART, .description = \"talks\", .license = \"BSD\",\n"
	      ".version = HELIX_VERSION(1, 2, 3), .provides = HELIX_PROVIDES(\"speech\"),\n"
	      ".dependencies = HELIX_DEPENDENCIES(\"c\", \"?lib\", \"?mute >= 0.1\"));\n",
	[B] = "#define NAME \"b\"\n" V1 STATE
	      "static struct helix_message *m_talk(const struct helix_message *m)\n"
	      "{ return got_message(\"b/talk\", m); }\n"
	      "HELIX_V1_INTERFACE(\"test.talk\", 1, 0, talk, m_talk, \"one\");\n"
	      "HELIX_MODULE_V1(" HOOKS ", .cleanup = m_cleanup, .handle_message = m_handle,\n"
	      ".get_state = m_get);\n",
	[C] = "#define NAME \"c\"\n" V2
	      "static int m_request(const struct helix_request *q, struct helix_response *r)\n"
	      "{ return got_request(q, r); }\n"
	      "HELIX_MODULE(" HOOKS ", .handle_request = m_request);\n",
	[D] = "#define NAME \"d\"\n" V2 "HELIX_INTERFACE(\"test.talk\", 1, 0, talk);\n"
	      "HELIX_MODULE(" HOOKS ");\n",
	[MUTE] = "#define NAME \"mute\"\n" V1 "HELIX_MODULE_V1(" HOOKS ");\n",
};

/* ---- the world ---------------------------------------------------------------------- */

void talk_start(enum talker talker)
{
	const bool path = talker == A || talker == B;

	if (!hload_find(talk.world.system, names[talker])) {
		ck_assert_msg(!hload_register(talk.world.system, talk.file[talker],
					      path ? names[talker] : NULL, &talk.module[talker],
					      &talk.world.diag),
			      "%s", harness_text(&talk.world.diag));
		if (path)
			world_file(&talk.world, names[talker], talk.file[talker]);
	}
	ck_assert_msg(!world_insert(&talk.world, names[talker], talk.file[talker]), "%s: %s",
		      names[talker], harness_text(&talk.world.diag));
}

void talk_open(void)
{
	static const enum talker order[] = { C, MUTE, A, B, D };
	const struct hload_symbol symbols[] = {
		{ "did", (uint64_t)(uintptr_t)did },
		{ "did_init", (uint64_t)(uintptr_t)did_init },
		{ "got_message", (uint64_t)(uintptr_t)got_message },
		{ "got_request", (uint64_t)(uintptr_t)got_request },
	};

	world_open(&talk.world);
	ck_assert(!hload_export(talk.world.system, symbols, 4, &talk.world.diag));
	for (int i = 0; i < TALKERS; i++)
		talk_start(order[i]);
}

void talk_close(void)
{
	world_close(&talk.world);
}

uint64_t talk_id(enum talker talker)
{
	return talk.module[talker]->id;
}

const char *talk_text(const struct helix_payload *payload)
{
	static char text[1024];
	size_t size;
	char *block = hload_payload_format(talk.world.system, payload, &size);

	snprintf(text, sizeof text, "%s", block);
	hload_lock_free(talk.world.system, block, size + 1);
	return text;
}

const char *talk_ask(enum talker target, const char *type, const char *payload)
{
	const struct hload_asking asking = { "shell", names[target], type, payload,
					     strlen(payload), 0, 0 };
	struct hload_system *system = talk.world.system;
	static char text[512];
	struct helix_reply reply;

	if (hload_request(system, &asking, &reply, &talk.world.diag)) {
		snprintf(text, sizeof text, "%s", harness_text(&talk.world.diag));
		hload_diag_free(system, &talk.world.diag);
		return text;
	}
	snprintf(text, sizeof text, "%s %s", reply.success ? "ok" : "error",
		 reply.success ? reply.payload ? (char *)reply.payload : "" : reply.error);
	hload_reply_free(system, &reply);
	return text;
}

/* ---- payloads ---------------------------------------------------------------------- */

struct helix_payload *talk_text_payload(void)
{
	return helix_payload_text("plain \"text\"");
}

struct helix_payload *talk_bytes(void)
{
	return helix_payload_bytes("\x41\x42", 2);
}

struct helix_payload *talk_integer(void)
{
	return helix_payload_integer(-5);
}

static struct helix_payload *boolean(void)
{
	return helix_payload_boolean(true);
}

struct helix_payload *talk_map(void)
{
	struct helix_payload *tree = helix_payload_map();

	if (!helix_payload_put(tree, "n", helix_payload_integer(1)) &&
	    !helix_payload_put(tree, "b", helix_payload_bytes("\x0f", 1)))
		return tree;
	helix_payload_free(tree);
	return NULL;
}

static struct helix_payload *list(void)
{
	struct helix_payload *tree = helix_payload_list();

	helix_payload_append(tree, helix_payload_text("0x"));
	return tree;
}

static struct helix_payload *deepest(void)
{
	struct helix_payload *inmost = helix_payload_empty();

	for (int i = 0; i < HELIX_PAYLOAD_DEPTH; i++) {
		struct helix_payload *outer = helix_payload_list();

		helix_payload_append(outer, inmost);
		inmost = outer;
	}
	return inmost;
}

const struct talk_kind talk_kinds[TALK_KINDS] = {
	{ helix_payload_empty, "" },
	{ talk_text_payload, "plain \"text\"" },
	{ talk_bytes, "AB" },
	{ talk_integer, "-5" },
	{ boolean, "true" },
	{ talk_map, "{\"n\":1,\"b\":\"0x0f\"}" },
	{ list, "[\"\\u0030x\"]" },
	{ deepest, "[[[[[[[[null]]]]]]]]" },
};
int talk_main(const char *name, const TTest *const *tests, size_t count)
{
	int status;

	for (int i = 0; i < TALKERS; i++)
		talk.file[i] = harness_compile(sources[i], "-fno-stack-protector");
	status = world_main(name, tests, count, 60);
	for (int i = 0; i < TALKERS; i++)
		harness_discard(talk.file[i]);
	return status;
}
