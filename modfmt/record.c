/* SPDX-License-Identifier: MIT
 *
 * The records a compiler leaves: pointers are relocations, followed inside the
 * file. A budget of relocations looked at keeps hostile files linear.
 */
#include "modfmt/internal.h"

void pointer_reader_open(struct pointer_reader *reader, const struct hmod_image *image,
			 uint32_t section, uint64_t *budget, struct hmod_diag *diag)
{
	memset(reader, 0, sizeof *reader);
	reader->image = image;
	reader->section = section;
	reader->budget = budget;
	reader->diag = diag;
	for (uint32_t i = 1; i < image->section_count; i++)
		if (image->sections[i].type == ELF_SHT_RELA && image->sections[i].info == section) {
			reader->relas = i;
			return;
		}
}

/* Looks at relocations from `next` on, round once: in offset order each look-up
 * takes one step. */
enum pointer_kind pointer_rela(struct pointer_reader *reader, uint64_t offset,
			       const struct elf64_rela **rela)
{
	struct hmod_span bytes = hmod_section_bytes(reader->image, reader->section), field;
	const struct elf64_rela *r = NULL;
	uint64_t count = 0, zero = 0;

	if (!hmod_span_sub(bytes, offset, 8, &field))
		return POINTER_BAD;
	if (reader->relas)
		r = hmod_section_relas(reader->image, reader->relas, &count);
	for (uint64_t i = 0; i < count; i++) {
		uint64_t at = reader->next + i < count ? reader->next + i : reader->next + i - count;

		if (!*reader->budget)
			return POINTER_BAD;
		--*reader->budget;
		if (r[at].offset != offset)
			continue;
		reader->next = at + 1 < count ? at + 1 : 0;
		*rela = &r[at];
		return elf64_rela_type(&r[at]) == R_X86_64_64 &&
				       elf64_rela_symbol(&r[at]) < reader->image->symbol_count ?
			       POINTER_GIVEN :
			       POINTER_BAD;
	}
	return memcmp(field.data, &zero, 8) ? POINTER_BAD : POINTER_NULL;
}

enum pointer_kind pointer_place(struct pointer_reader *reader, uint64_t offset,
				struct place *place)
{
	const struct hmod_image *image = reader->image;
	const struct elf64_rela *rela = NULL;
	enum pointer_kind kind = pointer_rela(reader, offset, &rela);
	uint32_t symbol, section;
	bool special;

	if (kind != POINTER_GIVEN)
		return kind;
	symbol = elf64_rela_symbol(rela);
	if (hmod_symbol_check(image, symbol, NULL))
		return POINTER_BAD;
	section = hmod_symbol_section(image, symbol, &special);
	if (special || !section)
		return POINTER_BAD;
	place->section = section;
	place->offset = image->symbols[symbol].value + (uint64_t)rela->addend;
	return place->offset < image->sections[section].size ? POINTER_GIVEN : POINTER_BAD;
}

enum helix_status hmod_fail_meta(struct hmod_diag *diag, enum helix_status status,
				 const char *name, const char *what, uint64_t offset)
{
	hmod_fail(diag, status, HMOD_STAGE_METADATA, offset);
	hmod_diag_name(diag, name, SIZE_MAX);
	hmod_diag_other(diag, what, SIZE_MAX);
	return status;
}

const char *hmod_text_check(const char *text, size_t length)
{
	if (length > 4096)
		return "is longer than 4096 bytes";
	for (size_t i = 0; i < length; i++)
		if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
			return "has a control character";
	return NULL;
}

enum helix_status pointer_string(struct pointer_reader *reader, uint64_t offset, const char *what,
				 const char **text)
{
	struct place place;
	const char *wrong;
	size_t length;

	*text = NULL;
	switch (pointer_place(reader, offset, &place)) {
	case POINTER_NULL:
		return HELIX_OK;
	case POINTER_GIVEN:
		*text = hmod_span_string(hmod_section_bytes(reader->image, place.section),
					 place.offset, &length);
		break;
	case POINTER_BAD:
		break;
	}
	if (!*text)
		return hmod_fail_meta(reader->diag, HELIX_E_META_POINTER, what, "a string",
				      section_offset(reader->image, reader->section, offset));
	wrong = hmod_text_check(*text, length);
	if (wrong)
		return hmod_fail_meta(reader->diag, HELIX_E_META_TEXT, what, wrong,
				      section_offset(reader->image, place.section, place.offset));
	return HELIX_OK;
}

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
	const uint64_t at = section_offset(reader->image, reader->section, field);
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

enum helix_status hmod_export_next(const struct hmod_image *image,
				   struct hmod_export_cursor *cursor, struct hmod_export *out,
				   struct hmod_diag *diag)
{
	uint64_t budget = image->file.size, field;
	const struct elf64_rela *rela = NULL;
	const struct elf64_symbol *symbol;
	struct pointer_reader reader;
	enum helix_status status;

	if (cursor->entry >= hmod_export_count(image))
		return HELIX_E_NOT_FOUND;
	field = (uint64_t)cursor->entry * sizeof(struct helix_export_record);
	pointer_reader_open(&reader, image, image->exports, &budget, diag);
	reader.next = cursor->rela;
	if (pointer_rela(&reader, field, &rela) != POINTER_GIVEN)
		return fail_export(image, cursor->entry, "", "names no symbol", diag);
	out->symbol = elf64_rela_symbol(rela);
	if ((status = hmod_symbol_check(image, out->symbol, diag)))
		return status;
	symbol = &image->symbols[out->symbol];
	out->name = hmod_symbol_name(image, out->symbol);
	if (elf64_symbol_bind(symbol) == ELF_STB_LOCAL ||
	    elf64_symbol_type(symbol) == ELF_STT_SECTION || rela->addend || !out->name[0])
		return fail_export(image, cursor->entry, out->name,
				   "is local: only a global symbol can be exported", diag);
	if (symbol->shndx == ELF_SHN_UNDEF)
		return fail_export(image, cursor->entry, out->name, "is not defined here", diag);
	if ((status = pointer_string(&reader, field + offsetof(struct helix_export_record, ns),
				     "an export's namespace", &out->ns)))
		return status;
	cursor->rela = reader.next;
	cursor->entry++;
	return HELIX_OK;
}
