/* SPDX-License-Identifier: MIT
 *
 * Rebinding imports: see rebind.h.
 */
#include "loader/rebind.h"

#include "loader/reloc.h"
#include "loader/transaction.h"

/* One module at work. */
struct planning {
	struct hload_patches *patches;
	struct hload_module *module;
	struct hload_object object; /* as the module's, but that stages may store in it */
	struct hload_work work;
	uint64_t *next; /* the symbols' values after the switch */
};

static enum helix_status fail(const struct planning *p, enum helix_status status)
{
	return hload_fail_module(p->work.diag, status, HMOD_STAGE_RELOCATE, p->module);
}

/* ---- values --------------------------------------------------------------------- */

/* Sections lie where they lay: the same file has the same layout. */
static enum helix_status find_places(struct planning *p)
{
	struct hload_work *work = &p->work;
	enum helix_status status = hload_lay_out(work);
	uint64_t any = 0;

	for (unsigned kind = 0; !status && kind < HLOAD_KINDS; kind++) {
		if (work->size[kind] != p->object.region[kind].size)
			return fail(p, HELIX_E_FILE_CHANGED);
		work->base[kind] = p->object.region[kind].address;
		any = any ? any : work->base[kind];
	}
	for (unsigned kind = 0; kind < HLOAD_KINDS; kind++)
		if (!work->base[kind])
			work->base[kind] = any;
	return status;
}

static enum helix_status fail_gone(const struct planning *p, const char *symbol,
				   const struct hload_module *old)
{
	struct hload_system *system = p->module->system;
	const size_t size = hload_length(symbol) + 1;
	struct hmod_diag *diag = p->work.diag;

	fail(p, HELIX_E_RELOAD_IMPORT);
	hmod_diag_other(diag, hload_replacement_of((struct hload_module *)(uintptr_t)old)->meta.name,
			SIZE_MAX);
	if (diag && (diag->list = hload_alloc(system, size)))
		memcpy(diag->list, symbol, size);
	return HELIX_E_RELOAD_IMPORT;
}

/* The export of that name by a module that is being replaced. */
static const struct hload_export_entry *replaced_export(const struct hload_system *system,
							const char *name, size_t length)
{
	const struct hload_node *node =
		hload_index_find(&system->exports, name, length, hmod_name_hash(name, length));

	while (node && !hload_hides((void *)(uintptr_t)system,
				    ((const struct hload_export_entry *)node)->owner))
		node = hload_index_more(&system->exports, node);
	return (const struct hload_export_entry *)node;
}

static enum helix_status find_next(struct planning *p, uint32_t symbol)
{
	struct hload_system *system = p->module->system;
	const char *name = hmod_symbol_name(p->work.image, symbol);
	const size_t length = hload_length(name);
	const struct hload_export_entry *old = replaced_export(system, name, length), *new;
	enum helix_status status;

	if (!old)
		return HELIX_OK;
	new = (const struct hload_export_entry *)hload_index_find(
		&system->transaction->fresh, name, length, hmod_name_hash(name, length));
	if (!new)
		return fail_gone(p, name, old->owner);
	p->work.value[symbol] = old->address;
	p->next[symbol] = new->address;
	if (new->ns && (status = hload_may_import(&p->work, symbol, new)))
		return status;
	return new->replacement ? hload_import_deprecated(&p->work, symbol, new) : HELIX_OK;
}

static enum helix_status find_values(struct planning *p)
{
	struct hload_work *work = &p->work;
	const size_t count = work->image->symbol_count;
	enum helix_status status;
	bool special;

	if (!count)
		return HELIX_OK;
	if ((status = hload_find_namespaces(work)) || (status = hload_resolve(work)))
		return status;
	p->next = hload_work_alloc(work, count, sizeof *p->next, HMOD_STAGE_RELOCATE, "symbols");
	if (!p->next)
		return HELIX_E_NO_MEMORY;
	memcpy(p->next, work->value, count * sizeof *p->next);
	for (uint32_t i = 1; i < count && !status; i++)
		if (hmod_symbol_section(work->image, i, &special) == ELF_SHN_UNDEF && !special)
			status = find_next(p, i);
	return status;
}

