/* SPDX-License-Identifier: MIT
 *
 * hmod pack: an initrd as cpio newc. Names sorted, times, owners and inodes
 * fixed: the same inputs give the same bytes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "initrd/conf.h"
#include "tools/tool.h"

#define CONFIG_PATH "etc/modules.conf"
#define TRAILER	    "TRAILER!!!"

struct item {
	char *path; /* in the archive; the owner */
	const char *source; /* NULL: a folder */
};

struct pack {
	const char *output;
	struct item *items;
	size_t count, room;
	bool force, compressed;
};

/* ---- what goes in ---------------------------------------------------------------- */

static struct item *find(struct pack *p, const char *path, size_t length)
{
	for (size_t i = 0; i < p->count; i++)
		if (!strncmp(p->items[i].path, path, length) && !p->items[i].path[length])
			return &p->items[i];
	return NULL;
}

static int insert(struct pack *p, const char *path, size_t length, const char *source)
{
	char *copy = strndup(path, length);

	if (p->count == p->room) {
		size_t room = p->room ? 2 * p->room : 32;
		struct item *larger = realloc(p->items, room * sizeof *larger);

		if (larger) {
			p->items = larger;
			p->room = room;
		}
	}
	if (!copy || p->count == p->room) {
		free(copy);
		return refuse("pack", "out of memory");
	}
	p->items[p->count++] = (struct item){ copy, source };
	return 0;
}

/* Relative, without empty parts, `.` and `..`, and no trailer. */
static bool path_good(const char *path)
{
	size_t n;

	if (!*path || strlen(path) > ARCHIVE_PATH_MAX || !strcmp(path, TRAILER))
		return false;
	for (;; path += n + 1) {
		n = strcspn(path, "/");
		if (!n || (n == 1 && *path == '.') || (n == 2 && !strncmp(path, "..", 2)))
			return false;
		if (!path[n])
			return true;
	}
}

static int add(struct pack *p, const char *source, const char *path)
{
	const struct item *item;
	int status = 0;

	if (!path_good(path))
		return refuse(source, "'%s' is no path inside an archive", path);
	if ((item = find(p, path, strlen(path))))
		return refuse(source, item->source ? "%s is there twice" : "%s is a folder already", path);
	for (const char *slash = strchr(path, '/'); slash && !status;
	     slash = strchr(slash + 1, '/')) {
		item = find(p, path, (size_t)(slash - path));
		if (item && item->source)
			return refuse(source, "%s is a file already", item->path);
		if (!item)
			status = insert(p, path, (size_t)(slash - path), NULL);
	}
	return status ? status : insert(p, path, strlen(path), source);
}

/* `FILE`, or `FILE=PATH` when there is no file of that whole name. */
static int add_argument(struct pack *p, char *argument)
{
	char *equals = access(argument, F_OK) ? strrchr(argument, '=') : NULL;
	const char *slash = strrchr(argument, '/');
	char path[ARCHIVE_PATH_MAX + 32];

	if (equals) {
		*equals = 0;
		return add(p, argument, equals + 1);
	}
	snprintf(path, sizeof path, "lib/modules/%s", slash ? slash + 1 : argument);
	return add(p, argument, path);
}

/* ---- judging it --------------------------------------------------------------------- */

static bool names_module(const char *path)
{
	return ends_with(path, ".hmod") || ends_with(path, ".hmod.gz");
}

static bool module_good(const char *name, struct bytes file)
{
	struct bytes inflated = NO_BYTES;
	struct module module;
	bool good;

	if (archive_is_gzip((struct hmod_span){ file.data, file.size })) {
		if (!gzip_inflate(name, file, &inflated))
			return false;
		file = inflated;
	}
	good = module_open(name, file, &module);
	if (good)
		module_close(&module);
	free(inflated.data);
	return good;
}

/* The kernel reports bad lines and skips them: told here already. */
static void warn_config(const char *name, struct bytes file)
{
	struct conf_reader reader = { .text = { file.data, file.size } };
	struct conf_line line;

	while (conf_next(&reader, &line))
		if (line.directive == CONF_BAD)
			refuse(name, "line %u: %s; the kernel will skip it", line.number, line.wrong);
}

/* ---- the archive -------------------------------------------------------------------- */

static size_t padded(size_t size, size_t to)
{
	return (size + to - 1) / to * to;
}

