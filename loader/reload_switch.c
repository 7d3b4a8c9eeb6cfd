/* SPDX-License-Identifier: MIT
 *
 * Steps 4 and 7 of a reload: the gates, and the switch. When the switch is made
 * nobody is inside the old, nor inside any module that holds it, however far: so
 * nobody is in code or a call that it changes, and no CPU runs while it does.
 */
#include "loader/gate.h"
#include "loader/interface.h"
#include "loader/transaction.h"

#include "helix/module.h"

/* ---- gates ------------------------------------------------------------------------- */

static void note(struct hload_transaction *t, struct hload_module *module, uint64_t walk)
{
	if (module->mark == walk)
		return;
	module->mark = walk;
	if (t->shut_count < t->shut_room)
		t->shut[t->shut_count] = module;
	t->shut_count++;
}

static uint32_t count_loaded(const struct hload_system *system)
{
	uint32_t count = 0;

	for (const struct hload_module *m = system->oldest; m; m = m->later)
		count++;
	return count;
}

/* The old, the new, and whoever holds one of the old, directly or not: found once,
 * for what holds what changes in the switch, and not whom it concerns. */
static enum helix_status find_concerned(struct hload_transaction *t, struct hmod_diag *diag)
{
	const uint64_t walk = ++t->system->walk;

	t->shut_room = count_loaded(t->system);
	t->shut = hload_alloc(t->system, t->shut_room * sizeof *t->shut);
	if (!t->shut)
		return hload_fail_memory(diag, HMOD_STAGE_NONE, t->shut_room * sizeof *t->shut,
					 "gates");
	for (size_t i = 0; i < t->count; i++) {
		note(t, t->swaps[i].old, walk);
		note(t, t->swaps[i].new, walk);
	}
	for (size_t i = 0; i < t->shut_count; i++)
		for (struct hload_hold *h = t->shut[i]->holders; h; h = h->next)
			note(t, h->holder, walk);
	return HELIX_OK;
}

static enum helix_status fail_inside(const struct hload_module *module, struct hmod_diag *diag)
{
	hload_fail_module(diag, HELIX_E_INSIDE, HMOD_STAGE_UNLOAD, module);
	hmod_diag_numbers(diag, 0, hload_gate_inside(module));
	return HELIX_E_INSIDE;
}

/* Closed gates let nobody in but who is inside already; so when one pass finds
 * nobody anywhere, nobody is: whoever had gone from one to the other meanwhile was
 * all that time counted where he came in first. */
static struct hload_module *who_is_busy(const struct hload_transaction *t)
{
	for (size_t i = 0; i < t->shut_count; i++)
		if (hload_gate_inside(t->shut[i]))
			return t->shut[i];
	return NULL;
}

enum helix_status hload_shut(struct hload_transaction *t, struct hmod_diag *diag)
{
	const uint64_t limit = t->how->drain_ns ? t->how->drain_ns : HLOAD_DRAIN_NS;
	const uint64_t now = hload_now(t->system);
	struct hload_module *busy;

	t->closed_ns = now ? now : 1;
	for (size_t i = 0; i < t->shut_count; i++)
		hload_gate_close(t->shut[i]);
	while ((busy = who_is_busy(t)))
		if (!hload_gate_drain(t->system, now + limit))
			return fail_inside(busy, diag);
	return HELIX_OK;
}

/* Those who were replaced send on whoever waits; all others let him in. */
void hload_unshut(struct hload_transaction *t)
{
	if (!t->closed_ns)
		return;
	for (size_t i = 0; i < t->shut_count; i++)
		if (!t->shut[i]->successor)
			hload_gate_open(t->shut[i]);
	t->system->reload.pause_ns = hload_now(t->system) - t->closed_ns;
	t->closed_ns = 0;
}

enum helix_status hload_step_quiesce(struct hload_transaction *t, struct hmod_diag *diag)
{
	enum helix_status status = find_concerned(t, diag);

	/* Code is opened before the gates are closed, and closed after they are open:
	 * that takes longer than all between. */
	if (!status)
		status = hload_patches_open(&t->patches, diag);
	if (!status)
		status = hload_shut(t, diag);
	t->count_done = t->shut_count;
	t->count_of = "gates closed";
	return status;
}

