/* SPDX-License-Identifier: MIT
 *
 * The catalogue: who is registered, found by name, by id and by address.
 */
#include "loader/gate.h"

#define TABLE_SMALL 512 /* bytes of stack for a flat table */

/* Takes a block for the table; its first `size` bytes from `from` if that is given. */
static enum helix_status take_table(struct hload_module *module, size_t size, const void *from,
				    struct hmod_diag *diag)
{
	module->table = hload_alloc(module->system, size);
	if (!module->table)
		return hload_fail_memory(diag, HMOD_STAGE_REGISTER, size, "metadata");
	module->table_size = size;
	if (from)
		memcpy(module->table, from, size);
	return HELIX_OK;
}

/* Reads the file's metadata into a table of the module's own: at once where it is
 * small, as it mostly is. */
static enum helix_status read_metadata(struct hload_module *module,
				       const struct hmod_image *image, struct hmod_diag *diag)
{
	uint64_t small[TABLE_SMALL / 8];
	size_t size;
	enum helix_status status = hmod_meta_flatten(image, small, sizeof small, &size, diag);

	if (!status) {
		status = take_table(module, size, small, diag);
	} else if (status == HELIX_E_TOO_LARGE && size && size <= HMOD_META_MAX) {
		status = take_table(module, size, NULL, diag);
		if (!status)
			status = hmod_meta_flatten(image, module->table, size, &size, diag);
	}
	if (!status)
		hmod_meta_attach(module->table, &module->meta);
	return status;
}

static enum helix_status keep_path(struct hload_module *module, const char *path,
				   struct hmod_diag *diag)
{
	size_t size = path ? hload_length(path) + 1 : 0;

	if (!path)
		return HELIX_OK;
	module->path = hload_alloc(module->system, size);
	if (!module->path)
		return hload_fail_memory(diag, HMOD_STAGE_REGISTER, size, "a path");
	memcpy(module->path, path, size);
	return HELIX_OK;
}

static enum helix_status enter(struct hload_module *module, struct hmod_diag *diag)
{
	struct hload_system *system = module->system;

	if (hload_find_locked(system, module->meta.name))
		return hload_fail_module(diag, HELIX_E_ALREADY_EXISTS, HMOD_STAGE_REGISTER, module);
	if (!hload_index_add(&system->names, &module->node, module->meta.name))
		return hload_fail_memory(diag, HMOD_STAGE_REGISTER, sizeof *module, "the registry");
	module->previous = system->last;
	*(system->last ? &system->last->next : &system->first) = module;
	system->last = module;
	system->counts.modules++;
	return HELIX_OK;
}

static void leave(struct hload_module *module)
{
	struct hload_system *system = module->system;

	if (!module->node.key)
		return;
	hload_index_remove(&system->names, &module->node);
	*(module->previous ? &module->previous->next : &system->first) = module->next;
	*(module->next ? &module->next->previous : &system->last) = module->previous;
	system->counts.modules--;
}

void hload_forget(struct hload_module *module)
{
	hload_graph_remove(module);
	leave(module);
	hload_catalog_remove(module);
	module->gone = true;
	if (!module->references)
		hload_discard(module);
}

void hload_discard(struct hload_module *module)
{
	struct hload_system *system = module->system;

	hload_gate_forget(module);
	hload_free(system, module->path, module->path ? hload_length(module->path) + 1 : 0);
	hload_free(system, module->table, module->table_size);
	hload_free(system, module, sizeof *module);
}

enum helix_status hload_record_make(struct hload_system *system, struct hmod_span file,
				    const char *path, struct hload_module **module,
				    struct hmod_diag *diag)
{
	struct hload_module *fresh = hload_alloc(system, sizeof *fresh);
	struct hmod_image image;
	enum helix_status status;

	if (!fresh)
		return hload_fail_memory(diag, HMOD_STAGE_REGISTER, sizeof *fresh, "a module");
	memset(fresh, 0, sizeof *fresh);
	fresh->system = system;
	fresh->context.module = fresh->v1_context.module = fresh;
	if ((status = hmod_image_open(&image, file.data, file.size, diag)) ||
	    (status = read_metadata(fresh, &image, diag)) || (status = keep_path(fresh, path, diag)))
		hload_forget(fresh);
	else
		*module = fresh;
	return status;
}

void hload_record_replace(struct hload_module *old, struct hload_module *new)
{
	struct hload_system *system = old->system;

	hload_index_remove(&system->names, &old->node);
	hload_index_add(&system->names, &new->node, new->meta.name);
	old->node.key = NULL;
	new->previous = old->previous;
	new->next = old->next;
	*(new->previous ? &new->previous->next : &system->first) = new;
	*(new->next ? &new->next->previous : &system->last) = new;
	old->previous = old->next = NULL;
}

static enum helix_status register_module(struct hload_module *module,
					 const struct hmod_image *image, const char *path,
					 struct hmod_diag *diag)
{
	enum helix_status status;

	if ((status = read_metadata(module, image, diag)) ||
	    (status = keep_path(module, path, diag)) || (status = enter(module, diag)) ||
	    (status = hload_graph_add(module, diag)) || (status = hload_graph_cycle(module, diag)))
		return status;
	return hload_catalog_add(module, diag);
}

enum helix_status hload_register_image(struct hload_system *system, const struct hmod_image *image,
				       const char *path, struct hload_module **module,
				       struct hmod_diag *diag)
{
	struct hload_module *fresh = hload_alloc(system, sizeof *fresh);
	enum helix_status status;

