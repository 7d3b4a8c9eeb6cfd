/* SPDX-License-Identifier: MIT
 *
 * gzip_inflate: drives zlib's inflate over all members into one buffer, which
 * begins at the length the last trailer claims and grows only when that lies.
 * The limit is enforced before memory is taken.
 */
#include "kernel/core/zlib.h"

#define Z_SOLO /* zlib.h without C's input and output */
#include <zlib.h>

#include "initrd/archive.h"
#include "kernel/core/kernel.h"
#include "kernel/core/string.h"
#include "kernel/mm/mm.h"
#include "kernel/sched/thread.h"

#define TRAILER_SIZE 8 /* RFC 1952: CRC32 and ISIZE end a member */
#define RATIO_MOST   1032 /* deflate cannot expand further */
#define ROOM_LEAST   UINT64_C(65536)
#define GZIP_WINDOW  (16 + MAX_WBITS) /* inflateInit2: gzip only */

struct inflation {
	z_stream stream;
	struct hmod_span packed;
	uint8_t *room;
	uint64_t capacity, done; /* bytes; one more than the limit shows that it is passed */
	uint64_t limit;
	struct hmod_diag *diag;
};

void *gzip_zalloc(void *opaque, unsigned items, unsigned size)
{
	(void)opaque;
	return kmalloc((size_t)items * size);
}

void gzip_zfree(void *opaque, void *block)
{
	(void)opaque;
	kfree(block);
}

/* libz.a names these; with the hooks above it never calls them. */
void *malloc(size_t size);
void *malloc(size_t size)
{
	panic("malloc(%lu) in the kernel", size);
}

void free(void *block);
void free(void *block)
{
	panic("free(%p) in the kernel", block);
}

static enum helix_status refuse(struct inflation *job, enum helix_status status, const char *name)
{
	uint64_t offset = job->stream.next_in ?
				  (uint64_t)(job->stream.next_in - job->packed.data) : 0;
	hmod_fail(job->diag, status, HMOD_STAGE_INFLATE, offset);
	hmod_diag_name(job->diag, name, strlen(name));
	return status;
}

static enum helix_status refuse_memory(struct inflation *job, uint64_t bytes)
{
	refuse(job, HELIX_E_NO_MEMORY, "the inflated data");
	hmod_diag_numbers(job->diag, bytes, 0);
	return HELIX_E_NO_MEMORY;
}

static uint64_t smaller(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* What the last four bytes claim, where that is possible. */
static uint64_t first_capacity(struct hmod_span packed, uint64_t limit)
{
	uint64_t claimed = 0;
	if (packed.size > TRAILER_SIZE)
		for (unsigned i = 1; i <= 4; i++)
			claimed = claimed << 8 | packed.data[packed.size - i];
	claimed = smaller(claimed, packed.size * RATIO_MOST);
	return smaller(claimed ? claimed : 1, limit + 1);
}

/* Moves what is there to a block of `capacity` bytes. */
static enum helix_status room_set(struct inflation *job, uint64_t capacity)
{
	uint8_t *room = vmm_alloc(capacity);
	if (!room)
		return refuse_memory(job, capacity);
	if (job->done)
		memcpy(room, job->room, job->done);
	vmm_free(job->room, job->capacity);
	job->room = room;
	job->capacity = capacity;
	return HELIX_OK;
}

static enum helix_status room_grow(struct inflation *job)
{
	uint64_t most = job->limit + 1;
	if (job->capacity < most)
		return room_set(job, smaller(job->capacity < ROOM_LEAST ? ROOM_LEAST :
									  2 * job->capacity,
					     most));
	refuse(job, HELIX_E_TOO_LARGE, "the inflated data, as far as read,");
	hmod_diag_numbers(job->diag, job->limit, job->done);
	return HELIX_E_TOO_LARGE;
}

static enum helix_status refuse_result(struct inflation *job, int result)
{
	switch (result) {
	case Z_MEM_ERROR:
		return refuse_memory(job, UINT64_C(1) << MAX_WBITS);
	case Z_DATA_ERROR:
		return refuse(job, HELIX_E_GZIP, archive_gzip_words(job->stream.msg));
	case Z_NEED_DICT:
		return refuse(job, HELIX_E_GZIP, "it needs a preset dictionary");
	default:
		return refuse(job, HELIX_E_GZIP, "zlib refuses it");
	}
}

static uint64_t input_left(const struct inflation *job)
{
	return job->packed.size - (uint64_t)(job->stream.next_in - job->packed.data);
}

/* One step of inflate over all input and room there is. */
static int step(struct inflation *job)
{
	z_stream *stream = &job->stream;
	stream->avail_in = (uInt)smaller(input_left(job), UINT32_MAX);
	stream->next_out = job->room + job->done;
	stream->avail_out = (uInt)smaller(job->capacity - job->done, UINT32_MAX);
	int result = inflate(stream, Z_NO_FLUSH);
	job->done = (uint64_t)(stream->next_out - job->room);
	return result;
}

/* Each turn takes input, makes output or grows the room; so it ends. */
static enum helix_status members_inflate(struct inflation *job)
{
	for (;;) {
		int result = step(job);
		if (result == Z_STREAM_END) {
			uint64_t left = input_left(job);
			if (!left)
				return HELIX_OK;
			if (left < 2 || job->stream.next_in[0] != 0x1f ||
			    job->stream.next_in[1] != 0x8b)
				return refuse(job, HELIX_E_GZIP, "other bytes follow its end");
			inflateReset(&job->stream);
			continue;
		}
		if (result != Z_OK && result != Z_BUF_ERROR)
			return refuse_result(job, result);
		if (job->done < job->capacity) {
			if (!input_left(job))
				return refuse(job, HELIX_E_GZIP, "the data ends early");
			continue;
		}
		enum helix_status status = room_grow(job);
		if (status)
			return status;
	}
}

static enum helix_status inflate_all(struct inflation *job)
{
	enum helix_status status = room_set(job, first_capacity(job->packed, job->limit));
	if (status)
		return status;
	status = members_inflate(job);
	if (status)
		return status;
	if (job->done > job->limit)
		return room_grow(job);
	uint64_t pages = (job->done + PAGE_SIZE - 1) / PAGE_SIZE;
	if (job->done && pages != (job->capacity + PAGE_SIZE - 1) / PAGE_SIZE)
		return room_set(job, job->done);
	return HELIX_OK;
}

enum helix_status gzip_inflate(struct hmod_span packed, uint64_t limit, struct hmod_span *out,
			       struct hmod_diag *diag)
{
	struct inflation job = {
		.stream = { .zalloc = gzip_zalloc, .zfree = gzip_zfree },
		.packed = packed,
		.limit = smaller(limit, UINT64_MAX / 4),
		.diag = diag,
	};
	enum helix_status status;
	if (!packed.size)
		return refuse(&job, HELIX_E_GZIP, "it is empty");
	fpu_begin();
	job.stream.next_in = (z_const Bytef *)(uintptr_t)packed.data;
	if (inflateInit2(&job.stream, GZIP_WINDOW) != Z_OK) {
		fpu_end();
		return refuse_memory(&job, sizeof(job));
	}
	status = inflate_all(&job);
	inflateEnd(&job.stream);
	fpu_end();
	if (status || !job.done)
		vmm_free(job.room, job.capacity);
	if (!status)
		*out = (struct hmod_span){ job.done ? job.room : NULL, job.done };
	return status;
}

void gzip_free(struct hmod_span inflated)
{
	vmm_free((void *)(uintptr_t)inflated.data, inflated.size);
}
