/* SPDX-License-Identifier: MIT
 *
 * The command reload: replaces running modules and tells each step.
 */
#include "kernel/core/print.h"
#include "kernel/core/string.h"
#include "kernel/mm/mm.h"
#include "kernel/shell/command.h"
#include "kernel/svc/modules.h"
#include "kernel/svc/settings.h"
#include "loader/reload.h"

#define PATH_ROOM 1100
#define MANY	  16 /* modules in one transaction */

struct job {
	struct hload_replacement list[MANY];
	char *path[MANY];
	struct settings *settings[MANY];
	size_t count;
	struct hload_reloading how;
	bool together;
};

static const char *microseconds(uint64_t ns, char text[32])
{
	ksnprintf(text, 32, "%lu.%03lu us", ns / 1000, ns % 1000);
	return text;
}

/* With the loader's lock held: nothing of it is called. */
static void tell(void *ctx, const struct hload_step_report *what)
{
	char time[32];

	(void)ctx;
	kprintf("%2d %-10s", what->step, hload_step_name(what->step));
	if (what->skipped) {
		kprintf(" would follow\n");
		return;
	}
	kprintf(" %-12s %s", what->undone ? "taken back" : what->status ? "failed" : "done",
		microseconds(what->nanoseconds, time));
	if (what->of && !what->status)
		kprintf(", %lu %s", what->count, what->of);
	kprintf("\n");
}

/* ---- whom by whom --------------------------------------------------------------------- */

/* The module that was registered from `path`, with a reference, or NULL. */
static struct hload_module *owner_of(const char *path)
{
	struct hload_module *module = NULL;
	struct hload_info info;

	while ((module = hload_get_next(modules, module))) {
		hload_info(module, &info);
		if (info.path && !strcmp(info.path, path))
			return module;
	}
	return NULL;
}

/* A name or a file: of another module, or another file of the same. */
static bool add_new(struct job *job, struct hload_replacement *r, const char *what)
{
	struct hload_module *by;
	char *path;

	by = strchr(what, '/') ? NULL : hload_get(modules, what);
	if (!by && (path = kmalloc(PATH_ROOM))) {
		job->path[job->count] = path;
		if (!module_path(what, path, PATH_ROOM)) {
			kprintf("reload: %s: no such file, and no such module in /lib/modules\n",
				what);
			return false;
		}
		r->path = path;
		by = owner_of(path);
	}
	if (!by || by == r->old) {
		hload_put(modules, by);
		return true;
	}
	r->by = by;
	r->path = NULL;
	job->settings[job->count] = settings_open(by, &r->settings, &r->setting_count);
	if (!job->settings[job->count])
		kprintf("reload: %s: no memory for its settings\n", what);
	return job->settings[job->count];
}

static bool add(struct job *job, const char *old, const char *new)
{
	struct hload_replacement *r = &job->list[job->count];
	bool good;

	if (job->count == MANY) {
		kprintf("reload: more than %d modules\n", MANY);
		return false;
	}
	r->old = shell_get("reload", old);
	if (!r->old)
		return false;
	good = !new || add_new(job, r, new);
	job->count++;
	return good;
}

static void put_all(struct job *job)
{
	for (size_t i = 0; i < job->count; i++) {
		hload_put(modules, job->list[i].old);
		hload_put(modules, job->list[i].by);
		kfree(job->path[i]);
		settings_close(job->settings[i]);
	}
}

/* ---- doing it ------------------------------------------------------------------------- */

static int print_status(void)
{
	struct hload_reload_status s;
	char time[32];

	hload_reload_status(modules, &s);
	kprintf("state:       %s\n", hload_reload_state_name(s.state));
	kprintf("completed:   %lu\nfailed:      %lu\nrolled back: %lu\n", s.completed, s.failed,
		s.rolled_back);
	if (!s.module[0])
		return 0;
	kprintf("last:        %s, %s", s.module,
		s.last ? hmod_status_name(s.last) : "completed");
	if (s.last)
		kprintf(" in step %d (%s)", s.step, hload_step_name(s.step));
	kprintf("\nlast pause:  %s, %lu imports changed\n", microseconds(s.pause_ns, time),
		s.imports);
	return 0;
}

static int run(struct job *job)
{
	struct hload_reload_status s;
	struct hmod_diag diag;
	char time[32];

	job->how.replacements = job->list;
	job->how.count = job->count;
	job->how.report = tell;
	if (hload_reload(modules, &job->how, &diag))
		return shell_fail("reload", NULL, &diag);
	if (job->how.dry_run)
		return 0;
	hload_reload_status(modules, &s);
	kprintf("pause %s\n", microseconds(s.pause_ns, time));
	return 0;
}

/* ---- the command line ------------------------------------------------------------------- */

static bool number(const char *text, uint64_t most, uint64_t *value)
{
	return text && hmod_param_uint(text, value) && *value <= most;
}

/* How many words the option at `argv` takes; 0: none that is known. */
static int option(struct job *job, int argc, char **argv)
{
	const char *value = argc > 1 ? argv[1] : NULL;
	uint64_t n;

	if (!strcmp(argv[0], "-n"))
		job->how.dry_run = true;
	else if (!strcmp(argv[0], "--lossy"))
		job->how.lossy = true;
	else if (!strcmp(argv[0], "--together"))
		job->together = true;
	else if (!strcmp(argv[0], "--fail-at") && number(value, HLOAD_STEPS, &n) && n)
		job->how.fail_at = (enum hload_step)n;
	else if (!strcmp(argv[0], "--probation") && number(value, 3600000, &n))
		job->how.probation_ns = n * 1000000;
	else
		return 0;
	return argv[0][2] && (argv[0][2] == 'f' || argv[0][2] == 'p') ? 2 : 1;
}

static bool add_pair(struct job *job, char *pair)
{
	char *new = strchr(pair, '=');

	if (new)
		*new++ = 0;
	return add(job, pair, new);
}

static int run_words(struct job *job, int argc, char **argv)
{
	int at = 1, words;

	while (at < argc && argv[at][0] == '-') {
		words = option(job, argc - at, argv + at);
		if (!words)
			return USAGE;
		at += words;
	}
	if (at == argc || (!job->together && argc - at > 2))
		return USAGE;
	if (!job->together)
		return add(job, argv[at], at + 1 < argc ? argv[at + 1] : NULL) ? run(job) : 1;
	for (; at < argc; at++)
		if (!add_pair(job, argv[at]))
			return 1;
	return run(job);
}

static int run_reload(int argc, char **argv)
{
	struct job *job;
	int status;

	if (argc == 2 && !strcmp(argv[1], "--status"))
		return print_status();
	job = kzalloc(sizeof *job);
	if (!job) {
		kputs("reload: out of memory\n");
		return 1;
	}
	job->how.probation_ns = HLOAD_PROBATION_NS;
	status = run_words(job, argc, argv);
	put_all(job);
	kfree(job);
	return status;
}

const struct command reload_commands[] = {
	{ "reload", run_reload,
	  "[-n] [--lossy] [--fail-at N] [--probation MS] NAME [FILE|NAME2] | "
	  "… --together NAME[=FILE|NAME2]… | --status",
	  "replace a running module, or several at once, with its state", COMPLETE_MODULE },
	{ NULL, NULL, NULL, NULL, COMPLETE_NOTHING },
};
