/* SPDX-License-Identifier: MIT
 *
 * Messages, files and other programs.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

#include "tools/tool.h"

extern char **environ;

int refuse(const char *file, const char *format, ...)
{
	va_list arguments;

	fprintf(stderr, "hmod: %s: ", file);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	return EXIT_REFUSED;
}

int refuse_diag(const char *file, const struct hmod_diag *diag)
{
	char text[1024];

	hmod_diag_text(diag, text, sizeof text);
	return refuse(file, "%s", text);
}

/* ---- files ------------------------------------------------------------------ */

static bool stat_input(const char *path, struct stat *st)
{
	if (stat(path, st)) {
		refuse(path, "%s", strerror(errno));
		return false;
	}
	if (S_ISDIR(st->st_mode)) {
		refuse(path, "is a directory");
		return false;
	}
	if (st->st_size > (off_t)HMOD_SIZE_MAX) {
		refuse(path, "is too large: %lld bytes, at most %llu", (long long)st->st_size,
		       (unsigned long long)HMOD_SIZE_MAX);
		return false;
	}
	return true;
}

/* Reads to the end, inflating what is gzip'd (zlib passes the rest through). */
static bool read_all(gzFile in, const char *path, struct bytes *out)
{
	size_t room = 1 << 16;
	int n, error;

	out->size = 0;
	out->data = malloc(room);
	while (out->data && (n = gzread(in, out->data + out->size, (unsigned)(room - out->size))) > 0) {
		out->size += (size_t)n;
		if (out->size > HMOD_SIZE_MAX) {
			refuse(path, "inflates to more than %llu bytes",
			       (unsigned long long)HMOD_SIZE_MAX);
			return false;
		}
		if (out->size == room)
			out->data = realloc(out->data, room *= 2);
	}
	if (!out->data) {
		refuse(path, "out of memory");
		return false;
	}
	gzerror(in, &error);
	if (error != Z_OK && error != Z_STREAM_END) {
		refuse(path, "is not a good gzip stream");
		return false;
	}
	return true;
}

static bool read_plain(int fd, const char *path, size_t size, struct bytes *out)
{
	ssize_t n = 0;

	out->size = 0;
	out->data = malloc(size + 1);
	while (out->data && out->size < size &&
	       (n = read(fd, out->data + out->size, size - out->size)) > 0)
		out->size += (size_t)n;
	if (out->data && n >= 0)
		return true;
	refuse(path, "cannot be read: %s", strerror(errno));
	return false;
}

bool read_file(const char *path, bool inflate, struct bytes *out)
{
	struct stat st;
	bool good;
	int fd;

	*out = (struct bytes){ NULL, 0 };
	if (!stat_input(path, &st))
		return false;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		refuse(path, "%s", strerror(errno));
		return false;
	}
	if (inflate) {
		gzFile in = gzdopen(fd, "rb");

		good = in && read_all(in, path, out);
		if (in && gzclose_r(in) != Z_OK && good) {
			refuse(path, "is not a good gzip stream");
			good = false;
		}
	} else {
		good = read_plain(fd, path, (size_t)st.st_size, out);
		close(fd);
	}
	if (!good) {
		free(out->data);
		out->data = NULL;
	}
	return good;
}

static bool write_all(int fd, const uint8_t *data, size_t size)
{
	while (size) {
		ssize_t n = write(fd, data, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		data += n;
		size -= (size_t)n;
	}
	return true;
}

bool write_file(const char *path, const void *data, size_t size)
{
	char *temporary;
	mode_t mask = umask(0);
	bool good;
	int fd;

	umask(mask);
	if (asprintf(&temporary, "%s.XXXXXX", path) < 0)
		return false;
	fd = mkstemp(temporary);
	good = fd >= 0 && write_all(fd, data, size) && !fchmod(fd, 0666 & ~mask);
	if (fd >= 0 && close(fd))
		good = false;
	good = good && !rename(temporary, path);
	if (!good) {
		refuse(path, "cannot be written: %s", strerror(errno));
		if (fd >= 0)
			unlink(temporary);
	}
	free(temporary);
	return good;
}

bool same_file(const char *a, const char *b)
{
	struct stat x, y;

	return !stat(a, &x) && !stat(b, &y) && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

/* ---- programs ----------------------------------------------------------------- */

int run_program(const char *const *argv)
{
	pid_t pid;
	int status, error = posix_spawnp(&pid, argv[0], NULL, NULL, (char *const *)argv, environ);

	if (error) {
		refuse(argv[0], "cannot be run: %s", strerror(error));
		return 127;
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return 127;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 127;
}

static char folder[4096];

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void remove_folder(void)
{
	if (folder[0])
		nftw(folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
	folder[0] = 0;
}

static void on_signal(int signal)
{
	remove_folder();
	_exit(128 + signal);
}

const char *temporary_folder(void)
{
	const char *base = getenv("TMPDIR");

	if (folder[0])
		return folder;
	snprintf(folder, sizeof folder, "%s/hmod.XXXXXX", base && *base ? base : "/tmp");
	if (!mkdtemp(folder)) {
		refuse(folder, "cannot make a temporary folder: %s", strerror(errno));
		folder[0] = 0;
		return NULL;
	}
	atexit(remove_folder);
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	signal(SIGHUP, on_signal);
	return folder;
}

/* ---- objects -------------------------------------------------------------------- */

bool judge(const char *name, struct bytes file, struct hmod_image *image)
{
	struct hmod_diag diag;
	enum helix_status status = hmod_image_open(image, file.data, file.size, &diag);
	uint32_t *scratch = NULL;

	if (!status) {
		scratch = calloc(image->section_count, sizeof *scratch);
		status = scratch ? hmod_image_check(image, scratch, &diag) :
				   hmod_fail(&diag, HELIX_E_NO_MEMORY, HMOD_STAGE_NONE, HMOD_NOWHERE);
	}
	free(scratch);
	if (status)
		refuse_diag(name, &diag);
	return !status;
}

bool metadata(const char *name, const struct hmod_image *image, void **table, size_t *size,
	      struct hmod_meta *meta)
{
	struct hmod_diag diag;
	enum helix_status status = hmod_meta_flatten(image, NULL, 0, size, &diag);

	*table = *size ? malloc(*size) : NULL;
	if (*table && !(status = hmod_meta_flatten(image, *table, *size, size, &diag)))
		status = hmod_meta_view(*table, *size, meta, &diag);
	if (!status)
		return true;
	refuse_diag(name, &diag);
	free(*table);
	*table = NULL;
	return false;
}
