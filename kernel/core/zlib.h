/* SPDX-License-Identifier: MIT
 *
 * gzip in the kernel: zlib's own inflate, from libz.a. It uses SSE and the red
 * zone, so interrupts enter on stacks of their own (IST). Thread context.
 */
#ifndef KERNEL_CORE_ZLIB_H
#define KERNEL_CORE_ZLIB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "modfmt/diag.h"
#include "modfmt/span.h"

/* Inflates one or several gzip members; nothing may follow the last. At most
 * `limit` bytes come out (TOO_LARGE). *out is written on success only; give it
 * back with gzip_free. GZIP and NO_MEMORY are the other refusals. */
enum helix_status gzip_inflate(struct hmod_span packed, uint64_t limit, struct hmod_span *out,
			       struct hmod_diag *diag);
void gzip_free(struct hmod_span inflated);

/* Inflates over and over under a 10 kHz timer: true when the data was right
 * every time and at least one tick came while zlib's code ran. *inside and
 * *ticks are how many did, and how many came at all. The timer is at 100 Hz
 * after it. */
bool gzip_interrupt_selftest(uint64_t *inside, uint64_t *ticks);

/* zlib's allocator hooks, upon the heap. */
void *gzip_zalloc(void *opaque, unsigned items, unsigned size);
void gzip_zfree(void *opaque, void *block);

#endif
