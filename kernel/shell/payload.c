/* SPDX-License-Identifier: MIT
 *
 * Payloads, typed and shown: see payload.h.
 */
#include "kernel/shell/payload.h"

#include "kernel/core/print.h"
#include "kernel/core/string.h"

/* ---- typed ----------------------------------------------------------------------- */

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

const char *payload_parse(const char *text, uint8_t *bytes, size_t *size)
{
	size_t length = strlen(text);

	*size = length;
	memcpy(bytes, text, length);
	if (text[0] != '0' || text[1] != 'x')
		return NULL;
	text += 2;
	length -= 2;
	*size = length / 2;
	for (size_t i = 0; i < length; i++)
		if (digit(text[i]) < 0)
			return "is not hexadecimal after 0x";
	if (length % 2)
		return "has an odd number of hexadecimal digits";
	for (size_t i = 0; i < *size; i++)
		bytes[i] = (uint8_t)(digit(text[2 * i]) << 4 | digit(text[2 * i + 1]));
	return NULL;
}

/* ---- shown ------------------------------------------------------------------------ */

/* How long the character at `s` is, 1 to 4 bytes; 0 when it is none that is shown. */
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

bool payload_is_text(const void *bytes, size_t size)
{
	const uint8_t *s = bytes;

	while (size) {
		size_t n = character(s, size);

		if (!n)
			return false;
		s += n;
		size -= n;
	}
	return true;
}

void payload_print(const void *bytes, size_t size)
{
	const uint8_t *s = bytes;

	if (!size)
		return;
	if (payload_is_text(bytes, size)) {
		kputs(bytes);
	} else {
		kputs("0x");
		for (size_t i = 0; i < size; i++)
			kprintf("%02x", s[i]);
	}
	if (s[size - 1] != '\n' || !payload_is_text(bytes, size))
		kputs("\n");
}
