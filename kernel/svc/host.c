/* SPDX-License-Identifier: MIT
 *
 * The loader's hooks over this kernel: the heap, the module arena, the files of
 * the initial ramdisk, the log.
 */
#include "kernel/core/kernel.h"
#include "kernel/core/log.h"
#include "kernel/mm/mm.h"
#include "kernel/sched/wait.h"
#include "kernel/svc/files.h"
#include "kernel/svc/modules.h"

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

static struct mutex loader_lock = MUTEX("loader");

static void host_lock(void *ctx)
{
	(void)ctx;
	mutex_lock(&loader_lock);
}

static void host_unlock(void *ctx)
{
	(void)ctx;
	mutex_unlock(&loader_lock);
}

const struct hload_host module_host = {
	.alloc = host_alloc,
	.free = host_free,
	.place = host_place,
	.seal = host_seal,
	.release = host_release,
	.file_get = host_file_get,
	.file_put = host_file_put,
	.reclaim = module_reclaim,
	.log = host_log,
	.lock = host_lock,
	.unlock = host_unlock,
};
