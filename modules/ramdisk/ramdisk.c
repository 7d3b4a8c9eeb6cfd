/* SPDX-License-Identifier: MIT
 *
 * A block device in memory. Blocks that are read while they are written may hold
 * a part of both.
 */
#include <helix/block_device.h>
#include <helix/module.h>

HELIX_PARAM_RANGE(size_kib, uint, 256, 1, 65536, "how large it is, in KiB");

#define BLOCK_SIZE 512u

static uint8_t *memory;
static uint64_t blocks;

static bool is_inside(uint64_t first, uint64_t count)
{
	return first <= blocks && count <= blocks - first;
}

static int ramdisk_info(struct helix_block_info *info)
{
	info->block_size = BLOCK_SIZE;
	info->flags = HELIX_BLOCK_VOLATILE;
	info->blocks = blocks;
	return HELIX_OK;
}

static int ramdisk_read(uint64_t first, uint32_t count, void *buffer)
{
	if (!is_inside(first, count))
		return HELIX_E_INVALID;
	memcpy(buffer, memory + first * BLOCK_SIZE, (size_t)count * BLOCK_SIZE);
	return HELIX_OK;
}

static int ramdisk_write(uint64_t first, uint32_t count, const void *buffer)
{
	if (!is_inside(first, count))
		return HELIX_E_INVALID;
	memcpy(memory + first * BLOCK_SIZE, buffer, (size_t)count * BLOCK_SIZE);
	return HELIX_OK;
}

static int ramdisk_flush(void)
{
	return HELIX_OK;
}

/* discard is left out: whoever calls it hears HELIX_E_NOT_SUPPORTED. */
static const struct helix_block_device_ops ramdisk_ops = {
	.info = ramdisk_info,
	.read = ramdisk_read,
	.write = ramdisk_write,
	.flush = ramdisk_flush,
};
HELIX_INTERFACE_WITH(HELIX_INTERFACE_BLOCK_DEVICE, 1, 0, ramdisk_ops,
		     .names = HELIX_OPERATIONS(HELIX_BLOCK_DEVICE_OPERATIONS));

static int ramdisk_init(const struct helix_context *ctx)
{
	blocks = helix_config_uint(ctx, "size_kib", 256) * 1024 / BLOCK_SIZE;
	memory = helix_zalloc(blocks * BLOCK_SIZE);
	return memory ? HELIX_OK :
			helix_fail(HELIX_E_NO_MEMORY, "no memory for %llu blocks",
				   (unsigned long long)blocks);
}

static int ramdisk_start(void)
{
	return HELIX_OK;
}

static int ramdisk_stop(void)
{
	helix_free(memory);
	return HELIX_OK;
}

HELIX_MODULE(
	.name = "ramdisk",
	.version = HELIX_VERSION(1, 0, 0),
	.description = "A block device in memory",
	.author = "The Helix developers",
	.license = "MIT",
	.flags = HELIX_DRIVER,
	.provides = HELIX_PROVIDES("block_device"),
	.init = ramdisk_init,
	.start = ramdisk_start,
	.stop = ramdisk_stop,
);
