/* SPDX-License-Identifier: MIT
 *
 * Every way to spoil a module a little, tried one by one, and the fuzzer's
 * findings again: refused with a message or loaded, never worse.
 */
#include "fuzz/attempt.h"
#include "fuzz/recipe.h"
#include "loader/host_harness.h"
#include "modfmt/judge.h"

#define SLICES 8

static struct attempt a;

static const char *const ways[] = { "-O2", "-O0 -fcommon", "-fPIC -mcmodel=small -fno-plt" };

static struct hmod_span everything(const char *flags)
{
	return harness_compile("#include \"" TOP_SRCDIR "/tests/fuzz/everything.c\"\n", flags);
}

START_TEST(whole_files_are_loaded)
{
	struct hmod_span file = good_module();

	for (unsigned i = 0; i < sizeof ways / sizeof ways[0]; i++) {
		struct hmod_span compiled = everything(ways[i]);

		attempt_open(&a);
		ck_assert_msg(!attempt_load(&a, compiled.data, compiled.size), "%s", ways[i]);
		harness_discard(compiled);
	}
	attempt_open(&a); /* it wants a module that is not there */
	ck_assert_int_eq(attempt_load(&a, file.data, file.size), HELIX_E_DEPENDENCY);
	elf_discard(file);
}
END_TEST

START_TEST(a_file_cut_off_anywhere_is_refused)
{
	struct hmod_span file = everything(ways[_i]);

	for (size_t size = 0; size < file.size; size++) {
		attempt_open(&a);
		ck_assert_msg(attempt_load(&a, file.data, size) != HELIX_OK, "%zu bytes", size);
	}
	harness_discard(file);
}
END_TEST

/* Each bit turned over, and each byte made all zeroes and all ones. */
START_TEST(any_bit_or_byte_spoiled_does_no_harm)
{
	struct hmod_span file = everything("-fPIC -mcmodel=small -fno-plt -fcommon");
	uint8_t *bytes = (uint8_t *)(uintptr_t)file.data;
	unsigned refused = 0, loaded = 0;

	for (size_t at = (size_t)_i; at < file.size; at += SLICES) {
		const uint8_t old = bytes[at];

		for (unsigned way = 0; way < 10; way++) {
			bytes[at] = way < 8 ? (uint8_t)(old ^ 1u << way) : way == 8 ? 0 : 0xff;
			attempt_open(&a);
			*(attempt_load(&a, file.data, file.size) ? &refused : &loaded) += 1;
		}
		bytes[at] = old;
	}
	ck_assert_uint_gt(refused, file.size / SLICES); /* about every second byte means something */
	ck_assert_uint_gt(loaded, file.size / SLICES);
	harness_discard(file);
}
END_TEST

START_TEST(each_allocation_may_fail)
{
	struct hmod_span file = everything(ways[2]);
	enum helix_status status;
	uint64_t n = 0;

	do {
		attempt_open(&a);
		a.fail_alloc = ++n;
		status = attempt_load(&a, file.data, file.size);
		ck_assert_uint_lt(n, 500);
	} while (a.allocs >= n);
	ck_assert_int_eq(status, HELIX_OK);
	ck_assert_uint_gt(n, 20);
	harness_discard(file);
}
END_TEST

/* ---- the corpus --------------------------------------------------------------------- */

START_TEST(the_corpus_is_refused_as_it_says)
{
	FILE *corpus = fopen(RECIPES, "r");
	struct hmod_span file;
	unsigned count = 0;
	char name[64];

	ck_assert_ptr_nonnull(corpus);
	while (recipe_next(corpus, &file, name, sizeof name)) {
		enum helix_status status;

		attempt_open(&a);
		status = attempt_load(&a, file.data, file.size);
		ck_assert_msg(!strcmp(hmod_status_name(status), name), "%s, wanted %s",
			      hmod_status_name(status), name);
		elf_discard(file);
		count++;
	}
	fclose(corpus);
	ck_assert_uint_gt(count, 20);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("hostile");
	TCase *tests = tcase_create("hostile");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tests, 300);
	tcase_add_test(tests, whole_files_are_loaded);
	tcase_add_loop_test(tests, a_file_cut_off_anywhere_is_refused, 0, 3);
	tcase_add_loop_test(tests, any_bit_or_byte_spoiled_does_no_harm, 0, SLICES);
	tcase_add_test(tests, each_allocation_may_fail);
	tcase_add_test(tests, the_corpus_is_refused_as_it_says);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
