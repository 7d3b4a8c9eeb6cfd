/* SPDX-License-Identifier: MIT
 *
 * Relocations of x86-64: psABI AMD64, table 4.9. S is the symbol's value (L, its
 * PLT entry, too: calls go straight), A the addend, P the run-time address of the
 * field, Z the symbol's size, GOT the table's address, G the offset of the
 * symbol's slot from it. Five guards stand before every write: the type is known,
 * the symbol exists, it was resolved (hload_resolve names those that were not),
 * the whole width lies in the section, and the value fits. A field is written
 * through the region's writable view.
 */
#include "loader/reloc.h"

#include "modfmt/mem.h"

/* ---- the table ------------------------------------------------------------------ */

enum formula {
	UNKNOWN, /* no row */
	NOTHING,
	S_A, /* S + A: absolute, judged where the kernel would have it */
	S_A_P, /* S + A - P */
	Z_A, /* Z + A */
	G_A, /* G + A */
	G_GOT_A_P, /* G + GOT + A - P */
	S_A_GOT, /* S + A - GOT */
	GOT_A_P, /* GOT + A - P */
};

enum range {
	ANY, /* the field holds every value */
	UNSIGNED, /* zero-extends to the value */
	SIGNED, /* sign-extends to the value */
	EITHER, /* one of both */
};

struct row {
	uint8_t width; /* bytes */
	uint8_t formula, range;
};

static const struct row rows[HMOD_RELA_TYPES] = {
	[R_X86_64_NONE] = { 0, NOTHING, ANY },
	[R_X86_64_64] = { 8, S_A, ANY },
	[R_X86_64_PC32] = { 4, S_A_P, SIGNED },
	[R_X86_64_PLT32] = { 4, S_A_P, SIGNED },
	[R_X86_64_GOTPCREL] = { 4, G_GOT_A_P, SIGNED },
	[R_X86_64_32] = { 4, S_A, UNSIGNED },
	[R_X86_64_32S] = { 4, S_A, SIGNED },
	[R_X86_64_16] = { 2, S_A, EITHER },
	[R_X86_64_PC16] = { 2, S_A_P, SIGNED },
	[R_X86_64_8] = { 1, S_A, EITHER },
	[R_X86_64_PC8] = { 1, S_A_P, SIGNED },
	[R_X86_64_PC64] = { 8, S_A_P, ANY },
	[R_X86_64_GOTOFF64] = { 8, S_A_GOT, ANY },
	[R_X86_64_GOTPC32] = { 4, GOT_A_P, SIGNED },
	[R_X86_64_GOT64] = { 8, G_A, ANY },
	[R_X86_64_GOTPCREL64] = { 8, G_GOT_A_P, ANY },
	[R_X86_64_GOTPC64] = { 8, GOT_A_P, ANY },
	[R_X86_64_PLTOFF64] = { 8, S_A_GOT, ANY },
	[R_X86_64_SIZE32] = { 4, Z_A, UNSIGNED },
	[R_X86_64_SIZE64] = { 8, Z_A, ANY },
	[R_X86_64_GOTPCRELX] = { 4, G_GOT_A_P, SIGNED },
	[R_X86_64_REX_GOTPCRELX] = { 4, G_GOT_A_P, SIGNED },
};

static bool fits(uint64_t value, const struct row *row)
{
	uint64_t half;

	if (row->range == ANY || row->width >= 8)
		return true;
	half = UINT64_C(1) << (8 * row->width - 1);
	return (row->range != SIGNED && value < 2 * half) ||
	       (row->range != UNSIGNED && value + half < 2 * half);
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
	uint32_t into; /* the one it relocates */
};

/* As hload_symbol_bias, from what is hoisted. */
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

/* Only the module that defines a symbol knows its size. */
static bool has_no_size(const struct hload_work *work, uint32_t symbol)
{
	bool special;

	return hmod_symbol_section(work->image, symbol, &special) == ELF_SHN_UNDEF && !special;
}

/* ---- computing ------------------------------------------------------------------ */

