/* SPDX-License-Identifier: MIT
 *
 * Events: a bounded queue that any context may fill, emptied by one thread at a
 * time. A slot's turn says whose it is: equal to the position, it is free for
 * whoever gets that position; one more, it is filled; so no lock is needed.
 * Ticks are not queued: they are counted, and delivered as one, before the next
 * entry, so that they never find the queue full.
 */
#include "loader/gate.h"

#include "helix/module.h"

/* Who waits for an event to be delivered; on his stack. */
struct waiter {
	struct hload_event_counts counts;
	bool done; /* atomic */
};

struct slot {
	uint64_t turn; /* atomic */
	struct helix_event event;
	void *block; /* name, source and data of a custom event; freed after */
	size_t block_size;
	struct waiter *waiter;
};

struct hload_events {
	struct slot slots[HLOAD_EVENT_QUEUE];
	uint64_t in, out; /* atomic positions */
	uint64_t ticks; /* atomic: since the last delivered */
	uint64_t tick_ns; /* atomic: of the newest */
	bool dispatching; /* the lock is held to change it */
	struct hload_event_counts counts; /* atomic */
	uint64_t dropped_told;
	uint64_t serial; /* of the delivery at work */
};

bool hload_events_init(struct hload_system *system)
{
	system->events = hload_alloc(system, sizeof *system->events);
	if (!system->events)
		return false;
	memset(system->events, 0, sizeof *system->events);
	for (uint64_t i = 0; i < HLOAD_EVENT_QUEUE; i++)
		system->events->slots[i].turn = i;
	return true;
}

static void add(uint64_t *counter)
{
	__atomic_add_fetch(counter, 1, __ATOMIC_RELAXED);
}

bool hload_event_wanted(const struct hload_system *system, enum helix_event_kind kind)
{
	return __atomic_load_n(&system->wanted[kind], __ATOMIC_RELAXED);
}

uint64_t hload_events_wanted(const struct hload_module *module)
{
	if (!module->object.hook[HMOD_HOOK_EVENT])
		return 0;
	return module->meta.header->events ? module->meta.header->events : HELIX_EVENTS_DEFAULT;
}

void hload_events_count(struct hload_module *module, bool runs)
{
	uint64_t mask = hload_events_wanted(module);

	for (unsigned kind = 0; kind < HELIX_EVENT_KINDS; kind++)
		if (mask >> kind & 1)
			__atomic_add_fetch(&module->system->wanted[kind], runs ? 1 : UINT64_MAX,
					   __ATOMIC_RELAXED);
}

/* ---- in --------------------------------------------------------------------------------- */

static struct slot *take_slot(struct hload_events *events)
{
	uint64_t at = __atomic_load_n(&events->in, __ATOMIC_RELAXED);

	for (;;) {
		struct slot *slot = &events->slots[at % HLOAD_EVENT_QUEUE];
		uint64_t turn = __atomic_load_n(&slot->turn, __ATOMIC_ACQUIRE);

		if (turn < at)
			return NULL; /* still full, a whole round behind */
		if (turn > at)
			at = __atomic_load_n(&events->in, __ATOMIC_RELAXED);
		else if (__atomic_compare_exchange_n(&events->in, &at, at + 1, true,
						     __ATOMIC_RELAXED, __ATOMIC_RELAXED))
			return slot;
	}
}

static enum helix_status queue(struct hload_system *system, const struct slot *what)
{
	const struct hload_host *host = system->outer;
	struct hload_events *events = system->events;
	struct slot *slot = take_slot(events);

	if (!slot) {
		add(&events->counts.dropped);
		return HELIX_E_BUSY;
	}
	slot->event = what->event;
	slot->block = what->block;
	slot->block_size = what->block_size;
	slot->waiter = what->waiter;
	add(&events->counts.posted);
	__atomic_store_n(&slot->turn, slot->turn + 1, __ATOMIC_RELEASE);
	if (host->event_ready)
		host->event_ready(host->ctx);
	return HELIX_OK;
}

