/* SPDX-License-Identifier: MIT
 *
 * Requests. The asker waits; the handler runs on his thread, or, when there is a
 * deadline and the host can, on another one that is left behind once it is late.
 * What both sides look at then is one block that the last of them frees.
 */
#include "loader/gate.h"

#include "helix/module.h"

struct helix_response {
	struct hload_system *system;
	uint8_t *payload; /* with a NUL behind it */
	size_t size;
	char *error;
};

/* One request on its way. Names are copied into it: the asker may be gone. */
struct work {
	struct hload_system *system;
	struct hload_module *target;
	struct hload_frame *outer; /* the asker's, while he waits */
	struct helix_request request;
	struct helix_response response;
	uint64_t deadline;
	uint32_t depth;
	int result;
	char text[HLOAD_FAIL_TEXT];
	uint32_t holders; /* atomic: asker and worker */
	size_t size; /* of this block, the copies included */
};

/* ---- answering: called by handlers -------------------------------------------------- */

static void clear(struct helix_response *response)
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
	clear(response);
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
	clear(response);
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
	clear(response);
	response->error = text;
	return HELIX_OK;
}

/* ---- on the way ---------------------------------------------------------------------- */

static int call_request(void *argument)
{
	struct work *work = argument;
	const uint64_t hook = work->target->object.hook[HMOD_HOOK_REQUEST];

	if (!hook)
		return helix_respond_error(&work->response, "Not implemented");
	return ((int (*)(const struct helix_request *, struct helix_response *))(uintptr_t)hook)(
		&work->request, &work->response);
}

static void let_go(struct work *work)
{
	struct hload_system *system = work->system;

	if (__atomic_sub_fetch(&work->holders, 1, __ATOMIC_ACQ_REL))
		return;
	clear(&work->response);
	hload_lock_free(system, work, work->size);
}

/* On whatever thread: the frame carries what the asker's frames say. */
static void handle(void *argument)
{
	struct work *work = argument;
	struct hload_frame base, frame;
	size_t i = 0;

	hload_frame_push(work->system, &base);
	base.module = NULL;
	base.what = "request";
	base.deadline = work->deadline;
	base.depth = work->depth;
	work->result = hload_call(work->target, &frame, work->request.type, call_request, work);
	hload_frame_pop(&base);
	for (; frame.text[i] && work->result < 0; i++)
		work->text[i] = frame.text[i];
	work->text[i] = 0;
	hload_lock(work->system);
	hload_unpin(work->target);
	hload_unlock(work->system);
}

static void handle_aside(void *argument)
{
	handle(argument);
	let_go(argument);
}

/* ---- asking ------------------------------------------------------------------------- */

/* The modules whose requests led here, the innermost first. */
static void write_chain(struct hload_text *text, const struct hload_module *target)
{
	const struct hload_frame *frame = hload_frame_current(target->system);

	hload_text_add(text, target->meta.name);
	for (; frame; frame = frame->outer) {
		if (!frame->module)
			continue;
		hload_text_add(text, " ← ");
		hload_text_add(text, frame->module->meta.name);
	}
}

static enum helix_status too_deep(struct hload_system *system, struct hload_module *target,
				  struct hmod_diag *diag)
{
	hmod_fail(diag, HELIX_E_TOO_DEEP, HMOD_STAGE_REQUEST, HMOD_NOWHERE);
	hmod_diag_numbers(diag, HELIX_REQUEST_DEPTH, 0);
	hload_diag_list(system, diag, write_chain, target);
	return HELIX_E_TOO_DEEP;
}

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

/* Until when the asker will wait; 0: for ever. */
static uint64_t limit_of(const struct hload_system *system, const struct hload_asking *asking)
{
	const struct hload_frame *outer = hload_frame_current(system);
	const uint64_t now = hload_now(system), limit = outer ? outer->deadline : 0;

	if (!asking->nanoseconds || asking->nanoseconds > UINT64_MAX - now)
		return limit;
	return limit && limit < now + asking->nanoseconds ? limit : now + asking->nanoseconds;
}

/* The target, pinned; while it is being replaced, whoever it will be. The lock is
 * held, and given up while waiting. */
static enum helix_status find(struct hload_system *system, const struct hload_asking *asking,
			      struct hload_module **target, struct hmod_diag *diag)
{
	const char *name = asking->target;
	struct hload_module *module = hload_find_locked(system, name);
	enum helix_status status;

