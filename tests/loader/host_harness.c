/* SPDX-License-Identifier: MIT
 *
 * The loader's host inside a test program: mmap below 2 GiB, mprotect to seal.
 */
#include "loader/host_harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define MODULE_FLAGS                                                                               \
	"-std=gnu11 -ffreestanding -fno-pic -mcmodel=kernel -mno-red-zone -mgeneral-regs-only "     \
	"-fno-omit-frame-pointer -fstack-protector-strong -mstack-protector-guard=tls "            \
	"-mstack-protector-guard-reg=fs -mstack-protector-guard-offset=40 "                      \
	"-fcf-protection=branch -fno-asynchronous-unwind-tables"
#define PAGE UINT64_C(4096)
#define TAIL 0x5a /* fills the last page behind a region */

struct block { /* stands before each block */
	size_t size;
	struct harness *owner;
};

struct mapping { /* a region's cookie */
	uint8_t *base;
	uint64_t length, tail; /* tail: bytes behind the region */
};

static void *harness_alloc(void *ctx, size_t size)
{
	struct harness *h = ctx;
	struct block *b;

	require(size > 0, "alloc of 0 bytes");
	if (++h->allocs == h->fail_alloc)
		return NULL;
	b = malloc(sizeof *b + size);
	require(b != NULL, "no memory for the test");
	*b = (struct block){ size, h };
	memset(b + 1, 0xa5, size);
	h->blocks++;
	h->bytes += size;
	return b + 1;
}

static void harness_free(void *ctx, void *memory, size_t size)
{
	struct harness *h = ctx;
	struct block *b = (struct block *)memory - 1;

	require(memory != NULL, "free of NULL");
	require(b->owner == h, "free of another host's block");
	require(b->size == size, "%zu bytes freed as %zu", b->size, size);
	h->blocks--;
	h->bytes -= size;
	free(b);
}

static bool harness_place(void *ctx, enum hload_kind kind, uint64_t size, uint64_t align,
			  struct hload_region *region)
{
	struct harness *h = ctx;
	struct mapping *m;
	uint64_t address, length = (size + PAGE - 1) & ~(PAGE - 1);

	require(size && align && !(align & (align - 1)), "place: size or alignment");
	if (++h->places == h->fail_place)
		return false;
	m = malloc(sizeof *m);
	m->length = length + (align > PAGE ? align : 0);
	m->base = mmap(NULL, m->length, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	require(m->base != MAP_FAILED, "no memory below 2 GiB");
	address = ((uint64_t)m->base + align - 1) & ~(align - 1);
	m->tail = length - size;
	memset((uint8_t *)address, 0xa5, size);
	memset((uint8_t *)address + size, TAIL, m->tail);
	*region = (struct hload_region){ address, (uint8_t *)address, size, m };
	h->regions++;
	h->region_bytes += size;
	return true;
}

static bool harness_seal(void *ctx, enum hload_kind kind, struct hload_region *region)
{
	static const int protection[] = { [HLOAD_TEXT] = PROT_READ | PROT_EXEC,
					  [HLOAD_RODATA] = PROT_READ,
					  [HLOAD_DATA] = PROT_READ | PROT_WRITE };
	struct harness *h = ctx;
	struct mapping *m = region->cookie;

	if (++h->seals == h->fail_seal)
		return false;
	require(!mprotect(m->base, m->length, protection[kind]), "mprotect");
	if (kind != HLOAD_DATA)
		region->write = NULL;
	return true;
}

static void harness_release(void *ctx, enum hload_kind kind, struct hload_region *region)
{
	struct harness *h = ctx;
	struct mapping *m = region->cookie;
	const uint8_t *tail = (const uint8_t *)(uintptr_t)(region->address + region->size);
	uint64_t clean = 0;

	(void)kind;
	require(m != NULL, "release of nothing");
	while (clean < m->tail && tail[clean] == TAIL)
		clean++;
	require(clean == m->tail, "written %lu bytes past the region", clean);
	h->regions--;
	h->region_bytes -= region->size;
	munmap(m->base, m->length);
	free(m);
	memset(region, 0, sizeof *region);
}

void harness_open(struct harness *harness)
{
	*harness = (struct harness){ .host = { .ctx = harness,
					       .alloc = harness_alloc,
					       .free = harness_free,
					       .place = harness_place,
					       .seal = harness_seal,
					       .release = harness_release,
					       .judge_bias = UINT64_C(0xffffffff80000000) } };
}

bool harness_clean(const struct harness *h)
{
	return !h->blocks && !h->bytes && !h->regions && !h->region_bytes;
}

void harness_rewind(struct harness *h)
{
	h->allocs = h->places = h->seals = 0;
	h->fail_alloc = h->fail_place = h->fail_seal = 0;
}

const char *harness_compiler = "gcc";

struct hmod_span harness_compile(const char *source, const char *flags)
{
	char c[] = "/tmp/harness-XXXXXX.c", o[sizeof c], command[2048];
	int fd = mkstemps(c, 2);
	uint8_t *bytes;
	size_t size;
	FILE *file;

	require(fd >= 0 && write(fd, source, strlen(source)) == (ssize_t)strlen(source),
		"%s cannot be written", c);
	close(fd);
	strcpy(o, c);
	o[strlen(o) - 1] = 'o';
	snprintf(command, sizeof command, "%s " MODULE_FLAGS " -O2 -I%s/include %s -c %s -o %s",
		 harness_compiler, TOP_SRCDIR, flags, c, o);
	require(system(command) == 0, "%s", command);
	file = fopen(o, "rb");
	require(file != NULL, "%s cannot be read", o);
	fseek(file, 0, SEEK_END);
	size = (size_t)ftell(file);
	rewind(file);
	bytes = malloc(size);
	require(fread(bytes, 1, size, file) == size, "%s cannot be read", o);
	fclose(file);
	unlink(c);
	unlink(o);
	return (struct hmod_span){ bytes, size };
}

struct hmod_span harness_copy(struct hmod_span bytes)
{
	uint8_t *copy = malloc(bytes.size);

	memcpy(copy, bytes.data, bytes.size);
	return (struct hmod_span){ copy, bytes.size };
}

void harness_discard(struct hmod_span bytes)
{
	free((void *)(uintptr_t)bytes.data);
}

const char *harness_module(const char *name, const char *code, const char *more)
{
	static char text[16384];

	snprintf(text, sizeof text,
		 "#include <helix/module.h>\n%s\n"
		 "static int m_init(const struct helix_context *c) { (void)c; return 0; }\n"
		 "static int m_start(void) { return 0; }\n"
		 "static int m_stop(void) { return 0; }\n"
		 "HELIX_MODULE(.name = \"%s\", .init = m_init, .start = m_start,\n"
		 "	.stop = m_stop, %s);\n",
		 code, name, more);
	return text;
}

const char *harness_text(const struct hmod_diag *diag)
{
	static char text[8192];

	hmod_diag_text(diag, text, sizeof text);
	return text;
}
