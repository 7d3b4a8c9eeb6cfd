/* SPDX-License-Identifier: MIT
 *
 * modules.conf, line by line: see conf.h.
 */
#include "initrd/conf.h"

#include "modfmt/mem.h"

static bool blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static void skip_blanks(struct hmod_span *text)
{
	while (text->size && blank(*text->data)) {
		text->data++;
		text->size--;
	}
}

/* Takes a word off `text`; quotes keep blanks. False when there is none. */
static bool take_word(struct hmod_span *text, struct hmod_span *word)
{
	bool quoted = false;
	uint64_t n = 0;

	skip_blanks(text);
	for (; n < text->size && (quoted || !blank(text->data[n])); n++)
		if (text->data[n] == '"')
			quoted = !quoted;
	word->data = text->data;
	word->size = n;
	text->data += n;
	text->size -= n;
	return n;
}

static bool is(struct hmod_span word, const char *text)
{
	uint64_t n = 0;

	while (text[n])
		n++;
	return word.size == n && !memcmp(word.data, text, (size_t)n);
}

/* The line at the cursor, without its comment; a `#` inside quotes is kept. */
static bool take_line(struct conf_reader *reader, struct hmod_span *line)
{
	uint64_t end = reader->offset, comment;
	bool quoted = false;

	if (reader->offset >= reader->text.size)
		return false;
	while (end < reader->text.size && reader->text.data[end] != '\n')
		end++;
	line->data = reader->text.data + reader->offset;
	line->size = end - reader->offset;
	for (comment = 0; comment < line->size && (quoted || line->data[comment] != '#'); comment++)
		if (line->data[comment] == '"')
			quoted = !quoted;
	line->size = comment;
	reader->offset = end + 1;
	reader->number++;
	return true;
}

static uint64_t quotes(struct hmod_span word)
{
	uint64_t n = 0;

	for (uint64_t i = 0; i < word.size; i++)
		n += word.data[i] == '"';
	return n;
}

static const char *check_settings(struct hmod_span settings)
{
	struct hmod_span key, value;
	const char *wrong = NULL;

	while (conf_setting(&settings, &key, &value, &wrong))
		;
	return wrong;
}

static void parse(struct conf_line *line, struct hmod_span word, struct hmod_span rest)
{
	static const char *const words[] = { "start", "options", "blacklist", "alias" };
	unsigned d = 0;

	while (d < 4 && !is(word, words[d]))
		d++;
	line->directive = (enum conf_directive)d;
	if (d == CONF_BAD) {
		line->name = word;
		line->wrong = "unknown directive";
		return;
	}
	if (d == CONF_ALIAS && !take_word(&rest, &line->pattern))
		line->wrong = "a pattern and a module's name are missing";
	else if (!take_word(&rest, &line->name))
		line->wrong = "a module's name is missing";
	else if (quotes(line->name) || (d == CONF_ALIAS && quotes(line->pattern)))
		line->wrong = "a name is in quotes";
	skip_blanks(&rest);
	line->settings = rest;
	if (!line->wrong && d <= CONF_OPTIONS)
		line->wrong = check_settings(rest);
	else if (!line->wrong && rest.size)
		line->wrong = "there is something behind the name";
	if (line->wrong)
		line->directive = CONF_BAD;
}

bool conf_next(struct conf_reader *reader, struct conf_line *line)
{
	struct hmod_span text, word;

	while (take_line(reader, &text)) {
		if (!take_word(&text, &word))
			continue;
		memset(line, 0, sizeof *line);
		line->number = reader->number;
		parse(line, word, text);
		return true;
	}
	return false;
}

bool conf_setting(struct hmod_span *settings, struct hmod_span *key, struct hmod_span *value,
		  const char **wrong)
{
	struct hmod_span word;
	uint64_t n = 0;

	if (!take_word(settings, &word))
		return false;
	*key = word;
	while (n < word.size && word.data[n] != '=')
		n++;
	if (!n || n == word.size) {
		*wrong = "a setting is not of the form key=value";
		return false;
	}
	value->data = word.data + n + 1;
	value->size = word.size - n - 1;
	if (value->size >= 2 && value->data[0] == '"' && value->data[value->size - 1] == '"') {
		value->data++;
		value->size -= 2;
		*wrong = quotes(word) == 2 ? NULL : "there is a quote inside the quotes";
	} else if (quotes(word)) {
		*wrong = quotes(word) & 1 ? "a quote is not closed" :
					    "quotes do not stand around a whole value";
	} else {
		*wrong = NULL;
	}
	if (*wrong)
		return false;
	key->size = n;
	return true;
}
