/* SPDX-License-Identifier: MIT
 *
 * gzip_inflate over the host's zlib: what it takes, each refusal with its
 * words, and that nothing stays allocated whichever allocation fails.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define malloc kernel_malloc
#define free   kernel_free
#include "kernel/core/zlib.c"
#undef malloc
#undef free

static long live, allocations_left = -1; /* left: -1 without end */

static bool refused(void)
{
	if (allocations_left < 0)
		return false;
	return allocations_left-- == 0 ? (allocations_left = 0, true) : false;
}

void *kmalloc(size_t size)
{
	if (refused())
		return NULL;
	live++;
	return malloc(size);
}

void kfree(void *block)
{
	live -= block != NULL;
	free(block);
}

void *vmm_alloc(uint64_t size)
{
	return kmalloc(size);
}

void vmm_free(void *block, uint64_t size)
{
	(void)size;
	kfree(block);
}

static int fpu_sections;

void fpu_begin(void)
{
	fpu_sections++;
}

void fpu_end(void)
{
	fpu_sections--;
}

void panic(const char *format, ...)
{
	ck_abort_msg("panic: %s", format);
	abort();
}

#define TEXT_SIZE   200000
#define PACKED_ROOM 300000
#define LIMIT       (UINT64_C(1) << 20)

static uint8_t text[TEXT_SIZE], packed[PACKED_ROOM];

/* Packs the first `size` bytes of `text` behind the first `at` of `packed`. */
static uint64_t pack(uint64_t at, uint64_t size, int level, int window)
{
	z_stream stream = { .zalloc = gzip_zalloc, .zfree = gzip_zfree };
	ck_assert_int_eq(deflateInit2(&stream, level, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY),
			 Z_OK);
	stream.next_in = text;
	stream.avail_in = (uInt)size;
	stream.next_out = packed + at;
	stream.avail_out = (uInt)(PACKED_ROOM - at);
	ck_assert_int_eq(deflate(&stream, Z_FINISH), Z_STREAM_END);
	at += stream.total_out;
	deflateEnd(&stream);
	return at;
}

static void start(void)
{
	unsigned state = 1;
	live = 0;
	allocations_left = -1;
	for (unsigned i = 0; i < TEXT_SIZE; i++) {
		state = state * 1103515245 + 12345;
		text[i] = i > 100 && state >> 30 ? text[i - 1 - (state >> 20) % 100] :
						   (uint8_t)(state >> 16);
	}
}

static enum helix_status inflate_bytes(uint64_t size, uint64_t limit, struct hmod_span *out,
				       struct hmod_diag *diag)
{
	return gzip_inflate((struct hmod_span){ packed, size }, limit, out, diag);
}

static void refuses(uint64_t size, uint64_t limit, const char *sentence)
{
	struct hmod_span out = { packed, 1 };
	struct hmod_diag diag;
	char line[256];
	ck_assert_int_ne(inflate_bytes(size, limit, &out, &diag), HELIX_OK);
	hmod_diag_text(&diag, line, sizeof(line));
	ck_assert_msg(strstr(line, sentence) != NULL, "'%s' in: %s", sentence, line);
	ck_assert_ptr_eq(out.data, packed);
	ck_assert_int_eq(live, 0);
}

static void inflates(uint64_t size, uint64_t limit, uint64_t wanted)
{
	struct hmod_span out;
	ck_assert_int_eq(inflate_bytes(size, limit, &out, NULL), HELIX_OK);
	ck_assert_uint_eq(out.size, wanted);
	if (wanted)
		ck_assert_mem_eq(out.data, text, wanted);
	gzip_free(out);
	ck_assert_int_eq(live, 0);
}

static const uint64_t sizes[] = { 0, 1, 100, 4095, 4096, 4097, 65536, 70000, TEXT_SIZE };

START_TEST(inflates_what_deflate_made)
{
	for (int level = 0; level <= 9; level += 3)
		inflates(pack(0, sizes[_i], level, GZIP_WINDOW), LIMIT, sizes[_i]);
}
END_TEST

START_TEST(inflates_members_one_after_another)
{
	uint64_t size = pack(0, 5000, 6, GZIP_WINDOW);
	struct hmod_span out;
	size = pack(size, TEXT_SIZE, 6, GZIP_WINDOW);
	size = pack(size, 0, 6, GZIP_WINDOW);
	size = pack(size, 10, 6, GZIP_WINDOW);
	ck_assert_int_eq(inflate_bytes(size, LIMIT, &out, NULL), HELIX_OK);
	ck_assert_uint_eq(out.size, 5000 + TEXT_SIZE + 10);
	ck_assert_mem_eq(out.data, text, 5000);
	ck_assert_mem_eq(out.data + 5000, text, TEXT_SIZE);
	ck_assert_mem_eq(out.data + 5000 + TEXT_SIZE, text, 10);
	gzip_free(out);
	ck_assert_int_eq(live, 0);
}
END_TEST

