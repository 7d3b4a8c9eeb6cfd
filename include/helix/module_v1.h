/* SPDX-License-Identifier: MIT
 *
 * The v1 API: modules that talk in messages. It works beside the v2 API
 * (<helix/module.h>): a v1 and a v2 module reach each other both ways, through
 * one adapter. New modules use v2.
 */
#ifndef HELIX_MODULE_V1_H
#define HELIX_MODULE_V1_H

#include <helix/module.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- declaration ---------------------------------------------------------- */

#define HELIX_AUTHORS(...) HELIX_STRING_LIST_(__VA_ARGS__)

/* Declares the module: designated initialisers of struct helix_module_v1_record
 * (<helix/record.h>). Required: .name, .init, .start, .stop. One a module, and
 * no HELIX_MODULE beside it. */
#define HELIX_MODULE_V1(...)                                                   \
	HELIX_STRICT_BEGIN_                                                    \
	static const struct helix_module_v1_record helix_module_record_        \
		HELIX_SECTION_(".hmod.module") = {                             \
			.magic = HELIX_RECORD_MAGIC,                           \
			.format = HELIX_RECORD_FORMAT_V1,                      \
			.size = sizeof(struct helix_module_v1_record),         \
			.abi_major = HELIX_ABI_MAJOR,                          \
			.abi_minor = HELIX_ABI_MINOR,                          \
			__VA_ARGS__                                            \
		};                                                             \
	HELIX_STRICT_END_                                                      \
	HELIX_MODULE_V1_CHECK_

/* ---- payloads ---------------------------------------------------------------- */

#define HELIX_PAYLOAD_DEPTH 8 /* maps and lists inside each other */

enum helix_payload_kind {
	HELIX_PAYLOAD_EMPTY,
	HELIX_PAYLOAD_BYTES,
	HELIX_PAYLOAD_TEXT,
	HELIX_PAYLOAD_INTEGER,
	HELIX_PAYLOAD_BOOLEAN,
	HELIX_PAYLOAD_MAP, /* name → payload; names in the order they were put, each once */
	HELIX_PAYLOAD_LIST,
};

/* A tree; a node has one owner. Functions that take a payload over free it when
 * they fail; of one that is not the caller's own (inside another, or in a message
 * that it was given) they take a copy. What a module still has when it is unloaded
 * is reported and taken back. One thread at a time uses a payload. All are thread
 * context. */
struct helix_payload;

/* NULL when there is no memory, when `size` or the text is longer than
 * HELIX_PAYLOAD_MAX, or the text is not UTF-8. */
struct helix_payload *helix_payload_empty(void);
struct helix_payload *helix_payload_bytes(const void *bytes, size_t size);
struct helix_payload *helix_payload_text(const char *text);
struct helix_payload *helix_payload_integer(int64_t value);
struct helix_payload *helix_payload_boolean(bool value);
struct helix_payload *helix_payload_map(void);
struct helix_payload *helix_payload_list(void);
/* Put `value` (taken over) into a map or at the end of a list; either may be NULL:
 * HELIX_E_NO_MEMORY, so that calls nest. 0, HELIX_E_INVALID (not that kind; a name
 * that is not 1 to 63 bytes of printable UTF-8; a tree into itself, which is left
 * alone), HELIX_E_ALREADY_EXISTS (the name is there), HELIX_E_TOO_DEEP,
 * HELIX_E_TOO_LARGE: a tree counts its bytes, texts and names, and 64 for each
 * entry, up to HELIX_PAYLOAD_MAX. */
int helix_payload_put(struct helix_payload *map, const char *name, struct helix_payload *value);
int helix_payload_append(struct helix_payload *list, struct helix_payload *value);
void helix_payload_free(struct helix_payload *payload); /* NULL is allowed */
struct helix_payload *helix_payload_copy(const struct helix_payload *payload);

enum helix_payload_kind helix_payload_kind(const struct helix_payload *payload);
/* The value if it is of that kind, else NULL, 0 or false. */
const void *helix_payload_get_bytes(const struct helix_payload *payload, size_t *size);
const char *helix_payload_get_text(const struct helix_payload *payload);
int64_t helix_payload_get_integer(const struct helix_payload *payload);
bool helix_payload_get_boolean(const struct helix_payload *payload);
/* Entries of a map or a list; the i-th (its name in *name for a map, which may be
 * NULL); the one of that name. NULL when there is none. */
size_t helix_payload_count(const struct helix_payload *payload);
const struct helix_payload *helix_payload_at(const struct helix_payload *payload, size_t i,
					     const char **name);
const struct helix_payload *helix_payload_find(const struct helix_payload *map, const char *name);

/* ---- messages -------------------------------------------------------------- */

