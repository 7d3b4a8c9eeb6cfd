/* SPDX-License-Identifier: MIT
 *
 * The proof that interrupts may come in the middle of zlib, although it uses
 * the red zone: packs a megabyte with libz's deflate, then inflates it under a
 * fast timer and looks where each tick found the CPU.
 */
#include "kernel/core/zlib.h"

#define Z_SOLO
#include <zlib.h>

#include "kernel/arch/x86_64/clock.h"
#include "kernel/arch/x86_64/trap.h"
#include "kernel/core/boot_info.h"
#include "kernel/core/string.h"
#include "kernel/mm/mm.h"
#include "kernel/sched/thread.h"

#define DATA_SIZE    (UINT64_C(1) << 20) /* bytes */
#define PACKED_ROOM  (DATA_SIZE + DATA_SIZE / 8) /* more than deflate can need */
#define FAST_HZ      10000
#define USUAL_HZ     100
#define ROUNDS_LEAST 4
#define ROUNDS_MOST  64

static volatile uint64_t ticks_inside, ticks_all;

static void tick(struct trap_frame *frame)
{
	ticks_all++;
	ticks_inside += frame->rip >= (uint64_t)zlib_text_start &&
			frame->rip < (uint64_t)zlib_text_end;
}

/* Words of a small vocabulary in random order: literals and matches both. */
static void data_make(uint8_t *data)
{
	uint64_t state = 1;
	for (uint64_t i = 0; i < DATA_SIZE; i++) {
		state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		uint64_t back = 1 + (state >> 40) % 4096;
		bool copy = (state >> 33) % 8 && back <= i;
		data[i] = copy ? data[i - back] : (uint8_t)(state >> 56);
	}
}

static uint64_t data_pack(uint8_t *data, uint8_t *packed)
{
	z_stream stream = { .zalloc = gzip_zalloc, .zfree = gzip_zfree };
	if (deflateInit2(&stream, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		return 0;
	stream.next_in = data;
	stream.avail_in = DATA_SIZE;
	stream.next_out = packed;
	stream.avail_out = PACKED_ROOM;
	int result = deflate(&stream, Z_FINISH);
	uint64_t size = stream.total_out;
	deflateEnd(&stream);
	return result == Z_STREAM_END ? size : 0;
}

static bool inflates_to(struct hmod_span packed, const uint8_t *data)
{
	struct hmod_span out;
	if (gzip_inflate(packed, DATA_SIZE, &out, NULL))
		return false;
	bool right = out.size == DATA_SIZE && !memcmp(out.data, data, DATA_SIZE) &&
		     crc32(0, out.data, DATA_SIZE) == crc32(0, data, DATA_SIZE);
	gzip_free(out);
	return right;
}

static bool rounds_run(struct hmod_span packed, const uint8_t *data)
{
	bool right = true;
	ticks_inside = ticks_all = 0;
	timer_hook_set(tick);
	timer_start(FAST_HZ);
	for (unsigned i = 0; right && i < ROUNDS_MOST && (i < ROUNDS_LEAST || !ticks_inside); i++)
		right = inflates_to(packed, data);
	timer_hook_set(NULL);
	timer_start(USUAL_HZ);
	return right;
}

bool gzip_interrupt_selftest(uint64_t *inside, uint64_t *ticks)
{
	uint8_t *data = vmm_alloc(DATA_SIZE), *packed = vmm_alloc(PACKED_ROOM);
	uint64_t size = 0;
	bool right = false;
	*inside = *ticks = 0;
	/* The fast timer is that of one CPU. */
	thread_set_affinity(thread_id(), UINT64_C(1) << this_cpu()->id);
	fpu_begin();
	if (data && packed) {
		data_make(data);
		size = data_pack(data, packed);
	}
	if (size) {
		right = rounds_run((struct hmod_span){ packed, size }, data);
		*inside = ticks_inside;
		*ticks = ticks_all;
	}
	fpu_end();
	thread_set_affinity(thread_id(), CPUS_ALL);
	vmm_free(packed, PACKED_ROOM);
	vmm_free(data, DATA_SIZE);
	return right && *inside;
}
