/* SPDX-License-Identifier: MIT
 *
 * Levels with slack.
 */
#include "kernel/mm/watermark.h"

#define LOW_PART      8
#define CRITICAL_PART 32

static uint64_t with_slack(uint64_t mark)
{
	return mark + mark / 4;
}

/* Below the mark, or not yet far enough above it to leave. */
static int is_below(uint64_t available, uint64_t mark, int was_below)
{
	return available < (was_below ? with_slack(mark) : mark);
}

int watermark_level(int level, uint64_t available, uint64_t total)
{
	if (is_below(available, total / CRITICAL_PART, level == WATERMARK_CRITICAL))
		return WATERMARK_CRITICAL;
	if (is_below(available, total / LOW_PART, level >= WATERMARK_LOW))
		return WATERMARK_LOW;
	return WATERMARK_NORMAL;
}

void watermark_range(int level, uint64_t total, uint64_t *from, uint64_t *to)
{
	uint64_t low = total / LOW_PART, critical = total / CRITICAL_PART;

	*from = level == WATERMARK_NORMAL ? low : level == WATERMARK_LOW ? critical : 0;
	*to = level == WATERMARK_NORMAL ? UINT64_MAX :
	      level == WATERMARK_LOW	? with_slack(low) :
					  with_slack(critical);
}
