/* SPDX-License-Identifier: MIT
 *
 * Loading one object, stage by stage. Stages store what they acquire into the
 * zeroed object or the work beside it and never free; the object has one owner,
 * hload_object_unload, which is safe after any of them.
 */
#include "loader/object.h"

#include "loader/implement.h"
#include "loader/layout.h"
#include "loader/reloc.h"
#include "modfmt/mem.h"

static enum helix_status check_overlap(struct hload_work *work)
{
	if (work->image->in_order)
		return HELIX_OK;
	work->order = hload_work_alloc(work, work->image->section_count, sizeof *work->order,
				       HMOD_STAGE_LAYOUT, "section order");
	if (!work->order)
		return HELIX_E_NO_MEMORY;
	return hmod_image_overlap(work->image, work->order, work->diag);
}

static enum helix_status find_hooks(struct hload_work *work)
{
	const struct hload_region *text = &work->object->region[HLOAD_TEXT];
	struct hmod_reference hooks[HMOD_HOOKS];
	enum helix_status status = hmod_hooks_read(work->image, hooks, work->diag);

	for (unsigned i = 0; !status && i < HMOD_HOOKS; i++) {
		uint64_t *hook = &work->object->hook[i];

		if (!hooks[i].symbol)
			continue;
		*hook = work->value[hooks[i].symbol] + (uint64_t)hooks[i].addend;
		if (*hook - text->address < text->size)
			continue;
		status = hmod_fail(work->diag, HELIX_E_META_HOOK, HMOD_STAGE_METADATA,
				   HMOD_NOWHERE);
		hmod_diag_name(work->diag, hmod_hook_name((enum hmod_hook)i), SIZE_MAX);
		hmod_diag_other(work->diag, "is not in the module's code", SIZE_MAX);
	}
	return status;
}

static enum helix_status seal(struct hload_work *work, enum hload_kind kind,
			      struct hload_region *region)
{
	const struct hload_host *host = work->loading->host;

	if (!region->address || host->seal(host->ctx, kind, region))
		return HELIX_OK;
	hmod_fail(work->diag, HELIX_E_NO_MEMORY, HMOD_STAGE_PROTECT, HMOD_NOWHERE);
	hmod_diag_numbers(work->diag, region->size, 0);
	hmod_diag_name(work->diag, "the protection of a region", SIZE_MAX);
	return HELIX_E_NO_MEMORY;
}

static enum helix_status seal_regions(struct hload_work *work)
{
	enum helix_status status = seal(work, HLOAD_RODATA, &work->object->got);

	for (enum hload_kind kind = 0; !status && kind < HLOAD_KINDS; kind++)
		status = seal(work, kind, &work->object->region[kind]);
	return status;
}

static enum helix_status run_stages(struct hload_work *work)
{
	static enum helix_status (*const stages[])(struct hload_work *) = {
		check_overlap,
		hload_find_groups,
		hload_lay_out,
		hload_place_regions,
		hload_copy_sections,
		hload_find_namespaces,
		hload_resolve,
		hload_redirect_dropped,
		hload_relocate,
		hload_find_arrays,
		find_hooks,
		hload_find_interfaces,
		hload_keep_names,
		seal_regions,
	};
	enum helix_status status = HELIX_OK;

	for (size_t i = 0; !status && i < sizeof stages / sizeof stages[0]; i++)
		status = stages[i](work);
	return status;
}

static void release(const struct hload_host *host, void *block, size_t size)
{
	if (block)
		host->free(host->ctx, block, size);
}

void hload_work_release(struct hload_work *work)
{
	const struct hload_host *host = work->loading->host;
	const struct hmod_image *image = work->image;

	release(host, work->member, image->section_count);
	release(host, work->order, image->section_count * sizeof *work->order);
	release(host, work->section, image->section_count * sizeof *work->section);
	release(host, work->value, image->symbol_count * sizeof *work->value);
	release(host, work->functions, image->symbol_count * sizeof *work->functions);
	release(host, work->owners, work->owner_room * sizeof *work->owners);
	if (work->namespace_nodes)
		hload_index_release(&work->namespaces);
	release(host, work->namespace_nodes,
		work->namespace_count * sizeof *work->namespace_nodes);
	release(host, work->slot, image->symbol_count * sizeof *work->slot);
}

enum helix_status hload_object_load(struct hload_object *object,
				    const struct hload_loading *loading,
				    const struct hmod_image *image, struct hmod_diag *diag)
{
	struct hload_work work = {
		.loading = loading,
		.image = image,
		.object = object,
		.diag = diag,
		.name_budget = HLOAD_NAMES_PER_BYTE * image->file.size,
	};
	enum helix_status status = run_stages(&work);

	hload_work_release(&work);
	if (status)
		hload_object_unload(object, loading->host,
				    loading->fresh ? loading->fresh : loading->exports);
	return status;
}

void hload_object_unload(struct hload_object *object, const struct hload_host *host,
			 struct hload_index *exports)
{
	for (uint32_t i = 0; i < object->export_count; i++)
		hload_index_remove(exports, &object->exports[i].node);
	release(host, object->exports, object->export_room * sizeof *object->exports);
	release(host, object->functions, object->function_count * sizeof *object->functions);
	release(host, object->strings, object->strings_size);
	release(host, object->interfaces, object->interface_count * sizeof *object->interfaces);
	release(host, object->arrays, object->array_room * sizeof *object->arrays);
	release(host, object->providers, object->provider_room * sizeof *object->providers);
	for (enum hload_kind kind = 0; kind < HLOAD_KINDS; kind++)
		if (object->region[kind].address)
			host->release(host->ctx, kind, &object->region[kind]);
	if (object->got.address)
		host->release(host->ctx, HLOAD_RODATA, &object->got);
	memset(object, 0, sizeof *object);
}
