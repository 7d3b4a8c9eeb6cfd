/* SPDX-License-Identifier: MIT
 *
 * Layout: loaded sections of one kind stand in one region, in file order, each
 * at its alignment; COMMON symbols follow the data. No sum here can wrap: every
 * addend is at most HMOD_SIZE_MAX, and the total is judged after each.
 */
#include "loader/layout.h"

#include "modfmt/mem.h"

void *hload_work_alloc(struct hload_work *work, size_t count, size_t each, enum hmod_stage stage,
		       const char *what)
{
	const struct hload_host *host = work->loading->host;
	void *block = host->alloc(host->ctx, count * each);

	if (block)
		return block;
	hmod_fail(work->diag, HELIX_E_NO_MEMORY, stage, HMOD_NOWHERE);
	hmod_diag_numbers(work->diag, count * each, 0);
	hmod_diag_name(work->diag, what, SIZE_MAX);
	return NULL;
}

/* Constant once it was relocated: .data.rel.ro, .data.rel.ro.local.x (gcc and clang
 * mark them writable, for linkers that relocate at run time). */
static bool constant_later(const char *name)
{
	static const char begin[] = ".data.rel.ro";
	size_t i = 0;

	while (begin[i] && name[i] == begin[i])
		i++;
	return !begin[i] && (!name[i] || name[i] == '.');
}

static enum hload_kind kind_of(const struct hmod_image *image, uint32_t i)
{
	const struct elf64_section *section = &image->sections[i];

	if (section->flags & ELF_SHF_EXECINSTR)
		return HLOAD_TEXT;
	if (!(section->flags & ELF_SHF_WRITE) || constant_later(hmod_section_name(image, i)))
		return HLOAD_RODATA;
	return HLOAD_DATA;
}

/* Appends `size` bytes to a kind. Needs size <= HMOD_SIZE_MAX, align 0 or a
 * power of two up to HMOD_ALIGN_MAX; keeps the total under HMOD_SIZE_MAX. */
static enum helix_status append(struct hload_work *work, enum hload_kind kind, uint64_t size,
				uint64_t align, uint64_t *offset)
{
	uint64_t total = 0;

	if (!align)
		align = 1;
	*offset = (work->size[kind] + align - 1) & ~(align - 1);
	work->size[kind] = *offset + size;
	if (work->align[kind] < align)
		work->align[kind] = align;
	for (unsigned i = 0; i < HLOAD_KINDS; i++)
		total += work->size[i];
	if (total <= HMOD_SIZE_MAX)
		return HELIX_OK;
	hmod_fail(work->diag, HELIX_E_MODULE_SIZE, HMOD_STAGE_LAYOUT, HMOD_NOWHERE);
	hmod_diag_numbers(work->diag, HMOD_SIZE_MAX, total);
	return HELIX_E_MODULE_SIZE;
}

static enum helix_status lay_out_sections(struct hload_work *work)
{
	const struct hmod_image *image = work->image;
	enum helix_status status = HELIX_OK;

	work->section = hload_work_alloc(work, image->section_count, sizeof *work->section,
					 HMOD_STAGE_LAYOUT, "section places");
	if (!work->section)
		return HELIX_E_NO_MEMORY;
	work->section[0] = (struct hload_placed){ 0, HLOAD_KINDS }; /* whatever it says it is */
	for (uint32_t i = 1; !status && i < image->section_count; i++) {
		const struct elf64_section *s = &image->sections[i];
		struct hload_placed *placed = &work->section[i];

		*placed = (struct hload_placed){ 0, HLOAD_KINDS };
		if (s->type == ELF_SHT_NULL || !hmod_section_loaded(image, i) ||
		    hload_is_dropped(work, i))
			continue;
		placed->kind = kind_of(image, i);
		status = append(work, placed->kind, s->size, s->addralign, &placed->offset);
		work->array_count += hload_is_array(image, i);
	}
	return status;
}

