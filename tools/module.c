/* SPDX-License-Identifier: MIT
 *
 * A module as modfmt judges it, with memory for what modfmt needs.
 */
#include <stdlib.h>

#include "tools/tool.h"

static enum helix_status check(const struct hmod_image *image, struct hmod_diag *diag)
{
	uint32_t *scratch = calloc(image->section_count, sizeof *scratch);
	enum helix_status status;

	if (!scratch)
		return hmod_fail(diag, HELIX_E_NO_MEMORY, HMOD_STAGE_NONE, HMOD_NOWHERE);
	status = hmod_image_check(image, scratch, diag);
	free(scratch);
	return status;
}

static enum helix_status flatten(struct module *module, struct hmod_diag *diag)
{
	struct bytes *table = &module->table;
	enum helix_status status = hmod_meta_flatten(&module->image, NULL, 0, &table->size, diag);

	if (!table->size) /* else TOO_LARGE for no capacity at all */
		return status;
	table->data = malloc(table->size);
	if (!table->data)
		return hmod_fail(diag, HELIX_E_NO_MEMORY, HMOD_STAGE_NONE, HMOD_NOWHERE);
	status = hmod_meta_flatten(&module->image, table->data, table->size, &table->size, diag);
	if (!status)
		status = hmod_meta_view(table->data, table->size, &module->meta, diag);
	return status;
}

bool module_open(const char *name, struct bytes file, struct module *module)
{
	enum helix_status status;
	struct hmod_diag diag;

	module->table = NO_BYTES;
	if (!file.size)
		return !refuse(name, "is empty");
	status = hmod_image_open(&module->image, file.data, file.size, &diag);
	if (!status)
		status = check(&module->image, &diag);
	if (!status)
		status = flatten(module, &diag);
	if (!status)
		return true;
	refuse_diag(name, &diag);
	module_close(module);
	return false;
}

void module_close(struct module *module)
{
	free(module->table.data);
	module->table = NO_BYTES;
}
