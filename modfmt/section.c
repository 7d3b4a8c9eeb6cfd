/* SPDX-License-Identifier: MIT
 *
 * One validator a question: each says what is already checked and what it
 * checks. The section table's place, count and name table are good by now.
 */
#include "modfmt/internal.h"

static uint64_t header_offset(const struct hmod_image *image, uint32_t i)
{
	const struct elf64_header *h = (const void *)image->file.data;

	return h->shoff + (uint64_t)i * sizeof(struct elf64_section);
}

/* Checks: the name lies in the name table (which ends with a NUL). */
static enum helix_status check_name(const struct hmod_image *image, uint32_t i,
				    struct hmod_diag *diag)
{
	uint32_t name = image->sections[i].name;

	if (name < image->section_names.size)
		return HELIX_OK;
	hmod_fail(diag, HELIX_E_SECTION_NAME, HMOD_STAGE_SECTIONS, header_offset(image, i));
	if (diag)
		diag->index = i;
	hmod_diag_numbers(diag, image->section_names.size, name);
	return HELIX_E_SECTION_NAME;
}

/* Already checked: the name. Checks: the bytes lie in the file; NOBITS stays
 * under the cap. */
static enum helix_status check_range(const struct hmod_image *image, uint32_t i,
				     struct hmod_diag *diag)
{
	const struct elf64_section *s = &image->sections[i];
	bool fits = s->type == ELF_SHT_NOBITS ? s->size <= HMOD_SIZE_MAX :
						hmod_range_fits(image->file.size, s->offset, s->size);

	if (fits)
		return HELIX_OK;
	if (s->type == ELF_SHT_NOBITS) {
		hmod_fail_section(image, diag, HELIX_E_MODULE_SIZE, i, header_offset(image, i));
		hmod_diag_numbers(diag, HMOD_SIZE_MAX, s->size);
		return HELIX_E_MODULE_SIZE;
	}
	hmod_fail_section(image, diag, HELIX_E_SECTION_RANGE, i, header_offset(image, i));
	hmod_diag_numbers(diag, s->size, s->offset);
	return HELIX_E_SECTION_RANGE;
}

/* Already checked: name and range. Checks: alignment and flags of what would be
 * loaded. */
static enum helix_status check_flags(const struct hmod_image *image, uint32_t i,
				     struct hmod_diag *diag)
{
	const struct elf64_section *s = &image->sections[i];
	const uint64_t wx = ELF_SHF_WRITE | ELF_SHF_EXECINSTR;

	if (!(s->flags & ELF_SHF_ALLOC))
		return HELIX_OK;
	if (s->flags & ELF_SHF_TLS)
		return hmod_fail_section(image, diag, HELIX_E_SECTION_TLS, i, header_offset(image, i));
	if ((s->flags & wx) == wx)
		return hmod_fail_section(image, diag, HELIX_E_SECTION_FLAGS, i,
					 header_offset(image, i));
	if (s->addralign & (s->addralign - 1) || s->addralign > HMOD_ALIGN_MAX) {
		hmod_fail_section(image, diag, HELIX_E_SECTION_ALIGN, i, header_offset(image, i));
		hmod_diag_numbers(diag, HMOD_ALIGN_MAX, s->addralign);
		return HELIX_E_SECTION_ALIGN;
	}
	return HELIX_OK;
}

static enum helix_status fail_link(const struct hmod_image *image, uint32_t i, bool info,
				   const char *wanted, struct hmod_diag *diag)
{
	const struct elf64_section *s = &image->sections[i];
	enum helix_status status = info ? HELIX_E_SECTION_INFO : HELIX_E_SECTION_LINK;

	hmod_fail_section(image, diag, status, i, header_offset(image, i));
	hmod_diag_name(diag, wanted, SIZE_MAX);
	hmod_diag_numbers(diag, 0, info ? s->info : s->link);
	return status;
}

static enum helix_status fail_symtab(const struct hmod_image *image, uint32_t i, const char *what,
				     struct hmod_diag *diag)
{
	hmod_fail_section(image, diag, HELIX_E_SYMBOL_TABLE, i, header_offset(image, i));
	hmod_diag_name(diag, what, SIZE_MAX);
	return HELIX_E_SYMBOL_TABLE;
}

/* Already checked: every section's range. Checks: the one symbol table, its
 * entry size, its string table; sh_info within it. */
static enum helix_status open_symtab(struct hmod_image *image, uint32_t i, struct hmod_diag *diag)
{
	const struct elf64_section *s = &image->sections[i];
	struct hmod_span names;

	if (image->symtab)
		return fail_symtab(image, i, "there is a second one", diag);
	if (s->entsize != sizeof(struct elf64_symbol) || s->size % sizeof(struct elf64_symbol))
		return fail_symtab(image, i, "its size is not a multiple of 24-byte entries", diag);
	if (s->link >= image->section_count || image->sections[s->link].type != ELF_SHT_STRTAB)
		return fail_link(image, i, false, "a string table", diag);
	if (!hmod_span_sub(image->file, image->sections[s->link].offset,
			   image->sections[s->link].size, &names))
		return fail_link(image, i, false, "a string table inside the file", diag);
	if (!names.size || names.data[names.size - 1])
		return hmod_fail_section(image, diag, HELIX_E_STRING_TABLE, s->link,
					 header_offset(image, s->link));
	image->symtab = i;
	image->symbols = (const void *)hmod_section_bytes(image, i).data;
	image->symbol_count = (uint32_t)(s->size / sizeof(struct elf64_symbol));
	image->symbol_names = names;
	image->first_global = s->info;
	if (s->info > image->symbol_count)
		return fail_link(image, i, true, "the number of local symbols", diag);
	return HELIX_OK;
}

