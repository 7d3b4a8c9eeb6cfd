/* SPDX-License-Identifier: MIT
 *
 * Health: modules are asked one after another, off every hot path; what one
 * that says no is in for is done after the walk, when none is pinned.
 */
#include "loader/gate.h"
#include "loader/state.h"

#include "helix/module.h"

static int call_healthy(void *argument)
{
	const struct hload_module *module = argument;

	return ((bool (*)(void))(uintptr_t)module->object.hook[HMOD_HOOK_HEALTHY])();
}

static void note(struct hload_module *module, enum helix_status error, const char *text)
{
	struct hload_health *health = &module->health;
	size_t i = 0;

	health->last_error = error;
	for (; text[i] && i + 1 < sizeof health->text; i++)
		health->text[i] = text[i];
	health->text[i] = 0;
}

static void note_diag(struct hload_module *module, const struct hmod_diag *diag)
{
	char text[sizeof module->health.text];

	hmod_diag_text(diag, text, sizeof text);
	note(module, diag->status, text);
}

/* Reported once, until it is well again. The lock is held. */
static void judge(struct hload_module *module, bool healthy, const char *why)
{
	module->health.healthy = healthy;
	if (healthy) {
		if (module->told_unhealthy)
			hload_log(module->system, HELIX_LOG_INFO, "%s: is healthy again",
				  module->meta.name);
		module->told_unhealthy = false;
		return;
	}
	if (module->told_unhealthy)
		return;
	module->told_unhealthy = true;
	module->policy_due = module->meta.header->policy != HELIX_POLICY_NONE;
	note(module, HELIX_E_NOT_HEALTHY, why[0] ? why : "is_healthy said no");
	hload_log(module->system, HELIX_LOG_WARN, "%s: is not healthy: %s", module->meta.name,
		  module->health.text);
}

static void ask(struct hload_module *module)
{
	struct hload_system *system = module->system;
	struct hload_frame frame;
	bool healthy;

	hload_pin(module);
	hload_unlock(system);
	healthy = hload_call(module, &frame, "is_healthy", call_healthy, module) > 0;
	hload_lock(system);
	module->health.checked_ns = hload_now(system);
	judge(module, healthy, frame.text);
	hload_unpin(module);
}

/* ---- restarting -------------------------------------------------------------------------- */

static enum helix_status check_restart(struct hload_module *module, struct hmod_diag *diag)
{
	if (module->gone || module->state != HLOAD_RUNNING)
		return hload_fail_module(diag, HELIX_E_NOT_LOADED, HMOD_STAGE_STATE, module);
	if (!module->path) {
		hmod_fail(diag, HELIX_E_NOT_SUPPORTED, HMOD_STAGE_STATE, HMOD_NOWHERE);
		hmod_diag_name(diag, "restarting a module that has no file", SIZE_MAX);
		return HELIX_E_NOT_SUPPORTED;
	}
	return hload_check_held(module, diag);
}

static enum helix_status take_state(struct hload_module *module, struct hload_saved *saved,
				    struct hmod_diag *diag)
{
	enum helix_status status;

	hload_pin(module);
	hload_unlock(module->system);
	status = hload_state_take(module, saved, diag);
	hload_lock(module->system);
	hload_unpin(module);
	return status;
}

/* The state was saved; from here on the old instance goes. */
static enum helix_status swap(struct hload_module *module, const struct hload_saved *saved,
			      struct hmod_diag *diag)
{
	enum helix_status status = hload_quiesce(module, diag);
	struct hmod_diag stop;

	if (status)
		return status;
	module->restarting = true;
	if (hload_unload(module, &stop))
		hload_log(module->system, HELIX_LOG_WARN, "%s: stop failed with status %lld",
			  module->meta.name, (long long)(int64_t)stop.found);
	status = hload_insert_again(module, saved, diag);
	module->restarting = false;
	if (status)
		hload_values_free(module);
	return status;
}

