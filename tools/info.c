/* SPDX-License-Identifier: MIT
 *
 * hmod info: a module's metadata, in modinfo's columns or as JSON.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/tool.h"

static const char *const field_names[] = {
	"filename", "name", "version", "description", "author", "license", "flags",
	"depends", "provides", "alias", "parm", "exports", "abi",
};
#define FIELDS (sizeof field_names / sizeof field_names[0])

struct printer {
	const char *only; /* -F */
	bool json;
	const char *field;
	unsigned fields, values; /* printed: of all, of this field */
};

/* The bytes of one well-formed UTF-8 character, 0 when it is none. */
static unsigned utf8(const unsigned char *c)
{
	unsigned n = *c < 0x80 ? 1 : *c >= 0xc2 && *c < 0xe0 ? 2 : *c >= 0xe0 && *c < 0xf0 ? 3 :
		     *c >= 0xf0 && *c < 0xf5 ? 4 : 0;

	for (unsigned i = 1; i < n; i++)
		if ((c[i] & 0xc0) != 0x80)
			return 0;
	if ((*c == 0xe0 && c[1] < 0xa0) || (*c == 0xed && c[1] > 0x9f) ||
	    (*c == 0xf0 && c[1] < 0x90) || (*c == 0xf4 && c[1] > 0x8f))
		return 0;
	return n;
}

static void json_string(const char *text)
{
	const unsigned char *c = (const unsigned char *)text;

	putchar('"');
	while (*c) {
		unsigned n = utf8(c);

		if (!n)
			printf("\\ufffd");
		else if (*c == '"' || *c == '\\')
			printf("\\%c", *c);
		else if (*c < ' ' || *c == 0x7f)
			printf("\\u%04x", *c);
		else
			printf("%.*s", (int)n, (const char *)c);
		c += n ? n : 1;
	}
	putchar('"');
}

/* ---- fields, their values ------------------------------------------------------- */

static bool begin(struct printer *p, const char *field, bool many)
{
	if (p->only && strcmp(p->only, field))
		return false;
	p->field = field;
	p->values = 0;
	if (p->json)
		printf("%s\n  \"%s\": %s", p->fields ? "," : "", field, many ? "[" : "");
	p->fields++;
	return true;
}

static void end(struct printer *p)
{
	if (p->json)
		putchar(']');
}

/* What stands before a value. */
static void lead(struct printer *p)
{
	if (p->json && p->values)
		printf(", ");
	else if (!p->json && !p->only)
		printf("%s:%*s", p->field, (int)(15 - strlen(p->field)), "");
	p->values++;
}

static void value(struct printer *p, const char *text)
{
	lead(p);
	if (p->json)
		json_string(text);
	else
		puts(text);
}

static void single(struct printer *p, const char *field, const char *text)
{
	if (begin(p, field, false))
		value(p, text);
}

static void flags(struct printer *p, uint64_t bits)
{
	const char *comma = "";

	if (!begin(p, "flags", true))
		return;
	if (!p->json)
		lead(p);
	for (unsigned bit = 0; hmod_flag_name(bit); bit++) {
		if (!(bits >> bit & 1))
			continue;
		if (p->json)
			value(p, hmod_flag_name(bit));
		else
			printf("%s%s", comma, hmod_flag_name(bit));
		comma = ",";
	}
	if (!p->json)
		putchar('\n');
	end(p);
}

static void dependencies(struct printer *p, const struct hmod_meta *meta)
{
	char versions[HMOD_CONSTRAINT_TEXT], text[160];

	if (!begin(p, "depends", true))
		return;
	for (uint32_t i = 0; i < meta->header->dependency_count; i++) {
		const struct hmod_flat_dependency *d = &meta->dependencies[i];
		bool any = !d->least && d->most == HMOD_VERSION_ANY;

		hmod_constraint_text(d->least, d->most, versions, sizeof versions);
		snprintf(text, sizeof text, "%s%s%s%s%s",
			 d->flags & HMOD_DEPENDENCY_OPTIONAL ? "?" : "",
			 d->flags & HMOD_DEPENDENCY_CAPABILITY ? "cap:" : "",
			 hmod_meta_string(meta, d->name), any ? "" : " ", any ? "" : versions);
		value(p, text);
	}
	end(p);
}

