/* SPDX-License-Identifier: MIT
 *
 * The driver of a reload: one table of steps, done in order and taken back in the
 * other. See reload.h.
 */
#include "loader/gate.h"
#include "loader/transaction.h"

#include "helix/module.h"

struct row {
	const char *name;
	enum helix_status (*make)(struct hload_transaction *t, struct hmod_diag *diag);
	void (*undo)(struct hload_transaction *t); /* NULL: what others undo suffices */
	enum hload_reload_state state;
};

static const struct row rows[HLOAD_STEPS + 1] = {
	[HLOAD_STEP_CHECK] = { "check", hload_step_check, hload_undo_check,
			       HLOAD_RELOAD_PREPARING },
	[HLOAD_STEP_LOAD] = { "load", hload_step_load, hload_undo_load, HLOAD_RELOAD_LOADING },
	[HLOAD_STEP_INIT] = { "init", hload_step_init, NULL, HLOAD_RELOAD_LOADING },
	[HLOAD_STEP_QUIESCE] = { "quiesce", hload_step_quiesce, hload_undo_quiesce,
				 HLOAD_RELOAD_PREPARING },
	[HLOAD_STEP_SAVE] = { "save", hload_step_save, hload_undo_save,
			      HLOAD_RELOAD_SAVING_STATE },
	[HLOAD_STEP_RESTORE] = { "restore", hload_step_restore, NULL,
				 HLOAD_RELOAD_RESTORING_STATE },
	[HLOAD_STEP_COMMIT] = { "commit", hload_step_commit, hload_undo_commit,
				HLOAD_RELOAD_RESTORING_STATE },
	[HLOAD_STEP_START] = { "start", hload_step_start, hload_undo_start,
			       HLOAD_RELOAD_RESTORING_STATE },
	[HLOAD_STEP_PROBATION] = { "probation", hload_step_probation, NULL,
				   HLOAD_RELOAD_COMPLETED },
	[HLOAD_STEP_RETIRE] = { "retire", hload_step_retire, NULL, HLOAD_RELOAD_UNLOADING },
};

const char *hload_step_name(enum hload_step step)
{
	return step >= 1 && step <= HLOAD_STEPS ? rows[step].name : "?";
}

const char *hload_reload_state_name(enum hload_reload_state state)
{
	static const char *const names[HLOAD_RELOAD_STATES] = {
		"idle",    "preparing",       "saving state", "unloading",
		"loading", "restoring state", "completed",    "failed",
	};

	return (unsigned)state < HLOAD_RELOAD_STATES ? names[state] : "?";
}

/* ---- who is in it --------------------------------------------------------------------- */

struct hload_swap *hload_swap_of(const struct hload_module *old)
{
	struct hload_transaction *t = old->system->transaction;

	for (size_t i = 0; t && i < t->count; i++)
		if (t->swaps[i].old == old)
			return &t->swaps[i];
	return NULL;
}

static const struct hload_transaction *brings_in(const struct hload_module *new)
{
	const struct hload_transaction *t = new->system->transaction;

	for (size_t i = 0; t && i < t->count; i++)
		if (t->swaps[i].new == new)
			return t;
	return NULL;
}

struct hload_module *hload_replacement_of(struct hload_module *module)
{
	const struct hload_swap *swap = hload_swap_of(module);

	return swap && swap->new ? swap->new : module;
}

bool hload_is_replacing(const struct hload_module *module)
{
	return brings_in(module);
}

struct hload_index *hload_fresh_exports(const struct hload_module *module)
{
	return brings_in(module) ? &module->system->transaction->fresh : NULL;
}

bool hload_hides(void *system, const void *owner)
{
	(void)system;
	return owner && hload_swap_of(owner);
}

/* ---- doing ---------------------------------------------------------------------------- */

static void report(const struct hload_transaction *t, const struct hload_step_report *what)
{
	if (t->how->report)
		t->how->report(t->how->ctx, what);
}

static enum helix_status injected(enum hload_step step, struct hmod_diag *diag)
{
	hmod_fail(diag, HELIX_E_RELOAD_INJECTED, HMOD_STAGE_NONE, HMOD_NOWHERE);
	hmod_diag_numbers(diag, 0, step);
	return HELIX_E_RELOAD_INJECTED;
}

static enum helix_status make(struct hload_transaction *t, enum hload_step step,
			      struct hmod_diag *diag)
{
	struct hload_step_report what = { .step = step };
	const uint64_t begun = hload_now(t->system);

	t->system->reload.step = step;
	t->system->reload.state = rows[step].state;
	t->count_of = NULL;
	what.status = rows[step].make(t, diag);
	if (!what.status && t->how->fail_at == step)
		what.status = injected(step, diag);
	what.nanoseconds = hload_now(t->system) - begun;
	if (t->count_of) {
		what.count = t->count_done;
		what.of = t->count_of;
	}
	report(t, &what);
	return what.status;
}

static void undo(struct hload_transaction *t, enum hload_step last)
{
	for (unsigned step = last; step >= 1; step--) {
		struct hload_step_report what = { .step = (enum hload_step)step, .undone = true };
		const uint64_t begun = hload_now(t->system);

		if (!rows[step].undo)
			continue;
		rows[step].undo(t);
		what.nanoseconds = hload_now(t->system) - begun;
		report(t, &what);
	}
}

