/* SPDX-License-Identifier: MIT
 *
 * The flat table, checked as a whole. Lists and strings stand apart, so that a
 * list may be sorted in place. Each string may be read once: together they fit
 * the table, which bounds the work on hostile ones.
 */
#include "modfmt/internal.h"

struct viewer {
	struct hmod_span table;
	const struct hmod_flat_header *header;
	uint64_t strings; /* offset where they begin: behind the lists */
	uint64_t unread; /* string bytes that may still be read */
	struct hmod_diag *diag;
};

static enum helix_status fail_format(struct viewer *v, const char *what, uint64_t wanted,
				     uint64_t found)
{
	hmod_fail(v->diag, HELIX_E_META_FORMAT, HMOD_STAGE_METADATA, HMOD_NOWHERE);
	hmod_diag_name(v->diag, what, SIZE_MAX);
	hmod_diag_numbers(v->diag, wanted, found);
	return HELIX_E_META_FORMAT;
}

static enum helix_status fail_pointer(struct viewer *v, const char *what)
{
	return hmod_fail_meta(v->diag, HELIX_E_META_POINTER, what, "a string", HMOD_NOWHERE);
}

static const char *string_at(struct viewer *v, uint32_t offset, size_t *length)
{
	const char *text = hmod_span_string(v->table, offset, length);

	if (!text || offset < v->strings || *length >= v->unread)
		return NULL;
	v->unread -= *length + 1;
	return text;
}

static enum helix_status check_text(struct viewer *v, uint32_t offset, const char *what,
				    const char **out)
{
	size_t length;
	const char *text = string_at(v, offset, &length), *wrong;

	if (!text)
		return fail_pointer(v, what);
	wrong = hmod_text_check(text, length);
	if (wrong)
		return hmod_fail_meta(v->diag, HELIX_E_META_TEXT, what, wrong, HMOD_NOWHERE);
	*out = text;
	return HELIX_OK;
}

/* A name that must be in its normalised form. */
static enum helix_status check_name(struct viewer *v, uint32_t offset, const char *what,
				    bool capability, const char **out)
{
	char normal[HELIX_NAME_MAX + 1];
	size_t length;
	const char *text = string_at(v, offset, &length), *wrong;

	if (!text)
		return fail_pointer(v, what);
	wrong = hmod_name_normalise(text, length, capability, normal);
	if (!wrong && memcmp(text, normal, length))
		wrong = "has a - where the table has _";
	if (wrong)
		return hmod_fail_meta(v->diag, HELIX_E_META_NAME, text, wrong, HMOD_NOWHERE);
	*out = text;
	return HELIX_OK;
}

/* Checks that the four lists follow the header and each other without a gap, in
 * the order dependencies, parameters, capabilities, aliases. */
static bool lists_in_place(struct viewer *v)
{
	const struct hmod_flat_header *h = v->header;
	const struct {
		uint32_t offset, count, size;
	} lists[] = {
		{ h->dependencies, h->dependency_count, sizeof(struct hmod_flat_dependency) },
		{ h->params, h->param_count, sizeof(struct hmod_flat_param) },
		{ h->provides, h->provide_count, 4 },
		{ h->aliases, h->alias_count, 4 },
	};
	uint64_t end = sizeof *h;

	for (unsigned i = 0; i < 4; i++) {
		if (lists[i].offset != end)
			return false;
		end += (uint64_t)lists[i].count * lists[i].size;
	}
	v->strings = end;
	return end <= v->table.size;
}

static enum helix_status check_dependencies(struct viewer *v, struct hmod_meta *meta)
{
	const struct hmod_flat_dependency *d = meta->dependencies;
	const uint32_t known = HMOD_DEPENDENCY_OPTIONAL | HMOD_DEPENDENCY_CAPABILITY;
	enum helix_status status;
	uint32_t before = 0;
	const char *name;

	for (uint32_t i = 0; i < v->header->dependency_count; i++, d++) {
		status = check_name(v, d->name, "a dependency's name",
				    d->flags & HMOD_DEPENDENCY_CAPABILITY, &name);
		if (status)
			return status;
		if (d->name <= before)
			return fail_format(v, "a dependency's name offset", before + 1, d->name);
		before = d->name;
		if (d->flags & ~known)
			return fail_format(v, "a dependency's flags", known, d->flags);
		if (d->least > d->most || d->most > HMOD_VERSION_ANY)
			return fail_format(v, "a dependency's highest version", d->least, d->most);
		if (d->hash != hmod_name_hash(name, text_length(name)))
			return fail_format(v, "a dependency's hash",
					   hmod_name_hash(name, text_length(name)), d->hash);
	}
	return HELIX_OK;
}

