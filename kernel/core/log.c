/* SPDX-License-Identifier: MIT
 *
 * The log: records in a ring of bytes. A record's sequence number is where it
 * begins in the endless row of bytes of which the ring keeps the last; so a
 * reader that was overtaken goes on at the oldest. A spinlock is held while the
 * ring changes. Never sleeps, never allocates.
 */
#include "kernel/core/log.h"

#include "kernel/core/console.h"
#include "kernel/core/kernel.h"
#include "kernel/core/print.h"
#include "kernel/core/string.h"
#include "kernel/sched/lock.h"

#define RING_SIZE    UINT64_C(65536) /* bytes; a multiple of the record alignment */
#define RECORD_ALIGN 16 /* a record's head never wraps */
#define STAMP_MAX    32 /* `[    1.234567] ` and a newline */

struct record {
	uint64_t time_ns;
	uint32_t length; /* of the text behind it */
	int32_t level;
};
_Static_assert(sizeof(struct record) == RECORD_ALIGN, "a record's head is one unit");

static uint8_t ring[RING_SIZE] __attribute__((aligned(RECORD_ALIGN)));
static uint64_t oldest, newest; /* [oldest, newest) is kept */
static struct spinlock log_lock = SPINLOCK(RANK_LOG, "log");
static int console_level = LOG_INFO;

static struct record *record_at(uint64_t sequence)
{
	return (struct record *)&ring[sequence % RING_SIZE];
}

static uint64_t record_size(uint64_t length)
{
	return (sizeof(struct record) + length + RECORD_ALIGN - 1) & ~(uint64_t)(RECORD_ALIGN - 1);
}

static void ring_append(uint64_t time_ns, int level, const char *text, uint32_t length)
{
	uint64_t size = record_size(length);
	bool state = spin_lock(&log_lock);
	while (newest + size - oldest > RING_SIZE)
		oldest += record_size(record_at(oldest)->length);
	*record_at(newest) = (struct record){ time_ns, length, level };
	for (uint32_t i = 0; i < length; i++)
		ring[(newest + sizeof(struct record) + i) % RING_SIZE] = (uint8_t)text[i];
	newest += size;
	spin_unlock(&log_lock, state);
}

static uint32_t length_kept(int length, size_t capacity)
{
	if (length < 0)
		return 0;
	return (size_t)length < capacity ? (uint32_t)length : (uint32_t)capacity - 1;
}

void log_vline(enum log_level level, const char *prefix, const char *format, va_list arguments)
{
	char line[STAMP_MAX + LOG_LINE_MAX];
	uint64_t now = clock_now_ns();
	uint32_t stamp = (uint32_t)ksnprintf(line, STAMP_MAX, "[%5lu.%06lu] ", now / 1000000000,
					     now / 1000 % 1000000);
	char *text = line + stamp;
	uint32_t length = length_kept(ksnprintf(text, LOG_LINE_MAX, "%s", prefix ? prefix : ""),
				      LOG_LINE_MAX);
	length += length_kept(kvsnprintf(text + length, LOG_LINE_MAX - length, format, arguments),
			      LOG_LINE_MAX - length);
	ring_append(now, level, text, length);
	if ((int)level > console_level)
		return;
	text[length] = '\n';
	console_write(line, stamp + length + 1);
}

void log_line(enum log_level level, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	log_vline(level, NULL, format, arguments);
	va_end(arguments);
}

void log_console_level(int level)
{
	console_level = level;
}

bool log_read(struct log_cursor *cursor, uint64_t *time_ns, int *level, char *text)
{
	bool state = spin_lock(&log_lock);
	if (cursor->sequence < oldest)
		cursor->sequence = oldest;
	bool found = cursor->sequence < newest;
	if (found) {
		const struct record *record = record_at(cursor->sequence);
		*time_ns = record->time_ns;
		*level = record->level;
		for (uint32_t i = 0; i < record->length; i++)
			text[i] = (char)ring[(cursor->sequence + sizeof(*record) + i) % RING_SIZE];
		text[record->length] = '\0';
		cursor->sequence += record_size(record->length);
	}
	spin_unlock(&log_lock, state);
	return found;
}
