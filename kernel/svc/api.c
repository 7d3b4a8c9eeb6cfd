/* SPDX-License-Identifier: MIT
 *
 * What modules call: log, memory charged to them, clock. Who calls is told by
 * the return address.
 */
#include "helix/module.h"
#include "kernel/core/kernel.h"
#include "kernel/core/log.h"
#include "kernel/core/print.h"
#include "kernel/core/string.h"
#include "kernel/mm/mm.h"
#include "kernel/sched/lock.h"
#include "kernel/svc/modules.h"

/* Any context. A function that ends with `return helix_alloc(…)` has left no trace
 * on the stack: then it is the module that the thread is in. */
static void caller(uint64_t address, struct hload_owner *owner)
{
	if (hload_owner_at(modules, address, owner))
		return;
	if (in_interrupt() || !hload_owner_running(modules, owner))
		*owner = (struct hload_owner){ .name = "?" };
}

void helix_log(enum helix_log_level level, const char *format, ...)
{
	char prefix[HELIX_NAME_MAX + 3];
	struct hload_owner owner;
	va_list arguments;

	caller((uint64_t)__builtin_return_address(0), &owner);
	ksnprintf(prefix, sizeof prefix, "%s: ", owner.name);
	va_start(arguments, format);
	log_vline((enum log_level)level, prefix, format, arguments);
	va_end(arguments);
}
KERNEL_EXPORT(helix_log);

uint64_t helix_now_ns(void)
{
	return clock_now_ns();
}
KERNEL_EXPORT(helix_now_ns);

/* ---- memory -------------------------------------------------------------- */

#define BLOCK_MAGIC UINT64_C(0x4b434f4c42444d48)

struct block { /* 48 bytes before what the module gets */
	uint64_t magic, owner;
	size_t size;
	struct block *next, *previous;
	uint64_t pad;
};

static struct block *blocks;
static struct spinlock blocks_lock = SPINLOCK(RANK_MODULE_MEMORY, "module memory");

static void *allocate(size_t size, uint64_t address)
{
	struct hload_owner owner;
	struct block *block;
	bool state;

	if (size > SIZE_MAX - sizeof *block || !(block = kmalloc(sizeof *block + size)))
		return NULL;
	caller(address, &owner);
	block->magic = BLOCK_MAGIC;
	block->owner = owner.instance;
	block->size = size;
	block->previous = NULL;
	state = spin_lock(&blocks_lock);
	block->next = blocks;
	if (blocks)
		blocks->previous = block;
	blocks = block;
	spin_unlock(&blocks_lock, state);
	return block + 1;
}

void *helix_alloc(size_t size)
{
	return allocate(size, (uint64_t)__builtin_return_address(0));
}
KERNEL_EXPORT(helix_alloc);

void *helix_zalloc(size_t size)
{
	void *block = allocate(size, (uint64_t)__builtin_return_address(0));

	if (block)
		memset(block, 0, size);
	return block;
}
KERNEL_EXPORT(helix_zalloc);

/* The lock is held. */
static void give_back(struct block *block)
{
	*(block->previous ? &block->previous->next : &blocks) = block->next;
	if (block->next)
		block->next->previous = block->previous;
	block->magic = 0;
	kfree(block);
}

void helix_free(void *pointer)
{
	struct block *block;
	bool state, good;

	if (!pointer)
		return;
	state = spin_lock(&blocks_lock);
	/* Looked for, not trusted: the header of a foreign pointer is not memory. */
	for (block = blocks; block && block + 1 != (struct block *)pointer; block = block->next)
		;
	good = block && block->magic == BLOCK_MAGIC;
	if (good)
		give_back(block);
	spin_unlock(&blocks_lock, state);
	if (!good)
		log_line(LOG_ERROR, "helix_free: %p was not allocated", pointer);
}
KERNEL_EXPORT(helix_free);

uint64_t module_reclaim(void *ctx, uint64_t instance, uint64_t *count)
{
	uint64_t bytes = 0;
	bool state = spin_lock(&blocks_lock);

	(void)ctx;
	*count = 0;
	for (struct block *block = blocks, *next; block; block = next) {
		next = block->next;
		if (block->owner != instance)
			continue;
		bytes += block->size;
		++*count;
		give_back(block);
	}
	spin_unlock(&blocks_lock, state);
	return bytes;
}
