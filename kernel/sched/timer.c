/* SPDX-License-Identifier: MIT
 *
 * A sorted list a CPU, each with a lock of its own, which is not held while a
 * timer's function runs.
 */
#include "kernel/sched/timer.h"

#include <stddef.h>

#include "kernel/arch/x86_64/cpu.h"
#include "kernel/core/kernel.h"
#include "kernel/sched/lock.h"

#define ROW(n) [n] = { .lock = SPINLOCK(n ? RANK_TIMER : RANK_TIMER_FIRST, "timers") }
static struct timers {
	struct spinlock lock;
	struct timer_list list;
	struct timer *running;
} timers[CPUS_MAX] = { ROW(0), ROW(1), ROW(2), ROW(3), ROW(4), ROW(5), ROW(6), ROW(7) };
_Static_assert(CPUS_MAX == 8, "a row a CPU");

/* `own` is locked. */
static void enlist(struct timers *own, struct timer *timer, uint64_t deadline)
{
	__atomic_store_n(&timer->cpu, (unsigned)(own - timers), __ATOMIC_SEQ_CST);
	timer->active = true;
	timer_list_add(&own->list, &timer->node, deadline);
}

void timer_set(struct timer *timer, uint64_t delay_ns, uint64_t period_ns)
{
	bool interrupts = interrupts_save(), state;
	struct timers *own = &timers[this_cpu()->id];

	state = spin_lock(&own->lock);
	timer->period_ns = period_ns;
	enlist(own, timer, clock_now_ns() + delay_ns);
	spin_unlock(&own->lock, state);
	interrupts_restore(interrupts);
}

/* Locks the list `timer` is in; it may move until that is done. */
static struct timers *lock_of(const struct timer *timer, bool *state)
{
	for (;;) {
		unsigned cpu = __atomic_load_n(&timer->cpu, __ATOMIC_SEQ_CST);

		*state = spin_lock(&timers[cpu].lock);
		if (timer->cpu == cpu)
			return &timers[cpu];
		spin_unlock(&timers[cpu].lock, *state);
	}
}

bool timer_cancel(struct timer *timer)
{
	bool state, was_active = false;

	for (;;) {
		struct timers *own = lock_of(timer, &state);
		bool elsewhere = own->running == timer && own != &timers[this_cpu()->id];

		was_active |= timer->active;
		timer->active = false;
		timer_list_remove(&own->list, &timer->node);
		spin_unlock(&own->lock, state);
		if (!elsewhere)
			return was_active;
		cpu_pause();
	}
}

/* Its function may set the timer anew, or give its memory back when it runs once;
 * so nothing of a one-shot timer is touched after it. */
static void run_one(struct timers *own, struct timer *timer, bool *state)
{
	bool again = timer->period_ns;

	timer->active = again;
	own->running = timer;
	spin_unlock(&own->lock, *state);
	timer->run(timer);
	*state = spin_lock(&own->lock);
	own->running = NULL;
	if (again && timer->active && !timer->node.listed)
		timer_list_add(&own->list, &timer->node,
			       timer->node.deadline + timer->period_ns);
}

void timers_run(void)
{
	struct timers *own = &timers[this_cpu()->id];
	uint64_t now = clock_now_ns();
	struct timer_node *node;
	bool state = spin_lock(&own->lock);

	while ((node = timer_list_due(&own->list, now)))
		run_one(own, (struct timer *)((uint8_t *)node - offsetof(struct timer, node)),
			&state);
	spin_unlock(&own->lock, state);
}

void timers_move(void)
{
	struct timers *own = &timers[this_cpu()->id];
	struct timer_node *node;
	bool outer = spin_lock(&own->lock), inner = spin_lock(&timers[0].lock);

	while ((node = timer_list_due(&own->list, UINT64_MAX)))
		enlist(&timers[0], (struct timer *)((uint8_t *)node - offsetof(struct timer, node)),
		       node->deadline);
	spin_unlock(&timers[0].lock, inner);
	spin_unlock(&own->lock, outer);
}