void hload_undo_quiesce(struct hload_transaction *t)
{
	hload_unshut(t);
	hload_patches_close(&t->patches);
}

/* ---- the embedder's own use ------------------------------------------------------------ */

static struct hload_party party(const struct hload_implementor *implementor)
{
	return (struct hload_party){ implementor->module->meta.name, implementor->module->id,
				     implementor->operation };
}

static const struct hload_implementor *same(const struct hload_module *module,
					    const struct hload_interface *interface)
{
	for (uint32_t i = 0; i < module->implementor_count; i++)
		if (module->implementors[i].interface == interface)
			return &module->implementors[i];
	return NULL;
}

/* Tells the embedder of the interfaces that both have: of all, or back of those that
 * were told. swap->handed_over is how many that are. */
static enum helix_status hand_over(struct hload_swap *swap, bool back)
{
	const struct hload_module *old = swap->old;
	const struct hload_host *host = old->system->outer;
	const uint32_t most = back ? swap->handed_over : UINT32_MAX;
	enum helix_status status = HELIX_OK;
	uint32_t done = 0;

	for (uint32_t i = 0; host->takes_over && i < old->implementor_count && done < most; i++) {
		const struct hload_interface *interface = old->implementors[i].interface;
		const struct hload_implementor *other = same(swap->new, interface);
		struct hload_party from = party(&old->implementors[i]), to;

		if (!other)
			continue;
		to = party(other);
		status = host->takes_over(host->ctx, interface->node.key, back ? &to : &from,
					  back ? &from : &to);
		if (status && !back)
			break;
		done++;
	}
	swap->handed_over = back ? 0 : done;
	return status;
}

static void take_back(struct hload_transaction *t)
{
	for (size_t i = t->count; i-- > 0;)
		hand_over(&t->swaps[i], true);
}

static enum helix_status hand_all_over(struct hload_transaction *t, struct hmod_diag *diag)
{
	for (size_t i = 0; i < t->count; i++) {
		enum helix_status status = hand_over(&t->swaps[i], false);

		if (!status)
			continue;
		take_back(t);
		hmod_fail(diag, HELIX_E_INIT, HMOD_STAGE_START, HMOD_NOWHERE);
		hmod_diag_name(diag, "taking over", SIZE_MAX);
		hmod_diag_numbers(diag, 0, (uint64_t)(int64_t)status);
		return HELIX_E_INIT;
	}
	return HELIX_OK;
}

/* ---- who is where ---------------------------------------------------------------------- */

static bool takes_part(const struct hload_transaction *t, const struct hload_module *module)
{
	for (size_t i = 0; i < t->count; i++)
		if (t->swaps[i].old == module || t->swaps[i].new == module)
			return true;
	return false;
}

/* Those who hold `from` hold `to`, at the end of its list, in their order. */
static void move_holders(const struct hload_transaction *t, struct hload_module *from,
			 struct hload_module *to)
{
	for (struct hload_hold *h = from->holders, *next; h; h = next) {
		next = h->next;
		if (takes_part(t, h->holder))
			continue;
		*(h->previous ? &h->previous->next : &from->holders) = h->next;
		*(h->next ? &h->next->previous : &from->holders_tail) = h->previous;
		from->holder_count--;
		h->held = to;
		h->next = NULL;
		h->previous = to->holders_tail;
		*(h->previous ? &h->previous->next : &to->holders) = h;
		to->holders_tail = h;
		to->holder_count++;
		for (uint32_t i = 0; i < h->holder->object.provider_count; i++)
			if (h->holder->object.providers[i] == from)
				h->holder->object.providers[i] = to;
	}
}

static void move_exports(struct hload_index *from, struct hload_index *to,
			 struct hload_module *module)
{
	for (uint32_t i = 0; i < module->object.export_count; i++) {
		struct hload_node *node = &module->object.exports[i].node;

		if (from)
			hload_index_remove(from, node);
		if (to)
			hload_index_add(to, node, node->key);
	}
}

