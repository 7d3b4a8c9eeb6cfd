/* SPDX-License-Identifier: MIT
 *
 * The interface "helix.scheduler": which of the ready threads a CPU runs next.
 * The kernel keeps the truth about threads (which there are, their state, who
 * runs where) and believes no answer unchecked; a policy only orders them.
 *
 * Every operation is called with interrupts off and the scheduler's lock held,
 * on any CPU, one at a time, for all CPUs together. It must be short, must not
 * sleep, allocate, wait or call the kernel, helix_now_ns excepted; it needs no
 * lock of its own. Threads may be moved from one policy to another at any time
 * between two calls.
 *
 * For the policy a thread is added, then by turns not ready and ready. Only a
 * ready thread may be picked. Picking it ends its being ready: it then runs
 * until one of thread_ready (it was preempted), yield_thread, thread_block or
 * remove_thread is called for it.
 */
#ifndef HELIX_SCHEDULER_H
#define HELIX_SCHEDULER_H

#include <stdbool.h>
#include <stdint.h>

#include <helix/status.h>

#ifdef __cplusplus
extern "C" {
#endif

#define HELIX_TICK_NS         UINT64_C(10000000) /* between two ticks of a CPU */
#define HELIX_PRIORITY_MAX    31
#define HELIX_PRIORITY_NORMAL 16
#define HELIX_WEIGHT_NORMAL   1024
#define HELIX_THREAD_DATA     8 /* words */

/* What a policy is told of a thread. The kernel owns it; it stays at its address
 * from add_thread until after remove_thread. A policy writes to `data` alone, and
 * the kernel changes the rest only where an operation says so. */
struct helix_thread {
	uint64_t id; /* never 0, never used again */
	const char *name;
	uint32_t priority; /* 0 to HELIX_PRIORITY_MAX; more is more urgent */
	uint32_t weight; /* its share among threads that are always ready; not 0 */
	uint64_t affinity; /* bit n: may run on CPU n. Names CPUs in use only, one at least */
	uint64_t period_ns; /* real time: this often … */
	uint64_t budget_ns; /* … it runs for so long … */
	uint64_t deadline_ns; /* … within so long; all three 0: not a real-time thread */
	uint64_t data[HELIX_THREAD_DATA]; /* the policy's own; 0 at add_thread */
};

/* Why a thread is ready. */
enum helix_ready {
	HELIX_READY_WOKEN, /* what it waited for came, or it is new */
	HELIX_READY_PREEMPTED, /* it ran, and would go on */
	HELIX_READY_MOVED, /* from another policy, or its affinity has changed */
};

struct helix_scheduler_stats {
	uint64_t threads, ready;
	uint64_t picked; /* answers of pick_next that named a thread */
};

/* The operations by name, for `.names = HELIX_OPERATIONS(HELIX_SCHEDULER_OPERATIONS)`. */
#define HELIX_SCHEDULER_OPERATIONS                                             \
	"init", "add_thread", "remove_thread", "thread_ready", "thread_block", \
		"pick_next", "yield_thread", "tick", "needs_reschedule",       \
		"set_priority", "get_priority", "stats"

/* All operations are required. `cpu` is below the count
 * given to init. A `thread` is never NULL unless it says so. */
struct helix_scheduler_ops {
	/* Before all others, once each time the policy is put in charge: forgets what
	 * was. `cpus` is how many the machine has, in use or not. HELIX_OK, or a
	 * status with which the policy is not put in charge. */
	enum helix_status (*init)(unsigned cpus);

	/* A thread comes, not ready (it may be running). Not HELIX_OK refuses it: it
	 * is not created, or the policy is not put in charge. */
	enum helix_status (*add_thread)(struct helix_thread *thread);
	/* A thread goes, in whichever state it is. */
	void (*remove_thread)(struct helix_thread *thread);

	/* A thread that was not ready is ready. */
	void (*thread_ready)(struct helix_thread *thread, enum helix_ready why);
	/* A thread, ready or running, is not ready any longer. */
	void (*thread_block)(struct helix_thread *thread);

	/* The id of the thread that `cpu` shall run: ready, with `cpu` in its affinity;
	 * 0 for none. Another answer is counted, and the kernel takes the thread that
	 * has been ready longest; so it does when 0 is answered although a thread has
	 * been ready for a second (and two of its periods). */
	uint64_t (*pick_next)(unsigned cpu);
	/* `thread`, which runs on `cpu`, gives the CPU up of itself; it is ready. */
	void (*yield_thread)(unsigned cpu, struct helix_thread *thread);
	/* HELIX_TICK_NS have passed on `cpu`; `running` is NULL when it is idle. */
	void (*tick)(unsigned cpu, struct helix_thread *running);
	/* Shall pick_next be asked for `cpu`, though `running` could go on? Asked after
	 * ticks and after threads became ready, and not for idle CPUs. */
	bool (*needs_reschedule)(unsigned cpu, const struct helix_thread *running);

	/* thread->priority has changed. */
	void (*set_priority)(struct helix_thread *thread);
	/* The priority at which the policy orders it at present. */
	uint32_t (*get_priority)(const struct helix_thread *thread);
	void (*stats)(struct helix_scheduler_stats *stats);
};

#ifdef __cplusplus
}
#endif
#endif