	if (!fresh)
		return hload_fail_memory(diag, HMOD_STAGE_REGISTER, sizeof *fresh, "a module");
	memset(fresh, 0, sizeof *fresh);
	fresh->system = system;
	status = register_module(fresh, image, path, diag);
	if (status) {
		hload_forget(fresh);
	} else {
		fresh->context.module = fresh->v1_context.module = fresh;
		*module = fresh;
	}
	return status;
}

enum helix_status hload_register(struct hload_system *system, struct hmod_span file,
				 const char *path, struct hload_module **module,
				 struct hmod_diag *diag)
{
	struct hmod_image image;
	enum helix_status status = hmod_image_open(&image, file.data, file.size, diag);

	if (status)
		return status;
	hload_lock(system);
	status = hload_await_reload(system, diag);
	if (!status)
		status = hload_register_image(system, &image, path, module, diag);
	hload_unlock(system);
	return status;
}

enum helix_status hload_unregister(struct hload_system *system, struct hload_module *module,
				   struct hmod_diag *diag)
{
	enum helix_status status;

	hload_lock(system);
	status = hload_await_reload(system, diag);
	if (status) {
		;
	} else if (module->gone) {
		status = hload_fail_module(diag, HELIX_E_NOT_FOUND, HMOD_STAGE_REGISTER, module);
	} else if (module->state == HLOAD_REGISTERED) {
		hload_forget(module);
	} else {
		status = hload_fail_module(diag, HELIX_E_WRONG_STATE, HMOD_STAGE_REGISTER, module);
		hmod_diag_other(diag, hload_state_name(module->state), SIZE_MAX);
	}
	hload_unlock(system);
	return status;
}

/* ---- finding ------------------------------------------------------------------- */

struct hload_module *hload_find_locked(const struct hload_system *system, const char *name)
{
	char normal[HELIX_NAME_MAX + 1];
	size_t length = hload_length(name);

	if (hmod_name_normalise(name, length, false, normal))
		return NULL;
	return (struct hload_module *)hload_index_find(&system->names, normal, length,
						       hmod_name_hash(normal, length));
}

struct hload_module *hload_find(struct hload_system *system, const char *name)
{
	struct hload_module *module;

	hload_lock(system);
	module = hload_find_locked(system, name);
	hload_unlock(system);
	return module;
}

struct hload_module *hload_next(struct hload_system *system, struct hload_module *module)
{
	return module ? module->next : system->first;
}

/* The module of a loaded object. */
static struct hload_module *module_of(struct hload_object *object)
{
	return object ? (struct hload_module *)((char *)object - offsetof(struct hload_module, object)) :
			NULL;
}

static struct hload_module *find_text(const struct hload_system *system, uint64_t address)
{
	return module_of(hload_places_find(&system->places, HLOAD_TEXT, address));
}

struct hload_module *hload_at(struct hload_system *system, uint64_t address)
{
	struct hload_module *module;

	hload_lock(system);
	module = module_of(hload_places_find_any(&system->places, address));
	hload_unlock(system);
	return module;
}

bool hload_owner_at(const struct hload_system *system, uint64_t address, struct hload_owner *owner)
{
	bool state = hload_places_lock(&system->places);
	const struct hload_module *module =
		module_of(hload_places_find_any(&system->places, address));

	if (module) {
		owner->id = module->id;
		owner->instance = module->instance;
		memcpy(owner->name, module->meta.name, module->meta.name_length + 1);
	}
	hload_places_unlock(&system->places, state);
	return module;
}

const char *hload_function_at(struct hload_system *system, uint64_t address,
			      const struct hload_module **module, uint64_t *offset)
{
	const struct hload_module *m = find_text(system, address);
	const struct hload_function *f;
	uint32_t low = 0, high;

	if (!m)
		return NULL;
	*module = m;
	*offset = address - m->object.region[HLOAD_TEXT].address;
	f = m->object.functions;
	high = m->object.function_count;
	while (low < high) { /* the first function behind the address */
		uint32_t middle = low + (high - low) / 2;

		if (f[middle].offset <= *offset)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low)
		return NULL;
	*offset -= f[low - 1].offset;
	return m->object.strings + (f[low - 1].name - m->object.name_base);
}

bool hload_function_copy(struct hload_system *system, uint64_t address, char *name, size_t room,
			 uint64_t *offset)
{
	const struct hload_module *module;
	const char *text;
	size_t i = 0;

	hload_lock(system);
	text = hload_function_at(system, address, &module, offset);
	for (; text && text[i] && i + 1 < room; i++)
		name[i] = text[i];
	hload_unlock(system);
	name[i] = 0;
	return text;
}

void hload_info(const struct hload_module *module, struct hload_info *info)
{
	memset(info, 0, sizeof *info);
	info->id = module->id;
	info->instance = module->instance;
	info->state = module->state;
	info->meta = &module->meta;
	info->path = module->path;
	info->holders = module->holder_count;
	info->last_error = module->last_error;
	info->names = module->object.strings_size;
	info->events = hload_events_wanted(module);
	for (unsigned kind = 0; kind < HLOAD_KINDS; kind++) {
		info->size[kind] = module->object.region[kind].size;
		info->address[kind] = module->object.region[kind].address;
	}
	info->size[HLOAD_RODATA] += module->object.got.size;
}

void hload_snapshot(const struct hload_module *module, struct hload_info *info)
{
	hload_lock(module->system);
	hload_info(module, info);
	hload_unlock(module->system);
}

struct hload_module *hload_holder(const struct hload_module *module, uint32_t i)
{
	struct hload_hold *hold = module->holders;

	while (hold && i--)
		hold = hold->next;
	return hold ? hold->holder : NULL;
}

struct hload_module *hload_dependency(const struct hload_module *module, uint32_t i)
{
	return i < module->edge_count ? module->edges[i].to : NULL;
}
