/* SPDX-License-Identifier: MIT
 *
 * Who depends on whom. Edges are bound when either end is registered; a walk
 * keeps its state in the modules, so nothing recurses and nothing is allocated.
 */
#include "loader/internal.h"

static bool capability(const struct hload_edge *edge)
{
	return edge->wanted->flags & HMOD_DEPENDENCY_CAPABILITY;
}

bool hload_edge_optional(const struct hload_edge *edge)
{
	return edge->wanted->flags & HMOD_DEPENDENCY_OPTIONAL;
}

static void unbind(struct hload_edge *edge)
{
	if (!edge->to)
		return;
	*(edge->previous ? &edge->previous->next : &edge->to->dependents) = edge->next;
	if (edge->next)
		edge->next->previous = edge->previous;
	edge->to = NULL;
	edge->next = edge->previous = NULL;
}

static void bind(struct hload_edge *edge, struct hload_module *to)
{
	unbind(edge);
	if (!to)
		return;
	edge->to = to;
	edge->next = to->dependents;
	if (edge->next)
		edge->next->previous = edge;
	to->dependents = edge;
}

/* The module that fits an edge now: the one of that name; for a capability a
 * running provider, else the first. */
static struct hload_module *target(const struct hload_edge *edge)
{
	struct hload_system *system = edge->from->system;
	const char *key = edge->node.key;
	struct hload_node *node, *first;

	if (!capability(edge))
		return (struct hload_module *)hload_index_find(&system->names, key,
							       hload_length(key), edge->node.hash);
	first = hload_index_find(&system->providers, key, hload_length(key), edge->node.hash);
	for (node = first; node; node = hload_index_more(&system->providers, node))
		if (((struct hload_provide *)node)->module->state == HLOAD_RUNNING)
			return ((struct hload_provide *)node)->module;
	return first ? ((struct hload_provide *)first)->module : NULL;
}

/* Binds anew every edge that wants `name` of that sort. */
static void rebind(struct hload_system *system, const char *name, bool capabilities)
{
	size_t length = hload_length(name);
	struct hload_node *node =
		hload_index_find(&system->waiting, name, length, hmod_name_hash(name, length));

	for (; node; node = hload_index_more(&system->waiting, node)) {
		struct hload_edge *edge = (struct hload_edge *)node;

		if (capability(edge) == capabilities)
			bind(edge, target(edge));
	}
}

static enum helix_status no_memory(struct hmod_diag *diag, size_t size)
{
	hmod_fail(diag, HELIX_E_NO_MEMORY, HMOD_STAGE_REGISTER, HMOD_NOWHERE);
	hmod_diag_name(diag, "dependencies", SIZE_MAX);
	hmod_diag_numbers(diag, size, 0);
	return HELIX_E_NO_MEMORY;
}

static enum helix_status add_provides(struct hload_module *module, struct hmod_diag *diag)
{
	const uint32_t count = module->meta.header->provide_count;
	const size_t size = count * sizeof *module->provides;

	if (!count)
		return HELIX_OK;
	module->provides = hload_alloc(module->system, size);
	if (!module->provides)
		return no_memory(diag, size);
	for (uint32_t i = 0; i < count; i++) {
		module->provides[i].module = module;
		if (!hload_index_add(&module->system->providers, &module->provides[i].node,
				     hmod_meta_string(&module->meta, module->meta.provides[i])))
			return no_memory(diag, size);
		module->provide_count++;
	}
	return HELIX_OK;
}

static enum helix_status add_edges(struct hload_module *module, struct hmod_diag *diag)
{
	const uint32_t count = module->meta.header->dependency_count;
	const size_t size = count * sizeof *module->edges;

	if (!count)
		return HELIX_OK;
	module->edges = hload_alloc(module->system, size);
	if (!module->edges)
		return no_memory(diag, size);
	memset(module->edges, 0, size);
	for (uint32_t i = 0; i < count; i++) {
		struct hload_edge *edge = &module->edges[i];

		edge->from = module;
		edge->wanted = &module->meta.dependencies[i];
		if (!hload_index_add(&module->system->waiting, &edge->node,
				     hmod_meta_string(&module->meta, edge->wanted->name)))
			return no_memory(diag, size);
		module->edge_count++;
		bind(edge, target(edge));
	}
	return HELIX_OK;
}

enum helix_status hload_graph_add(struct hload_module *module, struct hmod_diag *diag)
{
	enum helix_status status;

