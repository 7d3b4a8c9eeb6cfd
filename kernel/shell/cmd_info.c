/* SPDX-License-Identifier: MIT
 *
 * The command that shows all that a module says of itself, a field a line.
 */
#include "helix/event.h"
#include "helix/record.h"
#include "kernel/core/print.h"
#include "kernel/core/string.h"
#include "kernel/shell/command.h"
#include "kernel/svc/modules.h"

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

/* TICK,CUSTOM: what it asks for, or, once it is loaded, what it is told of. */
static void print_events(const struct hload_info *info)
{
	uint64_t events = info->events ? info->events : info->meta->header->events;

	if (!events)
		return;
	kprintf("events:         ");
	for (unsigned kind = 0, n = 0; hmod_event_name(kind); kind++)
		if (events >> kind & 1)
			kprintf("%s%s", n++ ? "," : "", hmod_event_name(kind));
	kputs("\n");
}

static void print_interface(const struct hmod_meta *meta, uint32_t i)
{
	const struct hmod_flat_interface *interface = &meta->interfaces[i];
	const char *operation;

	kprintf("interface:      %s %u.%u", hmod_meta_string(meta, interface->name), interface->major,
		interface->minor);
	if (interface->priority)
		kprintf(" priority %u", interface->priority);
	for (uint32_t k = 0; (operation = hmod_meta_operation(meta, i, k)); k++)
		kprintf("%s%s", k ? "," : ": ", operation);
	if (!(interface->flags & HMOD_INTERFACE_NAMED))
		kprintf(": %u operations", interface->count);
	kputs("\n");
}

/* As modinfo's, and behind it the default, the range, and the value now. */
static void print_param(const struct hload_module *module, const struct hload_info *info,
			uint32_t i)
{
	const struct hmod_flat_param *param = &info->meta->params[i];
	char range[HMOD_RANGE_TEXT];

	hmod_param_range_text(param, range);
	kprintf("parm:           %s:%s (%s) [default: %s", hmod_meta_string(info->meta, param->name),
		hmod_meta_string(info->meta, param->description), hmod_param_type_name(param->type),
		hmod_meta_string(info->meta, param->standard));
	if (range[0])
		kprintf("; range: %s", range);
	if (info->state == HLOAD_RUNNING)
		kprintf("; now: %s", hload_param_value(module, i));
	kputs("]\n");
}

static void print_lists(const struct hload_module *module, const struct hload_info *info)
{
	const struct hmod_meta *meta = info->meta;
	char text[160];

	for (uint32_t i = 0; i < meta->header->dependency_count; i++) {
		dependency_text(meta, i, text, sizeof text);
		print_field("depends", text);
	}
	for (uint32_t i = 0; i < meta->header->provide_count; i++)
		print_field("provides", hmod_meta_string(meta, meta->provides[i]));
	for (uint32_t i = 0; i < meta->header->interface_count; i++)
		print_interface(meta, i);
	for (uint32_t i = 0; i < meta->header->alias_count; i++)
		print_field("alias", hmod_meta_string(meta, meta->aliases[i]));
	for (uint32_t i = 0; i < meta->header->param_count; i++)
		print_param(module, info, i);
}

static void print_identity(const struct hload_info *info)
{
	const struct hmod_meta *meta = info->meta;
	char version[HMOD_VERSION_TEXT];

	hmod_version_text(meta->header->version, version);
	print_field("filename", info->path ? info->path : "");
	print_field("name", meta->name);
	print_field("version", version);
	print_field("description", meta->description);
	for (uint32_t i = 0; i < meta->header->author_count; i++)
		print_field("author", hmod_meta_string(meta, meta->authors[i]));
	print_field("license", meta->license);
}

static void print_number(const char *field, unsigned long number)
{
	kprintf("%s:%*s%lu\n", field, (int)(15 - strlen(field)), "", number);
}

static int run_modinfo(int argc, char **argv)
{
	struct hload_module *module;
	struct hload_info info;
	char abi[16];

	if (argc != 2)
		return USAGE;
	module = shell_get("modinfo", argv[1]);
	if (!module)
		return 1;
	hload_info(module, &info);
	ksnprintf(abi, sizeof abi, "%u.%u", info.meta->header->abi_major,
		  info.meta->header->abi_minor);
	print_identity(&info);
	print_flags(info.meta->header->flags);
	print_number("api", info.meta->header->api);
	print_field("abi", abi);
	print_events(&info);
	print_field("policy", hmod_policy_name(info.meta->header->policy));
	if (info.meta->header->state_version)
		print_number("state version", info.meta->header->state_version);
	print_lists(module, &info);
	print_field("state", hload_state_name(info.state));
	hload_put(modules, module);
	return 0;
}

const struct command info_commands[] = {
	{ "modinfo", run_modinfo, "NAME", "show what a module says of itself", COMPLETE_MODULE },
	{ NULL, NULL, NULL, NULL, COMPLETE_NOTHING },
};
