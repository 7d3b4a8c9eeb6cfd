/* SPDX-License-Identifier: MIT
 *
 * Spinlocks. Interrupts are off while one is held, so that the same lock may be
 * taken in interrupt context and the holder is never preempted. A CPU holds
 * locks in ascending rank only; with KERNEL_DEBUG_LOCKS (the default) that and
 * the owner are checked, and a violation panics with both names.
 *
 * Held for a bounded time: no sleep, no wait for another CPU but by
 * tlb_shootdown. A CPU that waits for a lock carries out shootdowns meanwhile,
 * so a holder may wait for them. Never taken in an NMI.
 */
#ifndef KERNEL_SCHED_LOCK_H
#define KERNEL_SCHED_LOCK_H

#include <stdbool.h>
#include <stdint.h>

#ifndef KERNEL_DEBUG_LOCKS
#define KERNEL_DEBUG_LOCKS 1
#endif

/* From outer to inner: who holds one may take those further down. */
enum lock_rank {
	RANK_TIMER = 1, /* a CPU's list of kernel timers … */
	RANK_TIMER_FIRST, /* … and CPU 0's, where the others' move to */
	RANK_MODULE_MEMORY, /* what modules have allocated */
	RANK_SCHEDULER, /* threads, wait queues, policy */
	RANK_DEVICE, /* I/O APICs, windows on devices */
	RANK_MEMORY, /* frames, mappings, heap; nests */
	RANK_MODULE_MAP, /* whose an address is */
	RANK_LOG, /* the log ring */
	RANK_CONSOLE, /* serial line and screen */
};

struct spinlock {
	uint32_t taken; /* 0 or 1 */
	uint32_t owner; /* CPU id + 1 while it is taken */
	uint32_t depth; /* how often the owner has taken it again */
	uint8_t rank; /* enum lock_rank */
	bool nests; /* its owner may take it again */
	const char *name;
};
#define SPINLOCK(its_rank, its_name) { .rank = (its_rank), .name = (its_name) }

/* Turns interrupts off and takes the lock. Give the result to spin_unlock. */
bool spin_lock(struct spinlock *lock);
void spin_unlock(struct spinlock *lock, bool state);
/* Does this CPU hold it? */
bool spin_held(const struct spinlock *lock);
/* Panics when this CPU must not sleep now: it holds a spinlock, is in an
 * interrupt, or has preemption off. `what` names the caller. */
void sleep_check(const char *what);
/* Whether this context may: interrupts on, no spinlock, preemption on. */
bool sleep_allowed(void);
/* Whether this is an interrupt's handler. */
bool in_interrupt(void);

/* From now on no lock is waited for without end and no order is checked: a panic
 * reports whatever the others hold. */
void locks_give_up(void);

/* The lock among the `count` held ones that forbids taking one of `rank`, or
 * NULL. A pure function, for tests. */
const struct spinlock *lock_order_break(struct spinlock *const *held, unsigned count,
					unsigned rank);

#endif
