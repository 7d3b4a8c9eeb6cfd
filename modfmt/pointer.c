/* SPDX-License-Identifier: MIT
 *
 * The records a compiler leaves are full of pointers, and each of them is a
 * relocation: followed here, inside the file and nowhere else. Compilers and ld
 * write relocations in offset order, which makes a search a bisection; other
 * orders are walked. What is walked, opened or read is on a budget, which keeps
 * hostile files linear.
 */
#include "modfmt/internal.h"

static bool is_for(const struct hmod_image *image, uint32_t i, uint32_t section)
{
	return image->sections[i].type == ELF_SHT_RELA && image->sections[i].info == section;
}

static bool in_offset_order(const struct elf64_rela *relas, uint64_t count)
{
	for (uint64_t i = 1; i < count; i++)
		if (relas[i].offset <= relas[i - 1].offset)
			return false;
	return true;
}

static bool pay(struct pointer_reader *reader, uint64_t price)
{
	if (*reader->budget < price) {
		*reader->budget = 0;
		return false;
	}
	*reader->budget -= price;
	return true;
}

/* Without a budget left, every pointer is a bad one. */
static void give_up(struct pointer_reader *reader)
{
	reader->search.total = 1;
	reader->search.sorted = false;
}

void pointer_reader_open(struct pointer_reader *reader, const struct hmod_image *image,
			 uint32_t section, uint64_t *budget, struct hmod_diag *diag)
{
	struct hmod_rela_search *search = &reader->search;
	const struct elf64_rela *relas;
	uint32_t tables = 0;
	uint64_t count;

	memset(reader, 0, sizeof *reader);
	reader->image = image;
	reader->budget = budget;
	reader->diag = diag;
	search->section = section;
	if (!pay(reader, image->section_count)) {
		give_up(reader);
		return;
	}
	for (uint32_t i = 1; i < image->section_count; i++) {
		if (!is_for(image, i, section))
			continue;
		relas = hmod_section_relas(image, i, &count);
		if (!pay(reader, count)) {
			give_up(reader);
			return;
		}
		search->total += count;
		search->sorted = !tables++ && in_offset_order(relas, count);
		search->relas = i;
	}
}

/* The only entry for `offset` in a sorted table, or NULL. Mostly it is the one
 * behind the last one found, or there is none just before that. */
static const struct elf64_rela *bisect(struct pointer_reader *reader, uint64_t offset)
{
	uint64_t low = 0, high, next = reader->search.next;
	const struct elf64_rela *r = hmod_section_relas(reader->image, reader->search.relas, &high);

	if (next < high && r[next].offset == offset) {
		reader->search.next++;
		return &r[next];
	}
	if ((next == high || (next < high && r[next].offset > offset)) &&
	    (!next || r[next - 1].offset < offset))
		return NULL;
	while (low < high) {
		uint64_t middle = low + (high - low) / 2;

		if (r[middle].offset == offset) {
			reader->search.next = middle + 1;
			return &r[middle];
		}
		if (r[middle].offset < offset)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

/* The entry behind the last one, over all tables and round; NULL when the
 * budget is spent. There is at least one. */
static const struct elf64_rela *step(struct pointer_reader *reader)
{
	struct hmod_rela_search *search = &reader->search;
	const struct elf64_rela *relas;
	uint64_t count;

	while (pay(reader, 1)) {
		relas = hmod_section_relas(reader->image, search->relas, &count);
		if (search->next < count)
			return &relas[search->next++];
		search->next = 0;
		do {
			if (!pay(reader, 1))
				return NULL;
			if (++search->relas == reader->image->section_count)
				search->relas = 1;
		} while (!is_for(reader->image, search->relas, search->section));
	}
	return NULL;
}

/* The first entry for `offset` from the last one found on; false when the
 * budget is spent. */
static bool find(struct pointer_reader *reader, uint64_t offset, const struct elf64_rela **found)
{
	*found = NULL;
	if (reader->search.sorted) {
		*found = bisect(reader, offset);
		return true;
	}
	for (uint64_t i = 0; i < reader->search.total; i++) {
		const struct elf64_rela *r = step(reader);

		if (!r)
			return false;
		if (r->offset == offset) {
			*found = r;
			return true;
		}
	}
	return true;
}

enum pointer_kind pointer_rela(struct pointer_reader *reader, uint64_t offset,
			       const struct elf64_rela **rela)
{
	struct hmod_span bytes = hmod_section_bytes(reader->image, reader->search.section), field;
	uint64_t zero = 0;

	if (!hmod_span_sub(bytes, offset, 8, &field) || !find(reader, offset, rela))
		return POINTER_BAD;
	if (!*rela)
		return memcmp(field.data, &zero, 8) ? POINTER_BAD : POINTER_NULL;
	if (elf64_rela_type(*rela) != R_X86_64_64 ||
	    elf64_rela_symbol(*rela) >= reader->image->symbol_count)
		return POINTER_BAD;
	return POINTER_GIVEN;
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

enum pointer_kind pointer_function(struct pointer_reader *reader, uint64_t offset,
				   struct hmod_reference *function)
{
	const struct elf64_rela *rela = NULL;
	enum pointer_kind kind = pointer_rela(reader, offset, &rela);
	struct place place;

	if (kind != POINTER_GIVEN)
		return kind;
	if (pointer_place(reader, offset, &place) != POINTER_GIVEN ||
	    !(reader->image->sections[place.section].flags & ELF_SHF_EXECINSTR) ||
	    !hmod_section_loaded(reader->image, place.section))
		return POINTER_BAD;
	function->symbol = elf64_rela_symbol(rela);
	function->addend = rela->addend;
	return POINTER_GIVEN;
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
	if (length > HMOD_TEXT_MAX)
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
	if (!*text || !pay(reader, length + 1))
		return hmod_fail_meta(reader->diag, HELIX_E_META_POINTER, what, "a string",
				      section_offset(reader->image, reader->search.section, offset));
	wrong = hmod_text_check(*text, length);
	if (wrong)
		return hmod_fail_meta(reader->diag, HELIX_E_META_TEXT, what, wrong,
				      section_offset(reader->image, place.section, place.offset));
	return HELIX_OK;
}
