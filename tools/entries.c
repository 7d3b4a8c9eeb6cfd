/* SPDX-License-Identifier: MIT
 *
 * All entries of an archive, read as the kernel reads them.
 */
#include <stdlib.h>
#include <string.h>

#include "tools/tool.h"

static bool keep(const char *path, struct entries *entries, const struct archive_entry *entry)
{
	size_t n = entries->count;

	if (!(n & (n + 1))) { /* room for 2^k - 1 is used up */
		struct archive_entry *larger = realloc(entries->at, (2 * n + 1) * sizeof *larger);

		if (!larger)
			return !refuse(path, "out of memory");
		entries->at = larger;
	}
	entries->at[entries->count++] = *entry;
	return true;
}

static int by_place(const void *a, const void *b)
{
	const struct archive_entry *x = *(struct archive_entry *const *)a;
	const struct archive_entry *y = *(struct archive_entry *const *)b;
	int order = x->archive < y->archive ? -1 : x->archive > y->archive;

	return order ? order : strcmp(x->path, y->path);
}

static bool refuse_twice(const char *path, const struct entries *entries,
			 const struct archive_entry *entry)
{
	struct hmod_diag diag;

	hmod_fail(&diag, HELIX_E_ARCHIVE_DUPLICATE, HMOD_STAGE_ARCHIVE, HMOD_NOWHERE);
	hmod_diag_name(&diag, entry->path, entry->path_length);
	diag.index = (uint64_t)(entry - entries->at);
	return !refuse_diag(path, &diag);
}

/* One name twice in one archive; folders may be. A later archive replaces what
 * earlier ones have. */
static bool all_different(const char *path, const struct entries *entries)
{
	const struct archive_entry **sorted = calloc(entries->count + 1, sizeof *sorted);
	bool good = true;

	if (!sorted)
		return !refuse(path, "out of memory");
	for (size_t i = 0; i < entries->count; i++)
		sorted[i] = &entries->at[i];
	qsort(sorted, entries->count, sizeof *sorted, by_place);
	for (size_t i = 1; i < entries->count && good; i++) {
		const struct archive_entry *a = sorted[i - 1], *b = sorted[i];

		if (!by_place(&sorted[i - 1], &sorted[i]) &&
		    !(a->type == ARCHIVE_DIRECTORY && b->type == ARCHIVE_DIRECTORY))
			good = refuse_twice(path, entries, a > b ? a : b);
	}
	free(sorted);
	return good;
}

bool entries_read(const char *path, struct entries *entries)
{
	struct archive_reader reader = { .offset = 0 };
	struct archive_entry entry;
	enum helix_status status;
	struct hmod_diag diag;

	*entries = (struct entries){ .at = NULL };
	if (!read_inflated(path, &entries->file))
		return false;
	if (!entries->file.size)
		return !refuse(path, "is empty");
	reader.bytes = (struct hmod_span){ entries->file.data, entries->file.size };
	while (!(status = archive_next(&reader, &entry, &diag)))
		if (!keep(path, entries, &entry))
			return false;
	if (status != HELIX_E_NOT_FOUND)
		return !refuse_diag(path, &diag);
	return all_different(path, entries);
}

void entries_free(struct entries *entries)
{
	free(entries->at);
	free(entries->file.data);
}
