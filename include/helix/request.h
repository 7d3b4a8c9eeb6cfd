/* SPDX-License-Identifier: MIT
 *
 * Requests: one module asks another, by name, and waits for the answer. An
 * answer that says no (reply.success false) is told apart from a request that
 * was not answered (a negative status). Thread context.
 */
#ifndef HELIX_REQUEST_H
#define HELIX_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define HELIX_PAYLOAD_MAX (UINT32_C(1) << 20) /* bytes of a request or an answer */
#define HELIX_REQUEST_DEPTH 8 /* requests inside requests */

/* What handle_request is given; valid until it returns. */
struct helix_request {
	const char *source; /* the module that asks, or "shell", "kernel" */
	const char *type; /* "get_stats", 1 to 63 bytes */
	const void *payload; /* NULL when size is 0 */
	size_t size; /* bytes, up to HELIX_PAYLOAD_MAX */
};

/* Inside handle_request: sets the answer. The last call counts; without one the
 * answer is success, empty. Bytes are copied. Each returns 0 or a negative
 * status (HELIX_E_NO_MEMORY, HELIX_E_TOO_LARGE) that the handler may return. When
 * the handler returns a negative status the request itself has failed. */
struct helix_response;
int helix_respond(struct helix_response *response, const void *payload, size_t size);
int helix_respond_text(struct helix_response *response, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* An error answer: it was understood, and refused. */
int helix_respond_error(struct helix_response *response, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

struct helix_context;

/* What came back; give it to helix_reply_free after a request that returned 0. */
struct helix_reply {
	bool success;
	void *payload; /* NULL when size is 0; followed by a NUL byte that size does not count */
	size_t size; /* bytes */
	char *error; /* the text of an error answer; NULL on success */
};

/* Asks `target`. 0: *reply holds the answer. Otherwise *reply is zeroed, and:
 * HELIX_E_NOT_FOUND (no such module), HELIX_E_NOT_LOADED, HELIX_E_WRONG_STATE (it
 * is stopping), HELIX_E_TOO_DEEP (more than HELIX_REQUEST_DEPTH requests inside
 * each other), HELIX_E_TOO_LARGE, HELIX_E_NO_MEMORY, HELIX_E_DEADLINE, or what the
 * handler returned. A target without handle_request answers with the error
 * "Not implemented". While the target is being replaced (reload) the request waits for
 * whoever it will be. Runs under the deadline of the request that is being
 * handled, if there is one. */
int helix_request(const struct helix_context *ctx, const char *target, const char *type,
		  const void *payload, size_t size, struct helix_reply *reply);
/* The same, answered within `nanoseconds` or HELIX_E_DEADLINE: a handler that goes
 * on after that is left to end by itself, and its answer is dropped. */
int helix_request_within(const struct helix_context *ctx, uint64_t nanoseconds,
			 const char *target, const char *type, const void *payload,
			 size_t size, struct helix_reply *reply);
void helix_reply_free(const struct helix_context *ctx, struct helix_reply *reply);

#ifdef __cplusplus
}
#endif
#endif