/* The time only goes on, whichever CPU comes first. */
static void note_time(struct hload_events *events, uint64_t now)
{
	uint64_t newest = __atomic_load_n(&events->tick_ns, __ATOMIC_RELAXED);

	while (newest < now && !__atomic_compare_exchange_n(&events->tick_ns, &newest, now, true,
							    __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		;
}

static void post_tick(struct hload_system *system, const struct helix_event *event)
{
	const struct hload_host *host = system->outer;
	struct hload_events *events = system->events;

	note_time(events, event->tick.timestamp_ns);
	if (__atomic_fetch_add(&events->ticks, 1, __ATOMIC_ACQ_REL))
		return;
	add(&events->counts.posted);
	if (host->event_ready)
		host->event_ready(host->ctx);
}

static char *append(char *to, const void *bytes, size_t size)
{
	memcpy(to, bytes, size);
	to[size] = 0;
	return to + size + 1;
}

static enum helix_status copy_custom(struct hload_system *system, const struct helix_event *event,
				     struct slot *slot)
{
	const char *name = event->custom.name, *source = event->custom.source;
	size_t length = hload_length(name), from = hload_length(source);
	const size_t size = event->custom.size;
	char *at;

	if (!length || length > HELIX_NAME_MAX)
		return HELIX_E_INVALID;
	if (size > HELIX_EVENT_DATA_MAX)
		return HELIX_E_TOO_LARGE;
	slot->block_size = length + from + size + 3;
	slot->block = at = hload_lock_alloc(system, slot->block_size);
	if (!at)
		return HELIX_E_NO_MEMORY;
	slot->event.custom.data = size ? at : NULL; /* first: aligned as the block is */
	if (size)
		at = append(at, event->custom.data, size);
	slot->event.custom.name = at;
	at = append(at, name, length);
	slot->event.custom.source = at;
	append(at, source, from);
	return HELIX_OK;
}

static enum helix_status post(struct hload_system *system, const struct helix_event *event,
			      struct waiter *waiter)
{
	struct slot slot = { .event = *event, .waiter = waiter };
	enum helix_status status = HELIX_OK;

	if (event->kind == HELIX_EVENT_CUSTOM)
		status = copy_custom(system, event, &slot);
	if (status)
		return status;
	status = queue(system, &slot);
	if (status && slot.block)
		hload_lock_free(system, slot.block, slot.block_size);
	return status;
}

enum helix_status hload_event_post(struct hload_system *system, const struct helix_event *event)
{
	if ((unsigned)event->kind >= HELIX_EVENT_KINDS)
		return HELIX_E_INVALID;
	if (event->kind != HELIX_EVENT_TICK)
		return post(system, event, NULL);
	post_tick(system, event);
	return HELIX_OK;
}

/* ---- out ----------------------------------------------------------------------------- */

struct delivery {
	const struct hload_module *module;
	const struct helix_event *event;
};

static int call_event(void *argument)
{
	const struct delivery *d = argument;

	return ((int (*)(const struct helix_event *))(uintptr_t)
			d->module->object.hook[HMOD_HOOK_EVENT])(d->event);
}

static bool wants(const struct hload_module *module, enum helix_event_kind kind)
{
	return module->state == HLOAD_RUNNING && hload_events_wanted(module) >> kind & 1;
}

/* Waits while the module is being replaced; false when it does not want the event
 * any longer, or was asked already: a successor comes later in the list, and has
 * heard what its predecessor has. The module stays in the list meanwhile. */
static bool is_asked(struct hload_module *module, const struct helix_event *event, uint64_t serial)
{
	module->visitors++;
	while (hload_gate_stops(module) && hload_wait(module->system, UINT64_MAX))
		;
	module->visitors--;
	if (!wants(module, event->kind) || module->heard == serial)
		return false;
	module->heard = serial;
	return true;
}

/* The lock is held, and given up for the call. */
static void tell(struct hload_module *module, const struct helix_event *event,
		 struct hload_event_counts *counts)
{
	struct hload_system *system = module->system;
	struct delivery delivery = { module, event };
	struct hload_frame frame;
	int result;

	hload_pin(module);
	hload_unlock(system);
	result = hload_call(module, &frame, "event", call_event, &delivery);
	hload_lock(system);
	counts->delivered++;
	if (result < 0) {
		counts->errors++;
		hload_log(system, HELIX_LOG_WARN, "%s: event %s failed with status %d%s%s",
			  module->meta.name, hload_event_name(event), result,
			  frame.text[0] ? ": " : "", frame.text);
	} else if (result == HELIX_EVENT_IGNORED) {
		counts->ignored++;
	} else {
		counts->handled++;
	}
	hload_unpin(module);
}

/* To each that wants it, in the order they were loaded: who depends on another
 * came after it. A pinned module stays in the list. */
static void deliver(struct hload_system *system, const struct helix_event *event,
		    struct hload_event_counts *counts)
{
	uint64_t serial;

	hload_lock(system);
	serial = ++system->events->serial;
	for (struct hload_module *m = system->oldest; m; m = m->later)
		if (wants(m, event->kind) && is_asked(m, event, serial))
			tell(m, event, counts);
	hload_unlock(system);
}

static void add_counts(struct hload_event_counts *to, const struct hload_event_counts *more)
{
	__atomic_add_fetch(&to->delivered, more->delivered, __ATOMIC_RELAXED);
	__atomic_add_fetch(&to->handled, more->handled, __ATOMIC_RELAXED);
	__atomic_add_fetch(&to->ignored, more->ignored, __ATOMIC_RELAXED);
	__atomic_add_fetch(&to->errors, more->errors, __ATOMIC_RELAXED);
}

static bool next(struct hload_events *events, struct slot *out)
{
	struct slot *slot = &events->slots[events->out % HLOAD_EVENT_QUEUE];

	if (__atomic_load_n(&slot->turn, __ATOMIC_ACQUIRE) != events->out + 1)
		return false;
	*out = *slot;
	__atomic_store_n(&slot->turn, events->out + HLOAD_EVENT_QUEUE, __ATOMIC_RELEASE);
	events->out++;
	return true;
}

/* All ticks since the last were delivered; `more` in the event itself. */
static bool next_tick(struct hload_events *events, struct slot *out, uint64_t more)
{
	uint64_t count = __atomic_exchange_n(&events->ticks, 0, __ATOMIC_ACQ_REL) + more;

	out->event.kind = HELIX_EVENT_TICK;
	out->event.tick.count = count;
	out->event.tick.timestamp_ns = __atomic_load_n(&events->tick_ns, __ATOMIC_RELAXED);
	return count;
}

static void finish(struct hload_system *system, struct slot *slot)
{
	struct hload_event_counts counts = { 0 };

	deliver(system, &slot->event, &counts);
	add_counts(&system->events->counts, &counts);
	if (slot->block)
		hload_lock_free(system, slot->block, slot->block_size);
	if (slot->waiter) {
		slot->waiter->counts = counts;
		__atomic_store_n(&slot->waiter->done, true, __ATOMIC_RELEASE);
	}
}

static void tell_dropped(struct hload_system *system)
{
	struct hload_events *events = system->events;
	uint64_t dropped = __atomic_load_n(&events->counts.dropped, __ATOMIC_RELAXED);

	if (dropped == events->dropped_told)
		return;
	hload_log(system, HELIX_LOG_WARN, "events: %llu dropped, the queue of %d was full",
		  (unsigned long long)(dropped - events->dropped_told), HLOAD_EVENT_QUEUE);
	events->dropped_told = dropped;
}

static bool become_dispatcher(struct hload_system *system)
{
	bool free;

	hload_lock(system);
	free = !system->events->dispatching;
	if (free)
		system->events->dispatching = true;
	hload_unlock(system);
	return free;
}

static size_t drain(struct hload_system *system)
{
	struct hload_events *events = system->events;
	size_t count = 0, before;

	do {
		struct slot slot = { 0 };

		before = count;
		if (next_tick(events, &slot, 0)) {
			finish(system, &slot);
			count++;
		}
		if (next(events, &slot)) {
			if (slot.event.kind == HELIX_EVENT_TICK) /* one that is waited for */
				next_tick(events, &slot, 1);
			finish(system, &slot);
			count++;
		}
	} while (count != before);
	return count;
}

static bool is_waiting(const struct hload_events *events)
{
	const struct slot *slot = &events->slots[events->out % HLOAD_EVENT_QUEUE];

	return __atomic_load_n(&events->ticks, __ATOMIC_ACQUIRE) ||
	       __atomic_load_n(&slot->turn, __ATOMIC_ACQUIRE) == events->out + 1;
}

/* What comes after the last look and before `dispatching` ends may have been
 * left to this thread: so it looks again, with the lock held. */
size_t hload_event_dispatch(struct hload_system *system)
{
	struct hload_events *events = system->events;
	size_t count = 0;
	bool more;

	if (!become_dispatcher(system))
		return 0;
	do {
		count += drain(system);
		hload_lock(system);
		tell_dropped(system);
		more = events->dispatching = is_waiting(events);
		hload_unlock(system);
	} while (more);
	return count;
}

/* ---- and waiting ------------------------------------------------------------------------ */

enum helix_status hload_event_send(struct hload_system *system, const struct helix_event *event,
				   struct hload_event_counts *counts)
{
	const struct hload_host *host = system->outer;
	struct waiter waiter = { .done = false };
	enum helix_status status;

	if ((unsigned)event->kind >= HELIX_EVENT_KINDS)
		return HELIX_E_INVALID;
	if (event->kind == HELIX_EVENT_TICK)
		note_time(system->events, event->tick.timestamp_ns);
	status = post(system, event, &waiter);
	while (!status && !__atomic_load_n(&waiter.done, __ATOMIC_ACQUIRE))
		if (host->event_ready && host->pause)
			host->pause(host->ctx);
		else if (!hload_event_dispatch(system) && host->pause)
			host->pause(host->ctx);
	*counts = waiter.counts;
	return status;
}

void hload_event_counts(const struct hload_system *system, struct hload_event_counts *counts)
{
	const struct hload_event_counts *from = &system->events->counts;

	counts->posted = __atomic_load_n(&from->posted, __ATOMIC_RELAXED);
	counts->delivered = __atomic_load_n(&from->delivered, __ATOMIC_RELAXED);
	counts->handled = __atomic_load_n(&from->handled, __ATOMIC_RELAXED);
	counts->ignored = __atomic_load_n(&from->ignored, __ATOMIC_RELAXED);
	counts->errors = __atomic_load_n(&from->errors, __ATOMIC_RELAXED);
	counts->dropped = __atomic_load_n(&from->dropped, __ATOMIC_RELAXED);
}

/* What is left when the system goes. */
void hload_events_free(struct hload_system *system)
{
	struct slot slot;

	if (!system->events)
		return;
	while (next(system->events, &slot))
		if (slot.block)
			hload_free(system, slot.block, slot.block_size);
	hload_free(system, system->events, sizeof *system->events);
	system->events = NULL;
}

const char *hload_event_name(const struct helix_event *event)
{
	return event->kind == HELIX_EVENT_CUSTOM ? event->custom.name :
						   hmod_event_name((unsigned)event->kind);
}

int helix_event_raise(const struct helix_context *ctx, const char *name, const void *data,
		      size_t size)
{
	struct helix_event event = { .kind = HELIX_EVENT_CUSTOM };

	event.custom.name = name;
	event.custom.data = data;
	event.custom.size = size;
	event.custom.source = ctx->module->meta.name;
	return hload_event_post(ctx->module->system, &event);
}
