/* SPDX-License-Identifier: MIT
 *
 * The kernel's end. Safe in every context: it waits for no lock without end, needs
 * no heap and never returns; a fault while it reports ends the machine at once.
 */
#ifndef KERNEL_CORE_PANIC_H
#define KERNEL_CORE_PANIC_H

#include "kernel/core/kernel.h"

struct trap_frame;

/* As panic(), for an exception: prints its registers, and the backtrace starts
 * at the faulting instruction. */
_Noreturn void panic_trap(const struct trap_frame *frame, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Has another CPU begun to panic? */
bool panic_elsewhere(void);

#endif
