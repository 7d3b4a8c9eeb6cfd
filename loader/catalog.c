/* SPDX-License-Identifier: MIT
 *
 * The registry's other ways in: by id, by flag, by what runs, by capability;
 * and references that keep a module's record for whoever looks at it.
 */
#include "loader/internal.h"

/* ---- by id: an array that ascends, since ids are given out in order -------------------- */

/* The place of the first entry that is not below `id`. */
static size_t place_of(const struct hload_system *system, uint64_t id)
{
	size_t low = 0, high = system->by_id_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (system->by_id[middle]->id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool grow(struct hload_system *system)
{
	size_t room = system->by_id_room ? 2 * system->by_id_room : 16;
	struct hload_module **larger;

	if (system->by_id_count < system->by_id_room)
		return true;
	larger = hload_alloc(system, room * sizeof *larger);
	if (!larger)
		return false;
	if (system->by_id_count)
		memcpy(larger, system->by_id, system->by_id_count * sizeof *larger);
	hload_free(system, system->by_id, system->by_id_room * sizeof *larger);
	system->by_id = larger;
	system->by_id_room = room;
	return true;
}

static void shrink(struct hload_system *system)
{
	if (system->by_id_count)
		return;
	hload_free(system, system->by_id, system->by_id_room * sizeof *system->by_id);
	system->by_id = NULL;
	system->by_id_room = 0;
}

struct hload_module *hload_find_id_locked(const struct hload_system *system, uint64_t id)
{
	size_t at = place_of(system, id);

	return at < system->by_id_count && system->by_id[at]->id == id ? system->by_id[at] : NULL;
}

/* ---- by flag ------------------------------------------------------------------------- */

static void add_flag(struct hload_flag *flag, struct hload_module *module, unsigned bit)
{
	struct hload_system *system = module->system;

	flag->module = module;
	flag->bit = bit;
	flag->next = NULL;
	flag->previous = system->flagged_tail[bit];
	*(flag->previous ? &flag->previous->next : &system->flagged[bit]) = flag;
	system->flagged_tail[bit] = flag;
}

static void remove_flag(struct hload_system *system, struct hload_flag *flag)
{
	*(flag->previous ? &flag->previous->next : &system->flagged[flag->bit]) = flag->next;
	*(flag->next ? &flag->next->previous : &system->flagged_tail[flag->bit]) = flag->previous;
}

/* How many flags are set. */
static uint32_t flags_of(const struct hload_module *module)
{
	uint32_t count = 0;

	for (uint64_t left = module->meta.header->flags; left; left &= left - 1)
		count++;
	return count;
}

enum helix_status hload_catalog_prepare(struct hload_module *module, struct hmod_diag *diag)
{
	struct hload_system *system = module->system;
	const size_t size = flags_of(module) * sizeof *module->flags;

	if (size)
		module->flags = hload_alloc(system, size);
	/* What grew stays so: nothing fails after. */
	if ((size && !module->flags) || !grow(system))
		return hload_fail_memory(diag, HMOD_STAGE_REGISTER, sizeof *module->flags,
					 "the registry");
	module->id = module->instance = system->next_id++;
	return HELIX_OK;
}

void hload_catalog_show(struct hload_module *module)
{
	struct hload_system *system = module->system;
	const size_t at = place_of(system, module->id);

	memmove(&system->by_id[at + 1], &system->by_id[at],
		(system->by_id_count - at) * sizeof *system->by_id);
	system->by_id[at] = module;
	system->by_id_count++;
	for (unsigned bit = 0; bit < 64; bit++)
		if (module->meta.header->flags >> bit & 1)
			add_flag(&module->flags[module->flag_count++], module, bit);
}

void hload_catalog_hide(struct hload_module *module)
{
	struct hload_system *system = module->system;
	const size_t at = place_of(system, module->id);

	if (at < system->by_id_count && system->by_id[at] == module) {
		system->by_id_count--;
		memmove(&system->by_id[at], &system->by_id[at + 1],
			(system->by_id_count - at) * sizeof *system->by_id);
	}
	for (uint32_t i = 0; i < module->flag_count; i++)
		remove_flag(system, &module->flags[i]);
	module->flag_count = 0;
}

enum helix_status hload_catalog_add(struct hload_module *module, struct hmod_diag *diag)
{
	enum helix_status status = hload_catalog_prepare(module, diag);

	if (!status)
		hload_catalog_show(module);
	return status;
}

void hload_catalog_remove(struct hload_module *module)
{
	hload_catalog_hide(module);
	shrink(module->system);
	if (module->flags)
		hload_free(module->system, module->flags,
			   flags_of(module) * sizeof *module->flags);
	module->flags = NULL;
}

/* ---- references ------------------------------------------------------------------------ */

static struct hload_module *refer(struct hload_module *module)
{
	if (module)
		module->references++;
	return module;
}

struct hload_module *hload_get(struct hload_system *system, const char *name)
{
	struct hload_module *module;

	hload_lock(system);
	module = refer(hload_find_locked(system, name));
	hload_unlock(system);
	return module;
}

struct hload_module *hload_get_id(struct hload_system *system, uint64_t id)
{
	struct hload_module *module;

	hload_lock(system);
	module = refer(hload_find_id_locked(system, id));
	hload_unlock(system);
	return module;
}

struct hload_module *hload_find_id(struct hload_system *system, uint64_t id)
{
	struct hload_module *module;

	hload_lock(system);
	module = hload_find_id_locked(system, id);
	hload_unlock(system);
	return module;
}

struct hload_module *hload_get_next(struct hload_system *system, struct hload_module *module)
{
	struct hload_module *next = NULL;
	size_t at;

	hload_lock(system);
	at = module ? place_of(system, module->id + 1) : 0;
	if (at < system->by_id_count)
		next = refer(system->by_id[at]);
	hload_unlock(system);
	hload_put(system, module);
	return next;
}

void hload_put_locked(struct hload_module *module)
{
	if (!--module->references && module->gone)
		hload_discard(module);
}

void hload_put(struct hload_system *system, struct hload_module *module)
{
	if (!module)
		return;
	hload_lock(system);
	hload_put_locked(module);
	hload_unlock(system);
}

/* ---- lists ---------------------------------------------------------------------------- */

static void put_id(const struct hload_module *module, uint64_t *ids, size_t capacity,
		   size_t *count)
{
	if (*count < capacity)
		ids[*count] = module->id;
	++*count;
}

size_t hload_list_flag(struct hload_system *system, unsigned bit, uint64_t *ids, size_t capacity)
{
	size_t count = 0;

	hload_lock(system);
	for (const struct hload_flag *f = bit < 64 ? system->flagged[bit] : NULL; f; f = f->next)
		put_id(f->module, ids, capacity, &count);
	hload_unlock(system);
	return count;
}

size_t hload_list_running(struct hload_system *system, uint64_t *ids, size_t capacity)
{
	size_t count = 0;

	hload_lock(system);
	for (const struct hload_module *m = system->oldest; m; m = m->later)
		if (m->state == HLOAD_RUNNING)
			put_id(m, ids, capacity, &count);
	hload_unlock(system);
	return count;
}

size_t hload_list_providers(struct hload_system *system, const char *capability, uint64_t *ids,
			    size_t capacity)
{
	char name[HELIX_NAME_MAX + 1];
	size_t length, count = 0;
	struct hload_node *node;

	if (hmod_name_normalise(capability, hload_length(capability), true, name))
		return 0;
	length = hload_length(name);
	hload_lock(system);
	node = hload_index_find(&system->providers, name, length, hmod_name_hash(name, length));
	for (; node; node = hload_index_more(&system->providers, node))
		put_id(((struct hload_provide *)node)->module, ids, capacity, &count);
	hload_unlock(system);
	return count;
}
