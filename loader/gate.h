/* SPDX-License-Identifier: MIT
 *
 * Modules' gates. While a module is being replaced, who wants to call into it
 * waits (he is not refused), and who waits is let in once the gate opens: to the
 * same module, or to the one that took over.
 *
 * Let through a closed gate is who must be, or nothing would ever end: the thread
 * that does the replacing, and callers that are inside a closed module already.
 * These were counted in before it closed and are waited for.
 */
#ifndef LOADER_GATE_H
#define LOADER_GATE_H

#include "loader/call.h"

enum hload_gate {
	HLOAD_GATE_OPEN,
	HLOAD_GATE_CLOSED,
	HLOAD_GATE_PASSED, /* closed for good: whoever comes is sent to the successor */
};

/* Waits at the gate of *module, whose state may be another one after; who has waited
 * goes on to the successor, if there is one. RELOADING when the host cannot wait; DEADLINE after
 * `deadline` (0: none). The lock is held, and given up while waiting. */
enum helix_status hload_gate_pass(struct hload_module **module, uint64_t deadline,
				  struct hmod_diag *diag);
/* Whether the calling thread would have to wait. */
bool hload_gate_stops(const struct hload_module *module);
/* Whether the calling thread passes closed gates. No lock. */
bool hload_gate_insider(const struct hload_system *system);

/* The lock is held. */
void hload_gate_close(struct hload_module *module);
void hload_gate_open(struct hload_module *module);
void hload_gate_lead(struct hload_module *module, struct hload_module *successor);
/* Open again, and nobody took over. */
void hload_gate_forget(struct hload_module *module);
/* Calls that are inside it, through whatever gate. */
uint64_t hload_gate_inside(const struct hload_module *module);

/* Waits for those inside, for a moment; false after `deadline`. */
bool hload_gate_drain(struct hload_system *system, uint64_t deadline);

/* For what changes which modules there are: waits until no reload is at work.
 * RELOADING when this thread cannot wait for that. The lock is held. */
enum helix_status hload_await_reload(struct hload_system *system, struct hmod_diag *diag);

#endif
