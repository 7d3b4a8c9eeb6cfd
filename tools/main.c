/* SPDX-License-Identifier: MIT
 *
 * hmod: builds, inspects and packs modules. One row a subcommand.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config.h"
#include "tools/tool.h"

static const struct subcommand subcommands[] = {
	{ "cc", run_cc, "[CFLAGS] FILE... -o X.hmod",
	  "compile .c .cc .S and link .o .a into a module\n"
	  "  example: hmod cc -O2 mine.c -o mine.hmod       (CC=clang for clang)" },
	{ "link", run_link, "OBJECT... -o X.hmod [--strip]",
	  "link objects into a module and finalise it; --strip leaves the debug\n"
	  "  information in X.hmod.debug\n"
	  "  example: hmod link a.o b.o -o mine.hmod" },
	{ "info", run_info, "X [-F FIELD] [--json]",
	  "show what a module (or X.hmod.gz) says of itself\n"
	  "  example: hmod info -F version mine.hmod" },
	{ "pack", run_pack, "-o IMAGE [--config FILE] [-z] [--force] X...",
	  "write an initrd (cpio newc), the same bytes every time\n"
	  "  X=PATH puts a file elsewhere than lib/modules/; --config becomes\n"
	  "  etc/modules.conf; -z compresses; --force takes bad modules too\n"
	  "  example: hmod pack -o initrd.img --config modules.conf *.hmod" },
	{ "list", run_list, "[-l] IMAGE",
	  "list an initrd, with modes and sizes for -l\n"
	  "  example: hmod list -l initrd.img" },
	{ "unpack", run_unpack, "IMAGE -C FOLDER",
	  "unpack an initrd into an existing folder\n"
	  "  example: hmod unpack initrd.img -C /tmp/tree" },
	{ "check", run_check, "X...",
	  "judge modules as the kernel would, in its words; compare two readers; warn\n"
	  "  of what is disliked\n"
	  "  example: hmod check mine.hmod" },
	{ "deps", run_deps, "DIR|IMAGE [--dot] [--modules-dep]",
	  "the order in which modules start; what is missing; cycles\n"
	  "  --dot draws them for Graphviz, --modules-dep writes depmod's list\n"
	  "  example: hmod deps --dot modules | dot -Tsvg -o modules.svg" },
	{ "verify", run_verify, "IMAGE",
	  "predict what the kernel does with an initrd: its log's lines, and `start NAME'\n"
	  "  in load order\n"
	  "  example: hmod verify initrd.img" },
	{ "run", run_run,
	  "X.hmod [PARAM=VALUE]... [--with Y.hmod]... [--request TYPE[=PAYLOAD]]... "
	  "[--event KIND]... [--timeout S]",
	  "a module's life in a process: load, init, start, what is asked, stop, unload\n"
	  "  KIND: tick, shutdown, pressure LEVEL, cpu N online|offline,\n"
	  "  custom NAME[=PAYLOAD]; a payload is text, or hex after 0x\n"
	  "  exit: 1 refused by the loader, 3 a hook returned an error, 4 crashed or hung\n"
	  "  example: hmod run counter_up.hmod --with counter.hmod --request get" },
	{ NULL, NULL, NULL, NULL },
};

static void usage(FILE *out)
{
	fprintf(out, "usage: hmod COMMAND ...   (hmod COMMAND --help for more)\n\n");
	for (const struct subcommand *s = subcommands; s->name; s++)
		fprintf(out, "  hmod %-7s%s\n", s->name, s->usage);
	fprintf(out, "  hmod --version | --print-path | --help\n\n"
		     "exit: 0 done, 1 refused (with a message), 2 usage; run: 3 and 4 too\n");
}

static int print_path(void)
{
	char path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);

	if (n < 0)
		return refuse("/proc/self/exe", "cannot be read");
	path[n] = 0;
	puts(path);
	return 0;
}

static int finish(int status)
{
	if (fflush(stdout) || ferror(stdout))
		return refuse("standard output", "cannot be written");
	return status;
}

int main(int argc, char **argv)
{
	const struct subcommand *s = subcommands;

	if (argc < 2) {
		usage(stderr);
		return EXIT_USAGE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) {
		usage(stdout);
		return finish(0);
	}
	if (!strcmp(argv[1], "--version")) {
		puts("hmod " PACKAGE_VERSION);
		return finish(0);
	}
	if (!strcmp(argv[1], "--print-path"))
		return finish(print_path());
	while (s->name && strcmp(s->name, argv[1]))
		s++;
	if (!s->name) {
		fprintf(stderr, "hmod: unknown command '%s'; see hmod --help\n", argv[1]);
		return EXIT_USAGE;
	}
	if (argc > 2 && !strcmp(argv[2], "--help")) {
		printf("usage: hmod %s %s\n  %s\n", s->name, s->usage, s->help);
		return finish(0);
	}
	return finish(s->run(argc - 1, argv + 1));
}
