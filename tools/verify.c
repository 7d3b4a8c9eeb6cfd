/* SPDX-License-Identifier: MIT
 *
 * hmod verify: what the kernel will do with an initrd, by doing it: the kernel's
 * loader registers, orders, places and relocates every module, and only the
 * hooks are not run. The lines are those of the kernel's log; `start NAME` is
 * what it does without a word. Mirrors kernel/svc/boot.c and settings.c.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helix/module.h"
#include "initrd/conf.h"
#include "tools/files.h"
#include "tools/judge.h"
#include "tools/tool.h"

#define FOLDER "/lib/modules/"
#define CONF "/etc/modules.conf"
#define SETTINGS_MAX 64 /* of one module, as in the kernel */

static struct verify {
	struct judge judge;
	struct files files;
	struct hload_module **roots, **order;
	size_t root_count, capacity, length;
	bool refused, stopped; /* stopped: the kernel panics here */
} verify;

/* ---- what the kernel prints --------------------------------------------------------- */

static void say(int level, const char *module, const char *text)
{
	if (level <= HELIX_LOG_WARN)
		printf("%s%s%s\n", module ? module : "", module ? ": " : "", text);
	verify.refused |= level <= HELIX_LOG_ERROR;
}

static void complain(const char *text)
{
	say(strstr(text, "is there twice") ? HELIX_LOG_WARN : HELIX_LOG_ERROR, NULL, text);
}

static void say_failure(const char *what, struct hmod_diag *diag)
{
	char *text = judge_text(diag);

	printf("module: %s: %s\n", what, text ? text : "out of memory");
	verify.refused = true;
	free(text);
}

static const char *name_of(const struct hload_module *module)
{
	struct hload_info info;

	hload_info(module, &info);
	return info.meta->name;
}

static void check_essential(const struct hload_module *module, const char *why)
{
	struct hload_info info;

	hload_info(module, &info);
	if (!(info.meta->header->flags & HELIX_ESSENTIAL))
		return;
	printf("panic: essential module %s did not start: %s\n", info.meta->name, why);
	verify.stopped = true;
}

static void failed(const struct hload_module *module, struct hmod_diag *diag)
{
	char why[256];

	say_failure(name_of(module), diag);
	hmod_diag_text(diag, why, sizeof why);
	hload_diag_free(verify.judge.process.system, diag);
	check_essential(module, why);
}

/* ---- modules.conf -------------------------------------------------------------------- */

static bool conf_open(struct conf_reader *reader)
{
	const struct file *file = files_find(&verify.files, CONF);

	*reader = (struct conf_reader){ .number = 0 };
	if (file)
		reader->text = file->data;
	return file;
}

static bool same_module(const char *normal, struct hmod_span name)
{
	char other[HELIX_NAME_MAX + 1];

	return !hmod_name_normalise((const char *)name.data, name.size, false, other) &&
	       !strcmp(normal, other);
}

static bool disabled(const char *name)
{
	struct conf_reader reader;
	struct conf_line line;

	if (!conf_open(&reader))
		return false;
	while (conf_next(&reader, &line))
		if (line.directive == CONF_BLACKLIST && same_module(name, line.name))
			return true;
	return false;
}

struct settings {
	struct hload_setting list[SETTINGS_MAX];
	size_t count;
	bool full;
};

static char *keep(struct hmod_span text)
{
	return strndup((const char *)text.data, (size_t)text.size);
}

static void collect(struct settings *s, const char *module, enum conf_directive directive)
{
	struct hmod_span key, value;
	struct conf_reader reader;
	struct conf_line line;
	const char *wrong;

	if (!conf_open(&reader))
		return;
	while (conf_next(&reader, &line)) {
		if (line.directive != directive || !same_module(module, line.name))
			continue;
		while (conf_setting(&line.settings, &key, &value, &wrong))
			if (s->count == SETTINGS_MAX)
				s->full = true;
			else
				s->list[s->count++] = (struct hload_setting){ keep(key), keep(value) };
	}
}

/* ---- registering ------------------------------------------------------------------------ */

static enum helix_status file_get(void *ctx, const char *path, struct hmod_span *bytes,
				  struct hmod_diag *diag)
{
	(void)ctx;
	return files_get(&verify.files, path, bytes, diag);
}

static void register_file(const char *path)
{
	struct hload_module *module;
	struct hmod_span bytes;
	struct hmod_diag diag;

	if (!files_get(&verify.files, path, &bytes, &diag) &&
	    !hload_register(verify.judge.process.system, bytes, path, &module, &diag)) {
		verify.capacity++;
		return;
	}
	say_failure(strrchr(path, '/') + 1, &diag);
	hload_diag_free(verify.judge.process.system, &diag);
}

static void register_all(void)
{
	for (size_t i = 0; i < verify.files.count; i++) {
		const struct file *file = &verify.files.at[i];

		if (!strncmp(file->path, FOLDER, strlen(FOLDER)) && file_is_module(file))
			register_file(file->path);
	}
}

/* ---- the boot ------------------------------------------------------------------------------ */

