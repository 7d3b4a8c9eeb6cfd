/* SPDX-License-Identifier: MIT
 *
 * Interrupt controllers: the local APIC of this CPU, and where ISA interrupts
 * go (the I/O APICs of the MADT, or the two 8259s where there is none).
 */
#ifndef KERNEL_ARCH_X86_64_APIC_H
#define KERNEL_ARCH_X86_64_APIC_H

#include <stdbool.h>
#include <stdint.h>

/* Local APIC registers (SDM volume 3, 11.4.1): xAPIC byte offsets. */
enum apic_register {
	APIC_ID = 0x20,
	APIC_TPR = 0x80,
	APIC_EOI = 0xb0,
	APIC_SPURIOUS = 0xf0,
	APIC_COMMAND = 0x300,
	APIC_COMMAND_TARGET = 0x310, /* xAPIC only */
	APIC_LVT_TIMER = 0x320,
	APIC_LVT_LINT0 = 0x350,
	APIC_LVT_LINT1 = 0x360,
	APIC_LVT_ERROR = 0x370,
	APIC_TIMER_INITIAL = 0x380,
	APIC_TIMER_CURRENT = 0x390,
	APIC_TIMER_DIVIDE = 0x3e0,
};
#define APIC_LVT_MASKED   (UINT32_C(1) << 16)
#define APIC_LVT_PERIODIC (UINT32_C(1) << 17)

/* Interprocessor interrupts (SDM volume 3, 11.6.1): how they are delivered. */
#define APIC_IPI_FIXED   (UINT32_C(1) << 14) /* with a vector */
#define APIC_IPI_NMI     (UINT32_C(4) << 8 | UINT32_C(1) << 14)
#define APIC_IPI_INIT    (UINT32_C(5) << 8 | UINT32_C(1) << 14)
#define APIC_IPI_STARTUP (UINT32_C(6) << 8 | UINT32_C(1) << 14) /* with a page number */

/* Masks the 8259s, enables the local APIC, masks every I/O APIC pin. Needs
 * acpi_init and vmm. Called once, interrupts off. */
void apic_init(void);
uint32_t apic_read(enum apic_register index);
void apic_write(enum apic_register index, uint32_t value);

/* Enables the local APIC of a CPU but the first, as apic_init does for that one.
 * Interrupts off. */
void apic_local_init(void);
uint32_t apic_id(void); /* of this CPU */
/* Sends an interrupt to the CPU with local APIC id `target`. Any context. */
void apic_ipi(uint32_t target, uint32_t command);

/* Ends the interrupt in service; the trap dispatcher does it after each handler.
 * Harmless when none is in service. */
void apic_eoi(void);

/* Delivers ISA interrupt `isa_irq` (0 to 15, source overrides honoured) to the
 * boot CPU at `vector`, unmasked. */
void irq_route(unsigned isa_irq, unsigned vector);

#endif
