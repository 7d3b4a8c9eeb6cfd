/* SPDX-License-Identifier: MIT */
#include "loader/object_fixture.h"

#define KERNEL UINT64_C(0xffffffff80000000) /* the window that modules are judged for */

/* One relocation, of `field`, is spoiled by each row. */
static const char source[] = ".data\n"
			     ".globl field\n"
			     "field: .zero 16\n"
			     ".reloc field, R_X86_64_64, field\n"
			     ".globl number\n"
			     ".set number, 0x1234\n"
			     ".weak absent\n"
			     ".text\n"
			     ".globl code\n"
			     "code: ret\n"
			     ".section .debug_x,\"\",@progbits\n"
			     ".globl hidden\n"
			     "hidden: .quad far, absent, number, code\n";

static struct hmod_span object;
static struct fixture f;

static struct elf64_rela *rela(void)
{
	uint64_t count;

	return (struct elf64_rela *)(uintptr_t)hmod_section_relas(
		&f.image, fixture_section(&f, ".rela.data"), &count);
}

static void spoil(uint64_t offset, uint32_t type, uint32_t symbol, int64_t addend)
{
	*rela() = (struct elf64_rela){ offset, (uint64_t)symbol << 32 | type, addend };
}

/* ---- values at their limits ------------------------------------------------------ */

enum result { FITS, REFUSED };

