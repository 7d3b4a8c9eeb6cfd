/* SPDX-License-Identifier: MIT
 *
 * The builder's second half: a module's records, as a compiler leaves them.
 */
#include <stdio.h>
#include <string.h>

#include "helix/record.h"
#include "modfmt/elf_builder.h"

struct elf_place {
	uint32_t section;
	uint64_t offset;
};

static struct elf_place put_string(struct elf_builder *b, const char *text)
{
	uint32_t section = elf_section_once(b, ".rodata.str", ELF_SHF_ALLOC);

	return (struct elf_place){ section, elf_append_string(b, section, text) };
}

static void point(struct elf_builder *b, uint32_t section, uint64_t offset, struct elf_place to)
{
	elf_relocate(b, section, offset,
		     ELF_RELA_INFO(elf_section_symbol(b, to.section), R_X86_64_64),
		     (int64_t)to.offset);
}

static void point_string(struct elf_builder *b, uint32_t section, uint64_t offset,
			 const char *text)
{
	if (text)
		point(b, section, offset, put_string(b, text));
}

static void point_list(struct elf_builder *b, uint32_t section, uint64_t offset,
		       const char *const *list)
{
	const uint32_t lists = elf_section_once(b, ".data.rel.ro", ELF_SHF_ALLOC | ELF_SHF_WRITE);
	uint64_t at = 0, slot;
	bool first = true;

	if (!list)
		return;
	for (;; list++) {
		slot = elf_append(b, lists, "\0\0\0\0\0\0\0", 8);
		at = first ? slot : at;
		first = false;
		if (!*list)
			break;
		point_string(b, lists, slot, *list);
	}
	point(b, section, offset, (struct elf_place){ lists, at });
}

uint32_t elf_function(struct elf_builder *b, const char *name, unsigned bind)
{
	uint32_t text = elf_section_once(b, ".text", ELF_SHF_ALLOC | ELF_SHF_EXECINSTR);

	return elf_symbol(b, name, ELF_INFO(bind, ELF_STT_FUNC), text,
			  elf_append(b, text, "\xc3", 1));
}

static void point_function(struct elf_builder *b, uint32_t section, uint64_t offset,
			   const char *name)
{
	elf_relocate(b, section, offset,
		     ELF_RELA_INFO(elf_function(b, name, ELF_STB_LOCAL), R_X86_64_64), 0);
}

/* The slots in order; the fourth and fifth are other hooks in each format. */
static const struct {
	enum hmod_hook v2, v1;
	const char *name;
} slots[] = {
	{ HMOD_HOOK_INIT, HMOD_HOOK_INIT, "init" },
	{ HMOD_HOOK_START, HMOD_HOOK_START, "start" },
	{ HMOD_HOOK_STOP, HMOD_HOOK_STOP, "stop" },
	{ HMOD_HOOK_EVENT, HMOD_HOOK_CLEANUP, "event" },
	{ HMOD_HOOK_REQUEST, HMOD_HOOK_MESSAGE, "request" },
	{ HMOD_HOOK_HEALTHY, HMOD_HOOK_HEALTHY, "healthy" },
	{ HMOD_HOOK_SAVE, HMOD_HOOK_SAVE, "save_state" },
	{ HMOD_HOOK_RESTORE, HMOD_HOOK_RESTORE, "restore" },
};

static void point_hooks(struct elf_builder *b, uint32_t section, const struct elf_module *fields)
{
	const uint32_t given = (7u | fields->with_hooks) & ~fields->without_hooks;

	for (uint32_t i = 0; i < sizeof slots / sizeof slots[0]; i++)
		if (given >> (fields->v1 ? slots[i].v1 : slots[i].v2) & 1)
			point_function(b, section,
				       offsetof(struct helix_module_record, init) + 8 * i,
				       slots[i].name);
}

