/* SPDX-License-Identifier: MIT
 *
 * A line's words.
 */
#include "kernel/shell/command.h"

/* Moves the word at *from to *to without its quotes; false: a quote is open. */
static bool take(char **from, char **to)
{
	char quote = 0;

	for (; **from && (quote || **from != ' '); ++*from) {
		if (**from == quote)
			quote = 0;
		else if (!quote && (**from == '"' || **from == '\''))
			quote = **from;
		else
			*(*to)++ = **from;
	}
	return !quote;
}

int words_split(char *line, char **words, int most)
{
	char *from = line;
	int n = 0;

	for (;;) {
		char *to;

		while (*from == ' ' || *from == '\t')
			from++;
		if (!*from)
			return n;
		if (n == most)
			return -1;
		words[n++] = to = from;
		if (!take(&from, &to))
			return -1;
		if (*from)
			from++;
		*to = 0;
	}
}
