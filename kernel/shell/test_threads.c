/* SPDX-License-Identifier: MIT
 *
 * Tests of what threads rest on, one a function: each prints a line and is 0 when
 * it found what it should.
 */
#include "kernel/shell/test_threads.h"

#include <stddef.h>

#include "kernel/arch/x86_64/cpu.h"
#include "kernel/core/kernel.h"
#include "kernel/core/print.h"
#include "kernel/mm/mm.h"
#include "kernel/sched/lock.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/thread.h"
#include "kernel/sched/timer.h"
#include "kernel/sched/wait.h"

#define MS UINT64_C(1000000)

static int verdict(const char *what, bool good)
{
	kprintf("%s: %s\n", what, good ? "right" : "WRONG");
	return !good;
}

/* A thread to its end; its result, or -1 when there is none. */
static int run_to_end(const struct thread_options *options, int (*run)(void *), void *argument)
{
	int result = -1;
	uint64_t id;

	if (thread_create(options, run, argument, &id) || thread_join(id, &result))
		return -1;
	return result;
}

/* ---- killing ---------------------------------------------------------------------- */

static uint32_t entered, left;

static int sleeps_for_ever(void *argument)
{
	(void)argument;
	__atomic_store_n(&entered, 1, __ATOMIC_SEQ_CST);
	for (;;)
		thread_sleep(WAIT_FOREVER);
	return 0;
}

static int spins_for_ever(void *argument)
{
	(void)argument;
	__atomic_store_n(&entered, 1, __ATOMIC_SEQ_CST);
	for (;;)
		cpu_pause();
	return 0;
}

static int finishes_first(void *argument)
{
	struct mutex *mutex = argument;

	mutex_lock(mutex);
	__atomic_store_n(&entered, 1, __ATOMIC_SEQ_CST);
	thread_sleep(50 * MS);
	__atomic_store_n(&left, 1, __ATOMIC_SEQ_CST);
	mutex_unlock(mutex);
	thread_cancel_point();
	return 7;
}

static bool killed(int (*run)(void *), void *argument, bool anywhere)
{
	struct thread_options options = { .name = "victim", .ends_anywhere = anywhere };
	int result = 0;
	uint64_t id;

	entered = left = 0;
	if (thread_create(&options, run, argument, &id))
		return false;
	while (!__atomic_load_n(&entered, __ATOMIC_SEQ_CST))
		thread_yield();
	return !thread_kill(id) && !thread_join(id, &result) && result == THREAD_KILLED &&
	       thread_kill(id) == HELIX_E_NOT_FOUND;
}

int test_kill(void)
{
	struct mutex mutex = MUTEX("victim's");
	bool good = killed(sleeps_for_ever, NULL, false) && killed(spins_for_ever, NULL, true);

	good &= killed(finishes_first, &mutex, true) && left == 1 && !mutex.owner;
	good &= thread_kill(thread_id()) == HELIX_E_INVALID;
	good &= thread_join(thread_id(), NULL) == HELIX_E_INVALID;
	return verdict("kill", good);
}

/* ---- waiting ---------------------------------------------------------------------- */

static int completes(void *argument)
{
	thread_sleep(30 * MS);
	complete(argument);
	return 3;
}

int test_wait(void)
{
	struct thread_options options = { .name = "completes" };
	struct completion never = { 0 }, once = { 0 };
	uint64_t begun = clock_now_ns(), id;
	bool good = completion_wait(&never, 30 * MS) == HELIX_E_TIMED_OUT &&
		    clock_now_ns() - begun >= 30 * MS;
	int result;

	good &= !thread_create(&options, completes, &once, &id);
	good &= completion_wait(&once, WAIT_FOREVER) == HELIX_OK;
	good &= !thread_join(id, &result) && result == 3;
	good &= thread_join(id, NULL) == HELIX_E_NOT_FOUND;
	options.detached = true;
	good &= !thread_create(&options, completes, &once, &id);
	good &= thread_join(id, NULL) == HELIX_E_INVALID;
	begun = clock_now_ns();
	thread_sleep(60 * MS);
	good &= clock_now_ns() - begun >= 60 * MS;
	return verdict("wait", good);
}

/* ---- timers ----------------------------------------------------------------------- */

