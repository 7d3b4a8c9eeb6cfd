/* SPDX-License-Identifier: MIT
 *
 * Payloads and messages of the v1 API inside the loader. Each belongs to one: to
 * a module, in whose list it stands until it is freed, put into another or sent;
 * to the payload it is in; or to the loader, on the way from one to the other.
 */
#ifndef LOADER_PAYLOAD_H
#define LOADER_PAYLOAD_H

#include "loader/call.h"

#include "helix/module_v1.h"

struct hload_owned {
	struct hload_owned *next, **link; /* link: what points here; NULL: in no list */
	bool is_message;
};

/* The list of whoever the calling thread works for: its innermost module's, else
 * the embedder's. */
struct hload_owned **hload_owner(struct hload_system *system);
/* Into a list and out of it (nothing when it is in none); the lock is held. */
void hload_own(struct hload_owned **list, struct hload_owned *owned, bool is_message);
void hload_disown(struct hload_owned *owned);
/* Frees all that a list holds; how many that were. The lock is held. */
uint64_t hload_owned_free(struct hload_system *system, struct hload_owned **list);

/* What an entry of a map or a list counts beside its name and its value. */
#define HLOAD_PAYLOAD_ENTRY 64

/* ---- payloads: payload.c ---------------------------------------------------------- */

/* As the functions of the API, but what they make is in no list. NULL: no memory,
 * too large, or a text that is not UTF-8. The lock is not held. */
struct helix_payload *hload_payload_new(struct hload_system *system,
					enum helix_payload_kind kind, const void *bytes,
					size_t size);
struct helix_payload *hload_payload_copy(struct hload_system *system,
					 const struct helix_payload *payload);
/* Puts a `value` that is in no list; frees it on failure. */
int hload_payload_put(struct helix_payload *into, const char *name, struct helix_payload *value);
/* Frees the tree, in a list or not; NULL is allowed. The lock is held. */
void hload_payload_destroy(struct helix_payload *payload);
void hload_payload_lock_destroy(struct helix_payload *payload);
/* What is the caller's own is returned, out of its list; of anything else a copy
 * (NULL without memory). */
struct helix_payload *hload_payload_take(struct helix_payload *payload);
/* The list entry of a payload that is not inside another; NULL of one that is. */
struct hload_owned *hload_payload_owned(struct helix_payload *payload);

/* ---- as text: payload_text.c ------------------------------------------------------- */

/* Whether it is UTF-8 (without a NUL); and without control characters other than
 * tab and line ends. */
bool hload_utf8(const char *text, size_t size);
bool hload_printable(const char *text, size_t size);
/* Adds the canonical form: JSON without blanks. Empty is null, bytes are "0x0a1b",
 * a text that begins with 0x has \u0030 for the 0, so that two payloads have one
 * text only if they are alike. */
void hload_payload_write(struct hload_text *text, const struct helix_payload *payload);
/* The same on a block of its own, with a NUL behind it: *size + 1 bytes, to be freed with
 * hload_lock_free. NULL without memory. */
char *hload_payload_format(struct hload_system *system, const struct helix_payload *payload,
			   size_t *size);

/* ---- messages: message.c ------------------------------------------------------------ */

/* A message in no list; takes over a payload that is in none (NULL: empty; freed
 * on failure). NULL without memory. */
struct helix_message *hload_message_new(struct hload_system *system, enum helix_message_type type,
					uint32_t custom, struct helix_payload *payload);
struct helix_message *hload_message_copy(struct hload_system *system,
					 const struct helix_message *message);
/* An answer with id and direction of what it answers; as hload_message_new. */
struct helix_message *hload_message_answer(struct hload_system *system,
					   const struct helix_message *to,
					   enum helix_message_type type,
					   struct helix_payload *payload);
/* Gives it its id and its direction, when it is on its way. */
void hload_message_send(struct helix_message *message, uint64_t source, uint64_t target);
/* Frees it and its payload, if that is its own; NULL is allowed. The lock is held. */
void hload_message_destroy(struct helix_message *message);
void hload_message_lock_destroy(struct helix_message *message);
/* Frees the block that holds this entry and leaves the payload alone. The lock is held. */
void hload_message_forget(struct hload_system *system, struct hload_owned *owned);
/* Into the list `list`, its payload too. The lock is not held. */
void hload_message_give(struct helix_message *message, struct hload_owned **list);
/* Whether it stands in somebody's list. */
bool hload_message_is_owned(const struct helix_message *message);
#define HLOAD_MESSAGE_NAME 24 /* "custom(4294967295)" and NUL */
/* "request" … "custom(7)"; NULL of an unknown type. */
const char *hload_message_name(const struct helix_message *message, char name[HLOAD_MESSAGE_NAME]);

#endif
