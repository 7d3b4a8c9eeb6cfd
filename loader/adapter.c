/* SPDX-License-Identifier: MIT
 *
 * Between the v2 API's requests and the v1 API's messages, both ways
 * (doc/MODULES_V1.md has the table). A request becomes a message of type request
 * with the map {"type": …, "payload": …}; a message becomes the request in such a
 * map, or one named after the message's type. An answer comes back the same way;
 * a message of type error is an error answer.
 */
#include "loader/errand.h"
#include "loader/payload.h"

static bool is_v1(const struct hload_module *module)
{
	return module->meta.header->api == HELIX_RECORD_FORMAT_V1;
}

static struct helix_payload *text_or_bytes(struct hload_system *system, const void *bytes,
					   size_t size)
{
	enum helix_payload_kind kind = HELIX_PAYLOAD_EMPTY;

	if (size)
		kind = hload_printable(bytes, size) ? HELIX_PAYLOAD_TEXT : HELIX_PAYLOAD_BYTES;
	return hload_payload_new(system, kind, bytes, size);
}

/* The payload in canonical form, which the errand keeps. */
static enum helix_status canonical(struct hload_errand *errand,
				   const struct helix_payload *payload, const void **bytes,
				   size_t *size)
{
	errand->text = hload_payload_format(errand->system, payload, &errand->text_size);
	if (!errand->text)
		return HELIX_E_NO_MEMORY;
	*bytes = errand->text;
	*size = errand->text_size;
	return *size <= HELIX_PAYLOAD_MAX ? HELIX_OK : HELIX_E_TOO_LARGE;
}

/* The payload as bytes: bytes and text as they are, others in canonical form. */
static enum helix_status raw(struct hload_errand *errand, const struct helix_payload *payload,
			     const void **bytes, size_t *size)
{
	*size = 0;
	*bytes = NULL;
	switch (helix_payload_kind(payload)) {
	case HELIX_PAYLOAD_EMPTY:
		return HELIX_OK;
	case HELIX_PAYLOAD_BYTES:
		*bytes = helix_payload_get_bytes(payload, size);
		return HELIX_OK;
	case HELIX_PAYLOAD_TEXT:
		*bytes = helix_payload_get_text(payload);
		*size = hload_length(*bytes);
		return HELIX_OK;
	default:
		return canonical(errand, payload, bytes, size);
	}
}

/* ---- into a v1 module --------------------------------------------------------------------- */

static int call_message(void *argument)
{
	struct hload_errand *errand = argument;

	if (errand->hook)
		errand->returned = ((struct helix_message * (*)(const struct helix_message *))
					    (uintptr_t)errand->hook)(errand->message);
	return HELIX_OK;
}

static struct helix_message *not_implemented(struct hload_errand *errand)
{
	static const char text[] = "Not implemented";

	return hload_message_answer(errand->system, errand->message, HELIX_MESSAGE_ERROR,
				    hload_payload_new(errand->system, HELIX_PAYLOAD_TEXT, text,
						      sizeof text - 1));
}

/* An answer gets the id and the direction of what it answers, also when the handler
 * returned a new message or the one it was given; a response to another message is
 * refused. */
static enum helix_status accept(struct hload_errand *errand, const struct helix_message *returned)
{
	const struct helix_message *asked = errand->message;
	struct helix_message *answer;

	if ((unsigned)returned->type > HELIX_MESSAGE_CUSTOM ||
	    (returned->is_response && returned->id != asked->id))
		return HELIX_E_MESSAGE;
	if (asked->type == HELIX_MESSAGE_NOTIFY)
		return HELIX_OK;
	answer = hload_message_copy(errand->system, returned);
	if (!answer)
		return HELIX_E_NO_MEMORY;
	answer->source = asked->target;
	answer->target = asked->source;
	answer->id = asked->id;
	answer->is_response = true;
	errand->answer = answer;
	return HELIX_OK;
}

/* What the handler returned is freed, unless it is what was lent to it. */
static enum helix_status collect(struct hload_errand *errand)
{
	struct helix_message *returned = errand->returned;
	enum helix_status status;

	if (!errand->hook && errand->message->type != HELIX_MESSAGE_NOTIFY) {
		errand->answer = not_implemented(errand);
		return errand->answer ? HELIX_OK : HELIX_E_NO_MEMORY;
	}
	if (!returned)
		return HELIX_OK;
	status = accept(errand, returned);
	if (hload_message_is_owned(returned))
		hload_message_lock_destroy(returned);
	return status;
}

/* Bytes that do not print are told in canonical form. */
static enum helix_status refuse(struct hload_errand *errand, const void *text, size_t size)
{
	static const char nothing[] = "an error without a text";
	enum helix_status status;

	if (size && !hload_printable(text, size)) {
		status = canonical(errand, errand->answer->payload, &text, &size);
		if (status)
			return status;
	}
	return (enum helix_status)hload_respond_refusal(&errand->response, size ? text : nothing,
							size ? size : sizeof nothing - 1);
}

/* A v1 module's answer as a response: nothing is success. */
static enum helix_status finish_request(struct hload_errand *errand)
{
	const struct helix_message *answer;
	enum helix_status status = collect(errand);
	const void *bytes;
	size_t size;

	answer = errand->answer;
	if (status || !answer)
		return status;
	status = raw(errand, answer->payload, &bytes, &size);
	if (status)
		return status;
	if (answer->type == HELIX_MESSAGE_ERROR)
		return refuse(errand, bytes, size);
	return (enum helix_status)helix_respond(&errand->response, bytes, size);
}

