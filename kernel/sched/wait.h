/* SPDX-License-Identifier: MIT
 *
 * Waiting. A wait queue counts the times it was woken, so that no wake is lost:
 *
 *	for (;;) {
 *		uint64_t seen = wait_sequence(&queue);
 *		if (condition)
 *			break;
 *		wait_block(&queue, seen, WAIT_FOREVER);
 *	}
 *
 * Who makes the condition true wakes after that, in any context but an NMI.
 * Mutexes and completions stand on it. A zeroed object is ready for use.
 */
#ifndef KERNEL_SCHED_WAIT_H
#define KERNEL_SCHED_WAIT_H

#include <stdbool.h>
#include <stdint.h>

#include "helix/status.h"

#define WAIT_FOREVER UINT64_MAX
#define WAKE_ALL     UINT64_MAX

struct thread;

struct wait_queue {
	struct thread *first, *last;
	uint64_t sequence;
};

uint64_t wait_sequence(const struct wait_queue *queue);
/* Sleeps until a wake, or for `timeout_ns`; not at all when the queue was woken
 * since wait_sequence gave `seen`. OK or TIMED_OUT. A thread that was killed
 * does not return (see thread.h). */
enum helix_status wait_block(struct wait_queue *queue, uint64_t seen, uint64_t timeout_ns);
/* Wakes the `most` threads that have waited longest. */
void wait_wake(struct wait_queue *queue, uint64_t most);

/* Sleeping lock. Held across sleep, never in interrupts; its holder is not killed.
 * Mutexes are taken before spinlocks, and their own order is the caller's. */
struct mutex {
	struct thread *owner;
	uint64_t waiting;
	struct wait_queue queue;
	const char *name;
};
#define MUTEX(its_name) { .name = (its_name) }
void mutex_lock(struct mutex *mutex);
void mutex_unlock(struct mutex *mutex);

/* Something that happens once. */
struct completion {
	uint32_t done;
	struct wait_queue queue;
};
void complete(struct completion *completion);
enum helix_status completion_wait(struct completion *completion, uint64_t timeout_ns);

#endif
