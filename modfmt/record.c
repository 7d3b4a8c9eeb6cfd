/* SPDX-License-Identifier: MIT
 *
 * What the loader resolves itself: the record's hooks and the export records.
 * Relies on pointer.c, which follows their relocations inside the file.
 */
#include "modfmt/internal.h"

/* ---- hooks -------------------------------------------------------------------- */

static const struct {
	const char *name;
	uint16_t offset;
	bool required;
} hook_fields[HMOD_HOOKS] = {
#define HOOK(field, required) { #field, offsetof(struct helix_module_record, field), required }
	[HMOD_HOOK_INIT] = HOOK(init, true),
	[HMOD_HOOK_START] = HOOK(start, true),
	[HMOD_HOOK_STOP] = HOOK(stop, true),
	[HMOD_HOOK_EVENT] = HOOK(handle_event, false),
	[HMOD_HOOK_REQUEST] = HOOK(handle_request, false),
	[HMOD_HOOK_HEALTHY] = HOOK(is_healthy, false),
	[HMOD_HOOK_SAVE] = HOOK(save_state, false),
	[HMOD_HOOK_RESTORE] = HOOK(restore_state, false),
#undef HOOK
};

static enum helix_status hook_read(struct pointer_reader *reader, unsigned hook,
				   struct hmod_reference *out)
{
	const uint64_t field = hook_fields[hook].offset;
	const uint64_t at = section_offset(reader->image, reader->search.section, field);
	const struct elf64_rela *rela = NULL;
	struct place place;

	switch (pointer_rela(reader, field, &rela)) {
	case POINTER_NULL:
		return hook_fields[hook].required ?
			       hmod_fail_meta(reader->diag, HELIX_E_META_HOOK,
					      hook_fields[hook].name, "is required", at) :
			       HELIX_OK;
	case POINTER_GIVEN:
		if (pointer_place(reader, field, &place) == POINTER_GIVEN &&
		    reader->image->sections[place.section].flags & ELF_SHF_EXECINSTR &&
		    hmod_section_loaded(reader->image, place.section)) {
			out->symbol = elf64_rela_symbol(rela);
			out->addend = rela->addend;
			return HELIX_OK;
		}
		break;
	case POINTER_BAD:
		break;
	}
	return hmod_fail_meta(reader->diag, HELIX_E_META_HOOK, hook_fields[hook].name,
			      "does not point to a function of this module", at);
}

enum helix_status hmod_hooks_read(const struct hmod_image *image,
				  struct hmod_reference hooks[HMOD_HOOKS], struct hmod_diag *diag)
{
	uint64_t budget = image->file.size;
	struct pointer_reader reader;
	enum helix_status status = HELIX_OK;

	memset(hooks, 0, HMOD_HOOKS * sizeof *hooks);
	pointer_reader_open(&reader, image, image->record, &budget, diag);
	for (unsigned i = 0; i < HMOD_HOOKS && !status; i++)
		status = hook_read(&reader, i, &hooks[i]);
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
		cursor->budget = image->file.size;
		pointer_reader_open(&reader, image, image->exports, &cursor->budget, diag);
	}
	if ((status = export_symbol(&reader, cursor->entry, field, out)) ||
	    (status = pointer_string(&reader, field + offsetof(struct helix_export_record, ns),
				     "an export's namespace", &out->ns)))
		return status;
	cursor->search = reader.search;
	cursor->entry++;
	return HELIX_OK;
}
