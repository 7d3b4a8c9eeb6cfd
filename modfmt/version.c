/* SPDX-License-Identifier: MIT
 *
 * Versions, names and dependency strings: see version.h.
 */
#include "modfmt/version.h"

#include "modfmt/mem.h"

static bool digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Reads at most `length` bytes; the number of bytes taken, 0 when there is no
 * version. `width` becomes the number of parts given. */
static size_t version_scan(const char *text, size_t length, uint64_t *version, unsigned *width)
{
	uint64_t part[3] = { 0, 0, 0 };
	size_t at = 0;
	unsigned n = 0;

	for (;;) {
		size_t begin = at;
		for (; at < length && digit(text[at]); at++)
			if ((part[n] = part[n] * 10 + (uint64_t)(text[at] - '0')) > UINT16_MAX)
				return 0;
		if (at == begin)
			return 0;
		n++;
		if (n == 3 || at == length || text[at] != '.')
			break;
		at++;
	}
	*version = part[0] << 32 | part[1] << 16 | part[2];
	*width = n;
	return at;
}

bool hmod_version_parse(const char *text, size_t length, uint64_t *version)
{
	unsigned width;

	return length && version_scan(text, length, version, &width) == length;
}

static char *put_part(char *to, unsigned part)
{
	char digits[5];
	size_t n = 0;

	do
		digits[n++] = (char)('0' + part % 10);
	while (part /= 10);
	while (n)
		*to++ = digits[--n];
	return to;
}

void hmod_version_text(uint64_t version, char *text)
{
	text = put_part(text, (unsigned)(version >> 32 & 0xffff));
	*text++ = '.';
	text = put_part(text, (unsigned)(version >> 16 & 0xffff));
	*text++ = '.';
	text = put_part(text, (unsigned)(version & 0xffff));
	*text = 0;
}

/* ---- names -------------------------------------------------------------- */

static bool name_byte(char c, bool capability)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || digit(c) || c == '_' || c == '-' ||
	       (capability && c == '.');
}

const char *hmod_name_normalise(const char *text, size_t length, bool capability, char *out)
{
	if (!length)
		return "is empty";
	if (length > HELIX_NAME_MAX)
		return "is longer than 63 bytes";
	for (size_t i = 0; i < length; i++)
		if (!name_byte(text[i], capability))
			return "has a byte that is no letter, digit, - or _";
	for (size_t i = 0; i < length; i++)
		out[i] = text[i] == '-' ? '_' : text[i];
	out[length] = 0;
	return NULL;
}

/* ---- dependencies ---------------------------------------------------------- */

struct scan {
	const char *text;
	size_t left;
};

static void skip(struct scan *scan, size_t n)
{
	scan->text += n;
	scan->left -= n;
}

static void skip_blanks(struct scan *scan)
{
	while (scan->left && (*scan->text == ' ' || *scan->text == '\t'))
		skip(scan, 1);
}

static bool take(struct scan *scan, const char *word)
{
	size_t n = 0;

	while (word[n])
		n++;
	if (scan->left < n || memcmp(scan->text, word, n))
		return false;
	skip(scan, n);
	return true;
}

static void at_least(struct hmod_dependency *out, uint64_t version)
{
	if (version > out->least)
		out->least = version;
}

static void at_most(struct hmod_dependency *out, uint64_t version)
{
	if (version < out->most)
		out->most = version;
}

static const char *constraint(struct scan *scan, struct hmod_dependency *out)
{
	static const char *const operators[] = { ">=", "<=", ">", "<", "=" };
	uint64_t version;
	unsigned width, op = 0;
	size_t n;

	while (op < 5 && !take(scan, operators[op]))
		op++;
	if (op == 5)
		return "has something else than >=, >, <=, < or = behind the name";
	skip_blanks(scan);
	n = version_scan(scan->text, scan->left, &version, &width);
	if (!n)
		return "has no version (1, 1.2 or 1.2.3) behind the comparison";
	skip(scan, n);
	switch (op) {
	case 0: at_least(out, version); break;
	case 1: at_most(out, version); break;
	case 2:
		if (version == HMOD_VERSION_ANY)
			return "accepts no version";
		at_least(out, version + 1);
		break;
	case 3:
		if (!version)
			return "accepts no version";
		at_most(out, version - 1);
		break;
	default: at_least(out, version); at_most(out, version);
	}
	return NULL;
}

const char *hmod_dependency_parse(const char *text, size_t length, struct hmod_dependency *out)
{
	struct scan scan = { text, length };
	const char *wrong;
	size_t n = 0;

	memset(out, 0, sizeof *out);
	out->most = HMOD_VERSION_ANY;
	if (take(&scan, "?"))
		out->flags |= HMOD_DEPENDENCY_OPTIONAL;
	if (take(&scan, "cap:"))
		out->flags |= HMOD_DEPENDENCY_CAPABILITY;
	while (n < scan.left && name_byte(scan.text[n], out->flags & HMOD_DEPENDENCY_CAPABILITY))
		n++;
	wrong = hmod_name_normalise(scan.text, n, out->flags & HMOD_DEPENDENCY_CAPABILITY, out->name);
	if (wrong)
		return n ? "has a name longer than 63 bytes" : "has no name";
	skip(&scan, n);
	skip_blanks(&scan);
	for (bool more = scan.left; more;) {
		wrong = constraint(&scan, out);
		if (wrong)
			return wrong;
		skip_blanks(&scan);
		more = take(&scan, ",");
		if (!more && scan.left)
			return "has something behind the version";
		skip_blanks(&scan);
	}
	return out->least > out->most ? "accepts no version" : NULL;
}

bool hmod_dependency_accepts(const struct hmod_dependency *dependency, uint64_t version)
{
	return version >= dependency->least && version <= dependency->most;
}

struct text_sink {
	char *text;
	size_t capacity, length;
};

static void append(struct text_sink *sink, const char *text)
{
	for (; *text; text++, sink->length++)
		if (sink->length + 1 < sink->capacity)
			sink->text[sink->length] = *text;
}

/* As people write it: the patch only when there is one. */
static void append_version(struct text_sink *sink, const char *before, uint64_t version)
{
	char text[HMOD_VERSION_TEXT];
	size_t length = 0;

	hmod_version_text(version, text);
	while (text[length])
		length++;
	if (!(version & 0xffff))
		text[length - 2] = 0;
	append(sink, before);
	append(sink, text);
}

/* `< 2` is kept as the last version before: what ends with all ones was written so. */
static void append_most(struct text_sink *sink, uint64_t most)
{
	bool before = (most & 0xffff) == 0xffff;

	append_version(sink, before ? "< " : "<= ", most + before);
}

size_t hmod_constraint_text(uint64_t least, uint64_t most, char *text, size_t capacity)
{
	struct text_sink sink = { text, capacity, 0 };

	if (least == most) {
		append_version(&sink, "= ", least);
	} else {
		if (least)
			append_version(&sink, ">= ", least);
		if (most != HMOD_VERSION_ANY) {
			append(&sink, least ? ", " : "");
			append_most(&sink, most);
		}
		if (!sink.length)
			append(&sink, "any version");
	}
	if (capacity)
		text[sink.length < capacity ? sink.length : capacity - 1] = 0;
	return sink.length;
}
