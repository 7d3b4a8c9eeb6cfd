/* SPDX-License-Identifier: MIT
 *
 * The interface records: what they point to, inside the file, and their part of
 * the flat table. Whether an operation is a function of the module is seen only
 * when it is placed: the pointers themselves are not followed here.
 */
#include "modfmt/internal.h"

#define AT(entry, field)                                                                           \
	((uint64_t)(entry) * sizeof(struct helix_interface_record) +                               \
	 offsetof(struct helix_interface_record, field))

static enum helix_status fail_interface(struct pointer_reader *reader, uint32_t entry,
					const char *name, const char *what)
{
	hmod_fail_meta(reader->diag, HELIX_E_META_INTERFACE, name, what,
		       section_offset(reader->image, reader->image->interfaces, AT(entry, name)));
	if (reader->diag)
		reader->diag->index = entry;
	return HELIX_E_META_INTERFACE;
}

uint32_t hmod_interface_count(const struct hmod_image *image)
{
	if (!image->interfaces)
		return 0;
	return (uint32_t)(image->sections[image->interfaces].size /
			  sizeof(struct helix_interface_record));
}

/* Checks that all of them are whole. */
static enum helix_status check_end(struct pointer_reader *reader)
{
	const struct hmod_image *image = reader->image;
	uint32_t count = hmod_interface_count(image);

	if (image->sections[image->interfaces].size == AT(count, name))
		return HELIX_OK;
	return fail_interface(reader, count, "the record", "is cut off");
}

/* Checks: the pointer leads to `count` pointers in loaded data. */
static enum helix_status read_operations(struct pointer_reader *reader, uint32_t entry,
					 struct hmod_interface *out)
{
	const uint64_t field = AT(entry, operations);
	const struct elf64_rela *rela = NULL;
	const struct elf64_section *s;
	struct place place;

	if (pointer_place(reader, field, &place) != POINTER_GIVEN ||
	    pointer_rela(reader, field, &rela) != POINTER_GIVEN)
		return fail_interface(reader, entry, "the record",
				      "does not point to operations in the same file");
	s = &reader->image->sections[place.section];
	if (!hmod_section_loaded(reader->image, place.section) || s->flags & ELF_SHF_EXECINSTR)
		return fail_interface(reader, entry, "the record",
				      "points to operations that are not in loaded data");
	if (place.offset % 8 || s->addralign % 8 || !s->addralign)
		return fail_interface(reader, entry, "the record",
				      "points to operations that are not aligned to 8 bytes");
	if (!hmod_range_fits(s->size, place.offset, 8 * (uint64_t)out->count))
		return fail_interface(reader, entry, "the record",
				      "has operations past the end of their section");
	out->operations.symbol = elf64_rela_symbol(rela);
	out->operations.addend = rela->addend;
	return HELIX_OK;
}

/* Reads all of an entry but its names. The entry lies inside the section. */
static enum helix_status read_interface(struct pointer_reader *reader, uint32_t entry,
					struct hmod_interface *out)
{
	const struct hmod_image *image = reader->image;
	struct helix_interface_record r;
	enum helix_status status;
	struct hmod_span bytes;

	if (!hmod_span_sub(hmod_section_bytes(image, image->interfaces), AT(entry, name), sizeof r,
			   &bytes))
		return fail_interface(reader, entry, "the record", "is cut off");
	memcpy(&r, bytes.data, sizeof r);
	memset(out, 0, sizeof *out);
	if (r.reserved)
		return fail_interface(reader, entry, "the record",
				      "has a reserved field that is not 0");
	if (!r.count || r.count > HELIX_OPERATIONS_MAX)
		return fail_interface(reader, entry, "the record", "has not 1 to 64 operations");
	out->major = r.major;
	out->minor = r.minor;
	out->count = r.count;
	out->priority = r.priority;
	if ((status = read_operations(reader, entry, out)))
		return status;
	if (pointer_function(reader, AT(entry, message), &out->message) == POINTER_BAD)
		return fail_interface(reader, entry, "the record",
				      "has a message handler that is no function of this module");
	return HELIX_OK;
}

enum helix_status hmod_interface_next(const struct hmod_image *image,
				      struct hmod_interface_cursor *cursor,
				      struct hmod_interface *out, struct hmod_diag *diag)
{
	struct pointer_reader reader = { image, cursor->search, &cursor->budget, diag };
	enum helix_status status;

