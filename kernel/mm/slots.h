/* SPDX-License-Identifier: MIT
 *
 * Parts of a page that several modules share: 128 slots of 32 bytes, a bit each.
 * Relies on nothing. Callers lock.
 */
#ifndef KERNEL_MM_SLOTS_H
#define KERNEL_MM_SLOTS_H

#include <stdbool.h>
#include <stdint.h>

#define SLOT_SIZE 32u /* bytes */
#define SLOTS 128u

struct slots {
	uint64_t free[2]; /* a set bit is a free slot */
};

void slots_init(struct slots *slots); /* all free */
/* Takes `count` (1 to SLOTS) neighbours, the first at a multiple of `align` (a
 * power of two): which ones `random` decides, among multiples of the count while
 * there are any, so that pieces of one size fill the page. False: no room. */
bool slots_take(struct slots *slots, unsigned count, unsigned align, uint64_t random,
		unsigned *first);
/* Gives them back. False, with nothing changed, when one of them is free. */
bool slots_give(struct slots *slots, unsigned first, unsigned count);
bool slots_all_free(const struct slots *slots);

#endif
