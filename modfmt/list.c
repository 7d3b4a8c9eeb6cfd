/* SPDX-License-Identifier: MIT
 *
 * Lists of strings, as the records point to them, and the arrays of the flat
 * table that are made of them.
 */
#include "modfmt/internal.h"

/* Counts the entries; what stands behind the last one counted. */
static enum pointer_kind count_entries(struct list *list, uint32_t most)
{
	struct pointer_reader ahead = list->reader;
	const struct elf64_rela *rela;
	enum pointer_kind kind;

	do
		kind = pointer_rela(&ahead, list->place.offset + 8 * (uint64_t)list->count, &rela);
	while (kind == POINTER_GIVEN && ++list->count <= most);
	return kind;
}

enum helix_status list_open(struct pointer_reader *from, uint64_t field, const char *what,
			    uint32_t most, struct list *list)
{
	enum pointer_kind kind = pointer_place(from, field, &list->place);

	list->count = 0;
	list->what = what;
	if (kind == POINTER_NULL)
		return HELIX_OK;
	if (kind == POINTER_GIVEN && list->place.offset % 8)
		kind = POINTER_BAD;
	if (kind == POINTER_GIVEN) {
		if (list->reader.search.section != list->place.section)
			pointer_reader_open(&list->reader, from->image, list->place.section,
					    from->budget, from->diag);
		kind = count_entries(list, most);
	}
	if (kind != POINTER_BAD)
		return HELIX_OK;
	return hmod_fail_meta(from->diag, HELIX_E_META_POINTER, what, "a list that ends with NULL",
			      section_offset(from->image, from->search.section, field));
}

enum helix_status list_entry(struct list *list, uint32_t i, const char **text)
{
	return pointer_string(&list->reader, list->place.offset + 8 * (uint64_t)i, list->what, text);
}

/* ---- arrays of the flat table ------------------------------------------------------ */

static enum helix_status put_dependency(struct flattener *f, struct list *list, uint32_t i)
{
	struct hmod_flat_dependency flat;
	struct hmod_dependency parsed;
	enum helix_status status;
	const char *text, *wrong;

	if ((status = list_entry(list, i, &text)))
		return status;
	wrong = hmod_dependency_parse(text, text_length(text), &parsed);
	if (wrong)
		return hmod_fail_meta(f->diag, HELIX_E_META_DEPENDENCY, text, wrong, HMOD_NOWHERE);
	flat.name = flatten_string(f, parsed.name, text_length(parsed.name));
	flat.flags = parsed.flags;
	flat.hash = hmod_name_hash(parsed.name, text_length(parsed.name));
	flat.least = parsed.least;
	flat.most = parsed.most;
	flatten_put(f, f->header.dependencies + i * sizeof flat, &flat, sizeof flat);
	return flatten_fits(f);
}

enum helix_status flatten_dependencies(struct flattener *f, struct list *list)
{
	enum helix_status status = HELIX_OK;

	for (uint32_t i = 0; i < list->count && !status; i++)
		status = put_dependency(f, list, i);
	return status;
}

static enum helix_status put_entry(struct flattener *f, const char *text, size_t at)
{
	uint32_t offset = flatten_string(f, text, text_length(text));

	flatten_put(f, at, &offset, 4);
	return flatten_fits(f);
}

enum helix_status flatten_names(struct flattener *f, struct list *list, size_t array,
				bool capability)
{
	char name[HELIX_NAME_MAX + 1];
	enum helix_status status = HELIX_OK;
	const char *text, *wrong;

	for (uint32_t i = 0; i < list->count && !status; i++) {
		if ((status = list_entry(list, i, &text)))
			return status;
		wrong = hmod_name_normalise(text, text_length(text), capability, name);
		if (wrong)
			return hmod_fail_meta(f->diag, HELIX_E_META_NAME, text, wrong, HMOD_NOWHERE);
		status = put_entry(f, name, array + 4 * (size_t)i);
	}
	return status;
}

enum helix_status flatten_texts(struct flattener *f, struct list *list, size_t array)
{
	enum helix_status status = HELIX_OK;
	const char *text;

	for (uint32_t i = 0; i < list->count && !status; i++)
		if (!(status = list_entry(list, i, &text)))
			status = put_entry(f, text, array + 4 * (size_t)i);
	return status;
}
