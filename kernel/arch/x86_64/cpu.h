/* SPDX-License-Identifier: MIT
 *
 * Single instructions of the CPU, and the block that each CPU's FS base points
 * to.
 */
#ifndef KERNEL_ARCH_X86_64_CPU_H
#define KERNEL_ARCH_X86_64_CPU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CPUS_MAX      8
#define CPU_LOCKS_MAX 8 /* spinlocks that one CPU holds at a time */

struct spinlock;
struct thread;

/* Fixed places: what one instruction reads relative to FS needs no look at which
 * CPU this is, and the compiler reads the stack protector's canary at %fs:0x28.
 * Every CPU has the same canary, because threads move. */
struct cpu_block {
	struct cpu_block *self;
	struct thread *current;
	uint32_t preempt_off; /* how often preemption was turned off */
	uint32_t reschedule; /* the scheduler is wanted as soon as it may run */
	uint32_t id, apic_id;
	uint32_t in_interrupt, held_count;
	uint64_t canary;
	struct spinlock *held[CPU_LOCKS_MAX]; /* in the order they were taken */
	struct thread *idle;
	int64_t tsc_offset; /* added to this CPU's TSC */
	uint64_t tlb_seen; /* the last shootdown that this CPU has carried out */
	uint64_t since_ns; /* when the current thread came here */
	uint64_t switches, ticks;
	uint32_t stage; /* enum cpu_stage (smp.h) */
} __attribute__((aligned(64)));
_Static_assert(offsetof(struct cpu_block, current) == 0x08, "thread_current");
_Static_assert(offsetof(struct cpu_block, preempt_off) == 0x10, "preempt_disable");
_Static_assert(offsetof(struct cpu_block, reschedule) == 0x14, "preempt_enable");
_Static_assert(offsetof(struct cpu_block, canary) == 0x28, "the ABI's place of the canary");

extern struct cpu_block cpu_blocks[CPUS_MAX]; /* by CPU id; 0 is the boot CPU */
extern unsigned cpu_count; /* CPUs that were found, 0 to cpu_count - 1 */

/* This CPU's block: true for as long as interrupts or preemption are off. */
static inline struct cpu_block *this_cpu(void)
{
	struct cpu_block *cpu;
	__asm__ volatile("movq %%fs:0, %0" : "=r"(cpu));
	return cpu;
}

static inline struct thread *thread_current(void)
{
	struct thread *thread;
	__asm__ volatile("movq %%fs:0x08, %0" : "=r"(thread));
	return thread;
}

enum {
	RFLAGS_IF = 1 << 9,
	CR0_MP = 1 << 1,
	CR0_EM = 1 << 2,
	CR0_TS = 1 << 3,
	CR0_NE = 1 << 5,
	CR0_WP = 1 << 16,
	CR4_OSFXSR = 1 << 9,
	CR4_OSXMMEXCPT = 1 << 10,
	CR4_UMIP = 1 << 11,
	CR4_SMEP = 1 << 20,
	CR4_SMAP = 1 << 21,
};

struct cpuid {
	uint32_t eax, ebx, ecx, edx;
};

/* All zero for a leaf that the CPU does not have. */
static inline struct cpuid cpuid(uint32_t leaf, uint32_t subleaf)
{
	struct cpuid r = { 0, 0, 0, 0 };
	uint32_t max;
	__asm__ volatile("cpuid"
			 : "=a"(max), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx)
			 : "a"(leaf & 0x80000000), "c"(0));
	if (max < leaf)
		return (struct cpuid){ 0, 0, 0, 0 };
	__asm__ volatile("cpuid"
			 : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx)
			 : "a"(leaf), "c"(subleaf));
	return r;
}

#define CPU_CONTROL_REGISTER(name)                                                  \
	static inline uint64_t read_##name(void)                                    \
	{                                                                           \
		uint64_t value;                                                     \
		__asm__ volatile("mov %%" #name ", %0" : "=r"(value) : : "memory"); \
		return value;                                                       \
	}                                                                           \
	static inline void write_##name(uint64_t value)                             \
	{                                                                           \
		__asm__ volatile("mov %0, %%" #name : : "r"(value) : "memory");     \
	}
CPU_CONTROL_REGISTER(cr0)
CPU_CONTROL_REGISTER(cr2)
CPU_CONTROL_REGISTER(cr3)
CPU_CONTROL_REGISTER(cr4)
#undef CPU_CONTROL_REGISTER

static inline void interrupts_on(void)
{
	__asm__ volatile("sti" : : : "memory");
}

static inline void interrupts_off(void)
{
	__asm__ volatile("cli" : : : "memory");
}

/* Turns interrupts off; true when they were on: give it to interrupts_restore. */
static inline bool interrupts_save(void)
{
	uint64_t flags;
	__asm__ volatile("pushfq; popq %0; cli" : "=r"(flags) : : "memory");
	return flags & RFLAGS_IF;
}

static inline void interrupts_restore(bool were_on)
{
	if (were_on)
		interrupts_on();
}

/* Sleeps until an interrupt came; interrupts are on while it sleeps. */
static inline void cpu_idle(void)
{
	__asm__ volatile("sti; hlt" : : : "memory");
}

static inline void cpu_pause(void)
{
	__asm__ volatile("pause" : : : "memory");
}

/* Stops for good. */
static inline _Noreturn void cpu_halt(void)
{
	for (;;)
		__asm__ volatile("cli; hlt" : : : "memory");
}

static inline uint64_t read_tsc(void)
{
	uint32_t low, high;
	__asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high) : : "memory");
	return (uint64_t)high << 32 | low;
}

static inline void page_flush(uint64_t address)
{
	__asm__ volatile("invlpg (%0)" : : "r"(address) : "memory");
}

#endif
