/* SPDX-License-Identifier: MIT
 *
 * The shell: commands are rows of one table, each group in a file of its own.
 */
#ifndef KERNEL_SHELL_SHELL_H
#define KERNEL_SHELL_SHELL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "modfmt/span.h"

/* Reads commands from the consoles; ends only with the machine. */
_Noreturn void shell_interactive(void);
/* Runs a script, a command a line, its output to the exec port; stops at the
 * first that fails unless exec.keepgoing is on the command line; powers off with
 * 0, or 1 when one failed. */
_Noreturn void shell_script(struct hmod_span script);

#endif
