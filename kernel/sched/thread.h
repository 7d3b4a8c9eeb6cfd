/* SPDX-License-Identifier: MIT
 *
 * Kernel threads: each with a guarded stack of its own, run on any CPU of its
 * affinity, preempted by the tick. They are named by id, which is never used
 * again, so that no one holds a pointer to a thread that has gone.
 *
 * kill: the thread ends, at the latest when it next waits, sleeps, yields or
 * passes thread_cancel_point, unless it holds a mutex or has put its end off
 * (thread_end_defer): then at the first of these points after. It does not
 * return from the point; who must tidy up puts the end off. A thread made with
 * `ends_anywhere` also ends wherever the tick finds it outside these stretches:
 * for code that owns nothing which is not accounted to somebody.
 */
#ifndef KERNEL_SCHED_THREAD_H
#define KERNEL_SCHED_THREAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "helix/scheduler.h"
#include "kernel/arch/x86_64/cpu.h"

#define THREAD_NAME_MAX   31
#define THREAD_STACK_SIZE UINT64_C(32768)
#define THREAD_KILLED     (-0x7fffffff - 1) /* the result of one that was killed */
#define CPUS_ALL          UINT64_MAX

/* Zero is a good value for each but the name. */
struct thread_options {
	const char *name; /* copied */
	uint32_t priority; /* 0 stands for HELIX_PRIORITY_NORMAL here */
	uint32_t weight; /* 0 stands for HELIX_WEIGHT_NORMAL */
	uint64_t affinity; /* CPUs that it may run on; 0: all. None in use: any that is */
	uint64_t period_ns, budget_ns, deadline_ns; /* as in struct helix_thread */
	bool detached; /* nobody joins it */
	bool ends_anywhere;
};

/* A ready thread that runs `run`, and ends with what that returns. NO_MEMORY, or
 * what the policy answers. */
enum helix_status thread_create(const struct thread_options *options, int (*run)(void *argument),
				void *argument, uint64_t *id);
/* Ends the current thread. */
_Noreturn void thread_exit(int result);
/* Waits for the end of a thread that is not detached, and forgets it. Once a
 * thread. NOT_FOUND, or INVALID when it cannot be joined. */
enum helix_status thread_join(uint64_t id, int *result);
/* See above; returns at once. NOT_FOUND, or INVALID for a thread of the kernel's
 * own (idle threads, the shell). */
enum helix_status thread_kill(uint64_t id);
void thread_cancel_point(void);
/* Pairs, and nests. */
void thread_end_defer(void);
void thread_end_allow(void);

/* The same errors as kill; INVALID too for a value out of range. */
enum helix_status thread_set_priority(uint64_t id, uint32_t priority);
enum helix_status thread_set_affinity(uint64_t id, uint64_t affinity);
uint64_t thread_id(void); /* the current thread's */
const char *thread_name(void);
/* A pointer of the current thread's own, NULL at first: whose calls into modules it
 * is in. Any context: an interrupt sees that of the thread it interrupted. */
void **thread_frames(void);

void thread_yield(void);
/* At least so long; ends at a tick. */
void thread_sleep(uint64_t ns);

/* While it is off, this thread keeps its CPU and must not sleep. Nests. */
static inline void preempt_disable(void)
{
	__asm__ volatile("addl $1, %%fs:0x10" : : : "memory", "cc");
}
void preempt_enable(void);

/* Around the use of SSE and x87 registers, which the kernel's own code never
 * touches: they are kept for this thread only in between. Nests. */
void fpu_begin(void);
void fpu_end(void);

/* ---- looking at them -------------------------------------------------------------- */

enum thread_state { THREAD_READY, THREAD_RUNNING, THREAD_BLOCKED, THREAD_DEAD };

struct thread_info {
	uint64_t id;
	char name[THREAD_NAME_MAX + 1];
	enum thread_state state;
	unsigned cpu; /* where it runs, or ran last */
	uint32_t priority; /* as the policy has it */
	bool idle; /* a CPU's idle thread: no policy knows of it */
	uint64_t affinity, time_ns, switches;
};
/* The thread with the least id above `after`; false when there is none. */
bool thread_next(uint64_t after, struct thread_info *info);

/* The current thread's name when `address` is on the guard page below its stack,
 * or NULL. Takes no lock. */
const char *thread_guard(uint64_t address);

#endif
