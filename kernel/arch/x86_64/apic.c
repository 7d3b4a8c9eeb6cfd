/* SPDX-License-Identifier: MIT
 *
 * Local APIC (xAPIC through its page, or x2APIC where the CPU has it), I/O
 * APICs, and the two 8259s, which stay masked unless there is no I/O APIC
 * (SDM volume 3, chapter 11; I/O APIC 82093AA data sheet).
 */
#include "kernel/arch/x86_64/acpi.h"
#include "kernel/arch/x86_64/apic.h"
#include "kernel/arch/x86_64/cpu.h"
#include "kernel/arch/x86_64/msr.h"
#include "kernel/arch/x86_64/ports.h"
#include "kernel/arch/x86_64/trap.h"
#include "kernel/core/kernel.h"
#include "kernel/core/log.h"
#include "kernel/mm/mm.h"
#include "kernel/sched/lock.h"

#define APIC_BASE_ENABLED (UINT64_C(1) << 11)
#define APIC_BASE_X2APIC  (UINT64_C(1) << 10)
#define APIC_BASE_ADDRESS UINT64_C(0xffffff000)
#define APIC_SOFT_ENABLE  0x100
#define LVT_NMI	          0x400
#define LVT_EXTERNAL      0x700
#define IPI_PENDING       (UINT32_C(1) << 12)
#define IPI_PATIENCE      1000000u

static volatile uint32_t *local; /* NULL in x2APIC mode, and before apic_init */
static bool x2apic, legacy; /* legacy: interrupts come through the 8259s */

/* ---- the 8259s ------------------------------------------------------------------ */

enum { PIC1 = 0x20, PIC2 = 0xa0, PIC_EOI = 0x20, PIC_READ_ISR = 0x0b };

static void pic_command(uint16_t port, uint8_t value)
{
	outb(port, value);
	io_wait();
}

/* Vectors VECTOR_PIC to + 15, every line masked. */
static void pic_init(void)
{
	pic_command(PIC1, 0x11);
	pic_command(PIC2, 0x11);
	pic_command(PIC1 + 1, VECTOR_PIC);
	pic_command(PIC2 + 1, VECTOR_PIC + 8);
	pic_command(PIC1 + 1, 4); /* the second one is at line 2 */
	pic_command(PIC2 + 1, 2);
	pic_command(PIC1 + 1, 1);
	pic_command(PIC2 + 1, 1);
	pic_command(PIC1 + 1, 0xff);
	pic_command(PIC2 + 1, 0xff);
}

static void pic_route(unsigned isa_irq, unsigned vector)
{
	uint16_t port = isa_irq < 8 ? PIC1 + 1 : PIC2 + 1;

	irq_alias_set(VECTOR_PIC + isa_irq, vector);
	outb(port, (uint8_t)(inb(port) & ~(1u << (isa_irq & 7))));
	if (isa_irq >= 8)
		outb(PIC1 + 1, inb(PIC1 + 1) & (uint8_t)~4u);
}

/* Only for what is in service, so a spurious interrupt gets none. */
static void pic_eoi(void)
{
	outb(PIC2, PIC_READ_ISR);
	if (inb(PIC2))
		outb(PIC2, PIC_EOI);
	outb(PIC1, PIC_READ_ISR);
	if (inb(PIC1))
		outb(PIC1, PIC_EOI);
}

/* ---- the local APIC -------------------------------------------------------------- */

uint32_t apic_read(enum apic_register index)
{
	if (x2apic)
		return (uint32_t)msr_read(MSR_X2APIC + (uint32_t)index / 16);
	return local[(uint32_t)index / 4];
}

void apic_write(enum apic_register index, uint32_t value)
{
	if (x2apic)
		msr_write(MSR_X2APIC + (uint32_t)index / 16, value);
	else
		local[(uint32_t)index / 4] = value;
}

void apic_eoi(void)
{
	if (legacy && !this_cpu()->id) /* the 8259s interrupt the boot CPU alone */
		pic_eoi();
	if (x2apic || local)
		apic_write(APIC_EOI, 0);
}

uint32_t apic_id(void)
{
	return x2apic ? apic_read(APIC_ID) : apic_read(APIC_ID) >> 24;
}

/* The fences: what the target shall see was written before, and writing an MSR
 * waits for nothing (SDM volume 3, 11.12.3). */
void apic_ipi(uint32_t target, uint32_t command)
{
	bool state = interrupts_save();

	__asm__ volatile("mfence; lfence" : : : "memory");
	if (x2apic) {
		msr_write(MSR_X2APIC + APIC_COMMAND / 16, (uint64_t)target << 32 | command);
	} else {
		apic_write(APIC_COMMAND_TARGET, target << 24);
		apic_write(APIC_COMMAND, command);
		for (unsigned i = 0; i < IPI_PATIENCE && apic_read(APIC_COMMAND) & IPI_PENDING; i++)
			cpu_pause();
	}
	interrupts_restore(state);
}

