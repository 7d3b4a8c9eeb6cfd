/* SPDX-License-Identifier: MIT
 *
 * The builder's second half: a module's records, as a compiler leaves them.
 */
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

static void point_hooks(struct elf_builder *b, uint32_t section, const struct elf_module *fields)
{
	static const char *const names[HMOD_HOOKS] = { "init",	  "start",   "stop",	  "event",
						       "request", "healthy", "save_state", "restore" };
	const uint32_t given = (7u | fields->with_hooks) & ~fields->without_hooks;

	for (uint32_t i = 0; i < HMOD_HOOKS; i++)
		if (given >> i & 1)
			elf_relocate(b, section,
				     offsetof(struct helix_module_record, init) + 8 * i,
				     ELF_RELA_INFO(elf_function(b, names[i], ELF_STB_LOCAL),
						   R_X86_64_64),
				     0);
}

uint32_t elf_module(struct elf_builder *b, const struct elf_module *fields)
{
	struct helix_module_record r = { .magic = HELIX_RECORD_MAGIC,
					 .format = HELIX_RECORD_FORMAT,
					 .size = sizeof r,
					 .abi_major = HELIX_ABI_MAJOR,
					 .abi_minor = HELIX_ABI_MINOR,
					 .state_version = fields->state_version,
					 .version = fields->version,
					 .flags = fields->flags };
	uint32_t section = elf_section_once(b, ".hmod.module", ELF_SHF_ALLOC);
	uint64_t at = elf_append(b, section, &r, sizeof r);

#define AT(field) (at + offsetof(struct helix_module_record, field))
	point_string(b, section, AT(name), fields->name);
	point_string(b, section, AT(description), fields->description);
	point_string(b, section, AT(author), fields->author);
	point_string(b, section, AT(license), fields->license);
	point_list(b, section, AT(dependencies), fields->dependencies);
	point_list(b, section, AT(provides), fields->provides);
	point_list(b, section, AT(aliases), fields->aliases);
#undef AT
	point_hooks(b, section, fields);
	return section;
}

void elf_param(struct elf_builder *b, const char *name, const char *standard,
	       const char *description, uint32_t type)
{
	const struct helix_param_record r = { .type = type };
	uint32_t section = elf_section_once(b, ".hmod.param", ELF_SHF_ALLOC);
	uint64_t at = elf_append(b, section, &r, sizeof r);

	point_string(b, section, at + offsetof(struct helix_param_record, name), name);
	point_string(b, section, at + offsetof(struct helix_param_record, standard), standard);
	point_string(b, section, at + offsetof(struct helix_param_record, description),
		     description);
}

void elf_export(struct elf_builder *b, uint32_t symbol, const char *ns)
{
	const struct helix_export_record r = { NULL, NULL };
	uint32_t section = elf_section_once(b, ".hmod.export", ELF_SHF_ALLOC);
	uint64_t at = elf_append(b, section, &r, sizeof r);

	elf_relocate(b, section, at, ELF_RELA_INFO(symbol, R_X86_64_64), 0);
	point_string(b, section, at + offsetof(struct helix_export_record, ns), ns);
}
