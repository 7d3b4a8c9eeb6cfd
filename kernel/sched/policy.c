/* SPDX-License-Identifier: MIT
 *
 * The boundary to the policy: the only file that calls it. What it answers is
 * checked against what the kernel knows; a wrong answer costs it one turn.
 */
#include "kernel/arch/x86_64/smp.h"
#include "kernel/core/kernel.h"
#include "kernel/core/log.h"
#include "kernel/sched/fifo.h"
#include "kernel/sched/internal.h"

#define STARVED_NS UINT64_C(1000000000)

static const struct sched_policy *policy = &fifo_scheduler;
static unsigned bank; /* which view of each thread is the policy's */
static uint64_t ready_threads, wrong;

static struct helix_thread *view_of(struct thread *thread)
{
	return &thread->view[bank];
}

/* The CPUs in use among those asked for, or all in use where none is. */
static uint64_t affinity_now(const struct thread *thread)
{
	uint64_t active = cpu_active_mask(), wanted = thread->options.affinity;

	return wanted & active ? wanted & active : active;
}

static void view_make(struct thread *thread, unsigned which)
{
	thread->view[which] = (struct helix_thread){
		.id = thread->id,
		.name = thread->name,
		.priority = thread->options.priority,
		.weight = thread->options.weight,
		.affinity = thread->affinity,
		.period_ns = thread->options.period_ns,
		.budget_ns = thread->options.budget_ns,
		.deadline_ns = thread->options.deadline_ns,
	};
}

enum helix_status policy_add(struct thread *thread)
{
	enum helix_status status;

	thread->affinity = affinity_now(thread);
	view_make(thread, bank);
	status = policy->ops->add_thread(view_of(thread));
	thread->known = !status;
	return status;
}

/* The kernel's own count of who is ready. */
static void count(const struct thread *thread, int by)
{
	if (thread->state == THREAD_READY)
		ready_threads += (uint64_t)by;
}

void policy_remove(struct thread *thread)
{
	count(thread, -1);
	policy->ops->remove_thread(view_of(thread));
	thread->known = false;
}

void policy_ready(struct thread *thread, enum helix_ready why)
{
	thread->state = THREAD_READY;
	thread->ready_since = clock_now_ns();
	count(thread, 1);
	policy->ops->thread_ready(view_of(thread), why);
}

void policy_yield(struct thread *thread)
{
	thread->state = THREAD_READY;
	thread->ready_since = clock_now_ns();
	count(thread, 1);
	policy->ops->yield_thread(thread->cpu, view_of(thread));
}

void policy_block(struct thread *thread)
{
	count(thread, -1);
	policy->ops->thread_block(view_of(thread));
}

/* ---- what it answers -------------------------------------------------------------- */

static bool may_pick(const struct thread *thread, unsigned cpu)
{
	return thread && thread->known && thread->state == THREAD_READY &&
	       thread->affinity >> cpu & 1;
}

static struct thread *longest_ready(unsigned cpu)
{
	struct thread *found = NULL;

	for (struct thread *thread = thread_first(); thread; thread = thread->next)
		if (may_pick(thread, cpu) && (!found || thread->ready_since < found->ready_since))
			found = thread;
	return found;
}

/* Once a policy; the count says how often. */
static void complain(uint64_t answer, unsigned cpu)
{
	if (wrong++)
		return;
	if (answer)
		log_line(LOG_ERROR,
			 "scheduler: %s picked thread %lu for CPU %u, which cannot run there",
			 policy->name, answer, cpu);
	else
		log_line(LOG_ERROR, "scheduler: %s leaves ready threads waiting while CPU %u idles",
			 policy->name, cpu);
}

/* A real-time thread may have used up its budget and wait for its next period. */
static bool starved(const struct thread *thread)
{
	return clock_now_ns() >
	       thread->ready_since + STARVED_NS + 2 * thread->options.period_ns;
}

/* The policy named none, or a wrong one. It may have meant it: a thread must
 * have waited for long before the kernel overrules a none. */
static struct thread *fallback(uint64_t answer, unsigned cpu)
{
	struct thread *found = longest_ready(cpu);

	if (!answer && (!found || !starved(found)))
		return NULL;
	complain(answer, cpu);
	if (found)
		policy->ops->thread_block(view_of(found));
	return found;
}

struct thread *policy_pick(unsigned cpu)
{
	struct thread *thread;
	uint64_t answer;

	if (!cpu_active(cpu))
		return NULL;
	answer = policy->ops->pick_next(cpu);
	if (!answer && !ready_threads)
		return NULL;
	thread = answer ? thread_find(answer) : NULL;
	if (!may_pick(thread, cpu))
		thread = fallback(answer, cpu);
	if (thread)
		count(thread, -1);
	return thread;
}

