/* SPDX-License-Identifier: MIT
 *
 * The files of the initial ramdisks: see files.h.
 */
#include "kernel/svc/files.h"

#include "initrd/archive.h"
#include "kernel/core/kernel.h"
#include "kernel/core/log.h"
#include "kernel/core/string.h"
#include "kernel/core/zlib.h"
#include "kernel/mm/mm.h"

static struct file *files;
static unsigned count, room;

/* The first entry that is not before `path`. */
static unsigned place_of(const char *path)
{
	unsigned low = 0, high = count;

	while (low < high) {
		unsigned middle = (low + high) / 2;

		if (strcmp(files[middle].path, path) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool grow(void)
{
	unsigned more = room ? 2 * room : 64;
	struct file *larger;

	if (count < room)
		return true;
	larger = kmalloc(more * sizeof *larger);
	if (!larger)
		return false;
	if (count)
		memcpy(larger, files, count * sizeof *files);
	kfree(files);
	files = larger;
	room = more;
	return true;
}

static void add(const char *path, bool directory, struct hmod_span data, uint32_t archive)
{
	unsigned at = place_of(path);
	char *copy;

	if (at < count && !strcmp(files[at].path, path)) {
		if (directory && files[at].directory)
			return;
		if (files[at].sequence == archive) {
			log_line(LOG_WARN, "initrd: %s is there twice, the first is kept", path);
			return;
		}
		files[at].directory = directory;
		files[at].data = data;
		files[at].sequence = archive;
		return;
	}
	copy = kmalloc(strlen(path) + 1);
	if (!copy || !grow()) {
		kfree(copy);
		log_line(LOG_ERROR, "initrd: out of memory for %s", path);
		return;
	}
	memcpy(copy, path, strlen(path) + 1);
	memmove(&files[at + 1], &files[at], (count - at) * sizeof *files);
	files[at] = (struct file){ copy, directory, data, archive };
	count++;
}

/* The folders a path stands in, which an archive need not list. */
static void add_parents(char *path, uint32_t archive)
{
	struct hmod_span none = { NULL, 0 };

	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = 0;
		add(path, true, none, archive);
		*slash = '/';
	}
}

static void complain(const char *what, const struct hmod_diag *diag)
{
	char text[320];

	hmod_diag_text(diag, text, sizeof text);
	log_line(LOG_ERROR, "initrd: %s%s", what, text);
}

static void read_archive(struct hmod_span bytes)
{
	static uint32_t archives; /* read before this file */
	struct archive_reader reader = { .bytes = bytes };
	struct archive_entry entry;
	struct hmod_diag diag;
	enum helix_status status;
	char path[ARCHIVE_PATH_MAX + 2];
	uint32_t archive = archives;

	while (!(status = archive_next(&reader, &entry, &diag))) {
		archive = archives + entry.archive;
		path[0] = '/';
		memcpy(path + 1, entry.path, entry.path_length + 1);
		if (!entry.path_length || (entry.path_length == 1 && entry.path[0] == '.'))
			continue;
		add_parents(path, archive);
		add(path, entry.type == ARCHIVE_DIRECTORY, entry.data, archive);
	}
	archives = archive + 1;
	if (status != HELIX_E_NOT_FOUND)
		complain("", &diag);
}

static void read_module(const struct boot_module *module)
{
	struct hmod_span bytes = module->bytes;
	struct hmod_diag diag;

	if (!bytes.size) {
		log_line(LOG_ERROR, "initrd: the archive is empty");
		return;
	}
	/* Kept for ever: the files are parts of it. */
	if (archive_is_gzip(bytes) && gzip_inflate(bytes, HMOD_FILES_MAX, &bytes, &diag)) {
		complain("", &diag);
		return;
	}
	read_archive(bytes);
}

void files_init(void)
{
	unsigned found = 0;

	for (unsigned i = 0; i < boot_info.module_count; i++)
		if (!strncmp(boot_info.modules[i].words, "initrd", 6)) {
			read_module(&boot_info.modules[i]);
			found++;
		}
	if (!found)
		log_line(LOG_ERROR, "initrd: the boot loader gave none");
	log_line(LOG_INFO, "initrd: %u files and folders", count);
}

const struct file *file_find(const char *path)
{
	unsigned at = place_of(path);

	return at < count && !strcmp(files[at].path, path) ? &files[at] : NULL;
}

const struct file *file_prefix(const char *prefix, unsigned i)
{
	unsigned at = place_of(prefix);

	if (i >= count - at || strncmp(files[at + i].path, prefix, strlen(prefix)))
		return NULL;
	return &files[at + i];
}

bool file_is_directory(const char *path)
{
	const struct file *file = file_find(path);

	return !strcmp(path, "/") || (file && file->directory);
}

enum helix_status file_get(const char *path, struct hmod_span *bytes, struct hmod_diag *diag)
{
	const struct file *file = file_find(path);

	if (!file || file->directory) {
		hmod_fail(diag, file ? HELIX_E_INVALID : HELIX_E_NOT_FOUND, HMOD_STAGE_NONE,
			  HMOD_NOWHERE);
		hmod_diag_name(diag, file ? "it is a directory" : path, SIZE_MAX);
		return file ? HELIX_E_INVALID : HELIX_E_NOT_FOUND;
	}
	*bytes = file->data;
	if (archive_is_gzip(file->data))
		return gzip_inflate(file->data, HMOD_FILES_MAX, bytes, diag);
	return HELIX_OK;
}

void file_put(const char *path, struct hmod_span bytes)
{
	const struct file *file = file_find(path);

	if (file && bytes.data != file->data.data)
		gzip_free(bytes);
}
