/* SPDX-License-Identifier: MIT
 *
 * Time: the TSC as a nanosecond clock (clock_now_ns in kernel/core/kernel.h),
 * the local APIC timer as the periodic tick.
 */
#ifndef KERNEL_ARCH_X86_64_CLOCK_H
#define KERNEL_ARCH_X86_64_CLOCK_H

#include <stdint.h>

struct trap_frame;

/* Calibrates both against the PIT (about 40 ms). Needs apic_init; called once. */
void clock_init(void);
uint64_t clock_tsc_hz(void);

/* Interrupts this CPU `hertz` times a second (1 to 10,000) from now on. */
void timer_start(unsigned hertz);
/* Ticks since timer_start. */
extern volatile uint64_t timer_ticks;
/* `hook` runs at each tick, in interrupt context; NULL takes it away. */
void timer_hook_set(void (*hook)(struct trap_frame *frame));

#endif
