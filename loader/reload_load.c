/* SPDX-License-Identifier: MIT
 *
 * Steps 2, 3, 8 and 10 of a reload: the new is loaded beside the old, which goes
 * on; it is initialised, later started; and the old stops and is unloaded.
 */
#include "loader/gate.h"
#include "loader/interface.h"
#include "loader/transaction.h"

#include "helix/module.h"

/* ---- order ------------------------------------------------------------------------ */

/* Whether `swap` needs one of those from `first` on, itself not counted. */
static bool needs_later(const struct hload_transaction *t, const struct hload_swap *swap,
			size_t first)
{
	for (size_t i = first; i < t->count; i++)
		for (uint32_t e = 0; e < swap->new->edge_count && &t->swaps[i] != swap; e++) {
			const struct hload_module *to = swap->new->edges[e].to;

			if (to && (to == t->swaps[i].old || to == t->swaps[i].new))
				return true;
		}
	return false;
}

/* Who is needed comes first. */
static enum helix_status sort(struct hload_transaction *t, struct hmod_diag *diag)
{
	for (size_t i = 0; i < t->count; i++) {
		struct hload_swap kept = t->swaps[i];
		size_t k = i;

		while (k < t->count && needs_later(t, &t->swaps[k], i))
			k++;
		if (k == t->count) {
			hmod_fail(diag, HELIX_E_INVALID, HMOD_STAGE_DEPENDENCIES, HMOD_NOWHERE);
			hmod_diag_name(diag, "the new modules need each other", SIZE_MAX);
			return HELIX_E_INVALID;
		}
		t->swaps[i] = t->swaps[k];
		t->swaps[k] = kept;
	}
	return HELIX_OK;
}

/* ---- loading ------------------------------------------------------------------------ */

/* What was set for the old one and is known to the new one too; how many. */
static size_t inherit(const struct hload_swap *swap, struct hload_setting *settings)
{
	const struct hload_module *old = swap->old;
	size_t count = 0;

	for (uint32_t i = 0; i < old->meta.header->param_count; i++) {
		const char *key = hmod_meta_string(&old->meta, old->meta.params[i].name);

		if (old->values && old->values[i] && hload_has_param(swap->new, key))
			settings[count++] = (struct hload_setting){ key, old->values[i] };
	}
	return count;
}

static enum helix_status bring_in(struct hload_swap *swap, const struct hload_insertion *how,
				  struct hmod_diag *diag)
{
	enum helix_status status = hload_advance(swap->new, HLOAD_LOAD, diag);

	if (!status)
		hload_gate_forget(swap->new);
	return status ? status : hload_bring_in(swap->new, how, diag);
}

static enum helix_status load(struct hload_swap *swap, struct hmod_diag *diag)
{
	struct hload_system *system = swap->old->system;
	const size_t room = swap->old->meta.header->param_count;
	struct hload_insertion how = { .file = swap->file, .settings = swap->asked->settings,
				       .setting_count = swap->asked->setting_count };
	struct hload_setting *settings = NULL;
	enum helix_status status;

	if (swap->fresh && room) {
		settings = hload_alloc(system, room * sizeof *settings);
		if (!settings)
			return hload_fail_memory(diag, HMOD_STAGE_PARAMETERS,
						 room * sizeof *settings, "parameters");
		how.settings = settings;
		how.setting_count = inherit(swap, settings);
	}
	status = bring_in(swap, &how, diag);
	hload_free(system, settings, room * sizeof *settings);
	return status;
}

/* Somebody else's export of that name with which `ours` cannot be, or NULL. */
static const struct hload_export_entry *rival(const struct hload_transaction *t,
					      const struct hload_export_entry *ours)
{
	const struct hload_index *index = &t->system->exports;
	const char *key = ours->node.key;
	const struct hload_export_entry *there =
		(const void *)hload_index_find(index, key, hload_length(key), ours->node.hash);

	while (there && (there->weak || ours->weak || hload_hides(t->system, there->owner)))
		there = (const void *)hload_index_more(index, &there->node);
	return there;
}

static enum helix_status check_exports(const struct hload_transaction *t,
				       const struct hload_object *object, struct hmod_diag *diag)
{
	for (uint32_t i = 0; i < object->export_count; i++) {
		const struct hload_export_entry *there = rival(t, &object->exports[i]);
		const struct hload_module *owner = there ? there->owner : NULL;

		if (!there)
			continue;
		hmod_fail(diag, HELIX_E_DUPLICATE_EXPORT, HMOD_STAGE_RESOLVE, HMOD_NOWHERE);
		hmod_diag_name(diag, there->node.key, SIZE_MAX);
		hmod_diag_other(diag, owner ? owner->meta.name : "kernel", SIZE_MAX);
		owner = object->exports[i].owner;
		hmod_diag_module(diag, owner->meta.name);
		return HELIX_E_DUPLICATE_EXPORT;
	}
	return HELIX_OK;
}

enum helix_status hload_check_exports(const struct hload_transaction *t, struct hmod_diag *diag)
{
	enum helix_status status = HELIX_OK;

	for (size_t i = 0; i < t->count && !status; i++)
		status = check_exports(t, &t->swaps[i].new->object, diag);
	return status;
}

static bool imports_from_any(const struct hload_transaction *t, const struct hload_module *module)
{
	for (size_t i = 0; i < t->count; i++)
		if (hload_imports_from(module, t->swaps[i].old))
			return true;
	return false;
}

static enum helix_status plan_imports(struct hload_transaction *t, struct hmod_diag *diag)
{
	enum helix_status status = HELIX_OK;

