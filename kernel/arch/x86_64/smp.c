/* SPDX-License-Identifier: MIT
 *
 * Starting processors by INIT-SIPI-SIPI (SDM volume 3, 9.4.4) and parking them
 * again. The trampoline is written through the direct map and executed through
 * an identity mapping of its page, which exists only while a processor starts.
 */
#include "kernel/arch/x86_64/smp.h"

#include "kernel/arch/x86_64/acpi.h"
#include "kernel/arch/x86_64/apic.h"
#include "kernel/arch/x86_64/clock.h"
#include "kernel/core/kernel.h"
#include "kernel/core/log.h"
#include "kernel/core/panic.h"
#include "kernel/core/string.h"
#include "kernel/mm/mm.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/timer.h"

#define TICKS_PER_SECOND 100
#define INIT_DELAY_NS    UINT64_C(10000000)
#define SIPI_DELAY_NS    UINT64_C(200000)
#define START_WAIT_NS    UINT64_C(5000000000)
#define STOP_WAIT_NS     UINT64_C(100000000)

extern const uint8_t trampoline_start[], trampoline_end[], trampoline_words[];

/* At trampoline_words. */
struct trampoline_words {
	uint32_t to_32, code_32, to_64, code_64;
	uint32_t gdt, gdt_base; /* offsets */
	uint64_t root, stack, block, entry;
};

static uint64_t page; /* below 1 MiB; 0: there is none */
static uint32_t online = 1;
static uint64_t active = 1;

uint32_t cpu_online_mask(void)
{
	return __atomic_load_n(&online, __ATOMIC_SEQ_CST);
}

uint64_t cpu_active_mask(void)
{
	return __atomic_load_n(&active, __ATOMIC_RELAXED);
}

bool cpu_active(unsigned cpu)
{
	return cpu_active_mask() >> cpu & 1;
}

void cpu_active_set(unsigned cpu, bool is_active)
{
	uint64_t bit = UINT64_C(1) << cpu;

	__atomic_store_n(&active, is_active ? active | bit : active & ~bit, __ATOMIC_RELAXED);
}

void ipi_send(unsigned cpu, unsigned vector)
{
	apic_ipi(cpu_blocks[cpu].apic_id, APIC_IPI_FIXED | vector);
}

static enum cpu_stage stage_of(unsigned cpu)
{
	return __atomic_load_n(&cpu_blocks[cpu].stage, __ATOMIC_SEQ_CST);
}

static void stage_set(unsigned cpu, enum cpu_stage stage)
{
	__atomic_store_n(&cpu_blocks[cpu].stage, stage, __ATOMIC_SEQ_CST);
}

/* ---- on the processor that starts ------------------------------------------------- */

static _Noreturn void processor_main(struct cpu_block *self)
{
	unsigned cpu = self->id;

	segments_init(cpu);
	trap_load();
	cpu_init();
	apic_local_init();
	stage_set(cpu, CPU_SYNC);
	clock_sync_follow();
	/* From here on it is asked to forget translations; those that it may have
	 * learned before it was, it forgets now. */
	__atomic_or_fetch(&online, UINT32_C(1) << cpu, __ATOMIC_SEQ_CST);
	write_cr3(read_cr3());
	stop_join(); /* whoever stops the machine now counts on this one too */
	self->since_ns = clock_now_ns();
	stage_set(cpu, CPU_ONLINE);
	timer_start(TICKS_PER_SECOND);
	idle_run();
}

_Noreturn void cpu_park(void)
{
	unsigned cpu = this_cpu()->id;

	timers_move();
	timer_stop();
	__atomic_and_fetch(&online, ~(UINT32_C(1) << cpu), __ATOMIC_SEQ_CST);
	stage_set(cpu, CPU_PARKED);
	cpu_halt();
}

/* ---- on the one that starts it ---------------------------------------------------- */

static void trampoline_write(struct cpu_block *block, uint64_t stack)
{
	uint8_t *copy = pmm_direct(page);
	struct trampoline_words *words =
		(struct trampoline_words *)(copy + (trampoline_words - trampoline_start));
	uint32_t base = (uint32_t)page, gdt;

	memcpy(copy, trampoline_start, (size_t)(trampoline_end - trampoline_start));
	words->to_32 += base;
	words->to_64 += base;
	gdt = words->gdt + base;
	memcpy(copy + words->gdt_base, &gdt, sizeof(gdt));
	words->root = read_cr3();
	words->stack = stack;
	words->block = (uint64_t)block;
	words->entry = (uint64_t)processor_main;
}

static bool stage_await(unsigned cpu, enum cpu_stage stage, uint64_t ns)
{
	uint64_t begun = clock_now_ns();

	while (stage_of(cpu) != stage) {
		if (clock_now_ns() - begun > ns)
			return false;
		cpu_pause();
	}
	return true;
}

