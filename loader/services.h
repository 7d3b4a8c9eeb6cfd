/* SPDX-License-Identifier: MIT
 *
 * What runs between modules once they are loaded, as the embedder sees it:
 * requests, events, interfaces, health. Functions take the loader's lock
 * themselves and are for threads, where not said otherwise; those that refuse
 * fill `diag` as in loader.h.
 */
#ifndef LOADER_SERVICES_H
#define LOADER_SERVICES_H

#include "helix/event.h"
#include "helix/request.h"
#include "loader/loader.h"

/* ---- requests ---------------------------------------------------------------- */

/* Asks `target` in the name of `source` ("shell"), within `nanoseconds` (0: no
 * deadline). HELIX_OK: *reply is the answer, an error answer too; free it with
 * hload_reply_free. */
struct hload_asking {
	const char *source, *target, *type;
	const void *payload;
	size_t size;
	uint64_t nanoseconds;
	uint64_t source_id; /* the asking module's; 0: it is none */
};
enum helix_status hload_request(struct hload_system *system, const struct hload_asking *asking,
				struct helix_reply *reply, struct hmod_diag *diag);
void hload_reply_free(struct hload_system *system, struct helix_reply *reply);

/* ---- events ------------------------------------------------------------------- */

#define HLOAD_EVENT_QUEUE 256 /* events that may wait; a power of two */

/* Since the system was made. */
struct hload_event_counts {
	uint64_t posted, delivered; /* events; calls of handle_event */
	uint64_t handled, ignored, errors; /* what the calls returned */
	uint64_t dropped; /* events that found the queue full */
};

/* Whether any running module wants such events: any context, no lock. */
bool hload_event_wanted(const struct hload_system *system, enum helix_event_kind kind);
/* Queues an event; ticks that wait are one event, which never finds the queue
 * full. All but custom ones (which are copied): any context, no lock.
 * HELIX_E_BUSY: dropped and counted; for a custom one also HELIX_E_INVALID,
 * HELIX_E_TOO_LARGE, HELIX_E_NO_MEMORY. */
enum helix_status hload_event_post(struct hload_system *system, const struct helix_event *event);
/* Delivers what is queued, one after another, in dependency order, until nothing
 * is left; how many. One thread at a time does it, others return 0. */
size_t hload_event_dispatch(struct hload_system *system);
/* Queues it and waits until it was delivered: what the modules returned. */
enum helix_status hload_event_send(struct hload_system *system, const struct helix_event *event,
				   struct hload_event_counts *counts);
void hload_event_counts(const struct hload_system *system, struct hload_event_counts *counts);

/* ---- interfaces ---------------------------------------------------------------- */

/* One implementor of an interface, for listings; texts live as long as the lock
 * is held around `each`. */
struct hload_interface_info {
	const char *interface, *module;
	uint64_t id; /* of the module */
	uint16_t major, minor;
	uint32_t count, supported; /* operations: declared, not NULL */
	uint32_t priority;
	bool primary, has_message;
	uint64_t inside; /* calls in it now, of whoever came through the interface */
	uint32_t users; /* modules (and the embedder) that hold a reference to it */
};
/* Calls `each` for every implementor that runs, interfaces in the order they
 * first came, the primary first. The lock is held: `each` calls nothing of the
 * loader. */
void hload_interface_each(struct hload_system *system,
			  void (*each)(void *ctx, const struct hload_interface_info *info),
			  void *ctx);
/* Whether an implementor has its i-th operation; its name in *operation, NULL when
 * the module did not tell (valid as long as the module is registered). */
bool hload_interface_operation(struct hload_system *system, const char *interface,
			       uint64_t module_id, uint32_t i, const char **operation);
/* As helix_interface_get, for the embedder itself (`user` NULL) or a module. */
const void *hload_interface_get(struct hload_system *system, struct hload_module *user,
				const char *name, uint32_t version, uint64_t implementor);
void hload_interface_put(struct hload_system *system, struct hload_module *user,
			 const void *operations);
/* Whether an implementor runs that fits: else NOT_FOUND, or INTERFACE_VERSION about
 * the primary. */
enum helix_status hload_interface_check(struct hload_system *system, const char *name,
					uint32_t version, struct hmod_diag *diag);
/* The i-th user whose calls reach `module` now, by name ("kernel" for the embedder),
 * and through which interface; NULL past the last. Good while both are registered. */
const char *hload_interface_user(struct hload_system *system, const struct hload_module *module,
				 uint32_t i, const char **interface);
/* From now on `module` is the primary of `name`, whatever the priorities; NULL:
 * they decide again. NOT_FOUND when it does not implement it. */
enum helix_status hload_interface_prefer(struct hload_system *system, const char *name,
					 struct hload_module *module, struct hmod_diag *diag);
#define HLOAD_INTERFACE_VERSION(major, minor) ((uint32_t)(major) << 16 | (uint32_t)(minor))

/* ---- health ------------------------------------------------------------------- */

struct hload_health {
	uint64_t since_ns; /* running since; as now_ns counts */
	uint64_t checked_ns; /* when is_healthy was last asked; 0: never */
	bool asked; /* the module has is_healthy */
	bool healthy;
	uint32_t restarts;
	uint32_t policy; /* enum helix_policy */
	enum helix_status last_error;
	char text[128]; /* what went wrong last, in words; empty at first */
};
void hload_health(struct hload_system *system, const struct hload_module *module,
		  struct hload_health *health);
/* Asks every running module that has is_healthy; reports (log) one that turned
 * unhealthy once, and applies its policy. How many are unhealthy. */
size_t hload_health_poll(struct hload_system *system);

/* ---- saved state -------------------------------------------------------------- */

/* A state as bytes, held from the host; .bytes NULL when there is none. */
struct hload_saved {
	uint8_t *bytes;
	size_t size;
};
/* Asks a running module to save its state. Without a save_state hook: an empty
 * state and HELIX_OK. */
enum helix_status hload_state_save(struct hload_system *system, struct hload_module *module,
				   struct hload_saved *state, struct hmod_diag *diag);
void hload_state_free(struct hload_system *system, struct hload_saved *state);
/* Calls `each` for every field of a state that hload_state_save gave, in order. */
struct hload_state_field {
	const char *name, *type; /* "uint", "int", "text", "bytes" */
	const void *value; /* a number: 8 bytes; a text: with its NUL */
	size_t size;
};
void hload_state_each(const struct hload_saved *state,
		      void (*each)(void *ctx, const struct hload_state_field *field), void *ctx);
/* Stops, unloads and loads a running module again, with its settings and its
 * saved state. Refused while it is held; needs a path. */
enum helix_status hload_restart(struct hload_system *system, struct hload_module *module,
				struct hmod_diag *diag);

#endif
