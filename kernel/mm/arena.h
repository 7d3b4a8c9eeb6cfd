/* SPDX-License-Identifier: MIT
 *
 * What the parts of the module arena know of each other: addresses (window),
 * frames and aliases (arena), shared pages (arena_share). One mutex guards all.
 */
#ifndef KERNEL_MM_ARENA_H
#define KERNEL_MM_ARENA_H

#include "kernel/mm/internal.h"
#include "kernel/sched/wait.h"

#define INT3 0xcc

extern struct mutex arena_mutex;

/* ---- addresses: window.c ------------------------------------------------------- */

void window_init(void);
/* `pages` pages at a random address, a multiple of `align`; 0: no room. */
uint64_t window_take(uint64_t pages, uint64_t align);
void window_give(uint64_t address, uint64_t pages);
uint64_t window_random(void);

/* ---- frames: arena.c ------------------------------------------------------------ */

/* A run of frames: of the pool, or ordinary ones for VMM_RW; 0: none. */
uint64_t arena_frames_take(enum vmm_protection protection, uint64_t pages);
void arena_frames_give(enum vmm_protection protection, uint64_t physical, uint64_t pages);
/* The write alias of frames of the pool (RW, never X); NULL without memory. */
uint8_t *arena_alias_map(uint64_t physical, uint64_t pages);
void arena_alias_unmap(const uint8_t *alias, uint64_t pages);

/* ---- shared pages: arena_share.c -------------------------------------------------- */

/* True for what shares pages: less than one, and not aligned to one. */
bool arena_is_shared(uint64_t size, uint64_t align);
/* True for an address in a shared page. */
bool share_holds(uint64_t address);
bool share_alloc(enum vmm_protection protection, uint64_t size, uint64_t align,
		 struct arena_block *block);
/* The alias is there from the first of its writers to the last. open leaves
 * `write` NULL when it cannot be made. */
void share_open(struct arena_block *block);
void share_close(struct arena_block *block);
void share_free(struct arena_block *block);

#endif
