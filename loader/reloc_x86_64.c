/* SPDX-License-Identifier: MIT
 *
 * Relocations of x86-64: psABI AMD64, table 4.9. S is the symbol's value, A the
 * addend, P the run-time address of the field. Five guards stand before every
 * write: the type is known, the symbol exists, it was resolved (hload_resolve
 * names those that were not), the whole width lies in the section, and the
 * value fits. A field is written through the region's writable view.
 */
#include "loader/reloc.h"

#include "modfmt/mem.h"

/* ---- the table ------------------------------------------------------------------ */

enum formula {
	UNKNOWN, /* no row */
	NOTHING,
	S_PLUS_A, /* absolute: judged where the kernel would have it */
	S_PLUS_A_MINUS_P,
};

enum range {
	ANY, /* the field holds every value */
	UNSIGNED, /* zero-extends to the value */
	SIGNED, /* sign-extends to the value */
};

struct row {
	uint8_t width; /* bytes */
	uint8_t formula, range;
};

static const struct row rows[HMOD_RELA_TYPES] = {
	[R_X86_64_NONE] = { 0, NOTHING, ANY },
	[R_X86_64_64] = { 8, S_PLUS_A, ANY },
	[R_X86_64_PC32] = { 4, S_PLUS_A_MINUS_P, SIGNED },
	[R_X86_64_PLT32] = { 4, S_PLUS_A_MINUS_P, SIGNED }, /* L is S: calls go straight */
	[R_X86_64_32] = { 4, S_PLUS_A, UNSIGNED },
	[R_X86_64_32S] = { 4, S_PLUS_A, SIGNED },
	[R_X86_64_PC64] = { 8, S_PLUS_A_MINUS_P, ANY },
};

static bool fits(uint64_t value, const struct row *row)
{
	uint64_t half;

	if (row->range == ANY || row->width >= 8)
		return true;
	half = UINT64_C(1) << (8 * row->width - 1);
	return row->range == UNSIGNED ? value < 2 * half : value + half < 2 * half;
}

/* One relocation section at work: everything that stays the same, hoisted. */
struct target {
	const struct elf64_rela *relas;
	const struct elf64_symbol *symbols;
	const uint64_t *value;
	uint64_t symbol_count;
	uint8_t *write; /* of the target section's first byte */
	uint64_t address; /* of the same byte, at run time */
	uint64_t size; /* bytes */
	uint64_t past4, past8; /* offsets below: 4 and 8 bytes fit */
	uint64_t bias; /* added to addresses before an absolute field is judged */
	uint32_t section; /* the RELA section */
};

/* ABS symbols and weak ones that nobody provides are numbers, not addresses. */
static inline uint64_t bias_of(const struct target *t, uint32_t symbol)
{
	return t->symbols[symbol].shndx != ELF_SHN_ABS && t->value[symbol] ? t->bias : 0;
}

/* ---- refusing ------------------------------------------------------------------- */

static enum helix_status fail(struct hload_work *work, const struct target *t, uint64_t i,
			      enum helix_status status)
{
	const struct hmod_image *image = work->image;
	uint32_t type = elf64_rela_type(&t->relas[i]);

	hmod_fail(work->diag, status, HMOD_STAGE_RELOCATE,
		  image->sections[t->section].offset + i * sizeof *t->relas);
	hmod_diag_section(work->diag, t->section, hmod_section_name(image, t->section), SIZE_MAX);
	if (work->diag)
		work->diag->index = i;
	hmod_diag_name(work->diag, hmod_symbol_name(image, elf64_rela_symbol(&t->relas[i])),
		       SIZE_MAX);
	hmod_diag_other(work->diag, hmod_rela_types[type].name, SIZE_MAX);
	return status;
}

static enum helix_status fail_overflow(struct hload_work *work, const struct target *t,
				       uint64_t i, uint64_t value)
{
	fail(work, t, i, HELIX_E_RELOC_OVERFLOW);
	hmod_diag_numbers(work->diag, 0, value);
	return HELIX_E_RELOC_OVERFLOW;
}

/* A type that modfmt lets pass but that has no row here. */
static enum helix_status fail_type(struct hload_work *work, const struct target *t, uint64_t i)
{
	uint32_t type = elf64_rela_type(&t->relas[i]);

	fail(work, t, i, HELIX_E_RELOC_TYPE);
	hmod_diag_numbers(work->diag, 0, type);
	hmod_diag_name(work->diag, hmod_rela_types[type].name, SIZE_MAX);
	hmod_diag_other(work->diag, "", 0);
	return HELIX_E_RELOC_TYPE;
}

/* True when the symbol's section is not loaded; HLOAD_UNLOADED alone could be
 * an absolute symbol's value. */
static bool is_unloaded(const struct hload_work *work, uint32_t symbol)
{
	bool special;
	uint32_t section = hmod_symbol_section(work->image, symbol, &special);

	return work->value[symbol] == HLOAD_UNLOADED && !special && section &&
	       !hload_is_placed(work, section);
}

