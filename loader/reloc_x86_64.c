/* SPDX-License-Identifier: MIT
 *
 * Relocation, as psABI AMD64 table 4.9 has it: one row a type, with the width
 * of the field, the formula, and the range the result must fit.
 *   S: the symbol's value   A: the addend   P: the address of the field
 * Five guards for each: the type is known, the symbol exists, the whole field
 * lies in its section, the result fits, and nothing unresolved is used.
 */
#include "loader/load.h"
#include "modfmt/mem.h"

enum formula { F_NONE, F_S_A, F_S_A_P };
enum range { R_ANY, R_SIGNED_32, R_UNSIGNED_32 };

struct row {
	uint8_t width; /* bytes */
	uint8_t formula, range;
};

static const struct row table[HMOD_RELA_TYPES] = {
	[R_X86_64_NONE] = { 0, F_NONE, R_ANY },
	[R_X86_64_64] = { 8, F_S_A, R_ANY },
	[R_X86_64_PC32] = { 4, F_S_A_P, R_SIGNED_32 },
	[R_X86_64_PLT32] = { 4, F_S_A_P, R_SIGNED_32 }, /* L = S: no PLT is needed */
	[R_X86_64_32] = { 4, F_S_A, R_UNSIGNED_32 },
	[R_X86_64_32S] = { 4, F_S_A, R_SIGNED_32 },
	[R_X86_64_PC64] = { 8, F_S_A_P, R_ANY },
};

/* One relocation section being applied. */
struct target {
	struct hload_work *work;
	uint32_t section; /* the RELA section */
	uint64_t address; /* run-time address of the target section */
	uint8_t *write;
	uint64_t size;
};

static bool fits(uint8_t range, uint64_t value, uint64_t bias)
{
	switch (range) {
	case R_SIGNED_32: return (uint64_t)(int64_t)(int32_t)value == value;
	case R_UNSIGNED_32: return (uint64_t)(uint32_t)(value + bias) == value + bias;
	default: return true;
	}
}

static enum helix_status fail(struct target *t, uint64_t index, enum helix_status status,
			      uint64_t value)
{
	struct hmod_diag *diag = t->work->diag;
	const struct hmod_image *image = t->work->image;
	uint64_t count, info = image->sections[t->section].info;
	const struct elf64_rela *r = hmod_section_relas(image, t->section, &count) + index;

	hmod_fail(diag, status, HMOD_STAGE_RELOCATE, image->sections[info].offset + r->offset);
	hmod_diag_section(diag, info, hmod_section_name(image, (uint32_t)info), SIZE_MAX);
	hmod_diag_name(diag, hmod_symbol_name(image, elf64_rela_symbol(r)), SIZE_MAX);
	hmod_diag_other(diag, hmod_rela_types[elf64_rela_type(r)].name, SIZE_MAX);
	hmod_diag_numbers(diag, 0, value);
	if (diag)
		diag->index = index;
	return status;
}

/* Any type, with every guard. */
static enum helix_status apply(struct target *t, uint64_t index, const struct elf64_rela *r)
{
	struct hload_work *work = t->work;
	const struct row *row = &table[elf64_rela_type(r)];
	uint32_t symbol = elf64_rela_symbol(r);
	uint64_t value, bias;

	if (row->formula == F_NONE)
		return HELIX_OK;
	if (work->fixed[symbol] > 1)
		return fail(t, index, HELIX_E_RELOC_TARGET, 0);
	value = work->value[symbol] + (uint64_t)r->addend;
	bias = work->fixed[symbol] ? 0 : work->host->judge_bias;
	if (row->formula == F_S_A_P)
		value -= t->address + r->offset;
	if (!fits(row->range, value, bias))
		return fail(t, index, HELIX_E_RELOC_OVERFLOW, value + (row->range == R_UNSIGNED_32 ? bias : 0));
	memcpy(t->write + r->offset, &value, row->width);
	return HELIX_OK;
}

static enum helix_status apply_section(struct hload_work *work, uint32_t section)
{
	const struct hmod_image *image = work->image;
	uint32_t info = image->sections[section].info;
	struct target t = { work, section, hload_section_address(work, info),
			    hload_section_write(work, info), image->sections[info].size };
	enum helix_status status = HELIX_OK;
	const struct elf64_rela *r;
	uint64_t count;

	r = hmod_section_relas(image, section, &count);
	if (count && image->sections[info].type == ELF_SHT_NOBITS) {
		fail(&t, 0, HELIX_E_RELOC_OFFSET, r->offset);
		return HELIX_E_RELOC_OFFSET;
	}
	for (uint64_t i = 0; i < count && !status; i++) {
		status = hmod_rela_check(image, section, i, work->diag);
		if (!status)
			status = apply(&t, i, &r[i]);
	}
	return status;
}

/* Relocations of sections that are not loaded (debug information, metadata) are
 * nobody's business here. */
enum helix_status hload_relocate(struct hload_work *work)
{
	const struct hmod_image *image = work->image;
	enum helix_status status = HELIX_OK;

	for (uint32_t i = 1; i < image->section_count && !status; i++)
		if (image->sections[i].type == ELF_SHT_RELA &&
		    work->where[image->sections[i].info])
			status = apply_section(work, i);
	return status;
}
