/* SPDX-License-Identifier: MIT
 *
 * Commands that check the kernel itself, or break it on purpose.
 */
#include "kernel/core/kernel.h"
#include "kernel/core/print.h"
#include "kernel/core/string.h"
#include "kernel/core/zlib.h"
#include "kernel/mm/mm.h"
#include "kernel/sched/thread.h"
#include "kernel/shell/command.h"
#include "kernel/shell/test_threads.h"
#include "kernel/svc/modules.h"

static int test_wx(void)
{
	struct vmm_audit audit;

	vmm_audit(&audit);
	kprintf("%s: %llu writable and executable, %llu aliased\n",
		audit.mappings && audit.executable ? "page tables walked" : "nothing is mapped?",
		(unsigned long long)audit.writable_executable,
		(unsigned long long)audit.aliased_executable);
	return !audit.mappings || !audit.executable || audit.writable_executable ||
	       audit.aliased_executable;
}

static int test_inflate(void)
{
	uint64_t inside, ticks;
	bool good = gzip_interrupt_selftest(&inside, &ticks);

	kprintf("%llu ticks, %llu of them inside zlib: %s\n", (unsigned long long)ticks,
		(unsigned long long)inside, good ? "data right" : "FAILED");
	return !good;
}

static int test_panic(void)
{
	panic("on purpose (selftest panic)");
}

static int test_fault(void)
{
	volatile int *volatile nowhere = (int *)0x10;

	return *nowhere;
}

/* Not a tail call: each level needs its frame. */
static __attribute__((noinline)) int deeper(volatile int *above)
{
	volatile int here[64];

	here[0] = *above + 1;
	if (here[0] < 0)
		return 0;
	return deeper(here) + here[0];
}

static int test_stack(void)
{
	volatile int bottom = 0;

	return deeper(&bottom);
}

static const struct {
	const char *name;
	int (*run)(void);
} tests[] = {
	{ "wx", test_wx },	 { "inflate", test_inflate }, { "panic", test_panic },
	{ "fault", test_fault }, { "stack", test_stack },
	{ "policy", test_policy }, { "kill", test_kill },
	{ "wait", test_wait },	 { "timer", test_timer },
	{ "sse", test_fpu },	 { "clock", test_clock },
	{ "pressure", test_pressure },
	{ "hotplug", test_hotplug },
	{ "otherfault", test_other_cpu_fault },
	{ "threadstack", test_thread_stack },
	{ "lockorder", test_lock_order },
	{ "locksleep", test_lock_sleep }, { "irqlog", test_interrupt_log },
};

static int run_selftest(int argc, char **argv)
{
	if (argc == 2)
		for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++)
			if (!strcmp(tests[i].name, argv[1]))
				return tests[i].run() ? 1 : 0;
	return USAGE;
}

/* ---- threads ---------------------------------------------------------------------- */

#define THREADS_MOST 512

static int run_threadtest(int argc, char **argv)
{
	struct thread_test test;
	uint64_t n;
	bool good;

	if (argc != 2 || !hmod_param_uint(argv[1], &n) || !n || n > THREADS_MOST)
		return USAGE;
	good = workers_run((unsigned)n, NULL, &test);
	if (test.damaged)
		kprintf("memory changed under its owner %lu times\n", test.damaged);
	kprintf("threads %lu switches %lu lost %lu duplicated %lu\n", n, test.switches, test.lost,
		test.duplicated);
	return !good;
}

static int run_load(int argc, char **argv)
{
	uint64_t n;

	if (argc != 2 || !hmod_param_uint(argv[1], &n) || n > UINT32_MAX)
		return USAGE;
	if (load_set((unsigned)n))
		return 0;
	kprintf("load: %s: not so many threads\n", argv[1]);
	return 1;
}

/* ---- leak ------------------------------------------------------------------------- */

struct snapshot {
	uint64_t frames;
	struct heap_counts heap;
	struct hload_counts loader;
};

