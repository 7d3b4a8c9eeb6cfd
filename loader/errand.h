/* SPDX-License-Identifier: MIT
 *
 * An errand: one request or message on its way into a module. The asker waits; the
 * module's function runs on his thread, or, when there is a deadline and the host
 * can, on another one that is left behind once it is late. What both sides look at
 * then is one block that the last of them frees; it keeps the module pinned.
 */
#ifndef LOADER_ERRAND_H
#define LOADER_ERRAND_H

#include "loader/call.h"

#include "helix/module.h"

struct helix_response {
	struct hload_system *system;
	uint8_t *payload; /* with a NUL behind it */
	size_t size;
	char *error;
};

struct hload_errand {
	struct hload_system *system;
	struct hload_module *target;
	const char *what; /* a request's type */
	uint64_t hook; /* of the module; 0: it has none */
	int (*call)(void *errand); /* in the target's name */
	/* After it, not in anybody's name, on the same thread; turns what came into what
	 * was asked for. NULL: nothing to do. */
	enum helix_status (*finish)(struct hload_errand *errand);
	struct helix_request request;
	struct helix_response response;
	struct helix_message *message; /* what is handed in, or stands behind `request` */
	struct helix_message *returned; /* by the handler; its own */
	struct helix_message *answer;
	char *text; /* a payload's, as `request` has it */
	size_t text_size;
	/* errand.c's own */
	const char *chain; /* " ← " and a name for each module whose requests led here */
	uint64_t deadline;
	uint32_t depth;
	bool passes; /* closed gates, as the asker does */
	uint32_t holders; /* atomic: asker and worker */
	int result;
	enum helix_status failure; /* of finish */
	char said[HLOAD_FAIL_TEXT];
	size_t size; /* of this block */
	uint8_t room[];
};

/* An errand to `target` (while that is being replaced, to whoever it will be), pinned, with `room` bytes behind it and everything else
 * zero. Refused when the module does not run, and when requests are too deep inside
 * each other. The lock is held, and given up while waiting. */
enum helix_status hload_errand_open(struct hload_module *target, size_t room,
				    struct hload_errand **errand, struct hmod_diag *diag);
/* Makes it end within `nanoseconds`, if these are not 0 and no earlier deadline holds. */
void hload_errand_limit(struct hload_errand *errand, uint64_t nanoseconds);
/* Runs it: OK when it ended in time and well. */
enum helix_status hload_errand_run(struct hload_errand *errand, struct hmod_diag *diag);
/* The asker lets go of it; NULL is allowed. */
void hload_errand_close(struct hload_errand *errand);

/* Frees what a response holds. */
void hload_response_clear(struct helix_response *response);
/* As helix_respond_error, a text of that length as it is. */
int hload_respond_refusal(struct helix_response *response, const char *text, size_t length);

/* ---- the adapter between APIs: adapter.c ------------------------------------------------ */

/* Says in an errand whose `request` is set how to bring it to the target, whichever
 * API that has; and in one whose `message` is set. */
enum helix_status hload_adapt_request(struct hload_errand *errand, uint64_t source,
				      struct hmod_diag *diag);
enum helix_status hload_adapt_message(struct hload_errand *errand, struct hmod_diag *diag);
/* The same for a message to an interface's function. */
void hload_adapt_interface(struct hload_errand *errand, uint64_t function);

#endif
