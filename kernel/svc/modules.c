/* SPDX-License-Identifier: MIT
 *
 * The module service: registering what the initial ramdisk holds, settings from
 * modules.conf and the command line, and starting modules in order at boot.
 */
#include "kernel/svc/modules.h"

#include "initrd/conf.h"
#include "kernel/core/kernel.h"
#include "kernel/core/log.h"
#include "kernel/core/print.h"
#include "kernel/core/string.h"
#include "kernel/mm/mm.h"
#include "kernel/svc/files.h"

#define FOLDER "/lib/modules/"
#define CONF "/etc/modules.conf"
#define SETTINGS_MAX 64 /* of one module, all sources together */

struct hload_system *modules;

static const char *module_symbol(uint64_t address, const char **name, uint64_t *offset)
{
	const struct hload_module *module;
	const char *function = hload_function_at(modules, address, &module, offset);
	struct hload_info info;

	if (function) {
		hload_info(module, &info);
		*name = info.meta->name;
	}
	return function;
}

static void log_failure(const char *what, const struct hmod_diag *diag)
{
	size_t length = hmod_diag_text(diag, NULL, 0) + 1;
	char *text = kmalloc(length);

	if (!text)
		return;
	hmod_diag_text(diag, text, length);
	log_line(LOG_ERROR, "module: %s: %s", what, text);
	kfree(text);
}

static const char *base_name(const char *path)
{
	const char *base = path;

	for (; *path; path++)
		if (*path == '/')
			base = path + 1;
	return base;
}

static bool ends_with(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);

	return n >= m && !strcmp(text + n - m, end);
}

/* ---- registering ----------------------------------------------------------------- */

static void register_file(const char *path)
{
	struct hload_module *module;
	struct hmod_span bytes;
	struct hmod_diag diag;

	if (file_get(path, &bytes, &diag)) {
		log_failure(base_name(path), &diag);
		return;
	}
	if (hload_register(modules, bytes, path, &module, &diag)) {
		log_failure(base_name(path), &diag);
		hload_diag_free(modules, &diag);
	}
	file_put(path, bytes);
}

void modules_init(void)
{
	const struct file *file;
	struct hmod_diag diag;

	modules = hload_create(&module_host);
	if (!modules)
		panic("no memory for the module loader");
	if (hload_export(modules, (const struct hload_symbol *)kernel_exports_start,
			 (size_t)(kernel_exports_end - kernel_exports_start), &diag) ||
	    hload_export(modules, hload_api, hload_api_count, &diag))
		panic("the kernel exports %s twice", diag.name);
	module_symbol_hook = module_symbol;
	for (unsigned i = 0; (file = file_prefix(FOLDER, i)); i++)
		if (!file->directory &&
		    (ends_with(file->path, ".hmod") || ends_with(file->path, ".hmod.gz")))
			register_file(file->path);
}

/* ---- finding ------------------------------------------------------------------------ */

/* FOLDER NAME END, with `from` turned into `to` in the name. */
static bool try_path(const char *name, const char *end, char from, char to, char *path,
		     size_t capacity)
{
	ksnprintf(path, capacity, FOLDER "%s%s", name, end);
	for (char *p = path + strlen(FOLDER); *p; p++)
		if (*p == from)
			*p = to;
	return file_find(path);
}

bool module_path(const char *name, char *path, size_t capacity)
{
	static const char *const ends[] = { ".hmod", ".hmod.gz", "" };
	struct hload_module *module;
	struct hload_info info;

	if (strchr(name, '/')) {
		ksnprintf(path, capacity, "%s", name);
		return file_find(path) || file_is_directory(path);
	}
	for (unsigned i = 0; i < 3; i++)
		if (try_path(name, ends[i], 0, 0, path, capacity) ||
		    try_path(name, ends[i], '-', '_', path, capacity) ||
		    try_path(name, ends[i], '_', '-', path, capacity))
			return true;
	module = hload_find(modules, name);
	if (!module)
		return false;
	hload_info(module, &info);
	ksnprintf(path, capacity, "%s", info.path ? info.path : "");
	return info.path;
}

/* ---- settings ---------------------------------------------------------------------- */

struct settings {
	const char *module; /* normalised name */
	struct hload_setting list[SETTINGS_MAX];
	char *text[2 * SETTINGS_MAX]; /* what was allocated */
	size_t count, texts;
	bool full;
};

