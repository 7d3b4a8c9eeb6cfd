/* SPDX-License-Identifier: MIT
 *
 * Waiting at the gates of modules that are being replaced: see gate.h. That of
 * interfaces stands in the ports, which callers pass without the lock: port.c.
 */
#include "loader/gate.h"

#include "loader/interface.h"
#include "loader/transaction.h"

static enum hload_gate gate_of(const struct hload_module *module)
{
	return (enum hload_gate)__atomic_load_n(&module->gate, __ATOMIC_SEQ_CST);
}

static void set(struct hload_module *module, enum hload_gate gate)
{
	__atomic_store_n(&module->gate, gate, __ATOMIC_SEQ_CST);
	hload_ports_shut(module, gate == HLOAD_GATE_CLOSED);
}

bool hload_gate_insider(const struct hload_system *system)
{
	for (const struct hload_frame *f = hload_frame_current(system); f; f = f->outer)
		if (f->passes || (f->module && gate_of(f->module) == HLOAD_GATE_CLOSED))
			return true;
	return false;
}

bool hload_gate_stops(const struct hload_module *module)
{
	return gate_of(module) == HLOAD_GATE_CLOSED && !hload_gate_insider(module->system);
}

static enum helix_status fail(const struct hload_module *module, struct hmod_diag *diag)
{
	const bool late = module->system->outer->pause;

	return hload_fail_module(diag, late ? HELIX_E_DEADLINE : HELIX_E_RELOADING,
				 HMOD_STAGE_REQUEST, module);
}

/* Without the lock, which those who replace the module need. False when it cannot. */
static bool wait_outside(const struct hload_module *module, uint64_t deadline)
{
	struct hload_system *system = module->system;
	const struct hload_host *host = system->outer;
	bool may = true;

	hload_unlock(system);
	while (may && gate_of(module) == HLOAD_GATE_CLOSED) {
		may = !deadline || hload_now(system) <= deadline;
		if (may && host->gate_wait)
			may = host->gate_wait(host->ctx);
		else if (may && (may = host->pause))
			host->pause(host->ctx);
	}
	hload_lock(system);
	return may;
}

/* The record looked at is kept by a reference meanwhile. */
enum helix_status hload_gate_pass(struct hload_module **module, uint64_t deadline,
				  struct hmod_diag *diag)
{
	struct hload_module *at = *module, *next;
	enum helix_status status = HELIX_OK;
	bool waited = false;

	at->references++;
	while (!status) {
		if (hload_gate_stops(at)) {
			waited = true;
			if (!wait_outside(at, deadline))
				status = fail(at, diag);
			continue;
		}
		next = waited && gate_of(at) == HLOAD_GATE_PASSED ? at->successor : NULL;
		if (!next)
			break;
		next->references++;
		hload_put_locked(at);
		at = next;
	}
	*module = at;
	if (!status && at->gone)
		status = hload_fail_module(diag, HELIX_E_NOT_FOUND, HMOD_STAGE_REQUEST, at);
	hload_put_locked(at); /* unless it was refused it stays until the lock is given up */
	return status;
}

void hload_gate_close(struct hload_module *module)
{
	set(module, HLOAD_GATE_CLOSED);
}

void hload_gate_open(struct hload_module *module)
{
	set(module, HLOAD_GATE_OPEN);
}

void hload_gate_lead(struct hload_module *module, struct hload_module *successor)
{
	hload_gate_forget(module);
	successor->references++;
	module->successor = successor;
	set(module, HLOAD_GATE_PASSED);
}

void hload_gate_forget(struct hload_module *module)
{
	struct hload_module *successor = module->successor;

	module->successor = NULL;
	set(module, HLOAD_GATE_OPEN);
	if (successor)
		hload_put_locked(successor);
}

uint64_t hload_gate_inside(const struct hload_module *module)
{
	return module->inside + hload_ports_inside(module);
}

/* The lock is given up for as short as can be: whoever is inside will soon be out. */
bool hload_gate_drain(struct hload_system *system, uint64_t deadline)
{
	const struct hload_host *host = system->outer;
	bool waited;

	if (!host->gate_wait)
		return hload_wait(system, deadline);
	if (hload_now(system) > deadline)
		return false;
	hload_unlock(system);
	waited = host->gate_wait(host->ctx);
	hload_lock(system);
	return waited;
}

enum helix_status hload_await_reload(struct hload_system *system, struct hmod_diag *diag)
{
	while (system->transaction)
		if (hload_gate_insider(system) || !hload_wait(system, UINT64_MAX)) {
			hmod_fail(diag, HELIX_E_RELOADING, HMOD_STAGE_NONE, HMOD_NOWHERE);
			hmod_diag_name(diag, system->transaction->swaps[0].old->meta.name,
				       SIZE_MAX);
			return HELIX_E_RELOADING;
		}
	return HELIX_OK;
}
