/* SPDX-License-Identifier: MIT
 *
 * hmod deps: the order in which modules of a folder or an image start, what they
 * miss, and cycles, told by the loader's own graph; as text, for Graphviz, or as
 * depmod's modules.dep.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tools/files.h"
#include "tools/process.h"
#include "tools/tool.h"

enum form { FORM_ORDER, FORM_DOT, FORM_DEP };

static struct deps {
	struct process process;
	struct files files;
	struct hload_module **roots, **order;
	size_t count;
	enum form form;
	bool refused;
} deps;

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* ---- reading ---------------------------------------------------------------------- */

static void refuse_module(const char *path, struct hmod_diag *diag)
{
	size_t length = hmod_diag_text(diag, NULL, 0) + 1;
	char *text = malloc(length);

	if (text)
		hmod_diag_text(diag, text, length);
	refuse(base_name(path), "%s", text ? text : "out of memory");
	free(text);
	hload_diag_free(deps.process.system, diag);
	deps.refused = true;
}

static void complain(const char *text)
{
	fprintf(stderr, "hmod: %s\n", text);
	deps.refused = true;
}

static void register_all(void)
{
	for (size_t i = 0; i < deps.files.count; i++) {
		const char *path = deps.files.at[i].path;
		struct hmod_span bytes;
		struct hmod_diag diag;

		if (!file_is_module(&deps.files.at[i]))
			continue;
		if (files_get(&deps.files, path, &bytes, &diag) ||
		    hload_register(deps.process.system, bytes, path, &deps.roots[deps.count], &diag))
			refuse_module(path, &diag);
		else
			deps.count++;
	}
}

/* ---- the order ------------------------------------------------------------------------ */

static enum helix_status plan(struct hload_module **roots, size_t count, size_t *length,
			      struct hmod_diag *diag)
{
	return hload_plan(deps.process.system, roots, count, deps.order, deps.count, length, diag);
}

/* Leaves out who cannot start, and says why. */
static void drop_the_broken(void)
{
	size_t kept = 0, length;

	for (size_t i = 0; i < deps.count; i++) {
		struct hmod_diag diag;
		struct hload_info info;

		hload_info(deps.roots[i], &info);
		if (plan(&deps.roots[i], 1, &length, &diag))
			refuse_module(info.path, &diag);
		else
			deps.roots[kept++] = deps.roots[i];
	}
	deps.count = kept;
}

static int print_order(void)
{
	struct hload_info info;
	struct hmod_diag diag;
	size_t length;

	drop_the_broken();
	if (plan(deps.roots, deps.count, &length, &diag)) {
		refuse_module("the order", &diag);
		return EXIT_REFUSED;
	}
	for (size_t i = 0; i < length; i++) {
		hload_info(deps.order[i], &info);
		puts(info.meta->name);
	}
	return 0;
}

/* ---- for other programs ------------------------------------------------------------------ */

/* X.hmod: what must be loaded before it, the nearest first, as depmod has it. */
static int print_dep(void)
{
	struct hload_info info;
	size_t length;

	drop_the_broken();
	for (size_t i = 0; i < deps.count; i++) {
		struct hmod_diag diag;

		if (plan(&deps.roots[i], 1, &length, &diag)) {
			hload_diag_free(deps.process.system, &diag);
			continue;
		}
		hload_info(deps.roots[i], &info);
		printf("%s:", base_name(info.path));
		while (length--) {
			if (deps.order[length] == deps.roots[i])
				continue;
			hload_info(deps.order[length], &info);
			printf(" %s", base_name(info.path));
		}
		putchar('\n');
	}
	return 0;
}

static void print_edge(const struct hload_info *from, struct hload_module *module, uint32_t i)
{
	const struct hmod_flat_dependency *wanted = &from->meta->dependencies[i];
	struct hload_module *to = hload_dependency(module, i);
	const char *name = hmod_meta_string(from->meta, wanted->name);
	struct hload_info info;

	if (to)
		hload_info(to, &info);
	else
		printf("  \"%s\" [style=dotted];\n", name);
	printf("  \"%s\" -> \"%s\"%s;\n", from->meta->name, to ? info.meta->name : name,
	       wanted->flags & HMOD_DEPENDENCY_OPTIONAL ? " [style=dashed]" : "");
}

/* Dashed: optional; dotted: nobody is that. Names have no quotes in them. */
static int print_dot(void)
{
	puts("digraph modules {\n  node [shape=box];");
	for (size_t i = 0; i < deps.count; i++) {
		struct hload_info info;

		hload_info(deps.roots[i], &info);
		printf("  \"%s\";\n", info.meta->name);
		for (uint32_t k = 0; k < info.meta->header->dependency_count; k++)
			print_edge(&info, deps.roots[i], k);
	}
	puts("}");
	return 0;
}

/* ---- the command ------------------------------------------------------------------------- */

static int show(void)
{
	if (deps.form == FORM_DOT)
		return print_dot();
	return deps.form == FORM_DEP ? print_dep() : print_order();
}

static int read_and_show(const char *path)
{
	struct stat st;
	bool folder = !stat(path, &st) && S_ISDIR(st.st_mode);
	int status;

	process_open(&deps.process);
	if (!(folder ? files_of_folder(path, &deps.files) :
		       files_of_image(path, &deps.files, complain)))
		return EXIT_REFUSED;
	deps.roots = calloc(deps.files.count + 1, sizeof(struct hload_module *));
	deps.order = calloc(deps.files.count + 1, sizeof(struct hload_module *));
	if (!deps.roots || !deps.order || !process_create(&deps.process))
		return refuse(path, "out of memory");
	register_all();
	status = show();
	return deps.refused ? EXIT_REFUSED : status;
}

int run_deps(int argc, char **argv)
{
	const char *path = NULL;
	int status;

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--dot"))
			deps.form = FORM_DOT;
		else if (!strcmp(argv[i], "--modules-dep"))
			deps.form = FORM_DEP;
		else if (argv[i][0] == '-' || path)
			return usage_error("deps", "unexpected %s", argv[i]);
		else
			path = argv[i];
	}
	if (!path)
		return usage_error("deps", "no folder or image given");
	status = read_and_show(path);
	process_close(&deps.process);
	files_free(&deps.files);
	free(deps.roots);
	free(deps.order);
	return status;
}
