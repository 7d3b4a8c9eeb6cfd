/* SPDX-License-Identifier: MIT
 *
 * The loader: a system of modules over one host. Registering reads a module's
 * metadata; inserting loads, relocates, initialises and starts it; removing
 * stops and unloads it. Every operation is all or nothing: when it refuses,
 * every byte it took is given back and the module is as it was before.
 *
 * Names given to these functions may be written with `-` or `_`. Functions
 * that refuse return a status and fill `diag` (which may be NULL);
 * diag->list, if set, is freed by hload_diag_free.
 */
#ifndef LOADER_LOADER_H
#define LOADER_LOADER_H

#include "loader/host.h"
#include "modfmt/meta.h"

struct hload_system;
struct hload_module;

enum hload_state {
	HLOAD_REGISTERED, HLOAD_LOADING, HLOAD_LOADED, HLOAD_INITIALIZING,
	HLOAD_RUNNING, HLOAD_STOPPING, HLOAD_STOPPED, HLOAD_UNLOADING, HLOAD_ERROR,
	HLOAD_STATES
};
const char *hload_state_name(enum hload_state state); /* "registered" … */

/* ---- the system ---------------------------------------------------------- */

/* NULL when there is no memory. `host` must outlive the system. */
struct hload_system *hload_create(const struct hload_host *host);
/* Unloads and unregisters everything, dependents first, then frees. */
void hload_destroy(struct hload_system *system);
void hload_diag_free(struct hload_system *system, struct hmod_diag *diag);

/* What the embedder itself offers to modules. `symbols` must outlive the
 * system. Refuses a name that is there already. */
struct hload_symbol {
	const char *name;
	uint64_t address;
};
enum helix_status hload_export(struct hload_system *system, const struct hload_symbol *symbols,
			       size_t count, struct hmod_diag *diag);

/* The loader's own functions that modules call (helix_config …). */
extern const struct hload_symbol hload_api[];
extern const size_t hload_api_count;

/* ---- registry -------------------------------------------------------------- */

/* Registers the module in `file`. `path` (copied) is what file_get will be given
 * later; NULL for a module that exists in memory only: it is forgotten when it
 * is unloaded. Refuses bad metadata, a registered name, and a dependency cycle
 * (with its path in diag->list). Nothing is loaded; missing dependencies are no
 * fault yet. */
enum helix_status hload_register(struct hload_system *system, struct hmod_span file,
				 const char *path, struct hload_module **module,
				 struct hmod_diag *diag);
/* Forgets a module that is registered only. */
enum helix_status hload_unregister(struct hload_system *system, struct hload_module *module,
				   struct hmod_diag *diag);

/* By name or id, NULL when there is none. What find returns is good until somebody
 * unregisters it; what get returns is good until hload_put, whatever others do: a
 * module that was forgotten meanwhile is "not found" to every operation. */
struct hload_module *hload_find(struct hload_system *system, const char *name);
struct hload_module *hload_find_id(struct hload_system *system, uint64_t id);
struct hload_module *hload_get(struct hload_system *system, const char *name);
struct hload_module *hload_get_id(struct hload_system *system, uint64_t id);
void hload_put(struct hload_system *system, struct hload_module *module); /* NULL is allowed */
/* Ids, up to `capacity`; how many there are. Of the modules that have flag `bit`
 * (0 to 63; registration order), that run (in the order they came), that provide
 * a capability (registered ones too). */
size_t hload_list_flag(struct hload_system *system, unsigned bit, uint64_t *ids, size_t capacity);
size_t hload_list_running(struct hload_system *system, uint64_t *ids, size_t capacity);
size_t hload_list_providers(struct hload_system *system, const char *capability, uint64_t *ids,
			    size_t capacity);
/* In registration order; NULL begins, NULL ends. get_next returns a reference and
 * gives that of `module` back. */
struct hload_module *hload_next(struct hload_system *system, struct hload_module *module);
struct hload_module *hload_get_next(struct hload_system *system, struct hload_module *module);
/* The loaded module whose text, rodata or data holds `address`, or NULL. */
struct hload_module *hload_at(struct hload_system *system, uint64_t address);
/* Whose code or data `address` is: copied, as the module may go. False when it is no
 * loaded module's. Any context, interrupts included (the host's map_lock is taken). */
struct hload_owner {
	uint64_t id;
	uint64_t instance; /* what reclaim is told */
	char name[HELIX_NAME_MAX + 1];
};
bool hload_owner_at(const struct hload_system *system, uint64_t address,
		    struct hload_owner *owner);
/* The module in whose call the calling thread is; false in none. Not in an interrupt,
 * which would be told of the interrupted thread. No lock. */
bool hload_owner_running(const struct hload_system *system, struct hload_owner *owner);
/* The function of `module` that holds `address`: its name and the offset in it;
 * NULL when unknown. Takes no lock: usable while panicking. */
const char *hload_function_at(struct hload_system *system, uint64_t address,
			      const struct hload_module **module, uint64_t *offset);
/* The same with the name copied, cut to `room` bytes, for when modules may go; false
 * when unknown. Takes the lock. */
bool hload_function_copy(struct hload_system *system, uint64_t address, char *name, size_t room,
			 uint64_t *offset);
/* An exported symbol's address by name; its owner's name ("kernel" for the
 * embedder) in *owner. False when nobody exports it. */
bool hload_symbol_find(struct hload_system *system, const char *name, uint64_t *address,
		       const char **owner);
