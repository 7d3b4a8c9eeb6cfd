/* SPDX-License-Identifier: MIT
 *
 * Being inside a module: every call into one has a frame on the caller's stack,
 * so that it is known whose code runs, on whose behalf and until when; and every
 * module counts who is inside, so that it is not taken away under a caller.
 */
#ifndef LOADER_CALL_H
#define LOADER_CALL_H

#include "loader/internal.h"

#define HLOAD_FAIL_TEXT 120 /* bytes of what helix_fail says, with its NUL */

struct hload_frame {
	struct hload_frame *outer; /* of the same thread */
	struct hload_frame **top; /* the thread's pointer to its innermost one */
	struct hload_system *system;
	struct hload_module *module; /* whose code runs; NULL: the base of a request */
	const char *what; /* "init"; of a request its type; of a base who asked on another thread */
	uint64_t deadline; /* as now_ns counts; 0: none */
	uint32_t depth; /* requests inside each other, this one included */
	int32_t status; /* of a call the gate refused */
	void *inside; /* the counter of a port that counts this call */
	char text[HLOAD_FAIL_TEXT]; /* what helix_fail said; empty at first */
	bool passes; /* closed gates, as frames inside it do: gate.h */
};

/* The calling thread's innermost frame, or NULL. */
struct hload_frame *hload_frame_current(const struct hload_system *system);

/* Where the calling thread keeps it. */
static inline struct hload_frame **hload_frame_slot(const struct hload_system *system)
{
	const struct hload_host *host = system->outer;

	if (host->frames)
		return (struct hload_frame **)host->frames(host->ctx);
	return (struct hload_frame **)(uintptr_t)&system->frames;
}

/* A deadline and the depth of requests reach into calls made meanwhile. Inline: they
 * stand on the path of every interface call. */
static inline void hload_frame_push(struct hload_system *system, struct hload_frame *frame)
{
	struct hload_frame **top = hload_frame_slot(system), *outer = *top;

	frame->top = top;
	frame->system = system;
	frame->outer = outer;
	frame->deadline = outer ? outer->deadline : 0;
	frame->depth = outer ? outer->depth : 0;
	frame->passes = outer && outer->passes;
	frame->text[0] = 0;
	*top = frame;
}

static inline void hload_frame_pop(const struct hload_frame *frame)
{
	*frame->top = frame->outer;
}

/* One more, one fewer inside; the lock is held. */
void hload_pin(struct hload_module *module);
void hload_unpin(struct hload_module *module);

/* Calls hook(argument) in the name of `module`; `frame` is filled and afterwards
 * holds the text of a failure. The lock is not held; the module is pinned, or in
 * a state in which nobody takes it away. What the hook returned. */
int hload_call(struct hload_module *module, struct hload_frame *frame, const char *what,
	       int (*hook)(void *argument), void *argument);

uint64_t hload_now(const struct hload_system *system);

/* Gives up the lock for a moment; false when the host cannot wait, or when it is
 * later than `deadline`. */
bool hload_wait(struct hload_system *system, uint64_t deadline);

#endif
