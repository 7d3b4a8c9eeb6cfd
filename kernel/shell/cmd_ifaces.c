/* SPDX-License-Identifier: MIT
 *
 * The command that shows who implements which interface, and chooses among them.
 */
#include "kernel/core/print.h"
#include "kernel/core/string.h"
#include "kernel/mm/mm.h"
#include "kernel/shell/command.h"
#include "kernel/svc/modules.h"
#include "loader/services.h"

/* Copied while the loader's lock is held, printed when it is not. */
struct row {
	char interface[HELIX_NAME_MAX + 1], module[HELIX_NAME_MAX + 1];
	struct hload_interface_info info; /* without its texts */
};

struct rows {
	struct row *list;
	size_t count, room;
};

static void take(void *ctx, const struct hload_interface_info *info)
{
	struct rows *rows = ctx;
	struct row *row;

	if (rows->count++ >= rows->room)
		return;
	row = &rows->list[rows->count - 1];
	ksnprintf(row->interface, sizeof row->interface, "%s", info->interface);
	ksnprintf(row->module, sizeof row->module, "%s", info->module);
	row->info = *info;
}

/* False without memory; free rows->list. */
static bool take_all(struct rows *rows)
{
	*rows = (struct rows){ .room = 0 };
	for (;;) {
		rows->count = 0;
		hload_interface_each(modules, take, rows);
		if (rows->count <= rows->room)
			return true;
		kfree(rows->list);
		rows->room = rows->count;
		rows->list = kmalloc(rows->room * sizeof *rows->list);
		if (!rows->list)
			return false;
	}
}

/* The names of the operations it has, or their number. */
static void print_operations(const struct row *row)
{
	const char *name;
	unsigned told = 0;

	for (uint32_t i = 0; i < row->info.count; i++)
		if (hload_interface_operation(modules, row->interface, row->info.id, i, &name) &&
		    name)
			kprintf("%s%s", told++ ? "," : "  ", name);
	if (!told)
		kprintf("  %u of %u", row->info.supported, row->info.count);
	if (row->info.has_message)
		kputs(" +messages");
}

static void print_row(const struct row *row)
{
	char version[16], module[HELIX_NAME_MAX + 3];

	ksnprintf(version, sizeof version, "%u.%u", row->info.major, row->info.minor);
	ksnprintf(module, sizeof module, "%s%s", row->module, row->info.primary ? "*" : "");
	kprintf("%-20s %7s  %-19s %6lu %6u", row->interface, version, module, row->info.inside,
		row->info.users);
	print_operations(row);
	kputs("\n");
}

static bool same_name(const char *normal, const char *typed)
{
	while (*normal && *normal == (*typed == '-' ? '_' : *typed))
		normal++, typed++;
	return *normal == *typed;
}

/* All, or those of one interface: `only`. */
static int list(const char *only)
{
	struct rows rows;
	size_t printed = 0;

	if (!take_all(&rows)) {
		kputs("ifaces: out of memory\n");
		return 1;
	}
	for (size_t i = 0; i < rows.count; i++) {
		if (only && !same_name(rows.list[i].interface, only))
			continue;
		if (!printed++)
			kputs("Interface            Version  Module              Inside  Users  Operations\n");
		print_row(&rows.list[i]);
	}
	kfree(rows.list);
	if (printed || !only)
		return 0;
	kprintf("ifaces: %s: nobody implements it\n", only);
	return 1;
}

static int prefer(const char *interface, const char *name)
{
	struct hload_module *module = NULL;
	struct hmod_diag diag;
	int status = 0;

	if (strcmp(name, "auto")) {
		module = shell_get("ifaces", name);
		if (!module)
			return 1;
	}
	if (hload_interface_prefer(modules, interface, module, &diag)) {
		if (module)
			kprintf("ifaces: %s does not implement %s\n", name, interface);
		else
			kprintf("ifaces: %s: nobody implements it\n", interface);
		hload_diag_free(modules, &diag);
		status = 1;
	}
	hload_put(modules, module);
	return status;
}

bool interface_name(unsigned i, char *name, size_t capacity)
{
	struct rows rows;
	bool found = false;

	if (take_all(&rows))
		for (size_t at = 0; at < rows.count && !found; at++) {
			if (!rows.list[at].info.primary || i--)
				continue;
			ksnprintf(name, capacity, "%s", rows.list[at].interface);
			found = true;
		}
	kfree(rows.list);
	return found;
}

static int run_ifaces(int argc, char **argv)
{
	if (argc <= 2)
		return list(argc == 2 ? argv[1] : NULL);
	if (argc != 4 || strcmp(argv[2], "primary"))
		return USAGE;
	return prefer(argv[1], argv[3]);
}

const struct command ifaces_commands[] = {
	{ "ifaces", run_ifaces, "[INTERFACE [primary MODULE|auto]]",
	  "who implements what (*: the primary), or choose the primary", COMPLETE_INTERFACE },
	{ NULL, NULL, NULL, NULL, COMPLETE_NOTHING },
};