START_TEST(the_limit_is_exact)
{
	uint64_t size = pack(0, TEXT_SIZE, 6, GZIP_WINDOW);
	inflates(size, TEXT_SIZE, TEXT_SIZE);
	refuses(size, TEXT_SIZE - 1,
		"the inflated data, as far as read, is too large: 200000, at most 199999");
	refuses(size, 0, "too large");
}
END_TEST

START_TEST(a_trailer_that_claims_little_does_not_pass_the_limit)
{
	uint64_t size = pack(0, TEXT_SIZE, 6, GZIP_WINDOW);
	memset(packed + size - 4, 0, 4);
	refuses(size, 1000, "too large: 1001, at most 1000");
	refuses(size, LIMIT, "the length differs");
	memset(packed + size - 4, 0xff, 4);
	refuses(size, LIMIT, "the length differs");
}
END_TEST

START_TEST(data_cut_anywhere_is_refused)
{
	uint64_t size = pack(0, 300, 6, GZIP_WINDOW);
	refuses(0, LIMIT, "not a good gzip stream: it is empty");
	for (uint64_t cut = 1; cut < size; cut++)
		refuses(cut, LIMIT, "not a good gzip stream: the data ends early");
}
END_TEST

START_TEST(other_bytes_behind_the_end_are_refused)
{
	uint64_t size = pack(0, 300, 6, GZIP_WINDOW);
	packed[size] = 0;
	packed[size + 1] = 0x8b;
	refuses(size + 1, LIMIT, "other bytes follow its end");
	refuses(size + 2, LIMIT, "other bytes follow its end");
	packed[size] = 0x1f;
	refuses(size + 2, LIMIT, "the data ends early");
}
END_TEST

START_TEST(damage_is_named)
{
	uint64_t size = pack(0, 300, 6, GZIP_WINDOW);
	packed[size - 8] ^= 1;
	refuses(size, LIMIT, "the checksum differs");
	packed[size - 8] ^= 1;
	packed[0] = 'x';
	refuses(size, LIMIT, "it does not begin with a gzip header");
	packed[0] = 0x1f;
	packed[2] = 7;
	refuses(size, LIMIT, "the compression method is not deflate");
	packed[2] = 8;
	packed[3] = 0xe0;
	refuses(size, LIMIT, "the header has unknown flags");
	packed[3] = 0;
	packed[10] = 0xff;
	refuses(size, LIMIT, "invalid block type");
	refuses(pack(0, 300, 6, MAX_WBITS), LIMIT, "it does not begin with a gzip header");
}
END_TEST

START_TEST(every_damaged_bit_is_refused_or_harmless)
{
	uint64_t size = pack(0, 300, 6, GZIP_WINDOW);
	for (uint64_t bit = 0; bit < size * 8; bit++) {
		struct hmod_span out;
		packed[bit / 8] ^= (uint8_t)(1 << bit % 8);
		if (!inflate_bytes(size, LIMIT, &out, NULL))
			gzip_free(out);
		ck_assert_int_eq(live, 0);
		ck_assert_int_eq(fpu_sections, 0);
		packed[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	inflates(size, LIMIT, 300);
}
END_TEST

START_TEST(whichever_allocation_fails_nothing_stays)
{
	uint64_t size = pack(0, 100, 6, GZIP_WINDOW);
	size = pack(size, TEXT_SIZE, 6, GZIP_WINDOW);
	size = pack(size, 10, 6, GZIP_WINDOW);
	for (long n = 0; n < 100; n++) {
		struct hmod_span out;
		struct hmod_diag diag;
		allocations_left = n;
		enum helix_status status = inflate_bytes(size, LIMIT, &out, &diag);
		if (!status) {
			ck_assert_int_gt(n, 3);
			gzip_free(out);
			ck_assert_int_eq(live, 0);
			return;
		}
		ck_assert_int_eq(status, HELIX_E_NO_MEMORY);
		ck_assert_int_eq(live, 0);
	}
	ck_abort_msg("it never succeeded");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("kernel/core/zlib");
	TCase *rows = tcase_create("zlib");
	tcase_add_checked_fixture(rows, start, NULL);
	tcase_add_loop_test(rows, inflates_what_deflate_made, 0, sizeof(sizes) / sizeof(sizes[0]));
	tcase_add_test(rows, inflates_members_one_after_another);
	tcase_add_test(rows, the_limit_is_exact);
	tcase_add_test(rows, a_trailer_that_claims_little_does_not_pass_the_limit);
	tcase_add_test(rows, data_cut_anywhere_is_refused);
	tcase_add_test(rows, other_bytes_behind_the_end_are_refused);
	tcase_add_test(rows, damage_is_named);
	tcase_add_test(rows, every_damaged_bit_is_refused_or_harmless);
	tcase_add_test(rows, whichever_allocation_fails_nothing_stays);
	suite_add_tcase(suite, rows);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