void policy_tick(unsigned cpu, struct thread *running)
{
	policy->ops->tick(cpu, running ? view_of(running) : NULL);
}

bool policy_needs(unsigned cpu, struct thread *running)
{
	return policy->ops->needs_reschedule(cpu, view_of(running));
}

void policy_set_priority(struct thread *thread)
{
	view_of(thread)->priority = thread->options.priority;
	policy->ops->set_priority(view_of(thread));
	sched_kick(thread);
}

uint32_t policy_priority(const struct thread *thread)
{
	return policy->ops->get_priority(&thread->view[bank]);
}

void policy_affinity(struct thread *thread)
{
	uint64_t affinity = affinity_now(thread);
	bool ready = thread->state == THREAD_READY;

	/* Ready ones are put in order anew even when nothing changed for them: they
	 * may stand in a queue of the CPU that went. */
	if (ready)
		policy->ops->thread_block(view_of(thread));
	thread->affinity = view_of(thread)->affinity = affinity;
	if (ready) {
		policy->ops->thread_ready(view_of(thread), HELIX_READY_MOVED);
		sched_kick(thread);
	} else if (thread->state == THREAD_RUNNING && !(affinity >> thread->cpu & 1)) {
		sched_interrupt(thread->cpu);
	}
}

uint64_t policy_ready_count(void)
{
	return ready_threads;
}

void policy_counts(struct sched_counts *counts)
{
	*counts = (struct sched_counts){ .ready = ready_threads, .wrong = wrong };
	policy->ops->stats(&counts->policy);
}

/* ---- another policy --------------------------------------------------------------- */

static bool whole(const struct helix_scheduler_ops *ops)
{
	return ops->init && ops->add_thread && ops->remove_thread &&
	       ops->thread_ready && ops->thread_block && ops->pick_next && ops->yield_thread &&
	       ops->tick && ops->needs_reschedule && ops->set_priority && ops->get_priority &&
	       ops->stats;
}

/* All threads to `ops`, in its own views; none when it refuses one. */
static enum helix_status add_all(const struct helix_scheduler_ops *ops, unsigned which)
{
	enum helix_status status = ops->init(cpu_count);

	for (struct thread *thread = thread_first(); thread && !status; thread = thread->next) {
		if (!thread->known)
			continue;
		view_make(thread, which);
		status = ops->add_thread(&thread->view[which]);
		if (!status)
			continue;
		while ((thread = thread->previous))
			if (thread->known)
				ops->remove_thread(&thread->view[which]);
		break;
	}
	return status;
}

/* Those that were ready, in the order in which they became it. */
static void ready_all(void)
{
	uint64_t after = 0;

	for (;;) {
		struct thread *next = NULL;

		for (struct thread *thread = thread_first(); thread; thread = thread->next)
			if (thread->known && thread->state == THREAD_READY &&
			    thread->ready_since > after &&
			    (!next || thread->ready_since < next->ready_since))
				next = thread;
		if (!next)
			return;
		after = next->ready_since;
		for (struct thread *thread = next; thread; thread = thread->next)
			if (thread->known && thread->state == THREAD_READY &&
			    thread->ready_since == after)
				policy->ops->thread_ready(view_of(thread), HELIX_READY_MOVED);
	}
}

/* Every CPU that wants to switch waits for the lock meanwhile; a thread that runs
 * goes on running. */
static enum helix_status change(const struct sched_policy *to)
{
	const struct helix_scheduler_ops *old = policy->ops;
	unsigned old_bank = bank;
	enum helix_status status = add_all(to->ops, 1 - bank);

	if (status)
		return status;
	policy = to;
	bank = 1 - bank;
	wrong = 0;
	for (struct thread *thread = thread_first(); thread; thread = thread->next)
		if (thread->known)
			old->remove_thread(&thread->view[old_bank]);
	ready_all();
	for (unsigned cpu = 0; cpu < cpu_count; cpu++)
		if (cpu_active(cpu))
			sched_interrupt(cpu);
	return HELIX_OK;
}

enum helix_status sched_policy_set(const struct sched_policy *to)
{
	enum helix_status status = HELIX_OK;
	bool state;

	if (!to || !to->name || !to->ops || !whole(to->ops))
		return HELIX_E_INVALID;
	state = spin_lock(&sched_lock);
	if (to != policy)
		status = change(to);
	sched_unlock(state);
	return status;
}

const struct sched_policy *sched_policy(void)
{
	return __atomic_load_n(&policy, __ATOMIC_ACQUIRE);
}
