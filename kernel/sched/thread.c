/* SPDX-License-Identifier: MIT
 *
 * Threads: making, naming, ending and forgetting them. Who runs when is sched.c.
 */
#include "kernel/sched/thread.h"

#include "kernel/arch/x86_64/cpu.h"
#include "kernel/core/kernel.h"
#include "kernel/core/print.h"
#include "kernel/core/string.h"
#include "kernel/mm/mm.h"
#include "kernel/sched/internal.h"

#define BUCKETS 256

static struct thread *all, *all_last; /* by id: new ones come last */
static struct thread *buckets[BUCKETS];
static struct thread *dead; /* detached ones that have ended, by `same` */
static uint64_t last_id;

struct thread boot_thread = {
	.id = 0, /* it gets one from sched_init */
	.name = "shell",
	.options = { .name = "shell" },
	.state = THREAD_RUNNING,
};

/* ---- the table; the scheduler's lock is held -------------------------------------- */

struct thread *thread_find(uint64_t id)
{
	struct thread *thread = buckets[id % BUCKETS];

	while (thread && thread->id != id)
		thread = thread->same;
	return thread;
}

struct thread *thread_first(void)
{
	return all;
}

static void table_add(struct thread *thread)
{
	struct thread **bucket;

	thread->id = ++last_id;
	bucket = &buckets[thread->id % BUCKETS];
	thread->same = *bucket;
	*bucket = thread;
	thread->previous = all_last;
	*(all_last ? &all_last->next : &all) = thread;
	all_last = thread;
}

static void table_remove(struct thread *thread)
{
	struct thread **link = &buckets[thread->id % BUCKETS];

	while (*link != thread)
		link = &(*link)->same;
	*link = thread->same;
	*(thread->previous ? &thread->previous->next : &all) = thread->next;
	*(thread->next ? &thread->next->previous : &all_last) = thread->previous;
}

/* ---- making ----------------------------------------------------------------------- */

/* Where a new thread begins: on its own stack, with the lock held. */
static void thread_begin(void)
{
	struct thread *self = thread_current();

	spin_unlock(&sched_lock, true);
	thread_end_if_killed();
	thread_exit(self->run(self->argument));
}

/* What context_switch takes off a stack: six registers and a return address,
 * above which a frame begins that has no caller. */
static uint64_t first_rsp(const struct thread *thread)
{
	uint64_t *top = (uint64_t *)(thread->stack + THREAD_STACK_SIZE);

	*--top = 0;
	*--top = (uint64_t)thread_begin;
	for (unsigned i = 0; i < 6; i++)
		*--top = 0;
	return (uint64_t)top;
}

static struct thread *thread_make(const struct thread_options *options)
{
	struct thread *thread = kzalloc(sizeof(*thread));

	if (!thread)
		return NULL;
	thread->stack = vmm_alloc(THREAD_STACK_SIZE);
	if (!thread->stack) {
		kfree(thread);
		return NULL;
	}
	ksnprintf(thread->name, sizeof(thread->name), "%s", options->name);
	thread->options = *options;
	thread->options.name = thread->name;
	if (!options->priority)
		thread->options.priority = HELIX_PRIORITY_NORMAL;
	if (!options->weight)
		thread->options.weight = HELIX_WEIGHT_NORMAL;
	thread->rsp = first_rsp(thread);
	thread->state = THREAD_BLOCKED;
	return thread;
}

void thread_release(struct thread *thread)
{
	vmm_free(thread->stack, THREAD_STACK_SIZE);
	kfree(thread);
}

enum helix_status thread_create(const struct thread_options *options, int (*run)(void *argument),
				void *argument, uint64_t *id)
{
	struct thread *thread;
	enum helix_status status;
	bool state;

	if (options->priority > HELIX_PRIORITY_MAX)
		return HELIX_E_INVALID;
	thread = thread_make(options);
	if (!thread)
		return HELIX_E_NO_MEMORY;
	thread->run = run;
	thread->argument = argument;
	state = spin_lock(&sched_lock);
	table_add(thread);
	if (id)
		*id = thread->id;
	status = policy_add(thread);
	if (status)
		table_remove(thread);
	else
		sched_wake(thread, false);
	sched_unlock(state);
	if (status)
		thread_release(thread);
	return status;
}

