/* SPDX-License-Identifier: MIT
 *
 * hmod cc: compiles sources with the module ABI's flags, one compiler run each,
 * then links as hmod link does.
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
	const char **inputs;
	int input_count;
};

static const char *suffix_of(const char *path)
{
	const char *dot = strrchr(path, '.');

	return dot && !strchr(dot, '/') ? dot : "";
}

/* Words that end with NULL. */
static bool among(const char *word, const char *const *words)
{
	while (*words && strcmp(word, *words))
		words++;
	return *words;
}

static bool is_source(const char *path)
{
	static const char *const suffixes[] = { ".c", ".cc", ".cpp", ".S", ".s", NULL };

	return among(suffix_of(path), suffixes);
}

static bool is_object(const char *path)
{
	static const char *const suffixes[] = { ".o", ".a", ".hmod", NULL };

	return among(suffix_of(path), suffixes);
}

static bool takes_value(const char *flag)
{
	static const char *const flags[] = { "-I", "-D", "-U", "-include", "-imacros", "-isystem",
					     "-iquote", "-idirafter", "-x", "-MF", "-MT", "-MQ",
					     "--param", "-Xclang", "-Xpreprocessor", "-Xassembler",
					     "-target", "-mllvm", NULL };

	return among(flag, flags);
}

/* What would make something else than an object. */
static bool makes_no_object(const char *flag)
{
	static const char *const flags[] = { "-E", "-S", "-M", "-MM", "-fsyntax-only", "-shared",
					     "-pie", "-static", NULL };

	return among(flag, flags);
}

/* What a compiler run alone would ignore. */
static bool for_linker(const char *flag)
{
	return !strncmp(flag, "-l", 2) || !strncmp(flag, "-L", 2) || !strncmp(flag, "-Wl,", 4) ||
	       !strcmp(flag, "-Xlinker") || !strcmp(flag, "-T");
}

static int add_flag(struct job *job, char **argv, int *i)
{
	const char *flag = argv[*i];

	if (makes_no_object(flag))
		return usage_error("cc", "%s makes no module", flag);
	if (for_linker(flag))
		return usage_error("cc", "%s: name a library's file (X.a); ld takes no options here",
				   flag);
	job->flags[job->flag_count++] = flag;
	if (takes_value(flag)) {
		const char *value = option_value("cc", argv, i);

		if (!value)
			return EXIT_USAGE;
		job->flags[job->flag_count++] = value;
	}
	return 0;
}

static int set_output(struct job *job, const char *path)
{
	if (!path)
		return EXIT_USAGE;
	if (job->output)
		return usage_error("cc", "-o is there twice");
	if (strcmp(suffix_of(path), ".hmod"))
		return usage_error("cc", "%s: a module's file name ends with .hmod", path);
	job->output = path;
	return 0;
}

static int parse(int argc, char **argv, struct job *job)
{
	int status = 0;

	for (int i = 1; i < argc && !status; i++) {
		if (!strcmp(argv[i], "-o"))
			status = set_output(job, option_value("cc", argv, &i));
		else if (!strncmp(argv[i], "-o", 2))
			status = set_output(job, argv[i] + 2);
		else if (argv[i][0] == '-')
			status = add_flag(job, argv, &i);
		else if (is_source(argv[i]) || is_object(argv[i]))
			job->inputs[job->input_count++] = argv[i];
		else
			status = usage_error("cc", "%s: not a .c, .cc, .S, .o or .a file", argv[i]);
	}
	if (!status && !job->output)
		status = usage_error("cc", "-o X.hmod is missing");
	if (!status && !job->input_count)
		status = usage_error("cc", "no file to compile");
	return status;
}

/* ---- compiling ----------------------------------------------------------------------- */

#define CC_WORDS_MAX 16

/* Splits `text` in place at blanks. */
static int split(char *text, const char **words, int most)
{
	int n = 0;

	for (char *word = strtok(text, " "); word && n < most; word = strtok(NULL, " "))
		words[n++] = word;
	return n;
}

