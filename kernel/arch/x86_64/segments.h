/* SPDX-License-Identifier: MIT
 *
 * Selectors of the GDT and the use of the interrupt stack table.
 */
#ifndef KERNEL_ARCH_X86_64_SEGMENTS_H
#define KERNEL_ARCH_X86_64_SEGMENTS_H

enum { SEGMENT_CODE = 0x08, SEGMENT_DATA = 0x10, SEGMENT_TSS = 0x18 };

/* Maskable interrupts never nest (they enter with interrupts off), so one stack
 * serves them all; an exception while one runs has its own. */
enum {
	IST_INTERRUPT = 1,
	IST_NMI,
	IST_DOUBLE_FAULT,
	IST_MACHINE_CHECK,
	IST_EXCEPTION,
	IST_COUNT = IST_EXCEPTION
};

#endif
