/* SPDX-License-Identifier: MIT
 *
 * hmod check: what the kernel would refuse, in its words; what two readers see
 * differently; and what is merely disliked.
 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helix/module_v1.h"
#include "tools/judge.h"
#include "tools/tool.h"

#define ZEROED_MUCH (UINT64_C(1) << 20) /* bytes of .bss that are worth a word */

struct checked {
	const char *path;
	struct bytes bytes;
	struct module module;
	bool good; /* module is open */
};

/* ---- what is disliked ------------------------------------------------------------- */

static void dislike(const struct checked *c, const char *what)
{
	printf("%s: warning: %s\n", c->path, what);
}

/* A field that was not given has a default; the record tells, by a relocation. */
static bool gives(const struct hmod_image *image, uint64_t field)
{
	for (uint32_t i = 1; i < image->section_count; i++) {
		const struct elf64_rela *relas;
		uint64_t count;

		if (image->sections[i].type != ELF_SHT_RELA ||
		    image->sections[i].info != image->record)
			continue;
		relas = hmod_section_relas(image, i, &count);
		for (uint64_t k = 0; k < count; k++)
			if (relas[k].offset == field)
				return true;
	}
	return false;
}

static void look_at_sections(const struct checked *c)
{
	const struct hmod_image *image = &c->module.image;
	uint64_t zeroed = 0, debug = 0;
	char text[160];

	for (uint32_t i = 1; i < image->section_count; i++) {
		if (hmod_section_loaded(image, i) && image->sections[i].type == ELF_SHT_NOBITS)
			zeroed += image->sections[i].size;
		if (!strncmp(hmod_section_name(image, i), ".debug_", 7))
			debug += image->sections[i].size;
	}
	snprintf(text, sizeof text, "%llu bytes of zeroed data (.bss) are taken for as long as it is "
				    "loaded; helix_alloc takes memory when it is needed",
		 (unsigned long long)zeroed);
	if (zeroed > ZEROED_MUCH)
		dislike(c, text);
	snprintf(text, sizeof text, "%llu bytes of debug information are in it; hmod link --strip "
				    "puts them into a file beside it", (unsigned long long)debug);
	if (debug)
		dislike(c, text);
}

static void look_at_flags(const struct checked *c)
{
	const uint64_t flags = c->module.meta.header->flags;

	if (flags & HELIX_EXPERIMENTAL)
		dislike(c, "it is experimental: only experimental=1 or insmod -f load it");
	if (flags & HELIX_DEPRECATED)
		dislike(c, "it is deprecated");
}

/* ---- unused dependencies, as far as the other files tell ----------------------------- */

static const struct checked *find(const struct checked *all, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (all[i].good && !strcmp(all[i].module.meta.name, name))
			return &all[i];
	return NULL;
}

static bool imports(const struct hmod_image *image, const char *name)
{
	for (uint32_t i = 1; i < image->symbol_count; i++)
		if (image->symbols[i].shndx == ELF_SHN_UNDEF &&
		    !strcmp(hmod_symbol_name(image, i), name))
			return true;
	return false;
}

/* Or could, in a way that no import shows. */
static bool uses(const struct checked *c, const struct checked *other)
{
	struct hmod_export_cursor cursor = { .entry = 0 };
	struct hmod_reference hooks[HMOD_HOOKS];
	struct hmod_export export;

	if (other->module.meta.header->interface_count ||
	    hmod_hooks_read(&other->module.image, hooks, NULL) ||
	    hooks[HMOD_HOOK_REQUEST].symbol || hooks[HMOD_HOOK_MESSAGE].symbol)
		return true;
	while (!hmod_export_next(&other->module.image, &cursor, &export, NULL))
		if (imports(&c->module.image, export.name))
			return true;
	return false;
}

static void look_at_dependencies(const struct checked *c, const struct checked *all, size_t count)
{
	const struct hmod_meta *meta = &c->module.meta;
	char text[HELIX_NAME_MAX + 100];

	for (uint32_t i = 0; i < meta->header->dependency_count; i++) {
		const char *name = hmod_meta_string(meta, meta->dependencies[i].name);
		const struct checked *other = find(all, count, name);

		if (!other || uses(c, other))
			continue;
		snprintf(text, sizeof text, "it depends on %s, and uses nothing of it", name);
		dislike(c, text);
	}
}

static void lint(const struct checked *c, const struct checked *all, size_t count)
{
	const bool v1 = c->module.meta.header->api == HELIX_RECORD_FORMAT_V1;

	if (!gives(&c->module.image, v1 ? offsetof(struct helix_module_v1_record, license) :
					  offsetof(struct helix_module_record, license)))
		dislike(c, "no license is given; MIT is assumed");
	look_at_sections(c);
	look_at_flags(c);
	look_at_dependencies(c, all, count);
}

/* ---- what is refused -------------------------------------------------------------------- */

/* The kernel's loader first: what it says is the verdict. The rest must agree. */
static bool check(struct judge *judge, struct checked *c)
{
	char *why;
	bool good;

	if (!read_inflated(c->path, &c->bytes))
		return false;
	good = judge_file(judge, (struct hmod_span){ c->bytes.data, c->bytes.size }, &why);
	if (why)
		refuse(c->path, "%s", why);
	free(why);
	c->good = good && module_open(c->path, c->bytes, &c->module);
	return c->good && libelf_agrees(c->path, &c->module.image);
}

int run_check(int argc, char **argv)
{
	struct checked *all = calloc((size_t)argc + 1, sizeof *all);
	struct judge judge;
	int status = 0, i;

	for (i = 1; i < argc; i++)
		if (argv[i][0] == '-')
			return usage_error("check", "unexpected %s", argv[i]);
	if (argc < 2)
		return usage_error("check", "no module given");
	if (!all)
		return refuse(argv[1], "out of memory");
	if (!judge_open(&judge))
		return EXIT_REFUSED;
	for (i = 1; i < argc; i++) {
		all[i - 1].path = argv[i];
		if (!check(&judge, &all[i - 1]))
			status = EXIT_REFUSED;
	}
	for (i = 0; i < argc - 1; i++)
		if (all[i].good)
			lint(&all[i], all, (size_t)argc - 1);
	for (i = 0; i < argc - 1; i++) {
		if (all[i].good)
			module_close(&all[i].module);
		free(all[i].bytes.data);
	}
	judge_close(&judge);
	free(all);
	return status;
}
