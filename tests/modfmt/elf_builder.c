/* SPDX-License-Identifier: MIT
 *
 * The builder: see elf_builder.h. Sections grow on the heap and are laid out
 * once, when the file is finished.
 */
#include "modfmt/elf_builder.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

struct buffer {
	uint8_t *bytes;
	size_t size, room;
};

struct part {
	const char *name;
	struct elf64_section header;
	struct buffer data;
	struct elf64_rela *relas;
	size_t rela_count;
	uint32_t symbol; /* its section symbol, or 0 */
};

struct elf_builder {
	struct part *parts; /* [0] is the null section */
	uint32_t count;
	struct elf64_symbol *symbols;
	uint32_t *indices; /* of the symbols' sections */
	uint32_t symbol_count;
	struct buffer strings, section_names;
	bool extended, backwards, relas_backwards, split;
};

static size_t grow(struct buffer *buffer, const void *bytes, size_t size)
{
	size_t at = buffer->size;

	if (!size)
		return at;
	if (buffer->room < at + size) {
		buffer->room = 2 * (at + size);
		buffer->bytes = realloc(buffer->bytes, buffer->room);
		if (!buffer->bytes)
			ck_abort_msg("no memory for the test");
	}
	if (bytes)
		memcpy(buffer->bytes + at, bytes, size);
	else
		memset(buffer->bytes + at, 0, size);
	buffer->size = at + size;
	return at;
}

static void align(struct buffer *buffer, size_t to)
{
	grow(buffer, NULL, (to - buffer->size % to) % to);
}

struct elf_builder *elf_new(void)
{
	struct elf_builder *b = calloc(1, sizeof *b);

	ck_assert_ptr_nonnull(b);
	elf_section(b, "", ELF_SHT_NULL, 0, 0);
	grow(&b->strings, "", 1);
	elf_symbol(b, NULL, 0, ELF_SHN_UNDEF, 0);
	return b;
}

void elf_use_extended(struct elf_builder *b)
{
	b->extended = true;
}

void elf_order_backwards(struct elf_builder *b)
{
	b->backwards = true;
}

void elf_relas_backwards(struct elf_builder *b)
{
	b->relas_backwards = true;
}

void elf_split_relas(struct elf_builder *b)
{
	b->split = true;
}

uint32_t elf_section(struct elf_builder *b, const char *name, uint32_t type, uint64_t flags,
		     uint64_t alignment)
{
	struct part *part;

	if ((b->count & (b->count - 1)) == 0)
		b->parts = realloc(b->parts, 2 * (b->count + 1) * sizeof *b->parts);
	part = &b->parts[b->count];
	memset(part, 0, sizeof *part);
	part->name = name;
	part->header.type = type;
	part->header.flags = flags;
	part->header.addralign = alignment;
	return b->count++;
}

uint32_t elf_section_once(struct elf_builder *b, const char *name, uint64_t flags)
{
	for (uint32_t i = 1; i < b->count; i++)
		if (!strcmp(b->parts[i].name, name))
			return i;
	return elf_section(b, name, ELF_SHT_PROGBITS, flags, 8);
}

uint64_t elf_append(struct elf_builder *b, uint32_t section, const void *bytes, size_t size)
{
	align(&b->parts[section].data, 8);
	return grow(&b->parts[section].data, bytes, size);
}

uint64_t elf_append_string(struct elf_builder *b, uint32_t section, const char *text)
{
	return grow(&b->parts[section].data, text, strlen(text) + 1);
}

void elf_reserve(struct elf_builder *b, uint32_t section, uint64_t size)
{
	b->parts[section].header.size += size;
}

uint32_t elf_symbol(struct elf_builder *b, const char *name, unsigned info, uint32_t section,
		    uint64_t value)
{
	uint32_t i = b->symbol_count++;
	struct elf64_symbol *s;

	if ((i & (i - 1)) == 0) {
		b->symbols = realloc(b->symbols, 2 * (i + 1) * sizeof *b->symbols);
		b->indices = realloc(b->indices, 2 * (i + 1) * sizeof *b->indices);
	}
	s = &b->symbols[i];
	memset(s, 0, sizeof *s);
	if (name)
		s->name = (uint32_t)grow(&b->strings, name, strlen(name) + 1);
	s->info = (uint8_t)info;
	s->shndx = (uint16_t)section;
	s->value = value;
	b->indices[i] = section;
	return i;
}

