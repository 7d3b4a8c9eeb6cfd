/* SPDX-License-Identifier: MIT
 *
 * The checked view of one relocatable object: header, sections, symbols,
 * relocations. No allocation; the bytes must stay and must not change while
 * the image is used. Every function that can refuse returns a status and fills
 * the diagnostic (which may be NULL).
 */
#ifndef MODFMT_IMAGE_H
#define MODFMT_IMAGE_H

#include "modfmt/diag.h"
#include "modfmt/elf.h"
#include "modfmt/span.h"

#define HMOD_ALIGN_MAX (UINT64_C(2) << 20) /* bytes, of a loaded section */
#define HMOD_SIZE_MAX (UINT64_C(256) << 20) /* bytes, of a file and of a loaded module */

struct hmod_image {
	struct hmod_span file;
	const struct elf64_section *sections; /* section_count entries */
	uint32_t section_count; /* at least 1: index 0 is the null section */
	struct hmod_span section_names;
	const struct elf64_symbol *symbols; /* symbol_count entries; NULL if none */
	uint32_t symbol_count;
	uint32_t symtab; /* its section index; 0 if there is none */
	uint32_t first_global; /* symbols before it are local */
	struct hmod_span symbol_names; /* ends with a NUL byte */
	const uint8_t *extended; /* SHT_SYMTAB_SHNDX: symbol_count × 4 bytes, or NULL */
	uint32_t record, params, exports, interfaces, flat, namespaces; /* .hmod.*: index or 0 */
	uint32_t group_count; /* sections of type SHT_GROUP */
	uint64_t member_count; /* of all groups */
	bool in_order; /* loaded sections stand in the file in index order, disjoint */
};

/* Checks header, section table, each section header, the links between
 * sections, the symbol table's shape and the .hmod.* sections' presence, and
 * fills `image`. Time: linear in the number of sections. Not checked here:
 * single symbols and relocations (hmod_symbol_check, hmod_rela_check), overlap
 * of sections when `in_order` is false (hmod_image_overlap). */
enum helix_status hmod_image_open(struct hmod_image *image, const void *bytes,
				  uint64_t size, struct hmod_diag *diag);

/* Refuses loaded sections that share bytes of the file. `scratch` holds
 * section_count entries. n log n; only needed when !in_order. */
enum helix_status hmod_image_overlap(const struct hmod_image *image, uint32_t *scratch,
				     struct hmod_diag *diag);

/* Everything that can be judged from the file alone, metadata included; for
 * tools and tests. `scratch` as above. Only what needs more memory than that is
 * left out: a list that names the same twice is found by hmod_meta_flatten. */
enum helix_status hmod_image_check(const struct hmod_image *image, uint32_t *scratch,
				   struct hmod_diag *diag);

/* ---- views, valid on an opened image ------------------------------------ */

/* True for a section that occupies memory in the loaded module: SHF_ALLOC and
 * neither one of the .hmod.* sections, which are consumed from the file, nor a
 * note, nor .eh_frame, which nobody unwinds with. */
bool hmod_section_loaded(const struct hmod_image *image, uint32_t section);

/* The section's bytes in the file; empty for NOBITS. */
static inline struct hmod_span hmod_section_bytes(const struct hmod_image *image,
						  uint32_t section)
{
	const struct elf64_section *s = &image->sections[section];
	struct hmod_span bytes = { image->file.data, 0 };

	if (s->type != ELF_SHT_NOBITS && s->type != ELF_SHT_NULL)
		hmod_span_sub(image->file, s->offset, s->size, &bytes);
	return bytes;
}

/* The namespaces that the module imports from, one a call. Start with *cursor all
 * zero; NOT_FOUND with no diagnostic after the last. Refuses one that is too long,
 * has a control character or does not end. */
#define HMOD_NAMESPACES_MAX 1024 /* each takes more memory than its bytes in the file */
struct hmod_namespace_cursor {
	uint64_t offset, index; /* where the next one is looked for; how many there were */
};
enum helix_status hmod_namespace_next(const struct hmod_image *image,
				      struct hmod_namespace_cursor *cursor, const char **name,
				      struct hmod_diag *diag);
/* NULL, or what is wrong with an export that is in namespace `name`. */
const char *hmod_namespace_check(const char *name);

/* A group of sections: of COMDAT groups with one name only the first counts. Its
 * members (hmod_group_count of them) are sections with SHF_GROUP. */
bool hmod_group_comdat(const struct hmod_image *image, uint32_t group);
const char *hmod_group_name(const struct hmod_image *image, uint32_t group);
uint32_t hmod_group_count(const struct hmod_image *image, uint32_t group);
uint32_t hmod_group_member(const struct hmod_image *image, uint32_t group, uint32_t i);

/* The section's name, never NULL. */
static inline const char *hmod_section_name(const struct hmod_image *image, uint32_t section)
{
	uint32_t name = image->sections[section].name;

	return name < image->section_names.size ? (const char *)image->section_names.data + name : "";
}

/* Checks symbol `index` (name offset, section index, value, type). Needs an
 * opened image and index < symbol_count. */
enum helix_status hmod_symbol_check(const struct hmod_image *image, uint32_t index,
				    struct hmod_diag *diag);

/* The name of a checked symbol; a section symbol has its section's name. */
const char *hmod_symbol_name(const struct hmod_image *image, uint32_t index);

/* The section a symbol is defined in, with SHN_XINDEX followed: a real index,
 * or ELF_SHN_UNDEF, or with *special set one of the reserved ones. */
static inline uint32_t hmod_symbol_section(const struct hmod_image *image, uint32_t index,
					   bool *special)
{
	const struct elf64_symbol *s = &image->symbols[index];
	uint32_t section = s->shndx;

	*special = section >= ELF_SHN_LORESERVE && section != ELF_SHN_XINDEX;
	if (section != ELF_SHN_XINDEX)
		return section;
	if (!image->extended)
		return UINT32_MAX;
	return *(const elf64_word *)(image->extended + 4 * (size_t)index);
}

/* The relocations of RELA section `section`; *count of them. */
static inline const struct elf64_rela *hmod_section_relas(const struct hmod_image *image,
							  uint32_t section, uint64_t *count)
{
	*count = image->sections[section].size / sizeof(struct elf64_rela);
	return (const void *)hmod_section_bytes(image, section).data;
}

/* Checks what the file alone says about relocation `index` of RELA section
 * `section`: type known and supported, symbol exists, offset + width inside
 * the target section. */
enum helix_status hmod_rela_check(const struct hmod_image *image, uint32_t section,
				  uint64_t index, struct hmod_diag *diag);

/* ---- relocation types: psABI AMD64, table 4.9 ---------------------------- */

struct hmod_rela_type {
	const char *name; /* "R_X86_64_PC32"; NULL: unassigned number */
	uint8_t width; /* bytes written: 0, 1, 2, 4, 8; 16 for TLSDESC */
	bool supported;
	const char *mend; /* for the unsupported: what to compile differently */
};
#define HMOD_RELA_TYPES 43
extern const struct hmod_rela_type hmod_rela_types[HMOD_RELA_TYPES];

#endif