/* Already checked: the symbol table. Checks: the section indices that did not
 * fit it have one entry a symbol. */
static enum helix_status open_extended(struct hmod_image *image, uint32_t i,
				       struct hmod_diag *diag)
{
	const struct elf64_section *s = &image->sections[i];

	if (!image->symtab || s->link != image->symtab)
		return fail_link(image, i, false, "the symbol table", diag);
	if (s->size / 4 != image->symbol_count || image->extended)
		return fail_symtab(image, i, "its section indices do not match it", diag);
	image->extended = hmod_section_bytes(image, i).data;
	return HELIX_OK;
}

/* Already checked: the symbol table. Checks: entry size, link and info; that all
 * tables (*related bytes so far) do not come to more than the file, as they could
 * if they shared their bytes: a load is linear in its size. */
static enum helix_status check_rela(const struct hmod_image *image, uint32_t i, uint64_t *related,
				    struct hmod_diag *diag)
{
	const struct elf64_section *s = &image->sections[i];

	if (s->type == ELF_SHT_REL)
		return hmod_fail_section(image, diag, HELIX_E_RELOC_REL, i, header_offset(image, i));
	if (s->size % sizeof(struct elf64_rela) || s->entsize != sizeof(struct elf64_rela)) {
		hmod_fail_section(image, diag, HELIX_E_RELOC_TABLE, i, header_offset(image, i));
		hmod_diag_numbers(diag, sizeof(struct elf64_rela),
				  s->size % sizeof(struct elf64_rela) ? s->size : s->entsize);
		return HELIX_E_RELOC_TABLE;
	}
	if (!image->symtab || s->link != image->symtab)
		return fail_link(image, i, false, "the symbol table", diag);
	if (!s->info || s->info >= image->section_count)
		return fail_link(image, i, true, "a section", diag);
	*related += s->size;
	if (*related <= image->file.size)
		return HELIX_OK;
	hmod_fail_section(image, diag, HELIX_E_RELOC_SHARED, i, header_offset(image, i));
	hmod_diag_numbers(diag, image->file.size, *related);
	return HELIX_E_RELOC_SHARED;
}

/* Notes the sections that hold metadata; each may be there once. */
static enum helix_status note_metadata(struct hmod_image *image, uint32_t i, struct hmod_diag *diag)
{
	static const char *const names[] = { ".hmod.module", ".hmod.param", ".hmod.export",
					     ".hmod.interface", ".hmod.flat",
					     ".hmod.import_ns" };
	uint32_t *const at[] = { &image->record, &image->params, &image->exports,
				 &image->interfaces, &image->flat, &image->namespaces };
	const char *name = hmod_section_name(image, i);

	if (!text_begins(name, ".hmod.") || image->sections[i].type != ELF_SHT_PROGBITS)
		return HELIX_OK;
	for (unsigned k = 0; k < sizeof at / sizeof at[0]; k++) {
		if (!text_equal(name, names[k]))
			continue;
		if (*at[k]) {
			hmod_fail(diag, HELIX_E_META_DUPLICATE, HMOD_STAGE_METADATA,
				  header_offset(image, i));
			hmod_diag_numbers(diag, 1, 2);
			return HELIX_E_META_DUPLICATE;
		}
		*at[k] = i;
	}
	return HELIX_OK;
}

/* Loaded bytes in index order, one behind the other: then none can overlap. */
static bool follows(const struct elf64_section *s, uint64_t *end)
{
	if (!(s->flags & ELF_SHF_ALLOC) || s->type == ELF_SHT_NOBITS || !s->size)
		return true;
	if (s->offset < *end)
		return false;
	*end = s->offset + s->size;
	return true;
}

static enum helix_status check_each(struct hmod_image *image, struct hmod_diag *diag)
{
	uint64_t end = 0, loaded = 0;
	enum helix_status status;

	image->in_order = true;
	for (uint32_t i = 1; i < image->section_count; i++) {
		const struct elf64_section *s = &image->sections[i];

		if (s->type == ELF_SHT_NULL)
			continue;
		if ((status = check_name(image, i, diag)) || (status = check_range(image, i, diag)) ||
		    (status = check_flags(image, i, diag)) ||
		    (status = note_metadata(image, i, diag)))
			return status;
		if (s->type == ELF_SHT_SYMTAB && (status = open_symtab(image, i, diag)))
			return status;
		if (image->in_order && !follows(s, &end))
			image->in_order = false;
		if (s->flags & ELF_SHF_ALLOC && (loaded += s->size) > HMOD_SIZE_MAX) {
			hmod_fail(diag, HELIX_E_MODULE_SIZE, HMOD_STAGE_SECTIONS,
				  header_offset(image, i));
			hmod_diag_numbers(diag, HMOD_SIZE_MAX, loaded);
			return HELIX_E_MODULE_SIZE;
		}
	}
	return HELIX_OK;
}

/* Already checked: header, table, name table. After this the image is open. */
enum helix_status hmod_sections_check(struct hmod_image *image, struct hmod_diag *diag)
{
	enum helix_status status = check_each(image, diag);
	uint64_t related = 0;

	for (uint32_t i = 1; !status && i < image->section_count; i++) {
		uint32_t type = image->sections[i].type;

		if (type == ELF_SHT_RELA || type == ELF_SHT_REL)
			status = check_rela(image, i, &related, diag);
		else if (type == ELF_SHT_SYMTAB_SHNDX)
			status = open_extended(image, i, diag);
		else if (type == ELF_SHT_GROUP)
			status = hmod_group_check(image, i, diag);
	}
	return status;
}