enum helix_message_type {
	HELIX_MESSAGE_REQUEST,
	HELIX_MESSAGE_NOTIFY, /* no answer is wanted; one is dropped */
	HELIX_MESSAGE_QUERY,
	HELIX_MESSAGE_CONTROL,
	HELIX_MESSAGE_ERROR,
	HELIX_MESSAGE_CUSTOM,
};

/* Made by the functions below. Fields may be read; `payload` may be replaced
 * until it is sent or returned. */
struct helix_message {
	uint64_t source, target; /* module ids; 0: the kernel or its shell */
	enum helix_message_type type;
	uint32_t custom; /* with HELIX_MESSAGE_CUSTOM: which */
	uint64_t id; /* from 1, never used twice; 0 until it is sent */
	bool is_response;
	struct helix_payload *payload; /* owned by the message; NULL is empty */
};

/* A message to be sent: takes the payload over (NULL: empty). NULL when there is
 * no memory, or no such type. */
struct helix_message *helix_message_new(enum helix_message_type type, uint32_t custom,
					struct helix_payload *payload);
/* The answer to `message`: same id, source and target swapped, is_response. What
 * handle_message returns is taken over; it gets these whatever it has (a message of
 * helix_message_new will do, or the one that came), unless it is a response to
 * another message: then the sender gets HELIX_E_MESSAGE. NULL is no answer. */
struct helix_message *helix_message_response(const struct helix_message *message,
					     enum helix_message_type type,
					     struct helix_payload *payload);
void helix_message_free(struct helix_message *message); /* NULL is allowed */

/* ---- context ------------------------------------------------------------------ */

uint64_t helix_v1_id(const struct helix_v1_context *ctx);
/* The id of a module that this one declares as a dependency; 0 when it does not
 * or when that module does not run. */
uint64_t helix_v1_get_dependency(const struct helix_v1_context *ctx, const char *name);
/* A parameter as text, NULL when neither set nor declared; the config map. */
const char *helix_v1_config(const struct helix_v1_context *ctx, const char *key);
/* Sends `message` (taken over, also on failure; NULL is HELIX_E_NO_MEMORY) and waits.
 * 0: *answer is what came back (free it; an error too is a message), or NULL when
 * nothing did, it was a notification, or `answer` was NULL. Otherwise as
 * helix_request, and HELIX_E_INVALID (a response, an unknown type), HELIX_E_MESSAGE.
 * The receiver is given a copy. A v2 module gets a request and its response is the
 * answer: doc/MODULES_V1.md says how. */
int helix_v1_send_message(const struct helix_v1_context *ctx, uint64_t target,
			  struct helix_message *message, struct helix_message **answer);
/* The same to an interface's primary: its function for messages is called.
 * HELIX_E_NOT_FOUND: nobody implements it; HELIX_E_NOT_SUPPORTED: the primary takes no
 * messages. */
int helix_v1_send_to_interface(const struct helix_v1_context *ctx, const char *interface,
			       struct helix_message *message, struct helix_message **answer);
/* What the v2 functions take: a v1 module may use them too. */
const struct helix_context *helix_v1_context(const struct helix_v1_context *ctx);

/* Declares a v1 interface: `message_` is a function as handle_message, called for
 * messages to the interface; `operations_` a struct as for HELIX_INTERFACE. */
#define HELIX_V1_INTERFACE(name_, major_, minor_, operations_, message_, ...)  \
	HELIX_V1_CHECK_MESSAGE_(message_);                                     \
	HELIX_INTERFACE_WITH(name_, major_, minor_, operations_,               \
			     .names = HELIX_OPERATIONS(__VA_ARGS__),           \
			     .message = (const void *)(message_))

#ifdef __cplusplus
#define HELIX_V1_CHECK_MESSAGE_(message_) static_assert(true, "")
#else
#define HELIX_V1_CHECK_MESSAGE_(message_)                                      \
	_Static_assert(__builtin_types_compatible_p(__typeof__(message_),      \
			       struct helix_message *(const struct helix_message *)), \
		       "HELIX_V1_INTERFACE: the function takes a const struct "    \
		       "helix_message * and returns a struct helix_message *")
#endif

#if defined(__OPTIMIZE__) && !defined(__cplusplus)
#define HELIX_MODULE_V1_CHECK_                                                 \
	static void __attribute__((used)) helix_module_check_(void)            \
	{                                                                      \
		const struct helix_module_v1_record *r = &helix_module_record_; \
		HELIX_RECORD_CHECK_(r)                                         \
	}                                                                      \
	struct helix_module_v1_record
#else
#define HELIX_MODULE_V1_CHECK_ struct helix_module_v1_record
#endif

#ifdef __cplusplus
}
#endif
#endif
