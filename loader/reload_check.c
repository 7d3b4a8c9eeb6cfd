/* SPDX-License-Identifier: MIT
 *
 * Step 1 of a reload: what can be known before anything is loaded. Records are
 * made here for new instances of the same name; nobody else sees them.
 */
#include "loader/gate.h"
#include "loader/interface.h"
#include "loader/transaction.h"

/* ---- the file and the record ------------------------------------------------------- */

static enum helix_status find_file(struct hload_swap *swap, struct hmod_diag *diag)
{
	const struct hload_replacement *asked = swap->asked;
	const struct hload_module *of = asked->by ? asked->by : swap->old;
	const struct hload_host *host = of->system->outer;
	const char *path = asked->path ? asked->path : of->path;
	enum helix_status status;

	if (asked->file.size) {
		swap->file = asked->file;
		return HELIX_OK;
	}
	if (!path || !host->file_get) {
		hmod_fail(diag, HELIX_E_IO, HMOD_STAGE_NONE, HMOD_NOWHERE);
		hmod_diag_name(diag, of->meta.name, SIZE_MAX);
		return HELIX_E_IO;
	}
	status = host->file_get(host->ctx, path, &swap->file, diag);
	if (!status)
		swap->path = path;
	return status;
}

static void put_file(struct hload_swap *swap)
{
	const struct hload_host *host = swap->old->system->outer;

	if (swap->path && host->file_put)
		host->file_put(host->ctx, swap->path, swap->file);
	swap->path = NULL;
}

static enum helix_status make_record(struct hload_swap *swap, struct hmod_diag *diag)
{
	const struct hload_replacement *asked = swap->asked;
	struct hload_module *old = swap->old;
	enum helix_status status;

	if (asked->by) {
		swap->new = asked->by;
		return HELIX_OK;
	}
	status = hload_record_make(old->system, swap->file, asked->path ? asked->path : old->path,
				   &swap->new, diag);
	if (status)
		return status;
	swap->fresh = true;
	if (swap->new->meta.name_length != old->meta.name_length ||
	    memcmp(swap->new->meta.name, old->meta.name, old->meta.name_length)) {
		hload_fail_module(diag, HELIX_E_RELOAD_NAME, HMOD_STAGE_METADATA, swap->new);
		hmod_diag_other(diag, old->meta.name, SIZE_MAX);
		return HELIX_E_RELOAD_NAME;
	}
	status = hload_catalog_prepare(swap->new, diag);
	swap->new->id = old->id; /* the entry's, whichever instance stands there */
	return status ? status : hload_graph_prepare(swap->new, diag);
}

static enum helix_status check_pair(const struct hload_swap *swap, struct hmod_diag *diag)
{
	const struct hload_module *old = swap->old, *by = swap->asked->by;

	if (old->gone || old->state != HLOAD_RUNNING)
		return hload_fail_module(diag, HELIX_E_NOT_LOADED, HMOD_STAGE_NONE, old);
	if (!(old->meta.header->flags & HELIX_HOT_RELOADABLE))
		return hload_fail_module(diag, HELIX_E_NOT_RELOADABLE, HMOD_STAGE_METADATA, old);
	if (!by)
		return HELIX_OK;
	if (by->gone)
		return hload_fail_module(diag, HELIX_E_NOT_FOUND, HMOD_STAGE_NONE, by);
	if (by->state != HLOAD_REGISTERED)
		return hload_fail_module(diag, HELIX_E_ALREADY_LOADED, HMOD_STAGE_NONE, by);
	return HELIX_OK;
}

/* ---- what the new needs ------------------------------------------------------------- */

/* Against who will be there when it runs. */
static enum helix_status check_dependency(struct hload_edge *edge, struct hmod_diag *diag)
{
	struct hload_edge as = *edge;
	enum helix_status status;