static char *keep(struct settings *s, const void *bytes, size_t size)
{
	char *copy = s->texts < 2 * SETTINGS_MAX ? kmalloc(size + 1) : NULL;

	if (!copy)
		return NULL;
	memcpy(copy, bytes, size);
	copy[size] = 0;
	s->text[s->texts++] = copy;
	return copy;
}

static void add(struct settings *s, struct hmod_span key, struct hmod_span value)
{
	struct hload_setting *setting = &s->list[s->count];

	if (s->count == SETTINGS_MAX || !(setting->key = keep(s, key.data, key.size)) ||
	    !(setting->value = keep(s, value.data, value.size)))
		s->full = true;
	else
		s->count++;
}

static bool same_module(const char *normal, struct hmod_span name)
{
	char other[HELIX_NAME_MAX + 1];

	return !hmod_name_normalise((const char *)name.data, name.size, false, other) &&
	       !strcmp(normal, other);
}

static bool conf_open(struct conf_reader *reader)
{
	const struct file *file = file_find(CONF);

	memset(reader, 0, sizeof *reader);
	if (file)
		reader->text = file->data;
	return file;
}

static void add_conf(struct settings *s, enum conf_directive directive)
{
	struct hmod_span key, value;
	struct conf_reader reader;
	struct conf_line line;
	const char *wrong;

	if (!conf_open(&reader))
		return;
	while (conf_next(&reader, &line))
		if (line.directive == directive && same_module(s->module, line.name))
			while (conf_setting(&line.settings, &key, &value, &wrong))
				add(s, key, value);
}

static void add_word(void *ctx, const char *module, const char *key, const char *value)
{
	struct settings *s = ctx;
	struct hmod_span name = { (const uint8_t *)module, strlen(module) };

	if (same_module(s->module, name))
		add(s, (struct hmod_span){ (const uint8_t *)key, strlen(key) },
		    (struct hmod_span){ (const uint8_t *)value, strlen(value) });
}

/* From weak to strong: options, start, command line, then those given. */
static enum helix_status insert(struct hload_module *module, const struct hload_setting *given,
				size_t count, struct hmod_diag *diag)
{
	struct hmod_span whole = { NULL, 0 };
	struct settings *s = kzalloc(sizeof *s);
	enum helix_status status;
	struct hload_info info;

	if (!s)
		return hmod_fail(diag, HELIX_E_NO_MEMORY, HMOD_STAGE_PARAMETERS, HMOD_NOWHERE);
	hload_info(module, &info);
	s->module = info.meta->name;
	add_conf(s, CONF_OPTIONS);
	add_conf(s, CONF_START);
	cmdline_each_param(add_word, s);
	for (size_t i = 0; i < count; i++)
		if (s->count < SETTINGS_MAX)
			s->list[s->count++] = given[i];
		else
			s->full = true;
	if (s->full) {
		status = hmod_fail(diag, HELIX_E_TOO_LARGE, HMOD_STAGE_PARAMETERS, HMOD_NOWHERE);
		hmod_diag_name(diag, "the list of settings", SIZE_MAX);
		hmod_diag_numbers(diag, SETTINGS_MAX, SETTINGS_MAX + 1);
	} else {
		status = hload_insert(modules, module, whole, s->list, s->count, diag);
	}
	while (s->texts)
		kfree(s->text[--s->texts]);
	kfree(s);
	return status;
}

enum helix_status module_start(struct hload_module *module, struct hmod_diag *diag)
{
	return insert(module, NULL, 0, diag);
}

/* ---- insmod ------------------------------------------------------------------------ */

/* The module registered from `path`, registering it now if none is. *fresh says
 * that it was. */
static enum helix_status registered(const char *path, struct hload_module **module, bool *fresh,
				    struct hmod_diag *diag)
{
	struct hload_info info;
	struct hmod_span bytes;
	enum helix_status status;

	*fresh = false;
	for (*module = NULL; (*module = hload_next(modules, *module));) {
		hload_info(*module, &info);
		if (info.path && !strcmp(info.path, path))
			return HELIX_OK;
	}
	status = file_get(path, &bytes, diag);
	if (status)
		return status;
	status = hload_register(modules, bytes, path, module, diag);
	*fresh = !status;
	file_put(path, bytes);
	return status;
}

