/* SPDX-License-Identifier: MIT
 *
 * Events of the kernel: see events.h. Raising one takes no lock and no memory,
 * so that a tick may do it; the thread "events" delivers them.
 */
#include "kernel/svc/events.h"

#include "helix/scheduler.h"
#include "kernel/core/kernel.h"
#include "kernel/core/log.h"
#include "kernel/core/string.h"
#include "kernel/mm/mm.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/timer.h"
#include "kernel/svc/modules.h"
#include "kernel/svc/service_threads.h"

/* In the timer's interrupt. One that does not fit is counted with the next. */
static void raise_tick(struct timer *timer)
{
	struct helix_event event = { .kind = HELIX_EVENT_TICK };

	(void)timer;
	if (!hload_event_wanted(modules, HELIX_EVENT_TICK))
		return;
	event.tick.timestamp_ns = clock_now_ns();
	hload_event_post(modules, &event);
}

static void raise_pressure(void *ctx, int level)
{
	struct helix_event event = { .kind = HELIX_EVENT_MEMORY_PRESSURE };

	(void)ctx;
	event.memory_pressure.level = (enum helix_pressure)level;
	hload_event_post(modules, &event);
}

static void raise_hotplug(void *ctx, unsigned cpu, bool online)
{
	struct helix_event event = { .kind = HELIX_EVENT_CPU_HOTPLUG };

	(void)ctx;
	event.cpu_hotplug.cpu = cpu;
	event.cpu_hotplug.online = online;
	hload_event_post(modules, &event);
}

void events_init(void)
{
	static struct timer tick = { .run = raise_tick };

	if (!pmm_pressure_notify(raise_pressure, NULL) || !cpu_notify(raise_hotplug, NULL))
		log_line(LOG_ERROR, "events: nobody tells of memory and CPUs: too many listen");
	timer_set(&tick, HELIX_TICK_NS, HELIX_TICK_NS);
}

/* ---- delivering ----------------------------------------------------------------------- */

/* An event on its way, with copies of what it points to: whoever sent it may not
 * wait for the end. */
struct sending {
	struct helix_event event;
	struct hload_event_counts counts;
	enum helix_status status;
	uint32_t holders; /* atomic: who sent it, and who delivers it */
	char name[HELIX_NAME_MAX + 2];
	uint8_t data[HELIX_EVENT_DATA_MAX];
};

static void let_go(struct sending *sending)
{
	if (!__atomic_sub_fetch(&sending->holders, 1, __ATOMIC_ACQ_REL))
		kfree(sending);
}

static void deliver(void *argument)
{
	struct sending *sending = argument;

	sending->status = hload_event_send(modules, &sending->event, &sending->counts);
	let_go(sending);
}

/* A name that is too long stays too long. */
static void keep_custom(struct sending *sending)
{
	struct helix_event *event = &sending->event;
	size_t length = strlen(event->custom.name);

	if (length > HELIX_NAME_MAX + 1)
		length = HELIX_NAME_MAX + 1;
	memcpy(sending->name, event->custom.name, length);
	event->custom.name = sending->name;
	if (event->custom.size)
		memcpy(sending->data, event->custom.data, event->custom.size);
	event->custom.data = event->custom.size ? sending->data : NULL;
}

static enum helix_status run(struct sending *sending, uint64_t nanoseconds)
{
	bool started, ended;

	sending->holders = 2;
	ended = service_run_within(nanoseconds, deliver, sending, &started);
	if (!started)
		deliver(sending);
	return ended || !started ? sending->status : HELIX_E_DEADLINE;
}

enum helix_status events_send(const struct helix_event *event, uint64_t nanoseconds,
			      struct hload_event_counts *counts)
{
	struct sending *sending;
	enum helix_status status;

	memset(counts, 0, sizeof *counts);
	if (event->kind == HELIX_EVENT_CUSTOM && event->custom.size > HELIX_EVENT_DATA_MAX)
		return HELIX_E_TOO_LARGE;
	sending = kzalloc(sizeof *sending);
	if (!sending)
		return HELIX_E_NO_MEMORY;
	sending->event = *event;
	if (event->kind == HELIX_EVENT_CUSTOM)
		keep_custom(sending);
	status = run(sending, nanoseconds);
	if (status != HELIX_E_DEADLINE)
		*counts = sending->counts;
	let_go(sending);
	return status;
}

enum helix_status events_shutdown(struct hload_event_counts *counts)
{
	const struct helix_event event = { .kind = HELIX_EVENT_SHUTDOWN };

	memset(counts, 0, sizeof *counts);
	if (!hload_event_wanted(modules, HELIX_EVENT_SHUTDOWN))
		return HELIX_OK;
	return events_send(&event, SHUTDOWN_NS, counts);
}
