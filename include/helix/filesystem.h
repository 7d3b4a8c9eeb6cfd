/* SPDX-License-Identifier: MIT
 *
 * The interface "helix.filesystem": a tree of files and folders. Nodes are
 * numbers that stay the same while the file exists; 0 is none, the root is told
 * by mount. Names are single components, bytes without `/` and NUL.
 *
 * Operations are called in thread context, on any CPU, several at once; they may
 * sleep. Buffers and names are the caller's and are not kept. Each returns
 * HELIX_OK, a count where it says so, or a negative status: NOT_FOUND,
 * ALREADY_EXISTS, INVALID (a folder where a file is wanted, or the other way),
 * TOO_LARGE (no room on the medium), IO, NOT_SUPPORTED (read-only).
 */
#ifndef HELIX_FILESYSTEM_H
#define HELIX_FILESYSTEM_H

#include <stddef.h>
#include <stdint.h>

#include <helix/status.h>

#ifdef __cplusplus
extern "C" {
#endif

#define HELIX_FILE_NAME_MAX 255 /* bytes of a component */

enum helix_file_type { HELIX_FILE_REGULAR = 1, HELIX_FILE_FOLDER = 2, HELIX_FILE_LINK = 3 };

struct helix_file_info {
	uint64_t node;
	uint64_t size; /* bytes */
	uint64_t modified_ns; /* since 1970 */
	uint32_t type; /* enum helix_file_type */
	uint32_t links;
};

struct helix_folder_entry {
	uint64_t node;
	uint32_t type;
	uint32_t name_length; /* bytes, without the NUL */
	char name[HELIX_FILE_NAME_MAX + 1];
};

struct helix_filesystem_info {
	uint64_t root; /* node */
	uint64_t block_size; /* bytes */
	uint64_t blocks, free_blocks;
};

/* The operations by name, for `.names = HELIX_OPERATIONS(HELIX_FILESYSTEM_OPERATIONS)`. */
#define HELIX_FILESYSTEM_OPERATIONS                                            \
	"mount", "unmount", "lookup", "info", "read", "write", "create",       \
		"remove", "truncate", "list", "sync"

struct helix_filesystem_ops {
	/* Opens what is on `device`, a module that implements helix.block_device (NULL
	 * where none is needed). Before all others; BUSY when mounted already. */
	int (*mount)(const char *device, struct helix_filesystem_info *info);
	/* Writes everything back and lets go of the device. */
	int (*unmount)(void);
	/* The file `name` in the folder `folder`. */
	int (*lookup)(uint64_t folder, const char *name, struct helix_file_info *info);
	int (*info)(uint64_t node, struct helix_file_info *info);
	/* Up to `size` bytes (INT32_MAX at most) from `offset` on: how many; 0 at the end. */
	int (*read)(uint64_t node, uint64_t offset, void *buffer, size_t size);
	/* The same, the other way; the file grows as needed, a gap reads as zeroes. */
	int (*write)(uint64_t node, uint64_t offset, const void *buffer, size_t size);
	/* A new, empty file or folder (enum helix_file_type): *node. */
	int (*create)(uint64_t folder, const char *name, uint32_t type, uint64_t *node);
	/* Takes the name away, and the file with its last name; a folder must be empty
	 * (else BUSY). */
	int (*remove)(uint64_t folder, const char *name);
	int (*truncate)(uint64_t node, uint64_t size);
	/* The i-th entry of a folder, from 0; NOT_FOUND past the last. */
	int (*list)(uint64_t folder, uint64_t i, struct helix_folder_entry *entry);
	int (*sync)(void);
};

#ifdef __cplusplus
}
#endif
#endif