static enum helix_status fail_common(struct hload_work *work, uint32_t symbol)
{
	const struct elf64_symbol *s = &work->image->symbols[symbol];
	bool size = s->size > HMOD_SIZE_MAX;
	enum helix_status status = size ? HELIX_E_MODULE_SIZE : HELIX_E_SECTION_ALIGN;

	hmod_fail(work->diag, status, HMOD_STAGE_LAYOUT,
		  work->image->sections[work->image->symtab].offset +
			  (uint64_t)symbol * sizeof *s);
	hmod_diag_section(work->diag, ELF_SHN_COMMON, "COMMON", SIZE_MAX);
	hmod_diag_name(work->diag, hmod_symbol_name(work->image, symbol), SIZE_MAX);
	hmod_diag_numbers(work->diag, size ? HMOD_SIZE_MAX : HMOD_ALIGN_MAX,
			  size ? s->size : s->value);
	return status;
}

/* A COMMON symbol's value is its alignment. */
static enum helix_status lay_out_common(struct hload_work *work, uint32_t symbol)
{
	const struct elf64_symbol *s = &work->image->symbols[symbol];
	enum helix_status status = hmod_symbol_check(work->image, symbol, work->diag);

	if (status)
		return status;
	if (s->size > HMOD_SIZE_MAX || s->value > HMOD_ALIGN_MAX || s->value & (s->value - 1))
		return fail_common(work, symbol);
	return append(work, HLOAD_DATA, s->size, s->value, &work->value[symbol]);
}

/* Already checked: nothing of single symbols. Gives COMMON symbols, which are
 * global, their place. */
static enum helix_status lay_out_symbols(struct hload_work *work)
{
	const struct hmod_image *image = work->image;
	enum helix_status status = HELIX_OK;

	if (!image->symbol_count)
		return HELIX_OK;
	work->value = hload_work_alloc(work, image->symbol_count, sizeof *work->value,
				       HMOD_STAGE_LAYOUT, "symbol values");
	if (!work->value)
		return HELIX_E_NO_MEMORY;
	for (uint32_t i = image->first_global; !status && i < image->symbol_count; i++)
		if (image->symbols[i].shndx == ELF_SHN_COMMON)
			status = lay_out_common(work, i);
	return status;
}

enum helix_status hload_lay_out(struct hload_work *work)
{
	enum helix_status status = lay_out_sections(work);

	return status ? status : lay_out_symbols(work);
}

static enum helix_status place(struct hload_work *work, enum hload_kind kind)
{
	static const char *const names[] = { [HLOAD_TEXT] = "text",
					     [HLOAD_RODATA] = "read-only data",
					     [HLOAD_DATA] = "data" };
	const struct hload_host *host = work->loading->host;
	struct hload_region *region = &work->object->region[kind];

	if (host->place(host->ctx, kind, work->size[kind], work->align[kind], region)) {
		work->base[kind] = region->address;
		return HELIX_OK;
	}
	hmod_fail(work->diag, HELIX_E_NO_MEMORY, HMOD_STAGE_LAYOUT, HMOD_NOWHERE);
	hmod_diag_numbers(work->diag, work->size[kind], 0);
	hmod_diag_name(work->diag, names[kind], SIZE_MAX);
	return HELIX_E_NO_MEMORY;
}

enum helix_status hload_place_regions(struct hload_work *work)
{
	enum helix_status status = HELIX_OK;
	uint64_t any = 0;

	for (enum hload_kind kind = 0; !status && kind < HLOAD_KINDS; kind++)
		if (work->size[kind])
			status = place(work, kind);
	/* A label in an empty section must be near, wherever. */
	for (unsigned kind = 0; kind < HLOAD_KINDS; kind++)
		any = any ? any : work->base[kind];
	for (unsigned kind = 0; kind < HLOAD_KINDS; kind++)
		if (!work->base[kind])
			work->base[kind] = any;
	return status;
}
