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

static struct hload_provide *first_provider(const struct hload_edge *edge)
{
	return (struct hload_provide *)hload_index_find(&edge->from->system->providers,
							edge->node.key, hload_length(edge->node.key),
							edge->node.hash);
}

static struct hload_provide *next_provider(const struct hload_provide *provide)
{
	return (struct hload_provide *)hload_index_more(&provide->module->system->providers,
							&provide->node);
}

/* The module that fits an edge now: the one of that name; for a capability a
 * running provider, else the first. */
static struct hload_module *target(const struct hload_edge *edge)
{
	struct hload_provide *first, *provide;

	if (!capability(edge))
		return (struct hload_module *)hload_index_find(&edge->from->system->names,
							       edge->node.key,
							       hload_length(edge->node.key),
							       edge->node.hash);
	first = first_provider(edge);
	for (provide = first; provide; provide = next_provider(provide))
		if (provide->module->state == HLOAD_RUNNING)
			return provide->module;
	return first ? first->module : NULL;
}

/* The first edge that wants `name` of that sort, behind `after` if that is given. */
static struct hload_edge *next_waiting(const struct hload_system *system, const char *name,
				       bool capabilities, const struct hload_edge *after)
{
	size_t length = hload_length(name);
	struct hload_node *node =
		after ? hload_index_more(&system->waiting, &after->node) :
			hload_index_find(&system->waiting, name, length, hmod_name_hash(name, length));

	while (node && capability((struct hload_edge *)node) != capabilities)
		node = hload_index_more(&system->waiting, node);
	return (struct hload_edge *)node;
}

/* Binds anew every edge that wants `name` of that sort: all to the same. */
static void rebind(struct hload_system *system, const char *name, bool capabilities)
{
	struct hload_edge *edge = next_waiting(system, name, capabilities, NULL);
	struct hload_module *to = edge ? target(edge) : NULL;

	for (; edge; edge = next_waiting(system, name, capabilities, edge))
		bind(edge, to);
}

void hload_graph_moved(struct hload_module *module)
{
	for (uint32_t i = 0; i < module->provide_count; i++)
		rebind(module->system, module->provides[i].node.key, true);
}

/* ---- a bound on walking --------------------------------------------------------- */

enum helix_status hload_fail_crowd(struct hmod_diag *diag, enum hmod_stage stage,
				   const char *name)
{
	hmod_fail(diag, HELIX_E_CROWDED, stage, HMOD_NOWHERE);
	hmod_diag_name(diag, name, SIZE_MAX);
	return HELIX_E_CROWDED;
}

static uint64_t walked(const struct hload_system *system)
{
	return system->names.steps + system->waiting.steps + system->providers.steps;
}

/* Where `walked` may stand after the module is entered: names it has, and once all
 * who are there already, as each of them may be bound anew. */
static uint64_t walk_end(const struct hload_module *module)
{
	const struct hload_system *system = module->system;
	const struct hmod_flat_header *header = module->meta.header;

	return walked(system) + HLOAD_PROBES_MORE +
	       HLOAD_PROBES * ((uint64_t)header->provide_count + header->dependency_count) +
	       4 * (system->waiting.count + system->providers.count);
}

static enum helix_status check_walk(const struct hload_module *module, uint64_t end,
				    const char *name, struct hmod_diag *diag)
{
	return walked(module->system) <= end ?
		       HELIX_OK :
		       hload_fail_crowd(diag, HMOD_STAGE_REGISTER, name);
}

/* ---- entering --------------------------------------------------------------------- */

static enum helix_status add_provides(struct hload_module *module, struct hmod_diag *diag)
{
	const uint32_t count = module->meta.header->provide_count;
	const size_t size = count * sizeof *module->provides;

	if (!count)
		return HELIX_OK;
	module->provides = hload_alloc(module->system, size);
	if (!module->provides)
		return hload_fail_memory(diag, HMOD_STAGE_REGISTER, size, "dependencies");
	for (uint32_t i = 0; i < count; i++)
		module->provides[i] = (struct hload_provide){ .module = module };
	return HELIX_OK;
}

/* Into the index of providers: one that is there always takes a node. */
static enum helix_status show_provides(struct hload_module *module, uint64_t end,
				       struct hmod_diag *diag)
{
	enum helix_status status = HELIX_OK;

	while (!status && module->provide_count < module->meta.header->provide_count) {
		const uint32_t i = module->provide_count++;

		hload_index_add(&module->system->providers, &module->provides[i].node,
				hmod_meta_string(&module->meta, module->meta.provides[i]));
		status = check_walk(module, end, module->provides[i].node.key, diag);
	}
	return status;
}

static enum helix_status add_edges(struct hload_module *module, uint64_t end,
				   struct hmod_diag *diag)
{
	enum helix_status status = HELIX_OK;
	const uint32_t count = module->meta.header->dependency_count;
	const size_t size = count * sizeof *module->edges;

