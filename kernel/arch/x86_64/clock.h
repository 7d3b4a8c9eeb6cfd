/* SPDX-License-Identifier: MIT
 *
 * Time: the TSC as a nanosecond clock (clock_now_ns in kernel/core/kernel.h),
 * the local APIC timer as the periodic tick.
 */
#ifndef KERNEL_ARCH_X86_64_CLOCK_H
#define KERNEL_ARCH_X86_64_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

struct trap_frame;

/* Calibrates both against the PIT (about 40 ms). Needs apic_init; called once. */
void clock_init(void);
uint64_t clock_tsc_hz(void);

/* Compares the TSCs of this CPU (leads) and of `cpu`, which has just started
 * (follows), and makes the second one's clock fit. Both call at the same time;
 * false when the other one does not answer. */
bool clock_sync_lead(unsigned cpu);
void clock_sync_follow(void);
/* Passes time: at least `ns`. Any context. */
void clock_delay(uint64_t ns);

/* Interrupts this CPU `hertz` times a second (1 to 10,000) from now on. */
void timer_start(unsigned hertz);
/* No more ticks on this CPU. */
void timer_stop(void);
/* `hook` runs at each tick of each CPU, in interrupt context; NULL takes it away. */
void timer_hook_set(void (*hook)(struct trap_frame *frame));

#endif
