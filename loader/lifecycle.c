/* SPDX-License-Identifier: MIT
 *
 * A module's life: one table of states and events, and the two operations that
 * walk it, insert and remove.
 */
#include "loader/interface.h"
#include "loader/payload.h"
#include "loader/state.h"

#include "helix/module.h"

const char *hload_state_name(enum hload_state state)
{
	static const char *const names[HLOAD_STATES] = {
		"registered", "loading", "loaded",    "initializing", "running",
		"stopping",   "stopped", "unloading", "error",
	};

	return (unsigned)state < HLOAD_STATES ? names[state] : "?";
}

/* The next state + 1; 0 where the event is not known. */
#define TO(state) (HLOAD_##state + 1)
static const uint8_t next_state[HLOAD_STATES][HLOAD_EVENTS] = {
	[HLOAD_REGISTERED] = { [HLOAD_LOAD] = TO(LOADING) },
	[HLOAD_LOADING] = { [HLOAD_LOAD_DONE] = TO(LOADED), [HLOAD_FAIL] = TO(ERROR) },
	[HLOAD_LOADED] = { [HLOAD_INIT] = TO(INITIALIZING), [HLOAD_FAIL] = TO(ERROR) },
	[HLOAD_INITIALIZING] = { [HLOAD_START_DONE] = TO(RUNNING), [HLOAD_FAIL] = TO(ERROR) },
	[HLOAD_RUNNING] = { [HLOAD_STOP] = TO(STOPPING), [HLOAD_FAIL] = TO(ERROR) },
	[HLOAD_STOPPING] = { [HLOAD_STOP_DONE] = TO(STOPPED), [HLOAD_RESUME] = TO(RUNNING),
			     [HLOAD_FAIL] = TO(ERROR) },
	[HLOAD_STOPPED] = { [HLOAD_UNLOAD] = TO(UNLOADING) },
	[HLOAD_UNLOADING] = { [HLOAD_UNLOAD_DONE] = TO(REGISTERED) },
	[HLOAD_ERROR] = { [HLOAD_UNLOAD] = TO(UNLOADING) },
};
#undef TO

enum helix_status hload_advance(struct hload_module *module, enum hload_event event,
				struct hmod_diag *diag)
{
	uint8_t next = next_state[module->state][event];
	bool ran = module->state == HLOAD_RUNNING;

	if (!next) {
		hload_fail_module(diag, HELIX_E_WRONG_STATE, HMOD_STAGE_NONE, module);
		hmod_diag_other(diag, hload_state_name(module->state), SIZE_MAX);
		return HELIX_E_WRONG_STATE;
	}
	module->state = (enum hload_state)(next - 1);
	if (ran || module->state == HLOAD_RUNNING) {
		module->system->counts.running += ran ? UINT64_MAX : 1;
		hload_graph_moved(module);
	}
	return HELIX_OK;
}

/* ---- the list of loaded ones --------------------------------------------------- */

static void enter(struct hload_module *module)
{
	struct hload_system *system = module->system;
	const struct hload_host *host = system->outer;

	module->loaded = true;
	module->later = NULL;
	module->earlier = system->newest;
	*(system->newest ? &system->newest->later : &system->oldest) = module;
	system->newest = module;
	hload_places_add(&system->places, &module->object);
	if (host->module_loaded)
		host->module_loaded(host->ctx, module->meta.name,
				    module->object.region[HLOAD_TEXT].address);
}

static void leave(struct hload_module *module)
{
	struct hload_system *system = module->system;
	const struct hload_host *host = system->outer;

	if (!module->loaded)
		return;
	module->loaded = false;
	if (host->module_unloading)
		host->module_unloading(host->ctx, module->meta.name,
				       module->object.region[HLOAD_TEXT].address);
	hload_places_remove(&system->places, &module->object);
	*(module->earlier ? &module->earlier->later : &system->oldest) = module->later;
	*(module->later ? &module->later->earlier : &system->newest) = module->earlier;
}

/* ---- hooks ------------------------------------------------------------------------ */

