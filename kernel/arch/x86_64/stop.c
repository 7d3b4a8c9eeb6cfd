/* SPDX-License-Identifier: MIT
 *
 * Stopping the machine: all other CPUs wait inside an interrupt, with interrupts
 * off, while one of them does something that none of them may see half done. A CPU
 * that holds a spinlock has interrupts off, and so gives it back before it comes;
 * those who wait here carry out TLB shootdowns meanwhile, as all who wait do.
 */
#include "kernel/arch/x86_64/smp.h"

#include "kernel/core/kernel.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/wait.h"

#define PATIENCE_NS UINT64_C(30000000000)

static struct mutex one_at_a_time = MUTEX("stop");
static uint32_t stopping; /* atomic */
static uint32_t here; /* atomic: bit n: CPU n waits */

/* Instructions that were fetched before are forgotten (SDM volume 3, 8.1.3). */
static void serialise(void)
{
	cpuid(0, 0);
}

void stop_join(void)
{
	const uint32_t me = UINT32_C(1) << this_cpu()->id;

	if (!__atomic_load_n(&stopping, __ATOMIC_SEQ_CST))
		return;
	__atomic_or_fetch(&here, me, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(&stopping, __ATOMIC_SEQ_CST)) {
		tlb_poll();
		cpu_pause();
	}
	serialise();
	__atomic_and_fetch(&here, ~me, __ATOMIC_SEQ_CST);
}

/* All CPUs in use but this one are here, or nobody is; CPUs come and go by
 * themselves meanwhile. */
static void await(bool all, uint32_t me)
{
	const uint64_t begun = clock_now_ns();

	for (;;) {
		const uint32_t waiting = __atomic_load_n(&here, __ATOMIC_SEQ_CST);

		if (all ? !(cpu_online_mask() & ~me & ~waiting) : !waiting)
			return;
		tlb_poll();
		cpu_pause();
		if (clock_now_ns() - begun > PATIENCE_NS)
			panic("CPUs %#x do not stop", cpu_online_mask() & ~me & ~waiting);
	}
}

void stop_machine(void (*work)(void *argument), void *argument)
{
	uint32_t me;
	bool state;

	mutex_lock(&one_at_a_time);
	state = interrupts_save();
	me = UINT32_C(1) << this_cpu()->id;
	__atomic_store_n(&stopping, 1, __ATOMIC_SEQ_CST);
	for (unsigned cpu = 0; cpu < cpu_count; cpu++)
		if (cpu_online_mask() & ~me & UINT32_C(1) << cpu)
			ipi_send(cpu, VECTOR_STOP);
	await(true, me);
	work(argument);
	serialise();
	__atomic_store_n(&stopping, 0, __ATOMIC_SEQ_CST);
	await(false, me);
	interrupts_restore(state);
	mutex_unlock(&one_at_a_time);
}
