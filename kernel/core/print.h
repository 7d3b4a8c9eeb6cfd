/* SPDX-License-Identifier: MIT
 *
 * Formatted text: one formatter for log, shell and diagnostics.
 * Formats: d i u x X o c s p %, flags - 0 + # space, width, precision, `*`,
 * hh h l ll z t j. No floating point. Any context.
 */
#ifndef KERNEL_CORE_PRINT_H
#define KERNEL_CORE_PRINT_H

#include <stdarg.h>
#include <stddef.h>

/* As C's snprintf. */
int kvsnprintf(char *text, size_t capacity, const char *format, va_list arguments);
int ksnprintf(char *text, size_t capacity, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The shell's output: to the terminal it runs on (all consoles, or the exec
 * port), not to the log. */
void kprintf(const char *format, ...) __attribute__((format(printf, 1, 2)));
void kputs(const char *text); /* no newline added */

#endif
