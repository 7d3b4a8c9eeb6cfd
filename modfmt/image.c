/* SPDX-License-Identifier: MIT
 *
 * Opening an object: the header and the section table, then section by section
 * (section.c). Nothing is used before it was checked here.
 */
#include "modfmt/internal.h"

enum helix_status hmod_fail_section(const struct hmod_image *image, struct hmod_diag *diag,
				    enum helix_status status, uint32_t section, uint64_t offset)
{
	hmod_fail(diag, status, HMOD_STAGE_SECTIONS, offset);
	hmod_diag_section(diag, section, hmod_section_name(image, section), SIZE_MAX);
	return status;
}

static enum helix_status fail_numbers(struct hmod_diag *diag, enum helix_status status,
				      uint64_t offset, uint64_t wanted, uint64_t found)
{
	hmod_fail(diag, status, HMOD_STAGE_HEADER, offset);
	hmod_diag_numbers(diag, wanted, found);
	return status;
}

static const char *type_name(unsigned type)
{
	switch (type) {
	case ELF_TYPE_EXEC: return "an executable";
	case ELF_TYPE_DYN: return "a shared object or PIE";
	case ELF_TYPE_CORE: return "a core dump";
	default: return "unknown";
	}
}

/* Already checked: nothing. Checks identification, type, machine, entry size. */
static enum helix_status check_header(struct hmod_span file, struct hmod_diag *diag)
{
	const struct elf64_header *h = (const void *)file.data;

	if (file.size < 4 || memcmp(file.data, "\177ELF", 4))
		return hmod_fail(diag, HELIX_E_NOT_ELF, HMOD_STAGE_HEADER, 0);
	if (file.size < sizeof *h) {
		fail_numbers(diag, HELIX_E_TRUNCATED, file.size, sizeof *h, file.size);
		hmod_diag_name(diag, "ELF header", SIZE_MAX);
		return HELIX_E_TRUNCATED;
	}
	if (h->ident[EI_CLASS_AT] != ELF_CLASS_64)
		return fail_numbers(diag, HELIX_E_ELF_CLASS, 4, ELF_CLASS_64, h->ident[EI_CLASS_AT]);
	if (h->ident[EI_DATA_AT] != ELF_DATA_LSB)
		return fail_numbers(diag, HELIX_E_ELF_DATA, 5, ELF_DATA_LSB, h->ident[EI_DATA_AT]);
	if (h->ident[EI_VERSION_AT] != ELF_VERSION_CURRENT)
		return fail_numbers(diag, HELIX_E_ELF_VERSION, 6, 1, h->ident[EI_VERSION_AT]);
	if (h->type != ELF_TYPE_REL) {
		fail_numbers(diag, HELIX_E_ELF_TYPE, 16, ELF_TYPE_REL, h->type);
		hmod_diag_name(diag, type_name(h->type), SIZE_MAX);
		return HELIX_E_ELF_TYPE;
	}
	if (h->machine != ELF_MACHINE_X86_64)
		return fail_numbers(diag, HELIX_E_ELF_MACHINE, 18, ELF_MACHINE_X86_64, h->machine);
	if (h->version != ELF_VERSION_CURRENT)
		return fail_numbers(diag, HELIX_E_ELF_VERSION, 20, 1, h->version);
	if (h->shentsize != sizeof(struct elf64_section))
		return fail_numbers(diag, HELIX_E_ELF_SHENTSIZE, 58, sizeof(struct elf64_section),
				    h->shentsize);
	return HELIX_OK;
}

/* Already checked: the header. Finds the section table, with more than 65,279
 * sections too (their number then stands in section 0), and the name table. */
static enum helix_status find_sections(struct hmod_image *image, struct hmod_diag *diag)
{
	const struct elf64_header *h = (const void *)image->file.data;
	const uint64_t entry = sizeof(struct elf64_section);
	struct hmod_span table;
	uint64_t count = h->shnum, names = h->shstrndx;

