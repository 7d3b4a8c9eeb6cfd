/* SPDX-License-Identifier: MIT
 *
 * Kernel timers: call a function at a time, once or again and again, in interrupt
 * context (it must not sleep). They run at ticks, so up to one late.
 */
#ifndef KERNEL_SCHED_TIMER_H
#define KERNEL_SCHED_TIMER_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/sched/timer_list.h"

/* Owned by the caller, zeroed before its first use; kept until it is cancelled, or
 * has run for the only time. */
struct timer {
	struct timer_node node;
	void (*run)(struct timer *timer);
	uint64_t period_ns; /* 0: once */
	unsigned cpu; /* whose list it is in */
	bool active;
};

/* Runs `timer` after `delay_ns` on this CPU, then every `period_ns` if that is not
 * 0. It must not be active. Any context but an NMI. */
void timer_set(struct timer *timer, uint64_t delay_ns, uint64_t period_ns);
/* When it returns, `timer` is not active and its function is not running, unless
 * that is who calls. It may wait for the function, so no lock that the function
 * takes may be held. True when it had still to run. */
bool timer_cancel(struct timer *timer);

/* Runs what is due on this CPU: from its tick. */
void timers_run(void);
/* Moves the timers of this CPU, which goes away, to CPU 0. Interrupts are off. */
void timers_move(void);

#endif
