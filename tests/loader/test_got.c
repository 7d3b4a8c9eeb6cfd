/* SPDX-License-Identifier: MIT */
#include "loader/object_fixture.h"

static struct fixture f;

/* One field a type, in .data; `a` and `b` are two symbols with slots. */
static const char source[] =
	".data\n"
	".globl a, b\n"
	"a: .quad 0\n"
	"b: .quad 0\n"
	"f_gotpcrel: .reloc ., R_X86_64_GOTPCREL, a+1\n .quad 0\n"
	"f_got64: .reloc ., R_X86_64_GOT64, b+2\n .quad 0\n"
	"f_gotpcrel64: .reloc ., R_X86_64_GOTPCREL64, a+3\n .quad 0\n"
	"f_gotoff64: .reloc ., R_X86_64_GOTOFF64, b+4\n .quad 0\n"
	"f_gotpc32: .reloc ., R_X86_64_GOTPC32, a+5\n .quad 0\n"
	"f_gotpc64: .reloc ., R_X86_64_GOTPC64, a+6\n .quad 0\n"
	"f_pltoff64: .reloc ., R_X86_64_PLTOFF64, outside+7\n .quad 0\n"
	"f_again: .reloc ., R_X86_64_GOT64, b\n .quad 0\n"
	"f_import: .reloc ., R_X86_64_GOTPCREL64, outside\n .quad 0\n"
	"f_absent: .reloc ., R_X86_64_GOTPCREL64, absent\n .quad 0\n"
	"f_table: .reloc ., R_X86_64_64, _GLOBAL_OFFSET_TABLE_\n .quad 0\n"
	".weak absent\n";

static struct hmod_span object;

static uint64_t address_of(const char *symbol)
{
	return f.work.value[fixture_symbol(&f, symbol)];
}

static uint64_t field(const char *symbol)
{
	uint64_t value;

	memcpy(&value, (const void *)(uintptr_t)address_of(symbol), 8);
	return value;
}

static uint64_t at(uint64_t address)
{
	uint64_t value;

	ck_assert_uint_lt(address - f.object.got.address, f.object.got.size);
	memcpy(&value, (const void *)(uintptr_t)address, 8);
	return value;
}

static void begin_with(struct hmod_span file)
{
	fixture_open(&f, file);
	fixture_offer(&f, "outside", UINT64_C(0x123456789abc), NULL);
}

START_TEST(each_formula_counts_as_the_psabi_says)
{
	uint64_t got;

	begin_with(object);
	ck_assert_msg(!fixture_run(&f, RELOCATE), "%s", harness_text(&f.diag));
	got = field("f_table");
	ck_assert_uint_eq(at(address_of("f_gotpcrel") + (uint64_t)(int32_t)field("f_gotpcrel") - 1),
			  address_of("a"));
	ck_assert_uint_eq(at(got + field("f_got64") - 2), address_of("b"));
	ck_assert_uint_eq(at(address_of("f_gotpcrel64") + field("f_gotpcrel64") - 3),
			  address_of("a"));
	ck_assert_uint_eq(got + field("f_gotoff64") - 4, address_of("b"));
	ck_assert_uint_eq(address_of("f_gotpc32") + (uint64_t)(int32_t)field("f_gotpc32") - 5, got);
	ck_assert_uint_eq(address_of("f_gotpc64") + field("f_gotpc64") - 6, got);
	ck_assert_uint_eq(got + field("f_pltoff64") - 7, UINT64_C(0x123456789abc));
	ck_assert_uint_eq(at(address_of("f_import") + field("f_import")), UINT64_C(0x123456789abc));
	ck_assert_uint_eq(at(address_of("f_absent") + field("f_absent")), 0);
	fixture_close(&f);
}
END_TEST

START_TEST(a_symbol_has_one_slot)
{
	begin_with(object);
	ck_assert_int_eq(fixture_run(&f, RELOCATE), HELIX_OK);
	ck_assert_uint_eq(field("f_got64") - 2, field("f_again"));
	ck_assert_uint_eq(f.object.got.size, 4 * 8); /* a, b, outside, absent */
	fixture_close(&f);
}
END_TEST

