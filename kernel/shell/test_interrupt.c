/* SPDX-License-Identifier: MIT
 *
 * Module code in interrupt context: a kernel timer calls what a module exports as
 * `irq_talk`, which logs and may allocate nothing, while this thread holds the
 * loader's lock. Whoever waited for that lock there would panic.
 */
#include "kernel/arch/x86_64/cpu.h"
#include "kernel/core/kernel.h"
#include "kernel/core/print.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/timer.h"
#include "kernel/shell/command.h"
#include "kernel/shell/test_threads.h"
#include "kernel/svc/modules.h"
#include "kernel/svc/service_threads.h"

#define TIMES 3
#define PATIENCE_NS UINT64_C(2000000000)

static void (*talk)(void);
static uint32_t talked;

static void on_timer(struct timer *timer)
{
	(void)timer;
	talk();
	__atomic_add_fetch(&talked, 1, __ATOMIC_SEQ_CST);
}

int test_interrupt_log(void)
{
	static struct timer timer = { .run = on_timer };
	const char *owner;
	uint64_t address, begun = clock_now_ns();
	bool good;

	if (!hload_symbol_find(modules, "irq_talk", &address, &owner)) {
		kputs("irqlog: nobody exports irq_talk\n");
		return 1;
	}
	talk = (void (*)(void))address;
	talked = 0;
	service_lock();
	timer_set(&timer, 1000000, 1000000);
	while (__atomic_load_n(&talked, __ATOMIC_SEQ_CST) < TIMES &&
	       clock_now_ns() - begun < PATIENCE_NS)
		cpu_pause();
	timer_cancel(&timer);
	service_unlock();
	good = talked >= TIMES;
	kprintf("irqlog: %s\n", good ? "ok" : "FAILED");
	return good ? 0 : 1;
}
