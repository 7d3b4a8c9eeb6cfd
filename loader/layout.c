/* SPDX-License-Identifier: MIT
 *
 * Where everything goes: loaded sections are grouped by protection, COMMON
 * symbols follow the data; then regions are taken and filled.
 */
#include "loader/load.h"
#include "modfmt/mem.h"

static enum hload_kind kind_of(const struct elf64_section *s)
{
	if (s->flags & ELF_SHF_EXECINSTR)
		return HLOAD_TEXT;
	return s->flags & ELF_SHF_WRITE ? HLOAD_DATA : HLOAD_RODATA;
}

/* Takes `size` bytes of a region at `align` (0 counts as 1); the offset they
 * begin at. Sizes are capped by modfmt, so that sums cannot wrap. */
static uint64_t take(struct hload_work *work, enum hload_kind kind, uint64_t size, uint64_t align)
{
	uint64_t at;

	align = align ? align : 1;
	at = (work->size[kind] + align - 1) & ~(align - 1);
	if (align > work->align[kind])
		work->align[kind] = align;
	work->size[kind] = at + size;
	return at;
}

static enum helix_status too_large(struct hload_work *work, uint64_t size)
{
	hmod_fail(work->diag, HELIX_E_MODULE_SIZE, HMOD_STAGE_LAYOUT, HMOD_NOWHERE);
	hmod_diag_numbers(work->diag, HMOD_SIZE_MAX, size);
	return HELIX_E_MODULE_SIZE;
}

static uint64_t total(const struct hload_work *work)
{
	return work->size[HLOAD_TEXT] + work->size[HLOAD_RODATA] + work->size[HLOAD_DATA];
}

enum helix_status hload_layout(struct hload_work *work)
{
	const struct hmod_image *image = work->image;
	const size_t bytes = image->section_count * sizeof *work->where;

	work->where = work->host->alloc(work->host->ctx, bytes);
	if (!work->where)
		return hload_no_memory(work->diag, HMOD_STAGE_LAYOUT, bytes, "the section map");
	memset(work->where, 0, bytes);
	for (uint32_t i = 1; i < image->section_count; i++) {
		const struct elf64_section *s = &image->sections[i];
		enum hload_kind kind = kind_of(s);

		if (!hmod_section_loaded(image, i))
			continue;
		work->where[i] = take(work, kind, s->size, s->addralign) << 2 | (kind + 1u);
		if (total(work) > HMOD_SIZE_MAX)
			return too_large(work, total(work));
	}
	return HELIX_OK;
}

/* ---- COMMON symbols ---------------------------------------------------------- */

/* Gives each COMMON symbol its bytes of DATA; value[] keeps the offset until
 * resolve turns it into an address. */
static enum helix_status take_common(struct hload_work *work)
{
	const struct hmod_image *image = work->image;

	for (uint32_t i = 1; i < image->symbol_count; i++) {
		const struct elf64_symbol *s = &image->symbols[i];

		if (s->shndx != ELF_SHN_COMMON)
			continue;
		if (s->value & (s->value - 1) || s->value > HMOD_ALIGN_MAX || s->size > HMOD_SIZE_MAX)
			return too_large(work, s->size);
		work->value[i] = take(work, HLOAD_DATA, s->size, s->value);
		if (total(work) > HMOD_SIZE_MAX)
			return too_large(work, total(work));
	}
	return HELIX_OK;
}

/* ---- regions -------------------------------------------------------------------- */

uint64_t hload_section_address(const struct hload_work *work, uint32_t section)
{
	uint64_t where = work->where[section];

	return where ? work->object->region[(where & 3) - 1].address + (where >> 2) : 0;
}

uint8_t *hload_section_write(const struct hload_work *work, uint32_t section)
{
	uint64_t where = work->where[section];

	return where ? work->object->region[(where & 3) - 1].write + (where >> 2) : NULL;
}

static enum helix_status take_regions(struct hload_work *work)
{
	for (unsigned kind = 0; kind < HLOAD_KINDS; kind++) {
		struct hload_region *region = &work->object->region[kind];

		if (!work->size[kind])
			continue;
		if (!work->host->place(work->host->ctx, (enum hload_kind)kind, work->size[kind],
				       work->align[kind], region))
			return hload_no_memory(work->diag, HMOD_STAGE_LAYOUT, work->size[kind],
					       "module memory");
	}
	return HELIX_OK;
}

/* Gaps of text are filled with int3, those of rodata with zeroes. */
static void fill(struct hload_work *work)
{
	struct hload_region *region = work->object->region;

	if (region[HLOAD_TEXT].write)
		memset(region[HLOAD_TEXT].write, 0xcc, (size_t)work->size[HLOAD_TEXT]);
	if (region[HLOAD_RODATA].write)
		memset(region[HLOAD_RODATA].write, 0, (size_t)work->size[HLOAD_RODATA]);
}

enum helix_status hload_place(struct hload_work *work)
{
	const struct hmod_image *image = work->image;
	enum helix_status status;

	if ((status = take_common(work)) || (status = take_regions(work)))
		return status;
	fill(work);
	for (uint32_t i = 1; i < image->section_count; i++) {
		struct hmod_span bytes = hmod_section_bytes(image, i);
		uint8_t *to = hload_section_write(work, i);

		if (to && bytes.size)
			memcpy(to, bytes.data, (size_t)bytes.size);
		else if (to && (work->where[i] & 3) == HLOAD_TEXT + 1)
			memset(to, 0, (size_t)image->sections[i].size);
	}
	return HELIX_OK;
}