static void local_enable(void)
{
	uint64_t base = msr_read(MSR_APIC_BASE) | APIC_BASE_ENABLED;

	/* Firmware may have left x2APIC on, and there is no way straight back. */
	if (cpuid(1, 0).ecx & 1u << 21 || base & APIC_BASE_X2APIC) {
		msr_write(MSR_APIC_BASE, base);
		msr_write(MSR_APIC_BASE, base | APIC_BASE_X2APIC);
		x2apic = true;
	} else if (!local) {
		local = physical_window(base & APIC_BASE_ADDRESS, PAGE_SIZE, true);
		if (!local)
			panic("no memory to map the local APIC");
	}
	if (!x2apic)
		msr_write(MSR_APIC_BASE, base);
	apic_write(APIC_TPR, 0);
	apic_write(APIC_LVT_TIMER, APIC_LVT_MASKED);
	apic_write(APIC_LVT_ERROR, APIC_LVT_MASKED);
	apic_write(APIC_LVT_LINT0, legacy && !this_cpu()->id ? LVT_EXTERNAL : APIC_LVT_MASKED);
	apic_write(APIC_LVT_LINT1, LVT_NMI);
	apic_write(APIC_SPURIOUS, APIC_SOFT_ENABLE | VECTOR_SPURIOUS);
}

/* ---- I/O APICs -------------------------------------------------------------------- */

enum { IO_SELECT = 0, IO_WINDOW = 4, IO_VERSION = 1, IO_REDIRECTION = 0x10 };
#define REDIRECTION_MASKED (1u << 16)
#define REDIRECTION_LEVEL  (1u << 15)
#define REDIRECTION_LOW    (1u << 13)

static struct io_apic {
	volatile uint32_t *registers;
	uint32_t gsi_base, pins;
} io_apics[ACPI_IO_APICS_MAX];
static unsigned io_apic_count;
static struct spinlock io_lock = SPINLOCK(RANK_DEVICE, "I/O APIC");

static uint32_t io_read(const struct io_apic *io, uint32_t index)
{
	io->registers[IO_SELECT] = index;
	return io->registers[IO_WINDOW];
}

static void io_write(const struct io_apic *io, uint32_t index, uint32_t value)
{
	io->registers[IO_SELECT] = index;
	io->registers[IO_WINDOW] = value;
}

static void io_apic_add(uint64_t physical, uint32_t gsi_base)
{
	struct io_apic *io = &io_apics[io_apic_count];

	io->registers = physical_window(physical, 32, true);
	if (!io->registers)
		panic("no memory to map the I/O APIC at 0x%lx", physical);
	io->gsi_base = gsi_base;
	io->pins = (io_read(io, IO_VERSION) >> 16 & 0xff) + 1;
	for (uint32_t pin = 0; pin < io->pins; pin++)
		io_write(io, IO_REDIRECTION + 2 * pin, REDIRECTION_MASKED);
	io_apic_count++;
}

/* `flags` as in the MADT; what they leave to the bus is ISA: edge, active high. */
static void gsi_route(uint32_t gsi, uint16_t flags, unsigned vector)
{
	uint32_t low = vector, id = cpu_blocks[0].apic_id;

	if ((flags & 3) == 3)
		low |= REDIRECTION_LOW;
	if ((flags >> 2 & 3) == 3)
		low |= REDIRECTION_LEVEL;
	for (unsigned i = 0; i < io_apic_count; i++) {
		const struct io_apic *io = &io_apics[i];
		uint32_t pin = gsi - io->gsi_base;
		bool state;

		if (gsi < io->gsi_base || pin >= io->pins)
			continue;
		state = spin_lock(&io_lock); /* a register is chosen, then written */
		io_write(io, IO_REDIRECTION + 2 * pin + 1, id << 24);
		io_write(io, IO_REDIRECTION + 2 * pin, low);
		spin_unlock(&io_lock, state);
		return;
	}
	log_line(LOG_WARN, "apic: no I/O APIC has interrupt %u", gsi);
}

void irq_route(unsigned isa_irq, unsigned vector)
{
	if (isa_irq > 15)
		return;
	if (legacy) {
		pic_route(isa_irq, vector);
		return;
	}
	for (unsigned i = 0; i < acpi_interrupts.override_count; i++) {
		if (acpi_interrupts.overrides[i].isa_irq == isa_irq) {
			gsi_route(acpi_interrupts.overrides[i].gsi,
				  acpi_interrupts.overrides[i].flags, vector);
			return;
		}
	}
	gsi_route(isa_irq, 0, vector);
}

void apic_local_init(void)
{
	local_enable();
}

void apic_init(void)
{
	legacy = !acpi_interrupts.io_apic_count;
	pic_init();
	local_enable();
	cpu_blocks[0].apic_id = apic_id();
	for (unsigned i = 0; i < acpi_interrupts.io_apic_count; i++)
		io_apic_add(acpi_interrupts.io_apics[i].physical,
			    acpi_interrupts.io_apics[i].gsi_base);
	log_line(LOG_INFO, "apic: %s, %s", x2apic ? "x2APIC" : "xAPIC",
		 legacy ? "8259 interrupt controllers" : "I/O APIC");
}
