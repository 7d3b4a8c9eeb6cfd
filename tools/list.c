/* SPDX-License-Identifier: MIT
 *
 * hmod list and unpack: what an initrd holds, read as the kernel reads it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "initrd/archive.h"
#include "tools/tool.h"

/* Calls `each` for every entry; stops at its first failure. */
static int walk(const char *path, int (*each)(void *ctx, const struct archive_entry *entry),
		void *ctx)
{
	struct archive_reader reader = { .offset = 0 };
	struct archive_entry entry;
	struct hmod_diag diag;
	enum helix_status status;
	struct bytes file;
	int result = 0;

	if (!read_file(path, true, &file))
		return EXIT_REFUSED;
	reader.bytes = (struct hmod_span){ file.data, file.size };
	while (!result && !(status = archive_next(&reader, &entry, &diag)))
		result = each(ctx, &entry);
	if (!result && !file.size)
		result = refuse(path, "is empty");
	else if (!result && status != HELIX_E_NOT_FOUND)
		result = refuse_diag(path, &diag);
	free(file.data);
	return result;
}

static int print_entry(void *ctx, const struct archive_entry *entry)
{
	(void)ctx;
	puts(entry->path);
	return 0;
}

int run_list(int argc, char **argv)
{
	if (argc != 2 || argv[1][0] == '-')
		return usage_error("list", "one image is wanted");
	return walk(argv[1], print_entry, NULL);
}

/* ---- unpack ------------------------------------------------------------------------ */

/* The folder that the last part of `path` stands in, made on the way; symbolic
 * links are never followed. *base is that last part. -1 after a message. */
static int open_parent(int root, char *path, char **base)
{
	int at = dup(root);
	char *slash;

	while (at >= 0 && (slash = strchr(path, '/'))) {
		int next;

		*slash = 0;
		if (!*path || !strcmp(path, "..") || !strcmp(path, ".")) {
			refuse(path, "a part of a path that is not allowed");
			close(at);
			return -1;
		}
		if (mkdirat(at, path, 0755) && errno != EEXIST)
			break;
		next = openat(at, path, O_DIRECTORY | O_NOFOLLOW | O_RDONLY | O_CLOEXEC);
		close(at);
		at = next;
		path = slash + 1;
	}
	if (at < 0 || strchr(path, '/')) {
		refuse(path, "%s", strerror(errno));
		return -1;
	}
	*base = path;
	return at;
}

static bool write_entry(int folder, const char *name, const struct archive_entry *entry)
{
	uint64_t at = 0;
	bool good;
	int fd;

	if (entry->type == ARCHIVE_DIRECTORY)
		return !mkdirat(folder, name, 0755) || errno == EEXIST;
	fd = openat(folder, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
	good = fd >= 0;
	while (good && at < entry->data.size) {
		ssize_t n = write(fd, entry->data.data + at, (size_t)(entry->data.size - at));

		good = n > 0;
		at += good ? (uint64_t)n : 0;
	}
	if (fd >= 0 && close(fd))
		good = false;
	return good;
}

static int unpack_entry(void *ctx, const struct archive_entry *entry)
{
	char path[ARCHIVE_PATH_MAX + 1], *base;
	int folder;
	bool good;

	if (entry->type == ARCHIVE_OTHER)
		return refuse(entry->path, "is neither a file nor a folder");
	if (!entry->path_length || !strcmp(entry->path, "."))
		return 0;
	memcpy(path, entry->path, entry->path_length + 1);
	folder = open_parent(*(int *)ctx, path, &base);
	if (folder < 0)
		return EXIT_REFUSED;
	good = strcmp(base, "..") && strcmp(base, ".") && write_entry(folder, base, entry);
	close(folder);
	return good ? 0 : refuse(entry->path, "cannot be written: %s", strerror(errno));
}

int run_unpack(int argc, char **argv)
{
	int root, status;

	if (argc != 4 || strcmp(argv[2], "-C"))
		return usage_error("unpack", "IMAGE -C FOLDER is wanted");
	root = open(argv[3], O_DIRECTORY | O_RDONLY | O_CLOEXEC);
	if (root < 0)
		return refuse(argv[3], "%s", strerror(errno));
	status = walk(argv[1], unpack_entry, &root);
	close(root);
	return status;
}
