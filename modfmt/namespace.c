/* SPDX-License-Identifier: MIT
 *
 * Namespaces of symbols: what an export may be put into, and the names in
 * .hmod.import_ns that a module imports from. That section holds strings alone,
 * one behind the other, with any number of NUL bytes between them.
 */
#include "modfmt/internal.h"

const char *hmod_namespace_check(const char *name)
{
	size_t length = text_length(name);

	if (!length)
		return "is in a namespace without a name";
	if (length > HELIX_NAME_MAX)
		return "is in a namespace whose name is longer than 63 bytes";
	return NULL;
}

static enum helix_status fail(const struct hmod_image *image, uint64_t index, uint64_t offset,
			      const char *what, struct hmod_diag *diag)
{
	hmod_fail_meta(diag, HELIX_E_META_NAMESPACE, "", what,
		       section_offset(image, image->namespaces, offset));
	if (diag)
		diag->index = index;
	return HELIX_E_META_NAMESPACE;
}

enum helix_status hmod_namespace_next(const struct hmod_image *image,
				      struct hmod_namespace_cursor *cursor, const char **name,
				      struct hmod_diag *diag)
{
	struct hmod_span bytes;
	const char *wrong;
	size_t length;

	if (!image->namespaces)
		return HELIX_E_NOT_FOUND;
	bytes = hmod_section_bytes(image, image->namespaces);
	while (cursor->offset < bytes.size && !bytes.data[cursor->offset])
		cursor->offset++;
	if (cursor->offset == bytes.size)
		return HELIX_E_NOT_FOUND;
	if (cursor->index == HMOD_NAMESPACES_MAX)
		return fail(image, cursor->index, cursor->offset, "is one too many: at most 1024", diag);
	*name = hmod_span_string(bytes, cursor->offset, &length);
	if (!*name)
		return fail(image, cursor->index, cursor->offset, "does not end", diag);
	if (length > HELIX_NAME_MAX)
		return fail(image, cursor->index, cursor->offset, "is longer than 63 bytes", diag);
	wrong = hmod_text_check(*name, length);
	if (wrong)
		return fail(image, cursor->index, cursor->offset, wrong, diag);
	cursor->offset += length;
	cursor->index++;
	return HELIX_OK;
}
