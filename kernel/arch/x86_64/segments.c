/* SPDX-License-Identifier: MIT
 *
 * Each CPU's GDT and TSS, the stacks that interrupts switch to, and what the
 * control registers enable (SDM volume 3, chapters 2, 3 and 7).
 */
#include "kernel/arch/x86_64/cpu.h"
#include "kernel/arch/x86_64/segments.h"
#include "kernel/arch/x86_64/trap.h"
#include "kernel/core/boot_info.h"
#include "kernel/mm/mm.h"

#define IST_STACK_SIZE 16384

/* A guard page below each stack: overrunning it faults. */
struct guarded_stack {
	uint8_t guard[PAGE_SIZE];
	uint8_t stack[IST_STACK_SIZE];
} __attribute__((aligned(4096)));

static struct guarded_stack ist_stacks[IST_COUNT] __attribute__((section(".bss.pages")));
extern char boot_stack_guard[];
extern struct thread boot_thread;
struct cpu_block cpu_blocks[CPUS_MAX] = { { .current = &boot_thread } };
unsigned cpu_count = 1;

#define IST_GUARD(ist) ((uint64_t)ist_stacks[(ist)-1].guard)
const uint64_t guard_pages[] = {
	(uint64_t)boot_stack_guard, IST_GUARD(IST_INTERRUPT), IST_GUARD(IST_NMI),
	IST_GUARD(IST_DOUBLE_FAULT), IST_GUARD(IST_MACHINE_CHECK), IST_GUARD(IST_EXCEPTION),
};
const unsigned guard_page_count = sizeof(guard_pages) / sizeof(guard_pages[0]);

struct tss {
	uint32_t reserved0;
	uint64_t rsp[3];
	uint64_t reserved1;
	uint64_t ist[7];
	uint64_t reserved2;
	uint16_t reserved3, io_map;
} __attribute__((packed));
_Static_assert(sizeof(struct tss) == 104, "SDM figure 7-11");

static struct cpu_segments {
	struct tss tss;
	uint64_t gdt[5];
} segments[CPUS_MAX];

static void gdt_load(struct cpu_segments *own)
{
	struct {
		uint16_t limit;
		uint64_t base;
	} __attribute__((packed)) pointer = { sizeof(own->gdt) - 1, (uint64_t)own->gdt };

	/* FS and GS keep their bases: their selectors are not touched. */
	__asm__ volatile("lgdt %0\n\t"
			 "pushq %1\n\t"
			 "leaq 1f(%%rip), %%rax\n\t"
			 "pushq %%rax\n\t"
			 "lretq\n"
			 "1:\n\t"
			 "movl %2, %%eax\n\t"
			 "movl %%eax, %%ds\n\t"
			 "movl %%eax, %%es\n\t"
			 "movl %%eax, %%ss"
			 :
			 : "m"(pointer), "i"(SEGMENT_CODE), "i"(SEGMENT_DATA)
			 : "rax", "memory");
}

bool segments_prepare(unsigned cpu)
{
	for (unsigned i = 0; i < IST_COUNT; i++) {
		uint8_t *stack = segments[cpu].tss.ist[i] ? NULL : vmm_alloc(IST_STACK_SIZE);

		if (stack)
			segments[cpu].tss.ist[i] = (uint64_t)stack + IST_STACK_SIZE;
		else if (!segments[cpu].tss.ist[i])
			return false;
	}
	return true;
}

void segments_init(unsigned cpu)
{
	struct cpu_segments *own = &segments[cpu];
	uint64_t base = (uint64_t)&own->tss, limit = sizeof(own->tss) - 1;

	for (unsigned i = 0; !cpu && i < IST_COUNT; i++)
		own->tss.ist[i] = (uint64_t)ist_stacks[i].stack + IST_STACK_SIZE;
	own->tss.io_map = sizeof(own->tss);
	own->gdt[SEGMENT_CODE / 8] = 0x00af9b000000ffff; /* 64-bit, ring 0 */
	own->gdt[SEGMENT_DATA / 8] = 0x00cf93000000ffff;
	/* A present 64-bit TSS descriptor, the base in four pieces (SDM figure 7-4);
	 * written anew, because loading it marks it busy. */
	own->gdt[SEGMENT_TSS / 8] = limit | (base & 0xffffff) << 16 | UINT64_C(0x89) << 40 |
				    (base >> 24 & 0xff) << 56;
	own->gdt[SEGMENT_TSS / 8 + 1] = base >> 32;
	gdt_load(own);
	__asm__ volatile("ltr %w0" : : "r"(SEGMENT_TSS));
}

bool segments_guard(uint64_t address)
{
	const struct tss *tss = &segments[this_cpu()->id].tss;

	for (unsigned i = 0; i < guard_page_count; i++)
		if (address - guard_pages[i] < PAGE_SIZE)
			return true;
	for (unsigned i = 0; i < IST_COUNT; i++)
		if (address - (tss->ist[i] - IST_STACK_SIZE - PAGE_SIZE) < PAGE_SIZE)
			return true;
	return false;
}

/* SSE is for libz alone: the kernel itself uses general registers. */
void cpu_init(void)
{
	struct cpuid features = cpuid(7, 0);
	uint64_t cr4 = read_cr4() | CR4_OSFXSR | CR4_OSXMMEXCPT;

	if (features.ebx & 1u << 7)
		cr4 |= CR4_SMEP;
	if (features.ebx & 1u << 20)
		cr4 |= CR4_SMAP;
	if (features.ecx & 1u << 2)
		cr4 |= CR4_UMIP;
	write_cr0((read_cr0() & ~(uint64_t)(CR0_EM | CR0_TS)) | CR0_MP | CR0_NE | CR0_WP);
	write_cr4(cr4);
	__asm__ volatile("fninit");
}
