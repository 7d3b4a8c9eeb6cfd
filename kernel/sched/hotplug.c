/* SPDX-License-Identifier: MIT
 *
 * CPUs that come and go while the machine runs. Threads that may run elsewhere
 * move; one that was bound to the CPU runs anywhere until it is back.
 */
#include "kernel/arch/x86_64/smp.h"
#include "kernel/core/kernel.h"
#include "kernel/core/log.h"
#include "kernel/sched/internal.h"

#define NOTIFY_MAX    8
#define LEAVE_WAIT_NS UINT64_C(5000000000)
#define LOOK_NS       UINT64_C(1000000)

static struct mutex changing = MUTEX("CPU hotplug");
static struct {
	void (*notify)(void *ctx, unsigned cpu, bool online);
	void *ctx;
} notified[NOTIFY_MAX];
static unsigned notified_count;

bool cpu_notify(void (*notify)(void *ctx, unsigned cpu, bool online), void *ctx)
{
	bool room;

	mutex_lock(&changing);
	room = notified_count < NOTIFY_MAX;
	if (room) {
		notified[notified_count].notify = notify;
		notified[notified_count++].ctx = ctx;
	}
	mutex_unlock(&changing);
	return room;
}

static void tell(unsigned cpu, bool is_online)
{
	for (unsigned i = 0; i < notified_count; i++)
		notified[i].notify(notified[i].ctx, cpu, is_online);
}

static void active_change(unsigned cpu, bool is_active, enum cpu_stage stage)
{
	bool state = spin_lock(&sched_lock);

	__atomic_store_n(&cpu_blocks[cpu].stage, stage, __ATOMIC_SEQ_CST);
	cpu_active_set(cpu, is_active);
	for (struct thread *thread = thread_first(); thread; thread = thread->next)
		if (thread->known)
			policy_affinity(thread);
	sched_interrupt(cpu);
	sched_unlock(state);
}

static bool parked(unsigned cpu)
{
	uint64_t begun = clock_now_ns();

	while (__atomic_load_n(&cpu_blocks[cpu].stage, __ATOMIC_SEQ_CST) != CPU_PARKED) {
		if (clock_now_ns() - begun > LEAVE_WAIT_NS)
			return false;
		thread_sleep(LOOK_NS);
	}
	return true;
}

/* False when it is parking in this moment: then it has gone after all. */
static bool call_back(unsigned cpu)
{
	uint32_t leaving = CPU_LEAVING;

	if (!__atomic_compare_exchange_n(&cpu_blocks[cpu].stage, &leaving, CPU_ONLINE, false,
					 __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		return false;
	active_change(cpu, true, CPU_ONLINE);
	return true;
}

static enum helix_status offline(unsigned cpu, const char **why)
{
	*why = "there is no such CPU";
	if (cpu >= cpu_count)
		return HELIX_E_NOT_FOUND;
	*why = "CPU 0 receives the devices' interrupts and stays";
	if (!cpu)
		return HELIX_E_INVALID;
	*why = "it is offline";
	if (!cpu_active(cpu))
		return HELIX_E_INVALID;
	active_change(cpu, false, CPU_LEAVING);
	*why = "a thread does not let go of it";
	if (!parked(cpu) && call_back(cpu))
		return HELIX_E_TIMED_OUT;
	log_line(LOG_INFO, "smp: CPU %u is offline", cpu);
	tell(cpu, false);
	return HELIX_OK;
}

static enum helix_status online(unsigned cpu, const char **why)
{
	*why = "there is no such CPU";
	if (cpu >= cpu_count)
		return HELIX_E_NOT_FOUND;
	*why = "it is online";
	if (cpu_active(cpu))
		return HELIX_E_INVALID;
	if (!cpu_start(cpu, why))
		return HELIX_E_TIMED_OUT;
	active_change(cpu, true, CPU_ONLINE);
	tell(cpu, true);
	return HELIX_OK;
}

enum helix_status cpu_offline(unsigned cpu, const char **why)
{
	enum helix_status status;

	mutex_lock(&changing);
	status = offline(cpu, why);
	mutex_unlock(&changing);
	return status;
}

enum helix_status cpu_online(unsigned cpu, const char **why)
{
	enum helix_status status;

	mutex_lock(&changing);
	status = online(cpu, why);
	mutex_unlock(&changing);
	return status;
}