static void skip_rest(struct hload_transaction *t, enum hload_step from)
{
	for (unsigned step = from; step <= HLOAD_STEPS; step++) {
		const struct hload_step_report what = { .step = (enum hload_step)step,
							.skipped = true };

		report(t, &what);
	}
}

/* The old's stop may fail, and it is gone all the same. */
static void note_retired(struct hload_transaction *t, enum helix_status status,
			 struct hmod_diag *diag)
{
	if (!status)
		return;
	hload_log(t->system, HELIX_LOG_WARN, "reload: the old version did not stop well: %s",
		  hmod_status_name(status));
	hload_diag_free_locked(t->system, diag);
}

static enum helix_status run(struct hload_transaction *t, struct hmod_diag *diag)
{
	struct hload_reload_status *state = &t->system->reload;

	for (unsigned step = 1; step < HLOAD_STEP_RETIRE; step++) {
		enum helix_status status;

		if (t->how->dry_run && step > HLOAD_STEP_LOAD) {
			skip_rest(t, (enum hload_step)step);
			undo(t, HLOAD_STEP_LOAD);
			return HELIX_OK;
		}
		status = make(t, (enum hload_step)step, diag);
		if (!status)
			continue;
		state->state = HLOAD_RELOAD_FAILED;
		state->failed++;
		state->rolled_back += t->switched;
		undo(t, (enum hload_step)step);
		return status;
	}
	note_retired(t, make(t, HLOAD_STEP_RETIRE, diag), diag);
	state->state = HLOAD_RELOAD_COMPLETED;
	state->completed++;
	return HELIX_OK;
}

/* ---- around it ------------------------------------------------------------------------- */

static void name_it(struct hload_transaction *t)
{
	struct hload_reload_status *state = &t->system->reload;
	const char *name = t->swaps[0].old->meta.name;
	size_t i = 0;

	for (; name[i] && i + 1 < sizeof state->module; i++)
		state->module[i] = name[i];
	state->module[i] = 0;
}

static enum helix_status begin(struct hload_transaction *t, struct hmod_diag *diag)
{
	const size_t size = t->count * sizeof *t->swaps;

	if (!t->count) {
		hmod_fail(diag, HELIX_E_INVALID, HMOD_STAGE_NONE, HMOD_NOWHERE);
		hmod_diag_name(diag, "no module to replace", SIZE_MAX);
		return HELIX_E_INVALID;
	}
	t->swaps = hload_alloc(t->system, size);
	if (!t->swaps)
		return hload_fail_memory(diag, HMOD_STAGE_NONE, size, "a reload");
	memset(t->swaps, 0, size);
	for (size_t i = 0; i < t->count; i++) {
		t->swaps[i].asked = &t->how->replacements[i];
		t->swaps[i].old = t->how->replacements[i].old;
	}
	t->patches.system = t->system;
	t->system->transaction = t;
	name_it(t);
	hload_frame_push(t->system, &t->base);
	t->base.module = NULL;
	t->base.what = "";
	t->base.passes = true;
	return HELIX_OK;
}

static void end(struct hload_transaction *t)
{
	hload_frame_pop(&t->base);
	hload_undo_save(t);
	hload_patches_free(&t->patches);
	hload_free(t->system, t->shut, t->shut_room * sizeof *t->shut);
	if (t->fresh_made)
		hload_index_release(&t->fresh);
	hload_free(t->system, t->swaps, t->count * sizeof *t->swaps);
	t->system->transaction = NULL;
	t->system->reload.state = HLOAD_RELOAD_IDLE;
}

/* Nobody is halfway in or out: who began before has ended. */
static enum helix_status await_others(struct hload_system *system, struct hmod_diag *diag)
{
	struct hload_module *m = system->oldest;
	enum helix_status status = hload_await_reload(system, diag);

	while (!status && m) {
		if (m->state == HLOAD_RUNNING || m->state == HLOAD_ERROR) {
			m = m->later;
		} else if (hload_wait(system, UINT64_MAX)) {
			status = hload_await_reload(system, diag);
			m = system->oldest;
		} else {
			status = hload_fail_module(diag, HELIX_E_WRONG_STATE, HMOD_STAGE_NONE, m);
			hmod_diag_other(diag, hload_state_name(m->state), SIZE_MAX);
		}
	}
	return status;
}

enum helix_status hload_reload(struct hload_system *system, const struct hload_reloading *how,
			       struct hmod_diag *diag)
{
	struct hload_transaction t = { .system = system, .how = how, .count = how->count };
	enum helix_status status;

	hload_lock(system);
	status = await_others(system, diag);
	if (!status) {
		status = begin(&t, diag);
		if (!status) {
			status = run(&t, diag);
			end(&t);
		}
		system->reload.last = status;
	}
	hload_unlock(system);
	return status;
}

void hload_reload_status(struct hload_system *system, struct hload_reload_status *status)
{
	hload_lock(system);
	*status = system->reload;
	hload_unlock(system);
}
