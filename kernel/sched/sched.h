/* SPDX-License-Identifier: MIT
 *
 * The scheduler as the rest of the kernel sees it: start, tick, policy, CPUs that
 * come and go.
 */
#ifndef KERNEL_SCHED_SCHED_H
#define KERNEL_SCHED_SCHED_H

#include <stdbool.h>
#include <stdint.h>

#include "helix/scheduler.h"

/* Makes the boot context a thread, "shell"; needs the heap. Called once. */
void sched_init(void);
/* The thread that tidies up after others, and speaks for low memory. Needs
 * sched_init. Called once. */
void sched_start(void);

/* From the timer's interrupt, on each CPU. */
void sched_tick(void);
/* From stubs.S, on the thread's own stack, interrupts off. */
void sched_preempt(void);
/* Lets the scheduler have the CPU if it wants it and may. */
void preempt_check(void);

/* Who decides: what a module's interface gives, and whose it is. */
struct sched_policy {
	const char *name;
	uint64_t version; /* HELIX_VERSION(major, minor, patch) */
	const struct helix_scheduler_ops *ops;
};

/* Puts `policy` in charge of every thread, at one instant for all CPUs. On failure
 * (what its init or add_thread answered; INVALID when an operation is missing)
 * the old one stays, untouched. */
enum helix_status sched_policy_set(const struct sched_policy *policy);
const struct sched_policy *sched_policy(void);

/* Calls work(argument), interrupts off, while no other CPU runs anything but its
 * wait for the end of it. On return all CPUs see what was written, code included.
 * Thread context, no spinlock held; `work` takes none and does not wait. */
void stop_machine(void (*work)(void *argument), void *argument);

struct sched_counts {
	uint64_t ready; /* threads that could run and do not, as the kernel counts */
	uint64_t wrong; /* answers of pick_next that were not believed */
	struct helix_scheduler_stats policy;
};
void sched_counts(struct sched_counts *counts);
struct sched_cpu {
	char thread[32]; /* who runs there */
	uint64_t id, switches, ticks;
	uint64_t ready; /* threads that are ready and may run there */
	bool online, idle;
};
/* False when there is no such CPU. */
bool sched_cpu(unsigned cpu, struct sched_cpu *info);

/* ---- CPUs that come and go -------------------------------------------------------- */

/* Takes CPU `cpu` away, or brings it back; moves threads and timers. INVALID with
 * a sentence in *why. */
enum helix_status cpu_offline(unsigned cpu, const char **why);
enum helix_status cpu_online(unsigned cpu, const char **why);
/* `notify` is called after each change, in the thread that made it, no spinlock
 * held; the next change waits for it, so it must make none. False when there are too many. */
bool cpu_notify(void (*notify)(void *ctx, unsigned cpu, bool online), void *ctx);

/* An idle thread of CPU `cpu`: its stack's top, or 0 without memory. */
uint64_t idle_prepare(unsigned cpu);
/* What idle threads do. */
_Noreturn void idle_run(void);

#endif
