/* SPDX-License-Identifier: MIT
 *
 * The global offset table that position-independent code reads addresses from.
 * Most modules need none, and pay nothing: it is made when the first relocation
 * asks for a slot, by one walk over all of them, and is read-only once sealed.
 */
#include "loader/reloc.h"

#include "modfmt/mem.h"

bool hload_is_got_name(const char *name)
{
	static const char got[] = "_GLOBAL_OFFSET_TABLE_";
	size_t i = 0;

	while (got[i] && name[i] == got[i])
		i++;
	return name[i] == got[i];
}

/* Gives slots to the symbols that one relocation section needs them for. What
 * is wrong with an entry is said when it is applied. */
static void number_slots(struct hload_work *work, uint32_t section, uint32_t *count)
{
	const struct hmod_image *image = work->image;
	uint32_t into = image->sections[section].info;
	const struct hload_placed *placed = &work->section[into];
	uint64_t entries;
	const struct elf64_rela *relas = hmod_section_relas(image, section, &entries);
	struct hload_reloc reloc = { NULL, hmod_section_bytes(image, into),
				     work->base[placed->kind] + placed->offset };
	struct hload_relaxed relaxed;

	for (uint64_t i = 0; i < entries; i++) {
		uint32_t symbol = elf64_rela_symbol(&relas[i]);

		if (!hload_needs_slot(elf64_rela_type(&relas[i])) ||
		    hmod_rela_check(image, section, i, NULL) || work->slot[symbol])
			continue;
		reloc.rela = &relas[i];
		if (!hload_relax(work, &reloc, &relaxed))
			work->slot[symbol] = ++*count;
	}
}

static enum helix_status place(struct hload_work *work, uint32_t count)
{
	const struct hload_host *host = work->loading->host;
	struct hload_region *got = &work->object->got;
	uint64_t size = (uint64_t)count * 8;

	if (host->place(host->ctx, HLOAD_RODATA, size, 8, got))
		return HELIX_OK;
	hmod_fail(work->diag, HELIX_E_NO_MEMORY, HMOD_STAGE_RELOCATE, HMOD_NOWHERE);
	hmod_diag_numbers(work->diag, size, 0);
	hmod_diag_name(work->diag, "the global offset table", SIZE_MAX);
	return HELIX_E_NO_MEMORY;
}

static enum helix_status make(struct hload_work *work)
{
	const struct hmod_image *image = work->image;
	enum helix_status status;
	uint32_t count = 0;

	if (work->again && !work->object->got.address) {
		hmod_fail(work->diag, HELIX_E_FILE_CHANGED, HMOD_STAGE_RELOCATE, HMOD_NOWHERE);
		return HELIX_E_FILE_CHANGED;
	}
	work->slot = hload_work_alloc(work, image->symbol_count, sizeof *work->slot,
				      HMOD_STAGE_RELOCATE, "slots of the global offset table");
	if (!work->slot)
		return HELIX_E_NO_MEMORY;
	memset(work->slot, 0, image->symbol_count * sizeof *work->slot);
	for (uint32_t i = 1; i < image->section_count; i++)
		if (image->sections[i].type == ELF_SHT_RELA &&
		    hload_is_placed(work, image->sections[i].info))
			number_slots(work, i, &count);
	if (work->again)
		return HELIX_OK; /* the table stands, and its slots were given out the same way */
	if ((status = place(work, count)))
		return status;
	for (uint32_t i = 0; i < image->symbol_count; i++)
		if (work->slot[i])
			memcpy(work->object->got.write + 8 * (size_t)(work->slot[i] - 1),
			       &work->value[i], 8);
	return HELIX_OK;
}

enum helix_status hload_got_slot(struct hload_work *work, uint32_t symbol, uint64_t *address)
{
	enum helix_status status = work->slot ? HELIX_OK : make(work);

	if (!status)
		*address = work->object->got.address + 8 * (uint64_t)(work->slot[symbol] - 1);
	return status;
}