/* Calls `each` for every export of `module` (NULL: of the embedder). */
void hload_symbol_each(struct hload_system *system, struct hload_module *module,
		       void (*each)(void *ctx, const char *name, uint64_t address), void *ctx);

/* What a module is and has; all pointers live as long as it is registered. */
struct hload_info {
	uint64_t id; /* stays when the module is replaced by another version */
	uint64_t instance; /* does not: what the host charges memory to, and reclaim is given */
	enum hload_state state;
	const struct hmod_meta *meta;
	const char *path; /* or NULL */
	uint64_t size[HLOAD_KINDS]; /* loaded bytes; 0 when not loaded */
	uint64_t address[HLOAD_KINDS];
	uint64_t names; /* bytes of names kept while loaded */
	uint32_t holders; /* loaded modules that need it */
	enum helix_status last_error;
	uint64_t events; /* HELIX_WANTS_… that it is told of; 0 when not loaded */
};
void hload_info(const struct hload_module *module, struct hload_info *info);
/* The same while other threads work on the module, to which a reference is held;
 * hload_info takes no lock: usable while panicking. */
void hload_snapshot(const struct hload_module *module, struct hload_info *info);
/* The i-th loaded module that holds `module` through a dependency or an
 * imported symbol, in the order they came; NULL past the end. */
struct hload_module *hload_holder(const struct hload_module *module, uint32_t i);
/* What the i-th declared dependency resolves to now: a registered module whose
 * name (or capability) fits, whatever its version and state; NULL if none. */
struct hload_module *hload_dependency(const struct hload_module *module, uint32_t i);

/* ---- order ------------------------------------------------------------------ */

/* Writes into `order` (capacity entries) the modules that must start so that
 * all of `roots` run, themselves included, dependencies first; ties in
 * registration order; already running ones are left out. Optional dependencies
 * that are registered come along. Refuses a missing dependency and a version
 * that does not fit (who asked is in diag->section_name). */
enum helix_status hload_plan(struct hload_system *system, struct hload_module *const *roots,
			     size_t count, struct hload_module **order, size_t capacity,
			     size_t *length, struct hmod_diag *diag);
/* The loaded modules that must go before `module` can, dependents first and
 * `module` last. */
enum helix_status hload_unload_order(struct hload_system *system, struct hload_module *module,
				     struct hload_module **order, size_t capacity,
				     size_t *length, struct hmod_diag *diag);

/* ---- parameters --------------------------------------------------------------- */

/* One `key=value`, in the order of precedence from weak to strong. */
struct hload_setting {
	const char *key, *value;
};

/* The value of the i-th declared parameter of a loaded module: what was set, else
 * its default. Good until the module is unloaded. */
const char *hload_param_value(const struct hload_module *module, uint32_t i);

/* ---- life ---------------------------------------------------------------------- */

/* Loads, initialises and starts a registered module. `file` are its bytes; an
 * empty span makes the loader ask file_get. Settings must name declared
 * parameters and fit their types. On any failure the module is `registered`
 * again. */
enum helix_status hload_insert(struct hload_system *system, struct hload_module *module,
			       struct hmod_span file, const struct hload_setting *settings,
			       size_t setting_count, struct hmod_diag *diag);
/* The same with all that can be said. */
struct hload_insertion {
	struct hmod_span file;
	const struct hload_setting *settings;
	size_t setting_count;
	bool force; /* an EXPERIMENTAL module too */
	const struct hmod_image *image; /* `file`, opened already; NULL: it is not */
};
enum helix_status hload_insert_as(struct hload_system *system, struct hload_module *module,
				  const struct hload_insertion *how, struct hmod_diag *diag);
/* Registers and inserts the module in how->file (`path` as for hload_register) in
 * one go: the file is read once. When it refuses, the module is forgotten. */
enum helix_status hload_load(struct hload_system *system, const struct hload_insertion *how,
			     const char *path, struct hload_module **module,
			     struct hmod_diag *diag);
/* Whether EXPERIMENTAL modules load without force; at first they do not. */
void hload_allow_experimental(struct hload_system *system, bool allow);
/* What has been loaded since the start that one may want to know of. */
enum hload_taint { HLOAD_TAINT_EXPERIMENTAL = 1 };
uint64_t hload_taints(const struct hload_system *system);

/* How a module's ABI stands to this one's: the major is another, or the minor is
 * newer. */
enum hload_abi { HLOAD_ABI_COMPATIBLE, HLOAD_ABI_TOO_OLD, HLOAD_ABI_TOO_NEW, HLOAD_ABI_MINOR };
enum hload_abi hload_abi_check(uint16_t major, uint16_t minor);

/* Stops and unloads a running (or failed) module. Refused while held (all
 * holders in diag->list), when it is ESSENTIAL, or when calls in it do not end
 * within a second. A module with a path is
 * registered again after, one without is forgotten (*module is then gone). An
 * error from stop is reported in diag with status INIT after the module is gone
 * all the same. */
enum helix_status hload_remove(struct hload_system *system, struct hload_module *module,
			       struct hmod_diag *diag);

/* ---- counts, for leak tests ------------------------------------------------------ */

struct hload_counts {
	uint64_t modules, running, exports, edges;
	uint64_t blocks, bytes; /* held from host->alloc */
	uint64_t regions, region_bytes; /* held from host->place */
};
void hload_counts(const struct hload_system *system, struct hload_counts *counts);

#endif
