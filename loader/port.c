/* SPDX-License-Identifier: MIT
 *
 * Ports: what users of an interface hold, and the counting side of the gate.
 * See interface.h.
 */
#include "loader/interface.h"

#include "helix/module.h"

/* ---- through the gate: any context, no lock ------------------------------------------ */

/* The caller is counted before it is looked whom to call: whoever binds the port
 * anew and then sees the counter at zero knows that nobody is with the old one. */
uint64_t hload_gate_enter(struct hload_port *port, uint32_t operation, struct hload_frame *frame)
{
	uint64_t *inside = &port->inside[__atomic_load_n(&port->phase, __ATOMIC_RELAXED)];
	const struct hload_implementor *to;

	__atomic_add_fetch(inside, 1, __ATOMIC_SEQ_CST);
	to = __atomic_load_n(&port->bound, __ATOMIC_SEQ_CST);
	if (!to || operation >= to->count || !to->operation[operation]) {
		frame->status = HELIX_E_NOT_SUPPORTED;
		__atomic_sub_fetch(inside, 1, __ATOMIC_RELEASE);
		return 0;
	}
	frame->inside = inside;
	hload_frame_push(port->system, frame);
	frame->module = to->module;
	frame->what = port->interface->node.key;
	return to->operation[operation];
}

void hload_gate_leave(struct hload_frame *frame)
{
	hload_frame_pop(frame);
	__atomic_sub_fetch((uint64_t *)frame->inside, 1, __ATOMIC_RELEASE);
}

/* ---- binding --------------------------------------------------------------------- */

static bool fits(const struct hload_port *port, const struct hload_implementor *implementor)
{
	return hload_interface_fits(implementor, port->version) &&
	       (!port->from || port->from == implementor->module->id);
}

static void bind(struct hload_port *port)
{
	struct hload_implementor *to = port->interface->implementors;

	while (to && !fits(port, to))
		to = to->next;
	__atomic_store_n(&port->bound, to, __ATOMIC_SEQ_CST);
}

void hload_ports_bind(struct hload_interface *interface)
{
	for (struct hload_port *port = interface->ports; port; port = port->next)
		bind(port);
}

static void discard(struct hload_port *port)
{
	const struct hload_host *host = &port->system->host;

	if (port->region.address)
		host->release(host->ctx, HLOAD_TEXT, &port->region);
	hload_free(port->system, port, sizeof *port);
}

static uint64_t inside(const struct hload_port *port, uint32_t phase)
{
	return __atomic_load_n(&port->inside[phase], __ATOMIC_SEQ_CST);
}

/* Waits until each count was seen at zero; new callers are sent to one that was
 * already, so that the other empties. Others may do the same meanwhile. 0, or how
 * many callers were not seen to leave. */
static uint64_t drain(struct hload_port *port, uint64_t deadline)
{
	bool empty[2] = { false, false };

	for (;;) {
		uint64_t left = 0;

		for (uint32_t phase = 0; phase < 2; phase++) {
			empty[phase] = empty[phase] || !inside(port, phase);
			left += empty[phase] ? 0 : inside(port, phase);
		}
		if (empty[0] && empty[1])
			return 0;
		if (empty[0] || empty[1])
			__atomic_store_n(&port->phase, empty[1], __ATOMIC_RELAXED);
		if (!hload_wait(port->system, deadline))
			return left ? left : 1;
	}
}

/* Frees what was unmade, once nobody is inside and nobody walks over it. Who is
 * still inside broke the rules; what he needs is kept for him. */
static void sweep(struct hload_system *system)
{
	struct hload_port **at = &system->unmade;

	while (!system->drains && *at) {
		struct hload_port *port = *at;

		if (inside(port, 0) || inside(port, 1)) {
			at = &port->unmade;
			continue;
		}
		*at = port->unmade;
		discard(port);
	}
}

/* While it waits the lock is given up and ports may be unmade: none is freed
 * until then, and their `next` still leads to all that were there. Who is inside
 * one that was given back under him may be with anybody: he is waited for too. */
