/* SPDX-License-Identifier: MIT
 *
 * Interval sets in a sorted array. Relies on nothing.
 */
#include "kernel/mm/ranges.h"

/* Replaces the intervals [from, to) of the array by nothing; those after move. */
static void remove_span(struct ranges *set, unsigned from, unsigned to)
{
	while (to < set->count)
		set->at[from++] = set->at[to++];
	set->count = from;
}

static void insert_at(struct ranges *set, unsigned place, uint64_t start, uint64_t end)
{
	for (unsigned i = set->count++; i > place; i--)
		set->at[i] = set->at[i - 1];
	set->at[place].start = start;
	set->at[place].end = end;
}

bool ranges_add(struct ranges *set, uint64_t start, uint64_t end)
{
	unsigned from = 0, to;
	if (start >= end)
		return true;
	while (from < set->count && set->at[from].end < start)
		from++;
	for (to = from; to < set->count && set->at[to].start <= end; to++) {
		if (set->at[to].start < start)
			start = set->at[to].start;
		if (set->at[to].end > end)
			end = set->at[to].end;
	}
	if (from == to && set->count == RANGES_MAX)
		return false;
	remove_span(set, from, to);
	insert_at(set, from, start, end);
	return true;
}

bool ranges_cut(struct ranges *set, uint64_t start, uint64_t end)
{
	if (start >= end)
		return true;
	for (unsigned i = 0; i < set->count; i++) {
		uint64_t first = set->at[i].start, last = set->at[i].end;
		if (last <= start || first >= end)
			continue;
		if (first < start && last > end) {
			if (set->count == RANGES_MAX)
				return false;
			set->at[i].end = start;
			insert_at(set, i + 1, end, last);
			return true;
		}
		if (first < start)
			set->at[i].end = start;
		else if (last > end)
			set->at[i].start = end;
		else
			remove_span(set, i, i + 1), i--;
	}
	return true;
}

bool ranges_contain(const struct ranges *set, uint64_t start, uint64_t end)
{
	for (unsigned i = 0; i < set->count; i++)
		if (set->at[i].start <= start && end <= set->at[i].end)
			return start < end;
	return false;
}

uint64_t ranges_take(struct ranges *set, uint64_t size, uint64_t limit)
{
	for (unsigned i = 0; i < set->count; i++) {
		uint64_t start = set->at[i].start;
		uint64_t end = set->at[i].end < limit ? set->at[i].end : limit;
		if (start >= end || end - start < size)
			continue;
		ranges_cut(set, start, start + size);
		return start;
	}
	return UINT64_MAX;
}

uint64_t ranges_total(const struct ranges *set)
{
	uint64_t total = 0;
	for (unsigned i = 0; i < set->count; i++)
		total += set->at[i].end - set->at[i].start;
	return total;
}
