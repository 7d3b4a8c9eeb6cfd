/* SPDX-License-Identifier: MIT
 *
 * Steps 5, 6 and 9 of a reload: the state goes from the old to the new, and the
 * new has to prove itself.
 */
#include "loader/gate.h"
#include "loader/state.h"
#include "loader/transaction.h"

#include "helix/module.h"

enum helix_status hload_step_save(struct hload_transaction *t, struct hmod_diag *diag)
{
	enum helix_status status = HELIX_OK;

	t->count_done = 0;
	t->count_of = "bytes of state";
	for (size_t i = 0; i < t->count && !status; i++) {
		hload_unlock(t->system);
		status = hload_state_take(t->swaps[i].old, &t->swaps[i].saved, diag);
		hload_lock(t->system);
		t->count_done += t->swaps[i].saved.size;
	}
	return status;
}

void hload_undo_save(struct hload_transaction *t)
{
	for (size_t i = 0; i < t->count; i++) {
		struct hload_saved *saved = &t->swaps[i].saved;

		hload_free(t->system, saved->bytes, saved->size);
		*saved = (struct hload_saved){ NULL, 0 };
	}
}

/* Another version of a module may know fewer fields, and that is told; another
 * module takes over all of it, or it is asked for otherwise. */
static enum helix_status judge_loss(const struct hload_transaction *t,
				    const struct hload_swap *swap, const uint64_t *seen,
				    struct hmod_diag *diag)
{
	struct hload_text names = { NULL, 0 };
	enum helix_status status = HELIX_OK;
	char *list;

	if (!hload_state_unseen(&swap->saved, seen, &names))
		return HELIX_OK;
	list = names.text = hload_alloc(t->system, names.length + 1);
	if (!list)
		return hload_fail_memory(diag, HMOD_STAGE_STATE, names.length + 1, "names");
	names.length = 0;
	hload_state_unseen(&swap->saved, seen, &names);
	list[names.length] = 0;
	if (!swap->fresh && !t->how->lossy) {
		status = hload_fail_module(diag, HELIX_E_STATE_LOST, HMOD_STAGE_STATE, swap->new);
		if (diag) {
			diag->list = list;
			return status;
		}
	} else {
		hload_log(t->system, HELIX_LOG_WARN, "%s: did not read of the saved state: %s",
			  swap->new->meta.name, list);
	}
	hload_free(t->system, list, names.length + 1);
	return status;
}

enum helix_status hload_step_restore(struct hload_transaction *t, struct hmod_diag *diag)
{
	enum helix_status status = HELIX_OK;

	for (size_t i = 0; i < t->count && !status; i++) {
		struct hload_swap *swap = &t->swaps[i];
		uint64_t seen[HLOAD_SEEN_WORDS] = { 0 };

		hload_unlock(t->system);
		status = hload_state_hand_over(swap->new, &swap->saved, seen, diag);
		hload_lock(t->system);
		if (!status)
			status = judge_loss(t, swap, seen, diag);
	}
	return status;
}

/* ---- probation ------------------------------------------------------------------------- */

static int call_healthy(void *argument)
{
	const struct hload_module *module = argument;

	return ((bool (*)(void))(uintptr_t)module->object.hook[HMOD_HOOK_HEALTHY])();
}

static enum helix_status fail_health(struct hload_module *module, const char *why,
				     struct hmod_diag *diag)
{
	hload_log(module->system, HELIX_LOG_WARN, "%s: the new version is not healthy%s%s",
		  module->meta.name, why[0] ? ": " : "", why);
	return hload_fail_module(diag, HELIX_E_NOT_HEALTHY, HMOD_STAGE_STATE, module);
}

/* The lock is given up for the question. */
static enum helix_status ask(struct hload_module *module, struct hmod_diag *diag)
{
	struct hload_system *system = module->system;
	struct hload_frame frame;
	bool healthy;

	if (module->state != HLOAD_RUNNING || module->told_unhealthy)
		return fail_health(module, module->health.text, diag);
	if (!module->object.hook[HMOD_HOOK_HEALTHY])
		return HELIX_OK;
	hload_pin(module);
	hload_unlock(system);
	healthy = hload_call(module, &frame, "is_healthy", call_healthy, module) > 0;
	hload_lock(system);
	hload_unpin(module);
	return healthy ? HELIX_OK : fail_health(module, frame.text, diag);
}

static enum helix_status ask_all(struct hload_transaction *t, struct hmod_diag *diag)
{
	enum helix_status status = HELIX_OK;

	for (size_t i = 0; i < t->count && !status; i++)
		status = ask(t->swaps[i].new, diag);
	return status;
}

enum helix_status hload_step_probation(struct hload_transaction *t, struct hmod_diag *diag)
{
	const uint64_t end = hload_now(t->system) + t->how->probation_ns;
	enum helix_status status = ask_all(t, diag);

	while (!status && t->how->probation_ns && hload_now(t->system) < end &&
	       hload_wait(t->system, end))
		status = ask_all(t, diag);
	return status;
}
