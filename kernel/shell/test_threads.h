/* SPDX-License-Identifier: MIT
 *
 * What the commands that test threads share.
 */
#ifndef KERNEL_SHELL_TEST_THREADS_H
#define KERNEL_SHELL_TEST_THREADS_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/sched/sched.h"

struct thread_test {
	uint64_t switches, lost, duplicated;
	uint64_t damaged; /* blocks of memory that changed under their owner */
};
/* `count` workers, to their end; `meanwhile` (or NULL) runs beside them. True when
 * all is as it should be. */
bool workers_run(unsigned count, void (*meanwhile)(void), struct thread_test *test);

/* So many threads that keep the CPUs busy until the next call. */
bool load_set(unsigned count);

/* A policy of the tests: last come, first run. `lie` makes it wrong. */
enum policy_lie { LIE_NONE, LIE_UNKNOWN, LIE_RUNNING, LIE_NOBODY, LIE_REFUSE };
extern enum policy_lie policy_lie;
extern const struct sched_policy lifo_scheduler;

/* Each prints what it found; 0 when it is right. */
int test_policy(void);
int test_kill(void);
int test_timer(void);
int test_fpu(void);
int test_clock(void);
int test_pressure(void);
int test_wait(void);
int test_hotplug(void);
int test_interrupt_log(void);
/* These panic. */
int test_other_cpu_fault(void);
int test_thread_stack(void);
int test_lock_order(void);
int test_lock_sleep(void);

#endif