static int call_init(void *hook)
{
	struct hload_module *module = hook;
	const uint64_t init = module->object.hook[HMOD_HOOK_INIT];

	if (module->meta.header->api == HELIX_RECORD_FORMAT_V1)
		return ((int (*)(const struct helix_v1_context *))(uintptr_t)init)(
			&module->v1_context);
	return ((int (*)(const struct helix_context *))(uintptr_t)init)(&module->context);
}

static int call_start(void *hook)
{
	struct hload_module *module = hook;

	return ((int (*)(void))(uintptr_t)module->object.hook[HMOD_HOOK_START])();
}

static int call_stop(void *hook)
{
	struct hload_module *module = hook;

	return ((int (*)(void))(uintptr_t)module->object.hook[HMOD_HOOK_STOP])();
}

static int call_cleanup(void *hook)
{
	struct hload_module *module = hook;

	return ((int (*)(void))(uintptr_t)module->object.hook[HMOD_HOOK_CLEANUP])();
}

static int call_constructors(void *hook)
{
	hload_construct(&((struct hload_module *)hook)->object);
	return 0;
}

static int call_destructors(void *hook)
{
	hload_destruct(&((struct hload_module *)hook)->object);
	return 0;
}

/* The lock is not held while a module's code runs. */
static enum helix_status call(struct hload_module *module, int (*hook)(void *), const char *name,
			      enum hmod_stage stage, struct hmod_diag *diag)
{
	struct hload_frame frame;
	int result;

	hload_unlock(module->system);
	result = hload_call(module, &frame, name, hook, module);
	hload_lock(module->system);
	return result ? hload_fail_hook(module, &frame, stage, result, diag) : HELIX_OK;
}

static enum helix_status restore(struct hload_module *module, const struct hload_saved *saved,
				 struct hmod_diag *diag)
{
	enum helix_status status;

	if (!saved)
		return HELIX_OK;
	hload_unlock(module->system);
	status = hload_state_give(module, saved, diag);
	hload_lock(module->system);
	return status;
}

static void begin_running(struct hload_module *module)
{
	module->health.since_ns = hload_now(module->system);
	module->health.checked_ns = 0;
	module->health.healthy = true;
	module->told_unhealthy = module->policy_due = false;
	hload_events_count(module, true);
	hload_interfaces_open(module);
}

static void warn_flags(struct hload_module *module)
{
	struct hload_system *system = module->system;

	if (module->meta.header->flags & HELIX_DEPRECATED)
		hload_log(system, HELIX_LOG_WARN, "%s: the module is deprecated",
			  module->meta.name);
	if (!(module->meta.header->flags & HELIX_EXPERIMENTAL))
		return;
	hload_log(system, HELIX_LOG_WARN, "%s: the module is experimental", module->meta.name);
	system->taints |= HLOAD_TAINT_EXPERIMENTAL;
}

static enum helix_status bring_up(struct hload_module *module, const struct hload_saved *saved,
				  struct hmod_diag *diag)
{
	enum helix_status status;

	enter(module);
	warn_flags(module);
	if ((status = hload_advance(module, HLOAD_INIT, diag)) ||
	    (module->object.array_count &&
	     (status = call(module, call_constructors, "a constructor", HMOD_STAGE_INIT, diag))) ||
	    (status = call(module, call_init, "init", HMOD_STAGE_INIT, diag)) ||
	    (status = restore(module, saved, diag)) ||
	    (status = call(module, call_start, "start", HMOD_STAGE_START, diag)) ||
	    (status = hload_advance(module, HLOAD_START_DONE, diag)))
		return status;
	begin_running(module);
	return HELIX_OK;
}

