/* SPDX-License-Identifier: MIT
 *
 * Requests: what handlers answer with, and asking. The way between is errand.c's.
 */
#include "loader/errand.h"

/* ---- answering: called by handlers -------------------------------------------------- */

void hload_response_clear(struct helix_response *response)
{
	if (response->payload)
		hload_lock_free(response->system, response->payload, response->size + 1);
	if (response->error)
		hload_lock_free(response->system, response->error,
				hload_length(response->error) + 1);
	response->payload = NULL;
	response->error = NULL;
	response->size = 0;
}

int helix_respond(struct helix_response *response, const void *payload, size_t size)
{
	uint8_t *copy;

	if (size > HELIX_PAYLOAD_MAX)
		return HELIX_E_TOO_LARGE;
	copy = hload_lock_alloc(response->system, size + 1);
	if (!copy)
		return HELIX_E_NO_MEMORY;
	if (size)
		memcpy(copy, payload, size);
	copy[size] = 0;
	hload_response_clear(response);
	response->payload = copy;
	response->size = size;
	return HELIX_OK;
}

/* The text as the host formats it, on its own block of exactly its length. */
static int format_text(struct hload_system *system, const char *format, va_list arguments,
		       char **text)
{
	va_list again;
	size_t length;

	va_copy(again, arguments);
	length = hload_format(system, NULL, 0, format, again);
	va_end(again);
	if (length > HELIX_PAYLOAD_MAX)
		return HELIX_E_TOO_LARGE;
	*text = hload_lock_alloc(system, length + 1);
	if (!*text)
		return HELIX_E_NO_MEMORY;
	hload_format(system, *text, length + 1, format, arguments);
	for (size_t i = 0; i < length; i++) /* of a %c: the block is freed by the text's length */
		if (!(*text)[i])
			(*text)[i] = '?';
	return HELIX_OK;
}

int helix_respond_text(struct helix_response *response, const char *format, ...)
{
	va_list arguments;
	char *text;
	int status;

	va_start(arguments, format);
	status = format_text(response->system, format, arguments, &text);
	va_end(arguments);
	if (status)
		return status;
	hload_response_clear(response);
	response->payload = (uint8_t *)text;
	response->size = hload_length(text);
	return HELIX_OK;
}

int helix_respond_error(struct helix_response *response, const char *format, ...)
{
	va_list arguments;
	char *text;
	int status;

	va_start(arguments, format);
	status = format_text(response->system, format, arguments, &text);
	va_end(arguments);
	if (status)
		return status;
	hload_response_clear(response);
	response->error = text;
	return HELIX_OK;
}

int hload_respond_refusal(struct helix_response *response, const char *text, size_t length)
{
	char *copy = hload_lock_alloc(response->system, length + 1);

	if (!copy)
		return HELIX_E_NO_MEMORY;
	memcpy(copy, text, length);
	copy[length] = 0;
	hload_response_clear(response);
	response->error = copy;
	return HELIX_OK;
}

/* ---- asking ------------------------------------------------------------------------- */

static enum helix_status check(const struct hload_asking *asking, struct hmod_diag *diag)
{
	size_t length = hload_length(asking->type);

	if (asking->size > HELIX_PAYLOAD_MAX) {
		hmod_fail(diag, HELIX_E_TOO_LARGE, HMOD_STAGE_REQUEST, HMOD_NOWHERE);
		hmod_diag_name(diag, "the payload", SIZE_MAX);
		hmod_diag_numbers(diag, HELIX_PAYLOAD_MAX, asking->size);
		return HELIX_E_TOO_LARGE;
	}
	if (length && length <= HELIX_NAME_MAX)
		return HELIX_OK;
	hmod_fail(diag, HELIX_E_INVALID, HMOD_STAGE_REQUEST, HMOD_NOWHERE);
	hmod_diag_name(diag, "a request's type is 1 to 63 bytes", SIZE_MAX);
	return HELIX_E_INVALID;
}

