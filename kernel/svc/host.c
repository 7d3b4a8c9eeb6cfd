/* SPDX-License-Identifier: MIT
 *
 * The loader's hooks over this kernel: the heap, the module arena, the files of
 * the initial ramdisk, the log, threads.
 */
#include "kernel/core/kernel.h"
#include "kernel/core/log.h"
#include "kernel/core/print.h"
#include "kernel/mm/mm.h"
#include "kernel/sched/lock.h"
#include "kernel/svc/files.h"
#include "kernel/svc/modules.h"
#include "kernel/svc/service_threads.h"

static void *host_alloc(void *ctx, size_t size)
{
	(void)ctx;
	return kmalloc(size);
}

static void host_free(void *ctx, void *block, size_t size)
{
	(void)ctx;
	(void)size;
	kfree(block);
}

static const enum vmm_protection protections[HLOAD_KINDS] = {
	[HLOAD_TEXT] = VMM_RX,
	[HLOAD_RODATA] = VMM_R,
	[HLOAD_DATA] = VMM_RW,
};

static bool host_place(void *ctx, enum hload_kind kind, uint64_t size, uint64_t align,
		       struct hload_region *region)
{
	struct arena_block block;

	(void)ctx;
	if (!arena_alloc(protections[kind], size, align, &block))
		return false;
	*region = (struct hload_region){ block.address, block.write, size, NULL };
	return true;
}

static bool host_seal(void *ctx, enum hload_kind kind, struct hload_region *region)
{
	struct arena_block block = { region->address, region->size, region->write };
	bool sealed = arena_seal(protections[kind], &block);

	(void)ctx;
	region->write = block.write;
	return sealed;
}

static void host_release(void *ctx, enum hload_kind kind, struct hload_region *region)
{
	struct arena_block block = { region->address, region->size, region->write };

	(void)ctx;
	arena_free(protections[kind], &block);
	*region = (struct hload_region){ 0 };
}

static bool host_open(void *ctx, enum hload_kind kind, struct hload_region *region)
{
	struct arena_block block = { region->address, region->size, NULL };

	(void)ctx;
	(void)kind;
	if (!arena_open(&block))
		return false;
	region->write = block.write;
	return true;
}

static void host_close(void *ctx, enum hload_kind kind, struct hload_region *region)
{
	struct arena_block block = { region->address, region->size, region->write };

	(void)ctx;
	(void)kind;
	arena_close(&block);
	region->write = NULL;
}

static void host_stop_machine(void *ctx, void (*work)(void *argument), void *argument)
{
	(void)ctx;
	service_stop_machine(work, argument);
}

static bool host_gate_wait(void *ctx)
{
	(void)ctx;
	return service_gate_wait();
}

static enum helix_status host_file_get(void *ctx, const char *path, struct hmod_span *bytes,
				       struct hmod_diag *diag)
{
	(void)ctx;
	return file_get(path, bytes, diag);
}

static void host_file_put(void *ctx, const char *path, struct hmod_span bytes)
{
	(void)ctx;
	file_put(path, bytes);
}

static void host_log(void *ctx, int level, const char *format, va_list arguments)
{
	(void)ctx;
	log_vline((enum log_level)level, "", format, arguments);
}

static size_t host_format(void *ctx, char *text, size_t capacity, const char *format,
			  va_list arguments)
{
	int length = kvsnprintf(text, capacity, format, arguments);

	(void)ctx;
	return length > 0 ? (size_t)length : 0;
}

static uint64_t host_now_ns(void *ctx)
{
	(void)ctx;
	return clock_now_ns();
}

static void **host_frames(void *ctx)
{
	(void)ctx;
	return service_frames();
}

static void host_pause(void *ctx)
{
	(void)ctx;
	service_pause();
}

static bool host_run_within(void *ctx, uint64_t nanoseconds, void (*work)(void *argument),
			    void *argument, bool *started)
{
	(void)ctx;
	return service_run_within(nanoseconds, work, argument, started);
}

static void host_event_ready(void *ctx)
{
	(void)ctx;
	service_events_wake();
}

static void host_essential_failed(void *ctx, const char *module, const char *text)
{
	(void)ctx;
	panic("essential module %s failed: %s", module, text);
}

static void host_lock(void *ctx)
{
	(void)ctx;
	service_lock();
}

static void host_unlock(void *ctx)
{
	(void)ctx;
	service_unlock();
}

static struct spinlock map = SPINLOCK(RANK_MODULE_MAP, "module map");

static bool host_map_lock(void *ctx)
{
	(void)ctx;
	return spin_lock(&map);
}

static void host_map_unlock(void *ctx, bool state)
{
	(void)ctx;
	spin_unlock(&map, state);
}

const struct hload_host module_host = {
	.alloc = host_alloc,
	.free = host_free,
	.place = host_place,
	.seal = host_seal,
	.release = host_release,
	.open = host_open,
	.close = host_close,
	.stop_machine = host_stop_machine,
	.gate_wait = host_gate_wait,
	.file_get = host_file_get,
	.file_put = host_file_put,
	.reclaim = module_reclaim,
	.log = host_log,
	.format = host_format,
	.now_ns = host_now_ns,
	.frames = host_frames,
	.pause = host_pause,
	.run_within = host_run_within,
	.event_ready = host_event_ready,
	.essential_failed = host_essential_failed,
	.lock = host_lock,
	.unlock = host_unlock,
	.map_lock = host_map_lock,
	.map_unlock = host_map_unlock,
};