	if (!module) {
		hmod_fail(diag, HELIX_E_NOT_FOUND, HMOD_STAGE_REQUEST, HMOD_NOWHERE);
		hmod_diag_name(diag, name, SIZE_MAX);
		return HELIX_E_NOT_FOUND;
	}
	status = hload_gate_pass(&module, limit_of(system, asking), diag);
	if (status)
		return status;
	if (module->state == HLOAD_REGISTERED)
		return hload_fail_module(diag, HELIX_E_NOT_LOADED, HMOD_STAGE_REQUEST, module);
	if (module->state != HLOAD_RUNNING) {
		hload_fail_module(diag, HELIX_E_WRONG_STATE, HMOD_STAGE_REQUEST, module);
		hmod_diag_other(diag, hload_state_name(module->state), SIZE_MAX);
		return HELIX_E_WRONG_STATE;
	}
	hload_pin(module);
	*target = module;
	return HELIX_OK;
}

static char *copy(char **at, const void *bytes, size_t size)
{
	char *to = *at;

	if (size)
		memcpy(to, bytes, size);
	to[size] = 0;
	*at += size + 1;
	return to;
}

static struct work *new_work(struct hload_system *system, struct hload_module *target,
			     const struct hload_asking *asking)
{
	const struct hload_frame *outer = hload_frame_current(system);
	size_t source = hload_length(asking->source), type = hload_length(asking->type);
	size_t size = sizeof(struct work) + source + type + asking->size + 3;
	struct work *work = hload_lock_alloc(system, size);
	uint64_t limit = asking->nanoseconds ? hload_now(system) + asking->nanoseconds : 0;
	char *at = (char *)(work + 1);

	if (!work)
		return NULL;
	memset(work, 0, sizeof *work);
	work->system = work->response.system = system;
	work->target = target;
	work->size = size;
	work->holders = 1;
	work->depth = outer ? outer->depth + 1 : 1;
	work->deadline = outer ? outer->deadline : 0;
	if (limit && (!work->deadline || limit < work->deadline))
		work->deadline = limit;
	work->request.source = copy(&at, asking->source, source);
	work->request.type = copy(&at, asking->type, type);
	work->request.payload = asking->size ? copy(&at, asking->payload, asking->size) : NULL;
	work->request.size = asking->size;
	return work;
}

/* True when the handler has ended. */
static bool run(struct work *work)
{
	const struct hload_host *host = work->system->outer;
	bool started, ended;
	uint64_t now;

	if (!work->deadline || !host->run_within) {
		handle(work);
		return !work->deadline || hload_now(work->system) <= work->deadline;
	}
	now = hload_now(work->system);
	__atomic_add_fetch(&work->holders, 1, __ATOMIC_RELAXED);
	ended = host->run_within(host->ctx, work->deadline > now ? work->deadline - now : 0,
				 handle_aside, work, &started);
	if (started)
		return ended;
	__atomic_sub_fetch(&work->holders, 1, __ATOMIC_RELAXED);
	handle(work);
	return hload_now(work->system) <= work->deadline;
}

static enum helix_status fail(const struct work *work, bool in_time, struct hmod_diag *diag)
{
	enum helix_status status = in_time ? HELIX_E_REQUEST : HELIX_E_DEADLINE;

	hload_fail_module(diag, status, HMOD_STAGE_REQUEST, work->target);
	if (!in_time)
		return status;
	hload_diag_detail(diag, work->text);
	hmod_diag_numbers(diag, 0, (uint64_t)(int64_t)work->result);
	return status;
}

static enum helix_status answer(struct work *work, struct helix_reply *reply)
{
	struct helix_response *response = &work->response;

	reply->success = !response->error;
	reply->payload = response->payload;
	reply->size = response->size;
	reply->error = response->error;
	response->payload = NULL;
	response->error = NULL;
	return HELIX_OK;
}

enum helix_status hload_request(struct hload_system *system, const struct hload_asking *asking,
				struct helix_reply *reply, struct hmod_diag *diag)
{
	const struct hload_frame *outer = hload_frame_current(system);
	struct hload_module *target = NULL;
	enum helix_status status = check(asking, diag);
	struct work *work;
	bool in_time;

	memset(reply, 0, sizeof *reply);
	if (status)
		return status;
	hload_lock(system);
	status = find(system, asking, &target, diag);
	if (!status && outer && outer->depth >= HELIX_REQUEST_DEPTH)
		status = too_deep(system, target, diag);
	if (status && target)
		hload_unpin(target);
	hload_unlock(system);
	if (status)
		return status;
	work = new_work(system, target, asking);
	if (!work) {
		hload_lock(system);
		hload_unpin(target);
		hload_unlock(system);
		return hload_fail_memory(diag, HMOD_STAGE_REQUEST,
					 sizeof *work + asking->size, "a request");
	}
	in_time = run(work);
	status = !in_time || work->result ? fail(work, in_time, diag) : answer(work, reply);
	let_go(work);
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
	struct hload_asking asking = { ctx->module->meta.name, target, type, payload, size,
				       nanoseconds };

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
