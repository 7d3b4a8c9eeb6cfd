/* SPDX-License-Identifier: MIT
 *
 * From the record to the flat table: count, place, then write each list and
 * its strings. A table too small is filled as far as it goes and the size that
 * is needed is told.
 */
#include "modfmt/internal.h"

#define FIELD(name) offsetof(struct helix_module_record, name)

void flatten_put(struct flattener *f, size_t at, const void *bytes, size_t size)
{
	if (size && f->capacity >= size && at <= f->capacity - size)
		memcpy(f->table + at, bytes, size);
}

uint32_t flatten_string(struct flattener *f, const char *text, size_t length)
{
	size_t at = f->end;

	flatten_put(f, at, text, length);
	flatten_put(f, at + length, "", 1);
	f->end += length + 1;
	return (uint32_t)at;
}

enum helix_status flatten_fits(struct flattener *f)
{
	if (f->end <= HMOD_META_MAX)
		return HELIX_OK;
	hmod_fail(f->diag, HELIX_E_TOO_LARGE, HMOD_STAGE_METADATA, HMOD_NOWHERE);
	hmod_diag_name(f->diag, "the metadata", SIZE_MAX);
	hmod_diag_numbers(f->diag, HMOD_META_MAX, f->end);
	return HELIX_E_TOO_LARGE;
}

/* ---- parameters ------------------------------------------------------------------ */

static enum helix_status fail_param(struct flattener *f, const char *name, const char *what)
{
	return hmod_fail_meta(f->diag, HELIX_E_META_PARAM, name, what, HMOD_NOWHERE);
}

static enum helix_status count_params(struct flattener *f)
{
	uint64_t size = f->image->params ? hmod_section_bytes(f->image, f->image->params).size : 0;

	if (size % sizeof(struct helix_param_record))
		return fail_record(f, "the last parameter's size", sizeof(struct helix_param_record),
				   size % sizeof(struct helix_param_record));
	if (size > HMOD_META_MAX)
		return fail_record(f, "the size of .hmod.param", HMOD_META_MAX, size);
	f->header.param_count = (uint32_t)(size / sizeof(struct helix_param_record));
	return HELIX_OK;
}

/* The numbers of parameter `i`. */
static const char *param_numbers(struct flattener *f, uint32_t i, struct hmod_flat_param *flat)
{
	struct helix_param_record r = { .type = 0 };
	struct hmod_span bytes;

	if (hmod_span_sub(hmod_section_bytes(f->image, f->image->params), (uint64_t)i * sizeof r,
			  sizeof r, &bytes))
		memcpy(&r, bytes.data, sizeof r);
	flat->type = r.type > UINT16_MAX ? 0 : (uint16_t)r.type;
	flat->flags = r.flags > UINT16_MAX ? UINT16_MAX : (uint16_t)r.flags;
	flat->least = r.least;
	flat->most = r.most;
	return hmod_param_check(flat);
}

static enum helix_status put_param(struct flattener *f, struct pointer_reader *reader, uint32_t i)
{
	const uint64_t at = (uint64_t)i * sizeof(struct helix_param_record);
	const char *name, *standard, *description, *wrong;
	char normal[HELIX_NAME_MAX + 1];
	struct hmod_flat_param flat;
	enum helix_status status;

	if ((status = pointer_string(reader, at, "a parameter's name", &name)) ||
	    (status = pointer_string(reader, at + offsetof(struct helix_param_record, standard),
				     "a parameter's default", &standard)) ||
	    (status = pointer_string(reader, at + offsetof(struct helix_param_record, description),
				     "a parameter's description", &description)))
		return status;
	name = name ? name : "";
	standard = standard ? standard : "";
	description = description ? description : "";
	if ((wrong = hmod_name_normalise(name, text_length(name), false, normal)) ||
	    (wrong = param_numbers(f, i, &flat)) ||
	    (wrong = hmod_param_value_check(&flat, standard)))
		return fail_param(f, name, wrong);
	flat.name = flatten_string(f, normal, text_length(normal));
	flat.standard = flatten_string(f, standard, text_length(standard));
	flat.description = flatten_string(f, description, text_length(description));
	flatten_put(f, f->header.params + i * sizeof flat, &flat, sizeof flat);
	return flatten_fits(f);
}

static enum helix_status put_params(struct flattener *f)
{
	struct pointer_reader reader;
	enum helix_status status = HELIX_OK;

