/* SPDX-License-Identifier: MIT
 *
 * The module service: the loader's system, what the initial ramdisk holds
 * registered in it, and inserting by path.
 */
#include "kernel/svc/modules.h"

#include "helix/module.h"
#include "kernel/core/kernel.h"
#include "kernel/core/log.h"
#include "kernel/core/print.h"
#include "kernel/core/string.h"
#include "kernel/mm/mm.h"
#include "kernel/svc/files.h"
#include "kernel/svc/settings.h"

#define FOLDER "/lib/modules/"

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

void module_log_failure(const char *what, const struct hmod_diag *diag)
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

/* ---- for the panic's report ------------------------------------------------------------ */

#define REPORT_MAX 256 /* modules; the list may be damaged */

/* Takes no lock, and looks at what stands in the registry whatever state it is in. */
static void report(void (*say)(const char *format, ...))
{
	struct hload_module *module = NULL;
	struct hload_info info;
	unsigned count = 0;

	say("modules:");
	while (count++ < REPORT_MAX && (module = hload_next(modules, module))) {
		hload_info(module, &info);
		if (info.state != HLOAD_REGISTERED)
			say(" %s%s%s", info.meta->name,
			    info.state == HLOAD_RUNNING ? "" : " ",
			    info.state == HLOAD_RUNNING ? "" : hload_state_name(info.state));
	}
	say("\n");
	if (hload_taints(modules) & HLOAD_TAINT_EXPERIMENTAL)
		say("tainted: an experimental module was loaded\n");
}

/* ---- registering ----------------------------------------------------------------- */

static void register_file(const char *path)
{
	struct hload_module *module;
	struct hmod_span bytes;
	struct hmod_diag diag;

	if (file_get(path, &bytes, &diag)) {
		module_log_failure(base_name(path), &diag);
		return;
	}
	if (hload_register(modules, bytes, path, &module, &diag)) {
		module_log_failure(base_name(path), &diag);
		hload_diag_free(modules, &diag);
	}
	file_put(path, bytes);
}

static bool wants_experimental(void)
{
	char value[16];
	bool on;

	if (!cmdline_get("experimental", value, sizeof value))
		return false;
	if (hmod_param_bool(value, &on))
		return on;
	log_line(LOG_WARN, "experimental=%s: 1 or 0; taken as 0", value);
	return false;
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
	panic_report_hook = report;
	hload_allow_experimental(modules, wants_experimental());
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
	module = hload_get(modules, name);
	if (!module)
		return false;
	hload_info(module, &info);
	ksnprintf(path, capacity, "%s", info.path ? info.path : "");
	hload_put(modules, module);
	return path[0];
}

/* ---- insmod ------------------------------------------------------------------------ */

/* The module registered from `path`, with a reference, or NULL. */
static struct hload_module *find_path(const char *path)
{
	struct hload_module *module = NULL;
	struct hload_info info;

	while ((module = hload_get_next(modules, module))) {
		hload_info(module, &info);
		if (info.path && !strcmp(info.path, path))
			return module;
	}
	return NULL;
}

/* Registers the file at `path`; *module is a reference. */
static enum helix_status register_path(const char *path, struct hload_module **module,
				       struct hmod_diag *diag)
{
	struct hload_module *fresh;
	struct hmod_span bytes;
	enum helix_status status = file_get(path, &bytes, diag);

	if (status)
		return status;
	status = hload_register(modules, bytes, path, &fresh, diag);
	file_put(path, bytes);
	if (!status)
		*module = find_path(path);
	return status;
}

enum helix_status module_insert(const char *path, const struct hload_insertion *how,
				struct hmod_diag *diag)
{
	struct hload_module *module = find_path(path);
	enum helix_status status;
	bool fresh = !module;

	if (fresh && (status = register_path(path, &module, diag)))
		return status;
	status = settings_insert(module, how, diag);
	if (status && fresh)
		hload_unregister(modules, module, NULL);
	hload_put(modules, module);
	return status;
}

enum helix_status module_start(struct hload_module *module, struct hmod_diag *diag)
{
	const struct hload_insertion plain = { .force = false };

	return settings_insert(module, &plain, diag);
}
