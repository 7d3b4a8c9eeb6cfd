/* SPDX-License-Identifier: MIT
 *
 * Running lines: from the consoles with editing and completion, or from a
 * script.
 */
#include "kernel/core/console.h"
#include "kernel/core/kernel.h"
#include "kernel/core/print.h"
#include "kernel/core/string.h"
#include "kernel/mm/mm.h"
#include "kernel/shell/command.h"
#include "kernel/shell/line.h"
#include "kernel/svc/files.h"
#include "kernel/svc/modules.h"

const struct command *const *command_tables(void)
{
	static const struct command *const tables[] = {
		module_commands, query_commands,  info_commands,   request_commands, event_commands,
		ifaces_commands, health_commands, system_commands, thread_commands,  test_commands,
		bench_commands,  NULL,
	};

	return tables;
}

const struct command *command_find(const char *name)
{
	for (const struct command *const *table = command_tables(); *table; table++)
		for (const struct command *c = *table; c->name; c++)
			if (!strcmp(c->name, name))
				return c;
	return NULL;
}

const char *shell_base_name(const char *path)
{
	const char *base = path;

	for (; *path; path++)
		if (*path == '/' && path[1])
			base = path + 1;
	return base;
}

void shell_say(const char *command, const char *what, const struct hmod_diag *diag)
{
	size_t size = hmod_diag_text(diag, NULL, 0) + 1;
	char *text = kmalloc(size);

	if (text)
		hmod_diag_text(diag, text, size);
	if (what)
		kprintf("%s: %s: ", command, what);
	else
		kprintf("%s: ", command);
	kputs(text ? text : "out of memory");
	kputs("\n");
	kfree(text);
}

int shell_fail(const char *command, const char *what, struct hmod_diag *diag)
{
	shell_say(command, what, diag);
	hload_diag_free(modules, diag);
	return 1;
}

struct hload_module *shell_get(const char *command, const char *name)
{
	struct hload_module *module = hload_get(modules, name);

	if (!module)
		kprintf("%s: %s: no such module\n", command, name);
	return module;
}

int shell_run(char *line)
{
	const struct command *command;
	char *words[WORDS_MAX + 1];
	int n = words_split(line, words, WORDS_MAX), status;

	if (n < 0) {
		kprintf("a quote is left open, or there are more than %d words\n", WORDS_MAX);
		return 1;
	}
	if (!n || words[0][0] == '#')
		return 0;
	words[n] = NULL;
	command = command_find(words[0]);
	if (!command) {
		kprintf("%s: command not found (help lists the commands)\n", words[0]);
		return 1;
	}
	status = command->run(n, words);
	if (status == USAGE)
		kprintf("usage: %s %s\n", command->name, command->usage);
	return status ? 1 : 0;
}

/* ---- completion ------------------------------------------------------------------- */

static bool begins(const char *text, const char *word, size_t length)
{
	return !strncmp(text, word, length);
}

static bool complete_command(const char *word, size_t length, unsigned i, char *out)
{
	for (const struct command *const *table = command_tables(); *table; table++)
		for (const struct command *c = *table; c->name; c++)
			if (begins(c->name, word, length) && !i--) {
				ksnprintf(out, LINE_MAX, "%s", c->name);
				return true;
			}
	return false;
}

static bool complete_module(const char *word, size_t length, unsigned i, char *out)
{
	struct hload_module *module = NULL;
	struct hload_info info;

	while ((module = hload_get_next(modules, module))) {
		hload_info(module, &info);
		if (!begins(info.meta->name, word, length) || i--)
			continue;
		ksnprintf(out, LINE_MAX, "%s", info.meta->name);
		hload_put(modules, module);
		return true;
	}
	return false;
}

static bool complete_interface(const char *word, size_t length, unsigned i, char *out)
{
	for (unsigned k = 0; interface_name(k, out, LINE_MAX); k++)
		if (begins(out, word, length) && !i--)
			return true;
	return false;
}

static bool complete_event(const char *word, size_t length, unsigned i, char *out)
{
	const char *kind;

	for (unsigned k = 0; (kind = event_kind(k)); k++)
		if (begins(kind, word, length) && !i--) {
			ksnprintf(out, LINE_MAX, "%s", kind);
			return true;
		}
	return false;
}

/* Entries of one folder: a path goes to its next slash. */
static bool complete_file(const char *word, size_t length, unsigned i, char *out)
{
	char prefix[LINE_MAX];
	const struct file *file;
	unsigned k = 0;

	ksnprintf(prefix, sizeof prefix, "%.*s", (int)length, word);
	for (; (file = file_prefix(prefix, k)); k++) {
		if (strchr(file->path + length, '/') || i--)
			continue;
		ksnprintf(out, LINE_MAX, "%s%s", file->path, file->directory ? "/" : "");
		return true;
	}
	return false;
}

static enum completion completion_of(const char *line, size_t start)
{
	const struct command *command;
	char name[32];
	size_t n = 0;

	while (n < start && n + 1 < sizeof name && line[n] != ' ') {
		name[n] = line[n];
		n++;
	}
	name[n] = 0;
	command = command_find(name);
	return command ? command->completion : COMPLETE_NOTHING;
}

static bool is_first_argument(const char *line, size_t start)
{
	size_t at = 0;

	while (at < start && line[at] != ' ')
		at++;
	while (at < start && line[at] == ' ')
		at++;
	return at == start;
}

static bool complete(void *ctx, const char *line, size_t start, unsigned i, char *out)
{
	const char *word = line + start;
	size_t length = strlen(word);
	enum completion kind = start ? completion_of(line, start) : COMPLETE_COMMAND;

	(void)ctx;
	if (kind == COMPLETE_NOTHING)
		return false;
	if (kind == COMPLETE_COMMAND)
		return complete_command(word, length, i, out);
	if (kind == COMPLETE_EVENT)
		return complete_event(word, length, i, out);
	if (kind == COMPLETE_INTERFACE && is_first_argument(line, start))
		return complete_interface(word, length, i, out);
	if (word[0] == '/' || kind == COMPLETE_FILE)
		return complete_file(word, length, i, out);
	return complete_module(word, length, i, out);
}

/* ---- from the consoles ------------------------------------------------------------- */

static void write_console(void *ctx, const char *text, size_t length)
{
	(void)ctx;
	console_write(text, length);
}

void shell_interactive(void)
{
	static struct line_editor editor = { .prompt = "helix> ", .write = write_console,
					     .complete = complete };

	for (;;) {
		enum line_result result;

		line_begin(&editor);
		while ((result = line_feed(&editor, (char)console_getc())) == LINE_MORE)
			;
		if (result == LINE_DONE)
			shell_run(editor.text);
		else
			kputs("\n(poweroff ends the machine)\n");
	}
}

/* ---- from a script -------------------------------------------------------------------- */

void shell_script(struct hmod_span script)
{
	char value[16];
	bool keep_going = cmdline_get("exec.keepgoing", value, sizeof value);
	uint64_t at = 0;
	int failed = 0;

	console_exec_mode(true);
	while (at < script.size && (!failed || keep_going)) {
		char line[LINE_MAX];
		uint64_t end = at;

		while (end < script.size && script.data[end] != '\n')
			end++;
		if (end - at >= sizeof line) {
			kprintf("a line is longer than %d bytes\n", LINE_MAX - 1);
			failed = 1;
		} else {
			ksnprintf(line, sizeof line, "%.*s", (int)(end - at),
				  (const char *)script.data + at);
			failed |= shell_run(line);
		}
		at = end + 1;
	}
	shell_power_off(failed ? 1 : 0);
}
