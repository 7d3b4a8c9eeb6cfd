/* SPDX-License-Identifier: MIT
 *
 * Wait queues, and what stands on them. A queue is guarded by the scheduler's
 * lock.
 */
#include "kernel/sched/wait.h"

#include "kernel/core/kernel.h"
#include "kernel/sched/internal.h"

uint64_t wait_sequence(const struct wait_queue *queue)
{
	return __atomic_load_n(&queue->sequence, __ATOMIC_SEQ_CST);
}

static void queue_add(struct wait_queue *queue, struct thread *thread)
{
	thread->queue = queue;
	thread->queue_next = NULL;
	thread->queue_previous = queue->last;
	*(queue->last ? &queue->last->queue_next : &queue->first) = thread;
	queue->last = thread;
}

void queue_remove(struct thread *thread)
{
	struct wait_queue *queue = thread->queue;

	if (!queue)
		return;
	*(thread->queue_previous ? &thread->queue_previous->queue_next : &queue->first) =
		thread->queue_next;
	*(thread->queue_next ? &thread->queue_next->queue_previous : &queue->last) =
		thread->queue_previous;
	thread->queue = NULL;
}

/* The lock is held. False: there is no need to sleep. */
static bool fall_asleep(struct wait_queue *queue, uint64_t seen, uint64_t timeout_ns)
{
	struct thread *self = thread_current();
	uint64_t now = clock_now_ns();

	self->timed_out = false;
	if (queue->sequence != seen || (self->killed && !self->end_deferred))
		return false;
	policy_block(self);
	self->state = THREAD_BLOCKED;
	queue_add(queue, self);
	if (timeout_ns < UINT64_MAX - now)
		timer_list_add(&sleepers, &self->wake_at, now + timeout_ns);
	return true;
}

enum helix_status wait_block(struct wait_queue *queue, uint64_t seen, uint64_t timeout_ns)
{
	struct thread *self = thread_current();
	bool state, timed_out;

	sleep_check("wait_block");
	state = spin_lock(&sched_lock);
	if (fall_asleep(queue, seen, timeout_ns))
		sched_leave();
	timed_out = self->timed_out;
	spin_unlock(&sched_lock, state);
	thread_end_if_killed();
	return timed_out ? HELIX_E_TIMED_OUT : HELIX_OK;
}

void wait_wake(struct wait_queue *queue, uint64_t most)
{
	bool held = spin_held(&sched_lock), state = held ? false : spin_lock(&sched_lock);

	__atomic_add_fetch(&queue->sequence, 1, __ATOMIC_SEQ_CST);
	while (most-- && queue->first)
		sched_wake(queue->first, false);
	if (!held)
		sched_unlock(state);
}

void thread_sleep(uint64_t ns)
{
	struct wait_queue nobody = { 0 };

	wait_block(&nobody, 0, ns);
}

/* ---- mutex ------------------------------------------------------------------------ */

static bool mutex_take(struct mutex *mutex, struct thread *self)
{
	struct thread *nobody = NULL;

	return __atomic_compare_exchange_n(&mutex->owner, &nobody, self, false, __ATOMIC_SEQ_CST,
					   __ATOMIC_SEQ_CST);
}

void mutex_lock(struct mutex *mutex)
{
	struct thread *self = thread_current();

	sleep_check(mutex->name ? mutex->name : "mutex_lock");
	if (__atomic_load_n(&mutex->owner, __ATOMIC_RELAXED) == self)
		panic("mutex %s is taken twice by thread %s", mutex->name ? mutex->name : "?",
		      self->name);
	self->end_deferred++;
	if (mutex_take(mutex, self))
		return;
	/* Who gives it back after this looks at `waiting`, and wakes. */
	__atomic_add_fetch(&mutex->waiting, 1, __ATOMIC_SEQ_CST);
	for (;;) {
		uint64_t seen = wait_sequence(&mutex->queue);

		if (mutex_take(mutex, self))
			break;
		wait_block(&mutex->queue, seen, WAIT_FOREVER);
	}
	__atomic_sub_fetch(&mutex->waiting, 1, __ATOMIC_SEQ_CST);
}

void mutex_unlock(struct mutex *mutex)
{
	struct thread *self = thread_current();

	if (__atomic_load_n(&mutex->owner, __ATOMIC_RELAXED) != self)
		panic("mutex %s is given back by thread %s, which does not hold it",
		      mutex->name ? mutex->name : "?", self->name);
	__atomic_store_n(&mutex->owner, NULL, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&mutex->waiting, __ATOMIC_SEQ_CST))
		wait_wake(&mutex->queue, 1);
	self->end_deferred--;
}

/* ---- completion ------------------------------------------------------------------- */

void complete(struct completion *completion)
{
	__atomic_store_n(&completion->done, 1, __ATOMIC_SEQ_CST);
	wait_wake(&completion->queue, WAKE_ALL);
}

enum helix_status completion_wait(struct completion *completion, uint64_t timeout_ns)
{
	uint64_t begun = clock_now_ns();

	for (;;) {
		uint64_t seen = wait_sequence(&completion->queue), gone;

		if (__atomic_load_n(&completion->done, __ATOMIC_SEQ_CST))
			return HELIX_OK;
		gone = clock_now_ns() - begun;
		if (timeout_ns != WAIT_FOREVER && gone >= timeout_ns)
			return HELIX_E_TIMED_OUT;
		wait_block(&completion->queue, seen,
			   timeout_ns == WAIT_FOREVER ? WAIT_FOREVER : timeout_ns - gone);
	}
}
