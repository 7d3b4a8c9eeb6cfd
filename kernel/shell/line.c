/* SPDX-License-Identifier: MIT
 *
 * The line editor: see line.h.
 */
#include "kernel/shell/line.h"

#include "kernel/core/string.h"

static void put(struct line_editor *e, const char *text)
{
	e->write(e->ctx, text, strlen(text));
}

static void back(struct line_editor *e, size_t n)
{
	while (n--)
		put(e, "\b");
}

/* Shows the text from the cursor on anew, and clears what stood behind it. */
static void redraw_tail(struct line_editor *e)
{
	e->write(e->ctx, e->text + e->at, e->length - e->at);
	put(e, "\033[K");
	back(e, e->length - e->at);
}

static void redraw(struct line_editor *e)
{
	put(e, "\r\033[K");
	put(e, e->prompt);
	e->write(e->ctx, e->text, e->length);
	back(e, e->length - e->at);
}

static void insert(struct line_editor *e, char byte)
{
	if (e->length + 1 >= LINE_MAX) {
		put(e, "\a");
		return;
	}
	memmove(e->text + e->at + 1, e->text + e->at, e->length - e->at);
	e->text[e->at++] = byte;
	e->length++;
	e->write(e->ctx, &byte, 1);
	if (e->at < e->length)
		redraw_tail(e);
}

static void erase(struct line_editor *e, size_t from, size_t to)
{
	memmove(e->text + from, e->text + to, e->length - to);
	e->length -= to - from;
	back(e, e->at - from);
	e->at = from;
	redraw_tail(e);
}

static void move(struct line_editor *e, size_t to)
{
	if (to < e->at)
		back(e, e->at - to);
	else
		e->write(e->ctx, e->text + e->at, to - e->at);
	e->at = to;
}

static size_t word_start(const struct line_editor *e)
{
	size_t at = e->at;

	while (at && e->text[at - 1] == ' ')
		at--;
	while (at && e->text[at - 1] != ' ')
		at--;
	return at;
}

/* ---- history ------------------------------------------------------------------ */

static void remember(struct line_editor *e)
{
	e->text[e->length] = 0;
	if (!e->length ||
	    (e->history_count && !strcmp(e->history[e->history_count - 1], e->text)))
		return;
	if (e->history_count == LINE_HISTORY) {
		memmove(e->history[0], e->history[1], sizeof e->history - sizeof e->history[0]);
		e->history_count--;
	}
	memcpy(e->history[e->history_count++], e->text, e->length + 1);
}

static void recall(struct line_editor *e, unsigned to)
{
	const char *text;

	if (to > e->history_count)
		return;
	e->text[e->length] = 0;
	if (e->history_at == e->history_count)
		memcpy(e->pending, e->text, e->length + 1);
	e->history_at = to;
	text = to == e->history_count ? e->pending : e->history[to];
	e->length = e->at = strlen(text);
	memcpy(e->text, text, e->length + 1);
	redraw(e);
}

/* ---- completion ------------------------------------------------------------------ */

static size_t common(const char *a, const char *b)
{
	size_t n = 0;

	while (a[n] && a[n] == b[n])
		n++;
	return n;
}

static void list_completions(struct line_editor *e, size_t start)
{
	char word[LINE_MAX];

	put(e, "\n");
	for (unsigned i = 0; e->complete(e->ctx, e->text, start, i, word); i++) {
		put(e, word);
		put(e, "  ");
	}
	put(e, "\n");
	redraw(e);
}

static void complete(struct line_editor *e)
{
	char first[LINE_MAX], other[LINE_MAX];
	size_t start = e->at, typed, shared;
	unsigned n = 1;

	while (start && e->text[start - 1] != ' ')
		start--;
	typed = e->at - start;
	e->text[e->length] = 0;
	if (!e->complete || e->at != e->length || !e->complete(e->ctx, e->text, start, 0, first))
		return;
	shared = strlen(first);
	for (; e->complete(e->ctx, e->text, start, n, other); n++)
		if (common(first, other) < shared)
			shared = common(first, other);
	if (shared == typed && n > 1) {
		if (e->tab)
			list_completions(e, start);
		e->tab = !e->tab;
		return;
	}
	for (size_t i = typed; i < shared; i++)
		insert(e, first[i]);
	if (n == 1 && first[shared - 1] != '/')
		insert(e, ' ');
}

/* ---- keys ------------------------------------------------------------------------- */

static void escape_end(struct line_editor *e, char byte)
{
	e->escape = 0;
	if (byte == '~') /* 1 home, 3 delete, 4 end, 7 home, 8 end */
		byte = e->parameter == '3' ? 'x' : e->parameter == '1' || e->parameter == '7' ? 'H' : 'F';
	switch (byte) {
	case 'A': if (e->history_at) recall(e, e->history_at - 1); break;
	case 'B': recall(e, e->history_at + 1); break;
	case 'C': if (e->at < e->length) move(e, e->at + 1); break;
	case 'D': if (e->at) move(e, e->at - 1); break;
	case 'H': move(e, 0); break;
	case 'F': move(e, e->length); break;
	case 'x': if (e->at < e->length) erase(e, e->at, e->at + 1), move(e, e->at); break;
	default: break;
	}
}

/* ESC, then `[` or `O`, then digits and `;`, then a letter or `~`. */
static void escape_feed(struct line_editor *e, char byte)
{
	if (e->escape == 1) {
		e->escape = byte == '[' || byte == 'O' ? 2 : 0;
		e->parameter = 0;
	} else if ((byte >= '0' && byte <= '9') || byte == ';') {
		if (!e->parameter)
			e->parameter = byte;
	} else {
		escape_end(e, byte);
	}
}

static enum line_result finish(struct line_editor *e)
{
	put(e, "\n");
	remember(e);
	e->text[e->length] = 0;
	return LINE_DONE;
}

static enum line_result control(struct line_editor *e, char byte)
{
	switch (byte) {
	case '\r': case '\n': return finish(e);
	case '\t': complete(e); break;
	case 0x7f: case '\b': if (e->at) erase(e, e->at - 1, e->at); break;
	case 'A' & 31: move(e, 0); break;
	case 'E' & 31: move(e, e->length); break;
	case 'C' & 31: put(e, "^C\n"); line_begin(e); break;
	case 'D' & 31:
		if (!e->length)
			return LINE_END;
		if (e->at < e->length)
			erase(e, e->at, e->at + 1);
		break;
	case 'K' & 31: erase(e, e->at, e->length); break;
	case 'U' & 31: erase(e, 0, e->at); break;
	case 'W' & 31: erase(e, word_start(e), e->at); break;
	case 'L' & 31: put(e, "\033[H\033[2J"); redraw(e); break;
	case 27: e->escape = 1; break;
	default: break;
	}
	return LINE_MORE;
}

void line_begin(struct line_editor *e)
{
	e->length = e->at = 0;
	e->escape = 0;
	e->tab = false;
	e->history_at = e->history_count;
	e->pending[0] = 0;
	put(e, e->prompt);
}

enum line_result line_feed(struct line_editor *e, char byte)
{
	if (e->escape) {
		escape_feed(e, byte);
		return LINE_MORE;
	}
	if (byte != '\t')
		e->tab = false;
	if ((unsigned char)byte < 32 || byte == 0x7f)
		return control(e, byte);
	insert(e, byte);
	return LINE_MORE;
}
