/* SPDX-License-Identifier: MIT
 *
 * What the framework's files share: systems, modules, edges, holds.
 */
#ifndef LOADER_INTERNAL_H
#define LOADER_INTERNAL_H

#include "loader/loader.h"
#include "loader/object.h"
#include "loader/reload.h"
#include "loader/services.h"
#include "modfmt/mem.h"

/* One declared dependency. It stands in `waiting` under the wanted name for as
 * long as its module is registered, so that whoever comes by that name is bound
 * without a search; while bound, also in the target's list of dependents. */
struct hload_edge {
	struct hload_node node; /* in system->waiting */
	struct hload_module *from, *to; /* to: NULL while nobody fits */
	const struct hmod_flat_dependency *wanted;
	struct hload_edge *next, *previous; /* dependents of `to` */
};

/* A loaded module needs another: it stands in the held one's list. */
struct hload_hold {
	struct hload_module *holder, *held;
	struct hload_hold *next, *previous;
};

/* A provided capability, in system->providers. */
struct hload_provide {
	struct hload_node node;
	struct hload_module *module;
	uint64_t mark; /* the walk that follows the capability already */
};

struct helix_context {
	struct hload_module *module;
};

struct helix_v1_context {
	struct hload_module *module;
};

/* A flag that a module has, in system->flags. */
struct hload_flag {
	struct hload_module *module;
	struct hload_flag *next, *previous;
	unsigned bit;
};

struct hload_frame;
struct hload_implementor;
struct hload_interface;
struct hload_port;
struct hload_events;
struct hload_owned;

struct hload_module {
	struct hload_node node; /* in system->names */
	struct hload_system *system;
	struct hload_module *next, *previous; /* registration order */
	uint64_t id;
	uint64_t instance; /* who its memory is charged to; never used twice */
	enum hload_state state;
	enum helix_status last_error;
	uint32_t references; /* of hload_get */
	bool gone; /* out of the registry, kept for who has a reference */
	struct hload_flag *flags; /* one a flag that is set */
	uint32_t flag_count;
	struct hmod_meta meta; /* over `table` */
	void *table;
	size_t table_size;
	char *path;
	struct hload_edge *edges; /* one a declared dependency */
	struct hload_edge *dependents;
	struct hload_provide *provides;
	uint32_t provide_count; /* in the index */
	uint32_t edge_count; /* in the index */
	/* while loaded */
	bool loaded; /* stands in the list of loaded ones */
	struct hload_module *later, *earlier;
	struct hload_object object;
	struct hload_hold *holds;
	uint32_t hold_count, hold_room;
	struct hload_hold *holders, *holders_tail;
	uint32_t holder_count;
	struct helix_context context;
	struct helix_v1_context v1_context;
	char **values; /* a parameter: NULL, or what was set */
	uint64_t inside; /* calls in it and about to be made, but for interfaces */
	struct hload_implementor *implementors; /* one a declared interface */
	uint32_t implementor_count;
	struct hload_health health;
	bool told_unhealthy, policy_due;
	bool restarting; /* its values outlive an unload */
	uint32_t gate; /* atomic, enum hload_gate: see gate.h */
	struct hload_module *successor; /* a reference: who took over when the gate says so */
	uint32_t visitors; /* who walks the list of loaded ones and waits at this one */
	uint64_t heard; /* the delivery of events that it was last asked in */
	struct hload_owned *owned; /* v1: payloads and messages that it has */
	/* while the graph is walked */
	uint64_t mark; /* the walk it belongs to */
	uint64_t broken; /* the walk that found that it cannot start */
	uint32_t cursor; /* next edge to follow */
	uint32_t pending;
	struct hload_provide *choice; /* of that edge: the provider followed last */
	struct hload_hold *hold; /* next holder to follow */
	struct hload_module *parent;
};

/* What the embedder exports, a block a call. */
struct hload_table {
	struct hload_table *next;
	size_t count;
	struct hload_export_entry entries[];
};

