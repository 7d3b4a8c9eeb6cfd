/* SPDX-License-Identifier: MIT
 *
 * What hmod's subcommands share: messages, whole files, output that appears
 * complete or not at all, other programs.
 */
#ifndef TOOLS_TOOL_H
#define TOOLS_TOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "modfmt/image.h"
#include "modfmt/meta.h"

enum { EXIT_REFUSED = 1, EXIT_USAGE = 2 };

struct subcommand {
	const char *name;
	int (*run)(int argc, char **argv); /* argv[0] is the name */
	const char *usage, *help;
};
extern const struct subcommand subcommands[]; /* ends with a nameless row */
int usage_error(const char *subcommand, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Print `hmod: FILE: …` on stderr; return EXIT_REFUSED. */
int refuse(const char *file, const char *format, ...) __attribute__((format(printf, 2, 3)));
int refuse_diag(const char *file, const struct hmod_diag *diag);

/* A whole file, read or inflated (gzip'd ones when `inflate`); free(data). False
 * after a message: missing, directory, larger than HMOD_SIZE_MAX, … */
struct bytes {
	uint8_t *data;
	size_t size;
};
bool read_file(const char *path, bool inflate, struct bytes *out);

/* Written to a temporary name beside `path`, then renamed. False after a message. */
bool write_file(const char *path, const void *data, size_t size);

/* The canonical paths are the same file. */
bool same_file(const char *a, const char *b);

/* Runs a program and waits; its exit status, 127 when it cannot be run. */
int run_program(const char *const *argv);

/* A folder for temporary files, removed at exit and on INT, TERM, HUP. NULL
 * after a message. */
const char *temporary_folder(void);

/* Opens and checks an object; a message when it is refused. */
bool judge(const char *name, struct bytes file, struct hmod_image *image);
/* The flat metadata of a judged image; free(table). */
bool metadata(const char *name, const struct hmod_image *image, void **table, size_t *size,
	      struct hmod_meta *meta);

/* Links `count` objects into `output` with ld -r (one is copied), then
 * finalises: link.c. */
int link_objects(char **objects, int count, const char *output, bool strip);
/* Adds .hmod.flat to the object in `path`, in place, and judges the result; `name` is
 * what messages call it. */
bool finalise(const char *path, const char *name);

int run_cc(int argc, char **argv);
int run_link(int argc, char **argv);
int run_info(int argc, char **argv);
int run_pack(int argc, char **argv);
int run_list(int argc, char **argv);
int run_unpack(int argc, char **argv);

#endif
