/* SPDX-License-Identifier: MIT
 *
 * Copying: sections go where layout put them. Gaps in code become breakpoints
 * (0xcc), other gaps zero: regions come filled with anything, so that no byte is
 * written twice.
 */
#include "loader/layout.h"

#include "modfmt/mem.h"

static void copy_section(struct hload_work *work, uint32_t section, uint64_t *end)
{
	const struct hload_placed *placed = &work->section[section];
	struct hmod_span bytes = hmod_section_bytes(work->image, section);
	uint64_t size = work->image->sections[section].size;
	uint8_t *write = work->object->region[placed->kind].write;

	if (!size)
		return;
	memset(write + *end, placed->kind == HLOAD_TEXT ? 0xcc : 0, placed->offset - *end);
	memcpy(write + placed->offset, bytes.data, bytes.size);
	memset(write + placed->offset + bytes.size, 0, size - bytes.size);
	*end = placed->offset + size;
}

enum helix_status hload_copy_sections(struct hload_work *work)
{
	uint64_t end[HLOAD_KINDS] = { 0 };

	for (uint32_t i = 1; i < work->image->section_count; i++)
		if (hload_is_placed(work, i))
			copy_section(work, i, &end[work->section[i].kind]);
	for (unsigned kind = 0; kind < HLOAD_KINDS; kind++)
		if (end[kind] < work->size[kind])
			memset(work->object->region[kind].write + end[kind],
			       kind == HLOAD_TEXT ? 0xcc : 0, work->size[kind] - end[kind]);
	return HELIX_OK;
}
