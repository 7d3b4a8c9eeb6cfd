/* SPDX-License-Identifier: MIT
 *
 * A module's saved state, inside the loader. The lock is not held.
 */
#ifndef LOADER_STATE_H
#define LOADER_STATE_H

#include "loader/call.h"

/* Checks bytes that may have been kept anywhere: STATE, with a phrase. */
enum helix_status hload_state_check(const struct hload_saved *state, struct hmod_diag *diag);
/* Asks the (pinned) module for its state, empty without a save_state hook; and
 * gives it one, checked first (nothing happens without a restore_state hook). */
enum helix_status hload_state_take(struct hload_module *module, struct hload_saved *state,
				   struct hmod_diag *diag);
enum helix_status hload_state_give(struct hload_module *module, const struct hload_saved *state,
				   struct hmod_diag *diag);

/* The same, and bit n of `seen` (zeroed) says that field n was read. */
#define HLOAD_SEEN_WORDS (HELIX_STATE_FIELDS / 64)
enum helix_status hload_state_hand_over(struct hload_module *module,
					const struct hload_saved *state, uint64_t *seen,
					struct hmod_diag *diag);
/* How many fields of a checked state were not; their names, `, ` between. */
uint32_t hload_state_unseen(const struct hload_saved *state, const uint64_t *seen,
			    struct hload_text *names);

#endif