static void take(struct snapshot *s)
{
	memset(s, 0, sizeof *s);
	s->frames = pmm_free_frames();
	heap_counts(&s->heap);
	hload_counts(modules, &s->loader);
}

static int cycle(const char *name, struct hload_module *module)
{
	struct hmod_diag diag;

	if (module_start(module, &diag) || hload_remove(modules, module, &diag))
		return shell_fail("leak", name, &diag);
	return 0;
}

static int compare(const struct snapshot *a, const struct snapshot *b)
{
	kprintf("frames %+lld, heap blocks %+lld, heap bytes %+lld, loader blocks %+lld\n",
		(long long)(b->frames - a->frames), (long long)(b->heap.blocks - a->heap.blocks),
		(long long)(b->heap.bytes - a->heap.bytes),
		(long long)(b->loader.blocks - a->loader.blocks));
	return memcmp(a, b, sizeof *a) ? 1 : 0;
}

static int run_leak(int argc, char **argv)
{
	struct hload_module *module;
	struct snapshot before, after;
	uint64_t n;
	int status;

	if (argc != 3 || !hmod_param_uint(argv[1], &n) || !n)
		return USAGE;
	module = shell_get("leak", argv[2]);
	if (!module)
		return 1;
	status = cycle(argv[2], module); /* to warm up: heaps keep a page, tables a segment */
	take(&before);
	for (uint64_t i = 0; i < n && !status; i++)
		status = cycle(argv[2], module);
	take(&after);
	hload_put(modules, module);
	return status ? status : compare(&before, &after);
}

/* ---- race ------------------------------------------------------------------------- */

#define RACERS_MOST 8

struct racer {
	struct hload_module *module;
	const char *name;
	uint64_t rounds, id;
};

static int race(void *argument)
{
	struct racer *racer = argument;

	for (uint64_t i = 0; i < racer->rounds; i++)
		if (cycle(racer->name, racer->module))
			return 1;
	return 0;
}

static int race_all(struct racer *racers, unsigned count)
{
	struct thread_options options = { .name = "race" };
	int failed = 0;

	for (unsigned i = 0; i < count; i++)
		if (thread_create(&options, race, &racers[i], &racers[i].id)) {
			kputs("race: out of memory\n");
			count = i;
			failed = 1;
		}
	for (unsigned i = 0; i < count; i++) {
		int result = 1;

		thread_join(racers[i].id, &result);
		failed |= result;
	}
	return failed;
}

static int run_race(int argc, char **argv)
{
	struct racer racers[RACERS_MOST];
	unsigned count = argc > 2 ? (unsigned)argc - 2 : 0;
	uint64_t n;

	if (!count || count > RACERS_MOST || !hmod_param_uint(argv[1], &n) || !n)
		return USAGE;
	for (unsigned i = 0; i < count; i++) {
		racers[i] = (struct racer){ hload_find(modules, argv[i + 2]), argv[i + 2], n, 0 };
		if (!racers[i].module) {
			kprintf("race: %s: no such module\n", argv[i + 2]);
			return 1;
		}
	}
	return race_all(racers, count);
}

const struct command test_commands[] = {
	{ "selftest", run_selftest, "wx|inflate|panic|fault|…",
	  "check the kernel, or crash it on purpose", COMPLETE_NOTHING },
	{ "threadtest", run_threadtest, "N", "let N threads check the kernel under them",
	  COMPLETE_NOTHING },
	{ "load", run_load, "N", "keep N threads busy in the background; 0: none", COMPLETE_NOTHING },
	{ "leak", run_leak, "N NAME", "load and unload N times; fail when a count differs",
	  COMPLETE_MODULE },
	{ "race", run_race, "N NAME…", "load and unload each N times, all at once", COMPLETE_MODULE },
	{ NULL, NULL, NULL, NULL, COMPLETE_NOTHING },
};
