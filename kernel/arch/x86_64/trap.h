/* SPDX-License-Identifier: MIT
 *
 * Exceptions and interrupts. Every vector enters through one stub and one
 * dispatcher, on an IST stack, so that the interrupted code may use its red
 * zone and may have run its own stack over.
 */
#ifndef KERNEL_ARCH_X86_64_TRAP_H
#define KERNEL_ARCH_X86_64_TRAP_H

#include <stdbool.h>
#include <stdint.h>

/* The interrupted context, as stubs.S leaves it on the stack. */
struct trap_frame {
	uint64_t r15, r14, r13, r12, r11, r10, r9, r8;
	uint64_t rbp, rdi, rsi, rdx, rcx, rbx, rax;
	uint64_t vector, error; /* error code, 0 where the CPU gives none */
	uint64_t rip, cs, rflags, rsp, ss;
};

/* Who uses which vector. */
enum {
	VECTOR_NMI = 2,
	VECTOR_PAGE_FAULT = 14,
	VECTOR_EXCEPTIONS = 32, /* below: the CPU's own */
	VECTOR_PIC = 0x20, /* 16 of them; seen only without an I/O APIC */
	VECTOR_TIMER = 0x40,
	VECTOR_KEYBOARD = 0x41,
	VECTOR_COM2 = 0x43,
	VECTOR_COM1 = 0x44,
	VECTOR_RESCHEDULE = 0x50,
	VECTOR_TLB = 0x51,
	VECTOR_STOP = 0x52,
	VECTOR_SPURIOUS = 0xff,
};

/* Takes what a CPU but the first needs for its own GDT, TSS and interrupt stacks:
 * false when there is no memory. */
bool segments_prepare(unsigned cpu);
/* Load GDT, TSS and IDT of this CPU, whose id is `cpu`, and enable what it offers
 * (SSE, WP, SMEP, SMAP, UMIP). Interrupts off. */
void segments_init(unsigned cpu);
void trap_load(void);
void cpu_init(void);
/* Fills the IDT that all CPUs share, and loads it. Called once. */
void trap_init(void);
/* True when `address` is on the guard page of one of the boot CPU's stacks or of
 * this CPU's interrupt stacks. */
bool segments_guard(uint64_t address);

/* `handler` runs for each interrupt at `vector` (NMI, or 32 and up), interrupts
 * off, on an IST stack; it must not sleep. The dispatcher acknowledges the
 * interrupt after it. NULL takes it away: an NMI then panics, an interrupt is
 * acknowledged and dropped. */
void irq_handler_set(unsigned vector, void (*handler)(struct trap_frame *frame));

/* From now on an interrupt at `from` is handled as if it were at `to`. */
void irq_alias_set(unsigned from, unsigned to);

/* The decoded cause of an exception: "page fault: write to …". */
void trap_describe(const struct trap_frame *frame, char *text, unsigned long capacity);

#endif
