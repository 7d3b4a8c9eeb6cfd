/* SPDX-License-Identifier: MIT
 *
 * hmod run: a module's life in a process, by the kernel's own loader. A child
 * does it, so that whatever the module does ends in a message and a status.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "helix/module.h"
#include "loader/services.h"
#include "tools/crash.h"
#include "tools/payload.h"
#include "tools/process.h"
#include "tools/tool.h"

#define REQUEST_NS UINT64_C(5000000000)
#define SECONDS 10 /* for all of it */

struct unit { /* one module */
	const char *path;
	struct bytes bytes;
	struct hload_module *module;
};

/* What is done once all run, in the order given. */
struct action {
	const char *type; /* of a request */
	const char *payload; /* text, or NULL */
	struct helix_event event;
	char what[96]; /* "simulated tick"; empty: a request */
};

static struct run {
	struct unit *units; /* the one it is about is the last */
	size_t unit_count;
	struct action *actions;
	size_t action_count;
	struct hload_setting *settings;
	size_t setting_count;
	unsigned seconds;
	const char *path; /* of the last unit */
	uint8_t *scratch; /* as long as any argument */
} run;

/* ---- arguments ---------------------------------------------------------------------- */

static int bad_event(const char *what)
{
	return usage_error("run", "--event %s: tick, shutdown, pressure LEVEL, cpu N online|offline "
				  "or custom NAME[=PAYLOAD]", what);
}

static bool parse_pressure(struct action *action, const char *level)
{
	static const char *const levels[] = { "normal", "low", "critical" };

	action->event.kind = HELIX_EVENT_MEMORY_PRESSURE;
	for (unsigned i = 0; level && i < 3; i++)
		if (!strcmp(level, levels[i])) {
			action->event.memory_pressure.level = (enum helix_pressure)i;
			snprintf(action->what, sizeof action->what, "simulated pressure %s", level);
			return true;
		}
	return false;
}

static bool parse_cpu(struct action *action, const char *cpu, const char *state)
{
	uint64_t number;

	if (!cpu || !state || !hmod_param_uint(cpu, &number) || number > UINT32_MAX ||
	    (strcmp(state, "online") && strcmp(state, "offline")))
		return false;
	action->event.kind = HELIX_EVENT_CPU_HOTPLUG;
	action->event.cpu_hotplug.cpu = (uint32_t)number;
	action->event.cpu_hotplug.online = !strcmp(state, "online");
	snprintf(action->what, sizeof action->what, "simulated cpu %u %s", (unsigned)number, state);
	return true;
}

/* The name stays in argv, cut at its `=`. */
static bool parse_custom(struct action *action, char *name)
{
	char *equals = name ? strchr(name, '=') : NULL;

	if (!name || !*name || equals == name)
		return false;
	if (equals)
		*equals = 0;
	if (strlen(name) > HELIX_NAME_MAX)
		return false;
	action->payload = equals ? equals + 1 : NULL;
	action->event.kind = HELIX_EVENT_CUSTOM;
	action->event.custom.name = name;
	action->event.custom.source = "shell";
	snprintf(action->what, sizeof action->what, "custom %s", name);
	return true;
}

/* Words behind argv[i], which is the kind; how many are taken, or -1. */
static int parse_event(struct action *action, char **argv, int i)
{
	const char *kind = argv[i];

	if (!strcmp(kind, "tick")) {
		action->event.kind = HELIX_EVENT_TICK;
		strcpy(action->what, "simulated tick");
		return 0;
	}
	if (!strcmp(kind, "shutdown")) {
		action->event.kind = HELIX_EVENT_SHUTDOWN;
		strcpy(action->what, "simulated shutdown");
		return 0;
	}
	if (!strcmp(kind, "pressure"))
		return parse_pressure(action, argv[i + 1]) ? 1 : -1;
	if (!strcmp(kind, "cpu") && argv[i + 1])
		return parse_cpu(action, argv[i + 1], argv[i + 2]) ? 2 : -1;
	return !strcmp(kind, "custom") && parse_custom(action, argv[i + 1]) ? 1 : -1;
}

static bool check_payload(const char *payload)
{
	const char *wrong;
	size_t size;

	if (!payload || !(wrong = payload_parse(payload, run.scratch, &size)))
		return true;
	return !usage_error("run", "the payload %s: %s", wrong, payload);
}

