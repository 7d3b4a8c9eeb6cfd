/* SPDX-License-Identifier: MIT
 *
 * Messages: a block that shows its public fields, and whose it is. See payload.h
 * and <helix/module_v1.h>.
 */
#include "loader/payload.h"

struct message {
	struct helix_message shown; /* first: what modules are given */
	struct hload_owned owned;
	struct hload_system *system;
};

static struct message *message_of(const struct helix_message *shown)
{
	return (struct message *)(uintptr_t)shown;
}

/* ---- inside the loader ----------------------------------------------------------------- */

struct helix_message *hload_message_new(struct hload_system *system, enum helix_message_type type,
					uint32_t custom, struct helix_payload *payload)
{
	struct message *message = hload_lock_alloc(system, sizeof *message);

	if (!message) {
		hload_payload_lock_destroy(payload);
		return NULL;
	}
	memset(message, 0, sizeof *message);
	message->system = system;
	message->shown.type = type;
	message->shown.custom = type == HELIX_MESSAGE_CUSTOM ? custom : 0;
	message->shown.payload = payload;
	return &message->shown;
}

struct helix_message *hload_message_copy(struct hload_system *system,
					 const struct helix_message *message)
{
	struct helix_payload *payload = NULL;
	struct helix_message *copy;

	if (message->payload) {
		payload = hload_payload_copy(system, message->payload);
		if (!payload)
			return NULL;
	}
	copy = hload_message_new(system, message->type, message->custom, payload);
	if (!copy)
		return NULL;
	copy->source = message->source;
	copy->target = message->target;
	copy->id = message->id;
	copy->is_response = message->is_response;
	return copy;
}

struct helix_message *hload_message_answer(struct hload_system *system,
					   const struct helix_message *to,
					   enum helix_message_type type,
					   struct helix_payload *payload)
{
	struct helix_message *answer = hload_message_new(system, type, to->custom, payload);

	if (!answer)
		return NULL;
	answer->source = to->target;
	answer->target = to->source;
	answer->id = to->id;
	answer->is_response = true;
	return answer;
}

void hload_message_send(struct helix_message *message, uint64_t source, uint64_t target)
{
	message->source = source;
	message->target = target;
	message->is_response = false;
	message->id = __atomic_add_fetch(&message_of(message)->system->last_message, 1,
					 __ATOMIC_RELAXED);
}

void hload_message_forget(struct hload_system *system, struct hload_owned *owned)
{
	hload_disown(owned);
	hload_free(system, (uint8_t *)owned - offsetof(struct message, owned),
		   sizeof(struct message));
}

/* A payload that somebody put into the field and that is not the owner's stays: part
 * of another, or of a message that was only lent. */
void hload_message_destroy(struct helix_message *shown)
{
	struct message *message = message_of(shown);
	const struct hload_owned *owned;

	if (!message)
		return;
	owned = shown->payload ? hload_payload_owned(shown->payload) : NULL;
	if (owned && !owned->link == !message->owned.link)
		hload_payload_destroy(shown->payload);
	hload_message_forget(message->system, &message->owned);
}

void hload_message_lock_destroy(struct helix_message *shown)
{
	struct hload_system *system;

	if (!shown)
		return;
	system = message_of(shown)->system;
	hload_lock(system);
	hload_message_destroy(shown);
	hload_unlock(system);
}

void hload_message_give(struct helix_message *shown, struct hload_owned **list)
{
	struct message *message = message_of(shown);

	hload_lock(message->system);
	hload_own(list, &message->owned, true);
	if (shown->payload)
		hload_own(list, hload_payload_owned(shown->payload), false);
	hload_unlock(message->system);
}

bool hload_message_is_owned(const struct helix_message *shown)
{
	return message_of(shown)->owned.link;
}

static void add(char name[HLOAD_MESSAGE_NAME], const char *more)
{
	size_t at = hload_length(name);

	memcpy(name + at, more, hload_length(more) + 1);
}

const char *hload_message_name(const struct helix_message *message, char name[HLOAD_MESSAGE_NAME])
{
	static const char *const names[] = { "request", "notify", "query",
					     "control", "error",  "custom(" };
	uint32_t rest = message->custom;
	char digits[11];
	size_t at = sizeof digits;

	if ((unsigned)message->type > HELIX_MESSAGE_CUSTOM)
		return NULL;
	name[0] = 0;
	add(name, names[message->type]);
	if (message->type != HELIX_MESSAGE_CUSTOM)
		return name;
	digits[--at] = 0;
	do
		digits[--at] = (char)('0' + rest % 10);
	while (rest /= 10);
	add(name, digits + at);
	add(name, ")");
	return name;
}

/* ---- the module API ------------------------------------------------------------------------ */

static bool is_type(enum helix_message_type type)
{
	return (unsigned)type <= HELIX_MESSAGE_CUSTOM;
}

/* What is taken over is not the caller's any more, whatever happens then. */
static struct helix_message *make(enum helix_message_type type, uint32_t custom,
				  struct helix_payload *payload,
				  const struct helix_message *to)
{
	struct hload_system *system = hload_api_system;
	struct helix_message *message;

	if (!system)
		return NULL;
	if (payload) {
		payload = hload_payload_take(payload);
		if (!payload)
			return NULL;
	}
	if (!is_type(type)) {
		hload_payload_lock_destroy(payload);
		return NULL;
	}
	message = to ? hload_message_answer(system, to, type, payload) :
		       hload_message_new(system, type, custom, payload);
	if (message)
		hload_message_give(message, hload_owner(system));
	return message;
}

struct helix_message *helix_message_new(enum helix_message_type type, uint32_t custom,
					struct helix_payload *payload)
{
	return make(type, custom, payload, NULL);
}

struct helix_message *helix_message_response(const struct helix_message *message,
					     enum helix_message_type type,
					     struct helix_payload *payload)
{
	return make(type, 0, payload, message);
}

void helix_message_free(struct helix_message *message)
{
	if (!message)
		return;
	if (hload_message_is_owned(message))
		hload_message_lock_destroy(message);
	else
		hload_log(message_of(message)->system, HELIX_LOG_ERROR,
			  "a message is freed by who does not own it");
}
