/* SPDX-License-Identifier: MIT
 *
 * Errands: see errand.h. Deadlines and depths are those of the frames the asker is
 * in; they go with the errand to whatever thread it runs on.
 */
#include "loader/errand.h"
#include "loader/gate.h"
#include "loader/payload.h"

/* ---- making ------------------------------------------------------------------------------ */

/* The modules whose requests led here, the innermost first; a base stands for
 * those on the threads of askers that wait. */
static void add_chain(struct hload_text *text, const struct hload_frame *frame)
{
	for (; frame; frame = frame->outer) {
		hload_text_add(text, frame->module ? " ← " : frame->what);
		hload_text_add(text, frame->module ? frame->module->meta.name : "");
	}
}

static void write_chain(struct hload_text *text, const struct hload_module *target)
{
	hload_text_add(text, target->meta.name);
	add_chain(text, hload_frame_current(target->system));
}

static enum helix_status check(struct hload_module *target, struct hmod_diag *diag)
{
	const struct hload_frame *outer = hload_frame_current(target->system);

	if (target->state == HLOAD_REGISTERED)
		return hload_fail_module(diag, HELIX_E_NOT_LOADED, HMOD_STAGE_REQUEST, target);
	if (target->state != HLOAD_RUNNING) {
		hload_fail_module(diag, HELIX_E_WRONG_STATE, HMOD_STAGE_REQUEST, target);
		hmod_diag_other(diag, hload_state_name(target->state), SIZE_MAX);
		return HELIX_E_WRONG_STATE;
	}
	if (!outer || outer->depth < HELIX_REQUEST_DEPTH)
		return HELIX_OK;
	hmod_fail(diag, HELIX_E_TOO_DEEP, HMOD_STAGE_REQUEST, HMOD_NOWHERE);
	hmod_diag_numbers(diag, HELIX_REQUEST_DEPTH, 0);
	hload_diag_list(target->system, diag, write_chain, target);
	return HELIX_E_TOO_DEEP;
}

enum helix_status hload_errand_open(struct hload_module *target, size_t room,
				    struct hload_errand **errand, struct hmod_diag *diag)
{
	const struct hload_frame *outer = hload_frame_current(target->system);
	enum helix_status status = hload_gate_pass(&target, outer ? outer->deadline : 0, diag);
	struct hload_text chain = { NULL, 0 };
	struct hload_errand *fresh;
	size_t size;

	if (status || (status = check(target, diag)))
		return status;
	add_chain(&chain, outer);
	size = sizeof *fresh + room + chain.length + 1;
	fresh = hload_alloc(target->system, size);
	if (!fresh)
		return hload_fail_memory(diag, HMOD_STAGE_REQUEST, size, "a request");
	memset(fresh, 0, sizeof *fresh);
	fresh->system = fresh->response.system = target->system;
	fresh->target = target;
	fresh->size = size;
	fresh->chain = chain.text = (char *)fresh->room + room;
	chain.text[chain.length] = 0;
	chain.length = 0;
	add_chain(&chain, outer);
	fresh->passes = hload_gate_insider(target->system);
	fresh->holders = 1;
	fresh->depth = outer ? outer->depth + 1 : 1;
	fresh->deadline = outer ? outer->deadline : 0;
	hload_pin(target);
	*errand = fresh;
	return HELIX_OK;
}

void hload_errand_limit(struct hload_errand *errand, uint64_t nanoseconds)
{
	const uint64_t now = hload_now(errand->system);
	const uint64_t limit = nanoseconds < UINT64_MAX - now ? now + nanoseconds : UINT64_MAX;

	if (nanoseconds && (!errand->deadline || limit < errand->deadline))
		errand->deadline = limit;
}

static void let_go(struct hload_errand *errand)
{
	struct hload_system *system = errand->system;

	if (__atomic_sub_fetch(&errand->holders, 1, __ATOMIC_ACQ_REL))
		return;
	hload_response_clear(&errand->response);
	hload_lock(system);
	hload_message_destroy(errand->message);
	hload_message_destroy(errand->answer);
	if (errand->text)
		hload_free(system, errand->text, errand->text_size + 1);
	hload_unpin(errand->target);
	hload_free(system, errand, errand->size);
	hload_unlock(system);
}

void hload_errand_close(struct hload_errand *errand)
{
	if (errand)
		let_go(errand);
}

/* ---- running ----------------------------------------------------------------------------- */

/* On whatever thread: the base carries what the asker's frames say. */
static void handle(void *argument)
{
	struct hload_errand *errand = argument;
	struct hload_frame base, frame;

	hload_frame_push(errand->system, &base);
	base.module = NULL;
	base.what = base.outer ? "" : errand->chain;
	base.deadline = errand->deadline;
	base.depth = errand->depth;
	base.passes = errand->passes;
	errand->result = hload_call(errand->target, &frame, errand->what, errand->call, errand);
	hload_frame_pop(&base);
	if (errand->result)
		memcpy(errand->said, frame.text, sizeof frame.text);
	if (errand->finish)
		errand->failure = errand->finish(errand);
}

static void handle_aside(void *argument)
{
	handle(argument);
	let_go(argument);
}

static bool in_time(const struct hload_errand *errand)
{
	return !errand->deadline || hload_now(errand->system) <= errand->deadline;
}

/* True when the handler has ended, and not too late; it does not begin too late. */
static bool run(struct hload_errand *errand)
{
	const struct hload_host *host = errand->system->outer;
	const uint64_t now = hload_now(errand->system);
	bool started = false, ended;

	if (errand->deadline && now >= errand->deadline)
		return false;
	if (!errand->deadline || !host->run_within) {
		handle(errand);
		return in_time(errand);
	}
	__atomic_add_fetch(&errand->holders, 1, __ATOMIC_RELAXED);
	ended = host->run_within(host->ctx, errand->deadline - now, handle_aside, errand, &started);
	if (started)
		return ended;
	__atomic_sub_fetch(&errand->holders, 1, __ATOMIC_RELAXED);
	handle(errand);
	return in_time(errand);
}

/* The handler said no, or its answer could not be brought back. */
static enum helix_status fail(const struct hload_errand *errand, struct hmod_diag *diag)
{
	if (errand->result) {
		hload_fail_module(diag, HELIX_E_REQUEST, HMOD_STAGE_REQUEST, errand->target);
		hload_diag_detail(diag, errand->said);
		hmod_diag_numbers(diag, 0, (uint64_t)(int64_t)errand->result);
		return HELIX_E_REQUEST;
	}
	if (errand->failure == HELIX_E_NO_MEMORY)
		return hload_fail_memory(diag, HMOD_STAGE_REQUEST, errand->size, "an answer");
	hload_fail_module(diag, errand->failure, HMOD_STAGE_REQUEST, errand->target);
	if (errand->failure == HELIX_E_TOO_LARGE) {
		hmod_diag_name(diag, "an answer", SIZE_MAX);
		hmod_diag_numbers(diag, HELIX_PAYLOAD_MAX, errand->text_size);
	}
	return errand->failure;
}

enum helix_status hload_errand_run(struct hload_errand *errand, struct hmod_diag *diag)
{
	if (!run(errand))
		return hload_fail_module(diag, HELIX_E_DEADLINE, HMOD_STAGE_REQUEST,
					 errand->target);
	return errand->result || errand->failure ? fail(errand, diag) : HELIX_OK;
}
