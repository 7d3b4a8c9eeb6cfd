/* SPDX-License-Identifier: MIT
 *
 * Levels with slack.
 */
#include "kernel/mm/watermark.h"

#define LOW_PART      8
#define CRITICAL_PART 32

/* Below the mark, or not yet far enough above it to leave. */
static int is_below(uint64_t available, uint64_t mark, int was_below)
{
	return available < (was_below ? mark + mark / 4 : mark);
}

int watermark_level(int level, uint64_t available, uint64_t total)
{
	if (is_below(available, total / CRITICAL_PART, level == WATERMARK_CRITICAL))
		return WATERMARK_CRITICAL;
	if (is_below(available, total / LOW_PART, level >= WATERMARK_LOW))
		return WATERMARK_LOW;
	return WATERMARK_NORMAL;
}
