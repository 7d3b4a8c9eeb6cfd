/* SPDX-License-Identifier: MIT
 *
 * The initial ramdisk's archive: cpio newc (magic 070701), several archives
 * one after another with NUL padding between. A pure checked reader, shared by
 * kernel and tools, and the field layout the writer uses. No allocation.
 */
#ifndef INITRD_ARCHIVE_H
#define INITRD_ARCHIVE_H

#include "modfmt/diag.h"
#include "modfmt/span.h"

#define ARCHIVE_HEADER_SIZE 110 /* bytes; 13 fields of 8 hexadecimal digits */
#define ARCHIVE_PATH_MAX 1023 /* bytes of a path, without its NUL */

enum archive_type { ARCHIVE_FILE, ARCHIVE_DIRECTORY, ARCHIVE_OTHER };

struct archive_entry {
	const char *path; /* NUL-terminated, in the archive; a leading "./" or "/" skipped */
	size_t path_length;
	enum archive_type type;
	uint32_t mode, mtime;
	struct hmod_span data;
	uint64_t offset; /* of the entry's header, bytes from the start */
	uint32_t archive; /* which of several archives one after another, from 0 */
};

/* A cursor: zero it, set `bytes`. */
struct archive_reader {
	struct hmod_span bytes;
	uint64_t offset; /* of the next header */
	uint64_t index; /* of the next entry, for messages */
	uint32_t archive; /* the one the last entry stood in */
	bool after_trailer;
};

/* The next entry. NOT_FOUND, with no diagnostic, after the last archive's
 * trailer and padding. A damaged archive gives a distinct status; entries
 * before the damage have been returned. Duplicate names are the caller's to
 * refuse (ARCHIVE_DUPLICATE). Nothing is assumed of alignment. */
enum helix_status archive_next(struct archive_reader *reader, struct archive_entry *entry,
			       struct hmod_diag *diag);

/* True when the bytes begin with the gzip magic 1f 8b. */
bool archive_is_gzip(struct hmod_span bytes);
/* What is wrong with a gzip stream, from zlib's message (NULL: it gave none). */
const char *archive_gzip_words(const char *message);

/* Writes the newc header of one entry (ARCHIVE_HEADER_SIZE bytes, no NUL). */
void archive_header_write(char *header, uint32_t inode, uint32_t mode, uint32_t links,
			  uint32_t mtime, uint32_t file_size, uint32_t name_size);

#endif