/* Gives everything back that the module has while it is loaded. */
static void tear_down(struct hload_module *module)
{
	struct hload_system *system = module->system;
	const struct hload_host *host = system->outer;
	uint64_t bytes, blocks = 0;

	hload_advance(module, HLOAD_UNLOAD, NULL);
	if (module->object.constructed)
		call(module, call_destructors, "a destructor", HMOD_STAGE_UNLOAD, NULL);
	leave(module);
	bytes = host->reclaim ? host->reclaim(host->ctx, module->id, &blocks) : 0;
	if (blocks)
		hload_log(system, HELIX_LOG_WARN, "%s: left %llu bytes in %llu blocks, taken back",
			  module->meta.name, (unsigned long long)bytes, (unsigned long long)blocks);
	hload_tell_left(module, "interface references", hload_ports_release(module));
	hload_tell_left(module, "payloads and messages", hload_owned_free(system, &module->owned));
	hload_interfaces_unname(module);
	hload_interfaces_free(module);
	hload_drop_holds(module);
	hload_object_unload(&module->object, &system->host, &system->exports);
	if (!module->restarting)
		hload_values_free(module);
	hload_advance(module, HLOAD_UNLOAD_DONE, NULL);
}

static enum helix_status load_all(struct hload_module *module, const struct hload_insertion *how,
				  struct hmod_diag *diag)
{
	enum helix_status status;

	if (!module->restarting)
		module->health.restarts = 0;
	if ((!module->restarting &&
	     (status = hload_values_set(module, how->settings, how->setting_count, diag))) ||
	    (status = hload_fetch(module, how, diag)) || (status = hload_take_holds(module, diag)) ||
	    (status = hload_interfaces_add(module, diag)) ||
	    (status = hload_interfaces_name(module, diag)))
		return status;
	return hload_advance(module, HLOAD_LOAD_DONE, diag);
}

static enum helix_status insert(struct hload_module *module, const struct hload_insertion *how,
				const struct hload_saved *saved, struct hmod_diag *diag)
{
	enum helix_status status;

	if ((status = hload_check_may_load(module, how->force, diag)) ||
	    (status = hload_advance(module, HLOAD_LOAD, diag)))
		return status;
	if ((status = load_all(module, how, diag)) || (status = bring_up(module, saved, diag))) {
		hload_advance(module, HLOAD_FAIL, NULL);
		tear_down(module);
	}
	return status;
}

enum helix_status hload_insert_again(struct hload_module *module, const struct hload_saved *saved,
				     struct hmod_diag *diag)
{
	const struct hload_insertion how = { .force = true };

	return insert(module, &how, saved, diag);
}

enum helix_status hload_insert_as(struct hload_system *system, struct hload_module *module,
				  const struct hload_insertion *how, struct hmod_diag *diag)
{
	enum helix_status status;

	hload_lock(system);
	status = insert(module, how, NULL, diag);
	if (status != HELIX_E_ALREADY_LOADED && status != HELIX_E_WRONG_STATE)
		module->last_error = status;
	if (!status) { /* a life of its own: what ailed the one before is past */
		module->health.restarts = 0;
		module->health.last_error = HELIX_OK;
		module->health.text[0] = 0;
	}
	hload_unlock(system);
	return status;
}

enum helix_status hload_insert(struct hload_system *system, struct hload_module *module,
			       struct hmod_span file, const struct hload_setting *settings,
			       size_t setting_count, struct hmod_diag *diag)
{
	const struct hload_insertion how = { .file = file, .settings = settings,
					     .setting_count = setting_count };

	return hload_insert_as(system, module, &how, diag);
}

enum helix_status hload_load(struct hload_system *system, const struct hload_insertion *how,
			     const char *path, struct hload_module **module,
			     struct hmod_diag *diag)
{
	struct hload_insertion opened = *how;
	struct hload_module *fresh;
	struct hmod_image image;
	enum helix_status status = hmod_image_open(&image, how->file.data, how->file.size, diag);

	if (status)
		return status;
	opened.image = &image;
	hload_lock(system);
	status = hload_register_image(system, &image, path, &fresh, diag);
	if (!status) {
		status = insert(fresh, &opened, NULL, diag);
		if (status)
			hload_forget(fresh);
		else
			*module = fresh;
	}
	hload_unlock(system);
	return status;
}

/* ---- removing --------------------------------------------------------------------- */

