/* SPDX-License-Identifier: MIT
 *
 * What the framework's files share: systems, modules, edges, holds.
 */
#ifndef LOADER_INTERNAL_H
#define LOADER_INTERNAL_H

#include "loader/loader.h"
#include "loader/object.h"
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
	const struct hload_module *module;
};

struct hload_module {
	struct hload_node node; /* in system->names */
	struct hload_system *system;
	struct hload_module *next, *previous; /* registration order */
	uint64_t id;
	enum hload_state state;
	enum helix_status last_error;
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
	char **values; /* a parameter: NULL, or what was set */
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
	struct hload_object *texts; /* of the loaded ones, by address */
	struct hload_table *tables, *tables_tail;
	uint64_t next_id, walk;
};

/* ---- small services: system.c ------------------------------------------------ */

void *hload_alloc(struct hload_system *system, size_t size);
void hload_free(struct hload_system *system, void *block, size_t size);
void hload_lock(struct hload_system *system);
void hload_unlock(struct hload_system *system);
void hload_log(struct hload_system *system, int level, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
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

/* NO_MEMORY: `size` bytes for `what`. */
enum helix_status hload_fail_memory(struct hmod_diag *diag, enum hmod_stage stage, uint64_t size,
				    const char *what);
/* Fails about `module`: its name is %n. */
enum helix_status hload_fail_module(struct hmod_diag *diag, enum helix_status status,
				    enum hmod_stage stage, const struct hload_module *module);

/* ---- registry: registry.c ------------------------------------------------------ */

/* Takes a module that is not loaded out of everything and frees it; safe after
 * any part of registering. The lock is held. */
void hload_forget(struct hload_module *module);

/* ---- states: lifecycle.c ------------------------------------------------------ */

enum hload_event {
	HLOAD_LOAD, HLOAD_LOAD_DONE, HLOAD_INIT, HLOAD_START_DONE, HLOAD_STOP, HLOAD_STOP_DONE,
	HLOAD_UNLOAD, HLOAD_UNLOAD_DONE, HLOAD_FAIL, HLOAD_EVENTS
};
/* Moves the module on; WRONG_STATE, with nothing changed, when its state does
 * not know the event. */
enum helix_status hload_advance(struct hload_module *module, enum hload_event event,
				struct hmod_diag *diag);

/* ---- graph: graph.c -------------------------------------------------------------- */

/* Binds the module's edges and those that wait for it. */
enum helix_status hload_graph_add(struct hload_module *module, struct hmod_diag *diag);
/* Undoes it; safe after any part of it. */
void hload_graph_remove(struct hload_module *module);
/* Binds anew who wants a capability of the module, which began or ceased to run. */
void hload_graph_moved(struct hload_module *module);
/* Refuses when the module reaches itself, whichever provider of a capability
 * were taken, so that no later binding closes a circle; the path goes to
 * diag->list. */
enum helix_status hload_graph_cycle(struct hload_module *module, struct hmod_diag *diag);
/* Checks what an edge leads to: registered, version. */
enum helix_status hload_edge_check(const struct hload_edge *edge, struct hmod_diag *diag);
bool hload_edge_optional(const struct hload_edge *edge);

/* ---- life: lifecycle.c ---------------------------------------------------------- */

/* Stops (if it runs) and unloads, held or not, essential or not; the module is
 * registered after. The status is that of its stop hook. The lock is held. */
enum helix_status hload_unload(struct hload_module *module, struct hmod_diag *diag);

/* ---- parameters: param.c --------------------------------------------------------- */

enum helix_status hload_values_set(struct hload_module *module,
				   const struct hload_setting *settings, size_t count,
				   struct hmod_diag *diag);
void hload_values_free(struct hload_module *module);

#endif