static enum helix_status check_names(struct viewer *v, const void *array, uint32_t count,
				     bool capability)
{
	enum helix_status status = HELIX_OK;
	const uint8_t *offsets = array;
	const char *text;
	uint32_t offset;

	for (uint32_t i = 0; i < count && !status; i++) {
		memcpy(&offset, offsets + 4 * (size_t)i, 4); /* a file's table may stand anywhere */
		status = capability ? check_name(v, offset, "a capability", true, &text) :
				      check_text(v, offset, "an alias", &text);
	}
	return status;
}

static enum helix_status check_params(struct viewer *v, struct hmod_meta *meta)
{
	const struct hmod_flat_param *p = meta->params;
	const char *name, *standard, *description, *wrong;
	enum helix_status status;
	uint32_t before = 0;

	for (uint32_t i = 0; i < v->header->param_count; i++, p++) {
		if ((status = check_name(v, p->name, "a parameter's name", false, &name)) ||
		    (status = check_text(v, p->standard, "a parameter's default", &standard)) ||
		    (status = check_text(v, p->description, "a parameter's description",
					 &description)))
			return status;
		if (p->name <= before)
			return fail_format(v, "a parameter's name offset", before + 1, p->name);
		before = p->name;
		wrong = hmod_param_value_check(p->type, standard);
		if (wrong)
			return hmod_fail_meta(v->diag, HELIX_E_META_PARAM, name, wrong,
					      HMOD_NOWHERE);
	}
	return HELIX_OK;
}

static enum helix_status check_header(struct viewer *v)
{
	const struct hmod_flat_header *h = v->header;

	if (v->table.size < sizeof *h)
		return fail_format(v, "the table's size", sizeof *h, v->table.size);
	if (h->magic != HMOD_FLAT_MAGIC)
		return fail_format(v, "the table's magic", HMOD_FLAT_MAGIC, h->magic);
	if (h->format != HMOD_FLAT_FORMAT)
		return fail_format(v, "the table's format", HMOD_FLAT_FORMAT, h->format);
	if (h->header_size != sizeof *h)
		return fail_format(v, "the table's header size", sizeof *h, h->header_size);
	if (h->size != v->table.size || h->size > HMOD_META_MAX)
		return fail_format(v, "the table's size", v->table.size, h->size);
	if (h->reserved)
		return fail_format(v, "the table's reserved field", 0, h->reserved);
	if (h->version > HMOD_VERSION_ANY)
		return fail_format(v, "the version's top field", 0, h->version >> 48);
	if (h->flags & ~HMOD_FLAGS_KNOWN)
		return fail_format(v, "the sum of unknown flags", 0, h->flags & ~HMOD_FLAGS_KNOWN);
	if (!lists_in_place(v))
		return hmod_fail_meta(v->diag, HELIX_E_META_POINTER, "a list of .hmod.flat",
				      "its place", HMOD_NOWHERE);
	return HELIX_OK;
}

enum helix_status hmod_meta_view(const void *table, size_t size, struct hmod_meta *meta,
				 struct hmod_diag *diag)
{
	const uint8_t *bytes = table;
	const struct hmod_flat_header *h = table;
	struct viewer v = { .table = { bytes, size }, .header = h, .unread = size, .diag = diag };
	enum helix_status status = check_header(&v);

	memset(meta, 0, sizeof *meta);
	if (status)
		return status;
	meta->header = h;
	meta->dependencies = (const void *)(bytes + h->dependencies);
	meta->provides = (const void *)(bytes + h->provides);
	meta->aliases = (const void *)(bytes + h->aliases);
	meta->params = (const void *)(bytes + h->params);
	if ((status = check_name(&v, h->name, "the name", false, &meta->name)) ||
	    (status = check_text(&v, h->description, "the description", &meta->description)) ||
	    (status = check_text(&v, h->author, "the author", &meta->author)) ||
	    (status = check_text(&v, h->license, "the license", &meta->license)) ||
	    (status = check_dependencies(&v, meta)) ||
	    (status = check_names(&v, meta->provides, h->provide_count, true)) ||
	    (status = check_names(&v, meta->aliases, h->alias_count, false)) ||
	    (status = check_params(&v, meta)))
		return status;
	meta->name_length = text_length(meta->name);
	return HELIX_OK;
}

const char *hmod_meta_string(const struct hmod_meta *meta, uint32_t offset)
{
	return (const char *)meta->header + offset;
}