static bool processor_start(struct cpu_block *block)
{
	uint32_t vector = (uint32_t)(page / PAGE_SIZE);

	apic_ipi(block->apic_id, APIC_IPI_INIT);
	clock_delay(INIT_DELAY_NS);
	apic_ipi(block->apic_id, APIC_IPI_STARTUP | vector);
	if (!stage_await(block->id, CPU_SYNC, SIPI_DELAY_NS))
		apic_ipi(block->apic_id, APIC_IPI_STARTUP | vector);
	return stage_await(block->id, CPU_SYNC, START_WAIT_NS) && clock_sync_lead(block->id) &&
	       stage_await(block->id, CPU_ONLINE, START_WAIT_NS);
}

static void block_reset(struct cpu_block *block)
{
	block->self = block;
	block->canary = cpu_blocks[0].canary;
	block->preempt_off = block->reschedule = 0;
	block->in_interrupt = block->held_count = 0;
	block->tsc_offset = 0;
	block->stage = CPU_STARTING;
}

bool cpu_start(unsigned cpu, const char **why)
{
	struct cpu_block *block = &cpu_blocks[cpu];
	uint64_t stack = 0;
	bool started;

	*why = "out of memory";
	if (segments_prepare(cpu))
		stack = idle_prepare(cpu);
	if (!stack)
		return false;
	block_reset(block);
	trampoline_write(block, stack);
	if (!vmm_map(page, page, 1, VMM_RX, false)) {
		stage_set(cpu, CPU_OFF);
		return false;
	}
	started = processor_start(block);
	vmm_unmap(page, 1);
	*why = "it does not answer";
	if (!started) {
		apic_ipi(block->apic_id, APIC_IPI_INIT); /* wherever it is, it waits there */
		stage_set(cpu, CPU_OFF);
	}
	return started;
}

/* ---- all of them ------------------------------------------------------------------ */

static void ignore(struct trap_frame *frame)
{
	(void)frame; /* what the interrupt is for is done on the way out */
}

static void tlb_interrupt(struct trap_frame *frame)
{
	(void)frame;
	tlb_poll();
}

static void stop_interrupt(struct trap_frame *frame)
{
	(void)frame;
	stop_join();
}

/* A panic on another CPU stops this one with an NMI. */
static void nmi(struct trap_frame *frame)
{
	if (!panic_elsewhere())
		panic_trap(frame, "non-maskable interrupt");
	__atomic_and_fetch(&online, ~(UINT32_C(1) << this_cpu()->id), __ATOMIC_SEQ_CST);
	cpu_halt();
}

void smp_stop_others(void)
{
	uint32_t me = UINT32_C(1) << this_cpu()->id;
	uint64_t begun = clock_now_ns();

	for (unsigned cpu = 0; cpu < cpu_count; cpu++)
		if (cpu_online_mask() & ~me & UINT32_C(1) << cpu)
			apic_ipi(cpu_blocks[cpu].apic_id, APIC_IPI_NMI);
	while (cpu_online_mask() & ~me && clock_now_ns() - begun < STOP_WAIT_NS)
		cpu_pause();
}

static void processors_find(void)
{
	uint32_t own = cpu_blocks[0].apic_id;

	cpu_blocks[0].stage = CPU_ONLINE;
	for (unsigned i = 0; i < acpi_interrupts.cpu_count; i++) {
		uint32_t id = acpi_interrupts.cpus[i];

		if (id == own)
			continue;
		if (cpu_count == CPUS_MAX) {
			log_line(LOG_WARN, "smp: the machine has %u CPUs, %u are used",
				 acpi_interrupts.cpu_count, CPUS_MAX);
			return;
		}
		cpu_blocks[cpu_count].id = cpu_count;
		cpu_blocks[cpu_count].apic_id = id;
		cpu_count++;
	}
}

void smp_init(void)
{
	unsigned running = 1;

	irq_handler_set(VECTOR_RESCHEDULE, ignore);
	irq_handler_set(VECTOR_TLB, tlb_interrupt);
	irq_handler_set(VECTOR_STOP, stop_interrupt);
	irq_handler_set(VECTOR_NMI, nmi);
	processors_find();
	page = cpu_count > 1 ? pmm_low_page() : 0;
	if (cpu_count > 1 && !page) {
		log_line(LOG_ERROR, "smp: no page below 1 MiB to start CPUs from");
		cpu_count = 1;
	}
	if (read_cr3() > UINT32_MAX)
		panic("the page tables begin above 4 GiB");
	for (unsigned cpu = 1; cpu < cpu_count; cpu++) {
		const char *why;

		if (cpu_online(cpu, &why))
			log_line(LOG_ERROR, "smp: CPU %u: %s", cpu, why);
		else
			running++;
	}
	log_line(LOG_INFO, "smp: %u CPU%s", running, running == 1 ? "" : "s");
}
