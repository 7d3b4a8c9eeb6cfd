/* SPDX-License-Identifier: MIT
 *
 * hmod info: a module's metadata, in modinfo's columns or as JSON.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/tool.h"

static const char *const field_names[] = {
	"filename", "name", "version", "description", "author", "authors", "license", "flags",
	"depends", "provides", "alias", "interface", "parm", "default", "events", "policy",
	"exports", "deprecated", "api", "abi",
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

/* The names of the bits that are set, on one line or as a list. */
static void bits(struct printer *p, const char *field, uint64_t set,
		 const char *(*name)(unsigned bit))
{
	const char *comma = "";

	if (!begin(p, field, true))
		return;
	if (!p->json)
		lead(p);
	for (unsigned bit = 0; name(bit); bit++) {
		if (!(set >> bit & 1))
			continue;
		if (p->json)
			value(p, name(bit));
		else
			printf("%s%s", comma, name(bit));
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

/* A list that the columns show joined, as author. */
static void authors(struct printer *p, const struct hmod_meta *meta)
{
	if (p->json || p->only)
		strings(p, "authors", meta, meta->authors, meta->header->author_count);
}

/* ---- interfaces ------------------------------------------------------------------ */

static void operations_json(const struct hmod_meta *meta, uint32_t i)
{
	const struct hmod_flat_interface *interface = &meta->interfaces[i];
	const char *name;

	printf("{\"name\": ");
	json_string(hmod_meta_string(meta, interface->name));
	printf(", \"version\": \"%u.%u\", \"count\": %u, \"priority\": %u, \"message\": %s",
	       interface->major, interface->minor, interface->count, interface->priority,
	       interface->flags & HMOD_INTERFACE_MESSAGE ? "true" : "false");
	printf(", \"operations\": [");
	for (uint32_t k = 0; (name = hmod_meta_operation(meta, i, k)); k++) {
		printf("%s", k ? ", " : "");
		json_string(name);
	}
	printf("]}");
}

/* "helix.scheduler 1.0 (pick_next, tick)", or "(2 operations)" without names. */
static void operations_text(const struct hmod_meta *meta, uint32_t i)
{
	const struct hmod_flat_interface *interface = &meta->interfaces[i];
	const char *name;

	printf("%s %u.%u (", hmod_meta_string(meta, interface->name), interface->major,
	       interface->minor);
	for (uint32_t k = 0; (name = hmod_meta_operation(meta, i, k)); k++)
		printf("%s%s", k ? ", " : "", name);
	if (!hmod_meta_operation(meta, i, 0))
		printf("%u operation%s", interface->count, interface->count == 1 ? "" : "s");
	putchar(')');
	if (interface->priority)
		printf(", priority %u", interface->priority);
	if (interface->flags & HMOD_INTERFACE_MESSAGE)
		printf(", messages");
	putchar('\n');
}

static void interfaces(struct printer *p, const struct hmod_meta *meta)
{
	if (!begin(p, "interface", true))
		return;
	for (uint32_t i = 0; i < meta->header->interface_count; i++) {
		lead(p);
		if (p->json)
			operations_json(meta, i);
		else
			operations_text(meta, i);
	}
	end(p);
}

/* ---- parameters ------------------------------------------------------------------ */

/* Numbers of a range are told as JSON's, of an int with their sign. */
static void range_json(const struct hmod_flat_param *param)
{
	if (!(param->flags & HELIX_PARAM_RANGED))
		return;
	if (param->type == HELIX_PARAM_int)
		printf(", \"least\": %lld, \"most\": %lld", (long long)param->least,
		       (long long)param->most);
	else
		printf(", \"least\": %llu, \"most\": %llu", (unsigned long long)param->least,
		       (unsigned long long)param->most);
}

static void param_json(const struct hmod_meta *meta, const struct hmod_flat_param *param)
{
	printf("{\"name\": ");
	json_string(hmod_meta_string(meta, param->name));
	printf(", \"type\": \"%s\", \"default\": ", hmod_param_type_name(param->type));
	json_string(hmod_meta_string(meta, param->standard));
	range_json(param);
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

/* "times=3 (1 to 100)"; in JSON they stand with the parameters. */
static void defaults(struct printer *p, const struct hmod_meta *meta)
{
	char range[HMOD_RANGE_TEXT];

	if (p->json || !begin(p, "default", true))
		return;
	for (uint32_t i = 0; i < meta->header->param_count; i++) {
		const struct hmod_flat_param *param = &meta->params[i];

		hmod_param_range_text(param, range);
		lead(p);
		printf("%s=%s%s%s%s\n", hmod_meta_string(meta, param->name),
		       hmod_meta_string(meta, param->standard), range[0] ? " (" : "", range,
		       range[0] ? ")" : "");
	}
	end(p);
}

/* ---- what the file alone says ------------------------------------------------------ */

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

static void deprecated_json(const struct hmod_export *export)
{
	char since[HMOD_VERSION_TEXT], removed[HMOD_VERSION_TEXT];

	hmod_version_text(export->since, since);
	hmod_version_text(export->removed, removed);
	printf("{\"name\": ");
	json_string(export->name);
	printf(", \"replacement\": ");
	json_string(export->replacement);
	printf(", \"since\": \"%s\"", since);
	if (export->removed)
		printf(", \"removed\": \"%s\"", removed);
	putchar('}');
}

/* "old: use new (since 1.2.0, removed in 2.0.0)" */
static void deprecated_text(const struct hmod_export *export)
{
	char since[HMOD_VERSION_TEXT], removed[HMOD_VERSION_TEXT];

	hmod_version_text(export->since, since);
	hmod_version_text(export->removed, removed);
	printf("%s: use %s (since %s%s%s)\n", export->name, export->replacement, since,
	       export->removed ? ", removed in " : "", export->removed ? removed : "");
}

static void deprecated(struct printer *p, const struct hmod_image *image)
{
	struct hmod_export_cursor cursor = { 0 };
	struct hmod_export export;

	if (!begin(p, "deprecated", true))
		return;
	while (!hmod_export_next(image, &cursor, &export, NULL)) {
		if (!export.replacement)
			continue;
		lead(p);
		if (p->json)
			deprecated_json(&export);
		else
			deprecated_text(&export);
	}
	end(p);
}

/* The events that will be delivered: none without a hook for them. */
static uint64_t events_wanted(const struct module *module)
{
	struct hmod_reference hooks[HMOD_HOOKS];

	if (hmod_hooks_read(&module->image, hooks, NULL) || !hooks[HMOD_HOOK_EVENT].symbol)
		return 0;
	return module->meta.header->events ? module->meta.header->events : HELIX_EVENTS_DEFAULT;
}

static void print(struct printer *p, const char *path, const struct module *module)
{
	const struct hmod_meta *meta = &module->meta;
	char version[HMOD_VERSION_TEXT], api[16], abi[16];

	hmod_version_text(meta->header->version, version);
	snprintf(api, sizeof api, "%u", meta->header->api);
	snprintf(abi, sizeof abi, "%u.%u", meta->header->abi_major, meta->header->abi_minor);
	single(p, "filename", path);
	single(p, "name", meta->name);
	single(p, "version", version);
	single(p, "description", meta->description);
	single(p, "author", meta->author);
	authors(p, meta);
	single(p, "license", meta->license);
	bits(p, "flags", meta->header->flags, hmod_flag_name);
	dependencies(p, meta);
	strings(p, "provides", meta, meta->provides, meta->header->provide_count);
	strings(p, "alias", meta, meta->aliases, meta->header->alias_count);
	interfaces(p, meta);
	params(p, meta);
	defaults(p, meta);
	bits(p, "events", events_wanted(module), hmod_event_name);
	single(p, "policy", hmod_policy_name(meta->header->policy));
	exports(p, &module->image);
	deprecated(p, &module->image);
	single(p, "api", api);
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