	if (!hmod_span_sub(image->file, h->shoff, entry, &table) || h->shoff < sizeof *h) {
		fail_numbers(diag, HELIX_E_SECTION_TABLE, 40, count, h->shoff);
		return HELIX_E_SECTION_TABLE;
	}
	image->sections = (const void *)table.data;
	if (!count)
		count = image->sections[0].size;
	if (names == ELF_SHN_XINDEX)
		names = image->sections[0].link;
	if (!count || count > image->file.size / entry ||
	    !hmod_span_sub(image->file, h->shoff, count * entry, &table))
		return fail_numbers(diag, HELIX_E_SECTION_TABLE, 40, count, h->shoff);
	image->section_count = (uint32_t)count;
	if (names >= count || !names || image->sections[names].type != ELF_SHT_STRTAB ||
	    !hmod_span_sub(image->file, image->sections[names].offset,
			   image->sections[names].size, &image->section_names) ||
	    !image->section_names.size ||
	    image->section_names.data[image->section_names.size - 1])
		return fail_numbers(diag, HELIX_E_SECTION_NAMES, 62, 0, names);
	return HELIX_OK;
}

enum helix_status hmod_image_open(struct hmod_image *image, const void *bytes, uint64_t size,
				  struct hmod_diag *diag)
{
	enum helix_status status;

	memset(image, 0, sizeof *image);
	image->file.data = bytes;
	image->file.size = size;
	if (size > HMOD_SIZE_MAX) {
		fail_numbers(diag, HELIX_E_TOO_LARGE, HMOD_NOWHERE, HMOD_SIZE_MAX, size);
		hmod_diag_name(diag, "the file", SIZE_MAX);
		return HELIX_E_TOO_LARGE;
	}
	status = check_header(image->file, diag);
	if (!status)
		status = find_sections(image, diag);
	if (!status)
		status = hmod_sections_check(image, diag);
	return status;
}

/* ---- views ------------------------------------------------------------------ */

bool hmod_section_loaded(const struct hmod_image *image, uint32_t section)
{
	const struct elf64_section *s = &image->sections[section];
	const char *name;

	if (!(s->flags & ELF_SHF_ALLOC) || s->type == ELF_SHT_NOTE ||
	    s->type == ELF_SHT_X86_64_UNWIND)
		return false;
	name = hmod_section_name(image, section);
	return !text_begins(name, ".hmod.") && !text_equal(name, ".eh_frame");
}

/* ---- overlap: only for objects whose sections are out of order ---------------- */

static void sift(const struct elf64_section *s, uint32_t *heap, uint32_t root, uint32_t count)
{
	for (;;) {
		uint32_t child = 2 * root + 1, top;

		if (child >= count)
			return;
		if (child + 1 < count && s[heap[child + 1]].offset > s[heap[child]].offset)
			child++;
		if (s[heap[child]].offset <= s[heap[root]].offset)
			return;
		top = heap[root];
		heap[root] = heap[child];
		heap[child] = top;
		root = child;
	}
}

static void sort_by_offset(const struct elf64_section *s, uint32_t *order, uint32_t count)
{
	for (uint32_t i = count / 2; i-- > 0;)
		sift(s, order, i, count);
	for (uint32_t end = count; end-- > 1;) {
		uint32_t top = order[0];
		order[0] = order[end];
		order[end] = top;
		sift(s, order, 0, end);
	}
}

enum helix_status hmod_image_overlap(const struct hmod_image *image, uint32_t *scratch,
				     struct hmod_diag *diag)
{
	const struct elf64_section *s = image->sections;
	uint32_t count = 0;

	for (uint32_t i = 1; i < image->section_count; i++)
		if (s[i].flags & ELF_SHF_ALLOC && s[i].type != ELF_SHT_NOBITS && s[i].size)
			scratch[count++] = i;
	sort_by_offset(s, scratch, count);
	for (uint32_t i = 1; i < count; i++) {
		const struct elf64_section *before = &s[scratch[i - 1]];

		if (before->size <= s[scratch[i]].offset - before->offset)
			continue;
		hmod_fail_section(image, diag, HELIX_E_SECTION_OVERLAP, scratch[i],
				  s[scratch[i]].offset);
		hmod_diag_name(diag, hmod_section_name(image, scratch[i - 1]), SIZE_MAX);
		return HELIX_E_SECTION_OVERLAP;
	}
	return HELIX_OK;
}