	for (struct hload_module *m = t->system->oldest; m && !status; m = m->later)
		if (!hload_swap_of(m) && imports_from_any(t, m))
			status = hload_patches_plan(&t->patches, m, diag);
	return status;
}

enum helix_status hload_step_load(struct hload_transaction *t, struct hmod_diag *diag)
{
	enum helix_status status = sort(t, diag);

	if (status)
		return status;
	if (!hload_index_init(&t->fresh, &t->system->host))
		return hload_fail_memory(diag, HMOD_STAGE_RESOLVE, sizeof t->fresh, "exports");
	t->fresh_made = true;
	for (size_t i = 0; i < t->count && !status; i++)
		status = load(&t->swaps[i], diag);
	hload_put_files(t);
	if (!status)
		status = hload_check_exports(t, diag);
	if (!status)
		status = plan_imports(t, diag);
	t->count_done = t->patches.count;
	t->count_of = t->patches.count == 1 ? "import to change" : "imports to change";
	return status;
}

/* A new one that somebody is still inside of cannot be taken away: it stays in
 * memory, in state error, bound to nobody. */
static void leave_behind(struct hload_swap *swap)
{
	struct hload_module *new = swap->new;

	hload_log(new->system, HELIX_LOG_ERROR,
		  "%s: calls in the new version do not end: it stays in memory", new->meta.name);
	if (!swap->fresh)
		return;
	new->next = new->system->left;
	new->system->left = new;
	swap->new = NULL;
}

static void take_out(struct hload_transaction *t, struct hload_swap *swap)
{
	struct hload_module *new = swap->new;
	uint64_t deadline = hload_now(t->system) + HLOAD_DRAIN_NS;

	while (new->visitors && hload_wait(t->system, UINT64_MAX))
		;
	if (swap->ran && hload_call_stop(new, NULL))
		hload_log(t->system, HELIX_LOG_WARN, "%s: the new version's stop failed",
			  new->meta.name);
	hload_advance(new, HLOAD_FAIL, NULL);
	while (hload_gate_inside(new) && hload_wait(t->system, deadline))
		;
	for (uint32_t i = 0; t->fresh_made && i < new->object.export_count; i++)
		hload_index_remove(&t->fresh, &new->object.exports[i].node);
	if (hload_gate_inside(new) || t->stuck)
		leave_behind(swap);
	else
		hload_tear_down(new);
}

void hload_undo_load(struct hload_transaction *t)
{
	for (size_t i = t->count; i-- > 0;)
		if (t->swaps[i].new && t->swaps[i].new->state != HLOAD_REGISTERED)
			take_out(t, &t->swaps[i]);
	if (t->fresh_made)
		hload_index_release(&t->fresh);
	t->fresh_made = false;
	hload_patches_free(&t->patches);
}

/* ---- init and start ------------------------------------------------------------------ */

enum helix_status hload_step_init(struct hload_transaction *t, struct hmod_diag *diag)
{
	enum helix_status status = HELIX_OK;

	for (size_t i = 0; i < t->count && !status; i++)
		status = hload_bring_up(t->swaps[i].new, diag);
	return status;
}

enum helix_status hload_step_start(struct hload_transaction *t, struct hmod_diag *diag)
{
	enum helix_status status = HELIX_OK;

	for (size_t i = 0; i < t->count && !status; i++) {
		struct hload_module *new = t->swaps[i].new;

		if ((status = hload_call_start(new, diag)))
			break;
		t->swaps[i].ran = true;
		status = hload_advance(new, HLOAD_START_DONE, diag);
		if (!status)
			hload_runs(new);
	}
	if (status)
		return status;
	for (size_t i = 0; i < t->count; i++)
		hload_gate_lead(t->swaps[i].old, t->swaps[i].new);
	hload_unshut(t);
	hload_patches_close(&t->patches);
	t->count_done = t->shut_count;
	t->count_of = "gates opened";
	return HELIX_OK;
}

/* Back to where the gates are closed. Calls in the new one that do not end are
 * left where they are: its memory stays. */
void hload_undo_start(struct hload_transaction *t)
{
	struct hmod_diag diag;

	if (!t->closed_ns) {
		for (size_t i = 0; i < t->count; i++)
			hload_gate_forget(t->swaps[i].old);
		if (hload_shut(t, &diag))
			t->stuck = true;
	}
	for (size_t i = 0; i < t->count; i++) {
		struct hload_module *new = t->swaps[i].new;

		if (new->state == HLOAD_RUNNING)
			hload_events_count(new, false);
		else
			t->swaps[i].ran = false; /* it failed: nothing of it is called any more */
		hload_advance(new, HLOAD_FAIL, NULL);
	}
}

/* ---- the old one ----------------------------------------------------------------------- */

static enum helix_status retire(struct hload_transaction *t, struct hload_swap *swap,
				struct hmod_diag *diag)
{
	struct hload_module *old = swap->old;
	enum helix_status status;

	while ((old->visitors || old->inside) && hload_wait(t->system, UINT64_MAX))
		;
	status = hload_call_stop(old, diag);
	hload_advance(old, HLOAD_STOP_DONE, NULL);
	hload_tear_down(old);
	if (swap->fresh || !old->path)
		hload_forget(old);
	return status;
}

/* Dependents first; the first failure is told, and all go all the same. */
enum helix_status hload_step_retire(struct hload_transaction *t, struct hmod_diag *diag)
{
	enum helix_status first = HELIX_OK;

	for (size_t i = t->count; i-- > 0;) {
		enum helix_status status = retire(t, &t->swaps[i], first ? NULL : diag);

		first = first ? first : status;
	}
	return first;
}
