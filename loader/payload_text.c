/* SPDX-License-Identifier: MIT
 *
 * Payloads as text, for people and for receivers that know no trees; and what is
 * text at all. See payload.h.
 */
#include "loader/payload.h"

/* ---- UTF-8 (RFC 3629) -------------------------------------------------------------------- */

/* Bytes of the character that begins at `text`; 0 when it is none: cut off, overlong,
 * a surrogate, past U+10FFFF. */
static size_t character(const uint8_t *text, size_t size)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const uint8_t first = text[0];
	const size_t length = first < 0x80 ? 1 : first >> 5 == 6 ? 2 : first >> 4 == 14 ? 3 : 4;
	uint32_t code;

	if (length == 1)
		return 1;
	if (length > size || (length == 4 && first >> 3 != 30))
		return 0;
	code = first & (0x7fu >> length);
	for (size_t i = 1; i < length; i++) {
		if (text[i] >> 6 != 2)
			return 0;
		code = code << 6 | (text[i] & 0x3f);
	}
	return code >= least[length] && code >> 11 != 0x1b && code <= 0x10ffff ? length : 0;
}

static bool is_text(const char *text, size_t size, bool controls)
{
	size_t length;

	for (size_t i = 0; i < size; i += length) {
		const uint8_t c = (uint8_t)text[i];

		length = character((const uint8_t *)text + i, size - i);
		if (!length || !c)
			return false;
		if (!controls && (c == 0x7f || (c < ' ' && c != '\t' && c != '\n' && c != '\r')))
			return false;
	}
	return true;
}

bool hload_utf8(const char *text, size_t size)
{
	return is_text(text, size, true);
}

bool hload_printable(const char *text, size_t size)
{
	return is_text(text, size, false);
}

/* ---- the canonical form ------------------------------------------------------------------- */

static void add_character(struct hload_text *text, char c)
{
	const char one[] = { c, 0 };

	hload_text_add(text, one);
}

static void add_hex(struct hload_text *text, uint8_t byte)
{
	static const char digits[] = "0123456789abcdef";

	add_character(text, digits[byte >> 4]);
	add_character(text, digits[byte & 15]);
}

static void add_control(struct hload_text *text, uint8_t c)
{
	hload_text_add(text, "\\u00");
	add_hex(text, c);
}

static void add_quoted(struct hload_text *text, const char *string)
{
	add_character(text, '"');
	if (string[0] == '0' && string[1] == 'x')
		add_control(text, (uint8_t)*string++);
	for (; *string; string++) {
		if (*string == '"' || *string == '\\')
			add_character(text, '\\');
		if (*string == '\n')
			hload_text_add(text, "\\n");
		else if (*string == '\t')
			hload_text_add(text, "\\t");
		else if ((uint8_t)*string < ' ' || *string == 0x7f)
			add_control(text, (uint8_t)*string);
		else
			add_character(text, *string);
	}
	add_character(text, '"');
}

static void add_bytes(struct hload_text *text, const struct helix_payload *payload)
{
	size_t size;
	const uint8_t *bytes = helix_payload_get_bytes(payload, &size);

	hload_text_add(text, "\"0x");
	for (size_t i = 0; i < size; i++)
		add_hex(text, bytes[i]);
	add_character(text, '"');
}

static void add_integer(struct hload_text *text, int64_t value)
{
	uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
	char digits[21];
	size_t at = sizeof digits;

	digits[--at] = 0;
	do
		digits[--at] = (char)('0' + rest % 10);
	while (rest /= 10);
	hload_text_add(text, value < 0 ? "-" : "");
	hload_text_add(text, digits + at);
}

static void add_items(struct hload_text *text, const struct helix_payload *payload)
{
	const struct helix_payload *item;
	const char *name;

	for (size_t i = 0; (item = helix_payload_at(payload, i, &name)); i++) {
		hload_text_add(text, i ? "," : "");
		if (name) {
			add_quoted(text, name);
			add_character(text, ':');
		}
		hload_payload_write(text, item);
	}
}

void hload_payload_write(struct hload_text *text, const struct helix_payload *payload)
{
	switch (helix_payload_kind(payload)) {
	case HELIX_PAYLOAD_EMPTY:
		hload_text_add(text, "null");
		break;
	case HELIX_PAYLOAD_BYTES:
		add_bytes(text, payload);
		break;
	case HELIX_PAYLOAD_TEXT:
		add_quoted(text, helix_payload_get_text(payload));
		break;
	case HELIX_PAYLOAD_INTEGER:
		add_integer(text, helix_payload_get_integer(payload));
		break;
	case HELIX_PAYLOAD_BOOLEAN:
		hload_text_add(text, helix_payload_get_boolean(payload) ? "true" : "false");
		break;
	case HELIX_PAYLOAD_MAP:
		add_character(text, '{');
		add_items(text, payload);
		add_character(text, '}');
		break;
	case HELIX_PAYLOAD_LIST:
		add_character(text, '[');
		add_items(text, payload);
		add_character(text, ']');
		break;
	}
}

char *hload_payload_format(struct hload_system *system, const struct helix_payload *payload,
			   size_t *size)
{
	struct hload_text text = { NULL, 0 };

	hload_payload_write(&text, payload);
	text.text = hload_lock_alloc(system, text.length + 1);
	if (!text.text)
		return NULL;
	*size = text.length;
	text.length = 0;
	hload_payload_write(&text, payload);
	text.text[text.length] = 0;
	return text.text;
}
