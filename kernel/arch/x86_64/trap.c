/* SPDX-License-Identifier: MIT
 *
 * The IDT and the one dispatcher behind its 256 entries: exceptions panic,
 * interrupts go to their handler (SDM volume 3, chapter 6).
 */
#include "kernel/arch/x86_64/apic.h"
#include "kernel/arch/x86_64/cpu.h"
#include "kernel/arch/x86_64/segments.h"
#include "kernel/arch/x86_64/trap.h"
#include "kernel/core/boot_info.h"
#include "kernel/core/panic.h"
#include "kernel/core/print.h"
#include "kernel/sched/thread.h"

#define ENTRY_SIZE  16 /* of a stub */
#define TYPE_INTERRUPT_GATE 0x8e
#define RED_ZONE    128 /* bytes below rsp that a function may use (psABI 3.2.2) */

struct gate {
	uint16_t offset_low, selector;
	uint8_t ist, type;
	uint16_t offset_middle;
	uint32_t offset_high, reserved;
};
_Static_assert(sizeof(struct gate) == 16, "SDM figure 6-8");

extern char trap_entries[];
static struct gate idt[256] __attribute__((aligned(16)));
static void (*handlers[256])(struct trap_frame *frame);
static uint8_t aliases[256];

static uint8_t ist_of(unsigned vector)
{
	switch (vector) {
	case VECTOR_NMI:
		return IST_NMI;
	case 8:
		return IST_DOUBLE_FAULT;
	case 18:
		return IST_MACHINE_CHECK;
	default:
		return vector < VECTOR_EXCEPTIONS ? IST_EXCEPTION : IST_INTERRUPT;
	}
}

void trap_load(void)
{
	struct {
		uint16_t limit;
		uint64_t base;
	} __attribute__((packed)) pointer = { sizeof(idt) - 1, (uint64_t)idt };

	__asm__ volatile("lidt %0" : : "m"(pointer));
}

void trap_init(void)
{
	for (unsigned vector = 0; vector < 256; vector++) {
		uint64_t entry = (uint64_t)trap_entries + vector * ENTRY_SIZE;

		idt[vector] = (struct gate){
			.offset_low = (uint16_t)entry,
			.offset_middle = (uint16_t)(entry >> 16),
			.offset_high = (uint32_t)(entry >> 32),
			.selector = SEGMENT_CODE,
			.ist = ist_of(vector),
			.type = TYPE_INTERRUPT_GATE,
		};
		aliases[vector] = (uint8_t)vector;
	}
	trap_load();
}

void irq_handler_set(unsigned vector, void (*handler)(struct trap_frame *frame))
{
	if (vector == VECTOR_NMI || (vector >= VECTOR_EXCEPTIONS && vector < 256))
		__atomic_store_n(&handlers[vector], handler, __ATOMIC_RELEASE);
}

void irq_alias_set(unsigned from, unsigned to)
{
	aliases[from & 0xff] = (uint8_t)to;
}

/* ---- exceptions in words ------------------------------------------------------ */

static const char *const exception_names[VECTOR_EXCEPTIONS] = {
	[0] = "divide error",
	[1] = "debug exception",
	[2] = "non-maskable interrupt",
	[3] = "breakpoint",
	[4] = "overflow",
	[5] = "bound range exceeded",
	[6] = "invalid opcode",
	[7] = "device not available",
	[8] = "double fault",
	[10] = "invalid TSS",
	[11] = "segment not present",
	[12] = "stack segment fault",
	[13] = "general protection fault",
	[14] = "page fault",
	[16] = "x87 floating-point error",
	[17] = "alignment check",
	[18] = "machine check",
	[19] = "SIMD floating-point exception",
	[20] = "virtualization exception",
	[21] = "control protection exception",
	[29] = "VMM communication exception",
	[30] = "security exception",
};

/* Error code bits: SDM figure 4-12. */
static void describe_page_fault(uint64_t error, char *text, unsigned long capacity)
{
	const char *access = error & 1u << 4 ? "instruction fetch from" :
			     error & 1u << 1 ? "write to" :
					       "read from";
	const char *page = error & 1u << 3 ? "a page with reserved bits set in its tables" :
			   error & 1u << 5 ? "a page with another protection key" :
			   error & 1u << 0 ? "a page that does not allow it" :
					     "a page that is not mapped";
	uint64_t address = read_cr2();
	const char *thread = thread_guard(address);

	ksnprintf(text, capacity, "%s%s%s: %s 0x%lx, %s%s",
		  thread || segments_guard(address) ? "stack overflow" : "page fault",
		  thread ? " in thread " : "", thread ? thread : "", access, address, page,
		  error & 1u << 2 ? ", from user mode" : "");
}

/* Error codes that hold a selector: SDM figure 6-7. */
static void describe_selector(const char *name, uint64_t error, char *text,
			      unsigned long capacity)
{
	const char *table = error & 2 ? "IDT" : error & 4 ? "LDT" : "GDT";

	if (error)
		ksnprintf(text, capacity, "%s: %s entry %lu%s", name, table, error >> 3 & 0x1fff,
			  error & 1 ? ", caused from outside" : "");
	else
		ksnprintf(text, capacity, "%s", name);
}

void trap_describe(const struct trap_frame *frame, char *text, unsigned long capacity)
{
	const char *name = NULL;

	if (frame->vector < VECTOR_EXCEPTIONS)
		name = exception_names[frame->vector];

	if (frame->vector == VECTOR_PAGE_FAULT)
		describe_page_fault(frame->error, text, capacity);
	else if (!name)
		ksnprintf(text, capacity, "exception %lu", frame->vector);
	else if (frame->vector >= 10 && frame->vector <= 13)
		describe_selector(name, frame->error, text, capacity);
	else
		ksnprintf(text, capacity, "%s", name);
}

/* ---- dispatch ----------------------------------------------------------------- */

/* Where the interrupted thread may lose the CPU, moves the frame to its own stack,
 * below what it may keep in its red zone: the interrupt stack is the CPU's and
 * the next interrupt's. NULL: it goes on. */
static struct trap_frame *frame_move(const struct trap_frame *frame)
{
	const struct cpu_block *cpu = this_cpu();
	struct trap_frame *moved;

	if (frame->vector < VECTOR_EXCEPTIONS || !cpu->reschedule || cpu->preempt_off ||
	    cpu->in_interrupt || !(frame->rflags & RFLAGS_IF))
		return NULL;
	moved = (struct trap_frame *)((frame->rsp - RED_ZONE - sizeof(*frame)) & ~UINT64_C(15));
	*moved = *frame;
	return moved;
}

/* What stubs.S calls. Returns the frame to go on from, after the scheduler, or
 * NULL. */
struct trap_frame *trap_dispatch(struct trap_frame *frame);
struct trap_frame *trap_dispatch(struct trap_frame *frame)
{
	unsigned vector = aliases[frame->vector & 0xff];
	void (*handler)(struct trap_frame *) = __atomic_load_n(&handlers[vector], __ATOMIC_ACQUIRE);

	this_cpu()->in_interrupt++;
	if (handler) {
		handler(frame);
	} else if (vector < VECTOR_EXCEPTIONS) {
		char cause[160];

		trap_describe(frame, cause, sizeof(cause));
		panic_trap(frame, "%s", cause);
	}
	if (vector >= VECTOR_EXCEPTIONS && vector != VECTOR_SPURIOUS)
		apic_eoi();
	this_cpu()->in_interrupt--;
	return frame_move(frame);
}
