/* SPDX-License-Identifier: MIT
 *
 * Bounded views: see span.h.
 */
#include "modfmt/span.h"

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