static char *copy(uint8_t **at, const void *bytes, size_t size)
{
	uint8_t *to = *at;

	if (size)
		memcpy(to, bytes, size);
	to[size] = 0;
	*at += size + 1;
	return (char *)to;
}

/* Names and payload are copied: the asker may be gone before the handler is. */
static void fill(struct hload_errand *errand, const struct hload_asking *asking)
{
	uint8_t *at = errand->room;

	/* The payload first: aligned as the room is. */
	errand->request.payload = asking->size ? copy(&at, asking->payload, asking->size) : NULL;
	errand->request.source = copy(&at, asking->source, hload_length(asking->source));
	errand->request.type = copy(&at, asking->type, hload_length(asking->type));
	errand->request.size = asking->size;
	errand->what = errand->request.type;
	hload_errand_limit(errand, asking->nanoseconds);
}

/* An errand to the module of that name; the lock is held. */
static enum helix_status open(struct hload_system *system, const struct hload_asking *asking,
			      struct hload_errand **errand, struct hmod_diag *diag)
{
	struct hload_module *target = hload_find_locked(system, asking->target);

	if (target)
		return hload_errand_open(target,
					 hload_length(asking->source) + hload_length(asking->type) +
						 asking->size + 3,
					 errand, diag);
	hmod_fail(diag, HELIX_E_NOT_FOUND, HMOD_STAGE_REQUEST, HMOD_NOWHERE);
	hmod_diag_name(diag, asking->target, SIZE_MAX);
	return HELIX_E_NOT_FOUND;
}

static void answer(struct helix_response *response, struct helix_reply *reply)
{
	reply->success = !response->error;
	reply->payload = response->payload;
	reply->size = response->size;
	reply->error = response->error;
	response->payload = NULL;
	response->error = NULL;
}

enum helix_status hload_request(struct hload_system *system, const struct hload_asking *asking,
				struct helix_reply *reply, struct hmod_diag *diag)
{
	struct hload_errand *errand = NULL;
	enum helix_status status = check(asking, diag);

	memset(reply, 0, sizeof *reply);
	if (status)
		return status;
	hload_lock(system);
	status = open(system, asking, &errand, diag);
	hload_unlock(system);
	if (status)
		return status;
	fill(errand, asking);
	status = hload_adapt_request(errand, asking->source_id, diag);
	if (!status)
		status = hload_errand_run(errand, diag);
	if (!status)
		answer(&errand->response, reply);
	hload_errand_close(errand);
	return status;
}

void hload_reply_free(struct hload_system *system, struct helix_reply *reply)
{
	if (reply->payload)
		hload_lock_free(system, reply->payload, reply->size + 1);
	if (reply->error)
		hload_lock_free(system, reply->error, hload_length(reply->error) + 1);
	memset(reply, 0, sizeof *reply);
}

/* ---- the module API ----------------------------------------------------------------- */

int helix_request_within(const struct helix_context *ctx, uint64_t nanoseconds,
			 const char *target, const char *type, const void *payload, size_t size,
			 struct helix_reply *reply)
{
	const struct hload_asking asking = { ctx->module->meta.name, target, type, payload, size,
					     nanoseconds, ctx->module->id };
	struct hmod_diag diag;
	int status = hload_request(ctx->module->system, &asking, reply, &diag);

	if (status)
		hload_diag_free(ctx->module->system, &diag);
	return status == HELIX_E_REQUEST ? (int)(int64_t)diag.found : status;
}

int helix_request(const struct helix_context *ctx, const char *target, const char *type,
		  const void *payload, size_t size, struct helix_reply *reply)
{
	return helix_request_within(ctx, 0, target, type, payload, size, reply);
}

void helix_reply_free(const struct helix_context *ctx, struct helix_reply *reply)
{
	hload_reply_free(ctx->module->system, reply);
}
