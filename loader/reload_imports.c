/* SPDX-License-Identifier: MIT
 *
 * Part of step 1 of a reload: whether the new file still exports all that other
 * modules import from the old one. Read from files: nothing is loaded yet.
 */
#include "loader/transaction.h"

static bool exports(const struct hmod_image *image, const char *symbol)
{
	const size_t size = hload_length(symbol) + 1;
	struct hmod_export_cursor cursor = { 0 };
	struct hmod_export export;

	while (!hmod_export_next(image, &cursor, &export, NULL))
		if (hload_length(export.name) + 1 == size && !memcmp(export.name, symbol, size))
			return true;
	return false;
}

static bool exported_by(const struct hload_module *module, const char *symbol)
{
	const size_t length = hload_length(symbol);
	const struct hload_node *node = hload_index_find(
		&module->system->exports, symbol, length, hmod_name_hash(symbol, length));

	while (node && ((const struct hload_export_entry *)node)->owner != module)
		node = hload_index_more(&module->system->exports, node);
	return node;
}

bool hload_imports_from(const struct hload_module *module, const struct hload_module *provider)
{
	for (uint32_t i = 0; i < module->object.provider_count; i++)
		if (module->object.providers[i] == provider)
			return true;
	return false;
}

/* The symbols that the importer's file wants of the old module and the new one's
 * file does not export; how many. */
static uint32_t write_gone(struct hload_text *text, const struct hload_module *old,
			   const struct hmod_image *importer, const struct hmod_image *new)
{
	uint32_t count = 0;
	bool special;

	for (uint32_t i = 1; i < importer->symbol_count; i++) {
		const char *name;

		if (hmod_symbol_check(importer, i, NULL) ||
		    hmod_symbol_section(importer, i, &special) != ELF_SHN_UNDEF || special)
			continue;
		name = hmod_symbol_name(importer, i);
		if (!exported_by(old, name) || exports(new, name))
			continue;
		hload_text_add(text, count++ ? ", " : "");
		hload_text_add(text, name);
	}
	return count;
}

static enum helix_status check_images(const struct hload_swap *swap,
				      const struct hload_module *importer,
				      const struct hmod_image *file, struct hmod_diag *diag)
{
	struct hload_text text = { NULL, 0 };
	struct hmod_image new;
	enum helix_status status = hmod_image_open(&new, swap->file.data, swap->file.size, diag);

	if (status || !write_gone(&text, swap->old, file, &new))
		return status;
	hload_fail_module(diag, HELIX_E_RELOAD_IMPORT, HMOD_STAGE_RESOLVE, importer);
	hmod_diag_other(diag, swap->new->meta.name, SIZE_MAX);
	if (!diag || !(text.text = hload_alloc(importer->system, text.length + 1)))
		return HELIX_E_RELOAD_IMPORT;
	text.length = 0;
	write_gone(&text, swap->old, file, &new);
	text.text[text.length] = 0;
	diag->list = text.text;
	return HELIX_E_RELOAD_IMPORT;
}

static enum helix_status check_importer(const struct hload_swap *swap,
					const struct hload_module *importer,
					struct hmod_diag *diag)
{
	const struct hload_host *host = importer->system->outer;
	struct hmod_image image;
	struct hmod_span file;
	enum helix_status status;

	if (!importer->path || !host->file_get) {
		hmod_fail(diag, HELIX_E_IO, HMOD_STAGE_RESOLVE, HMOD_NOWHERE);
		hmod_diag_name(diag, importer->meta.name, SIZE_MAX);
		return HELIX_E_IO;
	}
	status = host->file_get(host->ctx, importer->path, &file, diag);
	if (status)
		return status;
	status = hmod_image_open(&image, file.data, file.size, diag);
	if (!status)
		status = check_images(swap, importer, &image, diag);
	if (host->file_put)
		host->file_put(host->ctx, importer->path, file);
	return status;
}

enum helix_status hload_check_imports(struct hload_transaction *t, const struct hload_swap *swap,
				      struct hmod_diag *diag)
{
	enum helix_status status = HELIX_OK;

	for (struct hload_module *m = t->system->oldest; m && !status; m = m->later)
		if (hload_imports_from(m, swap->old) && !hload_swap_of(m))
			status = check_importer(swap, m, diag);
	return status;
}
