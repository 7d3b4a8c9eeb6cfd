/* SPDX-License-Identifier: MIT
 *
 * Replacing a module under load: threads on all CPUs count with module keeper by
 * its interface, by requests to it, and by requests to one that calls it straight,
 * and each counts by itself how often it was answered. The sum must be keeper's.
 */
#include "helix/module.h"
#include "kernel/core/kernel.h"
#include "kernel/core/print.h"
#include "kernel/core/string.h"
#include "kernel/sched/thread.h"
#include "kernel/shell/command.h"
#include "kernel/shell/test_threads.h"
#include "kernel/svc/modules.h"
#include "loader/reload.h"
#include "loader/services.h"

#define CALLERS_MOST 32
#define KEEPER	     "keeper"

struct caller {
	uint64_t thread, answered, refused;
	unsigned kind;
	int first_refusal;
};

static struct caller callers[CALLERS_MOST];
static const struct keeper {
	int (*add)(uint64_t n);
	int (*version)(void);
} *keeper;
static uint32_t over; /* atomic */
static uint64_t slowest[HLOAD_STEPS + 1]; /* ns, a step */

static int ask(const char *target, const char *type, uint64_t *number)
{
	const struct hload_asking asking = { .source = "shell", .target = target, .type = type };
	struct helix_reply reply;
	struct hmod_diag diag;
	int status = hload_request(modules, &asking, &reply, &diag);

	if (status) {
		hload_diag_free(modules, &diag);
		return status;
	}
	if (!reply.success)
		status = HELIX_E_REQUEST;
	for (const char *c = reply.payload; number && c && *c >= '0' && *c <= '9'; c++)
		*number = 10 * *number + (uint64_t)(*c - '0');
	hload_reply_free(modules, &reply);
	return status;
}

static int call_once(unsigned kind)
{
	int version;

	if (kind)
		return ask(kind == 1 ? KEEPER : "keeper_user", "add", NULL);
	version = keeper->add(1);
	return version > 0 ? 0 : version;
}

static int call_on_and_on(void *argument)
{
	struct caller *self = argument;

	while (!__atomic_load_n(&over, __ATOMIC_SEQ_CST)) {
		int status = call_once(self->kind);

		if (!status)
			self->answered++;
		else if (!self->refused++)
			self->first_refusal = status;
		if (self->answered % 8 == 0)
			thread_yield();
	}
	return 0;
}

static bool start_all(unsigned count)
{
	const struct thread_options options = { .name = "caller" };

	over = 0;
	for (unsigned i = 0; i < count; i++) {
		callers[i] = (struct caller){ .kind = i % 3 };
		if (thread_create(&options, call_on_and_on, &callers[i], &callers[i].thread))
			return false;
	}
	return true;
}

static void end_all(unsigned count, uint64_t *answered, uint64_t *refused)
{
	__atomic_store_n(&over, 1, __ATOMIC_SEQ_CST);
	for (unsigned i = 0; i < count; i++) {
		int result;

		if (callers[i].thread)
			thread_join(callers[i].thread, &result);
		*answered += callers[i].answered;
		*refused += callers[i].refused;
		if (callers[i].refused)
			kprintf("caller %u: refused with %s\n", i,
				hmod_status_name(callers[i].first_refusal));
	}
}

static void note_step(void *ctx, const struct hload_step_report *what)
{
	(void)ctx;
	if (what->nanoseconds > slowest[what->step])
		slowest[what->step] = what->nanoseconds;
}

static void print_slowest(void)
{
	kprintf("slowest, us:");
	for (unsigned step = 1; step <= HLOAD_STEPS; step++)
		kprintf(" %s %lu", hload_step_name((enum hload_step)step), slowest[step] / 1000);
	kprintf("\n");
}

/* Once, by the i-th of the files, or by its own. */
static int reload_once(uint64_t i, int files, char **file, uint64_t *longest)
{
	struct hload_replacement what = { .old = shell_get("reloads", KEEPER) };
	const struct hload_reloading how = { .replacements = &what, .count = 1,
					     .report = note_step };
	struct hload_reload_status now;
	struct hmod_diag diag;
	int status = 1;

	if (!what.old)
		return 1;
	what.path = files ? file[i % (uint64_t)files] : NULL;
	if (hload_reload(modules, &how, &diag))
		shell_fail("reloads", NULL, &diag);
	else
		status = 0;
	hload_put(modules, what.old);
	hload_reload_status(modules, &now);
	*longest = now.pause_ns > *longest ? now.pause_ns : *longest;
	return status;
}

static int run_reloads(int argc, char **argv)
{
	uint64_t n, before = 0, after = 0, answered = 0, refused = 0, longest = 0, wrong;
	unsigned count = 3 * cpu_count < CALLERS_MOST ? 3 * cpu_count : CALLERS_MOST;
	int status = 0;

	memset(slowest, 0, sizeof slowest);
	if (argc < 2 || !hmod_param_uint(argv[1], &n))
		return USAGE;
	keeper = hload_interface_get(modules, NULL, "keeper.count", HLOAD_INTERFACE_VERSION(1, 0), 0);
	if (!keeper || ask(KEEPER, "get", &before) || !start_all(count))
		status = 1;
	for (uint64_t i = 0; i < n && !status; i++) {
		thread_sleep(HELIX_TICK_NS); /* callers are to be at work */
		status = reload_once(i, argc - 2, argv + 2, &longest);
	}
	end_all(count, &answered, &refused);
	status |= ask(KEEPER, "get", &after) != 0;
	hload_interface_put(modules, NULL, keeper);
	wrong = after - before;
	kprintf("reloads %lu callers %u answers %lu refused %lu lost %lu duplicated %lu longest_us %lu\n",
		n, count, answered, refused, answered > wrong ? answered - wrong : 0,
		wrong > answered ? wrong - answered : 0, longest / 1000);
	print_slowest();
	return status || refused || !answered || wrong != answered;
}

const struct command reload_test_commands[] = {
	{ "reloads", run_reloads, "N [FILE…]",
	  "replace keeper N times while threads on all CPUs count with it", COMPLETE_NOTHING },
	{ NULL, NULL, NULL, NULL, COMPLETE_NOTHING },
};
