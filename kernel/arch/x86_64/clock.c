/* SPDX-License-Identifier: MIT
 *
 * The TSC and the local APIC timer, both measured once against channel 2 of the
 * PIT (8254 data sheet), whose rate is known. Waiting is by polling alone, so it
 * works where time is a count of instructions too.
 */
#include "kernel/arch/x86_64/apic.h"
#include "kernel/arch/x86_64/clock.h"
#include "kernel/arch/x86_64/cpu.h"
#include "kernel/arch/x86_64/ports.h"
#include "kernel/arch/x86_64/trap.h"
#include "kernel/core/kernel.h"
#include "kernel/core/log.h"

#define PIT_HZ	          1193182u
#define PIT_DATA2         0x42
#define PIT_COMMAND       0x43
#define PORT_B	          0x61 /* bit 0 gates channel 2, bit 1 its speaker, bit 5 its output */
#define CALIBRATION_HZ    100u
#define CALIBRATIONS      3
#define POLLS_MAX         10000000u
#define NS_PER_SECOND     UINT64_C(1000000000)
#define TSC_HZ_WITHOUT_PIT NS_PER_SECOND
#define TIMER_DIVIDE_BY_16 3

static uint64_t tsc_base, tsc_hz;
static uint64_t ns_per_tsc; /* fixed point, 32 bits of fraction; 0 until calibrated */
static uint64_t apic_hz;
volatile uint64_t timer_ticks;
static void (*timer_hook)(struct trap_frame *frame);

/* How much the TSC grows in 1 / CALIBRATION_HZ s; 0 when the PIT does not count. */
static uint64_t pit_measure(void)
{
	unsigned count = PIT_HZ / CALIBRATION_HZ;
	uint8_t gate = inb(PORT_B) & 0xfc;
	uint64_t begin, end;
	unsigned polls = 0;

	outb(PORT_B, gate);
	outb(PIT_COMMAND, 0xb0); /* channel 2, both bytes, mode 0 */
	outb(PIT_DATA2, (uint8_t)count);
	outb(PIT_DATA2, (uint8_t)(count >> 8));
	outb(PORT_B, gate | 1);
	begin = read_tsc();
	while (!(inb(PORT_B) & 0x20) && ++polls < POLLS_MAX)
		cpu_pause();
	end = read_tsc();
	outb(PORT_B, gate);
	return polls < POLLS_MAX ? end - begin : 0;
}

/* The smallest of several: being held up can only make a measurement longer. */
static void tsc_calibrate(void)
{
	uint64_t best = UINT64_MAX;

	tsc_base = read_tsc();
	for (unsigned i = 0; i < CALIBRATIONS; i++) {
		uint64_t grown = pit_measure();

		if (grown && grown < best)
			best = grown;
	}
	if (best == UINT64_MAX) {
		log_line(LOG_WARN, "clock: the PIT does not count; taking the TSC for 1 GHz");
		best = TSC_HZ_WITHOUT_PIT / CALIBRATION_HZ;
	}
	tsc_hz = best * CALIBRATION_HZ;
	ns_per_tsc = (NS_PER_SECOND << 32) / tsc_hz;
}

uint64_t clock_tsc_hz(void)
{
	return tsc_hz;
}

uint64_t clock_now_ns(void)
{
	if (!ns_per_tsc)
		return 0;
	return (uint64_t)((unsigned __int128)(read_tsc() - tsc_base) * ns_per_tsc >> 32);
}

/* Counts the APIC timer down from its top while 10 ms pass on the TSC. */
static void apic_calibrate(void)
{
	uint64_t begin, now, counted;

	apic_write(APIC_TIMER_DIVIDE, TIMER_DIVIDE_BY_16);
	apic_write(APIC_LVT_TIMER, APIC_LVT_MASKED | VECTOR_TIMER);
	apic_write(APIC_TIMER_INITIAL, UINT32_MAX);
	begin = read_tsc();
	do {
		cpu_pause();
		now = read_tsc();
	} while (now - begin < tsc_hz / CALIBRATION_HZ);
	counted = UINT32_MAX - apic_read(APIC_TIMER_CURRENT);
	apic_write(APIC_TIMER_INITIAL, 0);
	apic_hz = counted * tsc_hz / (now - begin);
	if (!apic_hz)
		panic("the local APIC timer does not count");
}

void clock_init(void)
{
	tsc_calibrate();
	apic_calibrate();
	log_line(LOG_INFO, "clock: TSC %lu kHz, APIC timer %lu kHz", tsc_hz / 1000, apic_hz / 1000);
}

static void timer_interrupt(struct trap_frame *frame)
{
	void (*hook)(struct trap_frame *) = __atomic_load_n(&timer_hook, __ATOMIC_ACQUIRE);

	timer_ticks++;
	if (hook)
		hook(frame);
}

void timer_start(unsigned hertz)
{
	uint64_t count = apic_hz / (hertz ? hertz : 1);

	if (count > UINT32_MAX)
		count = UINT32_MAX;
	irq_handler_set(VECTOR_TIMER, timer_interrupt);
	apic_write(APIC_TIMER_DIVIDE, TIMER_DIVIDE_BY_16);
	apic_write(APIC_LVT_TIMER, APIC_LVT_PERIODIC | VECTOR_TIMER);
	apic_write(APIC_TIMER_INITIAL, count ? (uint32_t)count : 1);
}

void timer_hook_set(void (*hook)(struct trap_frame *frame))
{
	__atomic_store_n(&timer_hook, hook, __ATOMIC_RELEASE);
}