	if (!f->header.param_count)
		return HELIX_OK;
	pointer_reader_open(&reader, f->image, f->image->params, &f->budget, f->diag);
	for (uint32_t i = 0; i < f->header.param_count && !status; i++)
		status = put_param(f, &reader, i);
	return status;
}

/* ---- texts ---------------------------------------------------------------------- */

static enum helix_status put_text(struct flattener *f, uint64_t field, const char *what,
				  const char *otherwise, uint32_t *offset)
{
	enum helix_status status;
	const char *text;

	status = pointer_string(&f->record, field, what, &text);
	if (status)
		return status;
	text = text ? text : otherwise;
	*offset = flatten_string(f, text, text_length(text));
	return HELIX_OK;
}

static enum helix_status put_name(struct flattener *f)
{
	char normal[HELIX_NAME_MAX + 1];
	enum helix_status status;
	const char *text, *wrong;

	status = pointer_string(&f->record, FIELD(name), "the name", &text);
	if (status)
		return status;
	if (!text)
		return hmod_fail_meta(f->diag, HELIX_E_META_HOOK, "name", "is required",
				      section_offset(f->image, f->record.search.section, FIELD(name)));
	wrong = hmod_name_normalise(text, text_length(text), false, normal);
	if (wrong)
		return hmod_fail_meta(f->diag, HELIX_E_META_NAME, text, wrong, HMOD_NOWHERE);
	f->header.name = flatten_string(f, normal, text_length(normal));
	return HELIX_OK;
}

/* ---- authors -------------------------------------------------------------------- */

static void put_piece(struct flattener *f, const char *text, size_t length)
{
	flatten_put(f, f->end, text, length);
	f->end += length;
}

/* All authors as one text. */
static enum helix_status put_joined(struct flattener *f, struct list *authors)
{
	const size_t begin = f->end;
	enum helix_status status;
	const char *text;

	for (uint32_t i = 0; i < authors->count; i++) {
		if ((status = list_entry(authors, i, &text)))
			return status;
		put_piece(f, ", ", i ? 2 : 0);
		put_piece(f, text, text_length(text));
		if (f->end - begin > HMOD_TEXT_MAX)
			return hmod_fail_meta(f->diag, HELIX_E_META_TEXT, "the sum of authors",
					      "is longer than 4096 bytes", HMOD_NOWHERE);
	}
	put_piece(f, "", 1);
	f->header.author = (uint32_t)begin;
	return flatten_fits(f);
}

/* The one author of a v2 record, or the default. */
static enum helix_status put_author(struct flattener *f)
{
	enum helix_status status = HELIX_OK;
	uint32_t author = 0;

	if (f->header.api == HELIX_RECORD_FORMAT_V1)
		author = flatten_string(f, "Unknown", 7);
	else
		status = put_text(f, FIELD(author), "the author", "Unknown", &author);
	f->header.author = author;
	return status;
}

/* A v1 record has a list. One author is one string; of several there is also the
 * text that joins them. */
static enum helix_status put_authors(struct flattener *f, struct list *authors)
{
	enum helix_status status = authors->count ? put_joined(f, authors) : put_author(f);
	const uint32_t author = f->header.author;

	if (status)
		return status;
	if (authors->count > 1)
		return flatten_texts(f, authors, f->header.authors);
	flatten_put(f, f->header.authors, &author, 4);
	return HELIX_OK;
}

/* ---- the table ------------------------------------------------------------------- */

struct lists {
	struct list dependencies, provides, aliases, authors;
};

/* One of the record's own lists: as long as the table can hold. */
static enum helix_status record_list(struct flattener *f, uint64_t field, const char *what,
				     struct list *list)
{
	const uint32_t most = HMOD_META_MAX / 4;
	enum helix_status status = list_open(&f->record, field, what, most, list);

	if (status || list->count <= most)
		return status;
	return hmod_fail_meta(f->diag, HELIX_E_META_POINTER, what, "a list that ends with NULL",
			      section_offset(f->image, f->image->record, field));
}

static enum helix_status open_lists(struct flattener *f, struct lists *l)
{
	enum helix_status status;

