/* SPDX-License-Identifier: MIT
 *
 * Diagnostics: filled where a fault is found, rendered once. The sentences are
 * the templates of include/helix/status.h.
 */
#include "modfmt/diag.h"

#include "modfmt/mem.h"
#include "modfmt/version.h"

struct status_row {
	int number;
	const char *name, *sentence, *mend;
};

static const struct status_row rows[] = {
#define ROW(name, number, sentence, mend) { number, #name, sentence, mend },
	HELIX_STATUS_LIST(ROW)
#undef ROW
};

static const char *const stages[HMOD_STAGES] = {
	[HMOD_STAGE_NONE] = "",
	[HMOD_STAGE_ARCHIVE] = "archive",
	[HMOD_STAGE_INFLATE] = "inflate",
	[HMOD_STAGE_HEADER] = "header",
	[HMOD_STAGE_SECTIONS] = "sections",
	[HMOD_STAGE_SYMBOLS] = "symbols",
	[HMOD_STAGE_RELOCATIONS] = "relocations",
	[HMOD_STAGE_METADATA] = "metadata",
	[HMOD_STAGE_REGISTER] = "register",
	[HMOD_STAGE_DEPENDENCIES] = "dependencies",
	[HMOD_STAGE_PARAMETERS] = "parameters",
	[HMOD_STAGE_LAYOUT] = "layout",
	[HMOD_STAGE_RESOLVE] = "resolve",
	[HMOD_STAGE_RELOCATE] = "relocate",
	[HMOD_STAGE_PROTECT] = "protect",
	[HMOD_STAGE_INIT] = "init",
	[HMOD_STAGE_START] = "start",
	[HMOD_STAGE_STOP] = "stop",
	[HMOD_STAGE_UNLOAD] = "unload",
	[HMOD_STAGE_REQUEST] = "request",
	[HMOD_STAGE_STATE] = "state",
};

static const struct status_row *row_of(int status)
{
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (rows[i].number == status)
			return &rows[i];
	return NULL;
}

const char *hmod_status_name(int status)
{
	const struct status_row *row = row_of(status);

	return row ? row->name : "?";
}

const char *hmod_stage_name(enum hmod_stage stage)
{
	return (unsigned)stage < HMOD_STAGES ? stages[stage] : "?";
}

enum helix_status hmod_fail(struct hmod_diag *diag, enum helix_status status, enum hmod_stage stage,
			    uint64_t offset)
{
	if (diag) {
		memset(diag, 0, sizeof *diag);
		diag->status = status;
		diag->stage = stage;
		diag->offset = offset;
	}
	return status;
}

static void copy_text(char *to, size_t capacity, const char *text, size_t length)
{
	size_t i = 0;

	for (; text && i < length && text[i] && i + 1 < capacity; i++) {
		unsigned char c = (unsigned char)text[i];
		to[i] = c < 0x20 || c == 0x7f ? '?' : text[i];
	}
	to[i] = 0;
}

void hmod_diag_name(struct hmod_diag *diag, const char *text, size_t length)
{
	if (diag)
		copy_text(diag->name, sizeof diag->name, text, length);
}

void hmod_diag_other(struct hmod_diag *diag, const char *text, size_t length)
{
	if (diag)
		copy_text(diag->other, sizeof diag->other, text, length);
}

void hmod_diag_module(struct hmod_diag *diag, const char *name)
{
	if (diag)
		copy_text(diag->module, sizeof diag->module, name, SIZE_MAX);
}

void hmod_diag_section(struct hmod_diag *diag, uint64_t index, const char *name, size_t length)
{
	if (!diag)
		return;
	diag->section = index;
	copy_text(diag->section_name, sizeof diag->section_name, name, length);
}

void hmod_diag_numbers(struct hmod_diag *diag, uint64_t wanted, uint64_t found)
{
	if (!diag)
		return;
	diag->wanted = wanted;
	diag->found = found;
}

/* ---- rendering ---------------------------------------------------------- */

struct sink {
	char *text;
	size_t capacity, length; /* length: of the whole text, kept or not */
};

static void put(struct sink *sink, const char *text)
{
	for (; *text; text++, sink->length++)
		if (sink->length + 1 < sink->capacity)
			sink->text[sink->length] = *text;
}

static void put_number(struct sink *sink, uint64_t value, unsigned base)
{
	char digits[24];
	size_t at = sizeof digits;

	digits[--at] = 0;
	do {
		digits[--at] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value);
	if (base == 16)
		put(sink, "0x");
	put(sink, digits + at);
}

static void put_signed(struct sink *sink, int64_t value)
{
	if (value < 0)
		put(sink, "-");
	put_number(sink, value < 0 ? 0 - (uint64_t)value : (uint64_t)value, 10);
}

static void put_version(struct sink *sink, uint64_t version)
{
	char text[HMOD_VERSION_TEXT];

	hmod_version_text(version, text);
	put(sink, text);
}

static void put_section(struct sink *sink, const struct hmod_diag *diag)
{
	put_number(sink, diag->section, 10);
	if (diag->section_name[0]) {
		put(sink, " (");
		put(sink, diag->section_name);
		put(sink, ")");
	}
}

static void put_field(struct sink *sink, const struct hmod_diag *diag, char field)
{
	const char one[2] = { field, 0 };

	switch (field) {
	case 'n': put(sink, diag->name); break;
	case 'o': put(sink, diag->other); break;
	case 'm': put(sink, diag->module); break;
	case 's': put_section(sink, diag); break;
	case 'i': put_number(sink, diag->index, 10); break;
	case 'w': put_number(sink, diag->wanted, 10); break;
	case 'f': put_number(sink, diag->found, 10); break;
	case 'd': put_signed(sink, (int64_t)diag->found); break;
	case 'W': put_number(sink, diag->wanted, 16); break;
	case 'F': put_number(sink, diag->found, 16); break;
	case 'v': put_version(sink, diag->wanted); break;
	case 'u': put_version(sink, diag->found); break;
	case 'l': put(sink, diag->list ? diag->list : "?"); break;
	case 'p': put(sink, diag->found == 1 ? "" : "s"); break;
	default: put(sink, one);
	}
}

static void put_template(struct sink *sink, const struct hmod_diag *diag, const char *template)
{
	for (; *template; template++) {
		const char one[2] = { *template, 0 };

		if (*template == '%' && template[1])
			put_field(sink, diag, *++template);
		else
			put(sink, one);
	}
}

size_t hmod_diag_text(const struct hmod_diag *diag, char *text, size_t capacity)
{
	struct sink sink = { text, capacity, 0 };
	const struct status_row *row = row_of(diag->status);
	size_t before;

	put_template(&sink, diag, row ? row->sentence : "unknown status %d");
	before = sink.length;
	if (row && row->mend[0]) {
		put(&sink, "; ");
		put_template(&sink, diag, row->mend);
		if (sink.length == before + 2) /* a mend that rendered to nothing */
			sink.length = before;
	}
	if (diag->offset != HMOD_NOWHERE && diag->stage) {
		put(&sink, " [");
		put(&sink, hmod_stage_name(diag->stage));
		put(&sink, ", offset ");
		put_number(&sink, diag->offset, 16);
		put(&sink, "]");
	}
	if (capacity)
		text[sink.length < capacity ? sink.length : capacity - 1] = 0;
	return sink.length;
}
