/* SPDX-License-Identifier: MIT
 *
 * What the parts of memory management know of each other: the layout of the
 * kernel's half of the address space, and the steps of mm_init, in order.
 *
 * One lock guards all tables of this folder; it nests. No user of it sleeps or
 * copies more than a page inside.
 */
#ifndef KERNEL_MM_INTERNAL_H
#define KERNEL_MM_INTERNAL_H

#include "kernel/arch/x86_64/cpu.h"
#include "kernel/arch/x86_64/smp.h"
#include "kernel/mm/bitmap.h"
#include "kernel/mm/mm.h"
#include "kernel/mm/ranges.h"
#include "kernel/sched/lock.h"

#define DIRECT_MAP   UINT64_C(0xffff800000000000) /* all RAM, RW NX */
#define VMM_AREA     UINT64_C(0xffffa00000000000) /* vmm_alloc's blocks */
#define VMM_AREA_MAX UINT64_C(0x10000000000) /* 1 TiB */
#define ARENA_ALIAS  UINT64_C(0xffffb00000000000) /* the module pool while written */
#define ARENA_ALIAS_SIZE (UINT64_C(256) << 20) /* the largest pool */
#define KERNEL_BASE  UINT64_C(0xffffffff80000000) /* the kernel at its physical place */
#define ARENA_WINDOW UINT64_C(0xffffffffa0000000) /* modules, within 2 GiB of the kernel */
#define ARENA_END    UINT64_C(0xffffffffff000000)

#define LARGE_PAGE UINT64_C(0x200000)

/* Page table entries (SDM volume 3, 4.5). */
#define ENTRY_PRESENT  UINT64_C(1)
#define ENTRY_WRITE    (UINT64_C(1) << 1)
#define ENTRY_UNCACHED (UINT64_C(3) << 3) /* PCD and PWT */
#define ENTRY_LARGE    (UINT64_C(1) << 7)
#define ENTRY_NX       (UINT64_C(1) << 63)
#define ENTRY_ADDRESS  UINT64_C(0x000ffffffffff000)
#define ENTRY_COUNT_ONE (UINT64_C(1) << 52) /* ours: of a table, its entries in use */
#define ENTRY_COUNT    (UINT64_C(0x3ff) << 52)

extern struct spinlock mm_spinlock;

static inline bool mm_lock(void)
{
	return spin_lock(&mm_spinlock);
}

static inline void mm_unlock(bool state)
{
	spin_unlock(&mm_spinlock, state);
}

/* Whole pages for `size` bytes; no sum that could wrap. */
static inline uint64_t mm_pages(uint64_t size)
{
	return size / PAGE_SIZE + (size % PAGE_SIZE != 0);
}

/* Learns what RAM there is and what of it may be handed out. */
void pmm_init(const struct boot_info *info);
/* All RAM, handed out or not, in frames. */
const struct ranges *pmm_ram(void);
/* Frame numbers are below this. */
uint64_t pmm_limit(void);

/* `available` of `total` frames are free now; the lock is held. */
void pressure_update(uint64_t available, uint64_t total);

/* Takes the module pool from pmm, before anything maps it. */
void arena_init(void);
/* The pool's frames, to leave out of the direct map. */
void arena_pool(uint64_t *first_frame, uint64_t *frames);

/* Builds the final tables and switches to them. */
void vmm_init(void);
/* The root of the vmm's tables, for vmm_boot.c. */
bool vmm_root_make(void);
void vmm_root_load(void);
/* Sets one leaf, making tables on the way: at level 0 (4 KiB) or 1 (2 MiB).
 * False when a table cannot be had; then nothing is left behind. */
bool vmm_leaf_set(uint64_t address, uint64_t entry, unsigned level);
/* The area for vmm_alloc: a bitmap, once pmm works. */
void vmm_area_init(void);
/* The audit's bitmap, one bit a frame. */
void vmm_audit_init(void);

/* Puts zeroed frames behind `pages` pages, RW: all or nothing. And back. */
bool vmm_back(uint64_t address, uint64_t pages);
/* vmm_alloc's block without the zeroes, which vmm_free takes back. */
void *vmm_take(uint64_t size);
void vmm_unback(uint64_t address, uint64_t pages);

#endif
