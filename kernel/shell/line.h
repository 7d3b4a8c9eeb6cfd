/* SPDX-License-Identifier: MIT
 *
 * A line editor fed with bytes, writing to a callback: knows nothing of
 * consoles, so it is tested on the host. Keys: arrows, home, end, delete,
 * backspace, ctrl-A C D E K L U W, tab.
 */
#ifndef KERNEL_SHELL_LINE_H
#define KERNEL_SHELL_LINE_H

#include <stdbool.h>
#include <stddef.h>

#define LINE_MAX 1024 /* bytes, with the NUL */
#define LINE_HISTORY 32 /* lines */

struct line_editor {
	const char *prompt;
	void (*write)(void *ctx, const char *text, size_t length);
	/* Writes the i-th completion of the word that starts at `start` in `line` into
	 * `out` (LINE_MAX bytes); false past the last. May be NULL. */
	bool (*complete)(void *ctx, const char *line, size_t start, unsigned i, char *out);
	void *ctx;
	/* private */
	char text[LINE_MAX];
	size_t length, at;
	char history[LINE_HISTORY][LINE_MAX];
	unsigned history_count, history_at;
	char pending[LINE_MAX]; /* what was typed before history was entered */
	unsigned escape; /* bytes of an escape sequence seen */
	char parameter;
	bool tab; /* the last key was a tab that completed nothing */
};

enum line_result { LINE_MORE, LINE_DONE, LINE_END };

/* Begins a new line: writes the prompt. */
void line_begin(struct line_editor *editor);
/* Takes one byte. DONE: the line is in editor->text, without a newline. END:
 * ctrl-D on an empty line. */
enum line_result line_feed(struct line_editor *editor, char byte);

#endif