/* The lock is held. */
static enum helix_status restart(struct hload_module *module, struct hmod_diag *diag)
{
	struct hload_saved saved = { NULL, 0 };
	enum helix_status status;

	status = check_restart(module, diag);
	if (!status)
		status = take_state(module, &saved, diag);
	if (!status)
		status = swap(module, &saved, diag);
	if (saved.bytes)
		hload_free(module->system, saved.bytes, saved.size);
	module->last_error = status;
	if (!status)
		module->health.restarts++;
	return status;
}

enum helix_status hload_restart(struct hload_system *system, struct hload_module *module,
				struct hmod_diag *diag)
{
	enum helix_status status;

	hload_lock(system);
	status = hload_await_reload(system, diag);
	if (!status)
		status = restart(module, diag);
	hload_unlock(system);
	return status;
}

/* ---- policies ---------------------------------------------------------------------------- */

static enum helix_status stop(struct hload_module *module, struct hmod_diag *diag)
{
	enum helix_status status = hload_check_held(module, diag);

	if (!status && module->meta.header->flags & HELIX_ESSENTIAL)
		status = hload_fail_module(diag, HELIX_E_ESSENTIAL, HMOD_STAGE_UNLOAD, module);
	if (!status)
		status = hload_quiesce(module, diag);
	if (!status)
		status = hload_unload(module, diag);
	return status;
}

/* ESSENTIAL: the embedder is told, once what should have mended it has failed. */
static void report(struct hload_module *module, const struct hmod_diag *diag)
{
	struct hload_system *system = module->system;
	const struct hload_host *host = system->outer;

	note_diag(module, diag);
	hload_log(system, HELIX_LOG_ERROR, "%s: its policy could not be applied: %s",
		  module->meta.name, module->health.text);
	if (!(module->meta.header->flags & HELIX_ESSENTIAL) || !host->essential_failed)
		return;
	hload_unlock(system);
	host->essential_failed(host->ctx, module->meta.name, module->health.text);
	hload_lock(system);
}

static void apply(struct hload_module *module)
{
	const bool restarts = module->meta.header->policy == HELIX_POLICY_RESTART &&
			      module->health.restarts < HLOAD_RESTARTS_MAX;
	struct hload_system *system = module->system;
	struct hmod_diag diag;
	enum helix_status status;

	module->policy_due = false;
	module->references++; /* the lock is given up meanwhile */
	status = restarts ? restart(module, &diag) : stop(module, &diag);
	if (!status) {
		hload_log(system, HELIX_LOG_WARN, restarts ? "%s: restarted" : "%s: stopped",
			  module->meta.name);
	} else {
		report(module, &diag);
		hload_diag_free_locked(system, &diag);
	}
	if (!module->path && module->state == HLOAD_REGISTERED && !module->gone)
		hload_forget(module);
	hload_put_locked(module);
}

static struct hload_module *next_due(const struct hload_system *system)
{
	struct hload_module *module = system->oldest;

	while (module && !module->policy_due)
		module = module->later;
	return module;
}

size_t hload_health_poll(struct hload_system *system)
{
	struct hload_module *due;
	size_t unhealthy = 0;

	hload_lock(system);
	for (struct hload_module *m = system->oldest; m; m = m->later) {
		if (m->state != HLOAD_RUNNING || !m->object.hook[HMOD_HOOK_HEALTHY] ||
		    hload_gate_stops(m))
			continue;
		ask(m);
		unhealthy += !m->health.healthy;
	}
	while (!system->transaction && (due = next_due(system))) /* a reload judges by itself */
		apply(due);
	hload_unlock(system);
	return unhealthy;
}

void hload_health(struct hload_system *system, const struct hload_module *module,
		  struct hload_health *health)
{
	hload_lock(system);
	*health = module->health;
	health->asked = module->object.hook[HMOD_HOOK_HEALTHY];
	health->policy = module->meta.header->policy;
	if (module->last_error && !health->last_error)
		health->last_error = module->last_error;
	hload_unlock(system);
}
