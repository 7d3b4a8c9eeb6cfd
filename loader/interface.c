/* SPDX-License-Identifier: MIT
 *
 * Who implements what: a list an interface, the primary first. See interface.h.
 */
#include "loader/gate.h"
#include "loader/interface.h"

#include "helix/module.h"

/* ---- names ------------------------------------------------------------------------- */

struct hload_interface *hload_interface_find(struct hload_system *system, const char *name,
					     bool make)
{
	char normal[HELIX_NAME_MAX + 1];
	struct hload_interface *interface;
	size_t length;

	if (hmod_name_normalise(name, hload_length(name), true, normal))
		return NULL;
	length = hload_length(normal);
	interface = (struct hload_interface *)hload_index_find(
		&system->interfaces, normal, length, hmod_name_hash(normal, length));
	if (interface || !make)
		return interface;
	interface = hload_alloc(system, sizeof *interface + length + 1);
	if (!interface)
		return NULL;
	memset(interface, 0, sizeof *interface);
	memcpy(interface + 1, normal, length + 1);
	if (!hload_index_add(&system->interfaces, &interface->node, (const char *)(interface + 1))) {
		hload_free(system, interface, sizeof *interface + length + 1);
		return NULL;
	}
	interface->previous = system->last_interface;
	*(system->last_interface ? &system->last_interface->next : &system->first_interface) =
		interface;
	system->last_interface = interface;
	return interface;
}

void hload_interface_drop(struct hload_system *system, struct hload_interface *interface)
{
	if (interface->named || interface->ports)
		return;
	*(interface->previous ? &interface->previous->next : &system->first_interface) =
		interface->next;
	*(interface->next ? &interface->next->previous : &system->last_interface) =
		interface->previous;
	hload_index_remove(&system->interfaces, &interface->node);
	hload_free(system, interface, sizeof *interface + hload_length(interface->node.key) + 1);
}

/* ---- implementors --------------------------------------------------------------- */

enum helix_status hload_interfaces_add(struct hload_module *module, struct hmod_diag *diag)
{
	const uint32_t count = module->meta.header->interface_count;
	const size_t size = count * sizeof *module->implementors;

	if (!count)
		return HELIX_OK;
	module->implementors = hload_alloc(module->system, size);
	if (!module->implementors)
		return hload_fail_memory(diag, HMOD_STAGE_REGISTER, size, "interfaces");
	memset(module->implementors, 0, size);
	module->implementor_count = count;
	for (uint32_t i = 0; i < count; i++)
		module->implementors[i] = (struct hload_implementor){
			.module = module,
			.declared = &module->meta.interfaces[i],
			.operation = (const uint64_t *)(uintptr_t)module->object.interfaces[i].operations,
			.count = module->meta.interfaces[i].count,
			.message = module->object.interfaces[i].message,
		};
	return HELIX_OK;
}

void hload_interfaces_free(struct hload_module *module)
{
	hload_free(module->system, module->implementors,
		   module->implementor_count * sizeof *module->implementors);
	module->implementors = NULL;
	module->implementor_count = 0;
}

static bool before(const struct hload_implementor *a, const struct hload_implementor *b)
{
	if (a->preferred != b->preferred)
		return a->preferred;
	if (a->declared->priority != b->declared->priority)
		return a->declared->priority > b->declared->priority;
	return a->order < b->order;
}

/* Among its equals the first to run is the primary, also when it comes back because
 * it could not be stopped. */
static void enlist(struct hload_implementor *implementor)
{
	struct hload_implementor **at = &implementor->interface->implementors;

	if (!implementor->order)
		implementor->order = ++implementor->module->system->last_order;
	while (*at && !before(implementor, *at))
		at = &(*at)->next;
	implementor->next = *at;
	*at = implementor;
}

static void delist(struct hload_implementor *implementor)
{
	struct hload_implementor **at = &implementor->interface->implementors;

	while (*at != implementor)
		at = &(*at)->next;
	*at = implementor->next;
	implementor->next = NULL;
}

static void list(struct hload_module *module, void (*change)(struct hload_implementor *))
{
	for (uint32_t i = 0; i < module->implementor_count; i++) {
		if (!module->implementors[i].interface)
			continue;
		change(&module->implementors[i]);
		hload_ports_bind(module->implementors[i].interface);
	}
}

void hload_interfaces_open(struct hload_module *module)
{
	list(module, enlist);
}

void hload_interfaces_close(struct hload_module *module)
{
	list(module, delist);
}

