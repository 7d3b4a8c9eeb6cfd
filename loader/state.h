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

#endif