static struct timer once_timer, often_timer, never_timer;
static uint32_t once_ran, often_ran, never_ran;

static void timer_ran(struct timer *timer)
{
	uint32_t *count = timer == &once_timer ? &once_ran :
			  timer == &often_timer ? &often_ran : &never_ran;

	__atomic_add_fetch(count, 1, __ATOMIC_SEQ_CST);
}

int test_timer(void)
{
	uint32_t often;
	bool good;

	once_ran = often_ran = never_ran = 0;
	once_timer.run = often_timer.run = never_timer.run = timer_ran;
	timer_set(&once_timer, 20 * MS, 0);
	timer_set(&often_timer, 20 * MS, 20 * MS);
	timer_set(&never_timer, 50 * MS, 0);
	good = timer_cancel(&never_timer) && !timer_cancel(&never_timer);
	thread_sleep(200 * MS);
	good &= timer_cancel(&often_timer);
	often = often_ran;
	thread_sleep(60 * MS);
	good &= once_ran == 1 && !timer_cancel(&once_timer);
	good &= often >= 5 && often <= 11 && often_ran == often && !never_ran;
	return verdict("timer", good);
}

/* ---- SSE registers ---------------------------------------------------------------- */

static bool xmm_holds(uint64_t value)
{
	uint64_t low, high;

	__asm__ volatile("movq %%xmm0, %0; movq %%xmm15, %1" : "=r"(low), "=r"(high));
	return low == value && high == ~value;
}

static int keeps_xmm(void *argument)
{
	uint64_t value = thread_id() * UINT64_C(0x0101010101010101);
	bool good = true;

	(void)argument;
	fpu_begin();
	__asm__ volatile("movq %0, %%xmm0; movq %1, %%xmm15" : : "r"(value), "r"(~value));
	for (unsigned i = 0; i < 200 && good; i++) {
		for (volatile unsigned spin = 0; spin < 5000; spin++)
			;
		if (i % 4)
			thread_yield();
		else
			thread_sleep(MS);
		good = xmm_holds(value);
	}
	fpu_end();
	return good;
}

int test_fpu(void)
{
	struct thread_options options = { .name = "sse" };
	uint64_t ids[8];
	bool good = true;

	for (unsigned i = 0; i < 8; i++)
		good &= !thread_create(&options, keeps_xmm, NULL, &ids[i]);
	for (unsigned i = 0; i < 8; i++) {
		int result = 0;

		good &= !thread_join(ids[i], &result) && result == 1;
	}
	return verdict("sse", good);
}

/* ---- one clock -------------------------------------------------------------------- */

static struct spinlock clock_lock = SPINLOCK(RANK_CONSOLE, "clock test");
static uint64_t clock_latest, clock_steps_back;

static int reads_clock(void *argument)
{
	(void)argument;
	for (unsigned i = 0; i < 20000; i++) {
		bool state = spin_lock(&clock_lock);
		uint64_t now = clock_now_ns();

		clock_steps_back += now < clock_latest;
		clock_latest = now;
		spin_unlock(&clock_lock, state);
	}
	return 0;
}

int test_clock(void)
{
	uint64_t ids[CPUS_MAX];
	bool good = true;

	clock_steps_back = 0;
	for (unsigned cpu = 0; cpu < cpu_count; cpu++) {
		struct thread_options options = { .name = "clock", .affinity = UINT64_C(1) << cpu };

		good &= !thread_create(&options, reads_clock, NULL, &ids[cpu]);
	}
	for (unsigned cpu = 0; cpu < cpu_count; cpu++)
		good &= !thread_join(ids[cpu], NULL);
	return verdict("clock", good && !clock_steps_back && clock_latest);
}

/* ---- low memory ------------------------------------------------------------------- */

static uint32_t levels_heard; /* bit n: level n was told */

static void pressure_heard(void *ctx, int level)
{
	__atomic_or_fetch((uint32_t *)ctx, UINT32_C(1) << level, __ATOMIC_SEQ_CST);
}

/* Takes frames until the level is reached; they are kept in a row. */
static void frames_take(int level, uint64_t *row)
{
	uint64_t frame;

	while (pmm_pressure() < level && (frame = pmm_alloc(1, PAGE_SIZE))) {
		*(uint64_t *)pmm_direct(frame) = *row;
		*row = frame;
	}
	for (unsigned i = 0; i < 100 && !(levels_heard >> level & 1); i++)
		thread_sleep(10 * MS);
}

