/* SPDX-License-Identifier: MIT
 *
 * Commands that look at modules: lsmod, modinfo, deps, symbols.
 */
#include "kernel/core/print.h"
#include "kernel/core/string.h"
#include "kernel/mm/mm.h"
#include "kernel/shell/command.h"
#include "kernel/svc/modules.h"

static struct hload_module *find(const char *command, const char *name)
{
	struct hload_module *module = hload_find(modules, name);

	if (!module)
		kprintf("%s: %s: no such module\n", command, name);
	return module;
}

static int run_lsmod(int argc, char **argv)
{
	struct hload_module *module = NULL, *holder;
	struct hload_info info, other;

	(void)argv;
	if (argc != 1)
		return USAGE;
	kputs("Module                  Size  Used by\n");
	while ((module = hload_next(modules, module))) {
		hload_info(module, &info);
		if (info.state == HLOAD_REGISTERED)
			continue;
		kprintf("%-19s %8llu  %u", info.meta->name,
			(unsigned long long)(info.size[0] + info.size[1] + info.size[2]),
			info.holders);
		for (uint32_t i = 0; (holder = hload_holder(module, i)); i++) {
			hload_info(holder, &other);
			kprintf("%s%s", i ? "," : " ", other.meta->name);
		}
		kputs("\n");
	}
	return 0;
}

/* ---- modinfo ---------------------------------------------------------------------- */

static void print_field(const char *field, const char *value)
{
	kprintf("%s:%*s%s\n", field, (int)(15 - strlen(field)), "", value);
}

static void print_flags(uint64_t flags)
{
	kprintf("flags:          ");
	for (unsigned bit = 0, n = 0; hmod_flag_name(bit); bit++)
		if (flags >> bit & 1)
			kprintf("%s%s", n++ ? "," : "", hmod_flag_name(bit));
	kputs("\n");
}

static void dependency_text(const struct hmod_meta *meta, uint32_t i, char *text, size_t room)
{
	const struct hmod_flat_dependency *d = &meta->dependencies[i];
	char versions[HMOD_CONSTRAINT_TEXT];
	bool any = !d->least && d->most == HMOD_VERSION_ANY;

	hmod_constraint_text(d->least, d->most, versions, sizeof versions);
	ksnprintf(text, room, "%s%s%s%s%s", d->flags & HMOD_DEPENDENCY_OPTIONAL ? "?" : "",
		  d->flags & HMOD_DEPENDENCY_CAPABILITY ? "cap:" : "",
		  hmod_meta_string(meta, d->name), any ? "" : " ", any ? "" : versions);
}

static void print_lists(const struct hmod_meta *meta)
{
	char text[160];

	for (uint32_t i = 0; i < meta->header->dependency_count; i++) {
		dependency_text(meta, i, text, sizeof text);
		print_field("depends", text);
	}
	for (uint32_t i = 0; i < meta->header->provide_count; i++)
		print_field("provides", hmod_meta_string(meta, meta->provides[i]));
	for (uint32_t i = 0; i < meta->header->alias_count; i++)
		print_field("alias", hmod_meta_string(meta, meta->aliases[i]));
	for (uint32_t i = 0; i < meta->header->param_count; i++)
		kprintf("parm:           %s:%s (%s)\n", hmod_meta_string(meta, meta->params[i].name),
			hmod_meta_string(meta, meta->params[i].description),
			hmod_param_type_name(meta->params[i].type));
}

static int run_modinfo(int argc, char **argv)
{
	char version[HMOD_VERSION_TEXT], abi[16];
	struct hload_module *module;
	struct hload_info info;

	if (argc != 2)
		return USAGE;
	module = find("modinfo", argv[1]);
	if (!module)
		return 1;
	hload_info(module, &info);
	hmod_version_text(info.meta->header->version, version);
	ksnprintf(abi, sizeof abi, "%u.%u", info.meta->header->abi_major,
		  info.meta->header->abi_minor);
	print_field("filename", info.path ? info.path : "");
	print_field("name", info.meta->name);
	print_field("version", version);
	print_field("description", info.meta->description);
	print_field("author", info.meta->author);
	print_field("license", info.meta->license);
	print_flags(info.meta->header->flags);
	print_field("abi", abi);
	print_lists(info.meta);
	print_field("state", hload_state_name(info.state));
	return 0;
}

/* ---- deps ------------------------------------------------------------------------- */

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
	module = find("deps", argv[1]);
	if (!module)
		return 1;
	hload_counts(modules, &counts);
	list = kmalloc((counts.modules + 1) * sizeof *list);
	if (!list) {
		kputs("deps: out of memory\n");
		return 1;
	}
	count = closure(module, list, counts.modules);
	if (count == 1)
		kprintf("%s needs nothing\n", argv[1]);
	for (size_t i = 0; i < count; i++)
		print_dependencies(list[i]);
	kfree(list);
	return 0;
}

/* ---- symbols ---------------------------------------------------------------------- */

static void print_symbol(void *ctx, const char *name, uint64_t address)
{
	kprintf("%016llx %s [%s]\n", (unsigned long long)address, name, (const char *)ctx);
}

static int run_symbols(int argc, char **argv)
{
	struct hload_module *module = NULL;
	struct hload_info info;

	if (argc > 2)
		return USAGE;
	if (argc == 2) {
		module = find("symbols", argv[1]);
		if (!module)
			return 1;
		hload_info(module, &info);
		hload_symbol_each(modules, module, print_symbol, (void *)info.meta->name);
		return 0;
	}
	hload_symbol_each(modules, NULL, print_symbol, "kernel");
	while ((module = hload_next(modules, module))) {
		hload_info(module, &info);
		hload_symbol_each(modules, module, print_symbol, (void *)info.meta->name);
	}
	return 0;
}

const struct command query_commands[] = {
	{ "lsmod", run_lsmod, "", "list the loaded modules", COMPLETE_NOTHING },
	{ "modinfo", run_modinfo, "NAME", "show what a module says of itself", COMPLETE_MODULE },
	{ "deps", run_deps, "NAME", "show what a module depends on, all the way",
	  COMPLETE_MODULE },
	{ "symbols", run_symbols, "[NAME]", "list exported symbols and who exports them",
	  COMPLETE_MODULE },
	{ NULL, NULL, NULL, NULL, COMPLETE_NOTHING },
};