	if (!count)
		return HELIX_OK;
	module->edges = hload_alloc(module->system, size);
	if (!module->edges)
		return hload_fail_memory(diag, HMOD_STAGE_REGISTER, size,
						 "dependencies");
	memset(module->edges, 0, size);
	for (uint32_t i = 0; !status && i < count; i++) {
		struct hload_edge *edge = &module->edges[i];

		edge->from = module;
		edge->wanted = &module->meta.dependencies[i];
		if (!hload_index_add(&module->system->waiting, &edge->node,
				     hmod_meta_string(&module->meta, edge->wanted->name)))
			return hload_fail_memory(diag, HMOD_STAGE_REGISTER, size,
						 "dependencies");
		module->edge_count++;
		bind(edge, target(edge));
		status = check_walk(module, end, edge->node.key, diag);
	}
	return status;
}

/* What waits for the module is bound to it. */
static enum helix_status show(struct hload_module *module, uint64_t end, struct hmod_diag *diag)
{
	enum helix_status status = show_provides(module, end, diag);

	if (status)
		return status;
	rebind(module->system, module->meta.name, false);
	for (uint32_t i = 0; !status && i < module->provide_count; i++) {
		const char *name = module->provides[i].node.key;

		rebind(module->system, name, true);
		status = check_walk(module, end, name, diag);
	}
	return status;
}

static enum helix_status prepare(struct hload_module *module, uint64_t end, struct hmod_diag *diag)
{
	enum helix_status status = add_provides(module, diag);

	return status ? status : add_edges(module, end, diag);
}

enum helix_status hload_graph_prepare(struct hload_module *module, struct hmod_diag *diag)
{
	return prepare(module, walk_end(module), diag);
}

void hload_graph_show(struct hload_module *module)
{
	show(module, UINT64_MAX, NULL);
}

void hload_graph_hide(struct hload_module *module)
{
	struct hload_system *system = module->system;

	for (uint32_t i = 0; i < module->provide_count; i++) {
		hload_index_remove(&system->providers, &module->provides[i].node);
		rebind(system, module->provides[i].node.key, true);
	}
	module->provide_count = 0;
	rebind(system, module->meta.name, false);
}

enum helix_status hload_graph_add(struct hload_module *module, struct hmod_diag *diag)
{
	const uint64_t end = walk_end(module);
	enum helix_status status = prepare(module, end, diag);

	if (!status)
		status = show(module, end, diag);
	return status;
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

/* Turns the chain of parents round that leads from `last` to its root. */
static void turn_path(struct hload_module *last)
{
	struct hload_module *child = NULL;

	while (last) {
		struct hload_module *parent = last->parent;

		last->parent = child;
		child = last;
		last = parent;
	}
}

/* The names down a turned chain, and the first once more. */
static void write_path(struct hload_text *text, const struct hload_module *module)
{
	for (const struct hload_module *m = module; m; m = m->parent) {
		hload_text_add(text, m->meta.name);
		hload_text_add(text, " → ");
	}
	hload_text_add(text, module->meta.name);
}

/* Whether an edge leads here, or could: then only can the module be on a circle. */
static bool is_wanted(const struct hload_module *module)
{
	if (module->dependents)
		return true;
	for (uint32_t i = 0; i < module->provide_count; i++)
		if (next_waiting(module->system, module->provides[i].node.key, true, NULL))
			return true;
	return false;
}

/* The next module that `at` depends on, or might through a capability. All
 * providers of one are followed from the first edge that wants it. */
static struct hload_module *next_target(struct hload_module *at, uint64_t walk)
{
	while (at->cursor < at->edge_count) {
		const struct hload_edge *edge = &at->edges[at->cursor];

		if (!capability(edge)) {
			at->cursor++;
			if (edge->to)
				return edge->to;
			continue;
		}
		if (at->choice) {
			at->choice = next_provider(at->choice);
		} else {
			at->choice = first_provider(edge);
			if (at->choice && at->choice->mark == walk)
				at->choice = NULL;
			else if (at->choice)
				at->choice->mark = walk;
		}
		if (at->choice)
			return at->choice->module;
		at->cursor++;
	}
	return NULL;
}

static struct hload_module *enter(struct hload_module *module, struct hload_module *parent,
				  uint64_t walk)
{
	module->mark = walk;
	module->cursor = 0;
	module->choice = NULL;
	module->parent = parent;
	return module;
}

enum helix_status hload_graph_cycle(struct hload_module *module, struct hmod_diag *diag)
{
	return is_wanted(module) ? hload_graph_reaches(module, module, diag) : HELIX_OK;
}

/* Depth first from the module; each edge once. */
enum helix_status hload_graph_reaches(struct hload_module *module, struct hload_module *target,
				      struct hmod_diag *diag)
{
	uint64_t walk = ++module->system->walk;
	struct hload_module *at = enter(module, NULL, walk);

	while (at) {
		struct hload_module *to = next_target(at, walk);

		if (!to) {
			at = at->parent;
		} else if (to == target) {
			hload_fail_module(diag, HELIX_E_CIRCULAR, HMOD_STAGE_REGISTER, module);
			turn_path(at);
			hload_diag_list(module->system, diag, write_path, module);
			return HELIX_E_CIRCULAR;
		} else if (to->mark != walk) {
			at = enter(to, at, walk);
		}
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