/* `far` is offered at `value`; symbol "field" makes S - P = 0 at offset 0. */
static const struct limit {
	const char *claim;
	uint32_t type;
	const char *symbol;
	uint64_t value;
	int64_t addend;
	uint64_t bias;
	enum result result;
} limits[] = {
	{ "32S takes +2 GiB - 1", R_X86_64_32S, "far", 0x7fffffff, 0, 0, FITS },
	{ "32S refuses +2 GiB", R_X86_64_32S, "far", 0x80000000, 0, 0, REFUSED },
	{ "32S takes -2 GiB", R_X86_64_32S, "far", KERNEL, 0, 0, FITS },
	{ "32S refuses -2 GiB - 1", R_X86_64_32S, "far", KERNEL, -1, 0, REFUSED },
	{ "32S refuses +4 GiB", R_X86_64_32S, "far", UINT64_C(1) << 32, 0, 0, REFUSED },
	{ "32 takes 4 GiB - 1", R_X86_64_32, "far", UINT32_MAX, 0, 0, FITS },
	{ "32 refuses 4 GiB", R_X86_64_32, "far", UINT32_MAX, 1, 0, REFUSED },
	{ "32 takes 0", R_X86_64_32, "far", 1, -1, 0, FITS },
	{ "32 refuses -1", R_X86_64_32, "far", 1, -2, 0, REFUSED },
	{ "32 refuses an address of the kernel", R_X86_64_32, "far", KERNEL, 0, 0, REFUSED },
	{ "PC32 takes +2 GiB - 1", R_X86_64_PC32, "field", 0, 0x7fffffff, 0, FITS },
	{ "PC32 refuses +2 GiB", R_X86_64_PC32, "field", 0, 0x80000000, 0, REFUSED },
	{ "PC32 takes -2 GiB", R_X86_64_PC32, "field", 0, -INT64_C(0x80000000), 0, FITS },
	{ "PC32 refuses -2 GiB - 1", R_X86_64_PC32, "field", 0, -INT64_C(0x80000001), 0, REFUSED },
	{ "PLT32 takes +2 GiB - 1", R_X86_64_PLT32, "field", 0, 0x7fffffff, 0, FITS },
	{ "PLT32 refuses +2 GiB", R_X86_64_PLT32, "field", 0, 0x80000000, 0, REFUSED },
	{ "PLT32 takes -2 GiB", R_X86_64_PLT32, "field", 0, -INT64_C(0x80000000), 0, FITS },
	{ "PLT32 refuses -2 GiB - 1", R_X86_64_PLT32, "field", 0, -INT64_C(0x80000001), 0,
	  REFUSED },
	{ "16 takes 64 KiB - 1", R_X86_64_16, "far", UINT16_MAX, 0, 0, FITS },
	{ "16 refuses 64 KiB", R_X86_64_16, "far", UINT16_MAX, 1, 0, REFUSED },
	{ "16 takes -32 KiB", R_X86_64_16, "far", 1, -0x8001, 0, FITS },
	{ "16 refuses -32 KiB - 1", R_X86_64_16, "far", 1, -0x8002, 0, REFUSED },
	{ "8 takes 255", R_X86_64_8, "far", UINT8_MAX, 0, 0, FITS },
	{ "8 refuses 256", R_X86_64_8, "far", UINT8_MAX, 1, 0, REFUSED },
	{ "8 takes -128", R_X86_64_8, "far", 1, -0x81, 0, FITS },
	{ "8 refuses -129", R_X86_64_8, "far", 1, -0x82, 0, REFUSED },
	{ "PC16 takes 32 KiB - 1", R_X86_64_PC16, "field", 0, 0x7fff, 0, FITS },
	{ "PC16 refuses 32 KiB", R_X86_64_PC16, "field", 0, 0x8000, 0, REFUSED },
	{ "PC16 takes -32 KiB", R_X86_64_PC16, "field", 0, -0x8000, 0, FITS },
	{ "PC16 refuses -32 KiB - 1", R_X86_64_PC16, "field", 0, -0x8001, 0, REFUSED },
	{ "PC8 takes 127", R_X86_64_PC8, "field", 0, 0x7f, 0, FITS },
	{ "PC8 refuses 128", R_X86_64_PC8, "field", 0, 0x80, 0, REFUSED },
	{ "PC8 takes -128", R_X86_64_PC8, "field", 0, -0x80, 0, FITS },
	{ "PC8 refuses -129", R_X86_64_PC8, "field", 0, -0x81, 0, REFUSED },
	{ "64 takes anything", R_X86_64_64, "far", UINT64_MAX, INT64_MIN, 0, FITS },
	{ "PC64 takes anything", R_X86_64_PC64, "field", 0, INT64_MIN, 0, FITS },
	{ "PC64 subtracts the place", R_X86_64_PC64, "field", 0, 77, KERNEL, FITS },
	/* judged for the kernel's window by a process below 2 GiB */
	{ "32 against an address is refused below 2 GiB too", R_X86_64_32, "field", 0, 0, KERNEL,
	  REFUSED },
	{ "32S against an address is taken", R_X86_64_32S, "field", 0, 0, KERNEL, FITS },
	{ "32S refuses what passes the window's end", R_X86_64_32S, "far", 0x7fffffff, 1, KERNEL,
	  REFUSED },
	{ "32S takes the window's last byte", R_X86_64_32S, "far", 0x7ffffffe, 1, KERNEL, FITS },
	{ "32S refuses what lies before the window", R_X86_64_32S, "far", 1, -2, KERNEL, REFUSED },
	{ "32 takes a number", R_X86_64_32, "number", 0, 0, KERNEL, FITS },
	{ "32S takes a number", R_X86_64_32S, "number", 0, -0x2000, KERNEL, FITS },
	{ "32 takes a weak symbol that nobody has", R_X86_64_32, "absent", 0, 5, KERNEL, FITS },
	{ "32 takes the null symbol", R_X86_64_32, "", 0, 7, KERNEL, FITS },
	{ "16 against an address is refused", R_X86_64_16, "far", 5, 0, KERNEL, REFUSED },
	{ "16 takes a number", R_X86_64_16, "number", 0, 0, KERNEL, FITS },
	{ "8 against an address is refused", R_X86_64_8, "far", 5, 0, KERNEL, REFUSED },
	{ "8 takes a weak symbol that nobody has", R_X86_64_8, "absent", 0, 5, KERNEL, FITS },
	{ "PC32 between addresses is taken", R_X86_64_PC32, "field", 0, 0, KERNEL, FITS },
	{ "PC32 takes a weak symbol that nobody has", R_X86_64_PC32, "absent", 0, -4, KERNEL,
	  FITS },
	{ "PC32 refuses a number too far from the window", R_X86_64_PC32, "number", 0, 0x7fffffff,
	  KERNEL, REFUSED },
	{ "64 is not biased", R_X86_64_64, "field", 0, 1, KERNEL, FITS },
};

