/* SPDX-License-Identifier: MIT
 *
 * gzip by zlib, on whole files. Refusals are the kernel's own status.
 */
#include <stdlib.h>
#include <zlib.h>

#include "tools/tool.h"

#define GZIP_WINDOW (15 + 16) /* zlib's way to say gzip */
#define ROOM_FIRST  65536

static bool fault(const char *name, const char *what, uint64_t offset)
{
	struct hmod_diag diag;

	hmod_fail(&diag, HELIX_E_GZIP, HMOD_STAGE_INFLATE, offset);
	hmod_diag_name(&diag, what, SIZE_MAX);
	refuse_diag(name, &diag);
	return false;
}

static bool grow(const char *name, struct bytes *out, size_t *room)
{
	uint8_t *larger = *room > HMOD_SIZE_MAX ? NULL : realloc(out->data, 2 * *room);

	if (larger) {
		out->data = larger;
		*room *= 2;
		return true;
	}
	if (*room > HMOD_SIZE_MAX)
		refuse(name, "inflates to more than %llu bytes", (unsigned long long)HMOD_SIZE_MAX);
	else
		refuse(name, "out of memory");
	return false;
}

/* After a member's end: true when another begins, false with *good set. */
static bool next_member(const char *name, z_stream *z, uint64_t at, bool *good)
{
	*good = !z->avail_in;
	if (*good)
		return false;
	if (z->avail_in >= 2 && z->next_in[0] == 0x1f && z->next_in[1] == 0x8b)
		return inflateReset(z) == Z_OK;
	*good = fault(name, "other bytes follow its end", at);
	return false;
}

/* Each turn takes input, makes output or grows the room; so it ends. */
static bool inflate_members(const char *name, z_stream *z, struct bytes packed, struct bytes *out)
{
	size_t room = ROOM_FIRST;
	bool good;

	while (out->data) {
		int result;

		z->next_out = out->data + out->size;
		z->avail_out = (uInt)(room - out->size);
		result = inflate(z, Z_NO_FLUSH);
		out->size = room - z->avail_out;
		if (result == Z_STREAM_END) {
			if (!next_member(name, z, packed.size - z->avail_in, &good))
				break;
		} else if (result != Z_OK && result != Z_BUF_ERROR) {
			return fault(name, z->msg ? z->msg : "the data is damaged",
				     packed.size - z->avail_in);
		} else if (z->avail_out && !z->avail_in) {
			return fault(name, "the data ends early", packed.size);
		}
		if (!z->avail_out && !grow(name, out, &room))
			return false;
	}
	if (out->data && good && out->size > HMOD_SIZE_MAX)
		good = !refuse(name, "inflates to more than %llu bytes",
			       (unsigned long long)HMOD_SIZE_MAX);
	return out->data && good;
}

bool gzip_inflate(const char *name, struct bytes packed, struct bytes *out)
{
	z_stream z = { .next_in = packed.data, .avail_in = (uInt)packed.size };
	bool good;

	*out = NO_BYTES;
	if (inflateInit2(&z, GZIP_WINDOW) != Z_OK)
		return !refuse(name, "out of memory");
	out->data = malloc(ROOM_FIRST);
	if (!out->data)
		refuse(name, "out of memory");
	good = inflate_members(name, &z, packed, out);
	inflateEnd(&z);
	if (!good) {
		free(out->data);
		*out = NO_BYTES;
	}
	return good;
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