static void strings(struct printer *p, const char *field, const struct hmod_meta *meta,
		    const uint32_t *offsets, uint32_t count)
{
	if (!begin(p, field, true))
		return;
	for (uint32_t i = 0; i < count; i++)
		value(p, hmod_meta_string(meta, offsets[i]));
	end(p);
}

static void param_json(const struct hmod_meta *meta, const struct hmod_flat_param *param)
{
	printf("{\"name\": ");
	json_string(hmod_meta_string(meta, param->name));
	printf(", \"type\": \"%s\", \"default\": ", hmod_param_type_name(param->type));
	json_string(hmod_meta_string(meta, param->standard));
	printf(", \"description\": ");
	json_string(hmod_meta_string(meta, param->description));
	putchar('}');
}

static void params(struct printer *p, const struct hmod_meta *meta)
{
	if (!begin(p, "parm", true))
		return;
	for (uint32_t i = 0; i < meta->header->param_count; i++) {
		const struct hmod_flat_param *param = &meta->params[i];

		lead(p);
		if (p->json)
			param_json(meta, param);
		else
			printf("%s:%s (%s)\n", hmod_meta_string(meta, param->name),
			       hmod_meta_string(meta, param->description),
			       hmod_param_type_name(param->type));
	}
	end(p);
}

static void exports(struct printer *p, const struct hmod_image *image)
{
	struct hmod_export_cursor cursor = { 0 };
	struct hmod_export export;

	if (!begin(p, "exports", true))
		return;
	while (!hmod_export_next(image, &cursor, &export, NULL))
		value(p, export.name);
	end(p);
}

static void print(struct printer *p, const char *path, const struct module *module)
{
	const struct hmod_meta *meta = &module->meta;
	char version[HMOD_VERSION_TEXT], abi[16];

	hmod_version_text(meta->header->version, version);
	snprintf(abi, sizeof abi, "%u.%u", meta->header->abi_major, meta->header->abi_minor);
	single(p, "filename", path);
	single(p, "name", meta->name);
	single(p, "version", version);
	single(p, "description", meta->description);
	single(p, "author", meta->author);
	single(p, "license", meta->license);
	flags(p, meta->header->flags);
	dependencies(p, meta);
	strings(p, "provides", meta, meta->provides, meta->header->provide_count);
	strings(p, "alias", meta, meta->aliases, meta->header->alias_count);
	params(p, meta);
	exports(p, &module->image);
	single(p, "abi", abi);
}

static int show(struct printer *p, const char *path)
{
	struct module module;
	struct bytes file;
	bool good;

	if (!read_inflated(path, &file))
		return EXIT_REFUSED;
	good = module_open(path, file, &module);
	if (good) {
		if (p->json)
			putchar('{');
		print(p, path, &module);
		if (p->json)
			printf("\n}\n");
		module_close(&module);
	}
	free(file.data);
	return good ? 0 : EXIT_REFUSED;
}

static bool is_field(const char *name)
{
	size_t i = 0;

	while (i < FIELDS && strcmp(name, field_names[i]))
		i++;
	return i < FIELDS;
}

int run_info(int argc, char **argv)
{
	struct printer printer = { .only = NULL };
	const char *path = NULL;

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "-F")) {
			if (!(printer.only = option_value("info", argv, &i)))
				return EXIT_USAGE;
		} else if (!strcmp(argv[i], "--json")) {
			printer.json = true;
		} else if (argv[i][0] == '-' || path) {
			return usage_error("info", "unexpected %s", argv[i]);
		} else {
			path = argv[i];
		}
	}
	if (printer.only && !is_field(printer.only))
		return usage_error("info", "no field is named %s", printer.only);
	return path ? show(&printer, path) : usage_error("info", "no module given");
}