static void check_limit(const struct limit *row)
{
	bool relative = strstr(hmod_rela_types[row->type].name, "PC") ||
			row->type == R_X86_64_PLT32;
	size_t width = hmod_rela_types[row->type].width;
	uint8_t field[16] = { 0 };
	enum helix_status status;
	uint32_t symbol;
	uint64_t value;

	fixture_open(&f, object);
	f.harness.host.judge_bias = row->bias;
	fixture_offer(&f, "far", row->value, NULL);
	symbol = *row->symbol ? fixture_symbol(&f, row->symbol) : 0;
	spoil(0, row->type, symbol, row->addend);
	status = fixture_run(&f, RELOCATE);
	ck_assert_msg(status == (row->result == FITS ? HELIX_OK : HELIX_E_RELOC_OVERFLOW), "%s: %s",
		      row->claim, harness_text(&f.diag));
	value = f.work.value[symbol] + (uint64_t)row->addend;
	if (relative)
		value -= f.object.region[HLOAD_DATA].address;
	if (row->result == FITS)
		memcpy(field, &value, width);
	else
		ck_assert_says(&f, "does not fit; compile with -mcmodel=kernel");
	ck_assert_msg(!memcmp(f.object.region[HLOAD_DATA].write, field, 16), "%s", row->claim);
	fixture_close(&f);
}

START_TEST(each_type_takes_its_limit_and_refuses_one_past_it)
{
	check_limit(&limits[_i]);
}
END_TEST

/* ---- the field lies in its section ------------------------------------------------ */

static const struct bound {
	const char *claim;
	uint32_t type;
	uint64_t offset; /* the section has 16 bytes */
	enum helix_status status;
} bounds[] = {
	{ "64 fits at the end", R_X86_64_64, 8, HELIX_OK },
	{ "64 refuses to end one byte past", R_X86_64_64, 9, HELIX_E_RELOC_OFFSET },
	{ "PC64 fits at the end", R_X86_64_PC64, 8, HELIX_OK },
	{ "PC64 refuses to end one byte past", R_X86_64_PC64, 9, HELIX_E_RELOC_OFFSET },
	{ "PC32 fits at the end", R_X86_64_PC32, 12, HELIX_OK },
	{ "PC32 refuses to end one byte past", R_X86_64_PC32, 13, HELIX_E_RELOC_OFFSET },
	{ "32S fits at the end", R_X86_64_32S, 12, HELIX_OK },
	{ "32S refuses to end one byte past", R_X86_64_32S, 13, HELIX_E_RELOC_OFFSET },
	{ "PLT32 refuses the section's end", R_X86_64_PLT32, 16, HELIX_E_RELOC_OFFSET },
	{ "32 refuses an offset that wraps", R_X86_64_32, UINT64_MAX - 2, HELIX_E_RELOC_OFFSET },
	{ "64 refuses the last offset", R_X86_64_64, UINT64_MAX, HELIX_E_RELOC_OFFSET },
	{ "PC16 fits at the end", R_X86_64_PC16, 14, HELIX_OK },
	{ "PC16 refuses to end one byte past", R_X86_64_PC16, 15, HELIX_E_RELOC_OFFSET },
	{ "PC8 fits at the end", R_X86_64_PC8, 15, HELIX_OK },
	{ "PC8 refuses to end one byte past", R_X86_64_PC8, 16, HELIX_E_RELOC_OFFSET },
	{ "GOTPCREL fits at the end", R_X86_64_GOTPCREL, 12, HELIX_OK },
	{ "GOTPCREL refuses to end one byte past", R_X86_64_GOTPCREL, 13, HELIX_E_RELOC_OFFSET },
	{ "GOT64 fits at the end", R_X86_64_GOT64, 8, HELIX_OK },
	{ "GOT64 refuses to end one byte past", R_X86_64_GOT64, 9, HELIX_E_RELOC_OFFSET },
	{ "SIZE32 fits at the end", R_X86_64_SIZE32, 12, HELIX_OK },
	{ "SIZE32 refuses to end one byte past", R_X86_64_SIZE32, 13, HELIX_E_RELOC_OFFSET },
	{ "NONE writes nothing at the end", R_X86_64_NONE, 16, HELIX_OK },
};

START_TEST(the_whole_width_lies_in_the_section)
{
	const struct bound *row = &bounds[_i];
	enum helix_status status;

	fixture_open(&f, object);
	fixture_offer(&f, "far", 1, NULL);
	spoil(row->offset, row->type, fixture_symbol(&f, "field"), 0);
	if (row->type == R_X86_64_32)
		f.harness.host.judge_bias = 0;
	status = fixture_run(&f, RELOCATE);
	ck_assert_msg(status == row->status, "%s: %s", row->claim, harness_text(&f.diag));
	if (status)
		ck_assert_says(&f, "end past the section");
	fixture_close(&f);
}
END_TEST

