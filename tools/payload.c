/* SPDX-License-Identifier: MIT
 *
 * See payload.h.
 */
#include "tools/payload.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static int digit(char c)
{
	return isdigit((unsigned char)c) ? c - '0' : tolower((unsigned char)c) - 'a' + 10;
}

const char *payload_parse(const char *text, uint8_t *bytes, size_t *size)
{
	size_t length = strlen(text);

	*size = length;
	memcpy(bytes, text, length);
	if (strncmp(text, "0x", 2))
		return NULL;
	text += 2;
	length -= 2;
	*size = length / 2;
	if (strspn(text, "0123456789abcdefABCDEF") < length)
		return "is not hexadecimal after 0x";
	if (length % 2)
		return "has an odd number of hexadecimal digits";
	for (size_t i = 0; i < *size; i++)
		bytes[i] = (uint8_t)(digit(text[2 * i]) << 4 | digit(text[2 * i + 1]));
	return NULL;
}

/* How long the UTF-8 character at `s` is; 0 when it is none that is shown. */
static size_t character(const uint8_t *s, size_t size)
{
	static const uint32_t least[] = { 0, 0, 0xa0, 0x800, 0x10000 };
	size_t n = s[0] < 0x80 ? 1 : s[0] >> 5 == 6 ? 2 : s[0] >> 4 == 14 ? 3 : s[0] >> 3 == 30 ? 4 : 0;
	uint32_t code = n > 1 ? s[0] & (0x7fu >> n) : s[0];

	if (!n || n > size)
		return 0;
	for (size_t i = 1; i < n; i++) {
		if (s[i] >> 6 != 2)
			return 0;
		code = code << 6 | (s[i] & 0x3f);
	}
	if (n == 1)
		return (code >= 32 && code < 127) || code == '\n' || code == '\t';
	return code >= least[n] && code < 0x110000 && (code < 0xd800 || code > 0xdfff) ? n : 0;
}

static bool is_text(const uint8_t *s, size_t size)
{
	for (size_t n; size; s += n, size -= n)
		if (!(n = character(s, size)))
			return false;
	return true;
}

void payload_print(const void *bytes, size_t size)
{
	const uint8_t *s = bytes;
	const bool text = is_text(s, size);

	if (!size)
		return;
	if (text)
		fwrite(bytes, 1, size, stdout);
	else
		for (size_t i = 0; i < size; i++)
			printf("%s%02x", i ? "" : "0x", s[i]);
	if (!text || s[size - 1] != '\n')
		putchar('\n');
}