void sched_init(void)
{
	bool state = spin_lock(&sched_lock);

	if (sched_policy()->ops->init(CPUS_MAX))
		panic("the first policy does not start");
	boot_thread.options.priority = HELIX_PRIORITY_NORMAL;
	boot_thread.options.weight = HELIX_WEIGHT_NORMAL;
	table_add(&boot_thread);
	if (policy_add(&boot_thread))
		panic("the first thread is refused");
	spin_unlock(&sched_lock, state);
	if (!idle_prepare(0))
		panic("no memory for the first idle thread");
}

static int idle_main(void *argument)
{
	(void)argument;
	idle_run();
}

uint64_t idle_prepare(unsigned cpu)
{
	struct cpu_block *block = &cpu_blocks[cpu];
	struct thread_options options = { .name = "idle", .affinity = UINT64_C(1) << cpu };
	struct thread *idle = block->idle;
	bool state;

	if (!idle) {
		idle = thread_make(&options);
		if (!idle)
			return 0;
		ksnprintf(idle->name, sizeof(idle->name), "idle/%u", cpu);
		idle->idle = true;
		idle->run = idle_main;
		idle->affinity = options.affinity;
		state = spin_lock(&sched_lock);
		table_add(idle);
		spin_unlock(&sched_lock, state);
	}
	idle->cpu = cpu;
	idle->state = cpu ? THREAD_RUNNING : THREAD_READY;
	idle->rsp = first_rsp(idle);
	if (cpu)
		block->current = idle;
	block->idle = idle;
	return (uint64_t)(idle->stack + THREAD_STACK_SIZE);
}

/* ---- ending ----------------------------------------------------------------------- */

void thread_exit(int result)
{
	struct thread *self = thread_current();

	sleep_check("thread_exit");
	if (!self->stack || self->idle || self->end_deferred)
		panic("thread %s must not end%s", self->name,
		      self->end_deferred ? " here: it holds a mutex" : "");
	spin_lock(&sched_lock);
	self->result = result;
	policy_remove(self);
	self->state = THREAD_DEAD;
	if (self->options.detached) {
		table_remove(self);
		self->same = dead;
		dead = self;
		caretaker_wake();
	}
	wait_wake(&self->ended, WAKE_ALL);
	sched_leave();
	panic("thread %s goes on after its end", self->name);
}

struct thread *thread_take_dead(void)
{
	struct thread *thread = dead;

	dead = NULL;
	return thread;
}

static bool may_end(const struct thread *thread)
{
	return thread->killed && !thread->end_deferred && !thread->idle && thread->stack;
}

void thread_end_if_killed(void)
{
	if (may_end(thread_current()))
		thread_exit(THREAD_KILLED);
}

void thread_cancel_point(void)
{
	sleep_check("thread_cancel_point");
	thread_end_if_killed();
}

void thread_end_defer(void)
{
	thread_current()->end_deferred++;
}

void thread_end_allow(void)
{
	thread_current()->end_deferred--;
}

/* The thread `id` when others may change it; the lock is held. */
static enum helix_status changeable(uint64_t id, struct thread **thread)
{
	*thread = thread_find(id);
	if (!*thread || (*thread)->state == THREAD_DEAD)
		return HELIX_E_NOT_FOUND;
	return (*thread)->idle ? HELIX_E_INVALID : HELIX_OK;
}

enum helix_status thread_kill(uint64_t id)
{
	bool state = spin_lock(&sched_lock);
	struct thread *thread;
	enum helix_status status = changeable(id, &thread);

