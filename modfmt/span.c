/* SPDX-License-Identifier: MIT
 *
 * Bounded views: see span.h.
 */
#include "modfmt/span.h"

bool hmod_span_sub(struct hmod_span whole, uint64_t offset, uint64_t length, struct hmod_span *part)
{
	if (!hmod_range_fits(whole.size, offset, length))
		return false;
	part->data = whole.data + offset;
	part->size = length;
	return true;
}

const char *hmod_span_string(struct hmod_span whole, uint64_t offset, size_t *length)
{
	uint64_t end = offset;

	while (end < whole.size && whole.data[end])
		end++;
	if (end >= whole.size)
		return NULL;
	if (length)
		*length = (size_t)(end - offset);
	return (const char *)whole.data + offset;
}