START_TEST(the_table_is_read_only_once_loaded)
{
	struct hmod_span file = harness_compile(
		harness_module("pic", "extern int far(void); int f(void) { return far(); }", ""),
		"-fPIC -mcmodel=large -x c");

	fixture_open(&f, file);
	fixture_offer(&f, "far", UINT64_C(1) << 40, NULL);
	ck_assert_msg(!fixture_load(&f), "%s", harness_text(&f.diag));
	fixture_close(&f);
	harness_discard(file);
	file = harness_compile(harness_module("pic", "extern int far; int *f(void) { return &far; }", ""),
			       "-fPIC -mcmodel=small");
	fixture_open(&f, file);
	fixture_offer(&f, "far", UINT64_C(1) << 40, NULL);
	ck_assert_msg(!fixture_load(&f), "%s", harness_text(&f.diag));
	ck_assert_uint_eq(f.object.got.size, 8);
	ck_assert_ptr_null(f.object.got.write);
	ck_assert_uint_eq(f.harness.seals, f.harness.places);
	fixture_close(&f);
	harness_discard(file);
}
END_TEST

START_TEST(code_without_slots_has_no_table)
{
	struct hmod_span file = harness_compile(".data\n.quad _GLOBAL_OFFSET_TABLE_\n"
						".reloc ., R_X86_64_GOTPC64, a\n.quad 0\na:\n",
						"-x assembler");

	fixture_open(&f, file);
	ck_assert_int_eq(fixture_run(&f, RELOCATE), HELIX_OK);
	ck_assert_uint_eq(f.object.got.address, 0);
	ck_assert_ptr_null(f.work.slot);
	fixture_close(&f);
	harness_discard(file);
}
END_TEST

START_TEST(without_memory_there_is_no_table)
{
	uint64_t allocs, places;

	begin_with(object);
	ck_assert_int_eq(fixture_run(&f, RESOLVE), HELIX_OK);
	allocs = f.harness.allocs;
	places = f.harness.places;
	fixture_close(&f);
	begin_with(object);
	f.harness.fail_alloc = allocs + 1;
	ck_assert_int_eq(fixture_run(&f, RELOCATE), HELIX_E_NO_MEMORY);
	ck_assert_says(&f, "bytes for slots of the global offset table");
	fixture_close(&f);
	begin_with(object);
	f.harness.fail_place = places + 1;
	ck_assert_int_eq(fixture_run(&f, RELOCATE), HELIX_E_NO_MEMORY);
	ck_assert_says(&f, "out of memory: 32 bytes for the global offset table");
	fixture_close(&f);
}
END_TEST

START_TEST(a_wrong_entry_is_refused_when_its_turn_comes)
{
	uint64_t count;
	struct elf64_rela *r;

	begin_with(object);
	r = (struct elf64_rela *)(uintptr_t)hmod_section_relas(
		&f.image, fixture_section(&f, ".rela.data"), &count);
	r[count - 1].info = (uint64_t)UINT32_MAX << 32 | R_X86_64_GOT64;
	ck_assert_int_eq(fixture_run(&f, RELOCATE), HELIX_E_RELOC_SYMBOL);
	fixture_close(&f);
}
END_TEST

static void begin(void)
{
	object = harness_compile(source, "-x assembler");
}

static void end(void)
{
	harness_discard(object);
}

int main(void)
{
	Suite *suite = suite_create("got");
	TCase *tests = tcase_create("got");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tests, 60);
	tcase_add_unchecked_fixture(tests, begin, end);
	tcase_add_test(tests, each_formula_counts_as_the_psabi_says);
	tcase_add_test(tests, a_symbol_has_one_slot);
	tcase_add_test(tests, the_table_is_read_only_once_loaded);
	tcase_add_test(tests, code_without_slots_has_no_table);
	tcase_add_test(tests, without_memory_there_is_no_table);
	tcase_add_test(tests, a_wrong_entry_is_refused_when_its_turn_comes);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
