/* SPDX-License-Identifier: MIT
 *
 * gzip by zlib, on whole files. Refusals are the kernel's own status.
 */
#include <stdlib.h>
#include <zlib.h>

#include "tools/tool.h"

#define GZIP_WINDOW (15 + 16) /* zlib's way to say gzip */
#define ROOM_FIRST  65536

static enum helix_status fault(struct hmod_diag *diag, const char *what, uint64_t offset)
{
	hmod_fail(diag, HELIX_E_GZIP, HMOD_STAGE_INFLATE, offset);
	hmod_diag_name(diag, what, SIZE_MAX);
	return HELIX_E_GZIP;
}

static enum helix_status no_memory(struct hmod_diag *diag, uint64_t size, uint64_t offset)
{
	hmod_fail(diag, HELIX_E_NO_MEMORY, HMOD_STAGE_INFLATE, offset);
	hmod_diag_name(diag, "the inflated data", SIZE_MAX);
	hmod_diag_numbers(diag, size, 0);
	return HELIX_E_NO_MEMORY;
}

static enum helix_status too_large(struct hmod_diag *diag, uint64_t offset)
{
	hmod_fail(diag, HELIX_E_TOO_LARGE, HMOD_STAGE_INFLATE, offset);
	hmod_diag_name(diag, "the inflated data, as far as read,", SIZE_MAX);
	hmod_diag_numbers(diag, HMOD_SIZE_MAX, HMOD_SIZE_MAX + 1);
	return HELIX_E_TOO_LARGE;
}

/* Up to one byte more than may be, which shows that the limit is passed. */
static enum helix_status grow(struct bytes *out, size_t *room, uint64_t offset,
			      struct hmod_diag *diag)
{
	size_t more = 2 * *room > HMOD_SIZE_MAX ? HMOD_SIZE_MAX + 1 : 2 * *room;
	uint8_t *larger;

	if (*room > HMOD_SIZE_MAX)
		return too_large(diag, offset);
	larger = realloc(out->data, more);
	if (!larger)
		return no_memory(diag, more, offset);
	out->data = larger;
	*room = more;
	return HELIX_OK;
}

/* After a member's end: another one, nothing, or what does not belong there. */
static enum helix_status next_member(z_stream *z, uint64_t at, struct hmod_diag *diag)
{
	if (z->avail_in < 2 || z->next_in[0] != 0x1f || z->next_in[1] != 0x8b)
		return fault(diag, "other bytes follow its end", at);
	inflateReset(z);
	return HELIX_OK;
}

/* Each turn takes input, makes output or grows the room; so it ends. */
static enum helix_status inflate_members(z_stream *z, struct bytes packed, struct bytes *out,
					 struct hmod_diag *diag)
{
	size_t room = ROOM_FIRST;
	enum helix_status status = HELIX_OK;

	while (!status) {
		uint64_t at;
		int result;

		z->next_out = out->data + out->size;
		z->avail_out = (uInt)(room - out->size);
		result = inflate(z, Z_NO_FLUSH);
		out->size = room - z->avail_out;
		at = packed.size - z->avail_in;
		if (result == Z_STREAM_END && !z->avail_in)
			return out->size > HMOD_SIZE_MAX ? too_large(diag, at) : HELIX_OK;
		if (result == Z_STREAM_END)
			status = next_member(z, at, diag);
		else if (result != Z_OK && result != Z_BUF_ERROR)
			return fault(diag, archive_gzip_words(z->msg), at);
		else if (z->avail_out && !z->avail_in)
			return fault(diag, "the data ends early", at);
		if (!status && !z->avail_out)
			status = grow(out, &room, at, diag);
	}
	return status;
}

enum helix_status gzip_inflate_diag(struct bytes packed, struct bytes *out, struct hmod_diag *diag)
{
	z_stream z = { .next_in = packed.data, .avail_in = (uInt)packed.size };
	enum helix_status status;

	*out = NO_BYTES;
	out->data = malloc(ROOM_FIRST);
	if (!out->data || inflateInit2(&z, GZIP_WINDOW) != Z_OK) {
		free(out->data);
		*out = NO_BYTES;
		return no_memory(diag, ROOM_FIRST, 0);
	}
	status = inflate_members(&z, packed, out, diag);
	inflateEnd(&z);
	if (status) {
		free(out->data);
		*out = NO_BYTES;
	}
	return status;
}

bool gzip_inflate(const char *name, struct bytes packed, struct bytes *out)
{
	struct hmod_diag diag;

	return !gzip_inflate_diag(packed, out, &diag) || !refuse_diag(name, &diag);
}

bool gzip_deflate(const char *name, struct bytes plain, struct bytes *out)
{
	z_stream z = { .next_in = plain.data, .avail_in = (uInt)plain.size };
	size_t room;

	*out = NO_BYTES;
	if (deflateInit2(&z, 9, Z_DEFLATED, GZIP_WINDOW, 9, Z_DEFAULT_STRATEGY) != Z_OK)
		return !refuse(name, "out of memory");
	room = deflateBound(&z, (uLong)plain.size);
	out->data = malloc(room);
	z.next_out = out->data;
	z.avail_out = (uInt)room;
	if (out->data && deflate(&z, Z_FINISH) == Z_STREAM_END)
		out->size = z.total_out;
	deflateEnd(&z);
	if (out->size)
		return true;
	free(out->data);
	*out = NO_BYTES;
	return !refuse(name, "cannot be compressed");
}
