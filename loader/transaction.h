/* SPDX-License-Identifier: MIT
 *
 * One reload at work. There is one at a time; what its steps take they store
 * here, and hload_transaction_end gives back. The lock is held in all functions,
 * and given up where a module's code runs and while waiting.
 */
#ifndef LOADER_TRANSACTION_H
#define LOADER_TRANSACTION_H

#include "loader/call.h"
#include "loader/rebind.h"

struct hload_swap {
	struct hload_module *old, *new;
	const struct hload_replacement *asked;
	bool fresh; /* `new` is a record made for this: it has the same name */
	bool ran; /* the new's start was called */
	uint32_t handed_over; /* interfaces that the embedder uses of the new */
	struct hmod_span file;
	const char *path; /* `file` is to be given back under; NULL: it is the caller's */
	struct hload_saved saved;
};

struct hload_transaction {
	struct hload_system *system;
	const struct hload_reloading *how;
	struct hload_swap *swaps; /* of `count`; in the order they are loaded */
	size_t count;
	struct hload_index fresh; /* exports of the new ones, until the switch */
	bool fresh_made;
	struct hload_module **shut; /* whose gates are closed: the old, and all who hold them */
	size_t shut_count, shut_room;
	struct hload_patches patches;
	struct hload_frame base; /* of the thread that does it: it passes gates */
	uint64_t closed_ns; /* when the gates closed; 0: they are open */
	bool switched; /* everybody is bound to the new ones */
	bool stuck; /* somebody does not come out of the new ones: they stay in memory */
	uint64_t count_done; /* for the report of a step */
	const char *count_of;
};

/* The steps, and what takes one back. Undoing is safe after any part of doing and
 * cannot fail. */
enum helix_status hload_step_check(struct hload_transaction *t, struct hmod_diag *diag);
void hload_undo_check(struct hload_transaction *t);
enum helix_status hload_step_load(struct hload_transaction *t, struct hmod_diag *diag);
void hload_undo_load(struct hload_transaction *t);
enum helix_status hload_step_init(struct hload_transaction *t, struct hmod_diag *diag);
enum helix_status hload_step_quiesce(struct hload_transaction *t, struct hmod_diag *diag);
void hload_undo_quiesce(struct hload_transaction *t);
enum helix_status hload_step_save(struct hload_transaction *t, struct hmod_diag *diag);
void hload_undo_save(struct hload_transaction *t);
enum helix_status hload_step_restore(struct hload_transaction *t, struct hmod_diag *diag);
enum helix_status hload_step_commit(struct hload_transaction *t, struct hmod_diag *diag);
void hload_undo_commit(struct hload_transaction *t);
enum helix_status hload_step_start(struct hload_transaction *t, struct hmod_diag *diag);
void hload_undo_start(struct hload_transaction *t);
enum helix_status hload_step_probation(struct hload_transaction *t, struct hmod_diag *diag);
enum helix_status hload_step_retire(struct hload_transaction *t, struct hmod_diag *diag);

/* What `old` is replaced by, or the module itself. */
struct hload_module *hload_replacement_of(struct hload_module *module);
/* A module that a transaction brings in: as good as running to its like. */
bool hload_is_replacing(const struct hload_module *module);
/* The index where such a module's exports go; NULL for all others. */
struct hload_index *hload_fresh_exports(const struct hload_module *module);
/* A module that is being replaced, whose exports its successors do not see. */
bool hload_hides(void *system, const void *owner);
struct hload_swap *hload_swap_of(const struct hload_module *old);

/* Whether a loaded module imports from another. */
bool hload_imports_from(const struct hload_module *module, const struct hload_module *provider);
/* RELOAD_IMPORT, with a module that imports what the new file does not export. */
enum helix_status hload_check_imports(struct hload_transaction *t, const struct hload_swap *swap,
				      struct hmod_diag *diag);
/* Gives back the new ones' files, once they are loaded. */
void hload_put_files(struct hload_transaction *t);

/* DUPLICATE_EXPORT when somebody else exports what one of the new ones does. */
enum helix_status hload_check_exports(const struct hload_transaction *t, struct hmod_diag *diag);

/* Closes the gates of the old and of all who hold them, and waits until nobody is
 * inside. INSIDE after how->drain_ns; the gates stay closed. */
enum helix_status hload_shut(struct hload_transaction *t, struct hmod_diag *diag);
void hload_unshut(struct hload_transaction *t);

#endif
