/* SPDX-License-Identifier: MIT
 *
 * Commands that look at modules: lsmod, deps, providers, symbols.
 */
#include "helix/record.h"
#include "kernel/core/kernel.h"
#include "kernel/core/print.h"
#include "kernel/core/string.h"
#include "kernel/mm/mm.h"
#include "kernel/shell/command.h"
#include "kernel/svc/modules.h"
#include "loader/services.h"

/* ---- lsmod ------------------------------------------------------------------------- */

/* Who rmmod would name: dependents first, then who calls through an interface. */
static void print_users(struct hload_module *module, uint32_t holders)
{
	const char *user, *interface;
	struct hload_module *holder;
	struct hload_info info;

	for (uint32_t i = 0; (holder = hload_holder(module, i)); i++) {
		hload_info(holder, &info);
		kprintf("%s%s", i ? "," : " ", info.meta->name);
	}
	for (uint32_t i = 0; (user = hload_interface_user(modules, module, i, &interface)); i++)
		kprintf("%s%s", i || holders ? "," : " ", user);
}

static void print_module(struct hload_module *module, const struct hload_info *info)
{
	uint32_t users = 0;
	const char *interface;

	while (hload_interface_user(modules, module, users, &interface))
		users++;
	kprintf("%-19s %8llu  %u", info->meta->name,
		(unsigned long long)(info->size[0] + info->size[1] + info->size[2]),
		info->holders + users);
	print_users(module, info->holders);
	if (info->meta->header->flags & HELIX_EXPERIMENTAL)
		kputs(" (experimental)");
	kputs("\n");
}

/* The bit of a flag by name, in any case; -1: no such flag. */
static int flag_bit(const char *name)
{
	const char *flag;

	for (unsigned bit = 0; (flag = hmod_flag_name(bit)); bit++) {
		size_t i = 0;

		while (flag[i] && (name[i] & ~0x20) == (flag[i] & ~0x20))
			i++;
		if (!flag[i] && !name[i])
			return (int)bit;
	}
	return -1;
}

static int bad_flag(const char *name)
{
	const char *flag;

	kprintf("lsmod: %s: no such flag:", name);
	for (unsigned bit = 0; (flag = hmod_flag_name(bit)); bit++)
		kprintf(" %s", flag);
	kputs("\n");
	return 1;
}

static int run_lsmod(int argc, char **argv)
{
	bool running = argc == 2 && !strcmp(argv[1], "--running");
	struct hload_module *module = NULL;
	struct hload_info info;
	uint64_t wanted = 0;
	int bit;

	if (argc == 3 && !strcmp(argv[1], "--flag")) {
		bit = flag_bit(argv[2]);
		if (bit < 0)
			return bad_flag(argv[2]);
		wanted = UINT64_C(1) << bit;
	} else if (argc != 1 && !running) {
		return USAGE;
	}
	kputs("Module                  Size  Used by\n");
	while ((module = hload_get_next(modules, module))) {
		hload_info(module, &info);
		if (info.state != HLOAD_REGISTERED && (!running || info.state == HLOAD_RUNNING) &&
		    (info.meta->header->flags & wanted) == wanted)
			print_module(module, &info);
	}
	return 0;
}

/* ---- providers ---------------------------------------------------------------------- */

#define PROVIDERS_MAX 64

static void print_provider(uint64_t id)
{
	struct hload_module *module = hload_get_id(modules, id);
	char version[HMOD_VERSION_TEXT];
	struct hload_info info;

	if (!module)
		return;
	hload_info(module, &info);
	hmod_version_text(info.meta->header->version, version);
	kprintf("%s %s %s\n", info.meta->name, version, hload_state_name(info.state));
	hload_put(modules, module);
}

static int run_providers(int argc, char **argv)
{
	uint64_t ids[PROVIDERS_MAX];
	size_t count;

	if (argc != 2)
		return USAGE;
	count = hload_list_providers(modules, argv[1], ids, PROVIDERS_MAX);
	if (!count) {
		kprintf("providers: %s: nobody provides it\n", argv[1]);
		return 1;
	}
	for (size_t i = 0; i < count && i < PROVIDERS_MAX; i++)
		print_provider(ids[i]);
	if (count > PROVIDERS_MAX)
		kprintf("and %lu more\n", (unsigned long)(count - PROVIDERS_MAX));
	return 0;
}

/* ---- deps ------------------------------------------------------------------------- */

void dependency_text(const struct hmod_meta *meta, uint32_t i, char *text, size_t room)
{
	const struct hmod_flat_dependency *d = &meta->dependencies[i];
	char versions[HMOD_CONSTRAINT_TEXT];
	bool any = !d->least && d->most == HMOD_VERSION_ANY;

	hmod_constraint_text(d->least, d->most, versions, sizeof versions);
	ksnprintf(text, room, "%s%s%s%s%s", d->flags & HMOD_DEPENDENCY_OPTIONAL ? "?" : "",
		  d->flags & HMOD_DEPENDENCY_CAPABILITY ? "cap:" : "",
		  hmod_meta_string(meta, d->name), any ? "" : " ", any ? "" : versions);
}

