/* SPDX-License-Identifier: MIT
 *
 * What a v1 module's context offers: see <helix/module_v1.h>.
 */
#include "loader/errand.h"
#include "loader/gate.h"
#include "loader/interface.h"
#include "loader/payload.h"

uint64_t helix_v1_id(const struct helix_v1_context *ctx)
{
	return ctx->module->id;
}

const struct helix_context *helix_v1_context(const struct helix_v1_context *ctx)
{
	return &ctx->module->context;
}

const char *helix_v1_config(const struct helix_v1_context *ctx, const char *key)
{
	return helix_config(&ctx->module->context, key);
}

static bool wants(const struct hload_edge *edge, const char *name, size_t length)
{
	const char *wanted = hmod_meta_string(&edge->from->meta, edge->wanted->name);

	return hload_length(wanted) == length && !memcmp(wanted, name, length);
}

uint64_t helix_v1_get_dependency(const struct helix_v1_context *ctx, const char *name)
{
	const struct hload_module *module = ctx->module;
	char normal[HELIX_NAME_MAX + 1];
	uint64_t id = 0;

	if (hmod_name_normalise(name, hload_length(name), true, normal))
		return 0;
	hload_lock(module->system);
	for (uint32_t i = 0; i < module->edge_count && !id; i++) {
		const struct hload_edge *edge = &module->edges[i];

		if (wants(edge, normal, hload_length(normal)) && edge->to &&
		    edge->to->state == HLOAD_RUNNING && !hload_edge_check(edge, NULL))
			id = edge->to->id;
	}
	hload_unlock(module->system);
	return id;
}

/* ---- sending ------------------------------------------------------------------------------- */

/* Only a message of one's own is taken over and sent, and answers are returned. */
static int check(const struct helix_message *message)
{
	if (!message)
		return HELIX_E_NO_MEMORY;
	if (!hload_message_is_owned(message) || message->is_response ||
	    (unsigned)message->type > HELIX_MESSAGE_CUSTOM)
		return HELIX_E_INVALID;
	return HELIX_OK;
}

static void discard(struct helix_message *message)
{
	if (message && hload_message_is_owned(message))
		hload_message_lock_destroy(message);
}

/* Fills the room: the name of the message's type, the sender's. */
static enum helix_status fill(struct hload_errand *errand, const struct hload_module *from,
			      const struct helix_message *message, struct hmod_diag *diag)
{
	char *type = (char *)errand->room, *source = type + HLOAD_MESSAGE_NAME;

	errand->message = hload_message_copy(errand->system, message);
	if (!errand->message)
		return hload_fail_memory(diag, HMOD_STAGE_REQUEST, errand->size, "a message");
	hload_message_send(errand->message, from->id, errand->target->id);
	memcpy(source, from->meta.name, from->meta.name_length + 1);
	errand->request.source = source;
	errand->what = hload_message_name(message, type);
	return HELIX_OK;
}

static size_t room(const struct hload_module *from)
{
	return HLOAD_MESSAGE_NAME + from->meta.name_length + 1;
}

/* Brings `message` where the errand leads: to the target's own handler, or to
 * `function` of an interface. */
static enum helix_status carry(struct hload_errand *errand, struct hload_module *from,
			       const struct helix_message *message, uint64_t function,
			       struct hmod_diag *diag)
{
	enum helix_status status = fill(errand, from, message, diag);

	if (!status && !function)
		status = hload_adapt_message(errand, diag);
	else if (!status)
		hload_adapt_interface(errand, function);
	return status ? status : hload_errand_run(errand, diag);
}

static void hand_over(struct hload_errand *errand, struct hload_module *to,
		      struct helix_message **answer)
{
	if (!answer || !errand->answer)
		return;
	hload_message_give(errand->answer, &to->owned);
	*answer = errand->answer;
	errand->answer = NULL;
}

/* As helix_request says it: a handler's own failure is told as it is. */
static int result_of(struct hload_system *system, enum helix_status status, struct hmod_diag *diag)
{
	if (status)
		hload_diag_free(system, diag);
	return status == HELIX_E_REQUEST ? (int)(int64_t)diag->found : status;
}

static enum helix_status open_module(struct hload_system *system, uint64_t id, size_t more,
				     struct hload_errand **errand)
{
	struct hload_module *target;
	enum helix_status status = HELIX_E_NOT_FOUND;
	struct hmod_diag diag;

	hload_lock(system);
	target = hload_find_id_locked(system, id);
	if (target)
		status = hload_errand_open(target, more, errand, &diag);
	if (target && status)
		hload_diag_free_locked(system, &diag);
	hload_unlock(system);
	return status;
}

int helix_v1_send_message(const struct helix_v1_context *ctx, uint64_t target,
			  struct helix_message *message, struct helix_message **answer)
{
	struct hload_module *from = ctx->module;
	struct hload_errand *errand = NULL;
	int status = check(message);
	struct hmod_diag diag;

	if (answer)
		*answer = NULL;
	if (!status)
		status = open_module(from->system, target, room(from), &errand);
	if (errand)
		status = result_of(from->system, carry(errand, from, message, 0, &diag), &diag);
	if (errand && !status)
		hand_over(errand, from, answer);
	hload_errand_close(errand);
	discard(message);
	return status;
}

/* The interface once nobody replaces its primary; *status changes when that cannot be
 * waited for. */
static const struct hload_interface *open_to(struct hload_system *system, const char *name,
					     enum helix_status *status)
{
	const struct hload_frame *outer = hload_frame_current(system);
	const struct hload_interface *interface = hload_interface_find(system, name, false);

	while (interface && interface->implementors &&
	       hload_gate_stops(interface->implementors->module)) {
		struct hload_module *primary = interface->implementors->module;
		enum helix_status passed =
			hload_gate_pass(&primary, outer ? outer->deadline : 0, NULL);

		if (passed) {
			*status = passed;
			return NULL;
		}
		interface = hload_interface_find(system, name, false);
	}
	return interface;
}

/* The primary of an interface and its function for messages. */
static enum helix_status open_interface(struct hload_system *system, const char *name, size_t more,
					struct hload_errand **errand, uint64_t *function)
{
	const struct hload_interface *interface;
	enum helix_status status = HELIX_E_NOT_FOUND;
	struct hmod_diag diag = { .list = NULL };

	hload_lock(system);
	interface = open_to(system, name, &status);
	if (interface && interface->implementors && status == HELIX_E_NOT_FOUND) {
		*function = interface->implementors->message;
		status = HELIX_E_NOT_SUPPORTED;
		if (*function)
			status = hload_errand_open(interface->implementors->module, more, errand,
						   &diag);
		hload_diag_free_locked(system, &diag);
	}
	hload_unlock(system);
	return status;
}

int helix_v1_send_to_interface(const struct helix_v1_context *ctx, const char *interface,
			       struct helix_message *message, struct helix_message **answer)
{
	struct hload_module *from = ctx->module;
	struct hload_errand *errand = NULL;
	int status = check(message);
	struct hmod_diag diag;
	uint64_t function = 0;

	if (answer)
		*answer = NULL;
	if (!status)
		status = open_interface(from->system, interface, room(from), &errand, &function);
	if (errand)
		status = result_of(from->system, carry(errand, from, message, function, &diag),
				   &diag);
	if (errand && !status)
		hand_over(errand, from, answer);
	hload_errand_close(errand);
	discard(message);
	return status;
}
