/* SPDX-License-Identifier: MIT
 *
 * What the loader resolves itself: the record's hooks and the export records.
 * Relies on pointer.c, which follows their relocations inside the file.
 */
#include "modfmt/internal.h"

/* ---- hooks -------------------------------------------------------------------- */

static const char *const hook_names[HMOD_HOOKS] = {
	"init", "start", "stop", "handle_event", "handle_request", "is_healthy",
	"save_state", "restore_state", "cleanup", "handle_message",
};

const char *hmod_hook_name(enum hmod_hook hook)
{
	return (unsigned)hook < HMOD_HOOKS ? hook_names[hook] : "?";
}

/* Which field a hook is read from, by format; 0: that format has no such hook. */
#define V2(field) offsetof(struct helix_module_record, field)
#define V1(field) offsetof(struct helix_module_v1_record, field)
static const uint16_t hook_fields[HMOD_HOOKS][2] = {
	[HMOD_HOOK_INIT] = { V1(init), V2(init) },
	[HMOD_HOOK_START] = { V1(start), V2(start) },
	[HMOD_HOOK_STOP] = { V1(stop), V2(stop) },
	[HMOD_HOOK_EVENT] = { 0, V2(handle_event) },
	[HMOD_HOOK_REQUEST] = { 0, V2(handle_request) },
	[HMOD_HOOK_HEALTHY] = { V1(is_healthy), V2(is_healthy) },
	[HMOD_HOOK_SAVE] = { V1(get_state), V2(save_state) },
	[HMOD_HOOK_RESTORE] = { V1(restore_state), V2(restore_state) },
	[HMOD_HOOK_CLEANUP] = { V1(cleanup), 0 },
	[HMOD_HOOK_MESSAGE] = { V1(handle_message), 0 },
};
#undef V1
#undef V2

static bool is_v1(const struct hmod_image *image)
{
	struct hmod_span bytes;
	uint16_t format = 0;

	if (hmod_span_sub(hmod_section_bytes(image, image->record),
			  offsetof(struct helix_module_record, format), 2, &bytes))
		memcpy(&format, bytes.data, 2);
	return format == HELIX_RECORD_FORMAT_V1;
}

static enum helix_status hook_read(struct pointer_reader *reader, enum hmod_hook hook,
				   uint64_t field, struct hmod_reference *out)
{
	const char *wrong = NULL;

	switch (pointer_function(reader, field, out)) {
	case POINTER_NULL:
		wrong = hook <= HMOD_HOOK_STOP ? "is required" : NULL;
		break;
	case POINTER_BAD:
		wrong = "does not point to a function of this module";
		break;
	case POINTER_GIVEN:
		break;
	}
	if (!wrong)
		return HELIX_OK;
	return hmod_fail_meta(reader->diag, HELIX_E_META_HOOK, hook_names[hook], wrong,
			      section_offset(reader->image, reader->search.section, field));
}

enum helix_status hmod_hooks_read(const struct hmod_image *image,
				  struct hmod_reference hooks[HMOD_HOOKS], struct hmod_diag *diag)
{
	const unsigned format = is_v1(image) ? 0 : 1;
	uint64_t budget = reading_budget(image);
	struct pointer_reader reader;
	enum helix_status status = HELIX_OK;

	memset(hooks, 0, HMOD_HOOKS * sizeof *hooks);
	pointer_reader_open(&reader, image, image->record, &budget, diag);
	for (unsigned i = 0; i < HMOD_HOOKS && !status; i++)
		if (hook_fields[i][format])
			status = hook_read(&reader, i, hook_fields[i][format], &hooks[i]);
	return status;
}

/* ---- exports --------------------------------------------------------------------- */

uint32_t hmod_export_count(const struct hmod_image *image)
{
	if (!image->exports)
		return 0;
	return (uint32_t)(image->sections[image->exports].size / sizeof(struct helix_export_record));
}

static enum helix_status fail_export(const struct hmod_image *image, uint32_t entry,
				     const char *name, const char *what, struct hmod_diag *diag)
{
	hmod_fail_meta(diag, HELIX_E_META_EXPORT, name, what,
		       section_offset(image, image->exports,
				      (uint64_t)entry * sizeof(struct helix_export_record)));
	if (diag)
		diag->index = entry;
	return HELIX_E_META_EXPORT;
}