uint32_t elf_module(struct elf_builder *b, const struct elf_module *fields)
{
	struct helix_module_record r = { .magic = HELIX_RECORD_MAGIC,
					 .format = fields->v1 ? HELIX_RECORD_FORMAT_V1 :
								HELIX_RECORD_FORMAT,
					 .size = sizeof r,
					 .abi_major = HELIX_ABI_MAJOR,
					 .abi_minor = HELIX_ABI_MINOR,
					 .state_version = fields->state_version,
					 .version = fields->version,
					 .flags = fields->flags,
					 .events = fields->events,
					 .policy = fields->policy };
	uint32_t section = elf_section_once(b, ".hmod.module", ELF_SHF_ALLOC);
	uint64_t at = elf_append(b, section, &r, sizeof r);

#define AT(field) (at + offsetof(struct helix_module_record, field))
	point_string(b, section, AT(name), fields->name);
	point_string(b, section, AT(description), fields->description);
	if (fields->v1)
		point_list(b, section, AT(author), fields->authors);
	else
		point_string(b, section, AT(author), fields->author);
	point_string(b, section, AT(license), fields->license);
	point_list(b, section, AT(dependencies), fields->dependencies);
	point_list(b, section, AT(provides), fields->provides);
	point_list(b, section, AT(aliases), fields->aliases);
#undef AT
	point_hooks(b, section, fields);
	return section;
}

void elf_param_full(struct elf_builder *b, const struct elf_param *fields)
{
	const struct helix_param_record r = { .type = fields->type,
					      .flags = fields->flags,
					      .least = fields->least,
					      .most = fields->most };
	uint32_t section = elf_section_once(b, ".hmod.param", ELF_SHF_ALLOC);
	uint64_t at = elf_append(b, section, &r, sizeof r);

#define AT(field) (at + offsetof(struct helix_param_record, field))
	point_string(b, section, AT(name), fields->name);
	point_string(b, section, AT(standard), fields->standard);
	point_string(b, section, AT(description), fields->description);
#undef AT
}

void elf_param(struct elf_builder *b, const char *name, const char *standard,
	       const char *description, uint32_t type)
{
	elf_param_full(b, &(struct elf_param){ .name = name,
					       .standard = standard,
					       .description = description,
					       .type = type });
}

static uint64_t put_export(struct elf_builder *b, uint32_t section, uint32_t symbol,
			   const struct helix_export_record *record)
{
	uint64_t at = elf_append(b, section, record, sizeof *record);

	elf_relocate(b, section, at, ELF_RELA_INFO(symbol, R_X86_64_64), 0);
	return at;
}

void elf_export(struct elf_builder *b, uint32_t symbol, const char *ns)
{
	const struct helix_export_record r = { .since = 0 };
	uint32_t section = elf_section_once(b, ".hmod.export", ELF_SHF_ALLOC);
	uint64_t at = put_export(b, section, symbol, &r);

	point_string(b, section, at + offsetof(struct helix_export_record, ns), ns);
}

void elf_export_deprecated(struct elf_builder *b, uint32_t symbol, const char *replacement,
			   uint64_t since, uint64_t removed)
{
	const struct helix_export_record r = { .since = since, .removed = removed };
	uint32_t section = elf_section_once(b, ".hmod.export", ELF_SHF_ALLOC);
	uint64_t at = put_export(b, section, symbol, &r);

	point_string(b, section, at + offsetof(struct helix_export_record, replacement),
		     replacement);
}

static uint64_t put_operations(struct elf_builder *b, uint32_t section, uint32_t count)
{
	uint64_t first = 0, at;

	for (uint32_t i = 0; i < count; i++) {
		char name[16];

		at = elf_append(b, section, "\0\0\0\0\0\0\0", 8);
		first = i ? first : at;
		snprintf(name, sizeof name, "op%u", i);
		point_function(b, section, at, name);
	}
	return first;
}

uint64_t elf_interface(struct elf_builder *b, const struct elf_interface *fields)
{
	const struct helix_interface_record r = { .major = fields->major,
						  .minor = fields->minor,
						  .count = fields->count,
						  .priority = fields->priority };
	uint32_t lists = elf_section_once(b, ".data.rel.ro", ELF_SHF_ALLOC | ELF_SHF_WRITE);
	uint32_t section = elf_section_once(b, ".hmod.interface", ELF_SHF_ALLOC);
	uint64_t operations = put_operations(b, lists, fields->count);
	uint64_t at = elf_append(b, section, &r, sizeof r);

#define AT(field) (at + offsetof(struct helix_interface_record, field))
	point_string(b, section, AT(name), fields->name);
	if (fields->count)
		point(b, section, AT(operations), (struct elf_place){ lists, operations });
	point_list(b, section, AT(names), fields->names);
	if (fields->message)
		point_function(b, section, AT(message), "message");
#undef AT
	return operations;
}
