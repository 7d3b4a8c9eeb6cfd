/* SPDX-License-Identifier: MIT
 *
 * A second opinion: libelf reads the file too, and must see what modfmt sees.
 */
#include <gelf.h>
#include <string.h>

#include "tools/tool.h"

struct reading {
	const char *file;
	const struct hmod_image *image;
	Elf *elf;
};

static bool differ(const struct reading *r, const char *what, uint64_t i)
{
	return !refuse(r->file, "modfmt and libelf read it differently: %s %llu", what,
		       (unsigned long long)i);
}

/* libelf has no name for one of an index that it refuses. */
static bool same_name(const char *ours, const char *theirs)
{
	return theirs && !strcmp(ours, theirs);
}

static bool same_section(const struct reading *r, uint32_t i, size_t names)
{
	const struct elf64_section *s = &r->image->sections[i];
	GElf_Shdr h;

	if (!gelf_getshdr(elf_getscn(r->elf, i), &h))
		return false;
	return h.sh_type == s->type && h.sh_flags == s->flags && h.sh_offset == s->offset &&
	       h.sh_size == s->size && h.sh_link == s->link && h.sh_info == s->info &&
	       h.sh_addralign == s->addralign && h.sh_entsize == s->entsize &&
	       same_name(hmod_section_name(r->image, i), elf_strptr(r->elf, names, h.sh_name));
}

static bool same_sections(const struct reading *r)
{
	size_t count, names;

	if (elf_getshdrnum(r->elf, &count) || elf_getshdrstrndx(r->elf, &names) ||
	    count != r->image->section_count)
		return differ(r, "the number of sections,", r->image->section_count);
	for (uint32_t i = 1; i < count; i++)
		if (!same_section(r, i, names))
			return differ(r, "section", i);
	return true;
}

static bool same_symbol(const struct reading *r, Elf_Data *data, uint32_t i)
{
	const struct elf64_symbol *s = &r->image->symbols[i];
	const uint32_t strings = r->image->sections[r->image->symtab].link;
	GElf_Sym sym;

	if (!gelf_getsym(data, (int)i, &sym))
		return false;
	if (sym.st_value != s->value || sym.st_size != s->size || sym.st_shndx != s->shndx ||
	    sym.st_info != s->info || sym.st_other != s->other)
		return false;
	/* modfmt calls a section's symbol by the section's name */
	return elf64_symbol_type(s) == ELF_STT_SECTION ||
	       same_name(hmod_symbol_name(r->image, i), elf_strptr(r->elf, strings, sym.st_name));
}

static bool same_symbols(const struct reading *r)
{
	Elf_Data *data;

	if (!r->image->symtab)
		return true;
	data = elf_getdata(elf_getscn(r->elf, r->image->symtab), NULL);
	if (!data || data->d_size / sizeof(struct elf64_symbol) != r->image->symbol_count)
		return differ(r, "the number of symbols,", r->image->symbol_count);
	for (uint32_t i = 0; i < r->image->symbol_count; i++)
		if (!same_symbol(r, data, i))
			return differ(r, "symbol", i);
	return true;
}

static bool same_relas(const struct reading *r, uint32_t section)
{
	Elf_Data *data = elf_getdata(elf_getscn(r->elf, section), NULL);
	const struct elf64_rela *relas;
	uint64_t count;
	GElf_Rela rela;

	relas = hmod_section_relas(r->image, section, &count);
	if (count && (!data || data->d_size / sizeof *relas != count))
		return differ(r, "the number of relocations in section", section);
	for (uint64_t i = 0; i < count; i++)
		if (!gelf_getrela(data, (int)i, &rela) || rela.r_offset != relas[i].offset ||
		    rela.r_info != relas[i].info || rela.r_addend != relas[i].addend)
			return differ(r, "relocation", i);
	return true;
}

static bool same_all(const struct reading *r)
{
	if (!same_sections(r) || !same_symbols(r))
		return false;
	for (uint32_t i = 1; i < r->image->section_count; i++)
		if (r->image->sections[i].type == ELF_SHT_RELA && !same_relas(r, i))
			return false;
	return true;
}

bool libelf_agrees(const char *file, const struct hmod_image *image)
{
	struct reading r = { .file = file, .image = image };
	bool same;

	if (elf_version(EV_CURRENT) == EV_NONE)
		return !refuse(file, "libelf is too old");
	r.elf = elf_memory((char *)(uintptr_t)image->file.data, image->file.size);
	if (!r.elf)
		return !refuse(file, "libelf cannot read it: %s", elf_errmsg(-1));
	same = same_all(&r);
	elf_end(r.elf);
	return same;
}
