/* SPDX-License-Identifier: MIT */
#include "loader/object_fixture.h"

/* .text and .text.b leave a gap; .data, .bss and two COMMON symbols are data;
 * the debug section and the note are not loaded. */
static const char mixed[] = ".text\n"
			    "a: .byte 1,2,3\n"
			    ".section .text.b,\"ax\",@progbits\n"
			    ".balign 64\n"
			    "b: .byte 4,5,6,7\n"
			    ".section .rodata,\"a\",@progbits\n"
			    ".byte 8\n"
			    ".section .rodata.c,\"a\",@progbits\n"
			    ".balign 16\n"
			    ".byte 9\n"
			    ".data\n"
			    ".byte 10\n"
			    ".bss\n"
			    ".balign 32\n"
			    ".zero 100\n"
			    ".comm shared,24,256\n"
			    ".comm tiny,1,1\n"
			    ".section .debug_x,\"\",@progbits\n"
			    ".byte 11\n"
			    ".section .note.y,\"a\",@note\n"
			    ".byte 12\n"
			    ".section .text.empty,\"ax\",@progbits\n"
			    ".section .zeroes,\"a\",@nobits\n"
			    ".zero 5\n";

static struct fixture f;

static void begin_with(const char *text)
{
	struct hmod_span file = harness_compile(text, "-x assembler");

	fixture_open(&f, file);
	harness_discard(file);
}

static const struct hload_placed *placed(const char *section)
{
	return &f.work.section[fixture_section(&f, section)];
}

START_TEST(sections_of_one_kind_stand_together_in_file_order)
{
	static const struct {
		const char *name;
		enum hload_kind kind;
		uint64_t offset;
	} rows[] = {
		{ ".text", HLOAD_TEXT, 0 },	    { ".text.b", HLOAD_TEXT, 64 },
		{ ".rodata", HLOAD_RODATA, 0 },	    { ".rodata.c", HLOAD_RODATA, 16 },
		{ ".data", HLOAD_DATA, 0 },	    { ".bss", HLOAD_DATA, 32 },
		{ ".debug_x", HLOAD_KINDS, 0 },	    { ".note.y", HLOAD_KINDS, 0 },
		{ ".text.empty", HLOAD_TEXT, 68 },  { ".zeroes", HLOAD_RODATA, 17 },
		{ ".symtab", HLOAD_KINDS, 0 },
	};

	begin_with(mixed);
	ck_assert_int_eq(fixture_run(&f, LAY_OUT), HELIX_OK);
	for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		ck_assert_msg(placed(rows[i].name)->kind == rows[i].kind, "%s", rows[i].name);
		ck_assert_msg(placed(rows[i].name)->offset == rows[i].offset, "%s at %lu",
			      rows[i].name, placed(rows[i].name)->offset);
	}
	ck_assert_uint_eq(f.work.size[HLOAD_TEXT], 68);
	ck_assert_uint_eq(f.work.align[HLOAD_TEXT], 64);
	ck_assert_uint_eq(f.work.size[HLOAD_RODATA], 22);
	fixture_close(&f);
}
END_TEST

START_TEST(section_0_is_never_loaded_whatever_it_says)
{
	struct elf64_section *null;

	begin_with(mixed);
	null = (struct elf64_section *)(uintptr_t)f.image.sections;
	null->type = ELF_SHT_PROGBITS;
	null->flags = ELF_SHF_ALLOC;
	null->addralign = 3;
	null->size = UINT64_MAX;
	ck_assert_int_eq(fixture_run(&f, COPY), HELIX_OK);
	ck_assert_int_eq(f.work.section[0].kind, HLOAD_KINDS);
	ck_assert_uint_eq(f.work.size[HLOAD_RODATA], 22);
	fixture_close(&f);
}
END_TEST

START_TEST(common_symbols_follow_the_data_at_their_alignment)
{
	uint64_t shared, tiny, data;

	begin_with(mixed);
	ck_assert_int_eq(fixture_run(&f, RESOLVE), HELIX_OK);
	shared = f.work.value[fixture_symbol(&f, "shared")];
	tiny = f.work.value[fixture_symbol(&f, "tiny")];
	data = f.object.region[HLOAD_DATA].address;
	ck_assert_uint_eq(shared % 256, 0);
	ck_assert_uint_ge(shared, data + 132);
	ck_assert_uint_ge(tiny, data + 132);
	ck_assert_uint_lt(tiny, data + f.object.region[HLOAD_DATA].size);
	ck_assert(tiny < shared || tiny >= shared + 24);
	fixture_close(&f);
}
END_TEST

START_TEST(gaps_of_code_are_breakpoints_and_others_zero)
{
	const uint8_t *text, *rodata, *data;

	begin_with(mixed);
	ck_assert_int_eq(fixture_run(&f, COPY), HELIX_OK);
	text = f.object.region[HLOAD_TEXT].write;
	rodata = f.object.region[HLOAD_RODATA].write;
	data = f.object.region[HLOAD_DATA].write;
	ck_assert_mem_eq(text, "\1\2\3\xcc", 4);
	ck_assert_mem_eq(text + 60, "\xcc\xcc\xcc\xcc\4\5\6\7", 8);
	ck_assert_mem_eq(rodata, "\10\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\11\0\0\0\0\0", 22);
	ck_assert_mem_eq(data, "\12\0\0\0", 4);
	fixture_close(&f);
}
END_TEST

