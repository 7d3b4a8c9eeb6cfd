/* SPDX-License-Identifier: MIT
 *
 * From the record to the flat table: count, place, then write each list and
 * its strings. A table too small is filled as far as it goes and the size that
 * is needed is told.
 */
#include "modfmt/internal.h"

struct flattener {
	const struct hmod_image *image;
	struct hmod_diag *diag;
	uint64_t budget; /* relocations that may still be looked at */
	struct pointer_reader record;
	uint8_t *table;
	size_t capacity, end; /* end: of what is placed so far */
	struct hmod_flat_header header;
};

#define FIELD(name) offsetof(struct helix_module_record, name)

static void put(struct flattener *f, size_t at, const void *bytes, size_t size)
{
	if (size && f->capacity >= size && at <= f->capacity - size)
		memcpy(f->table + at, bytes, size);
}

static uint32_t put_string(struct flattener *f, const char *text, size_t length)
{
	size_t at = f->end;

	put(f, at, text, length);
	put(f, at + length, "", 1);
	f->end += length + 1;
	return (uint32_t)at;
}

static enum helix_status too_large(struct flattener *f)
{
	if (f->end <= HMOD_META_MAX)
		return HELIX_OK;
	hmod_fail(f->diag, HELIX_E_TOO_LARGE, HMOD_STAGE_METADATA, HMOD_NOWHERE);
	hmod_diag_name(f->diag, "the metadata", SIZE_MAX);
	hmod_diag_numbers(f->diag, HMOD_META_MAX, f->end);
	return HELIX_E_TOO_LARGE;
}

/* ---- lists of strings --------------------------------------------------------- */

struct list {
	struct pointer_reader reader;
	struct place place;
	uint32_t count;
	const char *what;
};

/* Finds the list a field of the record points to and counts its entries. */
static enum helix_status list_open(struct flattener *f, uint64_t field, const char *what,
				   struct list *list)
{
	enum pointer_kind kind = pointer_place(&f->record, field, &list->place);
	const struct elf64_rela *rela;
	struct pointer_reader ahead;

	list->count = 0;
	list->what = what;
	if (kind == POINTER_NULL)
		return HELIX_OK;
	if (kind == POINTER_GIVEN && list->place.offset % 8)
		kind = POINTER_BAD;
	if (kind == POINTER_GIVEN) {
		pointer_reader_open(&list->reader, f->image, list->place.section, &f->budget,
				    f->diag);
		ahead = list->reader;
		do
			kind = pointer_rela(&ahead, list->place.offset + 8 * (uint64_t)list->count,
					    &rela);
		while (kind == POINTER_GIVEN && ++list->count <= HMOD_META_MAX / 4);
	}
	if (kind == POINTER_NULL)
		return HELIX_OK;
	return hmod_fail_meta(f->diag, HELIX_E_META_POINTER, what, "a list that ends with NULL",
			      section_offset(f->image, f->record.search.section, field));
}

static enum helix_status list_entry(struct list *list, uint32_t i, const char **text)
{
	return pointer_string(&list->reader, list->place.offset + 8 * (uint64_t)i, list->what, text);
}

/* ---- the parts --------------------------------------------------------------------- */

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
	flat.name = put_string(f, parsed.name, text_length(parsed.name));
	flat.flags = parsed.flags;
	flat.hash = hmod_name_hash(parsed.name, text_length(parsed.name));
	flat.least = parsed.least;
	flat.most = parsed.most;
	put(f, f->header.dependencies + i * sizeof flat, &flat, sizeof flat);
	return too_large(f);
}

static enum helix_status put_dependencies(struct flattener *f, struct list *list)
{
	enum helix_status status = HELIX_OK;

	for (uint32_t i = 0; i < list->count && !status; i++)
		status = put_dependency(f, list, i);
	return status;
}

static enum helix_status put_names(struct flattener *f, struct list *list, size_t array,
				   bool capability)
{
	char name[HELIX_NAME_MAX + 1];
	enum helix_status status;
	const char *text, *wrong;
	uint32_t offset;

	for (uint32_t i = 0; i < list->count; i++) {
		if ((status = list_entry(list, i, &text)))
			return status;
		if (capability) {
			wrong = hmod_name_normalise(text, text_length(text), true, name);
			if (wrong)
				return hmod_fail_meta(f->diag, HELIX_E_META_NAME, text, wrong,
						      HMOD_NOWHERE);
			text = name;
		}
		offset = put_string(f, text, text_length(text));
		put(f, array + 4 * (size_t)i, &offset, 4);
		if ((status = too_large(f)))
			return status;
	}
	return HELIX_OK;
}