	if (edge->to)
		as.to = hload_replacement_of(edge->to);
	status = hload_edge_check(&as, diag);
	if (status || as.to != edge->to || as.to->state == HLOAD_RUNNING)
		return status;
	hload_fail_module(diag, HELIX_E_DEPENDENCY_DOWN, HMOD_STAGE_DEPENDENCIES, as.to);
	hmod_diag_other(diag, hload_state_name(as.to->state), SIZE_MAX);
	return HELIX_E_DEPENDENCY_DOWN;
}

static enum helix_status check_state(const struct hload_swap *swap, bool lossy,
				     struct hmod_diag *diag)
{
	const uint32_t wrote = swap->old->meta.header->state_version;
	struct hmod_reference hooks[HMOD_HOOKS];
	const char *lost = NULL;
	struct hmod_image image;
	enum helix_status status;

	if ((status = hmod_image_open(&image, swap->file.data, swap->file.size, diag)) ||
	    (status = hmod_hooks_read(&image, hooks, diag)))
		return status;
	if (!swap->old->object.hook[HMOD_HOOK_SAVE] || lossy)
		return HELIX_OK;
	if (!hooks[HMOD_HOOK_RESTORE].symbol)
		lost = "the new module has no restore_state";
	else if (wrote && !swap->new->meta.header->state_version)
		lost = "the new module declares no state version";
	if (!lost)
		return HELIX_OK;
	hload_fail_module(diag, HELIX_E_RELOAD_STATE, HMOD_STAGE_STATE, swap->old);
	hmod_diag_other(diag, lost, SIZE_MAX);
	return HELIX_E_RELOAD_STATE;
}

static enum helix_status check_new(struct hload_swap *swap, bool lossy, struct hmod_diag *diag)
{
	struct hload_module *new = swap->new;
	const bool force = swap->old->meta.header->flags & HELIX_EXPERIMENTAL;
	enum helix_status status;

	if (!(new->meta.header->flags & HELIX_HOT_RELOADABLE))
		return hload_fail_module(diag, HELIX_E_NOT_RELOADABLE, HMOD_STAGE_METADATA, new);
	status = hload_may_load(new, force, diag);
	for (uint32_t i = 0; i < new->edge_count && !status; i++)
		if (!hload_edge_optional(&new->edges[i]))
			status = check_dependency(&new->edges[i], diag);
	if (status)
		return status;
	status = hload_graph_reaches(new, swap->old, diag);
	return status ? status : check_state(swap, lossy, diag);
}

/* ---- what others have of the old ---------------------------------------------------- */

static bool provides(const struct hload_module *module, const char *capability)
{
	const size_t size = hload_length(capability) + 1;

	for (uint32_t i = 0; i < module->meta.header->provide_count; i++) {
		const char *name = hmod_meta_string(&module->meta, module->meta.provides[i]);

		if (hload_length(name) + 1 == size && !memcmp(name, capability, size))
			return true;
	}
	return false;
}

static enum helix_status check_dependent(const struct hload_swap *swap, struct hload_edge *edge,
					 struct hmod_diag *diag)
{
	const bool capability = edge->wanted->flags & HMOD_DEPENDENCY_CAPABILITY;
	struct hload_edge as = *edge;

	if (capability ? provides(swap->new, edge->node.key) : swap->fresh) {
		as.to = swap->new;
		return hload_edge_check(&as, diag);
	}
	hload_fail_module(diag, HELIX_E_RELOAD_DEPENDENT, HMOD_STAGE_DEPENDENCIES, edge->from);
	hmod_diag_other(diag, edge->node.key, SIZE_MAX);
	return HELIX_E_RELOAD_DEPENDENT;
}

static enum helix_status check_dependents(const struct hload_swap *swap, struct hmod_diag *diag)
{
	enum helix_status status = HELIX_OK;

	for (struct hload_edge *e = swap->old->dependents; e && !status; e = e->next)
		if (e->from->loaded && e->from != swap->new && !hload_swap_of(e->from) &&
		    !hload_edge_optional(e))
			status = check_dependent(swap, e, diag);
	return status;
}