/* ---- places ----------------------------------------------------------------------- */

static bool grow(struct hload_patches *patches)
{
	const size_t room = patches->room ? 2 * patches->room : 16;
	struct hload_patch *larger;

	if (patches->count < patches->room)
		return true;
	larger = hload_alloc(patches->system, room * sizeof *larger);
	if (!larger)
		return false;
	if (patches->count)
		memcpy(larger, patches->list, patches->count * sizeof *larger);
	hload_free(patches->system, patches->list, patches->room * sizeof *larger);
	patches->list = larger;
	patches->room = room;
	return true;
}

/* What is in memory now must be what the old value made. */
static enum helix_status add(struct planning *p, const struct hload_patch *patch)
{
	const uint8_t *now = (const uint8_t *)(uintptr_t)(patch->region->address + patch->offset);

	if (!memcmp(patch->old, patch->new, patch->size))
		return HELIX_OK;
	if (memcmp(now, patch->old, patch->size))
		return patch->kind == HLOAD_DATA ? HELIX_OK : fail(p, HELIX_E_FILE_CHANGED);
	if (!grow(p->patches))
		return hload_fail_memory(p->work.diag, HMOD_STAGE_RELOCATE, sizeof *patch,
					 "places to change");
	p->patches->list[p->patches->count++] = *patch;
	return HELIX_OK;
}

/* The same relocation with the values of before and of after. */
static enum helix_status add_relocation(struct planning *p, uint32_t section, uint64_t i)
{
	struct hload_work *work = &p->work;
	const struct hload_placed *placed = &work->section[work->image->sections[section].info];
	struct hload_relaxed old, new;
	uint64_t *const value = work->value;
	enum helix_status status = hload_reloc_bytes(work, section, i, &old);
	struct hload_patch patch;

	if (status)
		return status;
	work->value = p->next;
	status = hload_reloc_bytes(work, section, i, &new);
	work->value = value;
	if (status)
		return status;
	if (old.at != new.at || old.size != new.size)
		return fail(p, HELIX_E_FILE_CHANGED);
	patch = (struct hload_patch){
		.region = &p->module->object.region[placed->kind],
		.offset = (uint32_t)(placed->offset + old.at),
		.size = (uint8_t)old.size,
		.kind = (uint8_t)placed->kind,
	};
	memcpy(patch.old, old.code, 8);
	memcpy(patch.new, new.code, 8);
	return add(p, &patch);
}

static enum helix_status add_section(struct planning *p, uint32_t section)
{
	const struct hmod_image *image = p->work.image;
	enum helix_status status = HELIX_OK;
	uint64_t count;
	const struct elf64_rela *relas = hmod_section_relas(image, section, &count);

	for (uint64_t i = 0; i < count && !status; i++) {
		const uint32_t symbol = elf64_rela_symbol(&relas[i]);

		if (symbol < image->symbol_count && p->next[symbol] != p->work.value[symbol])
			status = add_relocation(p, section, i);
	}
	return status;
}

static enum helix_status add_slots(struct planning *p)
{
	enum helix_status status = HELIX_OK;

	for (uint32_t i = 1; p->work.slot && i < p->work.image->symbol_count && !status; i++) {
		struct hload_patch patch = { .region = &p->module->object.got,
					     .size = 8,
					     .kind = HLOAD_RODATA };

		if (!p->work.slot[i] || p->next[i] == p->work.value[i])
			continue;
		patch.offset = 8 * (p->work.slot[i] - 1);
		if (patch.offset + UINT64_C(8) > patch.region->size)
			return fail(p, HELIX_E_FILE_CHANGED);
		memcpy(patch.old, &p->work.value[i], 8);
		memcpy(patch.new, &p->next[i], 8);
		status = add(p, &patch);
	}
	return status;
}

static enum helix_status add_places(struct planning *p)
{
	const struct hmod_image *image = p->work.image;
	enum helix_status status;