enum helix_status module_insert(const char *path, const struct hload_setting *settings,
				size_t count, struct hmod_diag *diag)
{
	struct hload_module *module;
	enum helix_status status;
	bool fresh;

	status = registered(path, &module, &fresh, diag);
	if (status)
		return status;
	status = insert(module, settings, count, diag);
	if (status && fresh)
		hload_unregister(modules, module, NULL);
	return status;
}

/* ---- boot ----------------------------------------------------------------------- */

static bool listed(const char *list, const char *name)
{
	char other[HELIX_NAME_MAX + 1];

	while (*list) {
		size_t n = 0;

		while (list[n] && list[n] != ',')
			n++;
		if (!hmod_name_normalise(list, n, false, other) && !strcmp(other, name))
			return true;
		list += n + (list[n] == ',');
	}
	return false;
}

/* nomodule= and blacklist keep a module from being started at boot. */
static bool disabled(const char *name)
{
	struct conf_reader reader;
	struct conf_line line;
	char list[256];

	if (cmdline_get("nomodule", list, sizeof list) && listed(list, name))
		return true;
	if (!conf_open(&reader))
		return false;
	while (conf_next(&reader, &line))
		if (line.directive == CONF_BLACKLIST && same_module(name, line.name))
			return true;
	return false;
}

struct boot {
	struct hload_module **roots, **order;
	size_t capacity, count, length;
};

static void add_root(struct boot *boot, const struct conf_line *line)
{
	char name[HELIX_NAME_MAX + 1];
	struct hload_module *module;
	struct hmod_diag diag;

	ksnprintf(name, sizeof name, "%.*s", (int)line->name.size, (const char *)line->name.data);
	module = hload_find(modules, name);
	if (!module) {
		log_line(LOG_ERROR, "modules.conf:%u: module %s was not found", line->number, name);
		return;
	}
	if (hload_plan(modules, &module, 1, boot->order, boot->capacity, &boot->length, &diag)) {
		log_failure(name, &diag);
		hload_diag_free(modules, &diag);
		return;
	}
	if (boot->count < boot->capacity)
		boot->roots[boot->count++] = module;
}

static void find_roots(struct boot *boot)
{
	struct conf_reader reader;
	struct conf_line line;

	if (!conf_open(&reader)) {
		log_line(LOG_WARN, "modules: no " CONF ", nothing is started");
		return;
	}
	while (conf_next(&reader, &line))
		if (line.directive == CONF_BAD)
			log_line(LOG_WARN, "modules.conf:%u: %s: '%.*s', skipped", line.number,
				 line.wrong, (int)line.name.size,
				 line.name.data ? (const char *)line.name.data : "");
		else if (line.directive == CONF_START)
			add_root(boot, &line);
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

static void start_one(struct hload_module *module)
{
	const char *broken = broken_dependency(module);
	struct hload_info info;
	struct hmod_diag diag;

	hload_info(module, &info);
	if (disabled(info.meta->name)) {
		log_line(LOG_INFO, "module: %s is disabled", info.meta->name);
	} else if (broken) {
		log_line(LOG_ERROR, "module: %s not started: depends on %s, which %s",
			 info.meta->name, broken, disabled(broken) ? "is disabled" : "failed");
	} else if (module_start(module, &diag)) {
		log_failure(info.meta->name, &diag);
		hload_diag_free(modules, &diag);
	}
}

void modules_boot(void)
{
	struct boot boot = { .capacity = 0 };
	struct hload_counts counts;
	struct hmod_diag diag;

	hload_counts(modules, &counts);
	boot.capacity = counts.modules;
	boot.roots = kmalloc((boot.capacity + 1) * sizeof *boot.roots);
	boot.order = kmalloc((boot.capacity + 1) * sizeof *boot.order);
	if (!boot.roots || !boot.order)
		panic("no memory to order the modules");
	find_roots(&boot);
	if (hload_plan(modules, boot.roots, boot.count, boot.order, boot.capacity, &boot.length,
		       &diag))
		log_failure("the order", &diag);
	for (size_t i = 0; i < boot.length; i++)
		start_one(boot.order[i]);
	kfree(boot.roots);
	kfree(boot.order);
}