/* One option with its words; false after a usage error. */
static bool parse_option(char **argv, int *i)
{
	struct action *action = &run.actions[run.action_count];
	const char *option = argv[*i];
	char *value = option_value("run", argv, i), *equals;
	uint64_t seconds;
	int words;

	if (!value)
		return false;
	if (!strcmp(option, "--with")) {
		run.units[run.unit_count++].path = value;
	} else if (!strcmp(option, "--timeout")) {
		if (!hmod_param_uint(value, &seconds) || seconds > 86400)
			return !usage_error("run", "--timeout %s: not a number of seconds", value);
		run.seconds = (unsigned)seconds;
	} else if (!strcmp(option, "--request")) {
		equals = strchr(value, '=');
		if (equals)
			*equals = 0;
		action->type = value;
		action->payload = equals ? equals + 1 : NULL;
		run.action_count++;
	} else {
		words = parse_event(action, argv, *i);
		if (words < 0)
			return !bad_event(value);
		*i += words;
		run.action_count++;
	}
	return check_payload(action->payload);
}

static bool known_option(const char *word)
{
	return !strcmp(word, "--with") || !strcmp(word, "--request") || !strcmp(word, "--event") ||
	       !strcmp(word, "--timeout");
}

static bool parse(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		char *equals = strchr(argv[i], '=');

		if (known_option(argv[i])) {
			if (!parse_option(argv, &i))
				return false;
		} else if (argv[i][0] == '-' || (run.path && !equals)) {
			return !usage_error("run", "unexpected %s", argv[i]);
		} else if (run.path) {
			*equals = 0;
			run.settings[run.setting_count++] =
				(struct hload_setting){ argv[i], equals + 1 };
		} else {
			run.path = argv[i];
		}
	}
	if (!run.path)
		return !usage_error("run", "no module given");
	run.units[run.unit_count++].path = run.path;
	return true;
}

static bool make_room(int argc, char **argv)
{
	size_t n = (size_t)argc + 1, longest = 1;

	for (int i = 0; i < argc; i++)
		if (strlen(argv[i]) >= longest)
			longest = strlen(argv[i]) + 1;
	run.units = calloc(n, sizeof *run.units);
	run.actions = calloc(n, sizeof *run.actions);
	run.settings = calloc(n, sizeof *run.settings);
	run.scratch = malloc(longest);
	run.seconds = SECONDS;
	if (run.units && run.actions && run.settings && run.scratch)
		return true;
	return !refuse("run", "out of memory");
}

/* ---- loading --------------------------------------------------------------------------- */

static struct process process;

static enum helix_status file_get(void *ctx, const char *path, struct hmod_span *bytes,
				  struct hmod_diag *diag)
{
	(void)ctx;
	for (size_t i = 0; i < run.unit_count; i++)
		if (!strcmp(run.units[i].path, path)) {
			*bytes = (struct hmod_span){ run.units[i].bytes.data, run.units[i].bytes.size };
			return HELIX_OK;
		}
	hmod_fail(diag, HELIX_E_NOT_FOUND, HMOD_STAGE_NONE, HMOD_NOWHERE);
	hmod_diag_name(diag, path, SIZE_MAX);
	return HELIX_E_NOT_FOUND;
}

/* EXIT_HOOK when it was the module's own word, else EXIT_REFUSED. */
static int failed(const char *path, struct hmod_diag *diag)
{
	int status = EXIT_REFUSED;

	if (diag->status == HELIX_E_INIT || diag->status == HELIX_E_REQUEST)
		status = EXIT_HOOK;
	else if (diag->status == HELIX_E_DEADLINE || diag->status == HELIX_E_INSIDE)
		status = EXIT_CRASHED;
	refuse_diag(path, diag);
	hload_diag_free(process.system, diag);
	return status;
}

static int register_all(void)
{
	struct hmod_diag diag;

	for (size_t i = 0; i < run.unit_count; i++) {
		struct unit *u = &run.units[i];

		if (!read_inflated(u->path, &u->bytes))
			return EXIT_REFUSED;
		if (hload_register(process.system,
				   (struct hmod_span){ u->bytes.data, u->bytes.size }, u->path,
				   &u->module, &diag))
			return failed(u->path, &diag);
	}
	return 0;
}

static const char *path_of(const struct hload_module *module)
{
	struct hload_info info;

	hload_info(module, &info);
	return info.path;
}

static int insert_all(struct hload_module **roots, struct hload_module **order)
{
	struct hload_insertion how = { .force = true };
	struct hmod_diag diag;
	size_t length;

	for (size_t i = 0; i < run.unit_count; i++)
		roots[i] = run.units[i].module;
	if (hload_plan(process.system, roots, run.unit_count, order, run.unit_count, &length, &diag))
		return failed(run.path, &diag);
	for (size_t i = 0; i < length; i++) {
		bool last = order[i] == run.units[run.unit_count - 1].module;

		how.settings = last ? run.settings : NULL;
		how.setting_count = last ? run.setting_count : 0;
		if (hload_insert_as(process.system, order[i], &how, &diag))
			return failed(path_of(order[i]), &diag);
	}
	return 0;
}