/* The ABI's flags; C++ takes another standard. */
static int abi_words(char *text, const char **words, bool cxx)
{
	int n = split(text, words, ABI_FLAGS_MAX);

	for (int i = 0; cxx && i < n; i++)
		if (!strncmp(words[i], "-std=", 5))
			words[i] = "-std=gnu++17";
	if (cxx) {
		words[n++] = "-fno-exceptions";
		words[n++] = "-fno-rtti";
		words[n++] = "-fno-threadsafe-statics";
	}
	return n;
}

/* What follows the caller's flags: slim LTO objects hold no code to link. */
static int last_words(const struct job *job, const char *source, const char **words)
{
	bool fat = false;
	int n = 0;

	for (int i = 0; i < job->flag_count; i++)
		fat = fat || !strcmp(job->flags[i], "-ffat-lto-objects");
	if (!fat)
		words[n++] = "-fno-lto";
	if (ends_with(source, ".S") || ends_with(source, ".s"))
		words[n++] = "-Wa,--noexecstack";
	return n;
}

static bool compile(const struct job *job, const char *source, const char *object,
		    const char *include)
{
	char abi[] = HELIX_MODULE_CFLAGS, compiler[PATH_MAX];
	const char **argv = calloc((size_t)job->flag_count + CC_WORDS_MAX + ABI_FLAGS_MAX + 16,
				   sizeof *argv);
	const char *cc = getenv("CC");
	bool cxx = ends_with(source, ".cc") || ends_with(source, ".cpp");
	int n, status;

	if (!argv)
		return !refuse(source, "out of memory");
	/* CC may hold options as well, as make has it. */
	snprintf(compiler, sizeof compiler, "%s", cc && *cc ? cc : "gcc");
	n = split(compiler, argv, CC_WORDS_MAX);
	n += abi_words(abi, argv + n, cxx);
	argv[n++] = "-O2";
	argv[n++] = "-I";
	argv[n++] = include;
	for (int i = 0; i < job->flag_count; i++)
		argv[n++] = job->flags[i];
	n += last_words(job, source, argv + n);
	argv[n++] = "-c";
	argv[n++] = source;
	argv[n++] = "-o";
	argv[n++] = object;
	status = run_program(argv);
	free(argv);
	return !status || !refuse(source, "does not compile");
}

/* Before any compiler runs: every input can be read, none is the output. */
static bool inputs_good(const struct job *job)
{
	for (int i = 0; i < job->input_count; i++) {
		struct bytes file;

		if (!read_file(job->inputs[i], &file))
			return false;
		free(file.data);
		if (same_file(job->inputs[i], job->output))
			return !refuse(job->output, "is an input as well");
	}
	return true;
}

static int build(const struct job *job, struct link_input *inputs, char (*objects)[PATH_MAX])
{
	const char *include = include_folder(), *folder;

	if (!inputs_good(job))
		return EXIT_REFUSED;
	if (!include)
		return refuse("helix/module.h", "not found; set HMOD_INCLUDEDIR to its folder");
	if (!(folder = temporary_folder()))
		return EXIT_REFUSED;
	for (int i = 0; i < job->input_count; i++) {
		inputs[i] = (struct link_input){ job->inputs[i], job->inputs[i] };
		if (!is_source(job->inputs[i]))
			continue;
		snprintf(objects[i], sizeof objects[i], "%s/%d.o", folder, i);
		inputs[i].path = objects[i];
		if (!compile(job, job->inputs[i], objects[i], include))
			return EXIT_REFUSED;
	}
	return link_module(inputs, job->input_count, job->output, false);
}

int run_cc(int argc, char **argv)
{
	struct job job = { .output = NULL };
	struct link_input *inputs = calloc((size_t)argc, sizeof *inputs);
	char (*objects)[PATH_MAX] = calloc((size_t)argc, sizeof *objects);
	int status;

	job.flags = calloc((size_t)argc, sizeof *job.flags);
	job.inputs = calloc((size_t)argc, sizeof *job.inputs);
	if (!job.flags || !job.inputs || !inputs || !objects)
		status = refuse("cc", "out of memory");
	else if (!(status = parse(argc, argv, &job)))
		status = build(&job, inputs, objects);
	free(job.flags);
	free(job.inputs);
	free(inputs);
	free(objects);
	return status;
}