static enum helix_status fail_param(struct flattener *f, const char *name, const char *what)
{
	return hmod_fail_meta(f->diag, HELIX_E_META_PARAM, name, what, HMOD_NOWHERE);
}

static enum helix_status put_param(struct flattener *f, struct pointer_reader *reader, uint32_t i)
{
	const uint64_t at = (uint64_t)i * sizeof(struct helix_param_record);
	const char *name, *standard, *description, *wrong;
	char normal[HELIX_NAME_MAX + 1];
	struct hmod_flat_param flat;
	enum helix_status status;
	struct hmod_span numbers;
	uint32_t reserved;

	if ((status = pointer_string(reader, at, "a parameter's name", &name)) ||
	    (status = pointer_string(reader, at + offsetof(struct helix_param_record, standard),
				     "a parameter's default", &standard)) ||
	    (status = pointer_string(reader, at + offsetof(struct helix_param_record, description),
				     "a parameter's description", &description)))
		return status;
	hmod_span_sub(hmod_section_bytes(f->image, f->image->params),
		      at + offsetof(struct helix_param_record, type), 8, &numbers);
	memcpy(&flat.type, numbers.data, 4);
	memcpy(&reserved, numbers.data + 4, 4);
	name = name ? name : "";
	standard = standard ? standard : "";
	description = description ? description : "";
	wrong = hmod_name_normalise(name, text_length(name), false, normal);
	if (!wrong)
		wrong = reserved ? "has a reserved field that is not 0" :
				   hmod_param_value_check(flat.type, standard);
	if (wrong)
		return fail_param(f, name, wrong);
	flat.name = put_string(f, normal, text_length(normal));
	flat.standard = put_string(f, standard, text_length(standard));
	flat.description = put_string(f, description, text_length(description));
	put(f, f->header.params + i * sizeof flat, &flat, sizeof flat);
	return too_large(f);
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

static enum helix_status put_text(struct flattener *f, uint64_t field, const char *what,
				  const char *otherwise, uint32_t *offset)
{
	enum helix_status status;
	const char *text;

	status = pointer_string(&f->record, field, what, &text);
	if (status)
		return status;
	text = text ? text : otherwise;
	*offset = put_string(f, text, text_length(text));
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
	f->header.name = put_string(f, normal, text_length(normal));
	return HELIX_OK;
}

/* ---- the record --------------------------------------------------------------------- */

static enum helix_status fail_record(struct flattener *f, const char *what, uint64_t wanted,
				     uint64_t found)
{
	hmod_fail(f->diag, HELIX_E_META_FORMAT, HMOD_STAGE_METADATA,
		  section_offset(f->image, f->image->record, 0));
	hmod_diag_name(f->diag, what, SIZE_MAX);
	hmod_diag_numbers(f->diag, wanted, found);
	return HELIX_E_META_FORMAT;
}

/* Checks that there is one record of this format, and takes its numbers over. */
static enum helix_status open_record(struct flattener *f)
{
	const struct hmod_image *image = f->image;
	struct helix_module_record r;
	struct hmod_span bytes;

	if (!image->record)
		return hmod_fail(f->diag, HELIX_E_META_MISSING, HMOD_STAGE_METADATA, HMOD_NOWHERE);
	bytes = hmod_section_bytes(image, image->record);
	if (bytes.size < sizeof r)
		return fail_record(f, "the record's size", sizeof r, bytes.size);
	memcpy(&r, bytes.data, sizeof r);
	if (r.magic != HELIX_RECORD_MAGIC)
		return fail_record(f, "the record's magic", HELIX_RECORD_MAGIC, r.magic);
	if (r.format != HELIX_RECORD_FORMAT)
		return fail_record(f, "the record's format", HELIX_RECORD_FORMAT, r.format);
	if (r.size != sizeof r)
		return fail_record(f, "the record's size", sizeof r, r.size);
	if (bytes.size != sizeof r) {
		hmod_fail(f->diag, HELIX_E_META_DUPLICATE, HMOD_STAGE_METADATA,
			  section_offset(image, image->record, sizeof r));
		hmod_diag_numbers(f->diag, 1, bytes.size / sizeof r);
		return HELIX_E_META_DUPLICATE;
	}
	if (r.version > HMOD_VERSION_ANY)
		return fail_record(f, "the version's top field", 0, r.version >> 48);
	if (r.flags & ~HMOD_FLAGS_KNOWN)
		return fail_record(f, "the sum of unknown flags", 0, r.flags & ~HMOD_FLAGS_KNOWN);
	f->header.version = r.version ? r.version : UINT64_C(1) << 16;
	f->header.flags = r.flags;
	f->header.abi_major = r.abi_major;
	f->header.abi_minor = r.abi_minor;
	f->header.state_version = r.state_version;
	pointer_reader_open(&f->record, image, image->record, &f->budget, f->diag);
	return HELIX_OK;
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

static void place_arrays(struct flattener *f)
{
	struct hmod_flat_header *h = &f->header;

	h->dependencies = sizeof *h;
	h->params = h->dependencies +
		    h->dependency_count * (uint32_t)sizeof(struct hmod_flat_dependency);
	h->provides = h->params + h->param_count * (uint32_t)sizeof(struct hmod_flat_param);
	h->aliases = h->provides + 4 * h->provide_count;
	f->end = h->aliases + 4 * h->alias_count;
}

static enum helix_status build(struct flattener *f)
{
	struct hmod_flat_header *h = &f->header;
	struct list depends, provides, aliases;
	uint32_t description, author, license;
	enum helix_status status;

