/* SPDX-License-Identifier: MIT
 *
 * The thread that does for others what they cannot do where they are: gives back
 * the memory of detached threads that have ended, and tells who wants to know
 * that memory is low.
 */
#include "kernel/core/kernel.h"
#include "kernel/mm/mm.h"
#include "kernel/sched/internal.h"

static struct wait_queue work;
static uint32_t some_dead; /* a hint for the tick */

static struct thread *take_dead(void)
{
	bool state = spin_lock(&sched_lock);
	struct thread *dead = thread_take_dead();

	spin_unlock(&sched_lock, state);
	return dead;
}

static bool bury(void)
{
	struct thread *dead = take_dead(), *next;

	for (struct thread *thread = dead; thread; thread = next) {
		next = thread->same;
		thread_release(thread);
	}
	return dead;
}

static int care(void *argument)
{
	(void)argument;
	for (;;) {
		uint64_t seen = wait_sequence(&work);
		bool buried = bury(), told = pmm_pressure_announce();

		if (!buried && !told)
			wait_block(&work, seen, WAIT_FOREVER);
	}
	return 0;
}

void caretaker_wake(void)
{
	__atomic_store_n(&some_dead, 1, __ATOMIC_SEQ_CST);
}

void caretaker_tick(void)
{
	if (__atomic_exchange_n(&some_dead, 0, __ATOMIC_SEQ_CST) || pmm_pressure_changed())
		wait_wake(&work, 1);
}

void sched_start(void)
{
	struct thread_options options = { .name = "caretaker", .detached = true };

	if (thread_create(&options, care, NULL, NULL))
		panic("no memory for the caretaker");
}
