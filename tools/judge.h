/* SPDX-License-Identifier: MIT
 *
 * The kernel's loader as a judge: everything happens to a module but that its
 * code runs. Addresses are judged for the kernel's window, and what the kernel
 * exports is read from a list that the build makes (`kernel.exports`).
 */
#ifndef TOOLS_JUDGE_H
#define TOOLS_JUDGE_H

#include "tools/process.h"
#include "tools/tool.h"

struct judge {
	struct process process;
	struct hload_symbol *exports; /* of the kernel */
	size_t export_count;
	struct bytes list; /* their names */
};

/* False after a message. Set judge->process.host's further hooks, and .say,
 * before judge_begin. One judge begins at a time. */
bool judge_open(struct judge *judge);
bool judge_begin(struct judge *judge);
/* Begins anew: nothing is registered. */
void judge_end(struct judge *judge);
void judge_close(struct judge *judge);

/* Whether the kernel would take `file` alone, whatever else there is: what it
 * depends on counts as present. False with *why NULL after a message, or with what
 * the kernel would say; free() it. The judge need not have begun. */
bool judge_file(struct judge *judge, struct hmod_span file, char **why);

/* A diagnostic of any length as text; free() it. */
char *judge_text(const struct hmod_diag *diag);

#endif