/* Whether the new one has the interface as the port's users want it. */
static bool has_interface(const struct hload_module *new, const struct hload_port *port)
{
	const char *key = port->interface->node.key;
	const size_t size = hload_length(key) + 1;

	for (uint32_t i = 0; i < new->meta.header->interface_count; i++) {
		const struct hmod_flat_interface *has = &new->meta.interfaces[i];
		const char *name = hmod_meta_string(&new->meta, has->name);

		if (hload_length(name) + 1 == size && !memcmp(name, key, size))
			return has->major == port->version >> 16 &&
			       has->minor >= (port->version & 0xffff);
	}
	return false;
}

static void write_users(struct hload_text *text, const struct hload_module *old)
{
	const char *interface;

	for (uint32_t i = 0; hload_ports_user(old, i, &interface); i++) {
		hload_text_add(text, i ? ", " : "");
		hload_text_add(text, hload_ports_user(old, i, &interface));
	}
}

static enum helix_status check_port(const struct hload_swap *swap, const struct hload_port *port,
				    struct hmod_diag *diag)
{
	const struct hload_user *user = port->users;

	while (user && user->module && hload_swap_of(user->module))
		user = user->next;
	if (!user || has_interface(swap->new, port))
		return HELIX_OK;
	hmod_fail(diag, HELIX_E_RELOAD_INTERFACE, HMOD_STAGE_METADATA, HMOD_NOWHERE);
	hmod_diag_name(diag, port->interface->node.key, SIZE_MAX);
	hmod_diag_other(diag, swap->new->meta.name, SIZE_MAX);
	hload_diag_list(swap->old->system, diag, write_users, swap->old);
	return HELIX_E_RELOAD_INTERFACE;
}

static enum helix_status check_interfaces(const struct hload_swap *swap, struct hmod_diag *diag)
{
	const struct hload_module *old = swap->old;
	enum helix_status status = HELIX_OK;

	for (uint32_t i = 0; i < old->implementor_count; i++)
		for (const struct hload_port *port = old->implementors[i].interface->ports;
		     port && !status; port = port->next)
			if (port->bound == &old->implementors[i])
				status = check_port(swap, port, diag);
	return status;
}

/* ---- the step ------------------------------------------------------------------------ */

static enum helix_status make_all(struct hload_transaction *t, struct hmod_diag *diag)
{
	enum helix_status status = HELIX_OK;

	for (size_t i = 0; i < t->count && !status; i++) {
		struct hload_swap *swap = &t->swaps[i];

		for (size_t k = 0; k < i && !status; k++)
			if (t->swaps[k].old == swap->old ||
			    (swap->asked->by && t->swaps[k].new == swap->asked->by)) {
				status = hmod_fail(diag, HELIX_E_INVALID, HMOD_STAGE_NONE,
						   HMOD_NOWHERE);
				hmod_diag_name(diag, "a module is named twice", SIZE_MAX);
			}
		if (status || (status = check_pair(swap, diag)) ||
		    (status = find_file(swap, diag)))
			break;
		status = make_record(swap, diag);
	}
	return status;
}

enum helix_status hload_step_check(struct hload_transaction *t, struct hmod_diag *diag)
{
	enum helix_status status = make_all(t, diag);

	for (size_t i = 0; i < t->count && !status; i++) {
		struct hload_swap *swap = &t->swaps[i];

		if ((status = check_new(swap, t->how->lossy, diag)) ||
		    (status = check_dependents(swap, diag)) ||
		    (status = check_interfaces(swap, diag)))
			break;
		status = hload_check_imports(t, swap, diag);
	}
	t->count_done = t->count;
	t->count_of = t->count == 1 ? "module" : "modules";
	return status;
}

void hload_undo_check(struct hload_transaction *t)
{
	for (size_t i = 0; i < t->count; i++) {
		struct hload_swap *swap = &t->swaps[i];

		put_file(swap);
		if (swap->fresh && swap->new)
			hload_forget(swap->new);
		swap->new = NULL;
	}
}

void hload_put_files(struct hload_transaction *t)
{
	for (size_t i = 0; i < t->count; i++)
		put_file(&t->swaps[i]);
}
