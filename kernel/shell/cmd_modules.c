/* SPDX-License-Identifier: MIT
 *
 * Commands that change which modules are there: insmod, rmmod, modprobe.
 */
#include "kernel/core/print.h"
#include "kernel/core/string.h"
#include "kernel/mm/mm.h"
#include "kernel/shell/command.h"
#include "kernel/svc/modules.h"

#define PATH_ROOM 1100

static int not_found(const char *command, const char *name)
{
	kprintf("%s: %s: no such module\n", command, name);
	return 1;
}

/* Splits key=value words in place. */
static bool settings(int argc, char **argv, struct hload_setting *out)
{
	for (int i = 0; i < argc; i++) {
		char *value = strchr(argv[i], '=');

		if (!value || value == argv[i])
			return false;
		*value = 0;
		out[i] = (struct hload_setting){ argv[i], value + 1 };
	}
	return true;
}

static int run_insmod(int argc, char **argv)
{
	struct hload_setting list[WORDS_MAX];
	char path[PATH_ROOM];
	struct hmod_diag diag;

	if (argc < 2 || !settings(argc - 2, argv + 2, list))
		return USAGE;
	if (!module_path(argv[1], path, sizeof path)) {
		kprintf("insmod: %s: no such file, and no such module in /lib/modules\n", argv[1]);
		return 1;
	}
	if (module_insert(path, list, (size_t)(argc - 2), &diag))
		return shell_fail("insmod", shell_base_name(path), &diag);
	return 0;
}

/* ---- rmmod ------------------------------------------------------------------------- */

static int remove_all(struct hload_module *module)
{
	struct hload_module **order;
	struct hload_counts counts;
	struct hload_info info;
	struct hmod_diag diag;
	size_t length = 0;
	int status = 0;

	hload_counts(modules, &counts);
	order = kmalloc((counts.modules + 1) * sizeof *order);
	if (!order) {
		kputs("rmmod: out of memory\n");
		return 1;
	}
	if (hload_unload_order(modules, module, order, counts.modules, &length, &diag))
		status = shell_fail("rmmod", NULL, &diag);
	for (size_t i = 0; i < length && !status; i++) {
		hload_info(order[i], &info);
		if (hload_remove(modules, order[i], &diag))
			status = shell_fail("rmmod", info.meta->name, &diag);
	}
	kfree(order);
	return status;
}

static int run_rmmod(int argc, char **argv)
{
	bool dependents = argc > 1 && !strcmp(argv[1], "-r");
	struct hload_module *module;
	struct hmod_diag diag;

	if (argc != 2 + dependents || (!dependents && argv[1][0] == '-'))
		return USAGE;
	module = hload_find(modules, argv[1 + dependents]);
	if (!module)
		return not_found("rmmod", argv[1 + dependents]);
	if (dependents)
		return remove_all(module);
	return hload_remove(modules, module, &diag) ? shell_fail("rmmod", NULL, &diag) : 0;
}

/* ---- modprobe ------------------------------------------------------------------------ */

static int start_order(struct hload_module **order, size_t length)
{
	struct hload_info info;
	struct hmod_diag diag;

	for (size_t i = 0; i < length; i++) {
		hload_info(order[i], &info);
		if (module_start(order[i], &diag))
			return shell_fail("modprobe", info.meta->name, &diag);
	}
	return 0;
}

static int run_modprobe(int argc, char **argv)
{
	struct hload_module *module, **order;
	struct hload_counts counts;
	struct hmod_diag diag;
	size_t length;
	int status;

	if (argc != 2)
		return USAGE;
	module = hload_find(modules, argv[1]);
	if (!module)
		return not_found("modprobe", argv[1]);
	hload_counts(modules, &counts);
	order = kmalloc(counts.modules * sizeof *order);
	if (!order) {
		kputs("modprobe: out of memory\n");
		return 1;
	}
	if (hload_plan(modules, &module, 1, order, counts.modules, &length, &diag))
		status = shell_fail("modprobe", diag.section_name, &diag);
	else
		status = start_order(order, length);
	kfree(order);
	return status;
}

const struct command module_commands[] = {
	{ "insmod", run_insmod, "FILE|NAME [param=value…]", "load and start a module",
	  COMPLETE_MODULE },
	{ "rmmod", run_rmmod, "[-r] NAME", "stop and unload a module (-r: its dependents first)",
	  COMPLETE_MODULE },
	{ "modprobe", run_modprobe, "NAME", "load a module after all it depends on",
	  COMPLETE_MODULE },
	{ NULL, NULL, NULL, NULL, COMPLETE_NOTHING },
};
