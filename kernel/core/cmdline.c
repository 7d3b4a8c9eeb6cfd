/* SPDX-License-Identifier: MIT
 *
 * The kernel's command line: words split by blanks; double quotes keep blanks
 * and are dropped. Words longer than WORD_MAX are cut. Relies on
 * boot_info.command_line alone.
 */
#include "kernel/core/kernel.h"

#define WORD_MAX 512

static bool is_blank(char byte)
{
	return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

/* Takes the next word off *line; false when there is none. */
static bool word_next(const char **line, char word[WORD_MAX])
{
	const char *at = *line;
	size_t length = 0;
	bool quoted = false;
	while (is_blank(*at))
		at++;
	if (!*at)
		return false;
	for (; *at && (quoted || !is_blank(*at)); at++) {
		if (*at == '"')
			quoted = !quoted;
		else if (length < WORD_MAX - 1)
			word[length++] = *at;
	}
	word[length] = '\0';
	*line = at;
	return true;
}

/* What follows `key=` in `word`, "" when the word is `key`; else NULL. */
static const char *value_of(const char *word, const char *key)
{
	while (*key && *word == *key)
		word++, key++;
	if (*key)
		return NULL;
	return *word == '=' ? word + 1 : *word ? NULL : word;
}

bool cmdline_get(const char *key, char *value, size_t capacity)
{
	const char *line = boot_info.command_line;
	char word[WORD_MAX];
	bool found = false;
	while (word_next(&line, word)) {
		const char *text = value_of(word, key);
		size_t length = 0;
		if (!text)
			continue;
		found = true;
		for (; length + 1 < capacity && text[length]; length++)
			value[length] = text[length];
		if (capacity)
			value[length] = '\0';
	}
	return found;
}

/* Cuts `left.right=value` at the first dot and equals sign; false when the word
 * is not of that form. */
static bool param_split(char *word, char **key, char **value)
{
	char *dot = word, *equals;
	while (*dot && *dot != '.' && *dot != '=')
		dot++;
	if (*dot != '.' || dot == word)
		return false;
	for (equals = dot + 1; *equals && *equals != '=';)
		equals++;
	if (!*equals || equals == dot + 1)
		return false;
	*dot = *equals = '\0';
	*key = dot + 1;
	*value = equals + 1;
	return true;
}

void cmdline_each_param(void (*each)(void *ctx, const char *module, const char *key,
				     const char *value), void *ctx)
{
	const char *line = boot_info.command_line;
	char word[WORD_MAX], *key, *value;
	while (word_next(&line, word))
		if (param_split(word, &key, &value))
			each(ctx, word, key, value);
}
