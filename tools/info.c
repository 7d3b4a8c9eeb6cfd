/* SPDX-License-Identifier: MIT
 *
 * hmod info: a module's metadata, in modinfo's columns or as JSON.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/tool.h"

struct printer {
	const char *only; /* -F */
	bool json;
	unsigned printed;
};

static void print_json_string(const char *text)
{
	putchar('"');
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			putchar('\\');
		putchar(*text);
	}
	putchar('"');
}

static void field(struct printer *p, const char *name, const char *value)
{
	if (p->only && strcmp(p->only, name))
		return;
	if (p->json) {
		printf("%s\n  [", p->printed ? "," : "");
		print_json_string(name);
		printf(", ");
		print_json_string(value);
		printf("]");
	} else if (p->only) {
		puts(value);
	} else {
		printf("%s:%*s%s\n", name, (int)(15 - strlen(name)), "", value);
	}
	p->printed++;
}

static void dependencies(struct printer *p, const struct hmod_meta *meta)
{
	char versions[HMOD_CONSTRAINT_TEXT], text[160];

	for (uint32_t i = 0; i < meta->header->dependency_count; i++) {
		const struct hmod_flat_dependency *d = &meta->dependencies[i];
		bool any = !d->least && d->most == HMOD_VERSION_ANY;

		hmod_constraint_text(d->least, d->most, versions, sizeof versions);
		snprintf(text, sizeof text, "%s%s%s%s%s",
			 d->flags & HMOD_DEPENDENCY_OPTIONAL ? "?" : "",
			 d->flags & HMOD_DEPENDENCY_CAPABILITY ? "cap:" : "",
			 hmod_meta_string(meta, d->name), any ? "" : " ", any ? "" : versions);
		field(p, "depends", text);
	}
}

static void params(struct printer *p, const struct hmod_meta *meta)
{
	char text[8400];

	for (uint32_t i = 0; i < meta->header->param_count; i++) {
		snprintf(text, sizeof text, "%s:%s (%s)",
			 hmod_meta_string(meta, meta->params[i].name),
			 hmod_meta_string(meta, meta->params[i].description),
			 hmod_param_type_name(meta->params[i].type));
		field(p, "parm", text);
	}
}

static void flags(struct printer *p, uint64_t bits)
{
	char text[256] = "";

	for (unsigned bit = 0; hmod_flag_name(bit); bit++)
		if (bits >> bit & 1) {
			strcat(text, *text ? "," : "");
			strcat(text, hmod_flag_name(bit));
		}
	field(p, "flags", text);
}

static void print(struct printer *p, const char *path, const struct hmod_image *image,
		  const struct hmod_meta *meta)
{
	struct hmod_export_cursor cursor = { 0 };
	char version[HMOD_VERSION_TEXT], abi[16];
	struct hmod_export export;

	hmod_version_text(meta->header->version, version);
	snprintf(abi, sizeof abi, "%u.%u", meta->header->abi_major, meta->header->abi_minor);
	field(p, "filename", path);
	field(p, "name", meta->name);
	field(p, "version", version);
	field(p, "description", meta->description);
	field(p, "author", meta->author);
	field(p, "license", meta->license);
	flags(p, meta->header->flags);
	field(p, "abi", abi);
	dependencies(p, meta);
	for (uint32_t i = 0; i < meta->header->provide_count; i++)
		field(p, "provides", hmod_meta_string(meta, meta->provides[i]));
	for (uint32_t i = 0; i < meta->header->alias_count; i++)
		field(p, "alias", hmod_meta_string(meta, meta->aliases[i]));
	params(p, meta);
	while (!hmod_export_next(image, &cursor, &export, NULL))
		field(p, "exports", export.name);
}

static int show(struct printer *p, const char *path)
{
	struct hmod_image image;
	struct hmod_meta meta;
	struct bytes file;
	void *table = NULL;
	size_t size;
	bool good;

	if (!read_file(path, true, &file))
		return EXIT_REFUSED;
	good = judge(path, file, &image) && metadata(path, &image, &table, &size, &meta);
	if (good) {
		if (p->json)
			printf("[");
		print(p, path, &image, &meta);
		if (p->json)
			printf("\n]\n");
	}
	free(table);
	free(file.data);
	return good ? 0 : EXIT_REFUSED;
}

int run_info(int argc, char **argv)
{
	struct printer printer = { .only = NULL };
	const char *path = NULL;

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "-F") && i + 1 < argc)
			printer.only = argv[++i];
		else if (!strcmp(argv[i], "--json"))
			printer.json = true;
		else if (argv[i][0] == '-' || path)
			return usage_error("info", "unexpected %s", argv[i]);
		else
			path = argv[i];
	}
	return path ? show(&printer, path) : usage_error("info", "no module given");
}
