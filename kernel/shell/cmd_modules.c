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
	struct hload_insertion how = { .settings = list };
	char path[PATH_ROOM];
	struct hmod_diag diag;

	if (argc > 1 && !strcmp(argv[1], "-f")) {
		how.force = true;
		argc--;
		argv++;
	}
	if (argc < 2 || argv[1][0] == '-' || !settings(argc - 2, argv + 2, list))
		return USAGE;
	how.setting_count = (size_t)(argc - 2);
	if (!module_path(argv[1], path, sizeof path)) {
		kprintf("insmod: %s: no such file, and no such module in /lib/modules\n", argv[1]);
		return 1;
	}
	if (module_insert(path, &how, &diag))
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

static int remove_one(struct hload_module *module)
{
	struct hmod_diag diag;

	return hload_remove(modules, module, &diag) ? shell_fail("rmmod", NULL, &diag) : 0;
}

static int run_rmmod(int argc, char **argv)
{
	bool dependents = argc > 1 && !strcmp(argv[1], "-r");
	struct hload_module *module;
	int status;

	if (argc != 2 + dependents || (!dependents && argv[1][0] == '-'))
		return USAGE;
	module = shell_get("rmmod", argv[1 + dependents]);
	if (!module)
		return 1;
	status = dependents ? remove_all(module) : remove_one(module);
	hload_put(modules, module);
	return status;
}

/* ---- modprobe ------------------------------------------------------------------------ */

/* `why` is about `part`, which `whole` depends on: it is freed. */
static int fail_whole(const char *whole, const char *part, struct hmod_diag *why)
{
	size_t length = hmod_diag_text(why, NULL, 0) + 1;
	char *text = kmalloc(length);
	struct hmod_diag load;

	hmod_fail(&load, HELIX_E_LOAD, HMOD_STAGE_DEPENDENCIES, HMOD_NOWHERE);
	hmod_diag_name(&load, whole, SIZE_MAX);
	hmod_diag_other(&load, part, SIZE_MAX);
	if (text)
		hmod_diag_text(why, text, length);
	load.list = text;
	hload_diag_free(modules, why);
	shell_say("modprobe", NULL, &load);
	kfree(text);
	return 1;
}

/* The last of them is the one that was asked for. */
static int start_order(struct hload_module **order, size_t length)
{
	struct hload_info info, whole;
	struct hmod_diag diag;

	for (size_t i = 0; i < length; i++) {
		if (!module_start(order[i], &diag))
			continue;
		hload_info(order[i], &info);
		hload_info(order[length - 1], &whole);
		return i + 1 == length ? shell_fail("modprobe", info.meta->name, &diag) :
					 fail_whole(whole.meta->name, info.meta->name, &diag);
	}
	return 0;
}

static int probe(struct hload_module *module)
{
	struct hload_module **order;
	struct hload_counts counts;
	struct hmod_diag diag;
	size_t length;
	int status;

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

static int run_modprobe(int argc, char **argv)
{
	struct hload_module *module;
	int status;

	if (argc != 2)
		return USAGE;
	module = shell_get("modprobe", argv[1]);
	if (!module)
		return 1;
	status = probe(module);
	hload_put(modules, module);
	return status;
}

const struct command module_commands[] = {
	{ "insmod", run_insmod, "[-f] FILE|NAME [param=value…]",
	  "load and start a module (-f: an experimental one too)", COMPLETE_MODULE },
	{ "rmmod", run_rmmod, "[-r] NAME", "stop and unload a module (-r: its dependents first)",
	  COMPLETE_MODULE },
	{ "modprobe", run_modprobe, "NAME", "load a module after all it depends on",
	  COMPLETE_MODULE },
	{ NULL, NULL, NULL, NULL, COMPLETE_NOTHING },
};
