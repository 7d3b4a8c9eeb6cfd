/* SPDX-License-Identifier: MIT
 *
 * hmod unpack: an initrd's files into a folder. The archive is read and every
 * path checked before anything is written; nothing leaves the folder: each part
 * of a path is opened from the one before, and no symbolic link is followed.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/tool.h"

/* ---- what is refused before anything is written ------------------------------------ */

static bool is_root(const struct archive_entry *entry)
{
	return !*entry->path || !strcmp(entry->path, ".");
}

static const char *path_fault(const struct entries *entries, const struct archive_entry *entry)
{
	const char *stored = (const char *)entries->file.data + entry->offset + ARCHIVE_HEADER_SIZE;

	if (*stored == '/')
		return "is an absolute path";
	if (is_root(entry))
		return entry->type == ARCHIVE_DIRECTORY ? NULL : "is no name for a file";
	for (const char *part = entry->path;; part++) {
		size_t n = strcspn(part, "/");

		if (n == 2 && !strncmp(part, "..", 2))
			return "has .. in it";
		if (!n || (n == 1 && *part == '.'))
			return "has an empty part in it";
		part += n;
		if (!*part)
			return NULL;
	}
}

static bool all_good(const char *image, const struct entries *entries)
{
	for (size_t i = 0; i < entries->count; i++) {
		const struct archive_entry *entry = &entries->at[i];
		const char *fault = path_fault(entries, entry);

		if (!fault && entry->type == ARCHIVE_OTHER)
			fault = "is neither a file nor a folder";
		if (fault)
			return !refuse(image, "%s %s", *entry->path ? entry->path : "''", fault);
	}
	return true;
}

/* ---- writing ------------------------------------------------------------------------- */

/* The folder `name` in the folder `at`, made when it is not there; -1 with errno. */
static int open_folder(int at, const char *name)
{
	if (mkdirat(at, name, 0755) && errno != EEXIST)
		return -1;
	return openat(at, name, O_DIRECTORY | O_NOFOLLOW | O_RDONLY | O_CLOEXEC);
}

/* The folder that the last part of `path` stands in; *base is that part. */
static int open_parent(int root, char *path, const char **base)
{
	int at = dup(root);
	char *slash;

	while (at >= 0 && (slash = strchr(path, '/'))) {
		int next;

		*slash = 0;
		next = open_folder(at, path);
		close(at);
		at = next;
		path = slash + 1;
	}
	*base = path;
	return at;
}

static bool write_data(int fd, struct hmod_span data)
{
	while (data.size && !told_to_stop()) {
		ssize_t n = write(fd, data.data, (size_t)data.size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		data.data += n;
		data.size -= (uint64_t)n;
	}
	return true;
}

/* What had the name (a link, a pipe) is replaced, not written through; the file
 * is there whole or not at all. */
static bool write_entry(int folder, const char *name, const struct archive_entry *entry)
{
	int fd, error;
	bool good;

	if (entry->type == ARCHIVE_DIRECTORY) {
		fd = open_folder(folder, name);
		return fd >= 0 && !close(fd);
	}
	if (unlinkat(folder, name, 0) && errno != ENOENT)
		return false;
	fd = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	good = fd >= 0 && write_data(fd, entry->data);
	error = errno;
	if (fd >= 0 && close(fd) && good) {
		error = errno;
		good = false;
	}
	if (fd >= 0 && (!good || told_to_stop()))
		unlinkat(folder, name, 0);
	stop_if_told();
	errno = error;
	return good;
}

static bool unpack_entry(int root, const struct archive_entry *entry)
{
	char path[ARCHIVE_PATH_MAX + 1];
	const char *base;
	int folder, error;
	bool good;

	if (is_root(entry))
		return true;
	memcpy(path, entry->path, entry->path_length + 1);
	folder = open_parent(root, path, &base);
	good = folder >= 0 && write_entry(folder, base, entry);
	error = errno;
	if (folder >= 0)
		close(folder);
	return good || !refuse(entry->path, "cannot be written: %s", strerror(error));
}

static int unpack(const char *image, const char *target)
{
	struct entries entries;
	bool good = entries_read(image, &entries) && all_good(image, &entries);
	int root = good ? open(target, O_DIRECTORY | O_RDONLY | O_CLOEXEC) : -1;

	watch_signals();
	if (good && root < 0)
		good = !refuse(target, "%s", strerror(errno));
	for (size_t i = 0; i < entries.count && good; i++)
		good = unpack_entry(root, &entries.at[i]);
	if (root >= 0)
		close(root);
	entries_free(&entries);
	return good ? 0 : EXIT_REFUSED;
}

int run_unpack(int argc, char **argv)
{
	const char *image = NULL, *target = NULL;

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "-C")) {
			if (!(target = option_value("unpack", argv, &i)))
				return EXIT_USAGE;
		} else if (argv[i][0] == '-' || image) {
			return usage_error("unpack", "unexpected %s", argv[i]);
		} else {
			image = argv[i];
		}
	}
	if (!image || !target)
		return usage_error("unpack", "IMAGE -C FOLDER is wanted");
	return unpack(image, target);
}
