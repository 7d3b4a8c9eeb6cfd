/* SPDX-License-Identifier: MIT
 *
 * Messages: one line each, whatever bytes a file's name or a module's text has.
 */
#include <stdarg.h>
#include <stdio.h>

#include "tools/tool.h"

static const char *printable(char *line)
{
	for (char *c = line; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	return line;
}

int refuse(const char *file, const char *format, ...)
{
	char line[6000];
	int n = snprintf(line, sizeof line / 2, "hmod: %.2900s: ", file);
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(line + n, sizeof line - (size_t)n, format, arguments);
	va_end(arguments);
	fprintf(stderr, "%s\n", printable(line));
	return EXIT_REFUSED;
}

int refuse_diag(const char *file, const struct hmod_diag *diag)
{
	char text[1024];

	hmod_diag_text(diag, text, sizeof text);
	return refuse(file, "%s", text);
}

int usage_error(const char *subcommand, const char *format, ...)
{
	char line[6000];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(line, sizeof line, format, arguments);
	va_end(arguments);
	fprintf(stderr, "hmod %s: %s; see hmod %s --help\n", subcommand, printable(line),
		subcommand);
	return EXIT_USAGE;
}

char *option_value(const char *subcommand, char **argv, int *i)
{
	if (!argv[*i + 1])
		usage_error(subcommand, "%s needs a value", argv[*i]);
	return argv[*i + 1] ? argv[++*i] : NULL;
}