START_TEST(an_alignment_of_2_mib_is_kept)
{
	begin_with(".data\n.byte 1\n.section .bss.big,\"aw\",@nobits\n.balign 2097152\n.zero 8\n");
	ck_assert_int_eq(fixture_run(&f, COPY), HELIX_OK);
	ck_assert_uint_eq(f.object.region[HLOAD_DATA].address % 2097152, 0);
	ck_assert_uint_eq(placed(".bss.big")->offset, 2097152);
	fixture_close(&f);
}
END_TEST

START_TEST(a_label_in_an_empty_section_is_near_the_rest)
{
	begin_with(".text\nret\n.data\n.globl nothing\nnothing:\n");
	ck_assert_int_eq(fixture_run(&f, RESOLVE), HELIX_OK);
	ck_assert_uint_eq(f.object.region[HLOAD_DATA].address, 0);
	ck_assert_uint_eq(f.work.value[fixture_symbol(&f, "nothing")],
			  f.object.region[HLOAD_TEXT].address);
	fixture_close(&f);
}
END_TEST

START_TEST(a_null_section_with_flags_is_not_loaded)
{
	struct elf64_section *s;

	begin_with(mixed);
	s = fixture_header(&f, ".rodata.c");
	s->type = ELF_SHT_NULL;
	s->size = UINT64_MAX;
	s->addralign = 3;
	ck_assert_int_eq(fixture_run(&f, LAY_OUT), HELIX_OK);
	ck_assert_int_eq(placed(".rodata.c")->kind, HLOAD_KINDS);
	fixture_close(&f);
}
END_TEST

START_TEST(refuses_a_module_that_gaps_make_too_large)
{
	char text[8192] = "";

	for (unsigned i = 0; i < 100; i++)
		sprintf(text + strlen(text), ".section .d%u,\"aw\",@nobits\n.balign 2097152\n.zero %u\n",
			i, i ? 2097153 : 1);
	begin_with(text);
	ck_assert_int_eq(fixture_run(&f, LAY_OUT), HELIX_E_MODULE_SIZE);
	ck_assert_says(&f, "bytes of memory, at most 268435456");
	fixture_close(&f);
}
END_TEST

START_TEST(refuses_a_common_symbol_that_makes_it_too_large)
{
	begin_with(mixed);
	fixture_entry(&f, "shared")->size = HMOD_SIZE_MAX;
	ck_assert_int_eq(fixture_run(&f, LAY_OUT), HELIX_E_MODULE_SIZE);
	fixture_close(&f);
	begin_with(mixed);
	fixture_entry(&f, "shared")->size = UINT64_MAX;
	ck_assert_int_eq(fixture_run(&f, LAY_OUT), HELIX_E_MODULE_SIZE);
	ck_assert_says(&f, "the module needs 18446744073709551615 bytes of memory");
	fixture_close(&f);
}
END_TEST

START_TEST(refuses_a_common_symbol_with_a_bad_alignment)
{
	static const uint64_t bad[] = { 3, 2 * HMOD_ALIGN_MAX, UINT64_MAX, UINT64_C(1) << 63 };

	for (unsigned i = 0; i < 4; i++) {
		begin_with(mixed);
		fixture_entry(&f, "shared")->value = bad[i];
		ck_assert_int_eq(fixture_run(&f, LAY_OUT), HELIX_E_SECTION_ALIGN);
		ck_assert_says(&f, "(COMMON): alignment");
		ck_assert_str_eq(f.diag.name, "shared");
		fixture_close(&f);
	}
}
END_TEST

START_TEST(refuses_a_common_symbol_whose_name_is_outside)
{
	begin_with(mixed);
	fixture_entry(&f, "shared")->name = UINT32_MAX;
	ck_assert_int_eq(fixture_run(&f, LAY_OUT), HELIX_E_SYMBOL_NAME);
	fixture_close(&f);
}
END_TEST

START_TEST(refuses_when_there_is_no_room_for_a_region)
{
	static const char *const said[] = { "68 bytes for text", "22 bytes for read-only data",
					    "bytes for data" };

	for (unsigned i = 0; i < 3; i++) {
		begin_with(mixed);
		f.harness.fail_place = i + 1;
		ck_assert_int_eq(fixture_run(&f, PLACE), HELIX_E_NO_MEMORY);
		ck_assert_says(&f, said[i]);
		fixture_close(&f);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("layout");
	TCase *tests = tcase_create("layout");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, sections_of_one_kind_stand_together_in_file_order);
	tcase_add_test(tests, section_0_is_never_loaded_whatever_it_says);
	tcase_add_test(tests, common_symbols_follow_the_data_at_their_alignment);
	tcase_add_test(tests, gaps_of_code_are_breakpoints_and_others_zero);
	tcase_add_test(tests, an_alignment_of_2_mib_is_kept);
	tcase_add_test(tests, a_label_in_an_empty_section_is_near_the_rest);
	tcase_add_test(tests, a_null_section_with_flags_is_not_loaded);
	tcase_add_test(tests, refuses_a_module_that_gaps_make_too_large);
	tcase_add_test(tests, refuses_a_common_symbol_that_makes_it_too_large);
	tcase_add_test(tests, refuses_a_common_symbol_with_a_bad_alignment);
	tcase_add_test(tests, refuses_a_common_symbol_whose_name_is_outside);
	tcase_add_test(tests, refuses_when_there_is_no_room_for_a_region);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