/* What they asked for while they started, or answered. */
static void deliver_events(void)
{
	while (hload_event_dispatch(process.system))
		;
}

/* ---- what is done with them ---------------------------------------------------------------- */

static const char *module_name(void)
{
	struct hload_info info;

	hload_info(run.units[run.unit_count - 1].module, &info);
	return info.meta->name;
}

static int request(const struct action *action)
{
	struct hload_asking asking = { .source = "shell", .target = module_name(),
				       .type = action->type, .nanoseconds = REQUEST_NS };
	struct helix_reply reply;
	struct hmod_diag diag;
	int status = 0;

	if (action->payload)
		payload_parse(action->payload, run.scratch, &asking.size);
	asking.payload = run.scratch;
	if (hload_request(process.system, &asking, &reply, &diag))
		return failed(run.path, &diag);
	if (reply.success) {
		payload_print(reply.payload, reply.size);
	} else {
		refuse(run.path, "answers %s with an error: %s", action->type, reply.error);
		status = EXIT_HOOK;
	}
	hload_reply_free(process.system, &reply);
	return status;
}

static int raise_event(struct action *action)
{
	struct helix_event *event = &action->event;
	struct hload_event_counts counts;
	enum helix_status status;

	if (event->kind == HELIX_EVENT_TICK)
		event->tick.timestamp_ns = process.host.now_ns(process.host.ctx);
	if (action->payload && *action->payload) {
		payload_parse(action->payload, run.scratch, &event->custom.size);
		event->custom.data = run.scratch;
	}
	status = hload_event_send(process.system, event, &counts);
	if (status)
		return refuse(run.path, "%s was not raised: %s", action->what,
			      hmod_status_name(status));
	printf("%s: handled %llu ignored %llu errors %llu\n", action->what,
	       (unsigned long long)counts.handled, (unsigned long long)counts.ignored,
	       (unsigned long long)counts.errors);
	return counts.errors ? EXIT_HOOK : 0;
}

static int act(void)
{
	int status = 0, next;

	for (size_t i = 0; i < run.action_count; i++) {
		struct action *action = &run.actions[i];

		next = action->what[0] ? raise_event(action) : request(action);
		if (next == EXIT_CRASHED)
			return next;
		if (!status)
			status = next;
		deliver_events();
	}
	return status;
}

/* Dependents first; the last stop hook that fails is told too. */
static int remove_all(struct hload_module **order)
{
	int status = 0, next = 0;
	struct hmod_diag diag;
	size_t length;

	for (size_t i = run.unit_count; i--; status = status ? status : next) {
		if (hload_unload_order(process.system, run.units[i].module, order, run.unit_count,
				       &length, &diag)) {
			hload_diag_free(process.system, &diag);
			continue; /* it went with another */
		}
		for (size_t k = 0; k < length; k++)
			if (hload_remove(process.system, order[k], &diag) &&
			    (next = failed(path_of(order[k]), &diag)) == EXIT_CRASHED)
				return next;
	}
	return status;
}

static int live(void)
{
	struct hload_module **roots = calloc(run.unit_count, sizeof *roots);
	struct hload_module **order = calloc(run.unit_count, sizeof *order);
	int status, end;

	if (!roots || !order || !process_create(&process))
		return refuse(run.path, "out of memory");
	if (hload_export(process.system, process_api, process_api_count, NULL) ||
	    hload_export(process.system, hload_api, hload_api_count, NULL))
		return refuse(run.path, "out of memory for exports");
	if ((status = register_all()) || (status = insert_all(roots, order)))
		return status;
	deliver_events();
	status = act();
	end = status == EXIT_CRASHED ? 0 : remove_all(order);
	return status ? status : end;
}

/* ---- the child ------------------------------------------------------------------------------- */

static void be_child(void)
{
	int status;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	process_open(&process);
	process.host.file_get = file_get;
	crash_watch(run.path, run.seconds);
	status = live();
	if (fflush(stdout) || ferror(stdout))
		status = refuse("standard output", "cannot be written");
	_exit(status); /* a thread may be in a module still */
}

int run_run(int argc, char **argv)
{
	int status = 0;
	pid_t pid;

	if (!make_room(argc, argv))
		return EXIT_REFUSED;
	if (!parse(argc, argv))
		return EXIT_USAGE;
	fflush(stdout);
	pid = fork();
	if (pid < 0)
		return refuse(run.path, "no process: %s", strerror(errno));
	if (!pid)
		be_child();
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	refuse(run.path, "crashed: %s", crash_signal_name(WTERMSIG(status)));
	return EXIT_CRASHED;
}
