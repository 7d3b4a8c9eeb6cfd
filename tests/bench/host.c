/* SPDX-License-Identifier: MIT
 *
 * The loader as one peer among others, for a harness that times in-memory loaders
 * of relocatable objects on the host: from the object's bytes to code that can
 * run. The harness's header says what each function is for; compile with
 * -DPEER_HEADER='"peer.h"' and link with libhload.a and libhmod.a.
 */
#include PEER_HEADER

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "loader/object.h"

#define SCRATCH (UINT64_C(256) << 20) /* bytes of the loader's own records */

static struct hload_index exports;
static struct hmod_diag diag;
static char text[1024];
static char *scratch;
static size_t scratch_used;

static void *host_alloc(void *ctx, size_t size)
{
	void *block = scratch + scratch_used;

	(void)ctx;
	if (size > SCRATCH - scratch_used)
		return NULL;
	scratch_used += (size + 15) & ~(size_t)15;
	return block;
}

/* All at once, in peer_unload. */
static void host_free(void *ctx, void *block, size_t size)
{
	(void)ctx, (void)block, (void)size;
}

static bool host_place(void *ctx, enum hload_kind kind, uint64_t size, uint64_t align,
		       struct hload_region *region)
{
	uint8_t *block = bench_alloc(size + (align > 4096 ? align : 0));

	(void)ctx, (void)kind;
	if (!block)
		return false;
	block += -(uintptr_t)block & (align - 1);
	*region = (struct hload_region){ (uintptr_t)block, block, size, NULL };
	return true;
}

static bool host_seal(void *ctx, enum hload_kind kind, struct hload_region *region)
{
	(void)ctx;
	if (kind == HLOAD_DATA)
		return true;
	region->write = NULL;
	return !bench_protect((void *)(uintptr_t)region->address, region->size,
			      kind == HLOAD_TEXT ? PROT_READ | PROT_EXEC : PROT_READ);
}

static void host_release(void *ctx, enum hload_kind kind, struct hload_region *region)
{
	(void)ctx, (void)kind;
	region->address = 0;
}

static const struct hload_host host = {
	.alloc = host_alloc,
	.free = host_free,
	.place = host_place,
	.seal = host_seal,
	.release = host_release,
};

int peer_init(const struct peer_import *imports, size_t n)
{
	struct hload_export_entry *entries = calloc(n, sizeof *entries);

	scratch = mmap(NULL, SCRATCH, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (!entries || scratch == MAP_FAILED || !hload_index_init(&exports, &host))
		return 1;
	for (size_t i = 0; i < n; i++) {
		entries[i].address = imports[i].addr;
		if (!hload_index_add(&exports, &entries[i].node, imports[i].name))
			return 1;
	}
	scratch += scratch_used; /* the index stays */
	scratch_used = 0;
	return 0;
}

void *peer_load(const void *buf, size_t len, const char *path)
{
	static const struct hload_loading loading = { .host = &host, .exports = &exports,
						      .bare = true };
	struct hload_object *object = host_alloc(NULL, sizeof *object);
	struct hmod_image image;

	(void)path;
	memset(object, 0, sizeof *object);
	if (hmod_image_open(&image, buf, len, &diag) ||
	    hload_object_load(object, &loading, &image, &diag))
		return NULL;
	return object;
}

void *peer_sym(void *module, const char *name)
{
	const struct hload_object *object = module;

	for (uint32_t i = 0; i < object->function_count; i++) {
		const struct hload_function *f = &object->functions[i];

		if (!strcmp(object->strings + (f->name - object->name_base), name))
			return (void *)(uintptr_t)(object->region[HLOAD_TEXT].address + f->offset);
	}
	return NULL;
}

void peer_unload(void *module)
{
	hload_object_unload(module, &host, &exports);
	scratch_used = 0;
}

const char *peer_error(void)
{
	hmod_diag_text(&diag, text, sizeof text);
	return text;
}