bool hload_ports_drain(struct hload_module *module, uint64_t deadline, uint64_t *count)
{
	struct hload_system *system = module->system;

	*count = 0;
	system->drains++;
	for (uint32_t i = 0; i < module->implementor_count; i++) {
		struct hload_interface *interface = module->implementors[i].interface;
		struct hload_port *port = interface ? interface->ports : NULL;

		for (; port; port = port->next)
			*count += drain(port, deadline);
	}
	for (struct hload_port *port = system->unmade; port; port = port->unmade)
		*count += drain(port, deadline);
	system->drains--;
	sweep(system);
	return !*count;
}

const char *hload_ports_user(const struct hload_module *module, uint32_t i,
			     const char **interface)
{
	for (uint32_t k = 0; k < module->implementor_count; k++) {
		const struct hload_implementor *implementor = &module->implementors[k];
		const struct hload_port *port =
			implementor->interface ? implementor->interface->ports : NULL;

		for (; port; port = port->next)
			for (const struct hload_user *user = port->users;
			     user && port->bound == implementor; user = user->next)
				if (user->module != module && !i--) {
					*interface = port->interface->node.key;
					return user->module ? user->module->meta.name : "kernel";
				}
	}
	return NULL;
}

const char *hload_interface_user(struct hload_system *system, const struct hload_module *module,
				 uint32_t i, const char **interface)
{
	const char *user;

	hload_lock(system);
	user = hload_ports_user(module, i, interface);
	hload_unlock(system);
	return user;
}

/* ---- having one ------------------------------------------------------------------- */

static struct hload_port *find(struct hload_interface *interface, uint32_t version, uint64_t from)
{
	struct hload_port *port = interface->ports;

	while (port && (port->version != version || port->from != from))
		port = port->next;
	return port;
}

static struct hload_port *make(struct hload_system *system, struct hload_interface *interface,
			       uint32_t version, uint64_t from)
{
	const struct hload_host *host = &system->host;
	struct hload_port *port = hload_alloc(system, sizeof *port);

	if (!port)
		return NULL;
	memset(port, 0, sizeof *port);
	port->system = system;
	port->interface = interface;
	port->version = version;
	port->from = from;
	if (!host->place(host->ctx, HLOAD_TEXT, HLOAD_GATE_SIZE, 16, &port->region)) {
		port->region.address = 0;
		discard(port);
		return NULL;
	}
	hload_gate_write(port->region.write, port->region.address, port);
	if (!host->seal(host->ctx, HLOAD_TEXT, &port->region)) {
		discard(port);
		return NULL;
	}
	port->next = interface->ports;
	interface->ports = port;
	bind(port);
	return port;
}

/* Nobody has a reference any more. */
static void unmake(struct hload_port *port)
{
	struct hload_interface *interface = port->interface;
	struct hload_system *system = port->system;
	struct hload_port **at = &interface->ports;

	while (*at != port)
		at = &(*at)->next;
	*at = port->next;
	__atomic_store_n(&port->bound, NULL, __ATOMIC_SEQ_CST);
	port->unmade = system->unmade;
	system->unmade = port;
	sweep(system);
	hload_interface_drop(system, interface);
}

static bool use(struct hload_port *port, struct hload_module *module)
{
	struct hload_user *user = port->users;

	while (user && user->module != module)
		user = user->next;
	if (!user) {
		user = hload_alloc(port->system, sizeof *user);
		if (!user)
			return false;
		*user = (struct hload_user){ port->users, module, 0 };
		port->users = user;
	}
	user->count++;
	return true;
}

static void leave_all(struct hload_port *port, struct hload_user **at)
{
	struct hload_user *user = *at;

	*at = user->next;
	hload_free(port->system, user, sizeof *user);
	if (!port->users)
		unmake(port);
}

void hload_ports_free(struct hload_system *system)
{
	/* No module is loaded: an interface is there for its ports, and they for users. */
	while (system->first_interface) {
		struct hload_port *port = system->first_interface->ports;

		leave_all(port, &port->users);
	}
	while (system->unmade) {
		struct hload_port *port = system->unmade;

		system->unmade = port->unmade;
		discard(port);
	}
}

static const void *get(struct hload_system *system, struct hload_module *user, const char *name,
		       uint32_t version, uint64_t from)
{
	struct hload_interface *interface = hload_interface_find(system, name, true);
	struct hload_port *port;

	if (!interface)
		return NULL;
	port = find(interface, version, from);
	if (!port)
		port = make(system, interface, version, from);
	if (port && use(port, user))
		return (const void *)(uintptr_t)(port->region.address + 16);
	if (port && !port->users)
		unmake(port);
	else
		hload_interface_drop(system, interface);
	return NULL;
}