	memset(l, 0, sizeof *l);
	if ((status = record_list(f, FIELD(dependencies), "dependencies", &l->dependencies)) ||
	    (status = record_list(f, FIELD(provides), "provides", &l->provides)) ||
	    (status = record_list(f, FIELD(aliases), "aliases", &l->aliases)) ||
	    (f->header.api == HELIX_RECORD_FORMAT_V1 &&
	     (status = record_list(f, offsetof(struct helix_module_v1_record, authors), "authors",
				   &l->authors))))
		return status;
	f->header.dependency_count = l->dependencies.count;
	f->header.provide_count = l->provides.count;
	f->header.alias_count = l->aliases.count;
	f->header.author_count = l->authors.count ? l->authors.count : 1;
	status = count_params(f);
	return status ? status : flatten_count_interfaces(f);
}

static void place_arrays(struct flattener *f)
{
	struct hmod_flat_header *h = &f->header;

	h->dependencies = sizeof *h;
	h->params = h->dependencies +
		    h->dependency_count * (uint32_t)sizeof(struct hmod_flat_dependency);
	h->interfaces = h->params + h->param_count * (uint32_t)sizeof(struct hmod_flat_param);
	h->provides = h->interfaces +
		      h->interface_count * (uint32_t)sizeof(struct hmod_flat_interface);
	h->aliases = h->provides + 4 * h->provide_count;
	h->authors = h->aliases + 4 * h->alias_count;
	h->operations = h->authors + 4 * h->author_count;
	f->end = h->operations + 4 * (size_t)h->operation_count;
}

static enum helix_status put_texts(struct flattener *f)
{
	uint32_t description, license;
	enum helix_status status;

	if ((status = put_name(f)) ||
	    (status = put_text(f, FIELD(description), "the description", "", &description)) ||
	    (status = put_text(f, FIELD(license), "the license", "MIT", &license)))
		return status;
	f->header.description = description;
	f->header.license = license;
	return flatten_fits(f);
}

static enum helix_status build(struct flattener *f)
{
	struct hmod_flat_header *h = &f->header;
	enum helix_status status;
	struct lists lists;

	if ((status = open_lists(f, &lists)))
		return status;
	place_arrays(f);
	if ((status = flatten_fits(f)) || (status = put_texts(f)) ||
	    (status = put_authors(f, &lists.authors)) ||
	    (status = flatten_dependencies(f, &lists.dependencies)) ||
	    (status = flatten_names(f, &lists.provides, h->provides, true)) ||
	    (status = flatten_texts(f, &lists.aliases, h->aliases)) || (status = put_params(f)) ||
	    (status = flatten_interfaces(f)))
		return status;
	h->magic = HMOD_FLAT_MAGIC;
	h->format = HMOD_FLAT_FORMAT;
	h->header_size = sizeof *h;
	h->size = (uint32_t)f->end;
	flatten_put(f, 0, h, sizeof *h);
	return HELIX_OK;
}

static enum helix_status copy_flat(struct flattener *f)
{
	struct hmod_span flat = hmod_section_bytes(f->image, f->image->flat);
	enum helix_status status;

	f->end = (size_t)flat.size; /* at most HMOD_SIZE_MAX */
	if ((status = flatten_fits(f)))
		return status;
	flatten_put(f, 0, flat.data, f->end);
	return HELIX_OK;
}

enum helix_status hmod_meta_flatten(const struct hmod_image *image, void *table, size_t capacity,
				    size_t *size, struct hmod_diag *diag)
{
	struct flattener f = { .image = image, .diag = diag, .budget = reading_budget(image),
			       .table = table, .capacity = capacity };
	enum helix_status status;
	struct hmod_meta meta;

	*size = 0;
	if ((status = record_open(&f)) || (status = image->flat ? copy_flat(&f) : build(&f)))
		return status;
	*size = f.end;
	if (f.end > capacity) {
		hmod_fail(diag, HELIX_E_TOO_LARGE, HMOD_STAGE_METADATA, HMOD_NOWHERE);
		hmod_diag_name(diag, "the metadata", SIZE_MAX);
		hmod_diag_numbers(diag, capacity, f.end);
		return HELIX_E_TOO_LARGE;
	}
	status = hmod_meta_view(table, f.end, &meta, diag);
	if (!status && image->flat)
		status = hmod_flat_agrees(image, &meta, diag);
	if (!status)
		status = hmod_flags_check(&meta, diag);
	return status ? status : hmod_flat_unique(table, diag);
}
