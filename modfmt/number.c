/* SPDX-License-Identifier: MIT
 *
 * The numbers of the record: taken over into the flat table's header, or held
 * against a flat table that the file brings. Both record formats have them in
 * the same places.
 */
#include "modfmt/internal.h"

_Static_assert(sizeof(struct helix_module_record) == 168 &&
		       sizeof(struct helix_module_v1_record) == 168 &&
		       offsetof(struct helix_module_record, events) ==
			       offsetof(struct helix_module_v1_record, events) &&
		       offsetof(struct helix_module_record, flags) ==
			       offsetof(struct helix_module_v1_record, flags),
	       "one layout for both formats");

enum helix_status fail_record(struct flattener *f, const char *what, uint64_t wanted,
			      uint64_t found)
{
	hmod_fail(f->diag, HELIX_E_META_FORMAT, HMOD_STAGE_METADATA,
		  section_offset(f->image, f->image->record, 0));
	hmod_diag_name(f->diag, what, SIZE_MAX);
	hmod_diag_numbers(f->diag, wanted, found);
	return HELIX_E_META_FORMAT;
}

/* Checks that the section is one record of a known format, and reads it. */
static enum helix_status read_record(struct flattener *f, struct helix_module_record *r)
{
	const struct hmod_image *image = f->image;
	struct hmod_span bytes;

	if (!image->record)
		return hmod_fail(f->diag, HELIX_E_META_MISSING, HMOD_STAGE_METADATA, HMOD_NOWHERE);
	bytes = hmod_section_bytes(image, image->record);
	if (bytes.size < 8)
		return fail_record(f, "the record's size", sizeof *r, bytes.size);
	memset(r, 0, sizeof *r);
	memcpy(r, bytes.data, bytes.size < sizeof *r ? (size_t)bytes.size : sizeof *r);
	if (r->magic != HELIX_RECORD_MAGIC)
		return fail_record(f, "the record's magic", HELIX_RECORD_MAGIC, r->magic);
	if (r->format != HELIX_RECORD_FORMAT && r->format != HELIX_RECORD_FORMAT_V1)
		return fail_record(f, "the record's format", HELIX_RECORD_FORMAT, r->format);
	if (r->size != sizeof *r)
		return fail_record(f, "the record's size", sizeof *r, r->size);
	if (bytes.size < sizeof *r)
		return fail_record(f, "the record's size", sizeof *r, bytes.size);
	if (bytes.size == sizeof *r)
		return HELIX_OK;
	hmod_fail(f->diag, HELIX_E_META_DUPLICATE, HMOD_STAGE_METADATA,
		  section_offset(image, image->record, sizeof *r));
	hmod_diag_numbers(f->diag, 1, bytes.size / sizeof *r);
	return HELIX_E_META_DUPLICATE;
}

/* Already checked: size and format. Checks: the numbers mean something. */
static enum helix_status check_numbers(struct flattener *f, const struct helix_module_record *r)
{
	if (r->version > HMOD_VERSION_ANY)
		return fail_record(f, "the version's top field", 0, r->version >> 48);
	if (r->flags & ~HMOD_FLAGS_KNOWN)
		return fail_record(f, "the sum of unknown flags", 0, r->flags & ~HMOD_FLAGS_KNOWN);
	if (r->events & ~HELIX_EVENTS_KNOWN)
		return fail_record(f, "the sum of unknown events", 0,
				   r->events & ~HELIX_EVENTS_KNOWN);
	if (r->events && r->format == HELIX_RECORD_FORMAT_V1)
		return fail_record(f, "the events of a v1 module", 0, r->events);
	if (!hmod_policy_name(r->policy))
		return fail_record(f, "the policy (0, 1 or 2)", HELIX_POLICY_NONE, r->policy);
	if (r->reserved)
		return fail_record(f, "the record's reserved field", 0, r->reserved);
	return HELIX_OK;
}

enum helix_status record_open(struct flattener *f)
{
	struct hmod_flat_header *h = &f->header;
	struct helix_module_record r;
	enum helix_status status;