	if (!image->interfaces)
		return HELIX_E_NOT_FOUND;
	if (cursor->entry >= hmod_interface_count(image)) {
		status = check_end(&reader);
		return status ? status : HELIX_E_NOT_FOUND;
	}
	if (!cursor->entry) {
		cursor->budget = reading_budget(image);
		pointer_reader_open(&reader, image, image->interfaces, &cursor->budget, diag);
	}
	if ((status = read_interface(&reader, cursor->entry, out)))
		return status;
	cursor->search = reader.search;
	cursor->entry++;
	return HELIX_OK;
}

/* ---- flattening -------------------------------------------------------------------- */

/* The records, and the list of names that was read last: the next one mostly
 * stands in the same section. */
struct interface_reader {
	struct pointer_reader record;
	struct list names;
};

static bool is_named(struct pointer_reader *reader, uint32_t entry)
{
	const struct elf64_rela *rela;

	return pointer_rela(reader, AT(entry, names), &rela) != POINTER_NULL;
}

enum helix_status flatten_count_interfaces(struct flattener *f)
{
	const struct hmod_image *image = f->image;
	const uint32_t count = hmod_interface_count(image);
	struct hmod_interface interface;
	struct pointer_reader reader;
	enum helix_status status;

	if (!image->interfaces)
		return HELIX_OK;
	if (image->sections[image->interfaces].size > HMOD_META_MAX)
		return fail_record(f, "the size of .hmod.interface", HMOD_META_MAX,
				   image->sections[image->interfaces].size);
	pointer_reader_open(&reader, image, image->interfaces, &f->budget, f->diag);
	for (uint32_t i = 0; i < count; i++) {
		if ((status = read_interface(&reader, i, &interface)))
			return status;
		if (is_named(&reader, i))
			f->header.operation_count += interface.count;
	}
	f->header.interface_count = count;
	return check_end(&reader);
}

static enum helix_status put_name(struct flattener *f, struct pointer_reader *reader,
				  uint32_t entry, struct hmod_flat_interface *flat)
{
	char normal[HELIX_NAME_MAX + 1];
	enum helix_status status;
	const char *text, *wrong;
	size_t length;

	status = pointer_string(reader, AT(entry, name), "an interface's name", &text);
	if (status)
		return status;
	text = text ? text : "";
	length = text_length(text);
	wrong = hmod_name_normalise(text, length, true, normal);
	if (wrong)
		return fail_interface(reader, entry, text[0] ? text : "the name", wrong);
	flat->name = flatten_string(f, normal, length);
	flat->hash = hmod_name_hash(normal, length);
	return HELIX_OK;
}

static enum helix_status put_operations(struct flattener *f, struct interface_reader *reader,
					uint32_t entry, struct hmod_flat_interface *flat)
{
	struct pointer_reader *record = &reader->record;
	struct list *names = &reader->names;
	enum helix_status status;

	if (!is_named(record, entry))
		return HELIX_OK;
	status = list_open(record, AT(entry, names), "the list of an interface's operations",
			   flat->count, names);
	if (status)
		return status;
	if (names->count != flat->count)
		return fail_interface(record, entry, "the record",
				      "does not name each of its operations once");
	flat->flags |= HMOD_INTERFACE_NAMED;
	flat->names = f->header.operations + 4 * f->named;
	f->named += names->count;
	return flatten_names(f, names, flat->names, false);
}

static enum helix_status put_interface(struct flattener *f, struct interface_reader *reader,
				       uint32_t entry)
{
	struct hmod_flat_interface flat = { 0 };
	struct hmod_interface interface;
	enum helix_status status;

	if ((status = read_interface(&reader->record, entry, &interface)))
		return status;
	flat.major = interface.major;
	flat.minor = interface.minor;
	flat.count = interface.count;
	flat.priority = interface.priority;
	if (interface.message.symbol)
		flat.flags = HMOD_INTERFACE_MESSAGE;
	if ((status = put_name(f, &reader->record, entry, &flat)) ||
	    (status = put_operations(f, reader, entry, &flat)))
		return status;
	flatten_put(f, f->header.interfaces + entry * sizeof flat, &flat, sizeof flat);
	return flatten_fits(f);
}

enum helix_status flatten_interfaces(struct flattener *f)
{
	struct interface_reader reader;
	enum helix_status status = HELIX_OK;

	if (!f->header.interface_count)
		return HELIX_OK;
	memset(&reader, 0, sizeof reader);
	pointer_reader_open(&reader.record, f->image, f->image->interfaces, &f->budget, f->diag);
	for (uint32_t i = 0; i < f->header.interface_count && !status; i++)
		status = put_interface(f, &reader, i);
	return status;
}
