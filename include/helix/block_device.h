/* SPDX-License-Identifier: MIT
 *
 * The interface "helix.block_device": a disk, as blocks of one size. A module
 * that has several disks implements the interface for one of them each.
 *
 * Operations are called in thread context, on any CPU, several at once; they may
 * sleep. Buffers are the caller's and are not touched after the return. Each
 * returns HELIX_OK or a negative status: INVALID for blocks past the end, IO when
 * the device failed.
 */
#ifndef HELIX_BLOCK_DEVICE_H
#define HELIX_BLOCK_DEVICE_H

#include <stdint.h>

#include <helix/status.h>

#ifdef __cplusplus
extern "C" {
#endif

struct helix_block_info {
	uint32_t block_size; /* bytes; a power of two, at least 512 */
	uint32_t flags; /* enum helix_block_flags */
	uint64_t blocks;
};
enum helix_block_flags {
	HELIX_BLOCK_READ_ONLY = 1, /* write and discard return NOT_SUPPORTED */
	HELIX_BLOCK_VOLATILE = 2, /* what is written is gone with the power */
};

/* The operations by name, for `.names = HELIX_OPERATIONS(HELIX_BLOCK_DEVICE_OPERATIONS)`. */
#define HELIX_BLOCK_DEVICE_OPERATIONS "info", "read", "write", "flush", "discard"

struct helix_block_device_ops {
	int (*info)(struct helix_block_info *info);
	/* `count` blocks from block `first` into `buffer` (count * block_size bytes):
	 * all of them, or a status and a buffer of unknown contents. */
	int (*read)(uint64_t first, uint32_t count, void *buffer);
	/* As read, the other way; after a failure the blocks may hold either. */
	int (*write)(uint64_t first, uint32_t count, const void *buffer);
	/* When it returns HELIX_OK, everything written before survives a loss of power
	 * (of a device that is not VOLATILE). */
	int (*flush)(void);
	/* The blocks' contents are not wanted any more: reading them gives anything. */
	int (*discard)(uint64_t first, uint64_t count);
};

#ifdef __cplusplus
}
#endif
#endif