START_TEST(a_section_shorter_than_the_field_is_refused)
{
	for (unsigned size = 0; size < 4; size++) {
		fixture_open(&f, object);
		fixture_offer(&f, "far", 1, NULL);
		fixture_header(&f, ".data")->size = size;
		spoil(0, R_X86_64_PC32, fixture_symbol(&f, "far"), 0);
		fixture_entry(&f, "field")->value = 0;
		ck_assert_int_eq(fixture_run(&f, RELOCATE), HELIX_E_RELOC_OFFSET);
		fixture_close(&f);
	}
}
END_TEST

/* ---- types and symbols --------------------------------------------------------------- */

static const struct {
	uint32_t type;
	const char *said;
} unknown[] = {
	{ R_X86_64_IRELATIVE, "type 37 (R_X86_64_IRELATIVE) is not supported; remove the ifunc" },
	{ R_X86_64_TPOFF32, "type 23 (R_X86_64_TPOFF32) is not supported; modules have no" },
	{ R_X86_64_COPY, "type 5 (R_X86_64_COPY) is not supported" },
	{ 43, "type 43 (unknown) is not supported" },
	{ UINT32_MAX, "type 4294967295 (unknown) is not supported" },
};

START_TEST(an_unknown_type_is_named)
{
	fixture_open(&f, object);
	fixture_offer(&f, "far", 1, NULL);
	spoil(0, unknown[_i].type, fixture_symbol(&f, "field"), 0);
	ck_assert_int_eq(fixture_run(&f, RELOCATE), HELIX_E_RELOC_TYPE);
	ck_assert_says(&f, unknown[_i].said);
	ck_assert_says(&f, "(.rela.data)");
	fixture_close(&f);
}
END_TEST

START_TEST(a_symbol_past_the_table_is_refused)
{
	static const uint32_t types[] = { R_X86_64_NONE, R_X86_64_64, R_X86_64_PC32, R_X86_64_32 };

	for (unsigned i = 0; i < 4; i++) {
		fixture_open(&f, object);
		fixture_offer(&f, "far", 1, NULL);
		spoil(0, types[i], i % 2 ? UINT32_MAX : f.image.symbol_count, 0);
		ck_assert_int_eq(fixture_run(&f, RELOCATE), HELIX_E_RELOC_SYMBOL);
		ck_assert_says(&f, "does not exist");
		fixture_close(&f);
	}
}
END_TEST

START_TEST(a_symbol_that_is_not_loaded_is_refused_by_name)
{
	static const uint32_t types[] = { R_X86_64_64, R_X86_64_PC32, R_X86_64_32S, R_X86_64_32,
					  R_X86_64_8, R_X86_64_GOTPCREL, R_X86_64_GOT64,
					  R_X86_64_GOTOFF64, R_X86_64_PLTOFF64 };

	for (unsigned i = 0; i < sizeof types / sizeof types[0]; i++) {
		fixture_open(&f, object);
		fixture_offer(&f, "far", 1, NULL);
		spoil(0, types[i], fixture_symbol(&f, "hidden"), 0);
		ck_assert_int_eq(fixture_run(&f, RELOCATE), HELIX_E_RELOC_TARGET);
		ck_assert_says(&f, "hidden is in a section that is not loaded");
		fixture_close(&f);
	}
}
END_TEST

/* ---- sizes ------------------------------------------------------------------------- */

static const struct {
	const char *claim;
	uint32_t type;
	uint64_t size;
	int64_t addend;
	uint64_t field;
	enum helix_status status;
} sizes[] = {
	{ "SIZE64 is size and addend", R_X86_64_SIZE64, 5, 3, 8, HELIX_OK },
	{ "SIZE64 takes anything", R_X86_64_SIZE64, UINT64_MAX, 0, UINT64_MAX, HELIX_OK },
	{ "SIZE32 takes 4 GiB - 1", R_X86_64_SIZE32, UINT32_MAX, 0, UINT32_MAX, HELIX_OK },
	{ "SIZE32 refuses 4 GiB", R_X86_64_SIZE32, UINT32_MAX, 1, 0, HELIX_E_RELOC_OVERFLOW },
	{ "SIZE32 refuses -1", R_X86_64_SIZE32, 0, -1, 0, HELIX_E_RELOC_OVERFLOW },
};