/* ---- applying ------------------------------------------------------------------- */

/* Any type, by the table: the one description of what is right. */
static enum helix_status relocate(struct hload_work *work, const struct target *t, uint64_t i)
{
	const struct elf64_rela *r = &t->relas[i];
	enum helix_status status = hmod_rela_check(work->image, t->section, i, work->diag);
	uint32_t symbol = elf64_rela_symbol(r);
	uint64_t value, judged;
	const struct row *row;

	if (status)
		return status;
	row = &rows[elf64_rela_type(r)];
	if (row->formula == UNKNOWN || !hmod_range_fits(t->size, r->offset, row->width))
		return fail_type(work, t, i);
	if (row->formula == NOTHING)
		return HELIX_OK;
	if (is_unloaded(work, symbol))
		return fail(work, t, i, HELIX_E_RELOC_TARGET);
	value = t->value[symbol] + (uint64_t)r->addend;
	judged = value + bias_of(t, symbol);
	if (row->formula == S_PLUS_A_MINUS_P)
		judged = value -= t->address + r->offset;
	if (!fits(value, row) || !fits(judged, row)) /* here, and in the kernel */
		return fail_overflow(work, t, i, judged);
	memcpy(t->write + r->offset, &value, row->width);
	return HELIX_OK;
}

static inline void write4(uint8_t *field, uint64_t value)
{
	uint32_t low = (uint32_t)value;

	memcpy(field, &low, 4);
}

/* The four types that compilers write most, under the same guards. False when
 * it did nothing: then `relocate` decides, and names what is wrong. */
static inline bool relocate_quickly(const struct target *t, const struct elf64_rela *r)
{
	uint32_t symbol = elf64_rela_symbol(r);
	uint64_t value, offset = r->offset;

	if (symbol >= t->symbol_count || t->value[symbol] == HLOAD_UNLOADED)
		return false;
	value = t->value[symbol] + (uint64_t)r->addend;
	switch (elf64_rela_type(r)) {
	case R_X86_64_PC32:
	case R_X86_64_PLT32:
		value -= t->address + offset;
		if (offset >= t->past4 || value + 0x80000000u > UINT32_MAX)
			return false;
		write4(t->write + offset, value);
		return true;
	case R_X86_64_32S:
		if (offset >= t->past4 || value + 0x80000000u > UINT32_MAX ||
		    (t->bias && value + bias_of(t, symbol) + 0x80000000u > UINT32_MAX))
			return false;
		write4(t->write + offset, value);
		return true;
	case R_X86_64_64:
		if (offset >= t->past8)
			return false;
		memcpy(t->write + offset, &value, 8);
		return true;
	default:
		return false;
	}
}

/* Goes on from relocation `i`; returns the first that needs `relocate`. A
 * function of its own, so that everything stays in registers. */
static __attribute__((noinline)) uint64_t relocate_run(const struct target *t, uint64_t i,
						       uint64_t count)
{
	const struct target hoisted = *t; /* no store below can reach it */

	while (i < count && relocate_quickly(&hoisted, &hoisted.relas[i]))
		i++;
	return i;
}

static enum helix_status relocate_section(struct hload_work *work, const struct target *t,
					  uint64_t count)
{
	enum helix_status status = HELIX_OK;

	for (uint64_t i = 0; !status && (i = relocate_run(t, i, count)) < count; i++)
		status = relocate(work, t, i);
	return status;
}

static enum helix_status open_section(struct hload_work *work, uint32_t section)
{
	const struct hmod_image *image = work->image;
	uint32_t into = image->sections[section].info;
	const struct hload_placed *placed = &work->section[into];
	uint64_t count, size = image->sections[into].size;
	const struct elf64_rela *relas = hmod_section_relas(image, section, &count);
	const struct hload_region *region;
	struct target t;

	if (!count || !hload_is_placed(work, into))
		return HELIX_OK;
	region = &work->object->region[placed->kind];
	t = (struct target){
		.relas = relas,
		.symbols = image->symbols,
		.value = work->value,
		.symbol_count = image->symbol_count,
		.write = size ? region->write + placed->offset : NULL,
		.address = work->base[placed->kind] + placed->offset,
		.size = size,
		.past4 = size >= 4 ? size - 3 : 0,
		.past8 = size >= 8 ? size - 7 : 0,
		.bias = work->loading->host->judge_bias,
		.section = section,
	};
	return relocate_section(work, &t, count);
}

enum helix_status hload_relocate(struct hload_work *work)
{
	enum helix_status status = HELIX_OK;

	for (uint32_t i = 1; !status && i < work->image->section_count; i++)
		if (work->image->sections[i].type == ELF_SHT_RELA)
			status = open_section(work, i);
	return status;
}
