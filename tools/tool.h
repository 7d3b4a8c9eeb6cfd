/* SPDX-License-Identifier: MIT
 *
 * What hmod's subcommands share: messages, whole files, output that appears
 * complete or not at all, other programs, judged modules, archives' entries.
 */
#ifndef TOOLS_TOOL_H
#define TOOLS_TOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "initrd/archive.h"
#include "modfmt/image.h"
#include "modfmt/meta.h"

/* HOOK, CRASHED: of hmod run alone. */
enum { EXIT_REFUSED = 1, EXIT_USAGE = 2, EXIT_HOOK = 3, EXIT_CRASHED = 4 };

struct subcommand {
	const char *name;
	int (*run)(int argc, char **argv); /* argv[0] is the name */
	const char *usage, *help;
};

int run_cc(int argc, char **argv);
int run_link(int argc, char **argv);
int run_info(int argc, char **argv);
int run_pack(int argc, char **argv);
int run_list(int argc, char **argv);
int run_unpack(int argc, char **argv);
int run_check(int argc, char **argv);
int run_deps(int argc, char **argv);
int run_verify(int argc, char **argv);
int run_run(int argc, char **argv);

/* ---- messages: print.c ------------------------------------------------------ */

/* Print `hmod: FILE: …`, one line, on stderr; return EXIT_REFUSED. */
int refuse(const char *file, const char *format, ...) __attribute__((format(printf, 2, 3)));
int refuse_diag(const char *file, const struct hmod_diag *diag);
/* Prints `hmod COMMAND: …; see hmod COMMAND --help`; returns EXIT_USAGE. */
int usage_error(const char *subcommand, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* The word behind option argv[*i], which becomes argv[*i]; NULL after a usage
 * error. argv ends with NULL. */
char *option_value(const char *subcommand, char **argv, int *i);

/* ---- whole files: io.c, gzip.c ------------------------------------------------ */

struct bytes {
	uint8_t *data; /* free() it */
	size_t size;
};
#define NO_BYTES ((struct bytes){ NULL, 0 })

/* These are false, with *out empty, after a message: missing, unreadable, a
 * directory, larger than HMOD_SIZE_MAX, a bad gzip stream. read_inflated takes
 * plain and gzip'd files. */
bool read_file(const char *path, struct bytes *out);
bool read_inflated(const char *path, struct bytes *out);
/* `name` is what a message calls it. Members one after another are taken, other
 * bytes behind them are not: as the kernel has it. */
bool gzip_inflate(const char *name, struct bytes packed, struct bytes *out);
enum helix_status gzip_inflate_diag(struct bytes packed, struct bytes *out, struct hmod_diag *diag);
/* No name, no time: the same bytes every time. */
bool gzip_deflate(const char *name, struct bytes plain, struct bytes *out);

/* Written to a temporary name in the same folder, then renamed: `path` is the
 * old file or the whole new one. False after a message. */
bool write_file(const char *path, struct bytes bytes);

/* Both exist and are one file, under whatever names. */
bool same_file(const char *a, const char *b);
bool ends_with(const char *text, const char *end);

/* ---- other programs, signals: program.c ----------------------------------------- */

/* Runs a program (found in PATH, no shell) and waits; its exit status, or 127
 * after a message when it cannot be run. */
int run_program(const char *const *argv);

/* A folder for temporary files, removed at exit, also on INT, TERM and HUP.
 * NULL after a message. */
const char *temporary_folder(void);

/* From here on INT, TERM and HUP end the program only where it calls
 * stop_if_told, or waits for another program (which gets the signal too). */
void watch_signals(void);
bool told_to_stop(void);
void stop_if_told(void);

/* ---- modules: module.c ---------------------------------------------------------- */

/* A module that modfmt found good. */
struct module {
	struct hmod_image image;
	struct hmod_meta meta; /* a view of the table */
	struct bytes table; /* the flat metadata */
};

/* Judges everything that the file alone tells; false after a message. `file`
 * must stay as long as `module` is used. */
bool module_open(const char *name, struct bytes file, struct module *module);
void module_close(struct module *module);

/* Whether libelf reads the same: libelf_view.c. False after a message. */
bool libelf_agrees(const char *file, const struct hmod_image *image);

/* ---- linking: link.c ------------------------------------------------------------- */

struct link_input {
	const char *path, *name; /* name: what messages call it */
};

/* Links the inputs with ld -r into the module `output` and finalises it. An exit
 * status; messages are printed. */
int link_module(const struct link_input *inputs, int count, const char *output, bool strip);

/* ---- archives: entries.c ---------------------------------------------------------- */

struct entries {
	struct bytes file; /* inflated; the entries are views of it */
	struct archive_entry *at;
	size_t count;
};

/* Reads an archive, plain or gzip'd. False after a message; the entries before
 * the damage are there. Free with entries_free either way. */
bool entries_read(const char *path, struct entries *entries);
void entries_free(struct entries *entries);

#endif
