/* SPDX-License-Identifier: MIT */
#include "loader/object_fixture.h"

/* Text, read-only data, data, .bss, a COMMON symbol, a jump table, calls within
 * and out of the module, pointers in data, a weak import. */
static const char code[] =
	"int outside(int);\n"
	"int absent(void) __attribute__((weak));\n"
	"static const int table[] = { 7, 11, 13 };\n"
	"int counter = 5;\n"
	"int *pointer = &counter;\n"
	"static int big[4096];\n"
	"int shared;\n"
	"static int __attribute__((noinline)) helper(int i) { return table[i] + counter; }\n"
	"int answer(int i) { big[i]++; shared++; return outside(helper(i)) + big[i] + shared; }\n"
	"int weak_is_null(void) { return absent ? 1 : 0; }\n"
	"const char *choose(int i)\n"
	"{\n"
	"	switch (i) { case 0: return \"zero\"; case 1: return \"one\"; case 2: return \"two\";\n"
	"	case 3: return \"three\"; case 4: return \"four\"; default: return \"many\"; }\n"
	"}\n"
	"int through(void) { char text[32]; memset(text, 1, 32); return *pointer + text[3]; }\n"
	"HELIX_EXPORT(answer); HELIX_EXPORT(weak_is_null); HELIX_EXPORT(choose);\n"
	"HELIX_EXPORT(through); HELIX_EXPORT(counter);\n";

static struct hmod_span object;
static struct fixture f;
static char lib;

static int outside(int i)
{
	return 1000 * i;
}

static void canary_died(void)
{
	abort();
}

static void offer_all(void)
{
	fixture_offer(&f, "outside", (uint64_t)(uintptr_t)outside, &lib);
	fixture_offer(&f, "memset", (uint64_t)(uintptr_t)memset, NULL);
	fixture_offer(&f, "__stack_chk_fail", (uint64_t)(uintptr_t)canary_died, NULL);
}

static void begin_with(struct hmod_span file)
{
	fixture_open(&f, file);
	offer_all();
}

#define CALL(type, name) ((type)(uintptr_t)fixture_export(&f, name))

/* ---- accepts ------------------------------------------------------------------- */

static const char *const ways[] = { "-O0",
				    "-O1",
				    "-O2",
				    "-O3",
				    "-Os",
				    "-O2 -ffunction-sections -fdata-sections",
				    "-O2 -fcommon",
				    "-O2 -g3",
				    "-O2 -gz",
				    "-O2 -fasynchronous-unwind-tables" };

START_TEST(compiled_code_runs)
{
	struct hmod_span file = harness_compile(harness_module("runs", code, ""), ways[_i]);

	begin_with(file);
	ck_assert_msg(!fixture_load(&f), "%s: %s", ways[_i], harness_text(&f.diag));
	ck_assert_int_eq(CALL(int (*)(int), "answer")(2), 18000 + 1 + 1);
	ck_assert_int_eq(CALL(int (*)(int), "answer")(0), 12000 + 1 + 2);
	ck_assert_int_eq(CALL(int (*)(void), "weak_is_null")(), 0);
	ck_assert_str_eq(CALL(const char *(*)(int), "choose")(3), "three");
	*CALL(int *, "counter") = 41;
	ck_assert_int_eq(CALL(int (*)(void), "through")(), 42);
	for (unsigned i = HMOD_HOOK_INIT; i <= HMOD_HOOK_STOP; i++)
		ck_assert_int_eq(((int (*)(void *))(uintptr_t)f.object.hook[i])(NULL), 0);
	ck_assert_uint_eq(f.object.hook[HMOD_HOOK_SAVE], 0);
	fixture_close(&f);
	harness_discard(file);
}
END_TEST

