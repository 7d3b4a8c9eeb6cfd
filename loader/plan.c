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
	struct hload_module **members; /* what must start, in the order found */
	size_t count, capacity;
	struct hmod_diag *diag;
	uint64_t walk;
};

static enum helix_status fail_capacity(struct plan *plan)
{
	hmod_fail(plan->diag, HELIX_E_TOO_LARGE, HMOD_STAGE_DEPENDENCIES, HMOD_NOWHERE);
	hmod_diag_name(plan->diag, "the list of modules", SIZE_MAX);
	hmod_diag_numbers(plan->diag, plan->capacity, plan->capacity + 1);
	return HELIX_E_TOO_LARGE;
}

static enum helix_status include(struct plan *plan, struct hload_module *module)
{
	if (module->mark == plan->walk || module->state == HLOAD_RUNNING)
		return HELIX_OK;
	if (plan->count == plan->capacity)
		return fail_capacity(plan);
	module->mark = plan->walk;
	module->pending = 0;
	plan->members[plan->count++] = module;
	return HELIX_OK;
}

/* An edge that must be, or can be, followed. */
static bool wanted(const struct hload_edge *edge)
{
	return edge->to && (!hload_edge_optional(edge) || !hload_edge_check(edge, NULL));
}

/* The list of members is the queue: each is visited once and adds what it needs. */
static enum helix_status close_over(struct plan *plan)
{
	enum helix_status status;

	for (size_t i = 0; i < plan->count; i++) {
		struct hload_module *m = plan->members[i];

		for (uint32_t k = 0; k < m->edge_count; k++) {
			struct hload_edge *edge = &m->edges[k];

			if (!hload_edge_optional(edge) && (status = hload_edge_check(edge, plan->diag)))
				return status;
			if (wanted(edge) && (status = include(plan, edge->to)))
				return status;
		}
	}
	return HELIX_OK;
}

static bool counts(const struct plan *plan, const struct hload_edge *edge)
{
	return edge->from->mark == plan->walk && edge->to && edge->to->mark == plan->walk &&
	       wanted(edge);
}

static size_t sort(struct plan *plan, struct hload_module **heap, struct hload_module **order)
{
	size_t ready = 0, length = 0;

	for (size_t i = 0; i < plan->count; i++)
		for (uint32_t k = 0; k < plan->members[i]->edge_count; k++)
			plan->members[i]->pending += counts(plan, &plan->members[i]->edges[k]);
	for (size_t i = 0; i < plan->count; i++)
		if (!plan->members[i]->pending)
			heap_push(heap, &ready, plan->members[i]);
	while (ready) {
		struct hload_module *m = heap_pop(heap, &ready);

		order[length++] = m;
		for (struct hload_edge *e = m->dependents; e; e = e->next)
			if (counts(plan, e) && !--e->from->pending)
				heap_push(heap, &ready, e->from);
	}
	return length;
}

static enum helix_status plan_start(struct plan *plan, struct hload_module *const *roots,
				    size_t count, struct hload_module **order, size_t *length)
{
	enum helix_status status = HELIX_OK;

	for (size_t i = 0; i < count && !status; i++)
		status = include(plan, roots[i]);
	if (!status)
		status = close_over(plan);
	if (!status)
		*length = sort(plan, plan->members + plan->capacity, order);
	return status;
}

enum helix_status hload_plan(struct hload_system *system, struct hload_module *const *roots,
			     size_t count, struct hload_module **order, size_t capacity,
			     size_t *length, struct hmod_diag *diag)
{
	struct plan plan = { .system = system, .capacity = capacity, .diag = diag };
	const size_t bytes = 2 * capacity * sizeof *plan.members;
	enum helix_status status;

	*length = 0;
	if (!capacity)
		return count ? fail_capacity(&plan) : HELIX_OK;
	hload_lock(system);
	plan.walk = ++system->walk;
	plan.members = hload_alloc(system, bytes);
	if (plan.members) {
		status = plan_start(&plan, roots, count, order, length);
	} else {
		status = hmod_fail(diag, HELIX_E_NO_MEMORY, HMOD_STAGE_DEPENDENCIES, HMOD_NOWHERE);
		hmod_diag_name(diag, "the order of modules", SIZE_MAX);
		hmod_diag_numbers(diag, bytes, 0);
	}
	hload_free(system, plan.members, bytes);
	hload_unlock(system);
	return status;
}

/* ---- going -------------------------------------------------------------------------- */

/* Depth first over holders; a module is written when all its holders are. The
 * hold to follow next stands in `cursor` as a position in the list. */
static enum helix_status walk_holders(struct plan *plan, struct hload_module *module,
				      struct hload_module **order, size_t *length)
{
	struct hload_module *at = module;

	module->mark = plan->walk;
	module->cursor = 0;
	module->parent = NULL;
	while (at) {
		struct hload_module *holder = hload_holder(at, at->cursor);

		if (!holder) {
			if (*length == plan->capacity)
				return fail_capacity(plan);
			order[(*length)++] = at;
			at = at->parent;
			continue;
		}
		at->cursor++;
		if (holder->mark == plan->walk)
			continue;
		holder->mark = plan->walk;
		holder->cursor = 0;
		holder->parent = at;
		at = holder;
	}
	return HELIX_OK;
}

enum helix_status hload_unload_order(struct hload_system *system, struct hload_module *module,
				     struct hload_module **order, size_t capacity,
				     size_t *length, struct hmod_diag *diag)
{
	struct plan plan = { .system = system, .capacity = capacity, .diag = diag };
	enum helix_status status;

	*length = 0;
	hload_lock(system);
	plan.walk = ++system->walk;
	status = walk_holders(&plan, module, order, length);
	hload_unlock(system);
	return status;
}
