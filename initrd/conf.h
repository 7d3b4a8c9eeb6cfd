/* SPDX-License-Identifier: MIT
 *
 * /etc/modules.conf: one directive a line, `#` begins a comment:
 *   start NAME [key=value…]    options NAME key=value…
 *   blacklist NAME             alias PATTERN NAME
 * A pure line-by-line reader; nothing is allocated, strings are spans of the
 * file.
 */
#ifndef INITRD_CONF_H
#define INITRD_CONF_H

#include "modfmt/span.h"

enum conf_directive { CONF_START, CONF_OPTIONS, CONF_BLACKLIST, CONF_ALIAS, CONF_BAD };

struct conf_line {
	enum conf_directive directive;
	unsigned number; /* of the line, from 1 */
	struct hmod_span name; /* the module (for alias: the target) */
	struct hmod_span pattern; /* alias only */
	struct hmod_span settings; /* the rest: key=value words; quotes keep blanks */
	const char *wrong; /* for CONF_BAD: what is wrong with the line */
};

/* A cursor: zero it, set `text`. False after the last line; blank lines and
 * comments are skipped. */
struct conf_reader {
	struct hmod_span text;
	uint64_t offset;
	unsigned number;
};
bool conf_next(struct conf_reader *reader, struct conf_line *line);

/* Takes the next `key=value` off `settings`; a value may be quoted with '"'.
 * False when there is none left (*wrong stays), or when a word is not of that
 * form: then *wrong is set to a phrase and the word is in *key. */
bool conf_setting(struct hmod_span *settings, struct hmod_span *key, struct hmod_span *value,
		  const char **wrong);

#endif
