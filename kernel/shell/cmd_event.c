/* SPDX-License-Identifier: MIT
 *
 * The command that raises events by hand, and counts them. All but custom ones
 * are simulated: modules hear of something that did not happen, and are told so
 * by nobody.
 */
#include "kernel/core/kernel.h"
#include "kernel/core/print.h"
#include "kernel/core/string.h"
#include "kernel/shell/command.h"
#include "kernel/shell/line.h"
#include "kernel/shell/payload.h"
#include "kernel/svc/events.h"
#include "kernel/svc/modules.h"

#define DEADLINE_NS UINT64_C(10000000000)

static int show_counts(void)
{
	struct hload_event_counts c;

	hload_event_counts(modules, &c);
	kprintf("events: posted %lu dropped %lu\n", c.posted, c.dropped);
	kprintf("deliveries: %lu handled %lu ignored %lu errors %lu\n", c.delivered, c.handled,
		c.ignored, c.errors);
	return 0;
}

/* Delivers it and says what came of it: `custom ping: handled 1 …`. */
static int deliver(const struct helix_event *event, const char *what)
{
	struct hload_event_counts counts;
	enum helix_status status = events_send(event, DEADLINE_NS, &counts);

	if (status == HELIX_E_DEADLINE) {
		kprintf("event: some module has not returned from %s within %lu s\n", what,
			DEADLINE_NS / 1000000000);
		return 1;
	}
	if (status) {
		kprintf("event: %s was not raised: %s\n", what, hmod_status_name(status));
		return 1;
	}
	kprintf("%s%s: handled %lu ignored %lu errors %lu\n",
		event->kind == HELIX_EVENT_CUSTOM ? "" : "simulated ", what, counts.handled,
		counts.ignored, counts.errors);
	return counts.errors ? 1 : 0;
}

/* ---- the kinds ------------------------------------------------------------------------ */

static int raise_custom(int argc, char **argv)
{
	struct helix_event event = { .kind = HELIX_EVENT_CUSTOM };
	char what[HELIX_NAME_MAX + 16];
	uint8_t bytes[LINE_MAX];
	const char *wrong = NULL;

	if (argc < 1 || argc > 2)
		return USAGE;
	if (!argv[0][0] || strlen(argv[0]) > HELIX_NAME_MAX) {
		kprintf("event: a name is 1 to %d bytes long\n", HELIX_NAME_MAX);
		return 1;
	}
	if (argc == 2)
		wrong = payload_parse(argv[1], bytes, &event.custom.size);
	if (wrong) {
		kprintf("event: the payload %s\n", wrong);
		return 1;
	}
	event.custom.name = argv[0];
	event.custom.data = event.custom.size ? bytes : NULL;
	event.custom.source = "shell";
	ksnprintf(what, sizeof what, "custom %s", argv[0]);
	return deliver(&event, what);
}

static int raise_tick(int argc, char **argv)
{
	struct helix_event event = { .kind = HELIX_EVENT_TICK };

	(void)argv;
	if (argc)
		return USAGE;
	event.tick.timestamp_ns = clock_now_ns();
	return deliver(&event, "tick");
}

static int raise_shutdown(int argc, char **argv)
{
	const struct helix_event event = { .kind = HELIX_EVENT_SHUTDOWN };

	(void)argv;
	return argc ? USAGE : deliver(&event, "shutdown");
}

static int raise_pressure(int argc, char **argv)
{
	static const char *const levels[] = { "normal", "low", "critical" };
	struct helix_event event = { .kind = HELIX_EVENT_MEMORY_PRESSURE };
	char what[32];

	for (unsigned level = 0; argc == 1 && level < 3; level++)
		if (!strcmp(argv[0], levels[level])) {
			event.memory_pressure.level = (enum helix_pressure)level;
			ksnprintf(what, sizeof what, "pressure %s", levels[level]);
			return deliver(&event, what);
		}
	return USAGE;
}

static int raise_cpu(int argc, char **argv)
{
	struct helix_event event = { .kind = HELIX_EVENT_CPU_HOTPLUG };
	char what[40];
	uint64_t cpu;

	if (argc != 2 || !hmod_param_uint(argv[0], &cpu) || cpu > UINT32_MAX ||
	    (strcmp(argv[1], "online") && strcmp(argv[1], "offline")))
		return USAGE;
	event.cpu_hotplug.cpu = (uint32_t)cpu;
	event.cpu_hotplug.online = !strcmp(argv[1], "online");
	ksnprintf(what, sizeof what, "cpu %lu %s", cpu, argv[1]);
	return deliver(&event, what);
}

static const struct {
	const char *name;
	int (*raise)(int argc, char **argv);
} kinds[] = {
	{ "custom", raise_custom },	{ "tick", raise_tick }, { "shutdown", raise_shutdown },
	{ "pressure", raise_pressure }, { "cpu", raise_cpu },
};

const char *event_kind(unsigned i)
{
	return i < sizeof kinds / sizeof kinds[0] ? kinds[i].name : NULL;
}

static int run_event(int argc, char **argv)
{
	if (argc == 1)
		return show_counts();
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		if (!strcmp(kinds[i].name, argv[1]))
			return kinds[i].raise(argc - 2, argv + 2);
	return USAGE;
}

const struct command event_commands[] = {
	{ "event", run_event,
	  "[custom NAME [PAYLOAD] | tick | shutdown | pressure LEVEL | cpu N STATE]",
	  "raise an event and count the answers; alone: count all so far", COMPLETE_EVENT },
	{ NULL, NULL, NULL, NULL, COMPLETE_NOTHING },
};
