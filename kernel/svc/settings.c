/* SPDX-License-Identifier: MIT
 *
 * What a module is started with: see settings.h.
 */
#include "kernel/svc/settings.h"

#include "kernel/core/kernel.h"
#include "kernel/core/log.h"
#include "kernel/core/string.h"
#include "kernel/mm/mm.h"
#include "kernel/svc/files.h"
#include "kernel/svc/modules.h"

#define CONF "/etc/modules.conf"
#define SETTINGS_MAX 64 /* of one module, all sources together */

struct settings {
	const char *module; /* normalised name */
	struct hload_setting list[SETTINGS_MAX];
	char *text[2 * SETTINGS_MAX]; /* what was allocated */
	size_t count, texts;
	bool full;
};

static char *keep(struct settings *s, const void *bytes, size_t size)
{
	char *copy = s->texts < 2 * SETTINGS_MAX ? kmalloc(size + 1) : NULL;

	if (!copy)
		return NULL;
	memcpy(copy, bytes, size);
	copy[size] = 0;
	s->text[s->texts++] = copy;
	return copy;
}

static void add(struct settings *s, struct hmod_span key, struct hmod_span value)
{
	struct hload_setting *setting = &s->list[s->count];

	if (s->count == SETTINGS_MAX || !(setting->key = keep(s, key.data, key.size)) ||
	    !(setting->value = keep(s, value.data, value.size)))
		s->full = true;
	else
		s->count++;
}

bool settings_same_module(const char *normal, struct hmod_span name)
{
	char other[HELIX_NAME_MAX + 1];

	return !hmod_name_normalise((const char *)name.data, name.size, false, other) &&
	       !strcmp(normal, other);
}

bool settings_conf_open(struct conf_reader *reader)
{
	const struct file *file = file_find(CONF);

	memset(reader, 0, sizeof *reader);
	if (file)
		reader->text = file->data;
	return file;
}

static void add_conf(struct settings *s, enum conf_directive directive)
{
	struct hmod_span key, value;
	struct conf_reader reader;
	struct conf_line line;
	const char *wrong;

	if (!settings_conf_open(&reader))
		return;
	while (conf_next(&reader, &line))
		if (line.directive == directive && settings_same_module(s->module, line.name))
			while (conf_setting(&line.settings, &key, &value, &wrong))
				add(s, key, value);
}

static void add_word(void *ctx, const char *module, const char *key, const char *value)
{
	struct settings *s = ctx;
	struct hmod_span name = { (const uint8_t *)module, strlen(module) };

	if (settings_same_module(s->module, name))
		add(s, (struct hmod_span){ (const uint8_t *)key, strlen(key) },
		    (struct hmod_span){ (const uint8_t *)value, strlen(value) });
}

static bool listed(const char *list, const char *name)
{
	char other[HELIX_NAME_MAX + 1];

	while (*list) {
		size_t n = 0;

		while (list[n] && list[n] != ',')
			n++;
		if (!hmod_name_normalise(list, n, false, other) && !strcmp(other, name))
			return true;
		list += n + (list[n] == ',');
	}
	return false;
}

bool settings_nomodule(const char *name)
{
	char list[256];

	return cmdline_get("nomodule", list, sizeof list) && listed(list, name);
}

static enum helix_status fail_disabled(const char *name, struct hmod_diag *diag)
{
	hmod_fail(diag, HELIX_E_DISABLED, HMOD_STAGE_NONE, HMOD_NOWHERE);
	hmod_diag_name(diag, name, SIZE_MAX);
	hmod_diag_other(diag, "nomodule= on the kernel's command line", SIZE_MAX);
	return HELIX_E_DISABLED;
}

/* From weak to strong: options, start, command line, then those given. */
static void collect(struct settings *s, const struct hload_insertion *how)
{
	add_conf(s, CONF_OPTIONS);
	add_conf(s, CONF_START);
	cmdline_each_param(add_word, s);
	for (size_t i = 0; i < how->setting_count; i++)
		if (s->count < SETTINGS_MAX)
			s->list[s->count++] = how->settings[i];
		else
			s->full = true;
}

static enum helix_status insert_with(struct hload_module *module, const struct settings *s,
				     bool force, struct hmod_diag *diag)
{
	const struct hload_insertion how = { .settings = s->list, .setting_count = s->count,
					     .force = force };

	if (!s->full)
		return hload_insert_as(modules, module, &how, diag);
	hmod_fail(diag, HELIX_E_TOO_LARGE, HMOD_STAGE_PARAMETERS, HMOD_NOWHERE);
	hmod_diag_name(diag, "the list of settings", SIZE_MAX);
	hmod_diag_numbers(diag, SETTINGS_MAX, SETTINGS_MAX + 1);
	return HELIX_E_TOO_LARGE;
}

enum helix_status settings_insert(struct hload_module *module, const struct hload_insertion *how,
				  struct hmod_diag *diag)
{
	struct settings *s = kzalloc(sizeof *s);
	enum helix_status status;
	struct hload_info info;
	uint64_t taints;

	hload_info(module, &info);
	if (settings_nomodule(info.meta->name)) {
		kfree(s);
		return fail_disabled(info.meta->name, diag);
	}
	if (!s)
		return hmod_fail(diag, HELIX_E_NO_MEMORY, HMOD_STAGE_PARAMETERS, HMOD_NOWHERE);
	s->module = info.meta->name;
	collect(s, how);
	taints = hload_taints(modules);
	status = insert_with(module, s, how->force, diag);
	if (hload_taints(modules) & ~taints)
		log_line(LOG_WARN, "module: %s taints the kernel: it is experimental", s->module);
	while (s->texts)
		kfree(s->text[--s->texts]);
	kfree(s);
	return status;
}
