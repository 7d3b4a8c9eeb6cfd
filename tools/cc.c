/* SPDX-License-Identifier: MIT
 *
 * hmod cc: compiles sources with the module ABI's flags, then links.
 */
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config.h"
#include "tools/tool.h"

#define ABI_FLAGS_MAX 64

/* ---- where <helix/module.h> is ---------------------------------------------------- */

static bool has_headers(const char *folder)
{
	char path[PATH_MAX + 64];

	snprintf(path, sizeof path, "%s/helix/module.h", folder);
	return !access(path, R_OK);
}

/* Told, beside the program (built or installed), or where it was configured for. */
static const char *include_folder(void)
{
	static char path[PATH_MAX + 32];
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
	const char *told = getenv("HMOD_INCLUDEDIR");

	if (told && has_headers(told))
		return told;
	if (n > 0) {
		self[n] = 0;
		dirname(self);
		snprintf(path, sizeof path, "%s/sdk/include", self);
		if (has_headers(path))
			return path;
		snprintf(path, sizeof path, "%s/../include", self);
		if (has_headers(path))
			return path;
	}
	return has_headers(HMOD_INCLUDEDIR) ? HMOD_INCLUDEDIR : NULL;
}

/* ---- arguments ----------------------------------------------------------------------- */

struct job {
	const char *output;
	const char **flags; /* of the user, in order */
	int flag_count;
	char **inputs;
	int input_count;
};

static const char *suffix_of(const char *path)
{
	const char *dot = strrchr(path, '.');

	return dot && !strchr(dot, '/') ? dot : "";
}

static bool is_source(const char *path)
{
	static const char *const suffixes[] = { ".c", ".cc", ".cpp", ".S", ".s" };

	for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++)
		if (!strcmp(suffix_of(path), suffixes[i]))
			return true;
	return false;
}

static bool is_input(const char *path)
{
	return is_source(path) || !strcmp(suffix_of(path), ".o") || !strcmp(suffix_of(path), ".a") ||
	       !strcmp(suffix_of(path), ".hmod");
}

static bool takes_value(const char *flag)
{
	static const char *const flags[] = { "-I", "-D", "-U", "-include", "-isystem", "-x", "-MF" };

	for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++)
		if (!strcmp(flag, flags[i]))
			return true;
	return false;
}

static int parse(int argc, char **argv, struct job *job)
{
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "-o")) {
			if (i + 1 == argc)
				return usage_error("cc", "-o needs a name");
			job->output = argv[++i];
		} else if (argv[i][0] == '-') {
			job->flags[job->flag_count++] = argv[i];
			if (takes_value(argv[i]) && i + 1 < argc)
				job->flags[job->flag_count++] = argv[++i];
		} else if (is_input(argv[i])) {
			job->inputs[job->input_count++] = argv[i];
		} else {
			return usage_error("cc", "%s: not a .c, .cc, .S, .o or .a file", argv[i]);
		}
	}
	if (!job->output)
		return usage_error("cc", "-o X.hmod is missing");
	if (!job->input_count)
		return usage_error("cc", "no file to compile");
	return 0;
}

/* ---- compiling ----------------------------------------------------------------------- */

/* The ABI's flags as words; C++ takes another standard. */
static int abi_words(char *text, const char **words, bool cxx)
{
	int n = 0;

	for (char *word = strtok(text, " "); word && n < ABI_FLAGS_MAX; word = strtok(NULL, " "))
		words[n++] = cxx && !strncmp(word, "-std=", 5) ? "-std=gnu++20" : word;
	if (cxx) {
		words[n++] = "-fno-exceptions";
		words[n++] = "-fno-rtti";
	}
	return n;
}

static bool compile(const struct job *job, const char *source, const char *object,
		    const char *include)
{
	char text[] = HELIX_MODULE_CFLAGS, compiler[PATH_MAX];
	const char **argv = calloc((size_t)job->flag_count + ABI_FLAGS_MAX + 80, sizeof *argv);
	const char *cc = getenv("CC");
	bool cxx = !strcmp(suffix_of(source), ".cc") || !strcmp(suffix_of(source), ".cpp");
	int n = 0, status;

	if (!argv)
		return false;
	/* CC may hold options as well, as make has it. */
	snprintf(compiler, sizeof compiler, "%s", cc && *cc ? cc : "gcc");
	for (char *word = strtok(compiler, " "); word && n < 16; word = strtok(NULL, " "))
		argv[n++] = word;
	n += abi_words(text, argv + n, cxx);
	argv[n++] = "-O2";
	argv[n++] = "-I";
	argv[n++] = include;
	for (int i = 0; i < job->flag_count; i++)
		argv[n++] = job->flags[i];
	argv[n++] = "-c";
	argv[n++] = source;
	argv[n++] = "-o";
	argv[n++] = object;
	status = run_program(argv);
	free(argv);
	return !status;
}

static int build(struct job *job)
{
	const char *include = include_folder(), *folder = temporary_folder();
	char object[PATH_MAX + 64];

	if (!include)
		return refuse("helix/module.h", "not found; set HMOD_INCLUDEDIR to its folder");
	if (!folder)
		return EXIT_REFUSED;
	for (int i = 0; i < job->input_count; i++) {
		struct bytes file;

		if (!read_file(job->inputs[i], false, &file))
			return EXIT_REFUSED;
		free(file.data);
		if (same_file(job->inputs[i], job->output))
			return refuse(job->output, "is an input as well");
		if (!is_source(job->inputs[i]))
			continue;
		snprintf(object, sizeof object, "%s/%d.o", folder, i);
		if (!compile(job, job->inputs[i], object, include))
			return refuse(job->inputs[i], "does not compile");
		job->inputs[i] = strdup(object);
		if (!job->inputs[i])
			return refuse(object, "out of memory");
	}
	return link_objects(job->inputs, job->input_count, job->output, false);
}

int run_cc(int argc, char **argv)
{
	struct job job = { .output = NULL };
	int status;

	job.flags = calloc((size_t)argc + 1, sizeof *job.flags);
	job.inputs = calloc((size_t)argc + 1, sizeof *job.inputs);
	if (!job.flags || !job.inputs)
		return refuse("cc", "out of memory");
	status = parse(argc, argv, &job);
	if (!status)
		status = build(&job);
	free(job.flags);
	free(job.inputs);
	return status;
}
