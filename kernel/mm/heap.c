/* SPDX-License-Identifier: MIT
 *
 * The heap. Up to 2 KiB: slabs of 16 KiB in the direct map, one size class
 * each, with a table of what every object was asked for; a slab that becomes
 * empty goes back to pmm. Above: pages from vmm_alloc behind a small header.
 * Freeing anything that is not a live block panics.
 */
#include "kernel/mm/internal.h"

#include "kernel/core/kernel.h"
#include "kernel/core/string.h"

#define SLAB_SIZE   UINT64_C(16384) /* and alignment */
#define SLAB_PAGES  (SLAB_SIZE / PAGE_SIZE)
#define SLAB_MAGIC  UINT64_C(0x62616c7378696c65)
#define LARGE_MAGIC UINT64_C(0x6567726178696c65)
#define SLOT_FREE   0x8000 /* then the rest is the next free object's index */
#define SLOT_END    0x7fff

static const uint16_t class_sizes[] = { 16,  32,  48,  64,  96,   128,  192,
					256, 384, 512, 768, 1024, 1536, 2048 };
#define CLASSES      (sizeof(class_sizes) / sizeof(class_sizes[0]))
#define SMALL_LARGEST 2048

struct slab {
	uint64_t magic;
	struct slab *next, *previous; /* among those of its class with room */
	uint16_t class, capacity, used;
	uint16_t fresh; /* objects from here on were never handed out */
	uint16_t first_free; /* index, or SLOT_END */
	uint16_t objects; /* offset of object 0 */
	uint16_t slots[]; /* per object: bytes asked for, or SLOT_FREE | next */
};

struct large {
	uint64_t magic, asked;
};

static struct slab *with_room[CLASSES];
static struct heap_counts counts;

static void list_add(struct slab *slab)
{
	slab->previous = NULL;
	slab->next = with_room[slab->class];
	if (slab->next)
		slab->next->previous = slab;
	with_room[slab->class] = slab;
}

static void list_remove(struct slab *slab)
{
	if (slab->previous)
		slab->previous->next = slab->next;
	else
		with_room[slab->class] = slab->next;
	if (slab->next)
		slab->next->previous = slab->previous;
}

static struct slab *slab_make(unsigned class)
{
	uint64_t physical = pmm_alloc(SLAB_PAGES, SLAB_SIZE);
	if (!physical)
		return NULL;
	struct slab *slab = pmm_direct(physical);
	uint64_t capacity = (SLAB_SIZE - sizeof(*slab) - 15) / (class_sizes[class] + sizeof(uint16_t));
	*slab = (struct slab){
		.magic = SLAB_MAGIC,
		.class = (uint16_t)class,
		.capacity = (uint16_t)capacity,
		.first_free = SLOT_END,
		.objects = (uint16_t)((sizeof(*slab) + capacity * sizeof(uint16_t) + 15) & ~15u),
	};
	counts.pages += SLAB_PAGES;
	list_add(slab);
	return slab;
}

static void slab_drop(struct slab *slab)
{
	list_remove(slab);
	slab->magic = 0;
	counts.pages -= SLAB_PAGES;
	pmm_free((uint64_t)slab - DIRECT_MAP, SLAB_PAGES);
}

static void *object_take(struct slab *slab, size_t asked)
{
	unsigned index = slab->first_free;
	if (index == SLOT_END)
		index = slab->fresh++;
	else
		slab->first_free = slab->slots[index] & ~SLOT_FREE;
	slab->slots[index] = (uint16_t)asked;
	if (++slab->used == slab->capacity)
		list_remove(slab);
	return (uint8_t *)slab + slab->objects + index * class_sizes[slab->class];
}

static void *small_alloc(size_t size)
{
	unsigned class = 0;
	while (class_sizes[class] < size)
		class++;
	bool state = mm_lock();
	struct slab *slab = with_room[class];
	if (!slab)
		slab = slab_make(class);
	void *block = NULL;
	if (slab) {
		block = object_take(slab, size);
		counts.blocks++;
		counts.bytes += size;
	}
	mm_unlock(state);
	return block;
}

static void *large_alloc(size_t size)
{
	if (size > VMM_AREA_MAX)
		return NULL;
	struct large *large = vmm_take(size + sizeof(*large));
	if (!large)
		return NULL;
	*large = (struct large){ LARGE_MAGIC, size };
	bool state = mm_lock();
	counts.blocks++;
	counts.bytes += size;
	counts.pages += mm_pages(size + sizeof(*large));
	mm_unlock(state);
	return large + 1;
}

void *kmalloc(size_t size)
{
	return size <= SMALL_LARGEST ? small_alloc(size) : large_alloc(size);
}

void *kzalloc(size_t size)
{
	void *block = kmalloc(size);
	if (block)
		memset(block, 0, size);
	return block;
}

/* The object's index; panics when `block` is not a live object of a slab. */
static unsigned object_check(const struct slab *slab, const void *block)
{
	uint64_t frame = ((uint64_t)slab - DIRECT_MAP) / PAGE_SIZE;
	if (!ranges_contain(pmm_ram(), frame, frame + 1) ||
	    vmm_physical((uint64_t)slab) == UINT64_MAX || slab->magic != SLAB_MAGIC)
		panic("kfree of %p: already free, or not from kmalloc", block);
	uint64_t offset = (uint64_t)block - (uint64_t)slab - slab->objects;
	uint64_t index = offset / class_sizes[slab->class];
	if (offset % class_sizes[slab->class] || index >= slab->fresh)
		panic("kfree of %p: not the start of a block", block);
	if (slab->slots[index] & SLOT_FREE)
		panic("kfree of %p: already free", block);
	return (unsigned)index;
}

static void small_free(void *block)
{
	struct slab *slab = (struct slab *)((uint64_t)block & ~(SLAB_SIZE - 1));
	bool state = mm_lock();
	unsigned index = object_check(slab, block);
	counts.blocks--;
	counts.bytes -= slab->slots[index];
	slab->slots[index] = SLOT_FREE | slab->first_free;
	slab->first_free = (uint16_t)index;
	if (slab->used-- == slab->capacity)
		list_add(slab);
	if (!slab->used)
		slab_drop(slab);
	mm_unlock(state);
}

static void large_free(void *block)
{
	struct large *large = (struct large *)block - 1;
	if ((uint64_t)large % PAGE_SIZE || vmm_physical((uint64_t)large) == UINT64_MAX ||
	    large->magic != LARGE_MAGIC)
		panic("kfree of %p: already free, or not from kmalloc", block);
	uint64_t size = large->asked + sizeof(*large);
	bool state = mm_lock();
	counts.blocks--;
	counts.bytes -= large->asked;
	counts.pages -= mm_pages(size);
	mm_unlock(state);
	large->magic = 0;
	vmm_free(large, size);
}

void kfree(void *block)
{
	if (!block)
		return;
	if ((uint64_t)block - VMM_AREA < VMM_AREA_MAX)
		large_free(block);
	else
		small_free(block);
}

void heap_counts(struct heap_counts *result)
{
	bool state = mm_lock();
	*result = counts;
	mm_unlock(state);
}
