/* SPDX-License-Identifier: MIT */
#include "loader/object_fixture.h"

static struct fixture f;
static char lib, net; /* other owners */

static void begin_with(const char *text)
{
	struct hmod_span file = harness_compile(text, "-x assembler");

	fixture_open(&f, file);
	harness_discard(file);
}

static uint64_t value(const char *name)
{
	return f.work.value[fixture_symbol(&f, name)];
}

static const char every_kind[] = ".text\n"
				 ".byte 0\n"
				 ".globl code\n"
				 "code: call far\n"
				 ".data\n"
				 "local: .quad absent, wanted\n"
				 ".weak absent, wanted\n"
				 ".globl number, last, shared\n"
				 ".set number, -5\n"
				 "last:\n"
				 ".comm shared,8,8\n"
				 ".section .debug_x,\"\",@progbits\n"
				 "hidden: .quad 0\n";

START_TEST(every_kind_of_symbol_gets_its_value)
{
	uint64_t data;

	begin_with(every_kind);
	fixture_offer(&f, "far", 0x1000, &lib);
	fixture_offer(&f, "wanted", 0x2000, NULL);
	ck_assert_int_eq(fixture_run(&f, RESOLVE), HELIX_OK);
	data = f.object.region[HLOAD_DATA].address;
	ck_assert_uint_eq(f.work.value[0], 0);
	ck_assert_uint_eq(value("code"), f.object.region[HLOAD_TEXT].address + 1);
	ck_assert_uint_eq(value("local"), data);
	ck_assert_uint_eq(value("last"), data + 16);
	ck_assert_uint_eq(value("shared"), data + 16);
	ck_assert_uint_eq(value("number"), (uint64_t)-5);
	ck_assert_uint_eq(value("far"), 0x1000);
	ck_assert_uint_eq(value("wanted"), 0x2000);
	ck_assert_uint_eq(value("absent"), 0);
	ck_assert_uint_eq(value("hidden"), HLOAD_UNLOADED);
	fixture_close(&f);
}
END_TEST

START_TEST(each_provider_is_named_once)
{
	begin_with(".data\n.quad a, b, c, d, e, g, h\n");
	fixture_offer(&f, "a", 1, &lib);
	fixture_offer(&f, "b", 2, &net);
	fixture_offer(&f, "c", 3, &lib);
	fixture_offer(&f, "d", 4, NULL);
	fixture_offer(&f, "e", 5, &f); /* itself */
	fixture_offer(&f, "g", 6, &net);
	fixture_offer(&f, "h", 7, &net);
	ck_assert_int_eq(fixture_run(&f, RESOLVE), HELIX_OK);
	ck_assert_uint_eq(f.object.provider_count, 2);
	ck_assert(f.object.providers[0] == &lib || f.object.providers[1] == &lib);
	ck_assert(f.object.providers[0] == &net || f.object.providers[1] == &net);
	fixture_close(&f);
}
END_TEST

START_TEST(an_object_without_imports_has_no_providers)
{
	begin_with(".data\n.byte 1\n");
	ck_assert_int_eq(fixture_run(&f, RESOLVE), HELIX_OK);
	ck_assert_uint_eq(f.object.provider_count, 0);
	ck_assert_ptr_null(f.object.providers);
	fixture_close(&f);
}
END_TEST

START_TEST(all_unknown_symbols_are_named_with_who_could_provide_them)
{
	begin_with(".data\n.quad foo, known, bar, perhaps\n.weak perhaps\n");
	fixture_offer(&f, "known", 1, NULL);
	ck_assert_int_eq(fixture_run(&f, RESOLVE), HELIX_E_UNKNOWN_SYMBOL);
	ck_assert_str_eq(harness_text(&f.diag),
			 "2 unknown symbols: foo, bar (bar is exported by lib, which is not "
			 "loaded)");
	fixture_close(&f);
}
END_TEST

START_TEST(one_unknown_symbol_is_singular)
{
	begin_with(".data\n.quad foo\n");
	ck_assert_int_eq(fixture_run(&f, RESOLVE), HELIX_E_UNKNOWN_SYMBOL);
	ck_assert_str_eq(harness_text(&f.diag), "1 unknown symbol: foo");
	fixture_close(&f);
}
END_TEST