struct hload_system {
	const struct hload_host *outer; /* the embedder's hooks */
	struct hload_host host; /* the same, counting */
	struct hload_counts counts;
	struct hload_index names, exports, waiting, providers;
	struct hload_module *first, *last; /* registered ones */
	struct hload_module *oldest, *newest; /* loaded ones: holders after what they hold */
	struct hload_places places; /* of the loaded ones, by address */
	struct hload_table *tables, *tables_tail;
	uint64_t next_id, walk;
	struct hload_module **by_id; /* ascending; holes were filled by moving down */
	size_t by_id_count, by_id_room;
	struct hload_flag *flagged[64], *flagged_tail[64]; /* a list a flag bit */
	uint64_t taints; /* enum hload_taint */
	bool experimental; /* those modules may be loaded */
	struct hload_frame *frames; /* of a host with one thread */
	struct hload_index interfaces;
	struct hload_interface *first_interface, *last_interface;
	uint64_t last_order; /* of implementors that came to run */
	struct hload_port *unmade; /* no longer held; freed when nobody walks over ports */
	uint32_t drains; /* walks over ports that may be waiting */
	struct hload_events *events;
	uint64_t wanted[HELIX_EVENT_KINDS]; /* running modules that want such events */
	struct hload_transaction *transaction; /* the reload at work, or NULL */
	struct hload_reload_status reload;
	struct hload_module *left; /* by `next`: new versions that somebody is still inside of */
	uint64_t last_message; /* atomic; the id given last */
	struct hload_owned *owned; /* payloads and messages of the embedder */
};

/* The system that functions of the module API work on which are given no
 * context: the one made last. */
extern struct hload_system *hload_api_system;

/* ---- small services: system.c ------------------------------------------------ */

void *hload_alloc(struct hload_system *system, size_t size);
void hload_free(struct hload_system *system, void *block, size_t size);
void hload_lock(struct hload_system *system);
void hload_unlock(struct hload_system *system);
/* hload_alloc and hload_free for who does not hold the lock. */
void *hload_lock_alloc(struct hload_system *system, size_t size);
void hload_lock_free(struct hload_system *system, void *block, size_t size);
/* vsnprintf by the host. */
size_t hload_format(const struct hload_system *system, char *text, size_t capacity,
		    const char *format, va_list arguments);
