/* SPDX-License-Identifier: MIT
 *
 * The service's threads: see service_threads.h. Workers are made when none is
 * idle, and a few of them wait for the next piece of work. One that is stuck in
 * a module is lost to the pool, and to nobody else.
 */
#include "kernel/svc/service_threads.h"

#include "kernel/core/kernel.h"
#include "kernel/core/log.h"
#include "kernel/mm/mm.h"
#include "kernel/sched/lock.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/thread.h"
#include "kernel/sched/wait.h"
#include "kernel/svc/modules.h"
#include "loader/services.h"

#define PAUSE_NS	   UINT64_C(1000000)
#define WORKERS_MAX	   64
#define WORKERS_IDLE	   4 /* that wait for work; others end */
#define HEALTH_INTERVAL_MS UINT64_C(1000)
#define HEALTH_LONGEST_MS  UINT64_C(3600000)

/* ---- the loader's lock, and waiting ----------------------------------------------------- */

static struct mutex loader_lock = MUTEX("loader");

void service_lock(void)
{
	mutex_lock(&loader_lock);
}

void service_unlock(void)
{
	mutex_unlock(&loader_lock);
}

void service_pause(void)
{
	thread_sleep(PAUSE_NS);
}

/* A gate is closed for less than a tick as a rule: who has nothing else to run
 * looks again at once. */
bool service_gate_wait(void)
{
	if (!sleep_allowed())
		return false;
	thread_yield();
	return true;
}

void service_stop_machine(void (*work)(void *argument), void *argument)
{
	stop_machine(work, argument);
}

void **service_frames(void)
{
	return thread_frames();
}

/* ---- workers ------------------------------------------------------------------------- */

/* One piece of work; the last of the two who know it frees it. */
struct job {
	void (*work)(void *argument);
	void *argument;
	struct completion done;
	uint32_t holders; /* atomic: who waits, and the worker */
};

struct worker {
	struct worker *next; /* idle ones */
	struct wait_queue wake;
	struct job *job; /* atomic; NULL while it is idle */
};

static struct mutex pool = MUTEX("workers");
static struct worker *idle;
static unsigned idle_count, worker_count;

static void let_go(struct job *job)
{
	if (!__atomic_sub_fetch(&job->holders, 1, __ATOMIC_ACQ_REL))
		kfree(job);
}

/* Into the pool; false when enough wait there already, and the worker is to end. */
static bool become_idle(struct worker *worker)
{
	bool stays;

	mutex_lock(&pool);
	stays = idle_count < WORKERS_IDLE;
	if (stays) {
		worker->job = NULL;
		worker->next = idle;
		idle = worker;
		idle_count++;
	} else {
		worker_count--;
	}
	mutex_unlock(&pool);
	return stays;
}

static struct job *next_job(struct worker *worker)
{
	for (;;) {
		uint64_t seen = wait_sequence(&worker->wake);
		struct job *job = __atomic_load_n(&worker->job, __ATOMIC_ACQUIRE);

		if (job)
			return job;
		wait_block(&worker->wake, seen, WAIT_FOREVER);
	}
}

static int worker_main(void *argument)
{
	struct worker *self = argument;

	do {
		struct job *job = next_job(self);

		job->work(job->argument);
		complete(&job->done);
		let_go(job);
	} while (become_idle(self));
	kfree(self);
	return 0;
}

/* A new thread for the job. The pool is locked. */
static bool make_worker(struct job *job)
{
	const struct thread_options options = { .name = "worker", .detached = true };
	struct worker *worker = worker_count < WORKERS_MAX ? kzalloc(sizeof *worker) : NULL;
	uint64_t id;

	if (!worker)
		return false;
	worker->job = job;
	if (thread_create(&options, worker_main, worker, &id)) {
		kfree(worker);
		return false;
	}
	worker_count++;
	return true;
}

static bool give(struct job *job)
{
	struct worker *worker;
	bool given = true;

	mutex_lock(&pool);
	worker = idle;
	if (worker) {
		idle = worker->next;
		idle_count--;
		__atomic_store_n(&worker->job, job, __ATOMIC_RELEASE);
		wait_wake(&worker->wake, 1);
	} else {
		given = make_worker(job);
	}
	mutex_unlock(&pool);
	return given;
}

bool service_run_within(uint64_t nanoseconds, void (*work)(void *argument), void *argument,
			bool *started)
{
	struct job *job = kzalloc(sizeof *job);
	bool ended;

	*started = false;
	if (!job)
		return false;
	job->work = work;
	job->argument = argument;
	job->holders = 2;
	*started = give(job);
	if (!*started) {
		kfree(job);
		return false;
	}
	ended = !completion_wait(&job->done, nanoseconds);
	let_go(job);
	return ended;
}

/* ---- events and health ------------------------------------------------------------------ */

static struct wait_queue events;

void service_events_wake(void)
{
	wait_wake(&events, 1);
}

static int events_main(void *argument)
{
	(void)argument;
	for (;;) {
		uint64_t seen = wait_sequence(&events);

		if (!hload_event_dispatch(modules))
			wait_block(&events, seen, WAIT_FOREVER);
	}
	return 0;
}

static uint64_t health_interval_ms(void)
{
	char value[24];
	uint64_t ms;

	if (!cmdline_get("health.interval_ms", value, sizeof value))
		return HEALTH_INTERVAL_MS;
	if (hmod_param_uint(value, &ms) && ms <= HEALTH_LONGEST_MS)
		return ms;
	log_line(LOG_WARN, "health.interval_ms=%s: not a number up to %lu; taken as %lu", value,
		 HEALTH_LONGEST_MS, HEALTH_INTERVAL_MS);
	return HEALTH_INTERVAL_MS;
}

static int health_main(void *argument)
{
	const uint64_t interval_ns = *(const uint64_t *)argument * 1000000;

	for (;;) {
		thread_sleep(interval_ns);
		hload_health_poll(modules);
	}
	return 0;
}

static void start(const char *name, int (*run)(void *argument), void *argument)
{
	const struct thread_options options = { .name = name, .detached = true };
	uint64_t id;

	if (thread_create(&options, run, argument, &id))
		panic("no memory for the thread %s", name);
}

void service_threads_start(void)
{
	static uint64_t interval_ms;

	start("events", events_main, NULL);
	interval_ms = health_interval_ms();
	if (interval_ms)
		start("health", health_main, &interval_ms);
}
