/* SPDX-License-Identifier: MIT
 *
 * Commands about processors and threads: cpu, ps, sched.
 */
#include "kernel/core/kernel.h"
#include "kernel/core/print.h"
#include "kernel/core/string.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/thread.h"
#include "kernel/shell/command.h"
#include "modfmt/meta.h"

static int list_cpus(void)
{
	struct sched_cpu info;

	kprintf("CPU  STATE    THREAD\n");
	for (unsigned cpu = 0; sched_cpu(cpu, &info); cpu++)
		kprintf("%3u  %-8s %s\n", cpu, info.online ? "online" : "offline",
			info.online ? info.thread : "-");
	return 0;
}

static int run_cpu(int argc, char **argv)
{
	const char *why = "";
	uint64_t cpu;
	enum helix_status status;

	if (argc == 1)
		return list_cpus();
	if (argc != 3 || !hmod_param_uint(argv[1], &cpu) || cpu > UINT32_MAX)
		return USAGE;
	if (!strcmp(argv[2], "offline"))
		status = cpu_offline((unsigned)cpu, &why);
	else if (!strcmp(argv[2], "online"))
		status = cpu_online((unsigned)cpu, &why);
	else
		return USAGE;
	if (status)
		kprintf("cpu: %s %s: %s\n", argv[1], argv[2], why);
	return status ? 1 : 0;
}

static int run_ps(int argc, char **argv)
{
	static const char *const states[] = { "ready", "running", "blocked", "dead" };
	struct thread_info info = { .id = 0 };

	(void)argv;
	if (argc != 1)
		return USAGE;
	kprintf("   ID STATE    CPU PRIO      TIME NAME\n");
	while (thread_next(info.id, &info))
		kprintf("%5lu %-8s %3u %4u %5lu.%03lus %s\n", info.id, states[info.state], info.cpu,
			info.priority, info.time_ns / 1000000000, info.time_ns / 1000000 % 1000,
			info.name);
	return 0;
}

static int run_sched(int argc, char **argv)
{
	struct sched_counts counts;
	struct sched_cpu info;
	uint64_t version = sched_policy()->version;

	(void)argv;
	if (argc != 1)
		return USAGE;
	sched_counts(&counts);
	kprintf("policy: %s %lu.%lu.%lu, %lu threads, %lu ready, %lu wrong answers\n",
		sched_policy()->name, version >> 32, version >> 16 & 0xffff, version & 0xffff,
		counts.policy.threads, counts.ready, counts.wrong);
	kprintf("CPU   READY SWITCHES    TICKS THREAD\n");
	for (unsigned cpu = 0; sched_cpu(cpu, &info); cpu++)
		if (info.online)
			kprintf("%3u %7lu %8lu %8lu %s\n", cpu, info.ready, info.switches, info.ticks,
				info.thread);
	return 0;
}

const struct command thread_commands[] = {
	{ "cpu", run_cpu, "[N online|offline]", "list the CPUs, or bring or take one",
	  COMPLETE_NOTHING },
	{ "ps", run_ps, "", "list the threads", COMPLETE_NOTHING },
	{ "sched", run_sched, "", "show the scheduler's policy and each CPU", COMPLETE_NOTHING },
	{ NULL, NULL, NULL, NULL, COMPLETE_NOTHING },
};
