/* SPDX-License-Identifier: MIT
 *
 * Slots of a shared page, all at once in one 128-bit number. Relies on nothing.
 */
#include "kernel/mm/slots.h"

typedef unsigned __int128 mask;

static mask load(const struct slots *slots)
{
	return (mask)slots->free[1] << 64 | slots->free[0];
}

static void store(struct slots *slots, mask free)
{
	slots->free[0] = (uint64_t)free;
	slots->free[1] = (uint64_t)(free >> 64);
}

static mask run(unsigned first, unsigned count)
{
	mask ones = count == SLOTS ? ~(mask)0 : ((mask)1 << count) - 1;
	return ones << first;
}

/* Where `count` neighbours are free: a bit at each first one. */
static mask starts(mask free, unsigned count)
{
	for (unsigned have = 1; have < count;) {
		unsigned more = count - have < have ? count - have : have;
		free &= free >> more;
		have += more;
	}
	return free;
}

static mask multiples(unsigned of)
{
	mask bits = 1;
	for (unsigned width = of; width < SLOTS; width *= 2)
		bits |= bits << width;
	return bits;
}

/* A set bit: the first from a random place on, and round. */
static unsigned choose(mask among, uint64_t random)
{
	unsigned turn = random % SLOTS;
	mask turned = turn ? among >> turn | among << (SLOTS - turn) : among;
	uint64_t low = (uint64_t)turned;
	unsigned bit = low ? (unsigned)__builtin_ctzll(low) :
			     64 + (unsigned)__builtin_ctzll((uint64_t)(turned >> 64));
	return (bit + turn) % SLOTS;
}

void slots_init(struct slots *slots)
{
	store(slots, ~(mask)0);
}

bool slots_take(struct slots *slots, unsigned count, unsigned align, uint64_t random,
		unsigned *first)
{
	mask free = load(slots), fit = starts(free, count) & multiples(align);
	mask even = fit & multiples((count + align - 1) & ~(align - 1));
	if (!fit)
		return false;
	*first = choose(even ? even : fit, random);
	store(slots, free & ~run(*first, count));
	return true;
}

bool slots_give(struct slots *slots, unsigned first, unsigned count)
{
	mask free = load(slots), back = run(first, count);
	if (free & back)
		return false;
	store(slots, free | back);
	return true;
}

bool slots_all_free(const struct slots *slots)
{
	return !(~load(slots));
}