int test_pressure(void)
{
	static bool subscribed;
	uint64_t row = 0, next, before = pmm_free_frames();

	if (!subscribed)
		subscribed = pmm_pressure_notify(pressure_heard, &levels_heard);
	levels_heard = 0;
	frames_take(1, &row);
	frames_take(2, &row);
	for (; row; row = next) {
		next = *(uint64_t *)pmm_direct(row);
		pmm_free(row, 1);
	}
	frames_take(0, &row);
	return verdict("pressure", levels_heard == 7 && pmm_free_frames() == before);
}

/* ---- CPUs that go ----------------------------------------------------------------- */

static uint64_t gone, came; /* the CPU + 1 */

static void change_heard(void *ctx, unsigned cpu, bool online)
{
	(void)ctx;
	*(online ? &came : &gone) = cpu + 1;
}

static int bound(void *argument)
{
	timer_set(&never_timer, 400 * MS, 0);
	__atomic_store_n((uint32_t *)argument, 1, __ATOMIC_SEQ_CST);
	while (__atomic_load_n((uint32_t *)argument, __ATOMIC_SEQ_CST) == 1)
		thread_yield();
	return 5;
}

static int back(void *argument)
{
	(void)argument;
	return this_cpu()->id;
}

/* A thread bound to the last CPU, and a timer there, outlive it. */
static bool last_goes_and_comes(unsigned last)
{
	struct thread_options options = { .name = "bound", .affinity = UINT64_C(1) << last };
	uint32_t step = 0;
	const char *why;
	int result = 0;
	uint64_t id;
	bool good = !thread_create(&options, bound, &step, &id);

	while (!__atomic_load_n(&step, __ATOMIC_SEQ_CST))
		thread_yield();
	good &= !cpu_offline(last, &why) && gone == last + 1 && !came;
	good &= cpu_offline(last, &why) == HELIX_E_INVALID;
	__atomic_store_n(&step, 2, __ATOMIC_SEQ_CST);
	good &= !thread_join(id, &result) && result == 5;
	thread_sleep(600 * MS);
	good &= never_ran == 1;
	good &= !cpu_online(last, &why) && came == last + 1;
	return good && run_to_end(&options, back, NULL) == (int)last;
}

int test_hotplug(void)
{
	static bool subscribed;
	const char *why;
	bool good = cpu_offline(0, &why) == HELIX_E_INVALID;

	if (!subscribed)
		subscribed = cpu_notify(change_heard, NULL);
	gone = came = never_ran = 0;
	never_timer.run = timer_ran;
	if (cpu_count > 1)
		good &= last_goes_and_comes(cpu_count - 1);
	return verdict("hotplug", good && subscribed);
}

/* ---- what panics ------------------------------------------------------------------ */

static int faults(void *argument)
{
	return *(volatile int *)argument;
}

int test_other_cpu_fault(void)
{
	struct thread_options options = { .name = "faults",
					  .affinity = UINT64_C(1) << (cpu_count - 1) };

	return run_to_end(&options, faults, (void *)0x18);
}

/* Not a tail call: each level needs its frame. */
static __attribute__((noinline)) int deeper(volatile int *above)
{
	volatile int here[64];

	here[0] = *above + 1;
	if (here[0] < 0)
		return 0;
	return deeper(here) + here[0];
}

static int overflows(void *argument)
{
	volatile int bottom = 0;

	(void)argument;
	return deeper(&bottom);
}

int test_thread_stack(void)
{
	struct thread_options options = { .name = "overflows" };

	return run_to_end(&options, overflows, NULL);
}

int test_lock_order(void)
{
	static struct spinlock inner = SPINLOCK(RANK_LOG, "inner"),
			       outer = SPINLOCK(RANK_SCHEDULER, "outer");
	bool first = spin_lock(&inner), second = spin_lock(&outer);

	spin_unlock(&outer, second);
	spin_unlock(&inner, first);
	return 0;
}

int test_lock_sleep(void)
{
	static struct spinlock held = SPINLOCK(RANK_LOG, "held");
	bool state = spin_lock(&held);

	thread_sleep(MS);
	spin_unlock(&held, state);
	return 0;
}
