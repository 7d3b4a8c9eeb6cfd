/* SPDX-License-Identifier: MIT */
#include "loader/object_fixture.h"
#include "modfmt/elf_builder.h"

static struct fixture f;
static char lib, second;

static const char strong[] = "int a(void) { return 1; } HELIX_EXPORT(a);";
static const char weak[] = "int __attribute__((weak)) a(void) { return 1; } HELIX_EXPORT(a);";

static void begin(const char *code)
{
	struct hmod_span file = harness_compile(harness_module("m", code, ""), "");

	fixture_open(&f, file);
	harness_discard(file);
}

/* The owner that a later import of `a` would be bound to. */
static const void *found(void)
{
	return ((const struct hload_export_entry *)hload_index_find(&f.index, "a", 1,
								     hmod_name_hash("a", 1)))->owner;
}

static void offer_weak(uint64_t address, void *owner)
{
	fixture_offer(&f, "a", address, owner);
	f.offered[f.offered_count - 1].weak = true;
}

START_TEST(a_strong_export_stands_before_weak_ones)
{
	begin(strong);
	offer_weak(1, &lib);
	offer_weak(2, &second);
	ck_assert_msg(!fixture_load(&f), "%s", harness_text(&f.diag));
	ck_assert_ptr_eq(found(), &f);
	hload_object_unload(&f.object, &f.harness.host, &f.index);
	ck_assert_ptr_eq(found(), &lib); /* they are as they were */
	fixture_close(&f);
}
END_TEST

START_TEST(a_weak_export_waits_behind_a_strong_one)
{
	begin(weak);
	fixture_offer(&f, "a", 1, &lib);
	ck_assert_msg(!fixture_load(&f), "%s", harness_text(&f.diag));
	ck_assert_ptr_eq(found(), &lib);
	hload_index_remove(&f.index, &f.offered[0].node);
	f.offered_count = 0;
	ck_assert_ptr_eq(found(), &f);
	fixture_close(&f);
}
END_TEST

START_TEST(a_weak_export_waits_behind_an_older_weak_one)
{
	begin(weak);
	offer_weak(1, &lib);
	ck_assert_msg(!fixture_load(&f), "%s", harness_text(&f.diag));
	ck_assert_ptr_eq(found(), &lib);
	ck_assert_uint_eq(f.index.count, 2);
	fixture_close(&f);
}
END_TEST

START_TEST(two_strong_ones_are_refused_behind_weak_ones_too)
{
	begin(strong);
	offer_weak(1, &lib);
	fixture_offer(&f, "a", 2, &second);
	ck_assert_int_eq(fixture_load(&f), HELIX_E_DUPLICATE_EXPORT);
	ck_assert_says(&f, "symbol a is already exported by other, this exports it again");
	fixture_close(&f);
}
END_TEST

START_TEST(a_module_keeps_its_own_definition)
{
	begin("int __attribute__((weak)) a(void) { return 7; } HELIX_EXPORT(a);\n"
	      "int b(void) { return a(); } HELIX_EXPORT(b);");
	fixture_offer(&f, "a", 1, &lib);
	ck_assert_msg(!fixture_load(&f), "%s", harness_text(&f.diag));
	ck_assert_int_eq(((int (*)(void))(uintptr_t)fixture_export(&f, "b"))(), 7);
	fixture_close(&f);
}
END_TEST

START_TEST(the_loader_s_own_name_cannot_be_exported)
{
	char *name;

	/* Assemblers treat the name specially: written in afterwards. */
	begin("int _GLOBAL_OFFSET_TABLX_ = 1; HELIX_EXPORT(_GLOBAL_OFFSET_TABLX_);");
	name = (char *)(uintptr_t)hmod_symbol_name(&f.image,
						   fixture_symbol(&f, "_GLOBAL_OFFSET_TABLX_"));
	memcpy(name, "_GLOBAL_OFFSET_TABLE_", 22);
	ck_assert_int_eq(fixture_load(&f), HELIX_E_META_EXPORT);
	ck_assert_says(&f, "_GLOBAL_OFFSET_TABLE_ is a name of the loader's own");
	fixture_close(&f);
}
END_TEST