/* Of a name that others export weakly too, the strong one is found first. */
static void put_weak_behind(struct hload_index *index, const struct hload_module *module)
{
	for (uint32_t i = 0; i < module->object.export_count; i++) {
		struct hload_export_entry *ours = &module->object.exports[i], *first;
		const char *key = ours->node.key;

		while (!ours->weak) {
			first = (void *)hload_index_find(index, key, hload_length(key),
							 ours->node.hash);
			if (first == ours)
				break;
			hload_index_remove(index, &first->node);
			hload_index_add(index, &first->node, first->node.key);
		}
	}
}

/* The registry, under the lock: nobody sees a part of it. */
static void show(struct hload_transaction *t, struct hload_swap *swap)
{
	struct hload_index *exports = &t->system->exports;

	move_exports(exports, NULL, swap->old);
	move_exports(&t->fresh, exports, swap->new);
	put_weak_behind(exports, swap->new);
	if (swap->fresh) {
		hload_record_replace(swap->old, swap->new);
		hload_catalog_hide(swap->old);
		hload_catalog_show(swap->new);
		hload_graph_hide(swap->old);
		hload_graph_show(swap->new);
	}
	move_holders(t, swap->old, swap->new);
	hload_order_after(swap->new, swap->old);
	hload_events_count(swap->old, false);
	hload_advance(swap->old, HLOAD_STOP, NULL);
	swap->new->heard = swap->old->heard;
}

static void unshow(struct hload_transaction *t, struct hload_swap *swap)
{
	struct hload_index *exports = &t->system->exports;

	move_exports(exports, &t->fresh, swap->new);
	move_exports(NULL, exports, swap->old);
	put_weak_behind(exports, swap->old);
	if (swap->fresh) {
		hload_record_replace(swap->new, swap->old);
		hload_catalog_hide(swap->new);
		hload_catalog_show(swap->old);
		hload_graph_hide(swap->new);
		hload_graph_show(swap->old);
	}
	move_holders(t, swap->new, swap->old);
	hload_events_count(swap->old, true);
	hload_advance(swap->old, HLOAD_RESUME, NULL);
	swap->old->heard = swap->new->heard;
}

/* ---- the switch -------------------------------------------------------------------------- */

static void bind_all(const struct hload_transaction *t)
{
	for (size_t i = 0; i < t->count; i++) {
		hload_interfaces_bind(t->swaps[i].old);
		hload_interfaces_bind(t->swaps[i].new);
	}
}

static void switch_over(void *transaction)
{
	const struct hload_transaction *t = transaction;

	hload_patches_apply(&t->patches, false);
	bind_all(t);
}

static void switch_back(void *transaction)
{
	const struct hload_transaction *t = transaction;

	hload_patches_apply(&t->patches, true);
	bind_all(t);
}

static void stop_machine(struct hload_transaction *t, void (*work)(void *argument))
{
	const struct hload_host *host = t->system->outer;

	if (host->stop_machine)
		host->stop_machine(host->ctx, work, t);
	else
		work(t);
}

enum helix_status hload_step_commit(struct hload_transaction *t, struct hmod_diag *diag)
{
	enum helix_status status;

	if ((status = hload_check_exports(t, diag)) || (status = hand_all_over(t, diag)))
		return status;
	for (size_t i = 0; i < t->count; i++)
		hload_interfaces_replace(t->swaps[i].old, t->swaps[i].new);
	stop_machine(t, switch_over);
	t->switched = true;
	for (size_t i = 0; i < t->count; i++)
		show(t, &t->swaps[i]);
	t->system->reload.imports = t->patches.count;
	t->count_done = t->patches.count;
	t->count_of = t->patches.count == 1 ? "import changed" : "imports changed";
	return HELIX_OK;
}

/* Memory for the writable view there was a moment ago: it will be there again. */
static void open_again(struct hload_transaction *t)
{
	while (hload_patches_open(&t->patches, NULL)) {
		hload_log(t->system, HELIX_LOG_ERROR,
			  "reload: no memory to switch back, trying again");
		hload_wait(t->system, UINT64_MAX);
	}
}

void hload_undo_commit(struct hload_transaction *t)
{
	if (!t->switched)
		return;
	open_again(t);
	take_back(t);
	for (size_t i = t->count; i-- > 0;)
		hload_interfaces_replace(t->swaps[i].new, t->swaps[i].old);
	stop_machine(t, switch_back);
	for (size_t i = t->count; i-- > 0;)
		unshow(t, &t->swaps[i]);
	t->switched = false;
}
