/* SPDX-License-Identifier: MIT
 *
 * What the scheduler's files know of each other. One lock guards all threads,
 * wait queues and the policy, on all CPUs: whoever leaves a CPU holds it, and
 * whoever comes gives it back.
 */
#ifndef KERNEL_SCHED_INTERNAL_H
#define KERNEL_SCHED_INTERNAL_H

#include "kernel/sched/lock.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/thread.h"
#include "kernel/sched/timer_list.h"
#include "kernel/sched/wait.h"

#define FPU_STATE_SIZE 512 /* FXSAVE (SDM volume 1, 10.5) */

struct thread {
	uint8_t fpu[FPU_STATE_SIZE] __attribute__((aligned(16)));
	uint64_t rsp; /* while it is not running */
	uint64_t id;
	char name[THREAD_NAME_MAX + 1];
	struct thread_options options; /* as asked for */
	enum thread_state state;
	unsigned cpu;
	bool idle, known; /* known: to the policy */
	bool joined, killed;
	uint32_t end_deferred, fpu_depth;
	struct thread *next, *previous; /* all threads, by id */
	struct thread *same; /* id hash chain; then the list of the dead */
	/* A policy's view; the other one is for a change of policy. */
	struct helix_thread view[2];
	uint64_t affinity; /* the CPUs in use among those asked for */
	uint64_t ready_since, time_ns, switches;
	struct wait_queue *queue; /* where it waits, or NULL */
	struct thread *queue_next, *queue_previous;
	struct timer_node wake_at;
	bool timed_out;
	struct wait_queue ended;
	int result;
	int (*run)(void *argument);
	void *argument;
	void *frames; /* see thread_frames */
	uint8_t *stack; /* its lowest byte; NULL for the boot stack */
};

extern struct spinlock sched_lock;
extern struct thread boot_thread;
extern struct timer_list sleepers; /* threads whose wait ends by itself */

/* ---- thread.c; the lock is held --------------------------------------------------- */

struct thread *thread_find(uint64_t id);
struct thread *thread_first(void);
/* A thread's memory, once it is dead and off its stack. No lock. */
void thread_release(struct thread *thread);
/* Ends the current thread if it was killed and may end now. No lock. */
void thread_end_if_killed(void);
/* Detached threads that have ended, taken off the list; linked by `same`. */
struct thread *thread_take_dead(void);

/* ---- sched.c; the lock is held ---------------------------------------------------- */

/* Gives this CPU to whoever is next; the current thread's state is set. Returns
 * when it is its turn again, maybe on another CPU. */
void sched_leave(void);
/* Makes a blocked thread ready. */
void sched_wake(struct thread *thread, bool timed_out);
/* Finds a CPU for a thread that has become ready. */
void sched_kick(const struct thread *thread);
/* Makes `cpu` go through the scheduler. */
void sched_interrupt(unsigned cpu);
/* Releases the lock and gives way to whoever became more urgent meanwhile. */
void sched_unlock(bool state);

/* ---- caretaker.c -------------------------------------------------------------------- */

void caretaker_wake(void); /* at the next tick; with or without the lock */
/* From CPU 0's tick, without the lock: wakes the caretaker when there is work. */
void caretaker_tick(void);

/* ---- policy.c: the boundary; the lock is held ------------------------------------- */

enum helix_status policy_add(struct thread *thread);
void policy_remove(struct thread *thread);
void policy_ready(struct thread *thread, enum helix_ready why); /* and sets its state */
void policy_yield(struct thread *thread); /* the current one; and sets its state */
void policy_block(struct thread *thread); /* before its state is set */
/* The thread that this CPU shall run, checked; NULL: none. */
struct thread *policy_pick(unsigned cpu);
void policy_tick(unsigned cpu, struct thread *running); /* NULL: idle */
bool policy_needs(unsigned cpu, struct thread *running);
void policy_set_priority(struct thread *thread);
uint32_t policy_priority(const struct thread *thread);
/* After a CPU came or went, or a thread's options changed. */
void policy_affinity(struct thread *thread);
uint64_t policy_ready_count(void);
void policy_counts(struct sched_counts *counts);

/* ---- wait.c ----------------------------------------------------------------------- */

void queue_remove(struct thread *thread); /* the lock is held */

/* Keeps and restores SSE and x87 registers around a switch. */
void fpu_leave(struct thread *thread);
void fpu_enter(struct thread *thread);

void context_switch(uint64_t *save, uint64_t load);

#endif