START_TEST(exports_have_their_owner_and_leave_with_it)
{
	const struct hload_export_entry *entry;

	begin_with(object);
	ck_assert_int_eq(fixture_load(&f), HELIX_OK);
	ck_assert_uint_eq(f.object.export_count, 5);
	ck_assert_uint_eq(f.index.count, 5 + f.offered_count);
	entry = &f.object.exports[0];
	ck_assert_ptr_eq(entry->owner, &f);
	ck_assert_uint_eq(fixture_export(&f, entry->node.key), entry->address);
	ck_assert_uint_eq(f.object.provider_count, 1);
	ck_assert_ptr_eq(f.object.providers[0], &lib);
	hload_object_unload(&f.object, &f.harness.host, &f.index);
	ck_assert_uint_eq(f.index.count, f.offered_count);
	fixture_close(&f);
}
END_TEST

START_TEST(functions_are_sorted_and_named)
{
	const struct hload_function *fn;
	uint64_t text;
	bool seen = false;

	begin_with(object);
	ck_assert_int_eq(fixture_load(&f), HELIX_OK);
	text = f.object.region[HLOAD_TEXT].address;
	ck_assert_uint_ge(f.object.function_count, 8);
	for (uint32_t i = 0; i < f.object.function_count; i++) {
		fn = &f.object.functions[i];
		ck_assert(!i || fn[-1].offset <= fn->offset);
		ck_assert_uint_lt(fn->offset, f.object.region[HLOAD_TEXT].size);
		if (!strcmp(f.object.strings + (fn->name - f.object.name_base), "choose")) {
			seen = true;
			ck_assert_uint_eq(text + fn->offset, fixture_export(&f, "choose"));
		}
	}
	ck_assert(seen);
	fixture_close(&f);
}
END_TEST

START_TEST(functions_written_out_of_order_are_sorted)
{
	static const char *const names[] = { "a", "b", "c", "d", "e" };
	struct hmod_span file = harness_compile(".text\n.globl d,b,e,a,c\n"
						".type a,@function\n.type b,@function\n"
						".type c,@function\n.type d,@function\n"
						".type e,@function\n"
						"a: nop\nb: nop\nc: nop\nd: nop\ne: nop\n",
						"-x assembler");

	fixture_open(&f, file);
	for (unsigned i = 0; i < 2; i++) { /* the symbol table in two orders */
		struct elf64_symbol *p = fixture_entry(&f, names[i]);
		struct elf64_symbol *q = fixture_entry(&f, names[4 - i]), swap = *p;

		*p = *q;
		*q = swap;
	}
	ck_assert_int_eq(fixture_run(&f, NAMES), HELIX_OK);
	ck_assert_uint_eq(f.object.function_count, 5);
	for (uint32_t i = 0; i < 5; i++) {
		ck_assert_uint_eq(f.object.functions[i].offset, i);
		ck_assert_str_eq(f.object.strings +
					 (f.object.functions[i].name - f.object.name_base),
				 names[i]);
	}
	fixture_close(&f);
	harness_discard(file);
}
END_TEST

START_TEST(nothing_but_data_stays_writable)
{
	begin_with(object);
	ck_assert_int_eq(fixture_load(&f), HELIX_OK);
	ck_assert_ptr_null(f.object.region[HLOAD_TEXT].write);
	ck_assert_ptr_null(f.object.region[HLOAD_RODATA].write);
	ck_assert_uint_eq(f.harness.seals, 3);
	fixture_close(&f);
}
END_TEST

/* ---- refuses ------------------------------------------------------------------- */

START_TEST(an_export_that_another_has_is_refused_with_its_owner)
{
	begin_with(object);
	fixture_offer(&f, "choose", 1, &lib);
	ck_assert_int_eq(fixture_load(&f), HELIX_E_DUPLICATE_EXPORT);
	ck_assert_str_eq(harness_text(&f.diag), "symbol choose is already exported by other, this exports it again; "
					       "rename one of the two");
	fixture_close(&f);
	begin_with(object);
	fixture_offer(&f, "counter", 1, NULL);
	ck_assert_int_eq(fixture_load(&f), HELIX_E_DUPLICATE_EXPORT);
	ck_assert_says(&f, "symbol counter is already exported by kernel, this exports it again");
	fixture_close(&f);
}
END_TEST

