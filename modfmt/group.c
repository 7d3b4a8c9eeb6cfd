/* SPDX-License-Identifier: MIT
 *
 * Section groups (gABI, "Section Groups"): a flag word and the indices of the
 * members; the symbol in sh_info names the group. Only their shape is judged
 * here, which of several COMDAT groups stays is the loader's to say.
 */
#include "modfmt/internal.h"

static enum helix_status fail(const struct hmod_image *image, uint32_t i, const char *what,
			      struct hmod_diag *diag)
{
	hmod_fail_section(image, diag, HELIX_E_GROUP, i, section_offset(image, i, 0));
	hmod_diag_name(diag, what, SIZE_MAX);
	return HELIX_E_GROUP;
}

static uint32_t word_at(const struct hmod_image *image, uint32_t group, uint32_t word)
{
	uint32_t value = 0;
	struct hmod_span bytes;

	if (hmod_span_sub(hmod_section_bytes(image, group), 4 * (uint64_t)word, 4, &bytes))
		memcpy(&value, bytes.data, 4);
	return value;
}

bool hmod_group_comdat(const struct hmod_image *image, uint32_t group)
{
	return word_at(image, group, 0) & ELF_GRP_COMDAT;
}

uint32_t hmod_group_count(const struct hmod_image *image, uint32_t group)
{
	return (uint32_t)(image->sections[group].size / 4 - 1);
}

uint32_t hmod_group_member(const struct hmod_image *image, uint32_t group, uint32_t i)
{
	return word_at(image, group, i + 1);
}

const char *hmod_group_name(const struct hmod_image *image, uint32_t group)
{
	return hmod_symbol_name(image, image->sections[group].info);
}

static enum helix_status check_member(const struct hmod_image *image, uint32_t i, uint32_t member,
				      struct hmod_diag *diag)
{
	const char *wrong = NULL;

	if (!member || member >= image->section_count)
		wrong = "a member does not exist";
	else if (image->sections[member].type == ELF_SHT_GROUP)
		wrong = "a member is a group itself";
	else if (!(image->sections[member].flags & ELF_SHF_GROUP))
		wrong = "a member is not flagged as one";
	return wrong ? fail(image, i, wrong, diag) : HELIX_OK;
}

/* Already checked: the section's bytes lie in the file, and the symbol table. */
enum helix_status hmod_group_check(struct hmod_image *image, uint32_t i, struct hmod_diag *diag)
{
	const struct elf64_section *s = &image->sections[i];
	enum helix_status status = HELIX_OK;

	if (!image->symtab || s->link != image->symtab)
		return fail(image, i, "sh_link is not the symbol table", diag);
	if (s->info >= image->symbol_count ||
	    image->symbols[s->info].name >= image->symbol_names.size)
		return fail(image, i, "sh_info is not a symbol with a name", diag);
	if (s->size < 4 || s->size % 4 || s->flags & ELF_SHF_ALLOC)
		return fail(image, i, "it is not a list of section indices", diag);
	image->group_count++;
	/* A section is in one group at most: so all groups together are no longer than
	 * the section table, even if they share their bytes. */
	image->member_count += s->size / 4 - 1;
	if (image->member_count > image->section_count)
		return fail(image, i, "the groups have more members than there are sections", diag);
	for (uint32_t k = 0; !status && k < hmod_group_count(image, i); k++)
		status = check_member(image, i, hmod_group_member(image, i, k), diag);
	return status;
}
