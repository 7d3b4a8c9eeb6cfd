/* SPDX-License-Identifier: MIT
 *
 * Counts all events that it is told of, and logs all but ticks.
 */
#include <helix/module.h>

#define DATA_MOST 64u /* bytes of a custom event that it takes */

static uint64_t counts[HELIX_EVENT_KINDS];

static int event_log_init(const struct helix_context *ctx)
{
	(void)ctx;
	return HELIX_OK;
}

static int event_log_start(void)
{
	return HELIX_OK;
}

static int event_log_stop(void)
{
	return HELIX_OK;
}

static int log_custom(const struct helix_event *event)
{
	if (event->custom.size > DATA_MOST)
		return helix_fail(HELIX_E_TOO_LARGE, "%llu bytes of data, at most %u",
				  (unsigned long long)event->custom.size, DATA_MOST);
	helix_info("custom %s from %s, %llu bytes", event->custom.name, event->custom.source,
		   (unsigned long long)event->custom.size);
	return HELIX_EVENT_HANDLED;
}

static int event_log_event(const struct helix_event *event)
{
	static const char *const levels[] = { "normal", "low", "critical" };

	counts[event->kind] += event->kind == HELIX_EVENT_TICK ? event->tick.count : 1;
	switch (event->kind) {
	case HELIX_EVENT_SHUTDOWN:
		helix_info("shutdown");
		break;
	case HELIX_EVENT_MEMORY_PRESSURE:
		helix_info("memory pressure is %s", levels[event->memory_pressure.level]);
		break;
	case HELIX_EVENT_CPU_HOTPLUG:
		helix_info("CPU %u is %s", event->cpu_hotplug.cpu,
			   event->cpu_hotplug.online ? "online" : "offline");
		break;
	case HELIX_EVENT_CUSTOM:
		return log_custom(event);
	default:
		break;
	}
	return HELIX_EVENT_HANDLED;
}

static int event_log_request(const struct helix_request *request,
			     struct helix_response *response)
{
	(void)request;
	return helix_respond_text(response, "tick %llu shutdown %llu pressure %llu cpu %llu custom %llu",
				  (unsigned long long)counts[HELIX_EVENT_TICK],
				  (unsigned long long)counts[HELIX_EVENT_SHUTDOWN],
				  (unsigned long long)counts[HELIX_EVENT_MEMORY_PRESSURE],
				  (unsigned long long)counts[HELIX_EVENT_CPU_HOTPLUG],
				  (unsigned long long)counts[HELIX_EVENT_CUSTOM]);
}

HELIX_MODULE(
	.name = "event_log",
	.version = HELIX_VERSION(1, 0, 0),
	.description = "Counts and logs events",
	.author = "The Helix developers",
	.license = "MIT",
	.init = event_log_init,
	.start = event_log_start,
	.stop = event_log_stop,
	.events = HELIX_EVENTS_KNOWN,
	.handle_event = event_log_event,
	.handle_request = event_log_request,
);
