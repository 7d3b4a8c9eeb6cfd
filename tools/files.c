/* SPDX-License-Identifier: MIT
 *
 * See files.h.
 */
#define _GNU_SOURCE
#include "tools/files.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the table -------------------------------------------------------------------- */

/* The first entry that is not before `path`. */
static size_t place_of(const struct files *files, const char *path)
{
	size_t low = 0, high = files->count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (strcmp(files->at[middle].path, path) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct file *files_find(const struct files *files, const char *path)
{
	size_t at = place_of(files, path);

	return at < files->count && !strcmp(files->at[at].path, path) ? &files->at[at] : NULL;
}

/* Takes `fresh` with its path, which is not there yet. */
static bool insert(struct files *files, struct file fresh)
{
	size_t at = place_of(files, fresh.path);

	if (files->count == files->room) {
		size_t room = files->room ? 2 * files->room : 64;
		struct file *larger = realloc(files->at, room * sizeof *larger);

		if (!larger)
			return !refuse(fresh.path, "out of memory");
		files->at = larger;
		files->room = room;
	}
	memmove(&files->at[at + 1], &files->at[at], (files->count - at) * sizeof *files->at);
	files->at[at] = fresh;
	files->count++;
	return true;
}

void files_free(struct files *files)
{
	for (size_t i = 0; i < files->count; i++) {
		free(files->at[i].path);
		free(files->at[i].own.data);
	}
	free(files->at);
	free(files->image.data);
	*files = (struct files){ .count = 0 };
}

bool file_is_module(const struct file *file)
{
	return !file->directory && (ends_with(file->path, ".hmod") || ends_with(file->path, ".hmod.gz"));
}

static enum helix_status fail(struct hmod_diag *diag, enum helix_status status, const char *what)
{
	hmod_fail(diag, status, HMOD_STAGE_NONE, HMOD_NOWHERE);
	hmod_diag_name(diag, what, SIZE_MAX);
	return status;
}

enum helix_status files_get(const struct files *files, const char *path, struct hmod_span *bytes,
			    struct hmod_diag *diag)
{
	struct file *file = files_find(files, path);
	enum helix_status status = HELIX_OK;

	if (!file)
		return fail(diag, HELIX_E_NOT_FOUND, path);
	if (file->directory)
		return fail(diag, HELIX_E_INVALID, "it is a directory");
	*bytes = file->data;
	if (!archive_is_gzip(file->data))
		return HELIX_OK;
	if (!file->own.data)
		status = gzip_inflate_diag((struct bytes){ (uint8_t *)(uintptr_t)file->data.data,
							   file->data.size }, &file->own, diag);
	*bytes = (struct hmod_span){ file->own.data, file->own.size };
	return status;
}

/* ---- of an image -------------------------------------------------------------------- */

struct reading {
	struct files *files;
	void (*complain)(const char *text);
};

/* Of two in one archive the first is kept, a later archive replaces. */
static bool add(struct reading *r, const char *path, const struct archive_entry *entry)
{
	const bool directory = !entry || entry->type == ARCHIVE_DIRECTORY;
	struct file *there = files_find(r->files, path);
	struct file fresh = { .directory = directory, .archive = entry ? entry->archive : 0 };
	char text[ARCHIVE_PATH_MAX + 64];

	if (there && there->directory && directory)
		return true;
	if (there && entry && there->archive == entry->archive) {
		snprintf(text, sizeof text, "initrd: %s is there twice, the first is kept", path);
		r->complain(text);
		return true;
	}
	if (entry && !directory)
		fresh.data = entry->data;
	if (there) {
		fresh.path = there->path;
		*there = fresh;
		return true;
	}
	fresh.path = strdup(path);
	return fresh.path ? insert(r->files, fresh) : !refuse(path, "out of memory");
}

static bool add_parents(struct reading *r, char *path, const struct archive_entry *entry)
{
	const struct archive_entry folder = { .type = ARCHIVE_DIRECTORY, .archive = entry->archive };
	bool good = true;

	for (char *slash = strchr(path + 1, '/'); slash && good; slash = strchr(slash + 1, '/')) {
		*slash = 0;
		good = add(r, path, &folder);
		*slash = '/';
	}
	return good;
}

static bool read_entries(struct reading *r)
{
	struct archive_reader reader = { .bytes = { r->files->image.data, r->files->image.size } };
	char path[ARCHIVE_PATH_MAX + 2] = "/", text[400] = "initrd: ";
	struct archive_entry entry;
	enum helix_status status;
	struct hmod_diag diag;

	while (!(status = archive_next(&reader, &entry, &diag))) {
		memcpy(path + 1, entry.path, entry.path_length + 1);
		if (entry.path_length && strcmp(path, "/.") &&
		    (!add_parents(r, path, &entry) || !add(r, path, &entry)))
			return false;
	}
	if (status == HELIX_E_NOT_FOUND)
		return true;
	hmod_diag_text(&diag, text + strlen(text), 320); /* as much as the kernel prints */
	r->complain(text);
	return true;
}

bool files_of_image(const char *path, struct files *files, void (*complain)(const char *text))
{
	struct reading r = { files, complain };

	*files = (struct files){ .count = 0 };
	if (!read_inflated(path, &files->image))
		return false;
	if (!files->image.size)
		return !refuse(path, "is empty");
	return read_entries(&r);
}

/* ---- of a folder ----------------------------------------------------------------------- */

static bool add_file(struct files *files, const char *folder, const char *name)
{
	struct file fresh = { .directory = false };

	if (asprintf(&fresh.path, "%s/%s", folder, name) < 0)
		return !refuse(folder, "out of memory");
	if (!file_is_module(&fresh)) {
		free(fresh.path);
		return true;
	}
	if (!read_inflated(fresh.path, &fresh.own)) {
		free(fresh.path);
		return false;
	}
	fresh.data = (struct hmod_span){ fresh.own.data, fresh.own.size };
	return insert(files, fresh);
}

bool files_of_folder(const char *path, struct files *files)
{
	struct dirent *entry;
	DIR *folder = opendir(path);
	bool good = true;

	*files = (struct files){ .count = 0 };
	if (!folder)
		return !refuse(path, "%s", strerror(errno));
	while (good && (entry = readdir(folder)))
		good = add_file(files, path, entry->d_name);
	closedir(folder);
	return good;
}
