/* SPDX-License-Identifier: MIT
 *
 * Relocation, one file a machine, with what it stands on: the global offset
 * table and the rewriting of instructions that do not need it. Relies on
 * resolved symbols and placed, still writable regions.
 */
#ifndef LOADER_RELOC_H
#define LOADER_RELOC_H

#include "loader/layout.h"

/* Applies every relocation section whose target is loaded. Refuses, each with
 * its own status: an unknown type, a symbol that does not exist or is not
 * loaded, a field past its section, a value that does not fit its field. */
enum helix_status hload_relocate(struct hload_work *work);

struct hload_relaxed;
/* What relocation `i` of RELA section `section`, whose target is loaded, writes
 * with the symbols' present values: nothing is written. The same refusals. */
enum helix_status hload_reloc_bytes(struct hload_work *work, uint32_t section, uint64_t i,
				    struct hload_relaxed *written);

/* ---- the machine's part that got.c needs: relax_x86_64.c ------------------------- */

/* One relocation and where it stands. Already checked: type, symbol, width. */
struct hload_reloc {
	const struct elf64_rela *rela;
	struct hmod_span bytes; /* the target section's, as in the file; empty for NOBITS */
	uint64_t address; /* of the target section, at run time */
};

/* What a relocation writes: a field, or an instruction that reads the GOT, rewritten
 * to do without. */
struct hload_relaxed {
	uint64_t at; /* offset in the section of the first byte to write */
	uint8_t code[8];
	unsigned size; /* bytes of code */
};

/* True for the types that read a slot of the GOT. */
bool hload_needs_slot(uint32_t type);
/* Whether the instruction around a GOTPCRELX field can do without the GOT, and
 * how. Depends on the file and the symbols' values alone: asked twice, it says
 * the same. */
bool hload_relax(const struct hload_work *work, const struct hload_reloc *reloc,
		 struct hload_relaxed *relaxed);

/* ---- the table: got.c ---------------------------------------------------------------- */

/* The run-time address of the symbol's slot. The first call makes the table,
 * with a slot for every symbol that any relocation needs one for. */
enum helix_status hload_got_slot(struct hload_work *work, uint32_t symbol, uint64_t *address);

/* True when `value`, were the module in the kernel's window, sign-extends from
 * 32 bits: `bias` is what an address there has on top. */
static inline bool hload_fits_signed(uint64_t value, uint64_t bias)
{
	return value + 0x80000000u <= UINT32_MAX && value + bias + 0x80000000u <= UINT32_MAX;
}

/* What a symbol's value has on top in the kernel: numbers (absolute symbols, and
 * weak ones that nobody provides) nothing. */
static inline uint64_t hload_symbol_bias(const struct hload_work *work, uint32_t symbol)
{
	return work->image->symbols[symbol].shndx != ELF_SHN_ABS && work->value[symbol] ?
		       work->loading->host->judge_bias :
		       0;
}

#endif
