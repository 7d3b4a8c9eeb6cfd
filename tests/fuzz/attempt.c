/* SPDX-License-Identifier: MIT
 *
 * Attempts: see attempt.h.
 */
#include "fuzz/attempt.h"

#include "loader/object.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WINDOW UINT64_C(0xffffffff90000000)

static void demand(bool kept, const char *promise)
{
	if (kept)
		return;
	fprintf(stderr, "broken promise: %s\n", promise);
	abort();
}

/* ---- the host --------------------------------------------------------------------- */

static void *attempt_alloc(void *ctx, size_t size)
{
	struct attempt *a = ctx;

	demand(size > 0, "no allocation of nothing");
	if (++a->allocs == a->fail_alloc)
		return NULL;
	a->blocks++;
	a->bytes += size;
	a->peak = a->bytes > a->peak ? a->bytes : a->peak;
	a->work += size;
	return malloc(size);
}

static void attempt_free(void *ctx, void *block, size_t size)
{
	struct attempt *a = ctx;

	demand(block, "nothing is not freed");
	a->blocks--;
	a->bytes -= size;
	free(block);
}

static bool attempt_place(void *ctx, enum hload_kind kind, uint64_t size, uint64_t align,
			  struct hload_region *region)
{
	struct attempt *a = ctx;
	uint8_t *bytes = kind == HLOAD_DATA ? calloc(1, size) : malloc(size);

	demand(size && align && !(align & (align - 1)), "a size and an alignment that can be");
	if (!bytes)
		return false;
	a->address = (a->address + align - 1) & ~(align - 1);
	*region = (struct hload_region){ a->address, bytes, size, bytes };
	a->address += size;
	a->regions++;
	a->placed += size;
	return true;
}

static bool attempt_seal(void *ctx, enum hload_kind kind, struct hload_region *region)
{
	(void)ctx;
	if (kind != HLOAD_DATA)
		region->write = NULL;
	return true;
}

static void attempt_release(void *ctx, enum hload_kind kind, struct hload_region *region)
{
	(void)kind;
	((struct attempt *)ctx)->regions--;
	free(region->cookie);
	memset(region, 0, sizeof *region);
}

/* Whatever the module would do, it did it well. */
static int attempt_call(void *ctx, const char *module, int (*hook)(void *), void *argument)
{
	(void)ctx, (void)module, (void)hook, (void)argument;
	return 0;
}

void attempt_open(struct attempt *a)
{
	*a = (struct attempt){ .host = { .ctx = a,
					 .alloc = attempt_alloc,
					 .free = attempt_free,
					 .place = attempt_place,
					 .seal = attempt_seal,
					 .release = attempt_release,
					 .call = attempt_call },
			       .address = WINDOW };
}

/* ---- one attempt ---------------------------------------------------------------------- */

static enum helix_status judged(enum helix_status status, const struct hmod_diag *diag)
{
	char text[1024];

	if (!status)
		return status;
	demand(diag->status == status, "the diagnostic has the status that is returned");
	demand(hmod_diag_text(diag, text, sizeof text) > 0, "a refusal says something");
	demand(strcmp(hmod_status_name(status), "?"), "a refusal has a status of the list");
	return status;
}

/* By the file alone, as tools do. */
static enum helix_status judge(const uint8_t *bytes, size_t size)
{
	struct hmod_diag diag = { 0 };
	struct hmod_image image;
	enum helix_status status = judged(hmod_image_open(&image, bytes, size, &diag), &diag);
	uint32_t *scratch;

	if (status)
		return status;
	scratch = malloc((size_t)image.section_count * sizeof *scratch);
	status = judged(hmod_image_check(&image, scratch, &diag), &diag);
	free(scratch);
	return status;
}

static const struct hload_symbol offered[] = {
	{ "helix_log", WINDOW - 0x1000 },	{ "memcpy", WINDOW - 0x900 },
	{ "memset", WINDOW - 0x800 },	       { "__stack_chk_fail", WINDOW - 0x700 },
	{ "far_call", WINDOW - 0x600 },	{ "far_data", WINDOW - 0x500 },
	{ "imported", WINDOW - 0x400 },
};
#define OFFERED (sizeof offered / sizeof offered[0])

/* The object alone, whatever it depends on. */
static enum helix_status load_object(struct attempt *a, const uint8_t *bytes, size_t size)
{
	struct hload_export_entry entries[OFFERED] = { 0 };
	struct hload_index index;
	struct hload_loading loading = { .host = &a->host, .exports = &index, .owner = a };
	struct hload_object object = { 0 };
	struct hmod_diag diag = { 0 };
	enum helix_status status;
	struct hmod_image image;

	if (hmod_image_open(&image, bytes, size, NULL) || !image.record ||
	    !hload_index_init(&index, &a->host))
		return HELIX_OK;
	for (size_t i = 0; i < OFFERED; i++) {
		entries[i].address = offered[i].address;
		hload_index_add(&index, &entries[i].node, offered[i].name);
	}
	status = judged(hload_object_load(&object, &loading, &image, &diag), &diag);
	if (diag.list)
		attempt_free(a, diag.list, strlen(diag.list) + 1);
	hload_object_unload(&object, &a->host, &index);
	demand(index.count == OFFERED, "no export stays behind");
	hload_index_release(&index);
	return status;
}

static enum helix_status load(struct hload_system *system, const uint8_t *bytes, size_t size)
{
	struct hmod_span file = { bytes, size };
	struct hload_module *module;
	struct hmod_diag diag = { 0 };
	enum helix_status status =
		judged(hload_register(system, file, NULL, &module, &diag), &diag);

	hload_diag_free(system, &diag);
	if (status)
		return status;
	status = judged(hload_insert(system, module, file, NULL, 0, &diag), &diag);
	hload_diag_free(system, &diag);
	if (status && hload_next(system, NULL))
		hload_unregister(system, module, NULL);
	else if (!status && !hload_remove(system, module, NULL))
		demand(!hload_next(system, NULL), "a removed module without a file is forgotten");
	return status;
}

enum helix_status attempt_load(struct attempt *a, const void *bytes, size_t size)
{
	uint8_t *copy = malloc(size ? size : 1);
	struct hload_system *system = hload_create(&a->host);
	enum helix_status status, loaded = HELIX_OK;

	memcpy(copy, bytes, size);
	status = judge(copy, size);
	load_object(a, copy, size);
	if (system && !hload_export(system, offered, OFFERED, NULL) &&
	    !hload_export(system, hload_api, hload_api_count, NULL))
		loaded = load(system, copy, size);
	if (system)
		hload_destroy(system);
	free(copy);
	demand(!a->blocks && !a->bytes && !a->regions, "nothing is held after an attempt");
	return status ? status : loaded;
}
