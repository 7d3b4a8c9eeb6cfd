/* SPDX-License-Identifier: MIT
 *
 * zlib's messages that a reader would not understand, in plain words: the same
 * in the kernel and in the tools.
 */
#include "initrd/archive.h"

static const struct {
	const char *zlib, *ours;
} words[] = {
	{ "incorrect header check", "it does not begin with a gzip header" },
	{ "incorrect data check", "the checksum differs" },
	{ "incorrect length check", "the length differs" },
	{ "unknown compression method", "the compression method is not deflate" },
	{ "unknown header flags set", "the header has unknown flags" },
	{ "header crc mismatch", "the header's checksum differs" },
};

static bool same(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

const char *archive_gzip_words(const char *message)
{
	if (!message)
		return "the data is damaged";
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		if (same(message, words[i].zlib))
			return words[i].ours;
	return message;
}