void hload_interfaces_unname(struct hload_module *module)
{
	for (uint32_t i = 0; i < module->implementor_count; i++) {
		struct hload_implementor *implementor = &module->implementors[i];
		struct hload_interface *interface = implementor->interface;

		implementor->interface = NULL;
		if (!interface)
			continue;
		interface->named--;
		hload_interface_drop(module->system, interface);
	}
}

enum helix_status hload_interfaces_name(struct hload_module *module, struct hmod_diag *diag)
{
	const struct hload_index *index = &module->system->interfaces;
	const uint64_t end = index->steps + HLOAD_PROBES_MORE +
			     HLOAD_PROBES * (uint64_t)module->implementor_count;

	for (uint32_t i = 0; i < module->implementor_count; i++) {
		struct hload_implementor *implementor = &module->implementors[i];
		const char *name = hmod_meta_string(&module->meta, implementor->declared->name);

		implementor->interface = hload_interface_find(module->system, name, true);
		if (!implementor->interface) {
			hload_interfaces_unname(module);
			return hload_fail_memory(diag, HMOD_STAGE_START,
						 sizeof *implementor->interface, "interfaces");
		}
		implementor->interface->named++;
		if (index->steps > end) {
			hload_interfaces_unname(module);
			return hload_fail_crowd(diag, HMOD_STAGE_START, name);
		}
	}
	return HELIX_OK;
}

/* ---- replacing ----------------------------------------------------------------------- */

/* The old one's implementor of the same interface, if it is in the list. */
static struct hload_implementor *prior(const struct hload_module *old,
				       const struct hload_implementor *implementor)
{
	for (struct hload_implementor *m = implementor->interface->implementors; m; m = m->next)
		if (m->module == old)
			return m;
	return NULL;
}

/* Where the old one stands, if the priority is the same. */
static void enlist_for(struct hload_implementor *implementor, struct hload_implementor *old)
{
	struct hload_implementor **at = &implementor->interface->implementors;

	implementor->preferred = old && old->preferred;
	if (!old || old->declared->priority != implementor->declared->priority) {
		enlist(implementor);
		return;
	}
	while (*at != old)
		at = &(*at)->next;
	implementor->next = old;
	*at = implementor;
}

void hload_interfaces_replace(struct hload_module *old, struct hload_module *new)
{
	for (uint32_t i = 0; i < new->implementor_count; i++) {
		struct hload_implementor *implementor = &new->implementors[i];

		enlist_for(implementor, prior(old, implementor));
		for (struct hload_port *p = implementor->interface->ports; p; p = p->next)
			if (p->from == old->id)
				p->from = new->id;
	}
	for (uint32_t i = 0; i < old->implementor_count; i++) {
		delist(&old->implementors[i]);
		old->implementors[i].preferred = false;
	}
}

void hload_interfaces_bind(struct hload_module *module)
{
	for (uint32_t i = 0; i < module->implementor_count; i++)
		hload_ports_bind(module->implementors[i].interface);
}

/* ---- asking -------------------------------------------------------------------------- */

static uint64_t users_of(const struct hload_implementor *implementor, uint64_t *inside)
{
	uint64_t users = 0;

	*inside = 0;
	for (const struct hload_port *port = implementor->interface->ports; port; port = port->next) {
		if (port->bound != implementor)
			continue;
		*inside += __atomic_load_n(&port->inside[0], __ATOMIC_RELAXED) +
			   __atomic_load_n(&port->inside[1], __ATOMIC_RELAXED);
		for (const struct hload_user *user = port->users; user; user = user->next)
			users++;
	}
	return users;
}

static void describe(const struct hload_implementor *implementor, struct hload_interface_info *info)
{
	const struct hmod_flat_interface *declared = implementor->declared;

	*info = (struct hload_interface_info){
		.interface = implementor->interface->node.key,
		.module = implementor->module->meta.name,
		.id = implementor->module->id,
		.major = declared->major,
		.minor = declared->minor,
		.count = declared->count,
		.priority = declared->priority,
		.primary = implementor == implementor->interface->implementors,
		.has_message = implementor->message != 0,
	};
	for (uint32_t i = 0; i < declared->count; i++)
		info->supported += !!implementor->operation[i];
	info->users = (uint32_t)users_of(implementor, &info->inside);
}

void hload_interface_each(struct hload_system *system,
			  void (*each)(void *ctx, const struct hload_interface_info *info),
			  void *ctx)
{
	struct hload_interface_info info;

	hload_lock(system);
	for (struct hload_interface *i = system->first_interface; i; i = i->next)
		for (struct hload_implementor *m = i->implementors; m; m = m->next) {
			describe(m, &info);
			each(ctx, &info);
		}
	hload_unlock(system);
}