static void print_dependencies(struct hload_module *module)
{
	char text[160], version[HMOD_VERSION_TEXT];
	struct hload_info info, other;

	hload_info(module, &info);
	for (uint32_t i = 0; i < info.meta->header->dependency_count; i++) {
		struct hload_module *to = hload_dependency(module, i);

		dependency_text(info.meta, i, text, sizeof text);
		if (!to) {
			kprintf("%s needs %s (missing)\n", info.meta->name, text);
			continue;
		}
		hload_info(to, &other);
		hmod_version_text(other.meta->header->version, version);
		kprintf("%s needs %s (%s %s)\n", info.meta->name, text,
			hload_state_name(other.state), version);
	}
}

/* Every module reachable through dependencies, once, in the order found. */
static size_t closure(struct hload_module *module, struct hload_module **list, size_t room)
{
	struct hload_info info;
	size_t count = 0;

	list[count++] = module;
	for (size_t at = 0; at < count; at++) {
		hload_info(list[at], &info);
		for (uint32_t i = 0; i < info.meta->header->dependency_count; i++) {
			struct hload_module *to = hload_dependency(list[at], i);
			size_t k = 0;

			while (k < count && list[k] != to)
				k++;
			if (to && k == count && count < room)
				list[count++] = to;
		}
	}
	return count;
}

static int run_deps(int argc, char **argv)
{
	struct hload_module *module, **list;
	struct hload_counts counts;
	size_t count;

	if (argc != 2)
		return USAGE;
	module = shell_get("deps", argv[1]);
	if (!module)
		return 1;
	hload_counts(modules, &counts);
	list = kmalloc((counts.modules + 1) * sizeof *list);
	if (!list) {
		kputs("deps: out of memory\n");
		hload_put(modules, module);
		return 1;
	}
	count = closure(module, list, counts.modules);
	if (count == 1)
		kprintf("%s needs nothing\n", argv[1]);
	for (size_t i = 0; i < count; i++)
		print_dependencies(list[i]);
	kfree(list);
	hload_put(modules, module);
	return 0;
}

/* ---- symbols ---------------------------------------------------------------------- */

static void print_symbol(void *ctx, const char *name, uint64_t address)
{
	kprintf("%016llx %s [%s]\n", (unsigned long long)address, name, (const char *)ctx);
}

static void print_symbols(struct hload_module *module)
{
	struct hload_info info;

	hload_info(module, &info);
	hload_symbol_each(modules, module, print_symbol, (void *)info.meta->name);
}

/* Of a module, or one by its own name. */
static int print_named(const char *name)
{
	struct hload_module *module = hload_get(modules, name);
	const char *owner;
	uint64_t address;

	if (module) {
		print_symbols(module);
		hload_put(modules, module);
		return 0;
	}
	if (!hload_symbol_find(modules, name, &address, &owner)) {
		kprintf("symbols: %s: no such module, and nobody exports such a symbol\n", name);
		return 1;
	}
	print_symbol((void *)owner, name, address);
	return 0;
}

/* Whose an address is: a module's function or data, else the kernel's function. */
static int print_place(uint64_t address)
{
	char function[128];
	struct hload_owner owner;
	uint64_t offset;
	const char *name;

	if (hload_owner_at(modules, address, &owner)) {
		if (hload_function_copy(modules, address, function, sizeof function, &offset))
			kprintf("%016llx %s+0x%llx [%s]\n", (unsigned long long)address, function,
				(unsigned long long)offset, owner.name);
		else
			kprintf("%016llx data [%s]\n", (unsigned long long)address, owner.name);
		return 0;
	}
	name = ksym_find(address, &offset);
	if (!name) {
		kprintf("symbols: %016llx: nobody's\n", (unsigned long long)address);
		return 1;
	}
	kprintf("%016llx %s+0x%llx [kernel]\n", (unsigned long long)address, name,
		(unsigned long long)offset);
	return 0;
}

static int run_symbols(int argc, char **argv)
{
	struct hload_module *module = NULL;

	uint64_t address;

	if (argc > 2)
		return USAGE;
	if (argc == 2 && argv[1][0] == '0' && hmod_param_uint(argv[1], &address))
		return print_place(address);
	if (argc == 2)
		return print_named(argv[1]);
	hload_symbol_each(modules, NULL, print_symbol, "kernel");
	while ((module = hload_get_next(modules, module)))
		print_symbols(module);
	return 0;
}

const struct command query_commands[] = {
	{ "lsmod", run_lsmod, "[--flag FLAG | --running]", "list the loaded modules",
	  COMPLETE_NOTHING },
	{ "deps", run_deps, "NAME", "show what a module depends on, all the way",
	  COMPLETE_MODULE },
	{ "providers", run_providers, "CAPABILITY", "list the modules that provide a capability",
	  COMPLETE_NOTHING },
	{ "symbols", run_symbols, "[NAME|SYMBOL|0xADDRESS]", "list exported symbols, or tell whose an address is",
	  COMPLETE_MODULE },
	{ NULL, NULL, NULL, NULL, COMPLETE_NOTHING },
};
