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

/* Checks that the lists follow the header and each other without a gap, in the
 * order they have in the header. */
static bool lists_in_place(struct viewer *v)
{
	const struct hmod_flat_header *h = v->header;
	const struct {
		uint32_t offset, count, size;
	} lists[] = {
		{ h->dependencies, h->dependency_count, sizeof(struct hmod_flat_dependency) },
		{ h->params, h->param_count, sizeof(struct hmod_flat_param) },
		{ h->interfaces, h->interface_count, sizeof(struct hmod_flat_interface) },
		{ h->provides, h->provide_count, 4 },
		{ h->aliases, h->alias_count, 4 },
		{ h->authors, h->author_count, 4 },
		{ h->operations, h->operation_count, 4 },
	};
	uint64_t end = sizeof *h;

	for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
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

/* Entry `i` of a list of offsets; a file's table may stand anywhere. */
static uint32_t offset_in(struct viewer *v, uint32_t list, uint32_t i)
{
	uint32_t offset;

	memcpy(&offset, v->table.data + list + 4 * (size_t)i, 4);
	return offset;
}

static enum helix_status check_names(struct viewer *v, uint32_t list, uint32_t count,
				     const char *what, bool capability)
{
	enum helix_status status = HELIX_OK;
	const char *text;

	for (uint32_t i = 0; i < count && !status; i++)
		status = check_name(v, offset_in(v, list, i), what, capability, &text);
	return status;
}

static enum helix_status check_texts(struct viewer *v, uint32_t list, uint32_t count,
				     const char *what)
{
	enum helix_status status = HELIX_OK;
	const char *text;

	for (uint32_t i = 0; i < count && !status; i++)
		status = check_text(v, offset_in(v, list, i), what, &text);
	return status;
}

/* Already checked: every text. Checks: `all` is the authors, ", " between. */
static bool authors_joined(struct viewer *v, const char *all)
{
	for (uint32_t i = 0; i < v->header->author_count; i++) {
		const char *author = (const char *)v->table.data +
				     offset_in(v, v->header->authors, i);

		if (i && !text_begins(all, ", "))
			return false;
		all += i ? 2 : 0;
		if (!text_begins(all, author))
			return false;
		all += text_length(author);
	}
	return !*all;
}

/* One author is the very string; several are joined in it. */
static enum helix_status check_authors(struct viewer *v, struct hmod_meta *meta)
{
	const struct hmod_flat_header *h = v->header;
	enum helix_status status;

	if (!h->author_count)
		return fail_format(v, "the number of authors", 1, 0);
	if ((status = check_text(v, h->author, "the author", &meta->author)))
		return status;
	if (h->author_count == 1) {
		uint32_t only = offset_in(v, h->authors, 0);

		return only == h->author ? HELIX_OK :
					   fail_format(v, "the author's offset", h->author, only);
	}
	if ((status = check_texts(v, h->authors, h->author_count, "an author")))
		return status;
	if (!authors_joined(v, meta->author))
		return hmod_fail_meta(v->diag, HELIX_E_META_TEXT, "the author",
				      "is not the list of authors", HMOD_NOWHERE);
	return HELIX_OK;
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
		wrong = hmod_param_check(p);
		if (!wrong)
			wrong = hmod_param_value_check(p, standard);
		if (wrong)
			return hmod_fail_meta(v->diag, HELIX_E_META_PARAM, name, wrong,
					      HMOD_NOWHERE);
	}
	return HELIX_OK;
}

static enum helix_status fail_interface(struct viewer *v, uint32_t i, const char *name,
					const char *what)
{
	hmod_fail_meta(v->diag, HELIX_E_META_INTERFACE, name, what, HMOD_NOWHERE);
	if (v->diag)
		v->diag->index = i;
	return HELIX_E_META_INTERFACE;
}

/* Already checked: the name. `names` is where its operations' names would begin. */
static const char *wrong_interface(const struct hmod_flat_interface *f, const char *name,
				   uint64_t names)
{
	if (!f->count || f->count > HELIX_OPERATIONS_MAX)
		return "has not 1 to 64 operations";
	if (f->flags & ~(uint32_t)(HMOD_INTERFACE_MESSAGE | HMOD_INTERFACE_NAMED))
		return "has unknown flags";
	if (f->names != (f->flags & HMOD_INTERFACE_NAMED ? names : 0))
		return "has its operations' names in another place";
	if (f->hash != hmod_name_hash(name, text_length(name)))
		return "has another hash";
	return NULL;
}

/* The interfaces, then the names of all their operations. */
static enum helix_status check_interfaces(struct viewer *v, struct hmod_meta *meta)
{
	const struct hmod_flat_header *h = v->header;
	const struct hmod_flat_interface *f = meta->interfaces;
	const char *name, *wrong;
	enum helix_status status;
	uint32_t before = 0;
	uint64_t named = 0;