	if ((status = list_open(f, FIELD(dependencies), "dependencies", &depends)) ||
	    (status = list_open(f, FIELD(provides), "provides", &provides)) ||
	    (status = list_open(f, FIELD(aliases), "aliases", &aliases)) ||
	    (status = count_params(f)))
		return status;
	h->dependency_count = depends.count;
	h->provide_count = provides.count;
	h->alias_count = aliases.count;
	place_arrays(f);
	if ((status = too_large(f)) || (status = put_name(f)) ||
	    (status = put_text(f, FIELD(description), "the description", "", &description)) ||
	    (status = put_text(f, FIELD(author), "the author", "Unknown", &author)) ||
	    (status = put_text(f, FIELD(license), "the license", "MIT", &license)) ||
	    (status = put_dependencies(f, &depends)) ||
	    (status = put_names(f, &provides, h->provides, true)) ||
	    (status = put_names(f, &aliases, h->aliases, false)) || (status = put_params(f)) ||
	    (status = too_large(f)))
		return status;
	h->description = description;
	h->author = author;
	h->license = license;
	h->magic = HMOD_FLAT_MAGIC;
	h->format = HMOD_FLAT_FORMAT;
	h->header_size = sizeof *h;
	h->size = (uint32_t)f->end;
	put(f, 0, h, sizeof *h);
	return HELIX_OK;
}

static enum helix_status disagree(const struct hmod_image *image, struct hmod_diag *diag,
				  const char *what, uint64_t wanted, uint64_t found)
{
	hmod_fail(diag, HELIX_E_META_FORMAT, HMOD_STAGE_METADATA,
		  section_offset(image, image->flat, 0));
	hmod_diag_name(diag, what, SIZE_MAX);
	hmod_diag_numbers(diag, wanted, found);
	return HELIX_E_META_FORMAT;
}

enum helix_status hmod_flat_agrees(const struct hmod_image *image, const struct hmod_meta *meta,
				   struct hmod_diag *diag)
{
	struct flattener f = { .image = image, .diag = diag };
	const struct hmod_flat_header *flat = meta->header;
	enum helix_status status = open_record(&f);

	if (status)
		return status;
	if (flat->version != f.header.version)
		return disagree(image, diag, "the version in .hmod.flat", f.header.version,
				flat->version);
	if (flat->flags != f.header.flags)
		return disagree(image, diag, "the flags in .hmod.flat", f.header.flags, flat->flags);
	if (flat->state_version != f.header.state_version)
		return disagree(image, diag, "the state version in .hmod.flat",
				f.header.state_version, flat->state_version);
	if (flat->abi_major != f.header.abi_major || flat->abi_minor != f.header.abi_minor)
		return disagree(image, diag, "the ABI in .hmod.flat",
				f.header.abi_major * UINT64_C(65536) + f.header.abi_minor,
				flat->abi_major * UINT64_C(65536) + flat->abi_minor);
	return HELIX_OK;
}

static enum helix_status copy_flat(struct flattener *f)
{
	struct hmod_span flat = hmod_section_bytes(f->image, f->image->flat);
	enum helix_status status;

	f->end = (size_t)flat.size; /* at most HMOD_SIZE_MAX */
	if ((status = too_large(f)))
		return status;
	put(f, 0, flat.data, f->end);
	return HELIX_OK;
}

enum helix_status hmod_meta_flatten(const struct hmod_image *image, void *table, size_t capacity,
				    size_t *size, struct hmod_diag *diag)
{
	struct flattener f = { .image = image, .diag = diag, .budget = image->file.size,
			       .table = table, .capacity = capacity };
	enum helix_status status;
	struct hmod_meta meta;

	*size = 0;
	if ((status = open_record(&f)) || (status = image->flat ? copy_flat(&f) : build(&f)))
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
	return status ? status : hmod_flat_unique(table, diag);
}
