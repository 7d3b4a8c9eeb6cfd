/* SPDX-License-Identifier: MIT
 *
 * Symbols: checked one at a time, as the loader walks the table.
 */
#include "modfmt/internal.h"

const char *hmod_symbol_name(const struct hmod_image *image, uint32_t index)
{
	const struct elf64_symbol *s = &image->symbols[index];
	bool special;
	uint32_t section;

	if (elf64_symbol_type(s) == ELF_STT_SECTION) {
		section = hmod_symbol_section(image, index, &special);
		return special || section >= image->section_count ? "" :
								    hmod_section_name(image, section);
	}
	return (const char *)image->symbol_names.data + s->name;
}

static enum helix_status fail(const struct hmod_image *image, uint32_t index,
			      enum helix_status status, struct hmod_diag *diag)
{
	hmod_fail(diag, status, HMOD_STAGE_SYMBOLS,
		  section_offset(image, image->symtab, (uint64_t)index * sizeof *image->symbols));
	if (diag)
		diag->index = index;
	if (status != HELIX_E_SYMBOL_NAME)
		hmod_diag_name(diag, hmod_symbol_name(image, index), SIZE_MAX);
	return status;
}

static enum helix_status fail_type(const struct hmod_image *image, uint32_t index,
				   const char *what, struct hmod_diag *diag)
{
	fail(image, index, HELIX_E_SYMBOL_TYPE, diag);
	hmod_diag_other(diag, what, SIZE_MAX);
	return HELIX_E_SYMBOL_TYPE;
}

enum helix_status hmod_symbol_check(const struct hmod_image *image, uint32_t index,
				    struct hmod_diag *diag)
{
	const struct elf64_symbol *s = &image->symbols[index];
	bool special;
	uint32_t section;

	if (s->name >= image->symbol_names.size) {
		fail(image, index, HELIX_E_SYMBOL_NAME, diag);
		hmod_diag_numbers(diag, image->symbol_names.size, s->name);
		return HELIX_E_SYMBOL_NAME;
	}
	if (elf64_symbol_type(s) == ELF_STT_TLS)
		return fail_type(image, index, "thread-local", diag);
	if (elf64_symbol_type(s) == ELF_STT_GNU_IFUNC)
		return fail_type(image, index, "an indirect function", diag);
	section = hmod_symbol_section(image, index, &special);
	if (special ? section != ELF_SHN_ABS && section != ELF_SHN_COMMON :
		      section >= image->section_count) {
		fail(image, index, HELIX_E_SYMBOL_SECTION, diag);
		hmod_diag_numbers(diag, image->section_count, section);
		return HELIX_E_SYMBOL_SECTION;
	}
	if (special || !section || s->value <= image->sections[section].size)
		return HELIX_OK;
	fail(image, index, HELIX_E_SYMBOL_VALUE, diag);
	hmod_diag_section(diag, section, hmod_section_name(image, section), SIZE_MAX);
	hmod_diag_numbers(diag, image->sections[section].size, s->value);
	return HELIX_E_SYMBOL_VALUE;
}
