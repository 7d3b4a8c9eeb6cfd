/* SPDX-License-Identifier: MIT
 *
 * Objects of unusual shape that tools really write: each loads, and runs where
 * there is something to run.
 */
#include "loader/object_fixture.h"
#include "modfmt/judge.h"

static struct fixture f;

#define CALL(type, name) ((type)(uintptr_t)fixture_export(&f, name))

static void load(const char *code, const char *flags)
{
	struct hmod_span file = harness_compile(harness_module("shape", code, ""), flags);

	fixture_open(&f, file);
	harness_discard(file);
	ck_assert_msg(!fixture_load(&f), "%s", harness_text(&f.diag));
}

START_TEST(more_sections_than_16_bits_count)
{
	load("__asm__(\".macro one n\\n.section .data.s\\\\n, \\\"aw\\\"\\n.long \\\\n\\n.endm\\n\"\n"
	     "	\".set i, 0\\n.rept 66000\\n.altmacro\\none %i\\n.noaltmacro\\n.set i, i + 1\\n\"\n"
	     "	\".endr\\n.section .text.last, \\\"ax\\\"\\n.globl last\\n.type last, @function\\n\"\n"
	     "	\"last: mov far_value(%rip), %eax\\nret\\n.section .data.far, \\\"aw\\\"\\n\"\n"
	     "	\"far_value: .long 1234\\n.text\\n\");\n"
	     "int last(void);\n"
	     "int first(void) { return last() + 1; }\n"
	     "HELIX_EXPORT(first); HELIX_EXPORT(last);\n", "");
	ck_assert_uint_gt(f.image.section_count, 66000);
	ck_assert_ptr_nonnull(f.image.extended);
	ck_assert_int_eq(CALL(int (*)(void), "first")(), 1235);
	fixture_close(&f);
}
END_TEST

START_TEST(alignments_up_to_2_mib_are_kept)
{
	load("_Alignas(1 << 21) int big = 7; _Alignas(1 << 16) int zero;\n"
	     "_Alignas(1 << 12) const int fixed = 9;\n"
	     "int __attribute__((aligned(1 << 13))) code(void) { return big + zero + fixed; }\n"
	     "HELIX_EXPORT(big); HELIX_EXPORT(zero); HELIX_EXPORT(fixed); HELIX_EXPORT(code);\n", "");
	ck_assert_uint_eq(fixture_export(&f, "big") % (1 << 21), 0);
	ck_assert_uint_eq(fixture_export(&f, "zero") % (1 << 16), 0);
	ck_assert_uint_eq(fixture_export(&f, "fixed") % (1 << 12), 0);
	ck_assert_uint_eq(fixture_export(&f, "code") % (1 << 13), 0);
	ck_assert_int_eq(CALL(int (*)(void), "code")(), 16);
	fixture_close(&f);
}
END_TEST

START_TEST(common_symbols_are_allocated_with_their_alignment)
{
	load("char one; long many[1000]; _Alignas(1 << 15) int wide; char last;\n"
	     "long sum(void) { one = 1; many[999] = 2; wide = 4; last = 8;\n"
	     "	return one + many[999] + wide + last + many[0]; }\n"
	     "HELIX_EXPORT(many); HELIX_EXPORT(wide); HELIX_EXPORT(sum);\n", "-fcommon");
	ck_assert_uint_eq(f.image.symbols[fixture_symbol(&f, "wide")].shndx, ELF_SHN_COMMON);
	ck_assert_uint_eq(fixture_export(&f, "many") % 8, 0);
	ck_assert_uint_eq(fixture_export(&f, "wide") % (1 << 15), 0);
	ck_assert_int_eq(CALL(long (*)(void), "sum")(), 15);
	fixture_close(&f);
}
END_TEST

START_TEST(much_bss_is_zero)
{
	load("static char bss[32 << 20];\n"
	     "long sum(void) { long s = 0; for (long i = 0; i < sizeof bss; i += 4096) s += bss[i];\n"
	     "	bss[sizeof bss - 1] = 5; return s + bss[sizeof bss - 1]; }\n"
	     "HELIX_EXPORT(sum);\n", "");
	ck_assert_int_eq(CALL(long (*)(void), "sum")(), 5);
	fixture_close(&f);
}
END_TEST

START_TEST(fat_lto_objects_are_objects)
{
	load("int f(void) { return 42; } HELIX_EXPORT(f);\n", "-flto -ffat-lto-objects");
	fixture_section(&f, ".text");
	ck_assert_int_eq(CALL(int (*)(void), "f")(), 42);
	fixture_close(&f);
}
END_TEST

START_TEST(unwind_information_of_either_type_stays_in_the_file)
{
	load("__asm__(\".section .eh_frame, \\\"a\\\", @unwind\\n.quad 0\\n\"\n"
	     "	\".section .eh_frame_like, \\\"a\\\", @unwind\\n.quad 0\\n.text\\n\");\n"
	     "int f(void) { return 1; } HELIX_EXPORT(f);\n", "-O2");
	ck_assert_int_eq(CALL(int (*)(void), "f")(), 1);
	ck_assert(!hmod_section_loaded(&f.image, fixture_section(&f, ".eh_frame_like")));
	fixture_close(&f);
}
END_TEST

static void load_built(struct elf_builder *b)
{
	struct hmod_span file = elf_finish(b);

	fixture_open(&f, file);
	elf_discard(file);
	fixture_offer(&f, "imported", 0x1000, NULL);
	ck_assert_msg(!fixture_load(&f), "%s", harness_text(&f.diag));
	fixture_close(&f);
}

START_TEST(tables_may_stand_in_any_order_and_in_parts)
{
	struct elf_builder *b = good_builder();

	elf_split_relas(b);
	load_built(b);
	b = good_builder();
	elf_relas_backwards(b);
	load_built(b);
	b = good_builder();
	elf_order_backwards(b);
	load_built(b);
	b = good_builder();
	elf_use_extended(b);
	load_built(b);
}
END_TEST

/* References of either kind, with and without addend, to absolute symbols too. */
START_TEST(symbols_of_every_kind_may_be_referred_to)
{
	load("extern char number __attribute__((weak)), nobody __attribute__((weak));\n"
	     "__asm__(\".globl number\\n.set number, 77\\n\");\n"
	     "static int array[4] = { 1, 2, 3, 4 };\n"
	     "int *volatile inside = &array[2];\n"
	     "int __attribute__((weak)) weak_here(void) { return 20; }\n"
	     "long f(void) { return (long)&number + (long)&nobody + *inside + weak_here(); }\n"
	     "HELIX_EXPORT(f);\n", "");
	ck_assert_int_eq(CALL(long (*)(void), "f")(), 100);
	fixture_close(&f);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("shapes");
	TCase *tests = tcase_create("shapes");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tests, 120);
	tcase_add_test(tests, more_sections_than_16_bits_count);
	tcase_add_test(tests, alignments_up_to_2_mib_are_kept);
	tcase_add_test(tests, common_symbols_are_allocated_with_their_alignment);
	tcase_add_test(tests, much_bss_is_zero);
	tcase_add_test(tests, fat_lto_objects_are_objects);
	tcase_add_test(tests, unwind_information_of_either_type_stays_in_the_file);
	tcase_add_test(tests, tables_may_stand_in_any_order_and_in_parts);
	tcase_add_test(tests, symbols_of_every_kind_may_be_referred_to);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
