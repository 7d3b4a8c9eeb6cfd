/* SPDX-License-Identifier: MIT
 *
 * The module service: the loader over this kernel's memory and files, what
 * modules may call, and the boot sequence. Thread context.
 */
#ifndef KERNEL_SVC_MODULES_H
#define KERNEL_SVC_MODULES_H

#include "loader/loader.h"

extern struct hload_system *modules; /* never NULL after modules_init */

void modules_init(void); /* the loader, and everything under /lib/modules registered */
/* What /etc/modules.conf starts: boot.c. Panics when an essential module fails. */
void modules_boot(void);
/* `module: what: sentence` in the log. */
void module_log_failure(const char *what, const struct hmod_diag *diag);

/* The host's hooks: host.c; the modules' services: api.c. */
extern const struct hload_host module_host;
uint64_t module_reclaim(void *ctx, uint64_t instance, uint64_t *blocks);

/* The path a module's name or file stands for: a path is taken as it is, a name
 * is looked up under /lib/modules and among the registered. False: none. */
bool module_path(const char *name, char *path, size_t capacity);

/* insmod: registers `path` if need be and inserts it, with its settings from
 * modules.conf and the command line below those of `how`. */
enum helix_status module_insert(const char *path, const struct hload_insertion *how,
				struct hmod_diag *diag);
/* Inserts a registered module with its configured settings. */
enum helix_status module_start(struct hload_module *module, struct hmod_diag *diag);

#endif
