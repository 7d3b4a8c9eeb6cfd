/* SPDX-License-Identifier: MIT
 *
 * The kernel's first C function: brings the machine up, part by part, in the
 * order in which the parts need each other.
 */
#include "kernel/arch/x86_64/acpi.h"
#include "kernel/arch/x86_64/apic.h"
#include "kernel/arch/x86_64/clock.h"
#include "kernel/arch/x86_64/cpu.h"
#include "kernel/arch/x86_64/smp.h"
#include "kernel/arch/x86_64/trap.h"
#include "kernel/core/boot_info.h"
#include "kernel/core/console.h"
#include "kernel/core/kernel.h"
#include "kernel/core/ksym.h"
#include "kernel/mm/mm.h"
#include "kernel/sched/sched.h"

#define TICKS_PER_SECOND 100

/* Entered from entry.S on the boot stack, interrupts off, the canary set. */
_Noreturn void kernel_start(uint32_t magic, uint32_t information);
void kernel_start(uint32_t magic, uint32_t information)
{
	console_early_init();
	segments_init(0);
	trap_init();
	cpu_init();
	boot_info_parse(magic, information);
	mm_init(&boot_info);
	ksym_init();
	acpi_init();
	apic_init();
	clock_init();
	console_init();
	sched_init();
	interrupts_on();
	timer_start(TICKS_PER_SECOND);
	sched_start();
	smp_init();
	kernel_main();
	panic("kernel_main returned");
}
