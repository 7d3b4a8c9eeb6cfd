/* SPDX-License-Identifier: MIT
 *
 * The loader embedded in a Linux process: module memory below 2 GiB, threads,
 * clock, a lock, and what a kernel exports to modules. Programs are linked
 * without PIE (-no-pie, -fno-pie), so that modules reach them. One at a time.
 */
#ifndef TOOLS_PROCESS_H
#define TOOLS_PROCESS_H

#include "loader/loader.h"

#define PROCESS_WINDOW UINT64_C(0xffffffff80000000) /* where the kernel has [0, 2 GiB) */

struct process {
	struct hload_host host; /* for hload_create; hooks may be added before */
	struct hload_system *system; /* after process_create */
	bool pretend; /* no hook of a module is run, each one returns 0 */
	/* Takes the log's lines; NULL: standard error. `module` NULL: the loader's. */
	void (*say)(int level, const char *module, const char *text);
};

/* Fills the hooks: all but file_get, file_put and those for debuggers. */
void process_open(struct process *process);
/* Makes the system, without exports; false when there is no memory. */
bool process_create(struct process *process);
/* Unloads everything, waits for the threads that work on it, and ends it. */
void process_close(struct process *process);

/* What modules call that is not the loader's: memory, log, clock, the C
 * functions that the kernel has too. */
extern const struct hload_symbol process_api[];
extern const size_t process_api_count;
/* The process that those functions serve: the one created last. */
extern struct process *process_served;
/* The hook for what modules left behind. */
uint64_t process_reclaim(void *ctx, uint64_t module_id, uint64_t *blocks);

/* The module whose code the calling thread runs, or NULL. Usable in a signal's
 * handler. */
const char *process_inside(void);

#endif
