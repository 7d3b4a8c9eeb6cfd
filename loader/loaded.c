/* SPDX-License-Identifier: MIT
 *
 * The list of loaded modules: each stands after all it holds, so that events reach
 * it after them and that it goes before them.
 */
#include "loader/internal.h"

/* Behind `before`; NULL: first. */
static void put_behind(struct hload_module *module, struct hload_module *before)
{
	struct hload_system *system = module->system;

	module->earlier = before;
	module->later = before ? before->later : system->oldest;
	*(module->earlier ? &module->earlier->later : &system->oldest) = module;
	*(module->later ? &module->later->earlier : &system->newest) = module;
}

static void take_from_list(struct hload_module *module)
{
	struct hload_system *system = module->system;

	*(module->earlier ? &module->earlier->later : &system->oldest) = module->later;
	*(module->later ? &module->later->earlier : &system->newest) = module->earlier;
}

static bool holds_marked(const struct hload_module *module, uint64_t walk)
{
	for (uint32_t i = 0; i < module->hold_count; i++)
		if (module->holds[i].held->mark == walk)
			return true;
	return false;
}

void hload_order_after(struct hload_module *module, struct hload_module *old)
{
	struct hload_system *system = module->system;
	const uint64_t walk = ++system->walk;
	struct hload_module *last, *next;

	for (struct hload_module *m = old->later; m; m = m->later)
		m->mark = walk;
	if (!holds_marked(module, walk)) {
		take_from_list(module);
		put_behind(module, old);
		return;
	}
	/* It stays the last; whoever holds it, or one that was moved, follows. */
	last = system->newest;
	module->mark = ++system->walk;
	for (struct hload_module *m = old->later; m != last; m = next) {
		next = m->later;
		if (m == module || !holds_marked(m, system->walk))
			continue;
		m->mark = system->walk;
		take_from_list(m);
		put_behind(m, system->newest);
	}
}

void hload_enter_loaded(struct hload_module *module)
{
	struct hload_system *system = module->system;
	const struct hload_host *host = system->outer;

	module->loaded = true;
	put_behind(module, system->newest);
	hload_places_add(&system->places, &module->object);
	if (host->module_loaded)
		host->module_loaded(host->ctx, module->meta.name,
				    module->object.region[HLOAD_TEXT].address);
}

void hload_leave_loaded(struct hload_module *module)
{
	struct hload_system *system = module->system;
	const struct hload_host *host = system->outer;

	if (!module->loaded)
		return;
	module->loaded = false;
	if (host->module_unloading)
		host->module_unloading(host->ctx, module->meta.name,
				       module->object.region[HLOAD_TEXT].address);
	hload_places_remove(&system->places, &module->object);
	take_from_list(module);
}