uint32_t elf_section_symbol(struct elf_builder *b, uint32_t section)
{
	if (!b->parts[section].symbol)
		b->parts[section].symbol =
			elf_symbol(b, NULL, ELF_STT_SECTION, section, 0);
	return b->parts[section].symbol;
}

void elf_relocate(struct elf_builder *b, uint32_t section, uint64_t offset, uint64_t info,
		  int64_t addend)
{
	struct part *part = &b->parts[section];

	if ((part->rela_count & (part->rela_count - 1)) == 0)
		part->relas = realloc(part->relas, 2 * (part->rela_count + 1) * sizeof *part->relas);
	part->relas[part->rela_count++] = (struct elf64_rela){ offset, info, addend };
}

/* ---- finishing --------------------------------------------------------------- */

static int by_offset(const void *a, const void *b)
{
	const struct elf64_rela *x = a, *y = b;

	return x->offset < y->offset ? -1 : x->offset > y->offset;
}

/* One RELA section with the entries [from, to) of `target`. */
static void add_relas(struct elf_builder *b, uint32_t target, size_t from, size_t to)
{
	const size_t length = strlen(b->parts[target].name);
	char *name = malloc(length + 6); /* kept by the part, freed with it */
	uint32_t i;

	ck_assert_ptr_nonnull(name);
	memcpy(name, ".rela", 5);
	memcpy(name + 5, b->parts[target].name, length + 1);
	i = elf_section(b, name, ELF_SHT_RELA, ELF_SHF_INFO_LINK, 8);
	b->parts[i].header.info = target;
	b->parts[i].header.entsize = sizeof(struct elf64_rela);
	grow(&b->parts[i].data, b->parts[target].relas + from,
	     (to - from) * sizeof(struct elf64_rela));
}

static void reverse(struct elf64_rela *relas, size_t count)
{
	for (size_t i = 0; i < count / 2; i++) {
		struct elf64_rela kept = relas[i];

		relas[i] = relas[count - 1 - i];
		relas[count - 1 - i] = kept;
	}
}

static void add_all_relas(struct elf_builder *b)
{
	const uint32_t own = b->count;

	for (uint32_t i = 1; i < own; i++) {
		size_t count = b->parts[i].rela_count, half = b->split ? count / 2 : 0;

		if (!count)
			continue;
		qsort(b->parts[i].relas, count, sizeof(struct elf64_rela), by_offset);
		if (b->relas_backwards)
			reverse(b->parts[i].relas, count);
		if (half)
			add_relas(b, i, 0, half);
		add_relas(b, i, half, count);
	}
}

static uint32_t first_global(const struct elf_builder *b)
{
	uint32_t i = 0;

	while (i < b->symbol_count && elf64_symbol_bind(&b->symbols[i]) == ELF_STB_LOCAL)
		i++;
	return i;
}

/* Symbol table, string table and, if wanted, the extended indices. */
static uint32_t add_symbols(struct elf_builder *b)
{
	uint32_t symtab = elf_section(b, ".symtab", ELF_SHT_SYMTAB, 0, 8);
	uint32_t strtab = elf_section(b, ".strtab", ELF_SHT_STRTAB, 0, 1);
	struct elf64_section *h = &b->parts[symtab].header;

	h->link = strtab;
	h->info = first_global(b);
	h->entsize = sizeof(struct elf64_symbol);
	if (b->extended) {
		uint32_t i = elf_section(b, ".symtab_shndx", ELF_SHT_SYMTAB_SHNDX, 0, 4);

		b->parts[i].header.link = symtab;
		b->parts[i].header.entsize = 4;
		for (uint32_t k = 0; k < b->symbol_count; k++)
			if (b->indices[k] && (b->indices[k] < ELF_SHN_LORESERVE ||
					      b->indices[k] > ELF_SHN_XINDEX))
				b->symbols[k].shndx = ELF_SHN_XINDEX;
		grow(&b->parts[i].data, b->indices, b->symbol_count * sizeof *b->indices);
	}
	grow(&b->parts[symtab].data, b->symbols, b->symbol_count * sizeof *b->symbols);
	grow(&b->parts[strtab].data, b->strings.bytes, b->strings.size);
	for (uint32_t i = 1; i < b->count; i++)
		if (b->parts[i].header.type == ELF_SHT_RELA)
			b->parts[i].header.link = symtab;
	return symtab;
}

static void place(struct part *part, struct buffer *file)
{
	struct elf64_section *h = &part->header;

	if (h->type == ELF_SHT_NULL)
		return;
	align(file, h->addralign > 16 ? 16 : h->addralign ? (size_t)h->addralign : 1);
	h->offset = file->size;
	if (h->type == ELF_SHT_NOBITS)
		return;
	h->size = part->data.size;
	grow(file, part->data.bytes, part->data.size);
}

