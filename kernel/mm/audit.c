/* SPDX-License-Identifier: MIT
 *
 * The W^X audit: reads the tables the CPU uses, not what the vmm believes. A
 * mapping is writable when every level says so, executable when none forbids
 * it. Frames that are executable somewhere are marked; then those marked that
 * are writable somewhere are counted, each once.
 */
#include "kernel/mm/internal.h"

#include "kernel/core/kernel.h"
#include "kernel/core/string.h"

#define TABLE_ENTRIES 512

struct leaf {
	uint64_t frame, frames;
	bool writable, executable;
};

static struct bitmap executable; /* a set bit: this frame is mapped executable */

void vmm_audit_init(void)
{
	uint64_t bytes = BITMAP_WORDS(pmm_limit()) * sizeof(uint64_t);
	uint64_t physical = pmm_alloc(mm_pages(bytes), PAGE_SIZE);
	if (!physical)
		panic("no memory for the audit's map");
	executable.words = pmm_direct(physical);
	executable.count = pmm_limit();
}

static uint64_t frame_cap(uint64_t frame)
{
	return frame < executable.count ? frame : executable.count;
}

static void leaf_count(const struct leaf *leaf, struct vmm_audit *audit)
{
	audit->mappings++;
	audit->executable += leaf->executable;
	audit->writable_executable += leaf->executable && leaf->writable;
	uint64_t first = frame_cap(leaf->frame);
	if (leaf->executable)
		bitmap_mark(&executable, first, frame_cap(leaf->frame + leaf->frames) - first, true);
}

static void leaf_alias(const struct leaf *leaf, struct vmm_audit *audit)
{
	uint64_t end = frame_cap(leaf->frame + leaf->frames);
	if (!leaf->writable)
		return;
	for (uint64_t at = frame_cap(leaf->frame);
	     (at = bitmap_next(&executable, at, end, true)) != end; at++) {
		audit->aliased_executable++;
		bitmap_mark(&executable, at, 1, false);
	}
}

struct walk {
	void (*visit)(const struct leaf *leaf, struct vmm_audit *audit);
	struct vmm_audit *audit;
};

static void table_walk(const struct walk *walk, uint64_t table, unsigned level, bool writable,
		       bool runs)
{
	const uint64_t *entries = pmm_direct(table & ENTRY_ADDRESS);
	for (unsigned i = 0; i < TABLE_ENTRIES; i++) {
		uint64_t entry = entries[i];
		bool write = writable && (entry & ENTRY_WRITE);
		bool run = runs && !(entry & ENTRY_NX);
		if (!(entry & ENTRY_PRESENT))
			continue;
		if (level && !(entry & ENTRY_LARGE)) {
			table_walk(walk, entry, level - 1, write, run);
			continue;
		}
		uint64_t frames = UINT64_C(1) << 9 * level;
		struct leaf leaf = {
			.frame = ((entry & ENTRY_ADDRESS) / PAGE_SIZE) & ~(frames - 1),
			.frames = frames,
			.writable = write,
			.executable = run,
		};
		walk->visit(&leaf, walk->audit);
	}
}

void vmm_audit(struct vmm_audit *audit)
{
	bool state = mm_lock();
	*audit = (struct vmm_audit){ 0 };
	memset(executable.words, 0, BITMAP_WORDS(executable.count) * sizeof(uint64_t));
	table_walk(&(struct walk){ leaf_count, audit }, read_cr3(), 3, true, true);
	table_walk(&(struct walk){ leaf_alias, audit }, read_cr3(), 3, true, true);
	mm_unlock(state);
}