	if (!status && !thread->stack)
		status = HELIX_E_INVALID;
	if (!status) {
		thread->killed = true;
		if (thread->state == THREAD_BLOCKED && !thread->end_deferred)
			sched_wake(thread, false);
		else if (thread->state == THREAD_RUNNING && thread->options.ends_anywhere)
			sched_interrupt(thread->cpu);
	}
	sched_unlock(state);
	return status;
}

static enum helix_status join_claim(uint64_t id, struct thread **thread)
{
	bool state = spin_lock(&sched_lock);
	enum helix_status status = HELIX_OK;

	*thread = thread_find(id);
	if (!*thread)
		status = HELIX_E_NOT_FOUND;
	else if ((*thread)->joined || (*thread)->options.detached || !(*thread)->stack ||
		 (*thread)->idle || *thread == thread_current())
		status = HELIX_E_INVALID;
	else
		(*thread)->joined = true;
	spin_unlock(&sched_lock, state);
	return status;
}

static bool has_ended(struct thread *thread)
{
	bool state = spin_lock(&sched_lock), ended = thread->state == THREAD_DEAD;

	/* It left its stack while the lock was held. */
	if (ended)
		table_remove(thread);
	spin_unlock(&sched_lock, state);
	return ended;
}

enum helix_status thread_join(uint64_t id, int *result)
{
	struct thread *thread;
	enum helix_status status;

	sleep_check("thread_join");
	status = join_claim(id, &thread);
	if (status)
		return status;
	thread_end_defer(); /* nobody else can forget the other one now */
	for (;;) {
		uint64_t seen = wait_sequence(&thread->ended);

		if (has_ended(thread))
			break;
		wait_block(&thread->ended, seen, WAIT_FOREVER);
	}
	thread_end_allow();
	if (result)
		*result = thread->result;
	thread_release(thread);
	return HELIX_OK;
}

/* ---- changing and looking --------------------------------------------------------- */

enum helix_status thread_set_priority(uint64_t id, uint32_t priority)
{
	bool state = spin_lock(&sched_lock);
	struct thread *thread;
	enum helix_status status = changeable(id, &thread);

	if (priority > HELIX_PRIORITY_MAX)
		status = HELIX_E_INVALID;
	if (!status) {
		thread->options.priority = priority;
		policy_set_priority(thread);
	}
	sched_unlock(state);
	return status;
}

enum helix_status thread_set_affinity(uint64_t id, uint64_t affinity)
{
	bool state = spin_lock(&sched_lock);
	struct thread *thread;
	enum helix_status status = changeable(id, &thread);

	if (!status) {
		thread->options.affinity = affinity;
		policy_affinity(thread);
	}
	sched_unlock(state);
	return status;
}

uint64_t thread_id(void)
{
	return thread_current()->id;
}

void **thread_frames(void)
{
	return &thread_current()->frames;
}

const char *thread_name(void)
{
	return thread_current()->name;
}

static uint64_t time_of(const struct thread *thread)
{
	uint64_t now = clock_now_ns(), since = cpu_blocks[thread->cpu].since_ns;
	bool runs = thread->state == THREAD_RUNNING && now > since;

	return thread->time_ns + (runs ? now - since : 0);
}

bool thread_next(uint64_t after, struct thread_info *info)
{
	bool state = spin_lock(&sched_lock);
	const struct thread *thread = all;

	while (thread && thread->id <= after)
		thread = thread->next;
	if (thread) {
		*info = (struct thread_info){
			.id = thread->id,
			.state = thread->state,
			.cpu = thread->cpu,
			.idle = thread->idle,
			.priority = thread->known ? policy_priority(thread) : 0,
			.affinity = thread->affinity,
			.time_ns = time_of(thread),
			.switches = thread->switches,
		};
		memcpy(info->name, thread->name, sizeof(info->name));
	}
	spin_unlock(&sched_lock, state);
	return thread;
}

const char *thread_guard(uint64_t address)
{
	const struct thread *self = thread_current();

	if (!self->stack || address - ((uint64_t)self->stack - PAGE_SIZE) >= PAGE_SIZE)
		return NULL;
	return self->name;
}