/* The formula's value; its *bias is what it has on top in the kernel. G_A and
 * G_GOT_A_P take a slot of the GOT, which may have to be made first. */
static enum helix_status compute(struct hload_work *work, const struct target *t,
				 const struct elf64_rela *r, uint64_t *value, uint64_t *bias)
{
	uint32_t symbol = elf64_rela_symbol(r);
	uint64_t a = (uint64_t)r->addend, p = t->address + r->offset, got = hload_got(work);
	enum formula formula = rows[elf64_rela_type(r)].formula;
	enum helix_status status = HELIX_OK;
	uint64_t slot = 0;

	if (formula == G_A || formula == G_GOT_A_P)
		status = hload_got_slot(work, symbol, &slot);
	*bias = 0;
	switch (formula) {
	case S_A:
		*bias = bias_of(t, symbol);
		*value = t->value[symbol] + a;
		break;
	case S_A_P:
		*bias = bias_of(t, symbol) - t->bias;
		*value = t->value[symbol] + a - p;
		break;
	case Z_A: *value = t->symbols[symbol].size + a; break;
	case G_A: *value = slot - got + a; break;
	case G_GOT_A_P: *value = slot + a - p; break;
	case S_A_GOT: *value = t->value[symbol] + a - got; break;
	case GOT_A_P: *value = got + a - p; break;
	case UNKNOWN:
	case NOTHING: break;
	}
	return status;
}

/* True when the instruction could do without the GOT and was rewritten. */
static bool relaxed(const struct hload_work *work, const struct target *t,
		    const struct elf64_rela *r)
{
	struct hload_reloc reloc = { r, hmod_section_bytes(work->image, t->into), t->address };
	struct hload_relaxed relaxed;

	if (!hload_needs_slot(elf64_rela_type(r)) || !hload_relax(work, &reloc, &relaxed))
		return false;
	memcpy(t->write + relaxed.at, relaxed.code, relaxed.size);
	return true;
}

/* ---- applying ------------------------------------------------------------------- */

/* Already checked: the type has a row, the symbol exists, the width fits. */
static enum helix_status check_symbol(struct hload_work *work, const struct target *t, uint64_t i)
{
	uint32_t symbol = elf64_rela_symbol(&t->relas[i]);
	enum formula formula = rows[elf64_rela_type(&t->relas[i])].formula;

	if (formula == Z_A && has_no_size(work, symbol))
		return fail(work, t, i, HELIX_E_RELOC_SIZE);
	if (formula != Z_A && formula != GOT_A_P && is_unloaded(work, symbol))
		return fail(work, t, i, HELIX_E_RELOC_TARGET);
	return HELIX_OK;
}

/* Any type, by the table: the one description of what is right. */
static enum helix_status relocate(struct hload_work *work, const struct target *t, uint64_t i)
{
	const struct elf64_rela *r = &t->relas[i];
	enum helix_status status = hmod_rela_check(work->image, t->section, i, work->diag);
	uint64_t value = 0, bias = 0;
	const struct row *row;

	if (status)
		return status;
	row = &rows[elf64_rela_type(r)];
	if (row->formula == UNKNOWN || !hmod_range_fits(t->size, r->offset, row->width))
		return fail_type(work, t, i);
	if (row->formula == NOTHING)
		return HELIX_OK;
	if ((status = check_symbol(work, t, i)) || relaxed(work, t, r))
		return status;
	if ((status = compute(work, t, r, &value, &bias)))
		return status;
	if (!fits(value, row) || !fits(value + bias, row)) /* here, and in the kernel */
		return fail_overflow(work, t, i, value + bias);
	memcpy(t->write + r->offset, &value, row->width);
	return HELIX_OK;
}

static inline void write4(uint8_t *field, uint64_t value)
{
	uint32_t low = (uint32_t)value;

	memcpy(field, &low, 4);
}

/* S + A in 32 bits, relative or (32S) not, under the guards of `relocate`; false
 * when one of them says no. A symbol that is not loaded has a value that does not
 * fit. */
