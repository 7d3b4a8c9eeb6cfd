/* SPDX-License-Identifier: MIT
 *
 * Relocatable objects made in memory, for tests: sections, symbols,
 * relocations, and a module's records with given fields. Nothing is checked, so
 * that wrong objects can be made too. A mistake in its use ends the test.
 *
 *	struct elf_builder *b = elf_new();
 *	elf_module(b, &(struct elf_module){ .name = "tiny" });
 *	struct hmod_span file = elf_finish(b);	 (b is gone; elf_discard(file))
 */
#ifndef TESTS_MODFMT_ELF_BUILDER_H
#define TESTS_MODFMT_ELF_BUILDER_H

#include "modfmt/image.h"
#include "modfmt/meta.h"

struct elf_builder;

struct elf_builder *elf_new(void);
/* The file, on a heap block of exactly its size: null section, the builder's
 * sections in order of creation, a RELA section for each that is relocated,
 * .symtab, .strtab, .shstrtab; the section table last. Frees the builder. */
struct hmod_span elf_finish(struct elf_builder *builder);
void elf_discard(struct hmod_span file);

/* What a finished file of this builder has besides. */
void elf_use_extended(struct elf_builder *builder); /* XINDEX for counts and symbols */
void elf_order_backwards(struct elf_builder *builder); /* section bytes from last to first */
void elf_relas_backwards(struct elf_builder *builder); /* highest offset first */
void elf_split_relas(struct elf_builder *builder); /* two RELA sections a target */

/* Adds a section; its index. The name is kept as a pointer. */
uint32_t elf_section(struct elf_builder *builder, const char *name, uint32_t type, uint64_t flags,
		     uint64_t align);
/* The PROGBITS section of that name, made at the first call. */
uint32_t elf_section_once(struct elf_builder *builder, const char *name, uint64_t flags);
/* Appends bytes (aligned to 8 first); where they begin in the section. */
uint64_t elf_append(struct elf_builder *builder, uint32_t section, const void *bytes, size_t size);
/* The same with a string, unaligned. */
uint64_t elf_append_string(struct elf_builder *builder, uint32_t section, const char *text);
/* Makes a NOBITS section larger. */
void elf_reserve(struct elf_builder *builder, uint32_t section, uint64_t size);

/* Adds a symbol; its index. `section` may be a reserved index. */
#define ELF_INFO(bind, type) ((unsigned)(bind) << 4 | (unsigned)(type))
uint32_t elf_symbol(struct elf_builder *builder, const char *name, unsigned info, uint32_t section,
		    uint64_t value);
/* The section symbol of `section`, made at the first call. */
uint32_t elf_section_symbol(struct elf_builder *builder, uint32_t section);
#define ELF_RELA_INFO(symbol, type) ((uint64_t)(symbol) << 32 | (uint32_t)(type))
void elf_relocate(struct elf_builder *builder, uint32_t section, uint64_t offset, uint64_t info,
		  int64_t addend);

/* ---- a module's records --------------------------------------------------- */

/* Lists end with NULL; NULL: not given. */
struct elf_module {
	const char *name, *description, *author, *license;
	uint64_t version, flags;
	uint32_t state_version;
	const char *const *dependencies, *const *provides, *const *aliases;
	uint32_t without_hooks; /* bit n: enum hmod_hook n is not given */
	uint32_t with_hooks; /* optional ones that are */
	bool v1; /* format 1: `authors` instead of `author` */
	const char *const *authors;
	uint64_t events;
	uint32_t policy;
};

/* Adds .hmod.module, and .text, .rodata.str and .data.rel.ro for what it points
 * to; the record section's index. */
uint32_t elf_module(struct elf_builder *builder, const struct elf_module *fields);
/* Adds an entry to .hmod.param; NULL texts are not given. */
void elf_param(struct elf_builder *builder, const char *name, const char *standard,
	       const char *description, uint32_t type);
/* The same with a description of its numbers. */
struct elf_param {
	const char *name, *standard, *description;
	uint32_t type, flags;
	uint64_t least, most;
};
void elf_param_full(struct elf_builder *builder, const struct elf_param *fields);
/* Adds an entry to .hmod.export. */
void elf_export(struct elf_builder *builder, uint32_t symbol, const char *ns);
/* One that is deprecated. */
void elf_export_deprecated(struct elf_builder *builder, uint32_t symbol, const char *replacement,
			   uint64_t since, uint64_t removed);

/* What HELIX_INTERFACE gives. */
struct elf_interface {
	const char *name;
	uint16_t major, minor;
	uint32_t count, priority;
	const char *const *names;
	bool message; /* with a function for it */
};
/* Adds an entry to .hmod.interface, and in .data.rel.ro a struct of `count`
 * pointers to functions op0, op1 …; where the struct begins. */
uint64_t elf_interface(struct elf_builder *builder, const struct elf_interface *fields);
/* A symbol of a function of one byte in .text. */
uint32_t elf_function(struct elf_builder *builder, const char *name, unsigned bind);

/* ---- a finished file's own structures, to be spoiled ------------------------- */

struct elf64_header *elf_header(struct hmod_span file);
/* The section of that name; ends the test when there is none. */
struct elf64_section *elf_find(struct hmod_span file, const char *name);
uint32_t elf_find_index(struct hmod_span file, const char *name);
/* The bytes of that section. */
void *elf_bytes(struct hmod_span file, const char *name);
struct elf64_symbol *elf_find_symbol(struct hmod_span file, const char *name);

#endif
