/* SPDX-License-Identifier: MIT
 *
 * The newc reader: every number and range is checked before it is used.
 */
#include "initrd/archive.h"

#include "modfmt/mem.h"

enum field { INODE, MODE, UID, GID, LINKS, MTIME, SIZE, MAJOR, MINOR, RMAJOR, RMINOR, NAME, CHECK,
	     FIELDS };

static const char *const field_names[FIELDS] = {
	"the inode", "the mode", "the user", "the group", "the link count", "the time", "the size",
	"the major number", "the minor number", "the device's major number",
	"the device's minor number", "the name's size", "the checksum",
};

static enum helix_status fail(const struct archive_reader *reader, enum helix_status status,
			      const char *what, struct hmod_diag *diag)
{
	hmod_fail(diag, status, HMOD_STAGE_ARCHIVE, HMOD_NOWHERE);
	hmod_diag_name(diag, what, SIZE_MAX);
	hmod_diag_numbers(diag, reader->bytes.size, reader->offset);
	if (diag)
		diag->index = reader->index;
	return status;
}

static int digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static bool number(const uint8_t *text, uint32_t *value)
{
	*value = 0;
	for (unsigned i = 0; i < 8; i++) {
		int d = digit(text[i]);

		if (d < 0)
			return false;
		*value = *value << 4 | (uint32_t)d;
	}
	return true;
}

/* Padding between archives, and behind the last: zeroes. */
static void skip_padding(struct archive_reader *reader)
{
	while (reader->offset < reader->bytes.size && !reader->bytes.data[reader->offset])
		reader->offset++;
}

static enum helix_status read_header(struct archive_reader *reader, uint32_t field[FIELDS],
				     struct hmod_diag *diag)
{
	uint64_t left = reader->bytes.size - reader->offset;
	struct hmod_span header = { NULL, 0 };

	hmod_span_sub(reader->bytes, reader->offset,
		      left < ARCHIVE_HEADER_SIZE ? left : ARCHIVE_HEADER_SIZE, &header);
	if (header.size < 6 || memcmp(header.data, "070701", 6))
		return fail(reader, HELIX_E_ARCHIVE_MAGIC, "", diag);
	if (header.size < ARCHIVE_HEADER_SIZE)
		return fail(reader, HELIX_E_ARCHIVE_RANGE, "the header", diag);
	for (unsigned i = 0; i < FIELDS; i++)
		if (!number(header.data + 6 + 8 * (size_t)i, &field[i]))
			return fail(reader, HELIX_E_ARCHIVE_NUMBER, field_names[i], diag);
	return HELIX_OK;
}

static enum archive_type type_of(uint32_t mode)
{
	switch (mode & 0170000) {
	case 0100000: return ARCHIVE_FILE;
	case 0040000: return ARCHIVE_DIRECTORY;
	default: return ARCHIVE_OTHER;
	}
}

/* Takes `size` bytes and the padding to four that follows them; both are
 * counted from the start of this archive, whose headers are aligned. */
static bool take(struct archive_reader *reader, uint64_t *at, uint64_t size,
		 struct hmod_span *part)
{
	uint64_t start = reader->offset;

	if (!hmod_span_sub(reader->bytes, *at, size, part))
		return false;
	*at += size;
	*at += (0 - (*at - start)) & 3;
	if (*at > reader->bytes.size)
		*at = reader->bytes.size;
	return true;
}

static uint64_t first_nul(struct hmod_span name)
{
	uint64_t i = 0;

	while (name.data[i])
		i++;
	return i;
}

/* Checks the name and skips a leading `./` or `/`. */
static enum helix_status read_name(struct archive_reader *reader, struct hmod_span name,
				   struct archive_entry *entry, struct hmod_diag *diag)
{
	const char *path = (const char *)name.data;

	if (!name.size || name.data[name.size - 1])
		return fail(reader, HELIX_E_ARCHIVE_NAME, "the name does not end with a NUL", diag);
	if (name.size > ARCHIVE_PATH_MAX + 1)
		return fail(reader, HELIX_E_ARCHIVE_NAME, "the name is longer than 1023 bytes", diag);
	if (first_nul(name) != name.size - 1)
		return fail(reader, HELIX_E_ARCHIVE_NAME, "the name has a NUL inside", diag);
	while (path[0] == '/' || (path[0] == '.' && path[1] == '/'))
		path += path[0] == '/' ? 1 : 2;
	entry->path = path;
	entry->path_length = (size_t)((const char *)name.data + name.size - 1 - path);
	return HELIX_OK;
}

/* The entry at the cursor, which moves behind it: trailers as well. */
static enum helix_status read_entry(struct archive_reader *reader, struct archive_entry *entry,
				    struct hmod_diag *diag)
{
	uint64_t at = reader->offset + ARCHIVE_HEADER_SIZE;
	uint32_t field[FIELDS];
	struct hmod_span name;
	enum helix_status status = read_header(reader, field, diag);

	if (status)
		return status;
	if (!take(reader, &at, field[NAME], &name))
		return fail(reader, HELIX_E_ARCHIVE_RANGE, "the name", diag);
	if ((status = read_name(reader, name, entry, diag)))
		return status;
	if (!take(reader, &at, field[SIZE], &entry->data))
		return fail(reader, HELIX_E_ARCHIVE_RANGE, entry->path, diag);
	reader->archive += reader->after_trailer;
	entry->archive = reader->archive;
	entry->offset = reader->offset;
	entry->mode = field[MODE];
	entry->mtime = field[MTIME];
	entry->type = type_of(field[MODE]);
	reader->offset = at;
	reader->index++;
	return HELIX_OK;
}

enum helix_status archive_next(struct archive_reader *reader, struct archive_entry *entry,
			       struct hmod_diag *diag)
{
	do {
		enum helix_status status;

		if (!reader->index || reader->after_trailer)
			skip_padding(reader);
		if (reader->offset == reader->bytes.size) {
			if (reader->after_trailer || !reader->bytes.size)
				return HELIX_E_NOT_FOUND;
			return fail(reader, HELIX_E_ARCHIVE_END, "", diag);
		}
		if ((status = read_entry(reader, entry, diag)))
			return status;
		reader->after_trailer =
			entry->path_length == 10 && !memcmp(entry->path, "TRAILER!!!", 10);
	} while (reader->after_trailer);
	return HELIX_OK;
}

bool archive_is_gzip(struct hmod_span bytes)
{
	return bytes.size >= 2 && bytes.data[0] == 0x1f && bytes.data[1] == 0x8b;
}

static char *put(char *to, uint32_t value)
{
	for (int shift = 28; shift >= 0; shift -= 4)
		*to++ = "0123456789abcdef"[value >> shift & 15];
	return to;
}

void archive_header_write(char *header, uint32_t inode, uint32_t mode, uint32_t links,
			  uint32_t mtime, uint32_t file_size, uint32_t name_size)
{
	const uint32_t field[FIELDS] = { [INODE] = inode, [MODE] = mode,      [LINKS] = links,
					 [MTIME] = mtime, [SIZE] = file_size, [NAME] = name_size };

	memcpy(header, "070701", 6);
	header += 6;
	for (unsigned i = 0; i < FIELDS; i++)
		header = put(header, field[i]);
}
