/* SPDX-License-Identifier: MIT
 *
 * Shootdowns are numbered. A CPU that has emptied its TLB after it read number n
 * has carried out all up to n; so one answer may serve several askers, and no
 * list of addresses is needed.
 */
#include "kernel/arch/x86_64/smp.h"
#include "kernel/core/kernel.h"

#define PATIENCE_NS UINT64_C(30000000000)

static uint64_t wanted; /* the last shootdown asked for */

void tlb_poll(void)
{
	struct cpu_block *cpu = this_cpu();
	uint64_t number = __atomic_load_n(&wanted, __ATOMIC_SEQ_CST);

	if (cpu->tlb_seen == number)
		return;
	write_cr3(read_cr3()); /* no translation is global, so this drops them all */
	__atomic_store_n(&cpu->tlb_seen, number, __ATOMIC_SEQ_CST);
}

static bool done(unsigned cpu, uint64_t number)
{
	return !(cpu_online_mask() >> cpu & 1) ||
	       __atomic_load_n(&cpu_blocks[cpu].tlb_seen, __ATOMIC_SEQ_CST) >= number;
}

static void await(unsigned cpu, uint64_t number)
{
	uint64_t begun = clock_now_ns();

	while (!done(cpu, number)) {
		tlb_poll();
		cpu_pause();
		if (clock_now_ns() - begun > PATIENCE_NS)
			panic("CPU %u does not answer a TLB shootdown", cpu);
	}
}

void tlb_shootdown(void)
{
	bool state = interrupts_save();
	uint32_t others = cpu_online_mask() & ~(UINT32_C(1) << this_cpu()->id);
	uint64_t number;

	if (others) {
		number = __atomic_add_fetch(&wanted, 1, __ATOMIC_SEQ_CST);
		for (unsigned cpu = 0; cpu < cpu_count; cpu++)
			if (others >> cpu & 1)
				ipi_send(cpu, VECTOR_TLB);
		for (unsigned cpu = 0; cpu < cpu_count; cpu++)
			if (others >> cpu & 1)
				await(cpu, number);
	}
	interrupts_restore(state);
}
