/* SPDX-License-Identifier: MIT
 *
 * What a module is started with: settings from /etc/modules.conf, the kernel's
 * command line, and whoever starts it, the later ones over the earlier. Thread
 * context.
 */
#ifndef KERNEL_SVC_SETTINGS_H
#define KERNEL_SVC_SETTINGS_H

#include "initrd/conf.h"
#include "loader/loader.h"

/* Inserts `module`, with its configured settings below those of `how`. */
/* Whether nomodule= on the command line names the module: it never loads then. */
bool settings_nomodule(const char *name);

enum helix_status settings_insert(struct hload_module *module, const struct hload_insertion *how,
				  struct hmod_diag *diag);

/* Begins to read modules.conf; false when there is none. */
bool settings_conf_open(struct conf_reader *reader);
/* Whether `name`, as somebody wrote it, means the module with the normalised
 * name `normal`. */
bool settings_same_module(const char *normal, struct hmod_span name);

#endif