	if ((status = find_places(p)) || (status = find_values(p)) || !p->next)
		return status;
	for (uint32_t i = 1; i < image->section_count && !status; i++)
		if (image->sections[i].type == ELF_SHT_RELA &&
		    hload_is_placed(&p->work, image->sections[i].info))
			status = add_section(p, i);
	return status ? status : add_slots(p);
}

/* ---- all of it ---------------------------------------------------------------------- */

static enum helix_status plan(struct hload_patches *patches, struct hload_module *module,
			      struct hmod_span file, struct hmod_diag *diag)
{
	struct hload_system *system = module->system;
	const struct hload_loading loading = { .host = &system->host,
					       .exports = &system->exports,
					       .owner = module,
					       .ctx = system };
	struct planning p = { .patches = patches, .module = module, .object = module->object };
	struct hmod_image image;
	enum helix_status status = hmod_image_open(&image, file.data, file.size, diag);

	if (status)
		return status;
	p.object.providers = NULL;
	p.work = (struct hload_work){ .loading = &loading,
				      .image = &image,
				      .object = &p.object,
				      .diag = diag,
				      .name_budget = HMOD_SIZE_MAX,
				      .again = true };
	status = add_places(&p);
	if (p.object.providers)
		hload_free(system, p.object.providers,
			   p.object.provider_room * sizeof *p.object.providers);
	hload_free(system, p.next, image.symbol_count * sizeof *p.next);
	hload_work_release(&p.work);
	return status;
}

enum helix_status hload_patches_plan(struct hload_patches *patches, struct hload_module *module,
				     struct hmod_diag *diag)
{
	const struct hload_host *host = module->system->outer;
	enum helix_status status;
	struct hmod_span file;

	if (!module->path || !host->file_get) {
		hmod_fail(diag, HELIX_E_IO, HMOD_STAGE_RELOCATE, HMOD_NOWHERE);
		hmod_diag_name(diag, module->meta.name, SIZE_MAX);
		return HELIX_E_IO;
	}
	status = host->file_get(host->ctx, module->path, &file, diag);
	if (status)
		return status;
	status = plan(patches, module, file, diag);
	if (host->file_put)
		host->file_put(host->ctx, module->path, file);
	return status;
}

void hload_patches_free(struct hload_patches *patches)
{
	hload_free(patches->system, patches->list, patches->room * sizeof *patches->list);
	patches->list = NULL;
	patches->count = patches->room = 0;
}

/* ---- the switch ----------------------------------------------------------------------- */

static bool open_all(struct hload_patches *patches)
{
	const struct hload_host *host = &patches->system->host;

	for (size_t i = 0; i < patches->count; i++) {
		struct hload_patch *patch = &patches->list[i];

		if (patch->region->write)
			continue;
		if (!host->open || !host->open(host->ctx, patch->kind, patch->region))
			return false;
	}
	return true;
}

enum helix_status hload_patches_open(struct hload_patches *patches, struct hmod_diag *diag)
{
	if (open_all(patches))
		return HELIX_OK;
	hload_patches_close(patches);
	hmod_fail(diag, HELIX_E_RELOAD_TEXT, HMOD_STAGE_PROTECT, HMOD_NOWHERE);
	hmod_diag_name(diag, "modules that import from it", SIZE_MAX);
	return HELIX_E_RELOAD_TEXT;
}

void hload_patches_close(struct hload_patches *patches)
{
	const struct hload_host *host = &patches->system->host;

	for (size_t i = 0; i < patches->count; i++) {
		struct hload_patch *patch = &patches->list[i];

		if (patch->kind != HLOAD_DATA && patch->region->write)
			host->close(host->ctx, patch->kind, patch->region);
	}
}

void hload_patches_apply(const struct hload_patches *patches, bool back)
{
	for (size_t i = 0; i < patches->count; i++) {
		const struct hload_patch *patch = &patches->list[i];
		uint8_t *place = patch->region->write + patch->offset;

		if (!memcmp(place, back ? patch->new : patch->old, patch->size))
			memcpy(place, back ? patch->old : patch->new, patch->size);
	}
}
