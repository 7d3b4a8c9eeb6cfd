/* SPDX-License-Identifier: MIT
 *
 * In which order modules start and go: a topological order of what is needed,
 * stable (ties in registration order), without recursion.
 */
#include "loader/internal.h"

/* ---- a heap of modules by id: the earliest registered first ----------------------- */

static void heap_push(struct hload_module **heap, size_t *count, struct hload_module *module)
{
	size_t at = (*count)++;

	for (; at && heap[(at - 1) / 2]->id > module->id; at = (at - 1) / 2)
		heap[at] = heap[(at - 1) / 2];
	heap[at] = module;
}

static struct hload_module *heap_pop(struct hload_module **heap, size_t *count)
{
	struct hload_module *top = heap[0], *last = heap[--*count];
	size_t at = 0, child;

	while ((child = 2 * at + 1) < *count) {
		if (child + 1 < *count && heap[child + 1]->id < heap[child]->id)
			child++;
		if (heap[child]->id >= last->id)
			break;
		heap[at] = heap[child];
		at = child;
	}
	heap[at] = last;
	return top;
}

/* ---- starting ------------------------------------------------------------------------ */

struct plan {
	struct hload_system *system;
	struct hload_module **members; /* in the order found; room for all modules */
	struct hload_module **scratch; /* as large */
	size_t count;
	struct hmod_diag *diag;
	uint64_t walk;
};

static enum helix_status fail_capacity(struct hmod_diag *diag, size_t capacity, size_t length)
{
	hmod_fail(diag, HELIX_E_TOO_LARGE, HMOD_STAGE_DEPENDENCIES, HMOD_NOWHERE);
	hmod_diag_name(diag, "the list of modules", SIZE_MAX);
	hmod_diag_numbers(diag, capacity, length);
	return HELIX_E_TOO_LARGE;
}

static void include(struct plan *plan, struct hload_module *module)
{
	if (module->mark == plan->walk || module->state == HLOAD_RUNNING)
		return;
	module->mark = plan->walk;
	module->pending = 0;
	plan->members[plan->count++] = module;
}

/* An edge that must be, or can be, followed. */
static bool followed(const struct hload_edge *edge)
{
	return edge->to && (!hload_edge_optional(edge) || !hload_edge_check(edge, NULL));
}

/* The list of members is the queue: each is visited once and adds what it
 * needs, but nothing optional that `broken` found unable to start. */
static void close_over(struct plan *plan, struct hload_module *const *roots, size_t count,
		       uint64_t broken)
{
	plan->walk = ++plan->system->walk;
	plan->count = 0;
	for (size_t i = 0; i < count; i++)
		include(plan, roots[i]);
	for (size_t i = 0; i < plan->count; i++)
		for (uint32_t k = 0; k < plan->members[i]->edge_count; k++) {
			struct hload_edge *edge = &plan->members[i]->edges[k];

			if (followed(edge) && (!broken || edge->to->broken != broken))
				include(plan, edge->to);
		}
}

/* The first edge that keeps a module from starting whatever else starts. */
static const struct hload_edge *bad_edge(const struct hload_module *module)
{
	for (uint32_t k = 0; k < module->edge_count; k++)
		if (!hload_edge_optional(&module->edges[k]) &&
		    hload_edge_check(&module->edges[k], NULL))
			return &module->edges[k];
	return NULL;
}

/* Marks as broken what has a bad edge, and what cannot do without that. */
static void find_broken(struct plan *plan)
{
	size_t left = 0;

	for (size_t i = 0; i < plan->count; i++)
		if (bad_edge(plan->members[i])) {
			plan->members[i]->broken = plan->walk;
			plan->scratch[left++] = plan->members[i];
		}
	while (left) {
		struct hload_module *m = plan->scratch[--left];

		for (struct hload_edge *e = m->dependents; e; e = e->next)
			if (e->from->mark == plan->walk && e->from->broken != plan->walk &&
			    !hload_edge_optional(e)) {
				e->from->broken = plan->walk;
				plan->scratch[left++] = e->from;
			}
	}
}

/* Goes down from a broken module to the edge at fault and tells it. */
static enum helix_status fail_broken(const struct plan *plan, const struct hload_module *module)
{
	const struct hload_edge *bad;

