/* SPDX-License-Identifier: MIT
 *
 * What modules in a process call, as kernel/svc/api.c is for those in the
 * kernel. Who calls is told by the return address. The C functions are wrapped:
 * the library's own stand where no module reaches them.
 */
#include "tools/process.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "helix/module.h"

struct process *process_served;

static void caller(void *address, struct hload_info *info)
{
	struct hload_module *module =
		hload_at(process_served->system, (uint64_t)(uintptr_t)address);

	memset(info, 0, sizeof *info);
	if (module)
		hload_info(module, info);
}

__attribute__((format(printf, 2, 3))) static void module_log(enum helix_log_level level,
							      const char *format, ...)
{
	char text[256]; /* as much as the kernel keeps */
	struct hload_info info;
	const char *name;
	va_list arguments;

	caller(__builtin_return_address(0), &info);
	name = info.meta ? info.meta->name : "?";
	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	if (process_served->say)
		process_served->say(level, name, text);
	else
		fprintf(stderr, "%s: %s\n", name, text);
}

static uint64_t module_now_ns(void)
{
	return process_served->host.now_ns(process_served->host.ctx);
}

/* ---- memory ----------------------------------------------------------------------------- */

struct block { /* before what the module gets; keeps it aligned to 16 bytes */
	struct block *next, *previous;
	uint64_t owner;
	size_t size;
};

static struct block *blocks;
static pthread_mutex_t blocks_lock = PTHREAD_MUTEX_INITIALIZER;

static void *allocate(size_t size, void *address)
{
	struct hload_info info;
	struct block *block;

	if (size > SIZE_MAX - sizeof *block || !(block = malloc(sizeof *block + size)))
		return NULL;
	caller(address, &info);
	block->owner = info.id;
	block->size = size;
	block->previous = NULL;
	pthread_mutex_lock(&blocks_lock);
	block->next = blocks;
	if (blocks)
		blocks->previous = block;
	blocks = block;
	pthread_mutex_unlock(&blocks_lock);
	return block + 1;
}

static void *module_alloc(size_t size)
{
	return allocate(size, __builtin_return_address(0));
}

static void *module_zalloc(size_t size)
{
	void *block = allocate(size, __builtin_return_address(0));

	return block ? memset(block, 0, size) : NULL;
}

/* The lock is held. */
static void give_back(struct block *block)
{
	*(block->previous ? &block->previous->next : &blocks) = block->next;
	if (block->next)
		block->next->previous = block->previous;
	free(block);
}

static void module_free(void *pointer)
{
	struct block *block;

	if (!pointer)
		return;
	pthread_mutex_lock(&blocks_lock);
	for (block = blocks; block && (void *)(block + 1) != pointer; block = block->next)
		;
	if (block)
		give_back(block);
	pthread_mutex_unlock(&blocks_lock);
	if (!block)
		module_log(HELIX_LOG_ERROR, "helix_free: %p was not allocated", pointer);
}

uint64_t process_reclaim(void *ctx, uint64_t module_id, uint64_t *count)
{
	uint64_t bytes = 0;

	(void)ctx;
	*count = 0;
	pthread_mutex_lock(&blocks_lock);
	for (struct block *block = blocks, *next; block; block = next) {
		next = block->next;
		if (block->owner != module_id)
			continue;
		bytes += block->size;
		++*count;
		give_back(block);
	}
	pthread_mutex_unlock(&blocks_lock);
	return bytes;
}

/* ---- the C functions -------------------------------------------------------------------- */

static void *module_memcpy(void *to, const void *from, size_t size)
{
	return memcpy(to, from, size);
}

static void *module_memmove(void *to, const void *from, size_t size)
{
	return memmove(to, from, size);
}

static void *module_memset(void *block, int byte, size_t size)
{
	return memset(block, byte, size);
}

static int module_memcmp(const void *a, const void *b, size_t size)
{
	return memcmp(a, b, size);
}

static size_t module_strlen(const char *text)
{
	return strlen(text);
}

static void module_stack_fail(void)
{
	fputs("a module wrote past the end of a local variable\n", stderr);
	raise(SIGABRT);
	_exit(134);
}

#define API(name, function) { name, (uint64_t)(uintptr_t)(function) }

const struct hload_symbol process_api[] = {
	API("helix_log", module_log),
	API("helix_now_ns", module_now_ns),
	API("helix_alloc", module_alloc),
	API("helix_zalloc", module_zalloc),
	API("helix_free", module_free),
	API("memcpy", module_memcpy),
	API("memmove", module_memmove),
	API("memset", module_memset),
	API("memcmp", module_memcmp),
	API("strlen", module_strlen),
	API("__stack_chk_fail", module_stack_fail),
};
const size_t process_api_count = sizeof process_api / sizeof process_api[0];
