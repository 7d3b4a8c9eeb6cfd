/* SPDX-License-Identifier: MIT
 *
 * A round-robin scheduler: ready threads stand in one queue, the first that may
 * run on a CPU gets it for a time slice, then goes to the end.
 */
#include <helix/module.h>
#include <helix/scheduler.h>

HELIX_PARAM_RANGE(time_slice_ms, uint, 10, 1, 1000, "how long a thread runs before the next");

#define CPUS 64

static struct helix_thread *first, *last; /* the queue */
static uint64_t task_count, ready_count, picked;
static uint64_t slice_ms, slice_ticks;
static uint64_t used[CPUS]; /* ticks of the slice that runs there */
static bool initialized;

/* ---- the queue: its links are words of the threads themselves ------------------- */

enum { NEXT, PREVIOUS, QUEUED };

static struct helix_thread *link_of(const struct helix_thread *thread, int which)
{
	return (struct helix_thread *)thread->data[which];
}

static void set_link(struct helix_thread *thread, int which, struct helix_thread *to)
{
	thread->data[which] = (uint64_t)to;
}

static void enqueue(struct helix_thread *thread)
{
	set_link(thread, NEXT, NULL);
	set_link(thread, PREVIOUS, last);
	if (last)
		set_link(last, NEXT, thread);
	else
		first = thread;
	last = thread;
	thread->data[QUEUED] = 1;
	ready_count++;
}

static void dequeue(struct helix_thread *thread)
{
	struct helix_thread *next = link_of(thread, NEXT), *previous = link_of(thread, PREVIOUS);

	if (!thread->data[QUEUED])
		return;
	if (previous)
		set_link(previous, NEXT, next);
	else
		first = next;
	if (next)
		set_link(next, PREVIOUS, previous);
	else
		last = previous;
	thread->data[QUEUED] = 0;
	ready_count--;
}

static struct helix_thread *first_for(unsigned cpu)
{
	struct helix_thread *thread = first;

	while (thread && !(thread->affinity >> cpu & 1))
		thread = link_of(thread, NEXT);
	return thread;
}

/* ---- the interface helix.scheduler --------------------------------------------- */

static enum helix_status rr_init(unsigned cpus)
{
	if (cpus > CPUS)
		return HELIX_E_NOT_SUPPORTED;
	first = last = NULL;
	task_count = ready_count = picked = 0;
	return HELIX_OK;
}

static enum helix_status rr_add_thread(struct helix_thread *thread)
{
	(void)thread;
	task_count++;
	return HELIX_OK;
}

static void rr_remove_thread(struct helix_thread *thread)
{
	dequeue(thread);
	task_count--;
}

static void rr_thread_ready(struct helix_thread *thread, enum helix_ready why)
{
	(void)why;
	enqueue(thread);
}

static void rr_thread_block(struct helix_thread *thread)
{
	dequeue(thread);
}

static uint64_t rr_pick_next(unsigned cpu)
{
	struct helix_thread *thread = first_for(cpu);

	if (!thread)
		return 0;
	dequeue(thread);
	used[cpu] = 0;
	picked++;
	return thread->id;
}

static void rr_yield_thread(unsigned cpu, struct helix_thread *thread)
{
	(void)cpu;
	enqueue(thread);
}

static void rr_tick(unsigned cpu, struct helix_thread *running)
{
	if (running)
		used[cpu]++;
}

static bool rr_needs_reschedule(unsigned cpu, const struct helix_thread *running)
{
	(void)running;
	return used[cpu] >= slice_ticks && first_for(cpu);
}

static void rr_set_priority(struct helix_thread *thread)
{
	(void)thread; /* all are equal */
}

static uint32_t rr_get_priority(const struct helix_thread *thread)
{
	return thread->priority;
}

static void rr_stats(struct helix_scheduler_stats *stats)
{
	stats->threads = task_count;
	stats->ready = ready_count;
	stats->picked = picked;
}

static const struct helix_scheduler_ops rr_ops = {
	.init = rr_init,
	.add_thread = rr_add_thread,
	.remove_thread = rr_remove_thread,
	.thread_ready = rr_thread_ready,
	.thread_block = rr_thread_block,
	.pick_next = rr_pick_next,
	.yield_thread = rr_yield_thread,
	.tick = rr_tick,
	.needs_reschedule = rr_needs_reschedule,
	.set_priority = rr_set_priority,
	.get_priority = rr_get_priority,
	.stats = rr_stats,
};
HELIX_INTERFACE_WITH("helix.scheduler", 1, 0, rr_ops,
		     .names = HELIX_OPERATIONS(HELIX_SCHEDULER_OPERATIONS));

/* ---- the module ------------------------------------------------------------------ */

static int my_init(const struct helix_context *ctx)
{
	const uint64_t tick_ms = HELIX_TICK_NS / 1000000;

	slice_ms = helix_config_uint(ctx, "time_slice_ms", 10);
	slice_ticks = (slice_ms + tick_ms - 1) / tick_ms;
	initialized = true;
	return HELIX_OK;
}

static int my_start(void)
{
	helix_info("time slice %llu ms", (unsigned long long)slice_ms);
	return HELIX_OK;
}

static int my_stop(void)
{
	return HELIX_OK;
}

static int my_event(const struct helix_event *event)
{
	if (event->kind != HELIX_EVENT_CPU_HOTPLUG)
		return HELIX_EVENT_IGNORED;
	if (event->cpu_hotplug.cpu < CPUS)
		used[event->cpu_hotplug.cpu] = 0;
	return HELIX_EVENT_HANDLED;
}

static int my_request(const struct helix_request *request, struct helix_response *response)
{
	if (strlen(request->type) == 9 && !memcmp(request->type, "get_stats", 9))
		return helix_respond_text(response, "tasks: %llu",
					  (unsigned long long)task_count);
	return helix_respond_error(response, "Unknown request");
}

static bool my_healthy(void)
{
	return initialized;
}

static int my_save(struct helix_state_writer *state)
{
	return helix_state_put_uint(state, "task_count", task_count);
}

static int my_restore(struct helix_state_reader *state)
{
	return helix_state_get_uint(state, "task_count", &task_count);
}

HELIX_MODULE(
	.name = "my-scheduler",
	.version = HELIX_VERSION(1, 0, 0),
	.description = "Custom round-robin scheduler",
	.author = "The Helix developers",
	.license = "MIT",
	.flags = HELIX_SCHEDULER | HELIX_HOT_RELOADABLE,
	.dependencies = HELIX_DEPENDENCIES("helix-execution"),
	.provides = HELIX_PROVIDES("scheduler", "cpu.scheduling"),
	.state_version = 1,
	.init = my_init,
	.start = my_start,
	.stop = my_stop,
	.handle_event = my_event,
	.handle_request = my_request,
	.is_healthy = my_healthy,
	.save_state = my_save,
	.restore_state = my_restore,
);
