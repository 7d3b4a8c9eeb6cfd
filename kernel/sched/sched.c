/* SPDX-License-Identifier: MIT
 *
 * Who runs where: the switch, the tick, idle CPUs. The state of every thread is
 * kept here; which ready thread is next is asked of the policy (policy.c).
 */
#include "kernel/sched/sched.h"

#include "kernel/arch/x86_64/smp.h"
#include "kernel/core/kernel.h"
#include "kernel/core/string.h"
#include "kernel/mm/mm.h"
#include "kernel/sched/internal.h"
#include "kernel/sched/timer.h"

struct spinlock sched_lock = SPINLOCK(RANK_SCHEDULER, "scheduler");
struct timer_list sleepers;

/* ---- the switch ------------------------------------------------------------------- */

static void account(struct cpu_block *cpu, struct thread *previous)
{
	uint64_t now = clock_now_ns();

	if (now > cpu->since_ns)
		previous->time_ns += now - cpu->since_ns;
	cpu->since_ns = now;
}

void sched_leave(void)
{
	struct cpu_block *cpu = this_cpu();
	struct thread *previous = cpu->current, *next;

	cpu->reschedule = 0;
	next = policy_pick(cpu->id);
	if (!next)
		next = cpu->idle;
	next->state = THREAD_RUNNING;
	next->cpu = cpu->id;
	if (next == previous)
		return;
	account(cpu, previous);
	cpu->current = next;
	cpu->switches++;
	next->switches++;
	fpu_leave(previous);
	context_switch(&previous->rsp, next->rsp);
	/* Here `previous` runs again, and maybe elsewhere: `cpu` and `next` are old. */
	fpu_enter(previous);
}

void sched_preempt(void)
{
	bool state = spin_lock(&sched_lock);
	struct thread *self = thread_current();

	if (self->idle)
		self->state = THREAD_READY;
	else
		policy_ready(self, HELIX_READY_PREEMPTED);
	sched_leave();
	spin_unlock(&sched_lock, state);
	if (self->killed && self->options.ends_anywhere && !this_cpu()->preempt_off) {
		interrupts_on();
		thread_end_if_killed();
		interrupts_off();
	}
}

void preempt_check(void)
{
	bool state = interrupts_save();
	const struct cpu_block *cpu = this_cpu();

	if (state && cpu->reschedule && !cpu->preempt_off && !cpu->in_interrupt &&
	    !cpu->held_count)
		sched_preempt();
	interrupts_restore(state);
}

void preempt_enable(void)
{
	__asm__ volatile("subl $1, %%fs:0x10" : : : "memory", "cc");
	preempt_check();
}

void sched_unlock(bool state)
{
	spin_unlock(&sched_lock, state);
	preempt_check();
}

void thread_yield(void)
{
	bool state;

	sleep_check("thread_yield");
	thread_end_if_killed();
	state = spin_lock(&sched_lock);
	policy_yield(thread_current());
	sched_leave();
	spin_unlock(&sched_lock, state);
	thread_end_if_killed();
}

/* ---- waking ----------------------------------------------------------------------- */

void sched_interrupt(unsigned cpu)
{
	struct cpu_block *block = &cpu_blocks[cpu];

	if (__atomic_exchange_n(&block->reschedule, 1, __ATOMIC_SEQ_CST))
		return;
	if (block != this_cpu())
		ipi_send(cpu, VECTOR_RESCHEDULE);
}

static bool may_run_on(const struct thread *thread, unsigned cpu)
{
	return thread->affinity >> cpu & 1;
}

/* An idle CPU, the one it ran on before others; else one whose thread the policy
 * would send away for it. */
void sched_kick(const struct thread *thread)
{
	for (unsigned i = 0; i < cpu_count; i++) {
		unsigned cpu = (thread->cpu + i) % cpu_count;

		if (may_run_on(thread, cpu) && cpu_blocks[cpu].current == cpu_blocks[cpu].idle &&
		    !cpu_blocks[cpu].reschedule) {
			sched_interrupt(cpu);
			return;
		}
	}
	for (unsigned cpu = 0; cpu < cpu_count; cpu++)
		if (may_run_on(thread, cpu) && cpu_blocks[cpu].current->known &&
		    policy_needs(cpu, cpu_blocks[cpu].current)) {
			sched_interrupt(cpu);
			return;
		}
}

void sched_wake(struct thread *thread, bool timed_out)
{
	if (thread->state != THREAD_BLOCKED)
		return;
	queue_remove(thread);
	timer_list_remove(&sleepers, &thread->wake_at);
	thread->timed_out = timed_out;
	policy_ready(thread, HELIX_READY_WOKEN);
	sched_kick(thread);
}

static void sleepers_wake(void)
{
	uint64_t now = clock_now_ns();
	struct timer_node *node;

	while ((node = timer_list_due(&sleepers, now)))
		sched_wake((struct thread *)((uint8_t *)node - offsetof(struct thread, wake_at)),
			   true);
}

/* ---- the tick --------------------------------------------------------------------- */

void sched_tick(void)
{
	bool state = spin_lock(&sched_lock);
	struct cpu_block *cpu = this_cpu();
	struct thread *running = cpu->current->known ? cpu->current : NULL;

	cpu->ticks++;
	sleepers_wake();
	policy_tick(cpu->id, running);
	if (running ? policy_needs(cpu->id, running) : policy_ready_count() > 0)
		cpu->reschedule = 1;
	spin_unlock(&sched_lock, state);
	timers_run();
	if (!cpu->id)
		caretaker_tick();
}

/* ---- idle CPUs -------------------------------------------------------------------- */

void idle_run(void)
{
	uint32_t leaving;

	for (;;) {
		interrupts_off();
		leaving = CPU_LEAVING;
		if (__atomic_compare_exchange_n(&this_cpu()->stage, &leaving, CPU_PARKING, false,
						__ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
			cpu_park();
		cpu_idle(); /* lets no interrupt in between: none is slept through */
	}
}

/* ---- looking ---------------------------------------------------------------------- */

void sched_counts(struct sched_counts *counts)
{
	bool state = spin_lock(&sched_lock);

	policy_counts(counts);
	spin_unlock(&sched_lock, state);
}

static uint64_t ready_on(unsigned cpu)
{
	uint64_t ready = 0;

	for (const struct thread *thread = thread_first(); thread; thread = thread->next)
		ready += thread->known && thread->state == THREAD_READY && may_run_on(thread, cpu);
	return ready;
}

bool sched_cpu(unsigned cpu, struct sched_cpu *info)
{
	const struct cpu_block *block = &cpu_blocks[cpu];
	bool state;

	if (cpu >= cpu_count)
		return false;
	state = spin_lock(&sched_lock);
	*info = (struct sched_cpu){
		.id = block->current->id,
		.switches = block->switches,
		.ticks = block->ticks,
		.ready = ready_on(cpu),
		.online = cpu_active(cpu),
		.idle = block->current->idle,
	};
	memcpy(info->thread, block->current->name, sizeof(info->thread));
	spin_unlock(&sched_lock, state);
	return true;
}