static void write_holders(struct hload_text *text, const struct hload_module *module)
{
	const char *user, *interface;

	for (const struct hload_hold *h = module->holders; h; h = h->next) {
		hload_text_add(text, h == module->holders ? "" : ", ");
		hload_text_add(text, h->holder->meta.name);
	}
	for (uint32_t i = 0; (user = hload_ports_user(module, i, &interface)); i++) {
		hload_text_add(text, i || module->holders ? ", " : "");
		hload_text_add(text, user);
		hload_text_add(text, " (");
		hload_text_add(text, interface);
		hload_text_add(text, ")");
	}
}

enum helix_status hload_check_held(struct hload_module *module, struct hmod_diag *diag)
{
	const char *interface;

	if (!module->holder_count && !hload_ports_user(module, 0, &interface))
		return HELIX_OK;
	hload_fail_module(diag, HELIX_E_BUSY, HMOD_STAGE_UNLOAD, module);
	hload_diag_list(module->system, diag, write_holders, module);
	return HELIX_E_BUSY;
}

enum helix_status hload_close(struct hload_module *module, struct hmod_diag *diag)
{
	enum helix_status status = hload_advance(module, HLOAD_STOP, diag);

	if (status)
		return status;
	hload_events_count(module, false);
	hload_interfaces_close(module);
	return HELIX_OK;
}

enum helix_status hload_quiesce(struct hload_module *module, struct hmod_diag *diag)
{
	const uint64_t deadline = hload_now(module->system) + HLOAD_DRAIN_NS;
	enum helix_status status = hload_close(module, diag);
	uint64_t inside;

	if (status)
		return status;
	while (module->inside && hload_wait(module->system, deadline))
		;
	if (!module->inside && hload_ports_drain(module, deadline, &inside))
		return HELIX_OK;
	hload_fail_module(diag, HELIX_E_INSIDE, HMOD_STAGE_UNLOAD, module);
	hmod_diag_numbers(diag, 0, module->inside ? module->inside : inside);
	hload_advance(module, HLOAD_RESUME, NULL);
	hload_events_count(module, true);
	hload_interfaces_open(module);
	return HELIX_E_INSIDE;
}

enum helix_status hload_unload(struct hload_module *module, struct hmod_diag *diag)
{
	enum helix_status status = HELIX_OK;

	if (module->state == HLOAD_RUNNING && hload_quiesce(module, diag))
		return HELIX_E_INSIDE;
	if (module->state == HLOAD_STOPPING) {
		status = call(module, call_stop, "stop", HMOD_STAGE_STOP, diag);
		if (module->object.hook[HMOD_HOOK_CLEANUP] && !status)
			status = call(module, call_cleanup, "cleanup", HMOD_STAGE_STOP, diag);
		hload_advance(module, HLOAD_STOP_DONE, NULL);
	}
	tear_down(module);
	return status;
}

static enum helix_status check_may_go(struct hload_module *module, struct hmod_diag *diag)
{
	enum helix_status status;

	if (module->gone)
		return hload_fail_module(diag, HELIX_E_NOT_FOUND, HMOD_STAGE_UNLOAD, module);
	if (module->state == HLOAD_REGISTERED)
		return hload_fail_module(diag, HELIX_E_NOT_LOADED, HMOD_STAGE_UNLOAD, module);
	if (module->state != HLOAD_RUNNING && module->state != HLOAD_ERROR)
		return hload_advance(module, HLOAD_STOP, diag);
	status = hload_check_held(module, diag);
	if (!status && module->meta.header->flags & HELIX_ESSENTIAL)
		status = hload_fail_module(diag, HELIX_E_ESSENTIAL, HMOD_STAGE_UNLOAD, module);
	return status;
}

enum helix_status hload_remove(struct hload_system *system, struct hload_module *module,
			       struct hmod_diag *diag)
{
	enum helix_status status;

	hload_lock(system);
	status = check_may_go(module, diag);
	if (!status && module->state == HLOAD_RUNNING)
		status = hload_quiesce(module, diag);
	if (!status) {
		status = hload_unload(module, diag);
		module->last_error = status;
		if (!module->path)
			hload_forget(module);
	}
	hload_unlock(system);
	return status;
}
