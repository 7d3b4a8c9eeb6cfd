/* SPDX-License-Identifier: MIT
 *
 * What the shell's files share.
 */
#ifndef KERNEL_SHELL_COMMAND_H
#define KERNEL_SHELL_COMMAND_H

#include "kernel/shell/shell.h"
#include "modfmt/diag.h"

enum completion {
	COMPLETE_NOTHING,
	COMPLETE_FILE,
	COMPLETE_MODULE,
	COMPLETE_COMMAND,
	COMPLETE_INTERFACE,
	COMPLETE_EVENT,
};

struct command {
	const char *name;
	int (*run)(int argc, char **argv); /* 0, or the status; 2: show the usage */
	const char *usage; /* the arguments */
	const char *help; /* one line */
	enum completion completion;
};

#define USAGE 2
#define WORDS_MAX 64

extern const struct command module_commands[], query_commands[], info_commands[],
	request_commands[], event_commands[], ifaces_commands[], health_commands[],
	system_commands[], thread_commands[], test_commands[], bench_commands[]; /* each ends with a row without a name */
const struct command *const *command_tables(void);
const struct command *command_find(const char *name);

/* Splits a line into words, in place; quotes keep blanks. -1: a quote is left
 * open or there are too many. */
int words_split(char *line, char **words, int most);

/* Runs one line; its status. */
int shell_run(char *line);

/* Prints `command: what: sentence` (`what` may be NULL). */
void shell_say(const char *command, const char *what, const struct hmod_diag *diag);
/* Prints `command: what: sentence` and frees the diagnostic's list; returns 1. */
int shell_fail(const char *command, const char *what, struct hmod_diag *diag);

const char *shell_base_name(const char *path);

/* The module of that name with a reference, for hload_put; NULL after saying that
 * there is none. */
struct hload_module *shell_get(const char *command, const char *name);

/* A module's i-th dependency as one writes it: "?name >= 1.0". */
struct hmod_meta;
void dependency_text(const struct hmod_meta *meta, uint32_t i, char *text, size_t room);

/* Tells the modules, for a moment, and ends the machine. */
_Noreturn void shell_power_off(unsigned status);

/* For completion: the i-th kind of event, NULL past the last; the i-th interface
 * that somebody implements. */
const char *event_kind(unsigned i);
bool interface_name(unsigned i, char *name, size_t capacity);

#endif
