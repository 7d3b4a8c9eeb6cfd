/* SPDX-License-Identifier: MIT
 *
 * What the file alone says about relocations. The type table follows psABI
 * AMD64, table 4.9; how each is computed stands in the loader.
 */
#include "modfmt/internal.h"

#define GOT_MEND "no compiler for x86-64 writes it: compile again with gcc or clang"
#define TLS_MEND "modules have no thread-local storage: remove _Thread_local"
#define DYN_MEND "it belongs into a linked program, not into an object"

const struct hmod_rela_type hmod_rela_types[HMOD_RELA_TYPES] = {
	[R_X86_64_NONE] = { "R_X86_64_NONE", 0, true, "" },
	[R_X86_64_64] = { "R_X86_64_64", 8, true, "" },
	[R_X86_64_PC32] = { "R_X86_64_PC32", 4, true, "" },
	[R_X86_64_GOT32] = { "R_X86_64_GOT32", 4, false, GOT_MEND },
	[R_X86_64_PLT32] = { "R_X86_64_PLT32", 4, true, "" },
	[R_X86_64_COPY] = { "R_X86_64_COPY", 0, false, DYN_MEND },
	[R_X86_64_GLOB_DAT] = { "R_X86_64_GLOB_DAT", 8, false, DYN_MEND },
	[R_X86_64_JUMP_SLOT] = { "R_X86_64_JUMP_SLOT", 8, false, DYN_MEND },
	[R_X86_64_RELATIVE] = { "R_X86_64_RELATIVE", 8, false, DYN_MEND },
	[R_X86_64_GOTPCREL] = { "R_X86_64_GOTPCREL", 4, true, "" },
	[R_X86_64_32] = { "R_X86_64_32", 4, true, "" },
	[R_X86_64_32S] = { "R_X86_64_32S", 4, true, "" },
	[R_X86_64_16] = { "R_X86_64_16", 2, true, "" },
	[R_X86_64_PC16] = { "R_X86_64_PC16", 2, true, "" },
	[R_X86_64_8] = { "R_X86_64_8", 1, true, "" },
	[R_X86_64_PC8] = { "R_X86_64_PC8", 1, true, "" },
	[R_X86_64_DTPMOD64] = { "R_X86_64_DTPMOD64", 8, false, TLS_MEND },
	[R_X86_64_DTPOFF64] = { "R_X86_64_DTPOFF64", 8, false, TLS_MEND },
	[R_X86_64_TPOFF64] = { "R_X86_64_TPOFF64", 8, false, TLS_MEND },
	[R_X86_64_TLSGD] = { "R_X86_64_TLSGD", 4, false, TLS_MEND },
	[R_X86_64_TLSLD] = { "R_X86_64_TLSLD", 4, false, TLS_MEND },
	[R_X86_64_DTPOFF32] = { "R_X86_64_DTPOFF32", 4, false, TLS_MEND },
	[R_X86_64_GOTTPOFF] = { "R_X86_64_GOTTPOFF", 4, false, TLS_MEND },
	[R_X86_64_TPOFF32] = { "R_X86_64_TPOFF32", 4, false, TLS_MEND },
	[R_X86_64_PC64] = { "R_X86_64_PC64", 8, true, "" },
	[R_X86_64_GOTOFF64] = { "R_X86_64_GOTOFF64", 8, true, "" },
	[R_X86_64_GOTPC32] = { "R_X86_64_GOTPC32", 4, true, "" },
	[R_X86_64_GOT64] = { "R_X86_64_GOT64", 8, true, "" },
	[R_X86_64_GOTPCREL64] = { "R_X86_64_GOTPCREL64", 8, true, "" },
	[R_X86_64_GOTPC64] = { "R_X86_64_GOTPC64", 8, true, "" },
	[R_X86_64_GOTPLT64] = { "R_X86_64_GOTPLT64", 8, false, GOT_MEND },
	[R_X86_64_PLTOFF64] = { "R_X86_64_PLTOFF64", 8, true, "" },
	[R_X86_64_SIZE32] = { "R_X86_64_SIZE32", 4, true, "" },
	[R_X86_64_SIZE64] = { "R_X86_64_SIZE64", 8, true, "" },
	[R_X86_64_GOTPC32_TLSDESC] = { "R_X86_64_GOTPC32_TLSDESC", 4, false, TLS_MEND },
	[R_X86_64_TLSDESC_CALL] = { "R_X86_64_TLSDESC_CALL", 0, false, TLS_MEND },
	[R_X86_64_TLSDESC] = { "R_X86_64_TLSDESC", 16, false, TLS_MEND },
	[R_X86_64_IRELATIVE] = { "R_X86_64_IRELATIVE", 8, false, "remove the ifunc attribute" },
	[R_X86_64_RELATIVE64] = { "R_X86_64_RELATIVE64", 8, false, DYN_MEND },
	[39] = { "R_X86_64_PC32_BND", 4, false, "compile without -mmpx" },
	[40] = { "R_X86_64_PLT32_BND", 4, false, "compile without -mmpx" },
	[R_X86_64_GOTPCRELX] = { "R_X86_64_GOTPCRELX", 4, true, "" },
	[R_X86_64_REX_GOTPCRELX] = { "R_X86_64_REX_GOTPCRELX", 4, true, "" },
};

static enum helix_status fail(const struct hmod_image *image, uint32_t section, uint64_t index,
			      enum helix_status status, struct hmod_diag *diag)
{
	hmod_fail(diag, status, HMOD_STAGE_RELOCATIONS,
		  section_offset(image, section, index * sizeof(struct elf64_rela)));
	hmod_diag_section(diag, section, hmod_section_name(image, section), SIZE_MAX);
	if (diag)
		diag->index = index;
	return status;
}

static enum helix_status fail_type(const struct hmod_image *image, uint32_t section,
				   uint64_t index, uint32_t type, struct hmod_diag *diag)
{
	const struct hmod_rela_type *row = type < HMOD_RELA_TYPES ? &hmod_rela_types[type] : NULL;

	fail(image, section, index, HELIX_E_RELOC_TYPE, diag);
	hmod_diag_numbers(diag, 0, type);
	hmod_diag_name(diag, row && row->name ? row->name : "unknown", SIZE_MAX);
	hmod_diag_other(diag, row && row->name ? row->mend : "", SIZE_MAX);
	return HELIX_E_RELOC_TYPE;
}

enum helix_status hmod_rela_check(const struct hmod_image *image, uint32_t section,
				  uint64_t index, struct hmod_diag *diag)
{
	uint64_t count, size = image->sections[image->sections[section].info].size;
	const struct elf64_rela *r = hmod_section_relas(image, section, &count) + index;
	uint32_t type = elf64_rela_type(r);

	if (type >= HMOD_RELA_TYPES || !hmod_rela_types[type].supported)
		return fail_type(image, section, index, type, diag);
	if (elf64_rela_symbol(r) >= image->symbol_count) {
		fail(image, section, index, HELIX_E_RELOC_SYMBOL, diag);
		hmod_diag_numbers(diag, image->symbol_count, elf64_rela_symbol(r));
		return HELIX_E_RELOC_SYMBOL;
	}
	if (!hmod_range_fits(size, r->offset, hmod_rela_types[type].width)) {
		fail(image, section, index, HELIX_E_RELOC_OFFSET, diag);
		hmod_diag_numbers(diag, hmod_rela_types[type].width, r->offset);
		return HELIX_E_RELOC_OFFSET;
	}
	return HELIX_OK;
}
