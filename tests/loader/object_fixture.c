/* SPDX-License-Identifier: MIT
 *
 * One object on its way through the loader's stages.
 */
#include "loader/object_fixture.h"

/* Modules that could provide: "lib" has the symbol bar. */
static const char *who_exports(void *ctx, const char *symbol)
{
	(void)ctx;
	return strcmp(symbol, "bar") ? NULL : "lib";
}

static const char *owner_name(void *ctx, const void *owner)
{
	return !owner ? "kernel" : owner == ctx ? "this" : "other";
}

void fixture_open(struct fixture *f, struct hmod_span file)
{
	memset(f, 0, sizeof *f);
	harness_open(&f->harness);
	ck_assert(hload_index_init(&f->index, &f->harness.host));
	f->loading = (struct hload_loading){ .host = &f->harness.host,
					     .exports = &f->index,
					     .owner = f,
					     .who_exports = who_exports,
					     .owner_name = owner_name,
					     .ctx = f };
	f->file = harness_copy(file);
	ck_assert_msg(!hmod_image_open(&f->image, f->file.data, f->file.size, &f->diag), "%s",
		      harness_text(&f->diag));
	f->work = (struct hload_work){ .loading = &f->loading,
				       .image = &f->image,
				       .object = &f->object,
				       .diag = &f->diag,
				       .name_budget = HMOD_SIZE_MAX };
}

static void give_back(struct fixture *f, void *block, size_t size)
{
	if (block)
		f->harness.host.free(f->harness.host.ctx, block, size);
}

void fixture_close(struct fixture *f)
{
	struct hload_work *w = &f->work;

	give_back(f, w->member, f->image.section_count);
	give_back(f, w->section, f->image.section_count * sizeof *w->section);
	give_back(f, w->value, f->image.symbol_count * sizeof *w->value);
	give_back(f, w->functions, f->image.symbol_count * sizeof *w->functions);
	give_back(f, w->owners, w->owner_room * sizeof *w->owners);
	if (w->namespace_nodes)
		hload_index_release(&w->namespaces);
	give_back(f, w->namespace_nodes, w->namespace_count * sizeof *w->namespace_nodes);
	give_back(f, w->slot, f->image.symbol_count * sizeof *w->slot);
	if (f->diag.list)
		give_back(f, f->diag.list, strlen(f->diag.list) + 1);
	hload_object_unload(&f->object, &f->harness.host, &f->index);
	ck_assert_uint_eq(f->index.count, f->offered_count);
	hload_index_release(&f->index);
	ck_assert_msg(harness_clean(&f->harness), "%lu blocks and %lu regions are left",
		      f->harness.blocks, f->harness.regions);
	harness_discard(f->file);
}

void fixture_offer(struct fixture *f, const char *name, uint64_t address, void *owner)
{
	struct hload_export_entry *entry = &f->offered[f->offered_count++];

	ck_assert_uint_le(f->offered_count, FIXTURE_EXPORTS);
	entry->address = address;
	entry->owner = owner;
	ck_assert(hload_index_add(&f->index, &entry->node, name));
}

enum helix_status fixture_run(struct fixture *f, enum fixture_stage last)
{
	static enum helix_status (*const stages[])(struct hload_work *) = {
		[LAY_OUT] = hload_lay_out,	[PLACE] = hload_place_regions,
		[COPY] = hload_copy_sections,	[NAMESPACES] = hload_find_namespaces,
		[RESOLVE] = hload_resolve,
		[RELOCATE] = hload_relocate,	[ARRAYS] = hload_find_arrays,
		[NAMES] = hload_keep_names,
	};
	enum helix_status status = HELIX_OK;

	for (unsigned i = 0; !status && i <= last; i++)
		status = stages[i](&f->work);
	ck_assert_int_eq(status, status ? f->diag.status : HELIX_OK);
	return status;
}

enum helix_status fixture_load(struct fixture *f)
{
	return hload_object_load(&f->object, &f->loading, &f->image, &f->diag);
}

uint32_t fixture_section(const struct fixture *f, const char *name)
{
	for (uint32_t i = 1; i < f->image.section_count; i++)
		if (!strcmp(hmod_section_name(&f->image, i), name))
			return i;
	ck_abort_msg("no section %s", name);
}

uint32_t fixture_symbol(const struct fixture *f, const char *name)
{
	for (uint32_t i = 1; i < f->image.symbol_count; i++)
		if (!strcmp(hmod_symbol_name(&f->image, i), name))
			return i;
	ck_abort_msg("no symbol %s", name);
}

struct elf64_section *fixture_header(struct fixture *f, const char *name)
{
	return (struct elf64_section *)(uintptr_t)&f->image.sections[fixture_section(f, name)];
}

struct elf64_symbol *fixture_entry(struct fixture *f, const char *name)
{
	return (struct elf64_symbol *)(uintptr_t)&f->image.symbols[fixture_symbol(f, name)];
}

uint64_t fixture_export(const struct fixture *f, const char *name)
{
	const struct hload_export_entry *entry = (const void *)hload_index_find(
		&f->index, name, strlen(name), hmod_name_hash(name, strlen(name)));

	ck_assert_msg(entry != NULL, "%s is not exported", name);
	return entry->address;
}
