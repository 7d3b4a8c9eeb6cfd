/* SPDX-License-Identifier: MIT
 *
 * Physical frames: one bit a frame, searched from where the last search ended.
 * The bitmap lies in RAM that is cut out for it and never handed out. Freeing
 * what is free, or was never ours, panics.
 */
#include "kernel/mm/internal.h"

#include "kernel/core/boot_info.h"
#include "kernel/core/kernel.h"
#include "kernel/core/string.h"

#define FRAMES_MAX   (UINT64_C(1) << 24) /* 64 GiB */
#define BOOT_MAPPED  (UINT64_C(1) << 20) /* frames that the boot tables show: 4 GiB */
#define LOW_RESERVED UINT64_C(256) /* the first MiB: firmware, and starting other CPUs */

#define LOW_FIRST    UINT64_C(16) /* below: what firmware may still read */

static struct ranges ram, owned; /* in frames */
static struct bitmap frames;
static uint64_t total, available, hint, low_page;

static uint64_t frame_at_most(uint64_t frame)
{
	return frame < FRAMES_MAX ? frame : FRAMES_MAX;
}

/* All of the first MiB is reserved; whatever else is, begins above 0. */
static void low_page_choose(void)
{
	struct ranges low = ram;
	bool fits = ranges_cut(&low, 0, LOW_FIRST);
	for (unsigned i = 0; i < boot_reserved_count; i++)
		if (boot_reserved[i].start)
			fits &= ranges_cut(&low, boot_reserved[i].start / PAGE_SIZE,
					   mm_pages(boot_reserved[i].end));
	uint64_t frame = fits ? ranges_take(&low, 1, LOW_RESERVED) : UINT64_MAX;
	low_page = frame == UINT64_MAX ? 0 : frame * PAGE_SIZE;
}

uint64_t pmm_low_page(void)
{
	return low_page;
}

static void ram_learn(const struct boot_info *info)
{
	for (unsigned i = 0; i < info->region_count; i++) {
		uint64_t base = info->regions[i].base, size = info->regions[i].size;
		if (size > UINT64_MAX - base)
			size = UINT64_MAX - base;
		ranges_add(&ram, frame_at_most(mm_pages(base)),
			   frame_at_most((base + size) / PAGE_SIZE));
	}
	low_page_choose();
	owned = ram;
	bool fits = ranges_cut(&owned, 0, LOW_RESERVED);
	for (unsigned i = 0; i < boot_reserved_count; i++)
		fits &= ranges_cut(&owned, boot_reserved[i].start / PAGE_SIZE,
				   mm_pages(boot_reserved[i].end));
	if (!fits || !owned.count)
		panic("no usable memory map");
}

void pmm_init(const struct boot_info *info)
{
	ram_learn(info);
	frames.count = ram.at[ram.count - 1].end;
	uint64_t bytes = BITMAP_WORDS(frames.count) * sizeof(uint64_t);
	uint64_t place = ranges_take(&owned, mm_pages(bytes), BOOT_MAPPED);
	if (place == UINT64_MAX)
		panic("no room for the frame bitmap");
	frames.words = pmm_direct(place * PAGE_SIZE);
	memset(frames.words, 0, bytes);
	for (unsigned i = 0; i < owned.count; i++)
		bitmap_mark(&frames, owned.at[i].start, owned.at[i].end - owned.at[i].start, true);
	total = available = ranges_total(&owned);
}

const struct ranges *pmm_ram(void)
{
	return &ram;
}

uint64_t pmm_limit(void)
{
	return frames.count;
}

uint64_t pmm_alloc(uint64_t count, uint64_t align)
{
	uint64_t unit = align > PAGE_SIZE ? align / PAGE_SIZE : 1, physical = 0;
	bool state = mm_lock();
	if (count && count <= available) {
		uint64_t first = bitmap_find(&frames, hint, count, unit);
		if (first != BITMAP_NONE) {
			bitmap_mark(&frames, first, count, false);
			available -= count;
			pressure_update(available, total);
			if (count == 1)
				hint = first + 1;
			physical = first * PAGE_SIZE;
		}
	}
	mm_unlock(state);
	return physical;
}

void pmm_free(uint64_t physical, uint64_t count)
{
	uint64_t first = physical / PAGE_SIZE;
	bool state = mm_lock();
	if (physical % PAGE_SIZE || count > FRAMES_MAX ||
	    !ranges_contain(&owned, first, first + count))
		panic("pmm_free of %lu frames at %#lx: not ours", count, physical);
	if (bitmap_next(&frames, first, first + count, true) != first + count)
		panic("pmm_free of %lu frames at %#lx: already free", count, physical);
	bitmap_mark(&frames, first, count, true);
	available += count;
	pressure_update(available, total);
	if (first < hint)
		hint = first;
	mm_unlock(state);
}

uint64_t pmm_free_frames(void)
{
	return available;
}

uint64_t pmm_total_frames(void)
{
	return total;
}

void *pmm_direct(uint64_t physical)
{
	return (void *)(DIRECT_MAP + physical);
}
