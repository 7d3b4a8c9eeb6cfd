/* SPDX-License-Identifier: MIT
 *
 * Bounded views over untrusted bytes. This is the one place that adds to an
 * untrusted offset; everything else works on the views it returns.
 * Relies on nothing; never writes, allocates or keeps what it is given.
 */
#ifndef MODFMT_SPAN_H
#define MODFMT_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hmod_span {
	const uint8_t *data;
	uint64_t size; /* bytes */
};

/* True when [offset, offset + length) lies inside `size`, however large. */
static inline bool hmod_range_fits(uint64_t size, uint64_t offset, uint64_t length)
{
	return offset <= size && length <= size - offset;
}

/* The part [offset, offset + length) of `whole`; false leaves *part alone. */
static inline bool hmod_span_sub(struct hmod_span whole, uint64_t offset, uint64_t length,
				 struct hmod_span *part)
{
	if (!hmod_range_fits(whole.size, offset, length))
		return false;
	part->data = whole.data + offset;
	part->size = length;
	return true;
}

/* The NUL-terminated string at `offset`: its address, and its length without
 * the NUL in *length (may be NULL). NULL when it does not end inside `whole`. */
const char *hmod_span_string(struct hmod_span whole, uint64_t offset, size_t *length);

#endif
