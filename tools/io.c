/* SPDX-License-Identifier: MIT
 *
 * Whole files: read within a bound, written complete or not at all.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/tool.h"

/* ---- reading ------------------------------------------------------------------- */

static bool too_large(const char *path, unsigned long long size)
{
	refuse(path, "is too large: %llu bytes, at most %llu", size,
	       (unsigned long long)HMOD_SIZE_MAX);
	return false;
}

/* Only files, and pipes (the shell's <(…)): a device may have no end. */
static bool readable(const char *path, const struct stat *st)
{
	if (S_ISDIR(st->st_mode))
		refuse(path, "is a directory");
	else if (!S_ISREG(st->st_mode) && !S_ISFIFO(st->st_mode))
		refuse(path, "is not a regular file");
	else if (st->st_size > (off_t)HMOD_SIZE_MAX)
		return too_large(path, (unsigned long long)st->st_size);
	else
		return true;
	return false;
}

static bool more_room(const char *path, struct bytes *out, size_t *room)
{
	uint8_t *larger = realloc(out->data, 2 * *room);

	if (!larger) {
		refuse(path, "out of memory");
		return false;
	}
	out->data = larger;
	*room *= 2;
	return true;
}

/* To the end, whatever the size was said to be. */
static bool read_all(int fd, const char *path, size_t room, struct bytes *out)
{
	out->data = malloc(room);
	if (!out->data) {
		refuse(path, "out of memory");
		return false;
	}
	for (;;) {
		ssize_t n = read(fd, out->data + out->size, room - out->size);

		stop_if_told();
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			refuse(path, "cannot be read: %s", strerror(errno));
			return false;
		}
		if (!n)
			return true;
		out->size += (size_t)n;
		if (out->size > HMOD_SIZE_MAX)
			return too_large(path, out->size);
		if (out->size == room && !more_room(path, out, &room))
			return false;
	}
}

bool read_file(const char *path, struct bytes *out)
{
	struct stat st;
	bool good;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	*out = NO_BYTES;
	if (fd < 0 || fstat(fd, &st)) {
		refuse(path, "%s", strerror(errno));
		if (fd >= 0)
			close(fd);
		return false;
	}
	good = readable(path, &st) && read_all(fd, path, (size_t)st.st_size + 4096, out);
	close(fd);
	if (!good) {
		free(out->data);
		*out = NO_BYTES;
	}
	return good;
}

bool read_inflated(const char *path, struct bytes *out)
{
	struct bytes packed;
	bool good;

	if (!read_file(path, out))
		return false;
	if (!archive_is_gzip((struct hmod_span){ out->data, out->size }))
		return true;
	packed = *out;
	good = gzip_inflate(path, packed, out);
	free(packed.data);
	return good;
}

/* ---- writing ------------------------------------------------------------------- */

static bool write_all(int fd, struct bytes bytes)
{
	while (bytes.size && !told_to_stop()) {
		ssize_t n = write(fd, bytes.data, bytes.size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		bytes.data += n;
		bytes.size -= (size_t)n;
	}
	return true;
}

/* A name beside `path` that nobody has; free() it. */
static char *temporary_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *name;

	if (asprintf(&name, "%.*s.hmod.XXXXXX", slash ? (int)(slash - path) + 1 : 0, path) < 0)
		return NULL;
	return name;
}

/* Under `name` first; 0 or an errno. */
static int write_renamed(const char *path, char *name, struct bytes bytes)
{
	mode_t mask = umask(0);
	int fd = mkstemp(name), error = 0;

	umask(mask);
	if (fd < 0)
		return errno;
	if (!write_all(fd, bytes) || fchmod(fd, 0666 & ~mask))
		error = errno;
	if (close(fd) && !error)
		error = errno;
	if (!error && !told_to_stop() && rename(name, path))
		error = errno;
	if (error || told_to_stop())
		unlink(name);
	stop_if_told();
	return error;
}

bool write_file(const char *path, struct bytes bytes)
{
	char *target = realpath(path, NULL), *name; /* through symbolic links */
	struct stat st;
	int error;

	watch_signals();
	if (target && !stat(target, &st) && !S_ISREG(st.st_mode)) {
		refuse(path, S_ISDIR(st.st_mode) ? "is a directory" : "is not a regular file");
		free(target);
		return false;
	}
	name = temporary_name(target ? target : path);
	error = name ? write_renamed(target ? target : path, name, bytes) : ENOMEM;
	free(name);
	free(target);
	if (error)
		refuse(path, "cannot be written: %s", strerror(error));
	return !error;
}

/* ---- names ---------------------------------------------------------------------- */

bool same_file(const char *a, const char *b)
{
	struct stat x, y;

	return !stat(a, &x) && !stat(b, &y) && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

bool ends_with(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);

	return n >= m && !strcmp(text + n - m, end);
}