/* The symbol that the relocation at `field` names, and that it may be exported. */
static enum helix_status export_symbol(struct pointer_reader *reader, uint32_t entry,
				       uint64_t field, struct hmod_export *out)
{
	const struct hmod_image *image = reader->image;
	const struct elf64_rela *rela = NULL;
	const struct elf64_symbol *symbol;
	enum helix_status status;
	uint32_t section;
	bool special;

	if (pointer_rela(reader, field, &rela) != POINTER_GIVEN)
		return fail_export(image, entry, "the record", "names no symbol", reader->diag);
	out->symbol = elf64_rela_symbol(rela);
	if ((status = hmod_symbol_check(image, out->symbol, reader->diag)))
		return status;
	symbol = &image->symbols[out->symbol];
	out->name = hmod_symbol_name(image, out->symbol);
	if (elf64_symbol_bind(symbol) == ELF_STB_LOCAL ||
	    elf64_symbol_type(symbol) == ELF_STT_SECTION || !out->name[0])
		return fail_export(image, entry, out->name,
				   "is local: only a global symbol can be exported", reader->diag);
	if (rela->addend)
		return fail_export(image, entry, out->name, "is not pointed to at its beginning",
				   reader->diag);
	section = hmod_symbol_section(image, out->symbol, &special);
	if (!special && !section)
		return fail_export(image, entry, out->name, "is not defined here", reader->diag);
	if (!special && !hmod_section_loaded(image, section))
		return fail_export(image, entry, out->name, "is in a section that is not loaded",
				   reader->diag);
	return HELIX_OK;
}

/* Versions and replacement: all or nothing, in order. */
static const char *check_deprecation(const struct hmod_export *export)
{
	if (export->since > HMOD_VERSION_ANY || export->removed > HMOD_VERSION_ANY)
		return "has a version of more than 48 bits";
	if (!export->replacement)
		return export->since || export->removed ? "goes without a replacement" : NULL;
	if (!export->replacement[0])
		return "has an empty replacement";
	if (export->removed && export->removed < export->since)
		return "is removed before it is deprecated";
	return NULL;
}

#define AT(entry, field)                                                                           \
	((uint64_t)(entry) * sizeof(struct helix_export_record) +                                  \
	 offsetof(struct helix_export_record, field))

/* True when no relocation but that of `symbol` fills the entry, and the pointers in
 * it are zero: what most exports are. */
static bool is_plain(struct pointer_reader *reader, uint32_t entry, const uint8_t *record)
{
	static const uint8_t zeroes[16];
	const uint64_t next = reader->search.next;
	const struct elf64_rela *relas;
	uint64_t count;

	if (!reader->search.sorted || memcmp(record + offsetof(struct helix_export_record, ns),
					     zeroes, sizeof zeroes))
		return false;
	relas = hmod_section_relas(reader->image, reader->search.relas, &count);
	return next && next <= count && relas[next - 1].offset == AT(entry, symbol) &&
	       (next == count || relas[next].offset >= AT(entry + 1, symbol));
}

/* The record's texts and numbers. The entry lies inside the section. */
static enum helix_status export_rest(struct pointer_reader *reader, uint32_t entry,
				     struct hmod_export *out)
{
	const struct hmod_image *image = reader->image;
	enum helix_status status;
	struct hmod_span bytes;
	const char *wrong;

	out->ns = out->replacement = NULL;
	out->since = out->removed = 0;
	if (hmod_span_sub(hmod_section_bytes(image, image->exports), AT(entry, symbol),
			  sizeof(struct helix_export_record), &bytes)) {
		memcpy(&out->since, bytes.data + offsetof(struct helix_export_record, since), 8);
		memcpy(&out->removed, bytes.data + offsetof(struct helix_export_record, removed), 8);
		if (is_plain(reader, entry, bytes.data) && !(out->since | out->removed))
			return HELIX_OK;
	}
	if ((status = pointer_string(reader, AT(entry, ns), "an export's namespace", &out->ns)) ||
	    (status = pointer_string(reader, AT(entry, replacement), "an export's replacement",
				     &out->replacement)))
		return status;
	wrong = check_deprecation(out);
	return wrong ? fail_export(image, entry, out->name, wrong, reader->diag) : HELIX_OK;
}

enum helix_status hmod_export_next(const struct hmod_image *image,
				   struct hmod_export_cursor *cursor, struct hmod_export *out,
				   struct hmod_diag *diag)
{
	const uint64_t field = (uint64_t)cursor->entry * sizeof(struct helix_export_record);
	struct pointer_reader reader = { image, cursor->search, &cursor->budget, diag };
	enum helix_status status;

	if (cursor->entry >= hmod_export_count(image)) {
		if (!image->exports || field == image->sections[image->exports].size)
			return HELIX_E_NOT_FOUND;
		return fail_export(image, cursor->entry, "the record", "is cut off", diag);
	}
	if (!cursor->entry) {
		cursor->budget = reading_budget(image);
		pointer_reader_open(&reader, image, image->exports, &cursor->budget, diag);
	}
	if ((status = export_symbol(&reader, cursor->entry, field, out)) ||
	    (status = export_rest(&reader, cursor->entry, out)))
		return status;
	cursor->search = reader.search;
	cursor->entry++;
	return HELIX_OK;
}