	if ((status = read_record(f, &r)) || (status = check_numbers(f, &r)))
		return status;
	h->api = r.format;
	h->version = r.version ? r.version : UINT64_C(1) << 16;
	h->flags = r.flags;
	h->events = r.events;
	h->policy = (uint16_t)r.policy;
	h->abi_major = r.abi_major;
	h->abi_minor = r.abi_minor;
	h->state_version = r.state_version;
	pointer_reader_open(&f->record, f->image, f->image->record, &f->budget, f->diag);
	return HELIX_OK;
}

/* ---- agreement -------------------------------------------------------------------- */

struct pair {
	const char *what;
	uint64_t wanted, found;
};

static enum helix_status same(const struct hmod_image *image, const struct pair *pairs,
			      size_t count, struct hmod_diag *diag)
{
	for (size_t i = 0; i < count; i++) {
		if (pairs[i].wanted == pairs[i].found)
			continue;
		hmod_fail(diag, HELIX_E_META_FORMAT, HMOD_STAGE_METADATA,
			  section_offset(image, image->flat, 0));
		hmod_diag_name(diag, pairs[i].what, SIZE_MAX);
		hmod_diag_numbers(diag, pairs[i].wanted, pairs[i].found);
		return HELIX_E_META_FORMAT;
	}
	return HELIX_OK;
}

static uint64_t abi_of(const struct hmod_flat_header *h)
{
	return h->abi_major * UINT64_C(65536) + h->abi_minor;
}

static enum helix_status headers_agree(const struct hmod_image *image,
				       const struct hmod_flat_header *own,
				       const struct hmod_flat_header *flat, struct hmod_diag *diag)
{
	const struct pair pairs[] = {
		{ "the version in .hmod.flat", own->version, flat->version },
		{ "the flags in .hmod.flat", own->flags, flat->flags },
		{ "the state version in .hmod.flat", own->state_version, flat->state_version },
		{ "the ABI in .hmod.flat", abi_of(own), abi_of(flat) },
		{ "the API in .hmod.flat", own->api, flat->api },
		{ "the sum of events in .hmod.flat", own->events, flat->events },
		{ "the policy in .hmod.flat", own->policy, flat->policy },
		{ "the number of interfaces in .hmod.flat", hmod_interface_count(image),
		  flat->interface_count },
	};

	return same(image, pairs, sizeof pairs / sizeof pairs[0], diag);
}

/* Already checked: there are as many of both. */
static enum helix_status interfaces_agree(const struct hmod_image *image,
					  const struct hmod_meta *meta, struct hmod_diag *diag)
{
	struct hmod_interface_cursor cursor = { 0 };
	const struct hmod_flat_interface *flat = meta->interfaces;
	struct hmod_interface own;
	enum helix_status status;

	for (; !(status = hmod_interface_next(image, &cursor, &own, diag)); flat++) {
		const struct pair pairs[] = {
			{ "the major version of an interface in .hmod.flat", own.major, flat->major },
			{ "the minor version of an interface in .hmod.flat", own.minor, flat->minor },
			{ "the number of an interface's operations in .hmod.flat", own.count,
			  flat->count },
			{ "the priority of an interface in .hmod.flat", own.priority,
			  flat->priority },
			{ "the message flag of an interface in .hmod.flat", own.message.symbol != 0,
			  flat->flags & HMOD_INTERFACE_MESSAGE },
		};

		if ((status = same(image, pairs, sizeof pairs / sizeof pairs[0], diag)))
			return status;
	}
	return status == HELIX_E_NOT_FOUND ? HELIX_OK : status;
}

enum helix_status hmod_flat_agrees(const struct hmod_image *image, const struct hmod_meta *meta,
				   struct hmod_diag *diag)
{
	struct flattener f = { .image = image, .diag = diag };
	enum helix_status status;

	if ((status = record_open(&f)) ||
	    (status = headers_agree(image, &f.header, meta->header, diag)))
		return status;
	return interfaces_agree(image, meta, diag);
}