static inline __attribute__((always_inline)) bool relocate4(const struct target *t,
							    uint64_t offset, uint64_t value)
{
	if (offset >= t->past4 || (uint64_t)(int64_t)(int32_t)value != value)
		return false;
	write4(t->write + offset, value);
	return true;
}

static inline __attribute__((always_inline)) bool relocate8(const struct target *t,
							    uint64_t offset, uint64_t value,
							    uint64_t addend)
{
	if (offset >= t->past8 || value == HLOAD_UNLOADED)
		return false;
	value += addend;
	memcpy(t->write + offset, &value, 8);
	return true;
}

/* The four types that compilers write most, under the same guards; `pointers`:
 * mostly R_X86_64_64. False when it did nothing: then `relocate` decides, and
 * names what is wrong. */
static inline __attribute__((always_inline)) bool relocate_quickly(const struct target *t,
								   const struct elf64_rela *r,
								   bool pointers)
{
	const uint32_t symbol = elf64_rela_symbol(r), type = elf64_rela_type(r);
	const uint64_t offset = r->offset, a = (uint64_t)r->addend;

	if (symbol >= t->symbol_count)
		return false;
	if (pointers && type == R_X86_64_64)
		return relocate8(t, offset, t->value[symbol], a);
	if (type == R_X86_64_PC32 || type == R_X86_64_PLT32)
		return relocate4(t, offset, t->value[symbol] + a - (t->address + offset));
	if (!pointers && type == R_X86_64_64)
		return relocate8(t, offset, t->value[symbol], a);
	return type == R_X86_64_32S &&
	       (!t->bias || t->value[symbol] + a + bias_of(t, symbol) + 0x80000000u <= UINT32_MAX) &&
	       relocate4(t, offset, t->value[symbol] + a);
}

/* Goes on from relocation `i`; returns the first that needs `relocate`. Four at a
 * time, in functions of their own, so that everything stays in registers. */
#define RELOCATE_RUN(name, pointers)                                                               \
	static __attribute__((noinline)) uint64_t name(const struct target *t, uint64_t i,         \
						       uint64_t count)                             \
	{                                                                                          \
		const struct target hoisted = *t; /* no store below can reach it */                \
		const struct elf64_rela *r = hoisted.relas + i, *const end = hoisted.relas + count; \
                                                                                                   \
		for (; end - r >= 4; r += 4) {                                                     \
			if (!relocate_quickly(&hoisted, r, pointers))                              \
				return (uint64_t)(r - hoisted.relas);                              \
			if (!relocate_quickly(&hoisted, r + 1, pointers))                          \
				return (uint64_t)(r + 1 - hoisted.relas);                          \
			if (!relocate_quickly(&hoisted, r + 2, pointers))                          \
				return (uint64_t)(r + 2 - hoisted.relas);                          \
			if (!relocate_quickly(&hoisted, r + 3, pointers))                          \
				return (uint64_t)(r + 3 - hoisted.relas);                          \
		}                                                                                  \
		while (r < end && relocate_quickly(&hoisted, r, pointers))                         \
			r++;                                                                       \
		return (uint64_t)(r - hoisted.relas);                                              \
	}
RELOCATE_RUN(relocate_code, false)
RELOCATE_RUN(relocate_pointers, true)

static enum helix_status relocate_section(struct hload_work *work, const struct target *t,
					  uint64_t count)
{
	const bool pointers = elf64_rela_type(&t->relas[0]) == R_X86_64_64;
	enum helix_status status = HELIX_OK;

	for (uint64_t i = 0; !status; i++) {
		i = pointers ? relocate_pointers(t, i, count) : relocate_code(t, i, count);
		if (i == count)
			break;
		status = relocate(work, t, i);
	}
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
		/* The quick way judges no distance to a number for the kernel. */
		.past4 = size >= 4 && !(work->numbers && work->loading->host->judge_bias) ?
				 size - 3 :
				 0,
		.past8 = size >= 8 ? size - 7 : 0,
		.bias = work->loading->host->judge_bias,
		.section = section,
		.into = into,
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
