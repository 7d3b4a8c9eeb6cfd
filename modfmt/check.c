/* SPDX-License-Identifier: MIT
 *
 * Everything the file alone can be judged by, in one call: for tools and tests.
 */
#include "modfmt/internal.h"

static enum helix_status check_symbols(const struct hmod_image *image, struct hmod_diag *diag)
{
	enum helix_status status = HELIX_OK;

	for (uint32_t i = 1; i < image->symbol_count && !status; i++)
		status = hmod_symbol_check(image, i, diag);
	return status;
}

/* Relocations of sections that are not loaded (debug information) may be of any
 * type: nobody applies them. */
static enum helix_status check_relas(const struct hmod_image *image, struct hmod_diag *diag)
{
	enum helix_status status = HELIX_OK;
	uint64_t count;

	for (uint32_t i = 1; i < image->section_count; i++) {
		if (image->sections[i].type != ELF_SHT_RELA ||
		    !hmod_section_loaded(image, image->sections[i].info))
			continue;
		hmod_section_relas(image, i, &count);
		for (uint64_t k = 0; k < count && !status; k++)
			status = hmod_rela_check(image, i, k, diag);
		if (status)
			return status;
	}
	return status;
}

static enum helix_status check_exports(const struct hmod_image *image, struct hmod_diag *diag)
{
	struct hmod_export_cursor cursor = { 0 };
	struct hmod_export export;
	enum helix_status status;
	const char *wrong = NULL;

	do
		status = hmod_export_next(image, &cursor, &export, diag);
	while (!status && !(export.ns && (wrong = hmod_namespace_check(export.ns))));
	if (!wrong)
		return status == HELIX_E_NOT_FOUND ? HELIX_OK : status;
	hmod_fail_meta(diag, HELIX_E_META_EXPORT, export.name, wrong,
		       section_offset(image, image->exports, 0));
	if (diag)
		diag->index = cursor.entry - 1;
	return HELIX_E_META_EXPORT;
}

static enum helix_status check_namespaces(const struct hmod_image *image, struct hmod_diag *diag)
{
	struct hmod_namespace_cursor cursor = { 0 };
	enum helix_status status;
	const char *name;

	do
		status = hmod_namespace_next(image, &cursor, &name, diag);
	while (!status);
	return status == HELIX_E_NOT_FOUND ? HELIX_OK : status;
}

/* The record, by measuring it; and the flat table where there is one. */
static enum helix_status check_metadata(const struct hmod_image *image, struct hmod_diag *diag)
{
	enum helix_status status;
	struct hmod_span flat;
	struct hmod_meta meta;
	size_t size;

	status = hmod_meta_flatten(image, NULL, 0, &size, diag);
	if (status && !(status == HELIX_E_TOO_LARGE && size))
		return status;
	if (!image->flat)
		return HELIX_OK;
	flat = hmod_section_bytes(image, image->flat);
	status = hmod_meta_view(flat.data, (size_t)flat.size, &meta, diag);
	return status ? status : hmod_flat_agrees(image, &meta, diag);
}

enum helix_status hmod_image_check(const struct hmod_image *image, uint32_t *scratch,
				   struct hmod_diag *diag)
{
	struct hmod_reference hooks[HMOD_HOOKS];
	enum helix_status status;

	if (!image->in_order && (status = hmod_image_overlap(image, scratch, diag)))
		return status;
	if ((status = check_symbols(image, diag)) || (status = check_relas(image, diag)))
		return status;
	if ((status = check_metadata(image, diag)) || (status = hmod_hooks_read(image, hooks, diag)))
		return status;
	status = check_exports(image, diag);
	return status ? status : check_namespaces(image, diag);
}