	while (!(bad = bad_edge(module)))
		for (uint32_t k = 0; k < module->edge_count; k++)
			if (!hload_edge_optional(&module->edges[k]) &&
			    module->edges[k].to->broken == plan->walk) {
				module = module->edges[k].to;
				break;
			}
	return hload_edge_check(bad, plan->diag);
}

/* Both ends are members. */
static bool counts(const struct plan *plan, const struct hload_edge *edge)
{
	return edge->from->mark == plan->walk && edge->to && edge->to->mark == plan->walk &&
	       followed(edge);
}

static void sort(struct plan *plan, struct hload_module **order)
{
	size_t ready = 0, length = 0;

	for (size_t i = 0; i < plan->count; i++)
		for (uint32_t k = 0; k < plan->members[i]->edge_count; k++)
			plan->members[i]->pending += counts(plan, &plan->members[i]->edges[k]);
	for (size_t i = 0; i < plan->count; i++)
		if (!plan->members[i]->pending)
			heap_push(plan->scratch, &ready, plan->members[i]);
	while (ready) {
		struct hload_module *m = heap_pop(plan->scratch, &ready);

		order[length++] = m;
		for (struct hload_edge *e = m->dependents; e; e = e->next)
			if (counts(plan, e) && !--e->from->pending)
				heap_push(plan->scratch, &ready, e->from);
	}
}

static enum helix_status plan_members(struct plan *plan, struct hload_module *const *roots,
				      size_t count)
{
	close_over(plan, roots, count, 0);
	find_broken(plan);
	for (size_t i = 0; i < count; i++)
		if (roots[i]->broken == plan->walk)
			return fail_broken(plan, roots[i]);
	close_over(plan, roots, count, plan->walk);
	return HELIX_OK;
}

static enum helix_status plan_start(struct plan *plan, struct hload_module *const *roots,
				    size_t count)
{
	const size_t room = plan->system->counts.modules;

	plan->members = hload_alloc(plan->system, 2 * room * sizeof *plan->members);
	if (!plan->members)
		return hload_fail_memory(plan->diag, HMOD_STAGE_DEPENDENCIES,
					 2 * room * sizeof *plan->members, "the order of modules");
	plan->scratch = plan->members + room;
	return plan_members(plan, roots, count);
}

enum helix_status hload_plan(struct hload_system *system, struct hload_module *const *roots,
			     size_t count, struct hload_module **order, size_t capacity,
			     size_t *length, struct hmod_diag *diag)
{
	struct plan plan = { .system = system, .diag = diag };
	enum helix_status status;

	*length = 0;
	if (!count)
		return HELIX_OK;
	hload_lock(system);
	status = plan_start(&plan, roots, count);
	if (!status && plan.count > capacity)
		status = fail_capacity(diag, capacity, plan.count);
	if (!status) {
		sort(&plan, order);
		*length = plan.count;
	}
	hload_free(system, plan.members, 2 * system->counts.modules * sizeof *plan.members);
	hload_unlock(system);
	return status;
}

/* ---- going -------------------------------------------------------------------------- */

static struct hload_module *enter(struct hload_module *module, struct hload_module *parent,
				  uint64_t walk)
{
	module->mark = walk;
	module->hold = module->holders;
	module->parent = parent;
	return module;
}

/* Depth first over holders; a module is written when all its holders are. */
static size_t walk_holders(struct hload_module *module, struct hload_module **order,
			   size_t capacity)
{
	const uint64_t walk = ++module->system->walk;
	struct hload_module *at = enter(module, NULL, walk);
	size_t length = 0;

	while (at) {
		struct hload_hold *hold = at->hold;

		if (!hold) {
			if (length < capacity)
				order[length] = at;
			length++;
			at = at->parent;
			continue;
		}
		at->hold = hold->next;
		if (hold->holder->mark != walk)
			at = enter(hold->holder, at, walk);
	}
	return length;
}

enum helix_status hload_unload_order(struct hload_system *system, struct hload_module *module,
				     struct hload_module **order, size_t capacity,
				     size_t *length, struct hmod_diag *diag)
{
	size_t needed;

	hload_lock(system);
	needed = walk_holders(module, order, capacity);
	hload_unlock(system);
	*length = needed <= capacity ? needed : 0;
	return *length ? HELIX_OK : fail_capacity(diag, capacity, needed);
}