START_TEST(a_list_of_unknown_symbols_has_no_control_characters)
{
	char *name;

	begin_with(".data\n.quad aXb\n");
	name = (char *)(uintptr_t)hmod_symbol_name(&f.image, fixture_symbol(&f, "aXb"));
	name[1] = '\033';
	ck_assert_int_eq(fixture_run(&f, RESOLVE), HELIX_E_UNKNOWN_SYMBOL);
	ck_assert_str_eq(harness_text(&f.diag), "1 unknown symbol: a?b");
	fixture_close(&f);
}
END_TEST

START_TEST(without_a_diagnostic_it_refuses_all_the_same)
{
	begin_with(".data\n.quad foo\n");
	f.work.diag = NULL;
	f.diag.status = HELIX_E_UNKNOWN_SYMBOL;
	ck_assert_int_eq(fixture_run(&f, RESOLVE), HELIX_E_UNKNOWN_SYMBOL);
	ck_assert_ptr_null(f.diag.list);
	fixture_close(&f);
}
END_TEST

START_TEST(a_bad_symbol_is_refused_with_its_index)
{
	begin_with(every_kind);
	fixture_offer(&f, "far", 1, NULL);
	fixture_entry(&f, "last")->value = 17;
	ck_assert_int_eq(fixture_run(&f, RESOLVE), HELIX_E_SYMBOL_VALUE);
	ck_assert_says(&f, "(last): value 0x11 is past the end of section");
	fixture_close(&f);
	begin_with(every_kind);
	fixture_offer(&f, "far", 1, NULL);
	fixture_entry(&f, "last")->info = ELF_STB_GLOBAL << 4 | ELF_STT_TLS;
	ck_assert_int_eq(fixture_run(&f, RESOLVE), HELIX_E_SYMBOL_TYPE);
	ck_assert_says(&f, "(last) is thread-local");
	fixture_close(&f);
}
END_TEST

START_TEST(the_null_symbol_is_checked_too)
{
	begin_with(every_kind);
	((struct elf64_symbol *)(uintptr_t)f.image.symbols)->name = UINT32_MAX;
	ck_assert_int_eq(fixture_run(&f, RESOLVE), HELIX_E_SYMBOL_NAME);
	fixture_close(&f);
}
END_TEST

START_TEST(names_read_over_and_over_have_a_limit)
{
	begin_with(every_kind);
	fixture_offer(&f, "far", 1, NULL);
	f.work.name_budget = 3;
	ck_assert_int_eq(fixture_run(&f, RESOLVE), HELIX_E_SYMBOL_TABLE);
	ck_assert_says(&f, "its names are too long together");
	fixture_close(&f);
}
END_TEST

/* An undefined symbol can also be written with the far index, whose entry is 0. */
START_TEST(undefined_symbols_behind_far_indices_are_counted)
{
	static uint8_t extended[4 * 64];

	begin_with(".data\n.quad a, b\n");
	fixture_offer(&f, "a", 1, &lib);
	fixture_offer(&f, "b", 2, &net);
	ck_assert_uint_le(f.image.symbol_count, 64);
	f.image.extended = extended;
	fixture_entry(&f, "a")->shndx = ELF_SHN_XINDEX;
	fixture_entry(&f, "b")->shndx = ELF_SHN_XINDEX;
	ck_assert_int_eq(fixture_run(&f, RESOLVE), HELIX_OK);
	ck_assert_uint_eq(f.object.provider_count, 2);
	fixture_close(&f);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("resolve");
	TCase *tests = tcase_create("resolve");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, every_kind_of_symbol_gets_its_value);
	tcase_add_test(tests, each_provider_is_named_once);
	tcase_add_test(tests, an_object_without_imports_has_no_providers);
	tcase_add_test(tests, all_unknown_symbols_are_named_with_who_could_provide_them);
	tcase_add_test(tests, one_unknown_symbol_is_singular);
	tcase_add_test(tests, a_list_of_unknown_symbols_has_no_control_characters);
	tcase_add_test(tests, without_a_diagnostic_it_refuses_all_the_same);
	tcase_add_test(tests, a_bad_symbol_is_refused_with_its_index);
	tcase_add_test(tests, the_null_symbol_is_checked_too);
	tcase_add_test(tests, names_read_over_and_over_have_a_limit);
	tcase_add_test(tests, undefined_symbols_behind_far_indices_are_counted);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
