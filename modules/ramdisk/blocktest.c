/* SPDX-License-Identifier: MIT
 *
 * Checks whatever block device there is, without knowing which: looks the
 * interface up, and on request writes to its last block, reads it back, and
 * puts the old contents there again.
 */
#include <helix/block_device.h>
#include <helix/module.h>

#define BLOCK_MOST 4096u /* bytes */

static const struct helix_context *context;
static const struct helix_block_device_ops *disk;
static uint8_t old[BLOCK_MOST], pattern[BLOCK_MOST], found[BLOCK_MOST];

static int blocktest_init(const struct helix_context *ctx)
{
	context = ctx;
	disk = helix_interface_get(ctx, HELIX_INTERFACE_BLOCK_DEVICE, 1, 0);
	return disk ? HELIX_OK : HELIX_E_NO_MEMORY;
}

static int blocktest_start(void)
{
	return HELIX_OK;
}

static int blocktest_stop(void)
{
	helix_interface_put(context, disk);
	return HELIX_OK;
}

/* Reads, writes and reads block `at`; what went wrong, or NULL. */
static const char *check(uint64_t at, uint32_t size)
{
	const char *wrong = NULL;

	for (uint32_t i = 0; i < size; i++)
		pattern[i] = (uint8_t)(i * 7 + 1);
	if (disk->read(at, 1, old))
		return "reading failed";
	if (disk->write(at, 1, pattern) || disk->read(at, 1, found))
		wrong = "writing failed";
	else if (memcmp(pattern, found, size))
		wrong = "what was read is not what was written";
	if (disk->write(at, 1, old) || disk->flush())
		wrong = "putting the old block back failed";
	return wrong;
}

static int blocktest_request(const struct helix_request *request,
			     struct helix_response *response)
{
	struct helix_block_info info;
	const char *wrong;
	int status;

	(void)request;
	status = disk->info(&info);
	if (status == HELIX_E_NOT_SUPPORTED)
		return helix_respond_error(response, "there is no block device");
	if (status || !info.blocks || info.block_size > BLOCK_MOST)
		return helix_respond_error(response, "the device cannot be checked");
	if (disk->read(info.blocks, 1, found) != HELIX_E_INVALID)
		return helix_respond_error(response, "it reads past its end");
	wrong = check(info.blocks - 1, info.block_size);
	if (wrong)
		return helix_respond_error(response, "%s", wrong);
	return helix_respond_text(response, "%llu blocks of %u bytes: good",
				  (unsigned long long)info.blocks, info.block_size);
}

HELIX_MODULE(
	.name = "blocktest",
	.version = HELIX_VERSION(1, 0, 0),
	.description = "Checks the block device there is",
	.author = "The Helix developers",
	.license = "MIT",
	.init = blocktest_init,
	.start = blocktest_start,
	.stop = blocktest_stop,
	.handle_request = blocktest_request,
);
