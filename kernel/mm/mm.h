/* SPDX-License-Identifier: MIT
 *
 * Memory, in three layers: physical frames (pmm), mappings (vmm), and the heap.
 * Every layer counts what is out, so that tests can compare. Any CPU; not for
 * interrupt context.
 */
#ifndef KERNEL_MM_MM_H
#define KERNEL_MM_MM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAGE_SIZE UINT64_C(4096)

/* ---- physical frames -------------------------------------------------------- */

/* `count` frames contiguous and aligned to `align` bytes (a power of two, at
 * least PAGE_SIZE); 0 when there are none. */
uint64_t pmm_alloc(uint64_t count, uint64_t align);
void pmm_free(uint64_t physical, uint64_t count);
uint64_t pmm_free_frames(void);
uint64_t pmm_total_frames(void);
/* A page below 1 MiB that nobody uses and pmm never hands out, for starting CPUs;
 * 0 when there is none. */
uint64_t pmm_low_page(void);
/* A frame's address in the direct map (not for frames of the module arena). */
void *pmm_direct(uint64_t physical);

/* How scarce frames are: 0 normal, 1 low (below 1/8 of them free), 2 critical
 * (below 1/32). `notify` hears of each change, late rather than never: from the
 * caretaker's thread, no lock held, so it may free, sleep and lock. False when
 * there are too many. */
bool pmm_pressure_notify(void (*notify)(void *ctx, int level), void *ctx);
int pmm_pressure(void);
/* For the caretaker: is there something to tell; tells it, false when not. */
bool pmm_pressure_changed(void);
bool pmm_pressure_announce(void);

/* ---- mappings ----------------------------------------------------------------- */

enum vmm_protection { VMM_R, VMM_RW, VMM_RX }; /* there is no fourth */

/* Maps `count` frames from `physical` at `address`; all page aligned, nothing
 * mapped there yet. False when a page table cannot be had (then nothing is
 * mapped). Caching off when `device`. */
bool vmm_map(uint64_t address, uint64_t physical, uint64_t count, enum vmm_protection protection,
	     bool device);
/* Unmaps, and returns when no CPU can reach the pages any longer; the frames stay
 * the caller's. */
void vmm_unmap(uint64_t address, uint64_t count);
/* The frame behind `address`, or UINT64_MAX. */
uint64_t vmm_physical(uint64_t address);

/* `size` bytes of zeroed, page-aligned, writable memory with an unmapped guard
 * page on both sides; frames need not be contiguous. NULL when there are none. */
void *vmm_alloc(uint64_t size);
void vmm_free(void *block, uint64_t size);

/* Walks every page table: how many leaf mappings there are, how many are
 * writable and executable, how many frames are mapped both ways at once. */
struct vmm_audit {
	uint64_t mappings, executable, writable_executable, aliased_executable;
};
void vmm_audit(struct vmm_audit *audit);

/* ---- the module arena ------------------------------------------------------------ */

/* Memory of modules: text (VMM_RX) and rodata (VMM_R) from a physical pool that
 * the direct map does not show, written through an alias (RW, never X) that
 * exists only while they are; data (VMM_RW) from ordinary frames. Small blocks
 * share pages of their protection, unless they are aligned to a page. Addresses
 * are random per page, and within a shared page. Not zeroed. Thread context. */
struct arena_block {
	uint64_t address, size; /* final address; bytes, as asked for */
	uint8_t *write; /* the alias; NULL once sealed. Of data the address itself */
};
bool arena_alloc(enum vmm_protection protection, uint64_t size, uint64_t align,
		 struct arena_block *block);
/* Ends writing; false when the final mapping cannot be made. Nothing for data. */
bool arena_seal(enum vmm_protection protection, struct arena_block *block);
void arena_free(enum vmm_protection protection, struct arena_block *block);
/* Lets sealed text or rodata be written through `write` until it is closed, while
 * it goes on running at its address. False without memory. */
bool arena_open(struct arena_block *block);
void arena_close(struct arena_block *block);
/* Frames of the pool that are in use. */
uint64_t arena_frames_used(void);

/* ---- heap --------------------------------------------------------------------------- */

/* 16-byte aligned, not zeroed; NULL when there is none. */
void *kmalloc(size_t size);
void *kzalloc(size_t size);
void kfree(void *block); /* NULL is allowed */
struct heap_counts {
	uint64_t blocks, bytes; /* live, as asked for */
	uint64_t pages; /* taken from pmm for the heap, whether in use or not */
};
void heap_counts(struct heap_counts *counts);

/* All of it, from the multiboot2 memory map; called once. */
struct boot_info;
void mm_init(const struct boot_info *info);

#endif
