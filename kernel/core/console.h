/* SPDX-License-Identifier: MIT
 *
 * Where text goes and where keys come from. Consoles (serial, screen) show log
 * and shell; in exec mode the shell's output goes to the exec port alone.
 */
#ifndef KERNEL_CORE_CONSOLE_H
#define KERNEL_CORE_CONSOLE_H

#include <stdbool.h>
#include <stddef.h>

/* The first serial port, polled: as soon as the kernel runs. */
void console_early_init(void);
/* The consoles of `console=serial|screen` (both by default), input by interrupt,
 * and `loglevel=`. Needs memory, clock and interrupt controllers; called once. */
void console_init(void);

/* Writes to every console; `\n` becomes `\r\n` where the device needs it. */
void console_write(const char *text, size_t length);
/* The next byte from any console's keyboard; sleeps until there is one. For one
 * thread. */
int console_getc(void);
/* Redirects kprintf to the exec port (COM3, which no firmware writes to), raw,
 * and back. */
void console_exec_mode(bool on);

#endif