	if ((status = add_provides(module, diag)) || (status = add_edges(module, diag)))
		return status;
	rebind(module->system, module->meta.name, false);
	for (uint32_t i = 0; i < module->provide_count; i++)
		rebind(module->system, module->provides[i].node.key, true);
	return HELIX_OK;
}

void hload_graph_remove(struct hload_module *module)
{
	struct hload_system *system = module->system;

	for (uint32_t i = 0; i < module->provide_count; i++)
		hload_index_remove(&system->providers, &module->provides[i].node);
	for (uint32_t i = 0; i < module->edge_count; i++) {
		unbind(&module->edges[i]);
		hload_index_remove(&system->waiting, &module->edges[i].node);
	}
	while (module->dependents) {
		struct hload_edge *edge = module->dependents;
		struct hload_module *other = capability(edge) ? target(edge) : NULL;

		bind(edge, other == module ? NULL : other);
	}
	if (module->provides)
		hload_free(system, module->provides,
			   module->meta.header->provide_count * sizeof *module->provides);
	if (module->edges)
		hload_free(system, module->edges,
			   module->meta.header->dependency_count * sizeof *module->edges);
	module->provides = NULL;
	module->edges = NULL;
	module->provide_count = module->edge_count = 0;
}

/* ---- cycles ---------------------------------------------------------------------- */

/* The names from `module` to `last`, whose chain of parents leads back to it.
 * The chain is turned round on the way and is not needed after. */
static void tell_path(struct hload_module *module, struct hload_module *last,
		      struct hmod_diag *diag)
{
	struct hload_text text = { module->system, NULL, 0, false };
	struct hload_module *m = last, *child = NULL;

	if (!diag)
		return;
	while (m) {
		struct hload_module *parent = m->parent;

		m->parent = child;
		child = m;
		m = parent;
	}
	for (m = module; m; m = m->parent) {
		hload_text_add(&text, m->meta.name);
		hload_text_add(&text, " → ");
	}
	hload_text_add(&text, module->meta.name);
	diag->list = text.text;
}

/* Depth first from the module, along bound edges; each edge once. */
enum helix_status hload_graph_cycle(struct hload_module *module, struct hmod_diag *diag)
{
	uint64_t walk = ++module->system->walk;
	struct hload_module *at = module;

	at->mark = walk;
	at->cursor = 0;
	at->parent = NULL;
	while (at) {
		struct hload_module *to;

		if (at->cursor == at->edge_count) {
			at = at->parent;
			continue;
		}
		to = at->edges[at->cursor++].to;
		if (to == module) {
			hload_fail_module(diag, HELIX_E_CIRCULAR, HMOD_STAGE_REGISTER, module);
			tell_path(module, at, diag);
			return HELIX_E_CIRCULAR;
		}
		if (!to || to->mark == walk)
			continue;
		to->mark = walk;
		to->cursor = 0;
		to->parent = at;
		at = to;
	}
	return HELIX_OK;
}

/* ---- what an edge leads to --------------------------------------------------------- */

static size_t copy(char *to, size_t at, size_t capacity, const char *text)
{
	for (; *text && at + 1 < capacity; text++)
		to[at++] = *text;
	to[at] = 0;
	return at;
}

enum helix_status hload_edge_check(const struct hload_edge *edge, struct hmod_diag *diag)
{
	const struct hmod_flat_dependency *wanted = edge->wanted;
	uint64_t version = edge->to ? edge->to->meta.header->version : 0;
	char text[HELIX_NAME_MAX + HMOD_CONSTRAINT_TEXT + 2];
	size_t at;

	if (!edge->to) {
		hmod_fail(diag, HELIX_E_DEPENDENCY, HMOD_STAGE_DEPENDENCIES, HMOD_NOWHERE);
		hmod_diag_name(diag, edge->node.key, SIZE_MAX);
		hmod_diag_section(diag, 0, edge->from->meta.name, SIZE_MAX);
		return HELIX_E_DEPENDENCY;
	}
	if (capability(edge) || (version >= wanted->least && version <= wanted->most))
		return HELIX_OK;
	at = copy(text, 0, sizeof text, edge->node.key);
	at = copy(text, at, sizeof text, " ");
	hmod_constraint_text(wanted->least, wanted->most, text + at, sizeof text - at);
	hload_fail_module(diag, HELIX_E_VERSION_MISMATCH, HMOD_STAGE_DEPENDENCIES, edge->to);
	hmod_diag_other(diag, text, SIZE_MAX);
	hmod_diag_numbers(diag, wanted->least, version);
	hmod_diag_section(diag, 0, edge->from->meta.name, SIZE_MAX);
	return HELIX_E_VERSION_MISMATCH;
}
