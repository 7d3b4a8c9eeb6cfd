/* SPDX-License-Identifier: MIT
 *
 * Another policy than the built-in one, right and wrong, put in charge while
 * threads run.
 */
#include "kernel/shell/test_threads.h"

#include <stddef.h>

#include "kernel/core/print.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/thread.h"

#define READY_MOST 256
#define CHANGES    40
#define WORKERS    12
#define LIED_TO    3

enum policy_lie policy_lie;
static struct helix_thread *ready[READY_MOST];
static unsigned ready_count;
static struct helix_scheduler_stats counts;
static uint64_t running_id; /* some thread that runs */

static enum helix_status lifo_init(unsigned cpus)
{
	(void)cpus;
	ready_count = 0;
	counts = (struct helix_scheduler_stats){ 0 };
	return HELIX_OK;
}

static enum helix_status lifo_add(struct helix_thread *thread)
{
	if (policy_lie == LIE_REFUSE && counts.threads == 1)
		return HELIX_E_NOT_SUPPORTED;
	thread->data[0] = 0;
	counts.threads++;
	return HELIX_OK;
}

static void lifo_block(struct helix_thread *thread)
{
	unsigned to = 0;

	for (unsigned i = 0; i < ready_count; i++)
		if (ready[i] != thread)
			ready[to++] = ready[i];
	ready_count = to;
}

static void lifo_remove(struct helix_thread *thread)
{
	lifo_block(thread);
	counts.threads--;
}

static void lifo_ready(struct helix_thread *thread, enum helix_ready why)
{
	/* One that was preempted goes to the end, or nobody else would run. */
	if (ready_count == READY_MOST)
		return;
	if (why == HELIX_READY_PREEMPTED) {
		for (unsigned i = ready_count; i; i--)
			ready[i] = ready[i - 1];
		ready[0] = thread;
	} else {
		ready[ready_count] = thread;
	}
	ready_count++;
}

static uint64_t lie(unsigned cpu)
{
	(void)cpu;
	switch (policy_lie) {
	case LIE_UNKNOWN:
		return UINT64_C(1) << 60;
	case LIE_RUNNING:
		return running_id;
	default:
		return 0;
	}
}

static uint64_t lifo_pick(unsigned cpu)
{
	if (policy_lie != LIE_NONE && policy_lie != LIE_REFUSE && counts.picked++ % 4)
		return lie(cpu);
	for (unsigned i = ready_count; i-- > 0;) {
		struct helix_thread *thread = ready[i];

		if (!(thread->affinity >> cpu & 1))
			continue;
		lifo_block(thread);
		running_id = thread->id;
		return thread->id;
	}
	return 0;
}

static void lifo_yield(unsigned cpu, struct helix_thread *thread)
{
	(void)cpu;
	lifo_ready(thread, HELIX_READY_PREEMPTED);
}

static void lifo_tick(unsigned cpu, struct helix_thread *running)
{
	(void)cpu;
	if (running)
		running->data[0]++;
}

static bool lifo_needs(unsigned cpu, const struct helix_thread *running)
{
	(void)cpu;
	return running->data[0] % 2 && ready_count;
}

static void lifo_set_priority(struct helix_thread *thread)
{
	(void)thread;
}

static uint32_t lifo_get_priority(const struct helix_thread *thread)
{
	return thread->priority;
}

static void lifo_stats(struct helix_scheduler_stats *stats)
{
	*stats = counts;
	stats->ready = ready_count;
}

static const struct helix_scheduler_ops lifo_ops = {
	.init = lifo_init,
	.add_thread = lifo_add,
	.remove_thread = lifo_remove,
	.thread_ready = lifo_ready,
	.thread_block = lifo_block,
	.pick_next = lifo_pick,
	.yield_thread = lifo_yield,
	.tick = lifo_tick,
	.needs_reschedule = lifo_needs,
	.set_priority = lifo_set_priority,
	.get_priority = lifo_get_priority,
	.stats = lifo_stats,
};

const struct sched_policy lifo_scheduler = { "lifo", UINT64_C(1) << 32, &lifo_ops };

/* ---- in charge, in turns ---------------------------------------------------------- */

static const struct sched_policy *before;
static unsigned changes;

static void change_often(void)
{
	for (unsigned i = 0; i < CHANGES; i++) {
		changes += !sched_policy_set(i % 2 ? before : &lifo_scheduler);
		thread_sleep(1000000);
	}
}

static void stay(void)
{
	changes += !sched_policy_set(&lifo_scheduler);
}

static bool lie_survived(enum policy_lie which)
{
	struct sched_counts after;
	struct thread_test test;
	bool good;

	policy_lie = which;
	good = workers_run(LIED_TO, stay, &test);
	sched_counts(&after);
	policy_lie = LIE_NONE;
	sched_policy_set(before);
	kprintf("lie %u: lost %lu duplicated %lu, %s wrong answers\n", which, test.lost,
		test.duplicated, after.wrong ? "some" : "no");
	return good && (after.wrong || which == LIE_NOBODY);
}

static bool refusal_harmless(void)
{
	struct helix_scheduler_ops ops = lifo_ops;
	const struct sched_policy partial = { "partial", 0, &ops };
	struct thread_test test;
	bool refused;

	policy_lie = LIE_REFUSE;
	refused = sched_policy_set(&lifo_scheduler) == HELIX_E_NOT_SUPPORTED;
	policy_lie = LIE_NONE;
	ops.pick_next = NULL;
	refused &= sched_policy_set(&partial) == HELIX_E_INVALID;
	return refused && sched_policy() == before && workers_run(WORKERS, NULL, &test);
}

int test_policy(void)
{
	struct thread_test test;
	bool good;

	before = sched_policy();
	changes = 0;
	good = workers_run(WORKERS, change_often, &test) && changes == CHANGES;
	kprintf("%u changes of policy: lost %lu duplicated %lu\n", changes, test.lost,
		test.duplicated);
	for (enum policy_lie which = LIE_UNKNOWN; which <= LIE_NOBODY; which++)
		good &= lie_survived(which);
	good &= refusal_harmless();
	kprintf("policies: %s\n", good ? "right" : "WRONG");
	return !good;
}
