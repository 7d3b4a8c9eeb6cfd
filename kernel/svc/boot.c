/* SPDX-License-Identifier: MIT
 *
 * The boot sequence: what /etc/modules.conf starts, in the order of dependencies.
 * One that fails is reported and the others go on, unless it is essential.
 */
#include "helix/module.h"
#include "kernel/core/kernel.h"
#include "kernel/core/log.h"
#include "kernel/core/print.h"
#include "kernel/core/string.h"
#include "kernel/mm/mm.h"
#include "kernel/svc/modules.h"
#include "kernel/svc/settings.h"

/* nomodule= and blacklist keep a module from being started at boot. */
static bool disabled(const char *name)
{
	struct conf_reader reader;
	struct conf_line line;

	if (settings_nomodule(name))
		return true;
	if (!settings_conf_open(&reader))
		return false;
	while (conf_next(&reader, &line))
		if (line.directive == CONF_BLACKLIST && settings_same_module(name, line.name))
			return true;
	return false;
}

struct boot {
	struct hload_module **roots, **order;
	size_t capacity, count, length;
};

/* An essential module that does not run ends the boot. */
static void check_essential(struct hload_module *module, const char *why)
{
	struct hload_info info;

	hload_info(module, &info);
	if (info.meta->header->flags & HELIX_ESSENTIAL)
		panic("essential module %s did not start: %s", info.meta->name, why);
}

/* Says why, and frees what the diagnostic holds. */
static void failed(struct hload_module *module, struct hmod_diag *diag)
{
	char why[256];
	struct hload_info info;

	hload_info(module, &info);
	module_log_failure(info.meta->name, diag);
	hmod_diag_text(diag, why, sizeof why);
	hload_diag_free(modules, diag);
	check_essential(module, why);
}

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
		failed(module, &diag);
		return;
	}
	if (boot->count < boot->capacity)
		boot->roots[boot->count++] = module;
}

static void find_roots(struct boot *boot)
{
	struct conf_reader reader;
	struct conf_line line;

	if (!settings_conf_open(&reader)) {
		log_line(LOG_WARN, "modules: no /etc/modules.conf, nothing is started");
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
		check_essential(module, "a module it depends on does not run");
	} else if (module_start(module, &diag)) {
		failed(module, &diag);
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
		module_log_failure("the order", &diag);
	for (size_t i = 0; i < boot.length; i++)
		start_one(boot.order[i]);
	kfree(boot.roots);
	kfree(boot.order);
}