/* Appends to `out`, which has the room. */
static void append(struct bytes *out, const void *bytes, size_t size)
{
	if (size)
		memcpy(out->data + out->size, bytes, size);
	out->size += size;
}

static void pad(struct bytes *out, size_t to)
{
	while (out->size % to)
		out->data[out->size++] = 0;
}

static int append_entry(struct bytes *out, const char *path, uint32_t inode, uint32_t mode,
			struct bytes data)
{
	size_t name = strlen(path) + 1;
	size_t more = padded(ARCHIVE_HEADER_SIZE + name, 4) + padded(data.size, 4) + 512;
	char header[ARCHIVE_HEADER_SIZE];
	uint8_t *larger = realloc(out->data, out->size + more);

	if (!larger)
		return refuse(path, "out of memory");
	out->data = larger;
	archive_header_write(header, inode, mode, (mode & 0170000) == 0040000 ? 2 : 1, 0,
			     (uint32_t)data.size, (uint32_t)name);
	append(out, header, sizeof header);
	append(out, path, name);
	pad(out, 4);
	append(out, data.data, data.size);
	pad(out, 4);
	if (out->size > HMOD_SIZE_MAX - 512)
		return refuse(path, "makes the archive larger than %llu bytes",
			      (unsigned long long)HMOD_SIZE_MAX);
	return 0;
}

static int append_item(const struct pack *p, const struct item *item, uint32_t inode,
		       struct bytes *out)
{
	struct bytes file = NO_BYTES;
	int status = EXIT_REFUSED;

	if (!item->source)
		return append_entry(out, item->path, inode, 0040755, file);
	if (!read_file(item->source, &file))
		return EXIT_REFUSED;
	if (!strcmp(item->path, CONFIG_PATH))
		warn_config(item->source, file);
	if (same_file(item->source, p->output))
		refuse(p->output, "is an input as well");
	else if (p->force || !(names_module(item->path) || names_module(item->source)) ||
		 module_good(item->source, file))
		status = append_entry(out, item->path, inode, 0100644, file);
	free(file.data);
	return status;
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct item *)a)->path, ((const struct item *)b)->path);
}

static int make_archive(struct pack *p, struct bytes *out)
{
	int status = 0;

	qsort(p->items, p->count, sizeof *p->items, by_path);
	for (size_t i = 0; i < p->count && !status; i++)
		status = append_item(p, &p->items[i], (uint32_t)i + 1, out);
	if (!status)
		status = append_entry(out, TRAILER, 0, 0, NO_BYTES);
	if (!status)
		pad(out, 512);
	return status;
}

static int write_archive(struct pack *p)
{
	struct bytes plain = NO_BYTES, packed = NO_BYTES;
	int status = make_archive(p, &plain);

	if (!status && p->compressed && !gzip_deflate(p->output, plain, &packed))
		status = EXIT_REFUSED;
	if (!status && !write_file(p->output, p->compressed ? packed : plain))
		status = EXIT_REFUSED;
	free(plain.data);
	free(packed.data);
	return status;
}

static int add_config(struct pack *p, const char *file)
{
	return file ? add(p, file, CONFIG_PATH) : EXIT_USAGE;
}

static int parse(int argc, char **argv, struct pack *p)
{
	int status = 0;

	for (int i = 1; i < argc && !status; i++) {
		if (!strcmp(argv[i], "-o"))
			status = (p->output = option_value("pack", argv, &i)) ? 0 : EXIT_USAGE;
		else if (!strcmp(argv[i], "--config"))
			status = add_config(p, option_value("pack", argv, &i));
		else if (!strcmp(argv[i], "-z"))
			p->compressed = true;
		else if (!strcmp(argv[i], "--force"))
			p->force = true;
		else if (argv[i][0] == '-')
			status = usage_error("pack", "unexpected %s", argv[i]);
		else
			status = add_argument(p, argv[i]);
	}
	if (!status && !p->output)
		status = usage_error("pack", "-o IMAGE is missing");
	if (!status && !p->count)
		status = usage_error("pack", "nothing to pack");
	return status;
}

int run_pack(int argc, char **argv)
{
	struct pack pack = { .output = NULL };
	int status = parse(argc, argv, &pack);

	if (!status)
		status = write_archive(&pack);
	for (size_t i = 0; i < pack.count; i++)
		free(pack.items[i].path);
	free(pack.items);
	return status;
}