static void write_header(struct elf_builder *b, struct buffer *file, uint32_t names)
{
	static const uint8_t ident[16] = { 0x7f, 'E', 'L', 'F', ELF_CLASS_64, ELF_DATA_LSB, 1 };
	struct elf64_header h = { .type = ELF_TYPE_REL, .machine = ELF_MACHINE_X86_64,
				  .version = 1, .ehsize = sizeof h,
				  .shentsize = sizeof(struct elf64_section) };

	memcpy(h.ident, ident, sizeof ident);
	h.shoff = file->size;
	if (b->extended) {
		b->parts[0].header.size = b->count;
		b->parts[0].header.link = names;
	}
	h.shnum = b->extended ? 0 : (uint16_t)b->count;
	h.shstrndx = b->extended ? ELF_SHN_XINDEX : (uint16_t)names;
	memcpy(file->bytes, &h, sizeof h);
	for (uint32_t i = 0; i < b->count; i++)
		grow(file, &b->parts[i].header, sizeof b->parts[i].header);
}

static void release(struct elf_builder *b)
{
	for (uint32_t i = 0; i < b->count; i++) {
		if (b->parts[i].header.type == ELF_SHT_RELA && b->parts[i].header.info)
			free((char *)(uintptr_t)b->parts[i].name);
		free(b->parts[i].data.bytes);
		free(b->parts[i].relas);
	}
	free(b->parts);
	free(b->symbols);
	free(b->indices);
	free(b->strings.bytes);
	free(b->section_names.bytes);
	free(b);
}

struct hmod_span elf_finish(struct elf_builder *b)
{
	struct buffer file = { 0 };
	uint32_t names;

	add_all_relas(b);
	add_symbols(b);
	names = elf_section(b, ".shstrtab", ELF_SHT_STRTAB, 0, 1);
	for (uint32_t i = 0; i < b->count; i++)
		b->parts[i].header.name = (uint32_t)grow(&b->section_names, b->parts[i].name,
							 strlen(b->parts[i].name) + 1);
	grow(&b->parts[names].data, b->section_names.bytes, b->section_names.size);
	grow(&file, NULL, sizeof(struct elf64_header));
	for (uint32_t i = 0; i < b->count; i++)
		place(&b->parts[b->backwards ? b->count - 1 - i : i], &file);
	align(&file, 8);
	write_header(b, &file, names);
	release(b);
	file.bytes = realloc(file.bytes, file.size); /* not a byte more */
	return (struct hmod_span){ file.bytes, file.size };
}

void elf_discard(struct hmod_span file)
{
	free((void *)(uintptr_t)file.data);
}

/* ---- reading back --------------------------------------------------------------- */

struct elf64_header *elf_header(struct hmod_span file)
{
	return (void *)(uintptr_t)file.data;
}

static struct elf64_section *section_at(struct hmod_span file, uint32_t i)
{
	return (struct elf64_section *)(void *)((uintptr_t)file.data + elf_header(file)->shoff) + i;
}

uint32_t elf_find_index(struct hmod_span file, const char *name)
{
	const struct elf64_header *h = elf_header(file);
	uint32_t count = h->shnum ? h->shnum : (uint32_t)section_at(file, 0)->size;
	uint32_t names = h->shnum ? h->shstrndx : section_at(file, 0)->link;
	const char *text = (const char *)file.data + section_at(file, names)->offset;

	for (uint32_t i = 1; i < count; i++)
		if (!strcmp(text + section_at(file, i)->name, name))
			return i;
	ck_abort_msg("no section %s", name);
	return 0;
}

struct elf64_section *elf_find(struct hmod_span file, const char *name)
{
	return section_at(file, elf_find_index(file, name));
}

void *elf_bytes(struct hmod_span file, const char *name)
{
	return (void *)((uintptr_t)file.data + elf_find(file, name)->offset);
}

struct elf64_symbol *elf_find_symbol(struct hmod_span file, const char *name)
{
	struct elf64_symbol *s = elf_bytes(file, ".symtab");
	uint64_t count = elf_find(file, ".symtab")->size / sizeof *s;

	for (uint64_t i = 1; i < count; i++)
		if (!strcmp((const char *)elf_bytes(file, ".strtab") + s[i].name, name))
			return &s[i];
	ck_abort_msg("no symbol %s", name);
	return NULL;
}
