/* SPDX-License-Identifier: MIT
 *
 * The order in which memory management comes up.
 */
#include "kernel/mm/internal.h"

#include "kernel/core/log.h"

struct spinlock mm_spinlock = { .rank = RANK_MEMORY, .nests = true, .name = "memory" };

void mm_init(const struct boot_info *info)
{
	pmm_init(info);
	arena_init();
	vmm_init();
	vmm_area_init();
	vmm_audit_init();
	log_line(LOG_INFO, "memory: %lu MiB, %lu MiB free", pmm_total_frames() / 256,
		 pmm_free_frames() / 256);
}
