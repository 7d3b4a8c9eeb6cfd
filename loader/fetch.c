/* SPDX-License-Identifier: MIT
 *
 * From a registered module to its loaded object: the file is got, checked to be
 * the one that was registered, and given to the stages of loading.
 */
#include "loader/internal.h"

static const char *owner_name(void *ctx, const void *owner)
{
	(void)ctx;
	return owner ? ((const struct hload_module *)owner)->meta.name : "kernel";
}

static bool exports_symbol(const struct hmod_image *image, const char *symbol)
{
	struct hmod_export_cursor cursor = { 0 };
	struct hmod_export export;
	size_t size = hload_length(symbol) + 1;

	while (!hmod_export_next(image, &cursor, &export, NULL))
		if (hload_length(export.name) + 1 == size && !memcmp(export.name, symbol, size))
			return true;
	return false;
}

/* Looks through the files of what is registered and not loaded: only asked when
 * a load fails. */
static const char *who_exports(void *ctx, const char *symbol)
{
	struct hload_system *system = ctx;
	const struct hload_host *host = system->outer;

	for (struct hload_module *m = system->first; m && host->file_get; m = m->next) {
		struct hmod_image image;
		struct hmod_span file;
		bool found;

		if (m->state != HLOAD_REGISTERED || !m->path ||
		    host->file_get(host->ctx, m->path, &file, NULL))
			continue;
		found = !hmod_image_open(&image, file.data, file.size, NULL) &&
			exports_symbol(&image, symbol);
		if (host->file_put)
			host->file_put(host->ctx, m->path, file);
		if (found)
			return m->meta.name;
	}
	return NULL;
}

static enum helix_status load_image(struct hload_module *module, const struct hmod_image *image,
				    struct hmod_diag *diag)
{
	struct hload_system *system = module->system;
	struct hload_loading loading = {
		.host = &system->host,
		.exports = &system->exports,
		.owner = module,
		.who_exports = who_exports,
		.owner_name = owner_name,
		.ctx = system,
		.version = module->meta.header->version,
	};

	return hload_object_load(&module->object, &loading, image, diag);
}

/* Opens a file that may hold another module by now than was registered. */
static enum helix_status load(struct hload_module *module, struct hmod_span file,
			      struct hmod_diag *diag)
{
	struct hmod_image image;
	enum helix_status status;

	if ((status = hmod_image_open(&image, file.data, file.size, diag)) ||
	    (status = hload_check_same(module, &image, diag)))
		return status;
	return load_image(module, &image, diag);
}

enum helix_status hload_fetch(struct hload_module *module, const struct hload_insertion *how,
			      struct hmod_diag *diag)
{
	const struct hload_host *host = module->system->outer;
	enum helix_status status;
	struct hmod_span file;

	if (how->image)
		return load_image(module, how->image, diag);
	if (how->file.size)
		return load(module, how->file, diag);
	if (!module->path || !host->file_get) {
		hmod_fail(diag, HELIX_E_IO, HMOD_STAGE_NONE, HMOD_NOWHERE);
		hmod_diag_name(diag, module->meta.name, SIZE_MAX);
		return HELIX_E_IO;
	}
	status = host->file_get(host->ctx, module->path, &file, diag);
	if (status)
		return status;
	status = load(module, file, diag);
	if (host->file_put)
		host->file_put(host->ctx, module->path, file);
	return status;
}
