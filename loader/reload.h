/* SPDX-License-Identifier: MIT
 *
 * Replacing running modules, as one transaction of ten steps. Up to step 9 any
 * failure brings back what was, byte for byte; a failure of step 10 is reported,
 * and the new goes on. doc/RELOAD.md has the argument.
 */
#ifndef LOADER_RELOAD_H
#define LOADER_RELOAD_H

#include "loader/host.h"

struct hload_system;
struct hload_module;
struct hload_setting;

enum hload_step {
	HLOAD_STEP_CHECK = 1, /* file, flags, versions; what others use is still there */
	HLOAD_STEP_LOAD, /* the new beside the old, which goes on */
	HLOAD_STEP_INIT, /* its constructors, and init */
	HLOAD_STEP_QUIESCE, /* gates closed, calls inside have ended */
	HLOAD_STEP_SAVE,
	HLOAD_STEP_RESTORE,
	HLOAD_STEP_COMMIT, /* everybody is bound to the new at one instant */
	HLOAD_STEP_START, /* its start, gates open */
	HLOAD_STEP_PROBATION,
	HLOAD_STEP_RETIRE, /* the old stops and is unloaded */
	HLOAD_STEPS = HLOAD_STEP_RETIRE
};
const char *hload_step_name(enum hload_step step); /* "check" … */

enum hload_reload_state {
	HLOAD_RELOAD_IDLE, HLOAD_RELOAD_PREPARING, HLOAD_RELOAD_SAVING_STATE,
	HLOAD_RELOAD_UNLOADING, HLOAD_RELOAD_LOADING, HLOAD_RELOAD_RESTORING_STATE,
	HLOAD_RELOAD_COMPLETED, HLOAD_RELOAD_FAILED, HLOAD_RELOAD_STATES
};
const char *hload_reload_state_name(enum hload_reload_state state); /* "saving state" … */

/* One module and what takes its place. */
struct hload_replacement {
	struct hload_module *old; /* running, HOT_RELOADABLE */
	struct hload_module *by; /* a registered module of another name; NULL: the same name */
	struct hmod_span file; /* the new one's bytes; empty: file_get is asked for `path` */
	const char *path; /* NULL: of the record (of `by`, or of `old`) */
	const struct hload_setting *settings; /* of `by`; the same name keeps the old's */
	size_t setting_count;
};

/* What one step did. Reported after it, with the loader's lock held. */
struct hload_step_report {
	enum hload_step step;
	bool undone; /* reported once more when it was taken back */
	bool skipped; /* of a dry run: it would come now */
	enum helix_status status;
	uint64_t nanoseconds; /* it took; 0 without a clock */
	uint64_t count; /* what `of` names */
	const char *of; /* "gates", "bytes of state"; NULL: nothing was counted */
};

#define HLOAD_PROBATION_NS UINT64_C(1000000000)

/* How it is done. All zero but `replacements` and `count` is one good way. */
struct hload_reloading {
	const struct hload_replacement *replacements; /* all of them, or none */
	size_t count;
	bool dry_run; /* stops after step 2 and takes it back: no module's code has run */
	bool lossy; /* what the new does not read of the state may be lost */
	enum hload_step fail_at; /* that step fails once it is done; 0: none */
	uint64_t drain_ns; /* calls inside may take so long to end; 0: a second */
	uint64_t probation_ns; /* 0: the new one is asked once whether it is healthy */
	void (*report)(void *ctx, const struct hload_step_report *report);
	void *ctx;
};

/* Replaces. On success records of replaced modules of the same name are gone (but
 * for who has a reference), and the name leads to the new. Returns when it is
 * over, probation included; meanwhile other threads that would insert, remove or
 * register modules wait. */
enum helix_status hload_reload(struct hload_system *system, const struct hload_reloading *how,
			       struct hmod_diag *diag);

struct hload_reload_status {
	enum hload_reload_state state; /* IDLE when none is at work */
	enum hload_step step; /* at work, or the one that failed last; 0: none */
	uint64_t completed, failed, rolled_back; /* reloads; failed ones that had committed */
	uint64_t pause_ns; /* of the last: gates closed to gates open */
	uint64_t imports; /* of the last: places in other modules that were changed */
	enum helix_status last; /* how the last one ended */
	char module[64]; /* the first one's name; empty: there was none */
};
void hload_reload_status(struct hload_system *system, struct hload_reload_status *status);

#endif