const void *hload_interface_get(struct hload_system *system, struct hload_module *user,
				const char *name, uint32_t version, uint64_t implementor)
{
	const void *operations;

	hload_lock(system);
	operations = get(system, user, name, version, implementor);
	hload_unlock(system);
	return operations;
}

/* Looked for among all, not trusted: what a module gives back may be anything. */
static struct hload_port *port_of(struct hload_system *system, const void *operations)
{
	const uint64_t address = (uint64_t)(uintptr_t)operations - 16;

	for (struct hload_interface *i = system->first_interface; i; i = i->next)
		for (struct hload_port *port = i->ports; port; port = port->next)
			if (port->region.address == address)
				return port;
	return NULL;
}

static bool put(struct hload_system *system, struct hload_module *module, const void *operations)
{
	struct hload_port *port = port_of(system, operations);
	struct hload_user **at = port ? &port->users : NULL;

	while (at && *at && (*at)->module != module)
		at = &(*at)->next;
	if (!at || !*at)
		return false;
	if (!--(*at)->count)
		leave_all(port, at);
	return true;
}

void hload_interface_put(struct hload_system *system, struct hload_module *user,
			 const void *operations)
{
	bool known;

	if (!operations)
		return;
	hload_lock(system);
	known = put(system, user, operations);
	if (!known)
		hload_log(system, HELIX_LOG_ERROR, "%s gives back an interface that it does not hold",
			  user ? user->meta.name : "kernel");
	hload_unlock(system);
}

static uint64_t release_of(struct hload_interface *interface, const struct hload_module *user)
{
	uint64_t count = 0;

	for (struct hload_port *port = interface->ports, *next; port; port = next) {
		struct hload_user **at = &port->users;

		next = port->next;
		while (*at && (*at)->module != user)
			at = &(*at)->next;
		if (!*at)
			continue;
		count += (*at)->count;
		leave_all(port, at); /* frees the interface with its last port */
	}
	return count;
}

uint64_t hload_ports_release(struct hload_module *user)
{
	uint64_t count = 0;

	for (struct hload_interface *i = user->system->first_interface, *next; i; i = next) {
		next = i->next;
		count += release_of(i, user);
	}
	return count;
}

/* ---- the module API --------------------------------------------------------------- */

const void *helix_interface_get(const struct helix_context *ctx, const char *name, uint16_t major,
				uint16_t minor)
{
	return helix_interface_get_from(ctx, name, major, minor, 0);
}

const void *helix_interface_get_from(const struct helix_context *ctx, const char *name,
				     uint16_t major, uint16_t minor, uint64_t implementor)
{
	return hload_interface_get(ctx->module->system, ctx->module, name,
				   HLOAD_INTERFACE_VERSION(major, minor), implementor);
}

void helix_interface_put(const struct helix_context *ctx, const void *operations)
{
	hload_interface_put(ctx->module->system, ctx->module, operations);
}

/* The port stands before the table that its user holds. */
static struct hload_port *port_before(const void *operations)
{
	struct hload_port *port;

	memcpy(&port, (const uint8_t *)operations - 16, sizeof port);
	return port;
}

bool helix_interface_is_null(const void *operations)
{
	return !operations || !__atomic_load_n(&port_before(operations)->bound, __ATOMIC_SEQ_CST);
}

bool helix_interface_supports(const void *operations, size_t i)
{
	const struct hload_implementor *to;
	struct hload_port *port;
	uint64_t *inside;
	bool supports;

	if (!operations)
		return false;
	port = port_before(operations);
	inside = &port->inside[__atomic_load_n(&port->phase, __ATOMIC_RELAXED)];
	__atomic_add_fetch(inside, 1, __ATOMIC_SEQ_CST); /* as a caller: it stays meanwhile */
	to = __atomic_load_n(&port->bound, __ATOMIC_SEQ_CST);
	supports = to && i < to->count && to->operation[i];
	__atomic_sub_fetch(inside, 1, __ATOMIC_RELEASE);
	return supports;
}
