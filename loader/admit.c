/* SPDX-License-Identifier: MIT
 *
 * Letting a module in: what has to hold before it is loaded, and the holds it
 * takes on what it needs.
 */
#include "loader/transaction.h"

#include "helix/module.h"

/* ---- holds --------------------------------------------------------------------- */

static void hold(struct hload_module *module, struct hload_module *held)
{
	struct hload_hold *h;

	for (uint32_t i = 0; i < module->hold_count; i++)
		if (module->holds[i].held == held)
			return;
	h = &module->holds[module->hold_count++];
	h->holder = module;
	h->held = held;
	h->next = NULL;
	h->previous = held->holders_tail;
	*(h->previous ? &h->previous->next : &held->holders) = h;
	held->holders_tail = h;
	held->holder_count++;
}

static enum helix_status check_running(const struct hload_module *module, struct hmod_diag *diag)
{
	if (module->state == HLOAD_RUNNING || hload_is_replacing(module))
		return HELIX_OK;
	hload_fail_module(diag, HELIX_E_DEPENDENCY_DOWN, HMOD_STAGE_DEPENDENCIES, module);
	hmod_diag_other(diag, hload_state_name(module->state), SIZE_MAX);
	return HELIX_E_DEPENDENCY_DOWN;
}

/* Holds what it declared and is running, and whoever it imports from: that has
 * to be running too, or it could be gone while a hook is called. */
enum helix_status hload_take_holds(struct hload_module *module, struct hmod_diag *diag)
{
	const struct hload_object *object = &module->object;
	size_t room = module->edge_count + (size_t)object->provider_count;
	enum helix_status status;

	if (!room)
		return HELIX_OK;
	module->holds = hload_alloc(module->system, room * sizeof *module->holds);
	if (!module->holds)
		return hload_fail_memory(diag, HMOD_STAGE_DEPENDENCIES, room * sizeof *module->holds,
					 "dependencies");
	module->hold_room = (uint32_t)room;
	for (uint32_t i = 0; i < object->provider_count; i++)
		if ((status = check_running(object->providers[i], diag)))
			return status;
	for (uint32_t i = 0; i < module->edge_count; i++)
		if (module->edges[i].to && module->edges[i].to->state == HLOAD_RUNNING &&
		    !hload_edge_check(&module->edges[i], NULL))
			hold(module, hload_replacement_of(module->edges[i].to));
	for (uint32_t i = 0; i < object->provider_count; i++)
		hold(module, object->providers[i]);
	return HELIX_OK;
}

void hload_drop_holds(struct hload_module *module)
{
	for (uint32_t i = 0; i < module->hold_count; i++) {
		struct hload_hold *h = &module->holds[i];

		*(h->previous ? &h->previous->next : &h->held->holders) = h->next;
		*(h->next ? &h->next->previous : &h->held->holders_tail) = h->previous;
		h->held->holder_count--;
	}
	hload_free(module->system, module->holds, module->hold_room * sizeof *module->holds);
	module->holds = NULL;
	module->hold_count = module->hold_room = 0;
}

/* ---- checks before a load --------------------------------------------------------- */

enum hload_abi hload_abi_check(uint16_t major, uint16_t minor)
{
	if (major != HELIX_ABI_MAJOR)
		return major < HELIX_ABI_MAJOR ? HLOAD_ABI_TOO_OLD : HLOAD_ABI_TOO_NEW;
	return minor > HELIX_ABI_MINOR ? HLOAD_ABI_MINOR : HLOAD_ABI_COMPATIBLE;
}

static enum helix_status check_abi(const struct hload_module *module, struct hmod_diag *diag)
{
	static const char *const phrases[] = { "", "too old", "too new", "a newer minor version" };
	const struct hmod_flat_header *h = module->meta.header;
	enum hload_abi abi = hload_abi_check(h->abi_major, h->abi_minor);

	if (abi == HLOAD_ABI_COMPATIBLE)
		return HELIX_OK;
	hload_fail_module(diag, HELIX_E_ABI, HMOD_STAGE_METADATA, module);
	hmod_diag_other(diag, phrases[abi], SIZE_MAX);
	hmod_diag_numbers(diag, (uint64_t)h->abi_major << 32 | (uint64_t)h->abi_minor << 16,
			  (uint64_t)HELIX_ABI_MAJOR << 32 | (uint64_t)HELIX_ABI_MINOR << 16);
	return HELIX_E_ABI;
}

static enum helix_status check_dependencies(const struct hload_module *module,
					    struct hmod_diag *diag)
{
	enum helix_status status;

	for (uint32_t i = 0; i < module->edge_count; i++) {
		const struct hload_edge *edge = &module->edges[i];

		if (hload_edge_optional(edge))
			continue;
		if ((status = hload_edge_check(edge, diag)) ||
		    (status = check_running(edge->to, diag)))
			return status;
	}
	return HELIX_OK;
}

enum helix_status hload_may_load(const struct hload_module *module, bool force,
				 struct hmod_diag *diag)
{
	if (module->gone)
		return hload_fail_module(diag, HELIX_E_NOT_FOUND, HMOD_STAGE_NONE, module);
	if (module->state == HLOAD_RUNNING)
		return hload_fail_module(diag, HELIX_E_ALREADY_LOADED, HMOD_STAGE_NONE, module);
	if (module->meta.header->flags & HELIX_USERSPACE) {
		hmod_fail(diag, HELIX_E_NOT_SUPPORTED, HMOD_STAGE_METADATA, HMOD_NOWHERE);
		hmod_diag_name(diag, "USERSPACE (a module in ring 3)", SIZE_MAX);
		return HELIX_E_NOT_SUPPORTED;
	}
	if (module->meta.header->flags & HELIX_EXPERIMENTAL && !force &&
	    !module->system->experimental)
		return hload_fail_module(diag, HELIX_E_EXPERIMENTAL, HMOD_STAGE_METADATA, module);
	return check_abi(module, diag);
}

enum helix_status hload_check_may_load(const struct hload_module *module, bool force,
				       struct hmod_diag *diag)
{
	enum helix_status status = hload_may_load(module, force, diag);

	return status ? status : check_dependencies(module, diag);
}

/* The file must hold the module that was registered, not another or a newer. */
enum helix_status hload_check_same(struct hload_module *module, const struct hmod_image *image,
				    struct hmod_diag *diag)
{
	size_t size = module->table_size;
	enum helix_status status;
	void *table = hload_alloc(module->system, size);

	if (!table)
		return hload_fail_memory(diag, HMOD_STAGE_METADATA, size, "metadata");
	status = hmod_meta_flatten(image, table, module->table_size, &size, diag);
	if ((!status || status == HELIX_E_TOO_LARGE) &&
	    (size != module->table_size || memcmp(table, module->table, size))) {
		status = hmod_fail(diag, HELIX_E_INVALID, HMOD_STAGE_METADATA, HMOD_NOWHERE);
		hmod_diag_name(diag, "the file's metadata differs from what was registered", SIZE_MAX);
	}
	hload_free(module->system, table, module->table_size);
	return status;
}

void hload_allow_experimental(struct hload_system *system, bool allow)
{
	system->experimental = allow;
}

uint64_t hload_taints(const struct hload_system *system)
{
	return system->taints;
}