static enum helix_status plan(struct hload_module **roots, size_t count, struct hmod_diag *diag)
{
	return hload_plan(verify.judge.process.system, roots, count, verify.order, verify.capacity,
			  &verify.length, diag);
}

static void add_root(const struct conf_line *line)
{
	char *name = keep(line->name);
	struct hload_module *module = name ? hload_find(verify.judge.process.system, name) : NULL;
	struct hmod_diag diag;

	if (!module) {
		printf("modules.conf:%u: module %s was not found\n", line->number, name ? name : "");
		verify.refused = true;
	} else if (plan(&module, 1, &diag)) {
		failed(module, &diag);
	} else if (verify.root_count < verify.capacity) {
		verify.roots[verify.root_count++] = module;
	}
	free(name);
}

static void find_roots(void)
{
	struct conf_reader reader;
	struct conf_line line;

	if (!conf_open(&reader)) {
		puts("modules: no " CONF ", nothing is started");
		return;
	}
	while (!verify.stopped && conf_next(&reader, &line))
		if (line.directive == CONF_BAD)
			printf("modules.conf:%u: %s: '%.*s', skipped\n", line.number, line.wrong,
			       (int)line.name.size, line.name.data ? (const char *)line.name.data : "");
		else if (line.directive == CONF_START)
			add_root(&line);
}

/* The dependency that keeps a module from starting, or NULL. */
static const char *broken_dependency(struct hload_module *module)
{
	struct hload_info info, other;

	hload_info(module, &info);
	for (uint32_t i = 0; i < info.meta->header->dependency_count; i++) {
		struct hload_module *to = hload_dependency(module, i);

		if (info.meta->dependencies[i].flags & HMOD_DEPENDENCY_OPTIONAL || !to)
			continue;
		hload_info(to, &other);
		if (other.state != HLOAD_RUNNING)
			return other.meta->name;
	}
	return NULL;
}

static enum helix_status insert(struct hload_module *module, struct hmod_diag *diag)
{
	struct settings s = { .count = 0 };
	struct hload_insertion how = { .settings = s.list };
	enum helix_status status;

	collect(&s, name_of(module), CONF_OPTIONS);
	collect(&s, name_of(module), CONF_START);
	how.setting_count = s.count;
	if (s.full) {
		status = hmod_fail(diag, HELIX_E_TOO_LARGE, HMOD_STAGE_PARAMETERS, HMOD_NOWHERE);
		hmod_diag_name(diag, "the list of settings", SIZE_MAX);
		hmod_diag_numbers(diag, SETTINGS_MAX, SETTINGS_MAX + 1);
	} else {
		status = hload_insert_as(verify.judge.process.system, module, &how, diag);
	}
	while (s.count--) {
		free((char *)(uintptr_t)s.list[s.count].key);
		free((char *)(uintptr_t)s.list[s.count].value);
	}
	return status;
}

static void start_one(struct hload_module *module)
{
	const char *broken = broken_dependency(module), *name = name_of(module);
	struct hmod_diag diag;

	if (disabled(name)) {
		printf("module: %s is disabled\n", name);
	} else if (broken) {
		printf("module: %s not started: depends on %s, which %s\n", name, broken,
		       disabled(broken) ? "is disabled" : "failed");
		verify.refused = true;
		check_essential(module, "a module it depends on does not run");
	} else if (insert(module, &diag)) {
		failed(module, &diag);
	} else {
		printf("start %s\n", name);
	}
}

static void boot(void)
{
	struct hmod_diag diag;

	find_roots();
	if (!verify.stopped && plan(verify.roots, verify.root_count, &diag)) {
		say_failure("the order", &diag);
		hload_diag_free(verify.judge.process.system, &diag);
	}
	for (size_t i = 0; i < verify.length && !verify.stopped; i++)
		start_one(verify.order[i]);
}

static int verify_image(const char *path)
{
	if (!judge_open(&verify.judge))
		return EXIT_REFUSED;
	verify.judge.process.say = say;
	verify.judge.process.host.file_get = file_get;
	if (!judge_begin(&verify.judge))
		return EXIT_REFUSED;
	if (!files_of_image(path, &verify.files, complain))
		return EXIT_REFUSED;
	register_all();
	verify.roots = calloc(verify.capacity + 1, sizeof(struct hload_module *));
	verify.order = calloc(verify.capacity + 1, sizeof(struct hload_module *));
	if (!verify.roots || !verify.order)
		return refuse(path, "out of memory");
	boot();
	return verify.refused ? EXIT_REFUSED : 0;
}

int run_verify(int argc, char **argv)
{
	int status;

	if (argc < 2)
		return usage_error("verify", "no image given");
	for (int i = 1; i < argc; i++)
		if (argv[i][0] == '-' || i > 1)
			return usage_error("verify", "unexpected %s", argv[i]);
	status = verify_image(argv[1]);
	judge_close(&verify.judge);
	files_free(&verify.files);
	free(verify.roots);
	free(verify.order);
	return status;
}
