/* SPDX-License-Identifier: MIT
 *
 * Who wants to know that memory is low. The level follows the frames at once; it
 * is told later, where those who hear of it may free some.
 */
#include "kernel/mm/internal.h"

#include "kernel/core/log.h"
#include "kernel/mm/watermark.h"

#define NOTIFY_MAX 8

static int level, announced;
static uint64_t from, to; /* while so many frames are free, the level stays */
static struct {
	void (*notify)(void *ctx, int level);
	void *ctx;
} notified[NOTIFY_MAX];
static unsigned notified_count; /* entries below are complete, and stay */

void pressure_update(uint64_t available, uint64_t total)
{
	if (available >= from && available < to)
		return;
	__atomic_store_n(&level, watermark_level(level, available, total), __ATOMIC_RELAXED);
	watermark_range(level, total, &from, &to);
}

int pmm_pressure(void)
{
	return __atomic_load_n(&level, __ATOMIC_RELAXED);
}

bool pmm_pressure_notify(void (*notify)(void *ctx, int level), void *ctx)
{
	bool state = mm_lock(), room = notified_count < NOTIFY_MAX;
	if (room) {
		notified[notified_count].notify = notify;
		notified[notified_count].ctx = ctx;
		__atomic_store_n(&notified_count, notified_count + 1, __ATOMIC_RELEASE);
	}
	mm_unlock(state);
	return room;
}

bool pmm_pressure_changed(void)
{
	return pmm_pressure() != __atomic_load_n(&announced, __ATOMIC_RELAXED);
}

bool pmm_pressure_announce(void)
{
	static const char *const words[] = { "normal", "low", "critical" };
	int now = pmm_pressure();
	if (!pmm_pressure_changed())
		return false;
	__atomic_store_n(&announced, now, __ATOMIC_RELAXED);
	log_line(now ? LOG_WARN : LOG_INFO, "memory: pressure is %s, %lu of %lu frames are free",
		 words[now], pmm_free_frames(), pmm_total_frames());
	unsigned count = __atomic_load_n(&notified_count, __ATOMIC_ACQUIRE);
	for (unsigned i = 0; i < count; i++)
		notified[i].notify(notified[i].ctx, now);
	return true;
}
