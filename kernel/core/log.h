/* SPDX-License-Identifier: MIT
 *
 * The log ring: lines with time and level, kept for dmesg; those at or below
 * the console's level also go to the consoles. Any context, interrupts
 * included.
 */
#ifndef KERNEL_CORE_LOG_H
#define KERNEL_CORE_LOG_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

enum log_level { LOG_ERROR = 3, LOG_WARN = 4, LOG_INFO = 6, LOG_DEBUG = 7 };

void log_line(enum log_level level, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void log_vline(enum log_level level, const char *prefix, const char *format, va_list arguments);
/* Lines above this level stay in the ring only. */
void log_console_level(int level);

/* Line by line, oldest first: zero the cursor; false after the last. `text`
 * holds at least LOG_LINE_MAX bytes. */
#define LOG_LINE_MAX 256
struct log_cursor {
	uint64_t sequence;
};
bool log_read(struct log_cursor *cursor, uint64_t *time_ns, int *level, char *text);

#endif
