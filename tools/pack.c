/* SPDX-License-Identifier: MIT
 *
 * hmod pack: an initrd as cpio newc. Names sorted, times, owners and inodes
 * fixed: the same inputs give the same bytes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "initrd/archive.h"
#include "tools/tool.h"

struct item {
	char *path; /* in the archive */
	const char *source; /* NULL: a folder */
};

struct pack {
	struct item *items;
	size_t count;
	uint8_t *data;
	size_t size, room;
	bool force;
};

static bool append(struct pack *p, const void *bytes, size_t size)
{
	if (p->size + size > p->room) {
		p->room = 2 * (p->size + size) + 4096;
		p->data = realloc(p->data, p->room);
		if (!p->data) {
			fprintf(stderr, "hmod: out of memory\n");
			exit(EXIT_REFUSED);
		}
	}
	if (bytes)
		memcpy(p->data + p->size, bytes, size);
	else
		memset(p->data + p->size, 0, size);
	p->size += size;
	return true;
}

static void pad(struct pack *p, size_t to)
{
	append(p, NULL, (to - p->size % to) % to);
}

static void entry(struct pack *p, const char *path, uint32_t inode, uint32_t mode,
		  struct bytes data)
{
	char header[ARCHIVE_HEADER_SIZE];
	size_t name = strlen(path) + 1;

	archive_header_write(header, inode, mode, (mode & 0170000) == 0040000 ? 2 : 1, 0,
			     (uint32_t)data.size, (uint32_t)name);
	append(p, header, sizeof header);
	append(p, path, name);
	pad(p, 4);
	if (data.size)
		append(p, data.data, data.size);
	pad(p, 4);
}

/* ---- what goes in ---------------------------------------------------------------- */

static struct item *find(struct pack *p, const char *path)
{
	for (size_t i = 0; i < p->count; i++)
		if (!strcmp(p->items[i].path, path))
			return &p->items[i];
	return NULL;
}

static void add_folders(struct pack *p, const char *path)
{
	char *copy = strdup(path);

	for (char *slash = copy; copy && (slash = strchr(slash, '/')); *slash++ = '/') {
		*slash = 0;
		if (!find(p, copy))
			p->items[p->count++] = (struct item){ strdup(copy), NULL };
	}
	free(copy);
}

static int add(struct pack *p, const char *source, const char *path)
{
	if (find(p, path))
		return refuse(source, "%s is there twice", path);
	if (!*path || *path == '/' || strstr(path, "..") || strlen(path) > ARCHIVE_PATH_MAX)
		return refuse(source, "'%s' is no path inside an archive", path);
	add_folders(p, path);
	p->items[p->count++] = (struct item){ strdup(path), source };
	return 0;
}

/* `FILE`, or `FILE=PATH`. */
static int add_argument(struct pack *p, char *argument)
{
	char *equals = strchr(argument, '='), path[ARCHIVE_PATH_MAX + 32];
	const char *base;

	if (equals) {
		*equals = 0;
		return add(p, argument, equals + 1);
	}
	base = strrchr(argument, '/');
	snprintf(path, sizeof path, "lib/modules/%s", base ? base + 1 : argument);
	return add(p, argument, path);
}

static bool ends_with(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);

	return n >= m && !strcmp(text + n - m, end);
}

static bool judge_item(struct pack *p, const struct item *item)
{
	struct hmod_image image;
	struct bytes file;
	bool good;

	if (p->force || !(ends_with(item->path, ".hmod") || ends_with(item->path, ".hmod.gz")))
		return true;
	good = read_file(item->source, true, &file) && judge(item->source, file, &image);
	free(file.data);
	return good;
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct item *)a)->path, ((const struct item *)b)->path);
}

static int write_items(struct pack *p)
{
	struct bytes none = { NULL, 0 };

	qsort(p->items, p->count, sizeof *p->items, by_path);
	for (size_t i = 0; i < p->count; i++) {
		const struct item *item = &p->items[i];
		struct bytes file = none;

		if (item->source && (!judge_item(p, item) || !read_file(item->source, false, &file)))
			return EXIT_REFUSED;
		entry(p, item->path, (uint32_t)i + 1, item->source ? 0100644 : 0040755, file);
		free(file.data);
	}
	entry(p, "TRAILER!!!", 0, 0, none);
	pad(p, 512);
	return 0;
}

/* ---- gzip --------------------------------------------------------------------------- */

/* zlib's own gzip header carries no time and no name unless told to. */
static int compress_all(struct pack *p)
{
	z_stream z = { .next_in = p->data, .avail_in = (uInt)p->size };
	uint8_t *out;
	size_t room;

	if (deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY) != Z_OK)
		return refuse("zlib", "cannot begin");
	room = deflateBound(&z, (uLong)p->size);
	out = malloc(room);
	z.next_out = out;
	z.avail_out = (uInt)room;
	if (!out || deflate(&z, Z_FINISH) != Z_STREAM_END) {
		deflateEnd(&z);
		free(out);
		return refuse("zlib", "cannot compress");
	}
	free(p->data);
	p->data = out;
	p->size = z.total_out;
	deflateEnd(&z);
	return 0;
}

static void release(struct pack *p)
{
	for (size_t i = 0; i < p->count; i++)
		free(p->items[i].path);
	free(p->items);
	free(p->data);
}

int run_pack(int argc, char **argv)
{
	struct pack pack = { .items = NULL };
	const char *output = NULL;
	bool compressed = false;
	size_t folders = 0;
	int status = 0;

	for (int i = 1; i < argc; i++)
		for (const char *c = argv[i]; *c; c++)
			folders += *c == '/';
	pack.items = calloc(folders + 4 * (size_t)argc + 8, sizeof *pack.items);
	if (!pack.items)
		return refuse("pack", "out of memory");
	for (int i = 1; i < argc && !status; i++) {
		if (!strcmp(argv[i], "-o") && i + 1 < argc)
			output = argv[++i];
		else if (!strcmp(argv[i], "--config") && i + 1 < argc)
			status = add(&pack, argv[++i], "etc/modules.conf");
		else if (!strcmp(argv[i], "-z"))
			compressed = true;
		else if (!strcmp(argv[i], "--force"))
			pack.force = true;
		else if (argv[i][0] == '-')
			status = usage_error("pack", "unknown option %s", argv[i]);
		else
			status = add_argument(&pack, argv[i]);
	}
	if (!status && !output)
		status = usage_error("pack", "-o IMAGE is missing");
	if (!status)
		status = write_items(&pack);
	if (!status && compressed)
		status = compress_all(&pack);
	if (!status && !write_file(output, pack.data, pack.size))
		status = EXIT_REFUSED;
	release(&pack);
	return status;
}
