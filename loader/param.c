/* SPDX-License-Identifier: MIT
 *
 * Parameter values, and the functions of the module API that read them.
 */
#include "loader/internal.h"

#include "helix/module.h"

static bool same_name(const char *normal, const char *text)
{
	while (*normal && *normal == (*text == '-' ? '_' : *text))
		normal++, text++;
	return *normal == *text;
}

/* The index of a declared parameter, or -1. */
static int64_t find(const struct hload_module *module, const char *key)
{
	for (uint32_t i = 0; i < module->meta.header->param_count; i++)
		if (same_name(hmod_meta_string(&module->meta, module->meta.params[i].name), key))
			return i;
	return -1;
}

bool hload_has_param(const struct hload_module *module, const char *key)
{
	return find(module, key) >= 0;
}

/* The phrase of PARAM_VALUE: 'x' is not …, or 'x' is out of range, 1 to 100. Of
 * a long value the beginning is told. */
static enum helix_status fail_value(const struct hload_setting *setting,
				    const struct hmod_flat_param *param, const char *wrong,
				    struct hmod_diag *diag)
{
	char text[HMOD_DIAG_TEXT], range[HMOD_RANGE_TEXT];
	const char *const parts[] = { "'", setting->value, "' ", wrong, ", ", range };
	size_t at = 0, kept;

	hmod_param_range_text(param, range);
	kept = sizeof text - (range[0] ? 70 : 40);
	for (unsigned i = 0; i < (range[0] ? 6 : 4); i++)
		for (const char *p = parts[i]; *p && at + 1 < (i < 2 ? kept : sizeof text); p++)
			text[at++] = *p;
	text[at] = 0;
	hmod_fail(diag, HELIX_E_PARAM_VALUE, HMOD_STAGE_PARAMETERS, HMOD_NOWHERE);
	hmod_diag_name(diag, setting->key, SIZE_MAX);
	hmod_diag_other(diag, text, SIZE_MAX);
	return HELIX_E_PARAM_VALUE;
}

static void drop(struct hload_module *module, int64_t i)
{
	char *value = module->values[i];

	hload_free(module->system, value, value ? hload_length(value) + 1 : 0);
	module->values[i] = NULL;
}

static enum helix_status set(struct hload_module *module, const struct hload_setting *setting,
			     struct hmod_diag *diag)
{
	int64_t i = find(module, setting->key);
	size_t size = hload_length(setting->value) + 1;
	const char *wrong;
	char *value;

	if (i < 0) {
		hmod_fail(diag, HELIX_E_PARAM_UNKNOWN, HMOD_STAGE_PARAMETERS, HMOD_NOWHERE);
		hmod_diag_name(diag, setting->key, SIZE_MAX);
		return HELIX_E_PARAM_UNKNOWN;
	}
	wrong = hmod_param_value_check(&module->meta.params[i], setting->value);
	if (wrong)
		return fail_value(setting, &module->meta.params[i], wrong, diag);
	value = hload_alloc(module->system, size);
	if (!value)
		return hload_fail_memory(diag, HMOD_STAGE_PARAMETERS, size, "parameters");
	memcpy(value, setting->value, size);
	drop(module, i);
	module->values[i] = value;
	return HELIX_OK;
}

enum helix_status hload_values_set(struct hload_module *module,
				   const struct hload_setting *settings, size_t count,
				   struct hmod_diag *diag)
{
	const size_t bytes = module->meta.header->param_count * sizeof *module->values;
	enum helix_status status = HELIX_OK;

	if (bytes) {
		module->values = hload_alloc(module->system, bytes);
		if (!module->values)
			return hload_fail_memory(diag, HMOD_STAGE_PARAMETERS, bytes,
						 "parameters");
		memset(module->values, 0, bytes);
	}
	for (size_t i = 0; i < count && !status; i++)
		status = set(module, &settings[i], diag);
	return status;
}

void hload_values_free(struct hload_module *module)
{
	const uint32_t count = module->meta.header->param_count;

	if (!module->values)
		return;
	for (uint32_t i = 0; i < count; i++)
		drop(module, i);
	hload_free(module->system, module->values, count * sizeof *module->values);
	module->values = NULL;
}

/* ---- the module API ------------------------------------------------------------- */

static const char *value_of(const struct hload_module *module, int64_t i)
{
	if (module->values && module->values[i])
		return module->values[i];
	return hmod_meta_string(&module->meta, module->meta.params[i].standard);
}

const char *hload_param_value(const struct hload_module *module, uint32_t i)
{
	return value_of(module, i);
}

const char *helix_config(const struct helix_context *ctx, const char *key)
{
	int64_t i = find(ctx->module, key);

	return i < 0 ? NULL : value_of(ctx->module, i);
}

const char *helix_config_or(const struct helix_context *ctx, const char *key,
			    const char *otherwise)
{
	const char *value = helix_config(ctx, key);

	return value ? value : otherwise;
}

uint64_t helix_config_uint(const struct helix_context *ctx, const char *key, uint64_t otherwise)
{
	const char *value = helix_config(ctx, key);
	uint64_t number;

	return value && hmod_param_uint(value, &number) ? number : otherwise;
}

int64_t helix_config_int(const struct helix_context *ctx, const char *key, int64_t otherwise)
{
	const char *value = helix_config(ctx, key);
	int64_t number;

	return value && hmod_param_int(value, &number) ? number : otherwise;
}

bool helix_config_bool(const struct helix_context *ctx, const char *key, bool otherwise)
{
	const char *value = helix_config(ctx, key);
	bool flag;

	return value && hmod_param_bool(value, &flag) ? flag : otherwise;
}

int helix_config_item(const struct helix_context *ctx, const char *key, size_t i, char *item,
		      size_t capacity)
{
	const struct hload_module *module = ctx->module;
	int64_t at = find(module, key);
	size_t length, kept;
	const char *text;

	if (at < 0 || module->meta.params[at].type != HELIX_PARAM_list ||
	    !hmod_param_item(value_of(module, at), i, &text, &length))
		return HELIX_E_NOT_FOUND;
	if (capacity) {
		kept = length < capacity ? length : capacity - 1;
		memcpy(item, text, kept);
		item[kept] = 0;
	}
	return length < INT32_MAX ? (int)length : INT32_MAX;
}

uint64_t helix_module_id(const struct helix_context *ctx)
{
	return ctx->module->id;
}
