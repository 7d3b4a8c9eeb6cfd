/* SPDX-License-Identifier: MIT
 *
 * Several processors: starting and parking them, interrupts between them, and
 * address translations that all of them must forget.
 */
#ifndef KERNEL_ARCH_X86_64_SMP_H
#define KERNEL_ARCH_X86_64_SMP_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/arch/x86_64/cpu.h"
#include "kernel/arch/x86_64/trap.h"

enum cpu_stage {
	CPU_OFF, /* never started, or it did not answer */
	CPU_STARTING,
	CPU_SYNC, /* it runs, and compares clocks with the one that started it */
	CPU_ONLINE,
	CPU_LEAVING, /* its idle thread shall park it */
	CPU_PARKING,
	CPU_PARKED, /* halted, and woken only by being started again */
};

/* Finds the CPUs (ACPI's MADT) and starts them. Needs threads, interrupts on.
 * Called once. */
void smp_init(void);

/* Starts CPU `cpu`, which is off or parked; false, with a sentence in *why, when it
 * does not come. Thread context, one at a time. */
bool cpu_start(unsigned cpu, const char **why);
/* Parks this CPU. Interrupts are off, its idle thread runs. */
_Noreturn void cpu_park(void);

/* CPUs that run and carry out shootdowns. */
uint32_t cpu_online_mask(void);
/* CPUs that threads may run on: those online that are not about to leave. */
uint64_t cpu_active_mask(void);
bool cpu_active(unsigned cpu);
/* With the scheduler's lock held. */
void cpu_active_set(unsigned cpu, bool active);

/* Interrupts another CPU at `vector`. Any context. */
void ipi_send(unsigned cpu, unsigned vector);
/* Ends what all other CPUs do, by NMI; waits for a moment until they have. For
 * the panic. */
void smp_stop_others(void);

/* Waits if the machine is being stopped (stop_machine). Interrupts are off. */
void stop_join(void);

/* ---- translations ----------------------------------------------------------------- */

/* When it returns, no other CPU uses a translation any longer that the page tables
 * did not hold when it was called; this one the caller has seen to, and preemption
 * has been off since. May be called with spinlocks held, interrupts on or
 * off, on several CPUs at once: who waits for a lock or for another's shootdown
 * with interrupts off carries out what is wanted of it meanwhile. */
void tlb_shootdown(void);
/* Carries out what is wanted of this CPU. Interrupts are off. */
void tlb_poll(void);

#endif
