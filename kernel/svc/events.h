/* SPDX-License-Identifier: MIT
 *
 * Where the kernel's own events come from, and delivering one to all modules
 * within a time.
 */
#ifndef KERNEL_SVC_EVENTS_H
#define KERNEL_SVC_EVENTS_H

#include "loader/services.h"

/* From now on ticks, scarce memory, and CPUs that come and go are told to the
 * modules that want to know. Called once, after modules_init. */
void events_init(void);

/* Delivers `event` to all who want it and waits for them, for `nanoseconds` at
 * most: what they returned. DEADLINE when some have not heard of it by then; it is
 * delivered later. NO_MEMORY, and what hload_event_send returns. Thread context. */
enum helix_status events_send(const struct helix_event *event, uint64_t nanoseconds,
			      struct hload_event_counts *counts);

/* Tells everybody that the machine goes down; nobody can stop it. */
#define SHUTDOWN_NS UINT64_C(3000000000)
enum helix_status events_shutdown(struct hload_event_counts *counts);

#endif