	for (uint32_t i = 0; i < h->interface_count; i++, f++) {
		if ((status = check_name(v, f->name, "an interface's name", true, &name)))
			return status;
		if (f->name <= before)
			return fail_format(v, "an interface's name offset", before + 1, f->name);
		before = f->name;
		wrong = wrong_interface(f, name, h->operations + 4 * named);
		if (wrong)
			return fail_interface(v, i, name, wrong);
		named += f->flags & HMOD_INTERFACE_NAMED ? f->count : 0;
	}
	if (named != h->operation_count)
		return fail_format(v, "the number of operation names", named, h->operation_count);
	return check_names(v, h->operations, h->operation_count, "an operation's name", false);
}

/* The fields with few values. */
static enum helix_status check_choices(struct viewer *v)
{
	const struct hmod_flat_header *h = v->header;

	if (h->api != HELIX_RECORD_FORMAT && h->api != HELIX_RECORD_FORMAT_V1)
		return fail_format(v, "the table's API", HELIX_RECORD_FORMAT, h->api);
	if (!hmod_policy_name(h->policy))
		return fail_format(v, "the policy (0, 1 or 2)", HELIX_POLICY_NONE, h->policy);
	if (h->flags & ~HMOD_FLAGS_KNOWN)
		return fail_format(v, "the sum of unknown flags", 0, h->flags & ~HMOD_FLAGS_KNOWN);
	if (h->events & ~HELIX_EVENTS_KNOWN)
		return fail_format(v, "the sum of unknown events", 0,
				   h->events & ~HELIX_EVENTS_KNOWN);
	if (h->events && h->api == HELIX_RECORD_FORMAT_V1)
		return fail_format(v, "the events of a v1 module", 0, h->events);
	return HELIX_OK;
}

static enum helix_status check_header(struct viewer *v)
{
	enum helix_status status;
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
	if (h->version > HMOD_VERSION_ANY)
		return fail_format(v, "the version's top field", 0, h->version >> 48);
	if ((status = check_choices(v)))
		return status;
	if (!lists_in_place(v))
		return hmod_fail_meta(v->diag, HELIX_E_META_POINTER, "a list of .hmod.flat",
				      "its place", HMOD_NOWHERE);
	return HELIX_OK;
}

static void attach_lists(const void *table, struct hmod_meta *meta)
{
	const struct hmod_flat_header *h = table;
	const uint8_t *bytes = table;

	meta->header = h;
	meta->dependencies = (const void *)(bytes + h->dependencies);
	meta->params = (const void *)(bytes + h->params);
	meta->interfaces = (const void *)(bytes + h->interfaces);
	meta->provides = (const void *)(bytes + h->provides);
	meta->aliases = (const void *)(bytes + h->aliases);
	meta->authors = (const void *)(bytes + h->authors);
}

void hmod_meta_attach(const void *table, struct hmod_meta *meta)
{
	const struct hmod_flat_header *h = table;
	const uint8_t *bytes = table;

	attach_lists(table, meta);
	meta->name = (const char *)bytes + h->name;
	meta->description = (const char *)bytes + h->description;
	meta->license = (const char *)bytes + h->license;
	meta->author = (const char *)bytes + h->author;
	meta->name_length = text_length(meta->name);
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
	attach_lists(table, meta);
	if ((status = check_name(&v, h->name, "the name", false, &meta->name)) ||
	    (status = check_text(&v, h->description, "the description", &meta->description)) ||
	    (status = check_text(&v, h->license, "the license", &meta->license)) ||
	    (status = check_authors(&v, meta)) || (status = check_dependencies(&v, meta)) ||
	    (status = check_names(&v, h->provides, h->provide_count, "a capability", true)) ||
	    (status = check_texts(&v, h->aliases, h->alias_count, "an alias")) ||
	    (status = check_params(&v, meta)) || (status = check_interfaces(&v, meta)))
		return status;
	meta->name_length = text_length(meta->name);
	return HELIX_OK;
}

const char *hmod_meta_string(const struct hmod_meta *meta, uint32_t offset)
{
	return (const char *)meta->header + offset;
}

const char *hmod_meta_operation(const struct hmod_meta *meta, uint32_t interface, uint32_t i)
{
	const struct hmod_flat_interface *f = &meta->interfaces[interface];
	uint32_t offset;

	if (!f->names || i >= f->count)
		return NULL;
	memcpy(&offset, hmod_meta_string(meta, f->names) + 4 * (size_t)i, 4);
	return hmod_meta_string(meta, offset);
}
