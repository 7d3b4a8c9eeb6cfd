/* SPDX-License-Identifier: MIT
 *
 * How scarce something is, in three levels with some slack between them, so that
 * an amount that moves about a mark does not ring all the time. Relies on nothing.
 */
#ifndef KERNEL_MM_WATERMARK_H
#define KERNEL_MM_WATERMARK_H

#include <stdint.h>

enum { WATERMARK_NORMAL, WATERMARK_LOW, WATERMARK_CRITICAL };

/* The level now, when it was `level` before: low below 1/8 of `total`, critical
 * below 1/32. A level is left upwards only when another quarter of its mark is
 * free. */
int watermark_level(int level, uint64_t available, uint64_t total);
/* The level stays `level` for as long as *from <= available < *to. */
void watermark_range(int level, uint64_t total, uint64_t *from, uint64_t *to);

#endif