START_TEST(a_size_is_the_symbol_s)
{
	uint64_t field;

	fixture_open(&f, object);
	fixture_offer(&f, "far", 1, NULL);
	fixture_entry(&f, "field")->size = sizes[_i].size;
	spoil(0, sizes[_i].type, fixture_symbol(&f, "field"), sizes[_i].addend);
	ck_assert_msg(fixture_run(&f, RELOCATE) == sizes[_i].status, "%s", sizes[_i].claim);
	memcpy(&field, f.object.region[HLOAD_DATA].write, 8);
	ck_assert_msg(field == sizes[_i].field, "%s: %lx", sizes[_i].claim, field);
	fixture_close(&f);
}
END_TEST

START_TEST(the_size_of_an_import_is_not_known)
{
	fixture_open(&f, object);
	fixture_offer(&f, "far", 1, NULL);
	spoil(0, R_X86_64_SIZE64, fixture_symbol(&f, "far"), 0);
	ck_assert_int_eq(fixture_run(&f, RELOCATE), HELIX_E_RELOC_SIZE);
	ck_assert_says(&f, "(.rela.data): the size of far is not known here; take it with sizeof");
	fixture_close(&f);
}
END_TEST

START_TEST(an_absolute_symbol_may_have_any_value)
{
	uint64_t got;

	fixture_open(&f, object);
	fixture_offer(&f, "far", 1, NULL);
	fixture_entry(&f, "number")->value = HLOAD_UNLOADED;
	spoil(3, R_X86_64_64, fixture_symbol(&f, "number"), 1);
	ck_assert_int_eq(fixture_run(&f, RELOCATE), HELIX_OK);
	memcpy(&got, f.object.region[HLOAD_DATA].write + 3, 8);
	ck_assert_uint_eq(got, HLOAD_UNLOADED + 1);
	fixture_close(&f);
}
END_TEST

START_TEST(an_overflow_names_type_symbol_and_place)
{
	fixture_open(&f, object);
	f.harness.host.judge_bias = 0;
	fixture_offer(&f, "far", UINT64_C(0x123456789), NULL);
	spoil(4, R_X86_64_32, fixture_symbol(&f, "far"), 0);
	ck_assert_int_eq(fixture_run(&f, RELOCATE), HELIX_E_RELOC_OVERFLOW);
	ck_assert_says(&f, "relocation 0 of section ");
	ck_assert_says(&f, "(.rela.data): R_X86_64_32 against far: 0x123456789 does not fit");
	ck_assert_says(&f, "[relocate, offset 0x");
	fixture_close(&f);
}
END_TEST

START_TEST(a_section_that_is_not_loaded_is_not_relocated)
{
	fixture_open(&f, object);
	fixture_offer(&f, "far", 1, NULL);
	fixture_header(&f, ".rela.data")->info = fixture_section(&f, ".debug_x");
	spoil(UINT64_MAX, UINT32_MAX, UINT32_MAX, 0);
	ck_assert_int_eq(fixture_run(&f, RELOCATE), HELIX_OK);
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

#define COUNT(rows) (int)(sizeof(rows) / sizeof(rows)[0])

int main(void)
{
	Suite *suite = suite_create("reloc_x86_64");
	TCase *tests = tcase_create("reloc_x86_64");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tests, 60);
	tcase_add_unchecked_fixture(tests, begin, end);
	tcase_add_loop_test(tests, each_type_takes_its_limit_and_refuses_one_past_it, 0,
			    COUNT(limits));
	tcase_add_loop_test(tests, the_whole_width_lies_in_the_section, 0, COUNT(bounds));
	tcase_add_loop_test(tests, an_unknown_type_is_named, 0, COUNT(unknown));
	tcase_add_test(tests, a_section_shorter_than_the_field_is_refused);
	tcase_add_test(tests, a_symbol_past_the_table_is_refused);
	tcase_add_test(tests, a_symbol_that_is_not_loaded_is_refused_by_name);
	tcase_add_loop_test(tests, a_size_is_the_symbol_s, 0, COUNT(sizes));
	tcase_add_test(tests, the_size_of_an_import_is_not_known);
	tcase_add_test(tests, an_absolute_symbol_may_have_any_value);
	tcase_add_test(tests, an_overflow_names_type_symbol_and_place);
	tcase_add_test(tests, a_section_that_is_not_loaded_is_not_relocated);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