/* ---- hashes that collide on purpose --------------------------------------------------- */

#define MANY 30000

/* 16 bytes that hash like all others made so: the second word takes back what the
 * first one did. False when that would need a NUL byte. */
static bool colliding(char name[17], uint64_t number)
{
	uint64_t h = UINT64_C(0x9e3779b97f4a7c15) ^ 16, first = number * 0x0101010101010101 + 0x21, second;

	for (unsigned i = 0; i < 8; i++)
		first = (first & ~(UINT64_C(0xff) << 8 * i)) |
			(uint64_t)('!' + (number >> 2 * i) % 64) << 8 * i;
	h = (h ^ first) * UINT64_C(0xd6e8feb86659fd93);
	h ^= h >> 32;
	second = h ^ UINT64_C(0x5555555555555555);
	memcpy(name, &first, 8);
	memcpy(name + 8, &second, 8);
	name[16] = 0;
	return strlen(name) == 16;
}

START_TEST(names_that_collide_on_purpose_are_refused_in_time)
{
	static char names[MANY][17];
	struct elf_builder *b = elf_new();
	struct hmod_span file;
	uint64_t number = 0, hash;

	elf_module(b, &(struct elf_module){ .name = "crowd" });
	for (unsigned i = 0; i < MANY; i++) {
		while (!colliding(names[i], number))
			number++;
		number++;
		elf_export(b, elf_function(b, names[i], ELF_STB_GLOBAL), NULL);
	}
	hash = hmod_name_hash(names[0], 16);
	ck_assert_uint_eq(hash, hmod_name_hash(names[MANY - 1], 16));
	file = elf_finish(b);
	fixture_open(&f, file);
	elf_discard(file);
	ck_assert_int_eq(fixture_load(&f), HELIX_E_CROWDED);
	ck_assert_says(&f, "too many names have the hash of ");
	ck_assert_uint_lt(f.index.steps, 65536 + 65 * MANY + MANY);
	fixture_close(&f);
}
END_TEST

START_TEST(imports_of_a_crowded_bucket_are_refused_in_time)
{
	static struct hload_export_entry entries[4000];
	static char names[4000][17];
	struct elf_builder *b = elf_new();
	struct hmod_span file;
	uint64_t number = 0;

	elf_module(b, &(struct elf_module){ .name = "crowd" });
	for (unsigned i = 0; i < 4000; i++) {
		while (!colliding(names[i], number))
			number++;
		number++;
		elf_symbol(b, names[i], ELF_INFO(ELF_STB_GLOBAL, 0), ELF_SHN_UNDEF, 0);
	}
	file = elf_finish(b);
	fixture_open(&f, file);
	elf_discard(file);
	for (unsigned i = 0; i < 4000; i++)
		ck_assert(hload_index_add(&f.index, &entries[i].node, names[i]));
	ck_assert_int_eq(fixture_load(&f), HELIX_E_CROWDED);
	for (unsigned i = 0; i < 4000; i++)
		hload_index_remove(&f.index, &entries[i].node);
	fixture_close(&f);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("names");
	TCase *tests = tcase_create("names");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, a_strong_export_stands_before_weak_ones);
	tcase_add_test(tests, a_weak_export_waits_behind_a_strong_one);
	tcase_add_test(tests, a_weak_export_waits_behind_an_older_weak_one);
	tcase_add_test(tests, two_strong_ones_are_refused_behind_weak_ones_too);
	tcase_add_test(tests, a_module_keeps_its_own_definition);
	tcase_add_test(tests, the_loader_s_own_name_cannot_be_exported);
	tcase_add_test(tests, names_that_collide_on_purpose_are_refused_in_time);
	tcase_add_test(tests, imports_of_a_crowded_bucket_are_refused_in_time);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