/* ---- into a v2 module ------------------------------------------------------------------- */

static int call_request(void *argument)
{
	struct hload_errand *errand = argument;

	if (!errand->hook)
		return helix_respond_error(&errand->response, "Not implemented");
	return ((int (*)(const struct helix_request *, struct helix_response *))(uintptr_t)
			errand->hook)(&errand->request, &errand->response);
}

/* A v2 module's response as an answer, of the type of what was asked; an answer to an
 * error message is not itself one. */
static enum helix_status finish_message(struct hload_errand *errand)
{
	const struct helix_message *asked = errand->message;
	const struct helix_response *response = &errand->response;
	enum helix_message_type type = asked->type;
	struct helix_payload *payload;

	if (type == HELIX_MESSAGE_NOTIFY)
		return HELIX_OK;
	if (response->error)
		payload = text_or_bytes(errand->system, response->error,
					hload_length(response->error));
	else
		payload = text_or_bytes(errand->system, response->payload, response->size);
	if (!payload)
		return HELIX_E_NO_MEMORY;
	if (response->error)
		type = HELIX_MESSAGE_ERROR;
	else if (type == HELIX_MESSAGE_ERROR)
		type = HELIX_MESSAGE_REQUEST;
	errand->answer = hload_message_answer(errand->system, asked, type, payload);
	return errand->answer ? HELIX_OK : HELIX_E_NO_MEMORY;
}

/* The type that a map {"type": …, "payload": …} names; NULL when it is no such map. */
static const char *request_type(const struct helix_payload *map)
{
	const char *type = helix_payload_get_text(helix_payload_find(map, "type"));
	const size_t known = 1 + !!helix_payload_find(map, "payload");

	if (!type || !*type || hload_length(type) > HELIX_NAME_MAX)
		return NULL;
	return helix_payload_count(map) == known ? type : NULL;
}

static enum helix_status write_request(struct hload_errand *errand)
{
	struct helix_request *request = &errand->request;
	const struct helix_payload *payload = errand->message->payload;

	request->type = request_type(payload);
	if (request->type)
		payload = helix_payload_find(payload, "payload");
	else
		request->type = errand->what;
	return raw(errand, payload, &request->payload, &request->size);
}

/* ---- saying how -------------------------------------------------------------------------- */

/* What the map of a request counts. */
static size_t map_size(const struct helix_request *request)
{
	return 2 * HLOAD_PAYLOAD_ENTRY + sizeof "type" + sizeof "payload" - 2 +
	       hload_length(request->type) + request->size;
}

static enum helix_status fail(const struct hload_errand *errand, enum helix_status status,
			      struct hmod_diag *diag)
{
	if (status == HELIX_E_NO_MEMORY)
		return hload_fail_memory(diag, HMOD_STAGE_REQUEST, errand->size, "a message");
	hmod_fail(diag, status, HMOD_STAGE_REQUEST, HMOD_NOWHERE);
	hmod_diag_name(diag, "the payload", SIZE_MAX);
	hmod_diag_numbers(diag, HELIX_PAYLOAD_MAX, errand->text ? errand->text_size :
								  map_size(&errand->request));
	return status;
}

static int put(struct helix_payload *map, const char *name, struct helix_payload *value)
{
	return value ? hload_payload_put(map, name, value) : HELIX_E_NO_MEMORY;
}

static int write_message(struct hload_errand *errand)
{
	const struct helix_request *request = &errand->request;
	struct hload_system *system = errand->system;
	struct helix_payload *map = hload_payload_new(system, HELIX_PAYLOAD_MAP, NULL, 0);
	int status;

	if (!map)
		return HELIX_E_NO_MEMORY;
	if ((status = put(map, "type",
			  text_or_bytes(system, request->type, hload_length(request->type)))) ||
	    (status = put(map, "payload", text_or_bytes(system, request->payload, request->size)))) {
		hload_payload_lock_destroy(map);
		return status;
	}
	errand->message = hload_message_new(system, HELIX_MESSAGE_REQUEST, 0, map);
	return errand->message ? HELIX_OK : HELIX_E_NO_MEMORY;
}

enum helix_status hload_adapt_request(struct hload_errand *errand, uint64_t source,
				      struct hmod_diag *diag)
{
	int status;

	errand->hook = errand->target->object.hook[HMOD_HOOK_REQUEST];
	errand->call = call_request;
	if (!is_v1(errand->target))
		return HELIX_OK;
	errand->hook = errand->target->object.hook[HMOD_HOOK_MESSAGE];
	errand->call = call_message;
	errand->finish = finish_request;
	status = write_message(errand);
	if (status)
		return fail(errand, (enum helix_status)status, diag);
	hload_message_send(errand->message, source, errand->target->id);
	return HELIX_OK;
}

enum helix_status hload_adapt_message(struct hload_errand *errand, struct hmod_diag *diag)
{
	enum helix_status status;

	if (is_v1(errand->target)) {
		hload_adapt_interface(errand, errand->target->object.hook[HMOD_HOOK_MESSAGE]);
		return HELIX_OK;
	}
	errand->hook = errand->target->object.hook[HMOD_HOOK_REQUEST];
	errand->call = call_request;
	errand->finish = finish_message;
	status = write_request(errand);
	return status ? fail(errand, status, diag) : HELIX_OK;
}

void hload_adapt_interface(struct hload_errand *errand, uint64_t function)
{
	errand->hook = function;
	errand->call = call_message;
	errand->finish = collect;
}