START_TEST(an_export_that_stands_there_twice_is_refused)
{
	struct hmod_span file = harness_compile(
		harness_module("twice",
			       "int f(void) { return 1; }\nHELIX_EXPORT(f);\n"
			       "static const struct helix_export_record again\n"
			       "HELIX_SECTION_(\".hmod.export\") = { .symbol = &f };\n",
			       ""),
		"");

	begin_with(file);
	ck_assert_int_eq(fixture_load(&f), HELIX_E_DUPLICATE_EXPORT);
	ck_assert_says(&f, "symbol f is already exported by this, this exports it again");
	fixture_close(&f);
	harness_discard(file);
}
END_TEST

START_TEST(a_module_for_low_memory_is_refused_saying_which_flag)
{
	struct hmod_span file = harness_compile(
		harness_module("low", "int v; int *f(void) { return &v; } HELIX_EXPORT(f);\n", ""),
		"-mcmodel=small");

	begin_with(file);
	ck_assert_int_eq(fixture_load(&f), HELIX_E_RELOC_OVERFLOW);
	ck_assert_says(&f, "R_X86_64_32 against v");
	ck_assert_says(&f, "-mcmodel=kernel");
	fixture_close(&f);
	harness_discard(file);
}
END_TEST

START_TEST(sections_that_share_bytes_of_the_file_are_refused)
{
	begin_with(object);
	fixture_header(&f, ".data")->offset = fixture_header(&f, ".text")->offset;
	ck_assert_int_eq(hmod_image_open(&f.image, f.file.data, f.file.size, &f.diag), HELIX_OK);
	ck_assert(!f.image.in_order);
	ck_assert_int_eq(fixture_load(&f), HELIX_E_SECTION_OVERLAP);
	ck_assert_says(&f, "overlaps section");
	fixture_close(&f);
}
END_TEST

START_TEST(sections_out_of_order_are_accepted)
{
	struct elf64_section *comment;

	begin_with(object); /* .data takes the bytes of a section behind it */
	comment = fixture_header(&f, ".comment");
	fixture_header(&f, ".data")->offset = comment->offset;
	comment->type = ELF_SHT_NULL;
	ck_assert_int_eq(hmod_image_open(&f.image, f.file.data, f.file.size, &f.diag), HELIX_OK);
	ck_assert(!f.image.in_order);
	ck_assert_msg(!fixture_load(&f), "%s", harness_text(&f.diag));
	fixture_close(&f);
}
END_TEST

/* ---- dry host --------------------------------------------------------------------- */

/* The module is refused, whatever it is that fails, and nothing is left. */
static bool fails_cleanly(uint64_t alloc, uint64_t place, uint64_t seal)
{
	struct harness *h = &f.harness;
	enum helix_status status;
	uint64_t blocks, bytes;

	begin_with(object);
	harness_rewind(h);
	blocks = h->blocks;
	bytes = h->bytes;
	h->fail_alloc = alloc;
	h->fail_place = place;
	h->fail_seal = seal;
	status = fixture_load(&f);
	if (status) {
		ck_assert_int_eq(status, HELIX_E_NO_MEMORY);
		ck_assert_int_eq(f.diag.status, HELIX_E_NO_MEMORY);
		ck_assert_says(&f, "out of memory: ");
		ck_assert_uint_eq(h->blocks, blocks);
		ck_assert_uint_eq(h->bytes, bytes);
		ck_assert_uint_eq(h->regions, 0);
		ck_assert_uint_eq(f.index.count, f.offered_count);
		harness_rewind(h);
		ck_assert_int_eq(fixture_load(&f), HELIX_OK); /* and then it loads */
	}
	fixture_close(&f);
	return status != HELIX_OK;
}