static struct hload_implementor *implementor_of(struct hload_interface *interface,
						uint64_t module_id)
{
	struct hload_implementor *m = interface ? interface->implementors : NULL;

	while (m && m->module->id != module_id)
		m = m->next;
	return m;
}

bool hload_interface_operation(struct hload_system *system, const char *name, uint64_t module_id,
			       uint32_t i, const char **operation)
{
	struct hload_implementor *m;
	bool there;

	*operation = NULL;
	hload_lock(system);
	m = implementor_of(hload_interface_find(system, name, false), module_id);
	there = m && i < m->declared->count && m->operation[i];
	if (there)
		*operation = hmod_meta_operation(&m->module->meta,
						 (uint32_t)(m->declared - m->module->meta.interfaces),
						 i);
	hload_unlock(system);
	return there;
}

bool hload_interface_fits(const struct hload_implementor *implementor, uint32_t version)
{
	const struct hmod_flat_interface *declared = implementor->declared;

	return declared->major == version >> 16 && declared->minor >= (version & 0xffff);
}

static uint64_t as_version(uint32_t major, uint32_t minor)
{
	return (uint64_t)major << 32 | (uint64_t)minor << 16;
}

enum helix_status hload_interface_check(struct hload_system *system, const char *name,
					uint32_t version, struct hmod_diag *diag)
{
	const struct hload_implementor *primary, *m;
	struct hload_interface *interface;
	enum helix_status status = HELIX_OK;

	hload_lock(system);
	interface = hload_interface_find(system, name, false);
	m = primary = interface ? interface->implementors : NULL;
	while (m && !hload_interface_fits(m, version))
		m = m->next;
	if (!m) {
		status = primary ? HELIX_E_INTERFACE_VERSION : HELIX_E_NOT_FOUND;
		hmod_fail(diag, status, HMOD_STAGE_NONE, HMOD_NOWHERE);
		hmod_diag_name(diag, name, SIZE_MAX);
	}
	if (!m && primary) {
		hmod_diag_other(diag, primary->module->meta.name, SIZE_MAX);
		hmod_diag_numbers(diag, as_version(version >> 16, version & 0xffff),
				  as_version(primary->declared->major, primary->declared->minor));
	}
	hload_unlock(system);
	return status;
}

int helix_interface_check(const struct helix_context *ctx, const char *name, uint16_t major,
			  uint16_t minor)
{
	return hload_interface_check(ctx->module->system, name,
				     HLOAD_INTERFACE_VERSION(major, minor), NULL);
}

size_t helix_interface_implementors(const struct helix_context *ctx, const char *name,
				    uint64_t *ids, size_t capacity)
{
	struct hload_system *system = ctx->module->system;
	struct hload_interface *interface;
	size_t count = 0;

	hload_lock(system);
	interface = hload_interface_find(system, name, false);
	for (struct hload_implementor *m = interface ? interface->implementors : NULL; m; m = m->next)
		if (count++ < capacity)
			ids[count - 1] = m->module->id;
	hload_unlock(system);
	return count;
}

/* ---- the primary ------------------------------------------------------------------ */

static void prefer(struct hload_interface *interface, struct hload_implementor *preferred)
{
	for (struct hload_implementor *m = interface->implementors; m; m = m->next)
		if (m->preferred) {
			m->preferred = false;
			delist(m);
			enlist(m);
			break;
		}
	if (preferred) {
		preferred->preferred = true;
		delist(preferred);
		enlist(preferred);
	}
	hload_ports_bind(interface);
}

enum helix_status hload_interface_prefer(struct hload_system *system, const char *name,
					 struct hload_module *module, struct hmod_diag *diag)
{
	struct hload_implementor *preferred = NULL;
	enum helix_status status = HELIX_OK;
	struct hload_interface *interface;

	hload_lock(system);
	status = hload_await_reload(system, diag);
	if (status) {
		hload_unlock(system);
		return status;
	}
	interface = hload_interface_find(system, name, false);
	if (interface && module)
		preferred = implementor_of(interface, module->id);
	if (!interface || !interface->implementors || (module && !preferred)) {
		status = hmod_fail(diag, HELIX_E_NOT_FOUND, HMOD_STAGE_NONE, HMOD_NOWHERE);
		hmod_diag_name(diag, module && interface ? module->meta.name : name, SIZE_MAX);
	} else {
		prefer(interface, preferred);
	}
	hload_unlock(system);
	return status;
}
