/* SPDX-License-Identifier: MIT
 *
 * The interface "helix.allocator": who hands out physical frames. Addresses are
 * physical, in bytes; nothing here reads or maps the memory itself.
 *
 * Operations are called in thread context, on any CPU, several at once: they
 * lock for themselves. They must not allocate by helix_alloc, which may stand on
 * them. Each returns HELIX_OK or a negative status, and writes its result only
 * on success.
 */
#ifndef HELIX_ALLOCATOR_H
#define HELIX_ALLOCATOR_H

#include <stddef.h>
#include <stdint.h>

#include <helix/status.h>

#ifdef __cplusplus
extern "C" {
#endif

#define HELIX_FRAME_SIZE UINT64_C(4096) /* bytes */

/* RAM that may be handed out; frame aligned, no overlaps. */
struct helix_memory_region {
	uint64_t base, size; /* bytes */
};

enum helix_zone {
	HELIX_ZONE_DMA = 0, /* below 16 MiB */
	HELIX_ZONE_DMA32 = 1, /* below 4 GiB */
	HELIX_ZONE_NORMAL = 2, /* anywhere */
};

struct helix_allocator_stats {
	uint64_t total, free; /* frames */
	uint64_t allocations, deallocations; /* since init */
	uint64_t failures; /* allocations that found no room */
	uint64_t largest; /* frames of the largest free run */
};

/* The operations by name, for `.names = HELIX_OPERATIONS(HELIX_ALLOCATOR_OPERATIONS)`. */
#define HELIX_ALLOCATOR_OPERATIONS                                             \
	"init", "allocate", "allocate_contiguous", "allocate_zone",            \
		"deallocate", "free_frames", "total_frames", "stats"

struct helix_allocator_ops {
	/* Once, before all others: everything in `regions` is free. The array is the
	 * caller's. NO_MEMORY, or INVALID for regions that overlap. */
	int (*init)(const struct helix_memory_region *regions, size_t count);
	/* One page of `page_size` bytes (4 KiB, 2 MiB or 1 GiB), aligned to its size:
	 * *physical. The caller owns it until deallocate. NO_MEMORY; INVALID size. */
	int (*allocate)(uint64_t page_size, uint64_t *physical);
	/* `count` (not 0) frames in a row. */
	int (*allocate_contiguous)(uint64_t count, uint64_t *physical);
	/* The same inside `zone` (enum helix_zone). */
	int (*allocate_zone)(uint32_t zone, uint64_t count, uint64_t *physical);
	/* Gives back `count` frames; any part of what was allocated. INVALID when some
	 * of them are free already, or were never there: then nothing changes. */
	int (*deallocate)(uint64_t physical, uint64_t count);
	int (*free_frames)(uint64_t *count);
	int (*total_frames)(uint64_t *count);
	int (*stats)(struct helix_allocator_stats *stats);
};

#ifdef __cplusplus
}
#endif
#endif
