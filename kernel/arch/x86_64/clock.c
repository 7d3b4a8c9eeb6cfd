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
#include "kernel/sched/sched.h"
#include "kernel/sched/thread.h"

#define PIT_HZ	          1193182u
#define PIT_DATA2         0x42
#define PIT_COMMAND       0x43
#define PORT_B	          0x61 /* bit 0 gates channel 2, bit 1 its speaker, bit 5 its output */
#define CALIBRATION_HZ    100u
#define CALIBRATIONS      3
#define POLLS_MAX         10000000u
#define SYNC_ROUNDS       16
#define NS_PER_SECOND     UINT64_C(1000000000)
#define TSC_HZ_WITHOUT_PIT NS_PER_SECOND
#define TIMER_DIVIDE_BY_16 3

static uint64_t tsc_base, tsc_hz;
static uint64_t ns_per_tsc; /* fixed point, 32 bits of fraction; 0 until calibrated */
static uint64_t apic_hz;
static bool tscs_differ; /* some CPU's block has an offset */
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

/* An offset is known to within the time of a question only; so where there is one,
 * nobody is told an earlier time than somebody was before. */
static uint64_t tsc_now(void)
{
	static uint64_t latest;
	uint64_t told, now;
	bool state;

	if (!__atomic_load_n(&tscs_differ, __ATOMIC_RELAXED))
		return read_tsc();
	state = interrupts_save();
	now = read_tsc() + (uint64_t)this_cpu()->tsc_offset;
	interrupts_restore(state);
	told = __atomic_load_n(&latest, __ATOMIC_RELAXED);
	do {
		if (told >= now)
			return told;
	} while (!__atomic_compare_exchange_n(&latest, &told, now, true, __ATOMIC_RELAXED,
					      __ATOMIC_RELAXED));
	return now;
}

uint64_t clock_now_ns(void)
{
	if (!ns_per_tsc)
		return 0;
	return (uint64_t)((unsigned __int128)(tsc_now() - tsc_base) * ns_per_tsc >> 32);
}

void clock_delay(uint64_t ns)
{
	uint64_t begin = clock_now_ns();

	while (clock_now_ns() - begin < ns)
		cpu_pause();
}

/* ---- one clock on all CPUs ------------------------------------------------------- */

enum { TURN_LEADER, TURN_FOLLOWER, TURN_ANSWERED, TURN_OVER };
static struct {
	uint32_t turn;
	uint64_t answer; /* the follower's TSC */
} sync;

static uint32_t turn_now(void)
{
	return __atomic_load_n(&sync.turn, __ATOMIC_SEQ_CST);
}

static void turn_set(uint32_t turn)
{
	__atomic_store_n(&sync.turn, turn, __ATOMIC_SEQ_CST);
}

/* One question and answer, between `before` and `after` on the leader's TSC. */
static bool ask(uint64_t *before, uint64_t *answer, uint64_t *after)
{
	uint64_t offset = (uint64_t)this_cpu()->tsc_offset;

	*before = read_tsc() + offset;
	turn_set(TURN_FOLLOWER);
	do {
		cpu_pause();
		*after = read_tsc() + offset;
		if (*after - *before > tsc_hz)
			return false;
	} while (turn_now() != TURN_ANSWERED);
	*after = read_tsc() + offset;
	*answer = __atomic_load_n(&sync.answer, __ATOMIC_SEQ_CST);
	return true;
}

/* An answer from outside its question's time shows that the TSCs differ; the
 * narrowest question says best by how much. */
bool clock_sync_lead(unsigned cpu)
{
	uint64_t narrowest = UINT64_MAX;
	int64_t offset = 0;
	bool differs = false, answered = true;

	preempt_disable();
	for (unsigned i = 0; i < SYNC_ROUNDS; i++) {
		uint64_t before, answer, after;

		answered = ask(&before, &answer, &after);
		if (!answered)
			break;
		differs |= answer < before || answer > after;
		if (after - before >= narrowest)
			continue;
		narrowest = after - before;
		offset = (int64_t)(before + narrowest / 2 - answer);
	}
	preempt_enable();
	if (differs) {
		log_line(LOG_WARN, "clock: the TSC of CPU %u is off by %ld", cpu, (long)-offset);
		cpu_blocks[cpu].tsc_offset = offset;
		__atomic_store_n(&tscs_differ, true, __ATOMIC_SEQ_CST);
	}
	turn_set(answered ? TURN_OVER : TURN_LEADER);
	return answered;
}

void clock_sync_follow(void)
{
	uint32_t turn;

	while ((turn = turn_now()) != TURN_OVER) {
		if (turn == TURN_FOLLOWER) {
			__atomic_store_n(&sync.answer, read_tsc(), __ATOMIC_SEQ_CST);
			turn_set(TURN_ANSWERED);
		}
		cpu_pause();
	}
	turn_set(TURN_LEADER);
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

	if (hook)
		hook(frame);
	sched_tick();
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

void timer_stop(void)
{
	apic_write(APIC_LVT_TIMER, APIC_LVT_MASKED | VECTOR_TIMER);
	apic_write(APIC_TIMER_INITIAL, 0);
}

void timer_hook_set(void (*hook)(struct trap_frame *frame))
{
	__atomic_store_n(&timer_hook, hook, __ATOMIC_RELEASE);
}
