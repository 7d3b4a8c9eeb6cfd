/* SPDX-License-Identifier: MIT
 *
 * Spinlocks, and who may take which when. Plain test-and-set: CPUs may be
 * virtual, and one that is not running must not stand in a queue before those
 * that are.
 */
#include "kernel/sched/lock.h"

#include "kernel/arch/x86_64/cpu.h"
#include "kernel/arch/x86_64/smp.h"
#include "kernel/core/kernel.h"

#define PATIENCE (UINT64_C(1) << 22) /* polls, once a panic has begun */

static bool given_up;

const struct spinlock *lock_order_break(struct spinlock *const *held, unsigned count,
					unsigned rank)
{
	for (unsigned i = count; i-- > 0;)
		if (held[i]->rank >= rank)
			return held[i];
	return NULL;
}

void locks_give_up(void)
{
	__atomic_store_n(&given_up, true, __ATOMIC_SEQ_CST);
}

static bool panicking(void)
{
	return __atomic_load_n(&given_up, __ATOMIC_RELAXED);
}

/* Held locks ascend, so the last one decides. */
static void order_check(const struct cpu_block *cpu, const struct spinlock *lock)
{
	const struct spinlock *outer = lock_order_break(cpu->held, cpu->held_count, lock->rank);

	if (panicking())
		return;
	if (outer)
		panic("lock order: %s is taken while %s is held", lock->name, outer->name);
	if (cpu->held_count == CPU_LOCKS_MAX)
		panic("lock order: %s is one lock too many", lock->name);
}

static bool order_good(const struct cpu_block *cpu, const struct spinlock *lock)
{
	unsigned count = cpu->held_count;

	return !count || (cpu->held[count - 1]->rank < lock->rank && count < CPU_LOCKS_MAX);
}

/* The common path has no call in its middle; the others are taken at its end, and
 * carry `state` through. */
static __attribute__((noinline)) bool take_checked(struct spinlock *lock, struct cpu_block *cpu,
						   bool state)
{
	if (KERNEL_DEBUG_LOCKS)
		order_check(cpu, lock);
	if (cpu->held_count < CPU_LOCKS_MAX)
		cpu->held[cpu->held_count++] = lock;
	return state;
}

static inline bool take_finish(struct spinlock *lock, struct cpu_block *cpu, bool state)
{
	__atomic_store_n(&lock->owner, cpu->id + 1, __ATOMIC_RELAXED);
	if (!order_good(cpu, lock))
		return take_checked(lock, cpu, state);
	cpu->held[cpu->held_count++] = lock;
	return state;
}

/* Somebody has it: this CPU, or it is waited for. */
static __attribute__((noinline)) bool take_slowly(struct spinlock *lock, struct cpu_block *cpu,
						  bool state)
{
	uint64_t polls = 0;

	if (__atomic_load_n(&lock->owner, __ATOMIC_RELAXED) == cpu->id + 1) {
		if (!lock->nests && !panicking())
			panic("lock %s is taken twice by CPU %u", lock->name, cpu->id);
		lock->depth++;
		return state;
	}
	if (KERNEL_DEBUG_LOCKS) /* before the wait: it might be for ever */
		order_check(cpu, lock);
	while (__atomic_exchange_n(&lock->taken, 1, __ATOMIC_ACQUIRE)) {
		while (__atomic_load_n(&lock->taken, __ATOMIC_RELAXED)) {
			tlb_poll();
			cpu_pause();
			if (panicking() && ++polls > PATIENCE)
				return take_finish(lock, cpu, state);
		}
	}
	return take_finish(lock, cpu, state);
}

bool spin_lock(struct spinlock *lock)
{
	bool state = interrupts_save();
	struct cpu_block *cpu = this_cpu();

	if (__atomic_exchange_n(&lock->taken, 1, __ATOMIC_ACQUIRE))
		return take_slowly(lock, cpu, state);
	return take_finish(lock, cpu, state);
}

/* Not the last one; rare. */
static __attribute__((noinline)) void held_remove(struct cpu_block *cpu,
						  const struct spinlock *lock)
{
	unsigned i = cpu->held_count;

	while (i && cpu->held[i - 1] != lock)
		i--;
	if (!i)
		return;
	for (; i < cpu->held_count; i++)
		cpu->held[i - 1] = cpu->held[i];
	cpu->held_count--;
}

/* It was taken more than once, or is not the last that was taken. */
static __attribute__((noinline)) void give_slowly(struct spinlock *lock, struct cpu_block *cpu,
						  bool state)
{
	if (lock->owner != cpu->id + 1 && !panicking())
		panic("lock %s is given back by CPU %u, which does not hold it", lock->name,
		      cpu->id);
	if (lock->depth) {
		lock->depth--;
	} else {
		held_remove(cpu, lock);
		__atomic_store_n(&lock->owner, 0, __ATOMIC_RELAXED);
		__atomic_store_n(&lock->taken, 0, __ATOMIC_RELEASE);
	}
	interrupts_restore(state);
}

void spin_unlock(struct spinlock *lock, bool state)
{
	struct cpu_block *cpu = this_cpu();
	unsigned count = cpu->held_count;

	if (!count || cpu->held[count - 1] != lock || lock->depth) {
		give_slowly(lock, cpu, state);
		return;
	}
	cpu->held_count = count - 1;
	__atomic_store_n(&lock->owner, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&lock->taken, 0, __ATOMIC_RELEASE);
	interrupts_restore(state);
}

bool spin_held(const struct spinlock *lock)
{
	bool state = interrupts_save(); /* or else this may become another CPU in between */
	bool held = __atomic_load_n(&lock->owner, __ATOMIC_RELAXED) == this_cpu()->id + 1;

	interrupts_restore(state);
	return held;
}

bool sleep_allowed(void)
{
	bool state = interrupts_save();
	const struct cpu_block *cpu = this_cpu();
	bool allowed = state && !cpu->held_count && !cpu->in_interrupt && !cpu->preempt_off;

	interrupts_restore(state);
	return allowed;
}

bool in_interrupt(void)
{
	bool state = interrupts_save(), yes = this_cpu()->in_interrupt;

	interrupts_restore(state);
	return yes;
}

void sleep_check(const char *what)
{
	bool state = interrupts_save();
	const struct cpu_block *cpu = this_cpu();

	if (cpu->held_count)
		panic("%s may sleep, and lock %s is held", what,
		      cpu->held[cpu->held_count - 1]->name);
	if (cpu->in_interrupt || cpu->preempt_off)
		panic("%s may sleep, and %s", what,
		      cpu->in_interrupt ? "this is an interrupt" : "preemption is off");
	interrupts_restore(state);
}
