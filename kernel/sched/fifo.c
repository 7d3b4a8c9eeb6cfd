/* SPDX-License-Identifier: MIT
 *
 * One queue for all CPUs: each takes the first thread that may run on it.
 * Priorities and weights are not looked at.
 */
#include "kernel/sched/fifo.h"

#include <stddef.h>

#define CPUS_MOST   64
#define SLICE_TICKS 2

/* What this policy keeps in a thread's data. */
struct place {
	struct helix_thread *next, *previous;
	uint64_t queued;
};
_Static_assert(sizeof(struct place) <= HELIX_THREAD_DATA * sizeof(uint64_t), "it fits");

static struct helix_thread *first, *last;
static unsigned slice_used[CPUS_MOST]; /* ticks */
static struct helix_scheduler_stats counts;

static struct place *place_of(struct helix_thread *thread)
{
	return (struct place *)thread->data;
}

static void queue_add(struct helix_thread *thread)
{
	struct place *place = place_of(thread);

	*place = (struct place){ NULL, last, true };
	*(last ? &place_of(last)->next : &first) = thread;
	last = thread;
	counts.ready++;
}

static void queue_remove(struct helix_thread *thread)
{
	struct place *place = place_of(thread);

	if (!place->queued)
		return;
	*(place->previous ? &place_of(place->previous)->next : &first) = place->next;
	*(place->next ? &place_of(place->next)->previous : &last) = place->previous;
	*place = (struct place){ NULL, NULL, false };
	counts.ready--;
}

static enum helix_status fifo_init(unsigned cpus)
{
	if (cpus > CPUS_MOST)
		return HELIX_E_INVALID;
	first = last = NULL;
	counts = (struct helix_scheduler_stats){ 0 };
	for (unsigned i = 0; i < CPUS_MOST; i++)
		slice_used[i] = 0;
	return HELIX_OK;
}

static enum helix_status fifo_add(struct helix_thread *thread)
{
	(void)thread;
	counts.threads++;
	return HELIX_OK;
}

static void fifo_remove(struct helix_thread *thread)
{
	queue_remove(thread);
	counts.threads--;
}

static void fifo_ready(struct helix_thread *thread, enum helix_ready why)
{
	(void)why;
	queue_add(thread);
}

static void fifo_block(struct helix_thread *thread)
{
	queue_remove(thread);
}

static struct helix_thread *first_for(unsigned cpu)
{
	struct helix_thread *thread = first;

	while (thread && !(thread->affinity >> cpu & 1))
		thread = place_of(thread)->next;
	return thread;
}

static uint64_t fifo_pick(unsigned cpu)
{
	struct helix_thread *thread = first_for(cpu);

	slice_used[cpu] = 0;
	if (!thread)
		return 0;
	queue_remove(thread);
	counts.picked++;
	return thread->id;
}

static void fifo_yield(unsigned cpu, struct helix_thread *thread)
{
	(void)cpu;
	queue_add(thread);
}

static void fifo_tick(unsigned cpu, struct helix_thread *running)
{
	if (running)
		slice_used[cpu]++;
}

static bool fifo_needs(unsigned cpu, const struct helix_thread *running)
{
	(void)running;
	return slice_used[cpu] >= SLICE_TICKS && first_for(cpu);
}

static void fifo_set_priority(struct helix_thread *thread)
{
	(void)thread;
}

static uint32_t fifo_get_priority(const struct helix_thread *thread)
{
	return thread->priority;
}

static void fifo_stats(struct helix_scheduler_stats *stats)
{
	*stats = counts;
}

static const struct helix_scheduler_ops fifo_ops = {
	.init = fifo_init,
	.add_thread = fifo_add,
	.remove_thread = fifo_remove,
	.thread_ready = fifo_ready,
	.thread_block = fifo_block,
	.pick_next = fifo_pick,
	.yield_thread = fifo_yield,
	.tick = fifo_tick,
	.needs_reschedule = fifo_needs,
	.set_priority = fifo_set_priority,
	.get_priority = fifo_get_priority,
	.stats = fifo_stats,
};

const struct sched_policy fifo_scheduler = { "fifo", UINT64_C(1) << 32, &fifo_ops };