void hload_log(struct hload_system *system, int level, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Warns that a module left `count` of something, which was taken back; of none not. */
void hload_tell_left(const struct hload_module *module, const char *what, uint64_t count);
size_t hload_length(const char *text);

/* A text that is measured first (text NULL) and written then. */
struct hload_text {
	char *text;
	size_t length;
};
void hload_text_add(struct hload_text *text, const char *more);
/* diag->list becomes what `write` adds, NULL without memory. */
void hload_diag_list(struct hload_system *system, struct hmod_diag *diag,
		     void (*write)(struct hload_text *text, const struct hload_module *subject),
		     const struct hload_module *subject);

/* hload_diag_free for who holds the lock. */
void hload_diag_free_locked(struct hload_system *system, struct hmod_diag *diag);

/* NO_MEMORY: `size` bytes for `what`. */
enum helix_status hload_fail_memory(struct hmod_diag *diag, enum hmod_stage stage, uint64_t size,
				    const char *what);
/* Fails about `module`: its name is %n. */
enum helix_status hload_fail_module(struct hmod_diag *diag, enum helix_status status,
				    enum hmod_stage stage, const struct hload_module *module);

/* %o becomes `: text`, nothing of an empty one. */
void hload_diag_detail(struct hmod_diag *diag, const char *text);
/* What a hook returned that failed: INIT, with its text; INTERNAL when it is no
 * status at all. */
enum helix_status hload_fail_hook(const struct hload_module *module,
				  const struct hload_frame *frame, enum hmod_stage stage,
				  int result, struct hmod_diag *diag);

/* ---- registry: registry.c, catalog.c ---------------------------------------------- */

/* hload_find and hload_find_id for who holds the lock. */
struct hload_module *hload_find_locked(const struct hload_system *system, const char *name);
struct hload_module *hload_find_id_locked(const struct hload_system *system, uint64_t id);
/* Into the lists by id and by flag, and out (safe after any part of it). */
enum helix_status hload_catalog_add(struct hload_module *module, struct hmod_diag *diag);
void hload_catalog_remove(struct hload_module *module);

/* hload_register of an opened file; the lock is held. */
enum helix_status hload_register_image(struct hload_system *system, const struct hmod_image *image,
				       const char *path, struct hload_module **module,
				       struct hmod_diag *diag);
/* The same in two parts: prepare takes all that is needed, and gives the id; show
 * and hide then cannot fail. */
enum helix_status hload_catalog_prepare(struct hload_module *module, struct hmod_diag *diag);
void hload_catalog_show(struct hload_module *module);
void hload_catalog_hide(struct hload_module *module);

/* A record of the module in `file`, in no index and no list: hload_forget. */
enum helix_status hload_record_make(struct hload_system *system, struct hmod_span file,
				    const char *path, struct hload_module **module,
				    struct hmod_diag *diag);
/* `new` stands where `old` stood, under the same name, and `old` nowhere. */
void hload_record_replace(struct hload_module *old, struct hload_module *new);

/* Takes a module that is not loaded out of everything and frees it, at once or
 * with its last reference (hload_discard); safe after any part of registering.
 * The lock is held. */
void hload_forget(struct hload_module *module);
void hload_discard(struct hload_module *module);
/* hload_put for who holds the lock. */
void hload_put_locked(struct hload_module *module);

/* ---- states: lifecycle.c ------------------------------------------------------ */

enum hload_event {
	HLOAD_LOAD, HLOAD_LOAD_DONE, HLOAD_INIT, HLOAD_START_DONE, HLOAD_STOP, HLOAD_STOP_DONE,
	HLOAD_UNLOAD, HLOAD_UNLOAD_DONE, HLOAD_FAIL, HLOAD_RESUME, HLOAD_EVENTS
};
/* Moves the module on; WRONG_STATE, with nothing changed, when its state does
 * not know the event. */
enum helix_status hload_advance(struct hload_module *module, enum hload_event event,
				struct hmod_diag *diag);

/* Fails about a name with too many steps: CROWDED. */
enum helix_status hload_fail_crowd(struct hmod_diag *diag, enum hmod_stage stage,
				   const char *name);

/* ---- graph: graph.c -------------------------------------------------------------- */

/* Binds the module's edges and those that wait for it. */
enum helix_status hload_graph_add(struct hload_module *module, struct hmod_diag *diag);
/* Undoes it; safe after any part of it. */
void hload_graph_remove(struct hload_module *module);
/* The same in two parts, for a record that is in no index: prepare allocates and
 * binds its edges; show and hide, which cannot fail, let others be bound to it, once
 * it has the name. */
enum helix_status hload_graph_prepare(struct hload_module *module, struct hmod_diag *diag);
void hload_graph_show(struct hload_module *module);
void hload_graph_hide(struct hload_module *module);
/* CIRCULAR when `to` is among what `module` depends on, however far. */
enum helix_status hload_graph_reaches(struct hload_module *module, struct hload_module *to,
				      struct hmod_diag *diag);
/* Binds anew who wants a capability of the module, which began or ceased to run. */
void hload_graph_moved(struct hload_module *module);
/* Refuses when the module reaches itself, whichever provider of a capability
 * were taken, so that no later binding closes a circle; the path goes to
 * diag->list. */
enum helix_status hload_graph_cycle(struct hload_module *module, struct hmod_diag *diag);
/* Checks what an edge leads to: registered, version. */
enum helix_status hload_edge_check(const struct hload_edge *edge, struct hmod_diag *diag);
bool hload_edge_optional(const struct hload_edge *edge);

/* ---- letting in: admit.c ---------------------------------------------------------- */

/* Refuses what may not be loaded now: gone, running, flags, ABI, dependencies. */
enum helix_status hload_check_may_load(const struct hload_module *module, bool force,
				       struct hmod_diag *diag);
/* The file must hold the module that was registered, not another or a newer. */
enum helix_status hload_check_same(struct hload_module *module, const struct hmod_image *image,
				   struct hmod_diag *diag);
/* Holds what it declared and is running, and whoever it imports from: that has to be
 * running too, or it could be gone while a hook is called. drop: safe after any part. */
enum helix_status hload_take_holds(struct hload_module *module, struct hmod_diag *diag);
void hload_drop_holds(struct hload_module *module);

/* ---- the file: fetch.c ---------------------------------------------------------- */

/* Loads the module's object from what `how` brings, or from the file it was
 * registered from. The lock is held. */
enum helix_status hload_fetch(struct hload_module *module, const struct hload_insertion *how,
			      struct hmod_diag *diag);

/* ---- life: lifecycle.c ---------------------------------------------------------- */

#define HLOAD_DRAIN_NS UINT64_C(1000000000) /* calls may take that long to end */

/* Closes a running module to new calls: `stopping` then. The lock is held. */
enum helix_status hload_close(struct hload_module *module, struct hmod_diag *diag);
/* The same, and waits for those inside. INSIDE, and running again, when they do not end. The lock is held, and
 * given up while waiting. */
enum helix_status hload_quiesce(struct hload_module *module, struct hmod_diag *diag);
/* Stops (if it runs or is stopping) and unloads, held or not, essential or not;
 * the module is registered after. The status is that of its stop hook. The lock
 * is held. */
enum helix_status hload_unload(struct hload_module *module, struct hmod_diag *diag);
/* BUSY, with all who hold the module. */
enum helix_status hload_check_held(struct hload_module *module, struct hmod_diag *diag);
/* Inserts again with the values it has; `saved` is given to it between init and
 * start. The lock is held. */
enum helix_status hload_insert_again(struct hload_module *module, const struct hload_saved *saved,
				     struct hmod_diag *diag);

/* ---- the parts of it that a reload makes one after another; the lock is held ----- */

/* As before an insert, but for the dependencies. */
enum helix_status hload_may_load(const struct hload_module *module, bool force,
				 struct hmod_diag *diag);
/* Loading → loaded: its values set, its file in memory; `how` says which. */
enum helix_status hload_bring_in(struct hload_module *module, const struct hload_insertion *how,
				 struct hmod_diag *diag);
/* Into the list of loaded ones, constructors, init. */
enum helix_status hload_bring_up(struct hload_module *module, struct hmod_diag *diag);
/* Its start hook. */
enum helix_status hload_call_start(struct hload_module *module, struct hmod_diag *diag);
/* Running from here: health, events. Interfaces are opened by the caller. */
void hload_runs(struct hload_module *module);
/* Its stop hook, and cleanup. */
enum helix_status hload_call_stop(struct hload_module *module, struct hmod_diag *diag);
/* Into the list of loaded ones, as the last, and out of it; the embedder is told. */
void hload_enter_loaded(struct hload_module *module);
void hload_leave_loaded(struct hload_module *module);
/* In that list `module` stands after all it holds and before all who
 * hold it; nearest to where `old` stands. */
void hload_order_after(struct hload_module *module, struct hload_module *old);
/* Gives everything back that a module has while it is loaded; from any state that
 * FAIL is known in, or stopped. */
void hload_tear_down(struct hload_module *module);

/* After so many restarts a module that is still not healthy is stopped. */
#define HLOAD_RESTARTS_MAX 3

/* ---- events: event.c ------------------------------------------------------------ */

bool hload_events_init(struct hload_system *system);
void hload_events_free(struct hload_system *system);
/* HELIX_WANTS_…; 0 without a hook. */
uint64_t hload_events_wanted(const struct hload_module *module);
/* A module that wants events runs now, or no longer does. */
void hload_events_count(struct hload_module *module, bool runs);
const char *hload_event_name(const struct helix_event *event);

/* ---- parameters: param.c --------------------------------------------------------- */

enum helix_status hload_values_set(struct hload_module *module,
				   const struct hload_setting *settings, size_t count,
				   struct hmod_diag *diag);
void hload_values_free(struct hload_module *module);
bool hload_has_param(const struct hload_module *module, const char *key);

#endif
