/* SPDX-License-Identifier: MIT
 *
 * Modules of both APIs whose handlers do what the test wants: a and b are v1 and
 * take messages, mute is v1 and takes none; c and d are v2, only c takes requests.
 * a depends on c, lib (not there) and mute; b and d implement test.talk, only b
 * takes messages to it.
 */
#ifndef TESTS_LOADER_TALK_H
#define TESTS_LOADER_TALK_H

#include "helix/module_v1.h"
#include "loader/payload.h"
#include "loader/world.h"

enum talker { A, B, C, D, MUTE, TALKERS };

struct talk {
	struct world world;
	struct hmod_span file[TALKERS];
	struct hload_module *module[TALKERS];
	const struct helix_v1_context *v1[TALKERS]; /* as init was given it */
	const struct helix_context *v2[TALKERS];
	/* What the handlers do; NULL: nothing. `who` is "a", for an interface "b/talk". */
	struct helix_message *(*message)(const char *who, const struct helix_message *message);
	int (*request)(const struct helix_request *request, struct helix_response *response);
	int (*hook)(const char *hook); /* "a.init", "a.cleanup", "a.get_state" … */
};
extern struct talk talk;

/* Opens a world in which all run (a and b with a path), or closes it: nothing may be
 * left. */
void talk_open(void);
void talk_close(void);
/* Loads and starts one. */
void talk_start(enum talker talker);
uint64_t talk_id(enum talker talker);
/* The canonical form of a payload; static buffer. */
const char *talk_text(const struct helix_payload *payload);
/* What a request of `type` with a text payload from the shell gives: "ok TEXT",
 * "error TEXT", or the diagnostic; static buffer. */
const char *talk_ask(enum talker target, const char *type, const char *payload);

/* Payloads of every kind, the deepest one too, and what they are as a request's or a
 * reply's bytes. */
#define TALK_KINDS 8
extern const struct talk_kind {
	struct helix_payload *(*make)(void);
	const char *raw;
} talk_kinds[TALK_KINDS];
struct helix_payload *talk_text_payload(void);
struct helix_payload *talk_bytes(void);
struct helix_payload *talk_integer(void);
struct helix_payload *talk_map(void);

int talk_main(const char *name, const TTest *const *tests, size_t count);
#define TALK_MAIN(name, ...)                                                                       \
	int main(void)                                                                             \
	{                                                                                          \
		const TTest *const tests[] = { __VA_ARGS__ };                                      \
		return talk_main(name, tests, sizeof tests / sizeof tests[0]);                     \
	}

#endif
