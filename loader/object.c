/* SPDX-License-Identifier: MIT
 *
 * The driver: an object's way into memory, stage by stage, with one cleanup.
 */
#include "loader/load.h"
#include "modfmt/mem.h"

enum helix_status hload_no_memory(struct hmod_diag *diag, enum hmod_stage stage, uint64_t bytes,
				  const char *what)
{
	hmod_fail(diag, HELIX_E_NO_MEMORY, stage, HMOD_NOWHERE);
	hmod_diag_name(diag, what, SIZE_MAX);
	hmod_diag_numbers(diag, bytes, 0);
	return HELIX_E_NO_MEMORY;
}

/* Sections of an object whose tables are out of order may overlap. */
static enum helix_status check_overlap(struct hload_work *work)
{
	const struct hmod_image *image = work->image;
	const size_t bytes = image->section_count * sizeof(uint32_t);
	enum helix_status status;
	uint32_t *scratch;

	if (image->in_order)
		return HELIX_OK;
	scratch = work->host->alloc(work->host->ctx, bytes);
	if (!scratch)
		return hload_no_memory(work->diag, HMOD_STAGE_SECTIONS, bytes, "section order");
	status = hmod_image_overlap(image, scratch, work->diag);
	work->host->free(work->host->ctx, scratch, bytes);
	return status;
}

/* value[] and fixed[]: one entry a symbol, the null symbol's at least. */
static size_t symbol_entries(const struct hload_work *work)
{
	return work->image->symbol_count ? work->image->symbol_count : 1;
}

static enum helix_status make_room(struct hload_work *work)
{
	const size_t n = symbol_entries(work);

	work->value = work->host->alloc(work->host->ctx, n * sizeof *work->value);
	work->fixed = work->host->alloc(work->host->ctx, n);
	if (!work->value || !work->fixed)
		return hload_no_memory(work->diag, HMOD_STAGE_RESOLVE, n * sizeof *work->value,
				       "symbol values");
	memset(work->value, 0, n * sizeof *work->value);
	memset(work->fixed, 0, n);
	work->fixed[0] = 1; /* the null symbol is 0, and no address */
	return HELIX_OK;
}

static void release(struct hload_work *work)
{
	const struct hload_host *host = work->host;
	const size_t n = symbol_entries(work);

	if (work->where)
		host->free(host->ctx, work->where, work->image->section_count * sizeof *work->where);
	if (work->value)
		host->free(host->ctx, work->value, n * sizeof *work->value);
	if (work->fixed)
		host->free(host->ctx, work->fixed, n);
}

enum helix_status hload_seal(struct hload_work *work)
{
	for (unsigned kind = 0; kind < HLOAD_KINDS; kind++) {
		struct hload_region *region = &work->object->region[kind];

		if (region->address &&
		    !work->host->seal(work->host->ctx, (enum hload_kind)kind, region))
			return hload_no_memory(work->diag, HMOD_STAGE_PROTECT, region->size,
					       "page tables");
	}
	return HELIX_OK;
}

enum helix_status hload_object_load(struct hload_object *object,
				    const struct hload_loading *loading,
				    const struct hmod_image *image, struct hmod_diag *diag)
{
	struct hload_work work = { .loading = loading, .host = loading->host, .image = image,
				   .object = object, .diag = diag };
	enum helix_status status;

	if ((status = check_overlap(&work)) || (status = hload_layout(&work)) ||
	    (status = make_room(&work)) || (status = hload_place(&work)) ||
	    (status = hload_resolve(&work)) || (status = hload_relocate(&work)) ||
	    (status = hload_publish(&work)) || (status = hload_seal(&work)))
		hload_object_unload(object, loading->host, loading->exports);
	release(&work);
	return status;
}

static void give_back(const struct hload_host *host, void *block, size_t size)
{
	if (block)
		host->free(host->ctx, block, size);
}

void hload_object_unload(struct hload_object *object, const struct hload_host *host,
			 struct hload_index *exports)
{
	for (uint32_t i = 0; i < object->export_count; i++)
		hload_index_remove(exports, &object->exports[i].node);
	for (unsigned kind = 0; kind < HLOAD_KINDS; kind++)
		if (object->region[kind].address)
			host->release(host->ctx, (enum hload_kind)kind, &object->region[kind]);
	give_back(host, object->exports, object->export_room * sizeof *object->exports);
	give_back(host, object->functions, object->function_count * sizeof *object->functions);
	give_back(host, object->strings, object->strings_size);
	give_back(host, object->providers, object->provider_room * sizeof *object->providers);
	memset(object, 0, sizeof *object);
}