START_TEST(a_dry_host_refuses_and_gets_everything_back)
{
	uint64_t n;

	for (n = 1; fails_cleanly(n, 0, 0); n++)
		;
	/* places, values, noted functions, owners, providers, exports, names, functions */
	ck_assert_uint_eq(n, 9);
	for (n = 1; fails_cleanly(0, n, 0); n++)
		;
	ck_assert_uint_eq(n, 4);
	for (n = 1; fails_cleanly(0, 0, n); n++)
		;
	ck_assert_uint_eq(n, 4);
}
END_TEST

START_TEST(a_thousand_loads_leave_nothing)
{
	uint64_t bytes;

	begin_with(object);
	bytes = f.harness.bytes;
	for (unsigned i = 0; i < 1000; i++) {
		ck_assert_int_eq(fixture_load(&f), HELIX_OK);
		hload_object_unload(&f.object, &f.harness.host, &f.index);
		ck_assert_uint_eq(f.harness.bytes, bytes);
		ck_assert_uint_eq(f.harness.regions, 0);
	}
	fixture_close(&f);
}
END_TEST

START_TEST(a_zeroed_object_unloads)
{
	begin_with(object);
	hload_object_unload(&f.object, &f.harness.host, &f.index);
	fixture_close(&f);
}
END_TEST

/* ---- hostile ----------------------------------------------------------------------- */

/* Any byte of the file spoiled: refused or loaded, never worse, nothing left.
 * What is loaded is not run. */
START_TEST(a_spoiled_byte_does_no_harm)
{
	uint64_t seed = 88172645463325252 + (unsigned)_i;
	unsigned loaded = 0;

	for (unsigned round = 0; round < 4000; round++) {
		struct hmod_image image;
		struct hload_object spoiled = { 0 };
		uint8_t *bytes;

		fixture_open(&f, object);
		offer_all();
		bytes = (uint8_t *)(uintptr_t)f.file.data;
		for (unsigned k = 0; k <= round % 3; k++) {
			seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
			bytes[seed % f.file.size] ^= (uint8_t)(seed >> 40);
		}
		if (!hmod_image_open(&image, bytes, f.file.size, &f.diag) && image.record &&
		    !hload_object_load(&spoiled, &f.loading, &image, &f.diag)) {
			loaded++;
			hload_object_unload(&spoiled, &f.harness.host, &f.index);
		}
		ck_assert_uint_eq(f.harness.regions, 0);
		fixture_close(&f);
	}
	ck_assert_uint_gt(loaded, 0);
}
END_TEST

static void begin(void)
{
	object = harness_compile(harness_module("module", code, ""), "");
}

static void end(void)
{
	harness_discard(object);
}

int main(void)
{
	Suite *suite = suite_create("object");
	TCase *tests = tcase_create("object");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tests, 120);
	tcase_add_unchecked_fixture(tests, begin, end);
	tcase_add_loop_test(tests, compiled_code_runs, 0, (int)(sizeof ways / sizeof ways[0]));
	tcase_add_test(tests, exports_have_their_owner_and_leave_with_it);
	tcase_add_test(tests, functions_are_sorted_and_named);
	tcase_add_test(tests, functions_written_out_of_order_are_sorted);
	tcase_add_test(tests, nothing_but_data_stays_writable);
	tcase_add_test(tests, an_export_that_another_has_is_refused_with_its_owner);
	tcase_add_test(tests, an_export_that_stands_there_twice_is_refused);
	tcase_add_test(tests, a_module_for_low_memory_is_refused_saying_which_flag);
	tcase_add_test(tests, sections_that_share_bytes_of_the_file_are_refused);
	tcase_add_test(tests, sections_out_of_order_are_accepted);
	tcase_add_test(tests, a_dry_host_refuses_and_gets_everything_back);
	tcase_add_test(tests, a_thousand_loads_leave_nothing);
	tcase_add_test(tests, a_zeroed_object_unloads);
	tcase_add_loop_test(tests, a_spoiled_byte_does_no_harm, 0, 2);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
