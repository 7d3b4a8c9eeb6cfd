/* SPDX-License-Identifier: MIT
 *
 * A stage of loading: where an object's interfaces stand in memory. What their
 * operations point to is checked after relocation and before the module runs:
 * nothing, or code of this module. Later it is read-only.
 */
#include "loader/implement.h"

#include "modfmt/mem.h"

static const struct hload_region *region_of(const struct hload_object *object, uint64_t address,
					    uint64_t size)
{
	for (enum hload_kind kind = 0; kind < HLOAD_KINDS; kind++) {
		const struct hload_region *region = &object->region[kind];

		if (region->address && address - region->address < region->size &&
		    size <= region->size - (address - region->address))
			return region;
	}
	return NULL;
}

static enum helix_status fail(struct hload_work *work, uint32_t entry, const char *what)
{
	hmod_fail(work->diag, HELIX_E_META_INTERFACE, HMOD_STAGE_METADATA, HMOD_NOWHERE);
	hmod_diag_name(work->diag, "the operations", SIZE_MAX);
	hmod_diag_other(work->diag, what, SIZE_MAX);
	if (work->diag)
		work->diag->index = entry;
	return HELIX_E_META_INTERFACE;
}

static uint64_t address_of(const struct hload_work *work, const struct hmod_reference *reference)
{
	return reference->symbol ?
		       work->value[reference->symbol] + (uint64_t)reference->addend : 0;
}

static enum helix_status check(struct hload_work *work, uint32_t entry, uint64_t address,
			       uint32_t count)
{
	const struct hload_object *object = work->object;
	const struct hload_region *text = &object->region[HLOAD_TEXT];
	const struct hload_region *region = region_of(object, address, 8 * (uint64_t)count);
	uint64_t operation;

	if (!region || region == &object->region[HLOAD_DATA] || address % 8)
		return fail(work, entry, "are not constant: declare the struct const");
	for (uint32_t i = 0; i < count; i++) {
		memcpy(&operation, region->write + (address - region->address) + 8 * (size_t)i, 8);
		if (operation && operation - text->address >= text->size)
			return fail(work, entry, "do not all point to functions of this module");
	}
	return HELIX_OK;
}

static enum helix_status find(struct hload_work *work)
{
	struct hload_object *object = work->object;
	struct hmod_interface_cursor cursor = { 0 };
	enum helix_status status = HELIX_OK;
	struct hmod_interface interface;

	for (uint32_t i = 0; i < object->interface_count && !status; i++) {
		status = hmod_interface_next(work->image, &cursor, &interface, work->diag);
		if (status)
			break;
		object->interfaces[i].operations = address_of(work, &interface.operations);
		object->interfaces[i].message = address_of(work, &interface.message);
		status = check(work, i, object->interfaces[i].operations, interface.count);
	}
	return status;
}

enum helix_status hload_find_interfaces(struct hload_work *work)
{
	struct hload_object *object = work->object;
	const uint32_t count = hmod_interface_count(work->image);

	if (!count)
		return HELIX_OK;
	object->interfaces = hload_work_alloc(work, count, sizeof *object->interfaces,
					      HMOD_STAGE_METADATA, "interfaces");
	if (!object->interfaces)
		return HELIX_E_NO_MEMORY;
	object->interface_count = count;
	return find(work);
}
