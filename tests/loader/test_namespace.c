/* SPDX-License-Identifier: MIT */
#include "loader/object_fixture.h"

static struct fixture f;
static char lib;

static const char plain[] = "extern int secret(void); int f(void) { return secret(); }";

/* A module that imports `secret`, which lib exports into "crypto". */
static struct hmod_span begin(const char *declarations)
{
	char code[1024];
	struct hmod_span file;

	snprintf(code, sizeof code, "%s\n%s", declarations, plain);
	file = harness_compile(harness_module("importer", code, ""), "");
	fixture_open(&f, file);
	fixture_offer(&f, "secret", 0x1000, &lib);
	f.offered[0].ns = "crypto";
	return file;
}

static void end(struct hmod_span file)
{
	fixture_close(&f);
	harness_discard(file);
}

START_TEST(a_declared_namespace_may_be_imported_from)
{
	struct hmod_span file = begin("HELIX_IMPORT_NS(\"other\"); HELIX_IMPORT_NS(\"crypto\");\n"
				      "HELIX_IMPORT_NS(\"crypto\");");

	ck_assert_msg(!fixture_load(&f), "%s", harness_text(&f.diag));
	end(file);
}
END_TEST

static const struct {
	const char *claim, *declarations;
} foreign[] = {
	{ "none is declared", "" },
	{ "another is", "HELIX_IMPORT_NS(\"net\");" },
	{ "a longer one is", "HELIX_IMPORT_NS(\"crypto2\");" },
	{ "a shorter one is", "HELIX_IMPORT_NS(\"crypt\");" },
};

START_TEST(another_namespace_is_refused_with_symbol_and_owner)
{
	struct hmod_span file = begin(foreign[_i].declarations);

	ck_assert_msg(fixture_load(&f) == HELIX_E_NAMESPACE, "%s", foreign[_i].claim);
	ck_assert_says(&f, "symbol secret belongs to namespace crypto (exported by other); add "
			   "HELIX_IMPORT_NS with that name [resolve");
	end(file);
}
END_TEST

START_TEST(an_export_keeps_its_namespace_once_the_file_is_gone)
{
	struct hmod_span file = harness_compile(
		harness_module("exporter", "int a(void) { return 1; } HELIX_EXPORT_NS(a, \"inner\");\n"
					   "int b(void) { return 2; } HELIX_EXPORT(b);", ""), "");
	const struct hload_export_entry *e;

	fixture_open(&f, file);
	ck_assert_msg(!fixture_load(&f), "%s", harness_text(&f.diag));
	memset((void *)(uintptr_t)f.file.data, 0, f.file.size);
	for (uint32_t i = 0; i < 2; i++) {
		e = &f.object.exports[i];
		if (*e->node.key == 'a')
			ck_assert_str_eq(e->ns, "inner");
		else
			ck_assert_ptr_null(e->ns);
	}
	end(file);
}
END_TEST

START_TEST(a_namespace_without_a_name_is_refused)
{
	struct hmod_span file = harness_compile(
		harness_module("exporter", "int a(void) { return 1; } HELIX_EXPORT_NS(a, \"\");", ""), "");

	fixture_open(&f, file);
	ck_assert_int_eq(fixture_load(&f), HELIX_E_META_EXPORT);
	ck_assert_says(&f, "export 0: a is in a namespace without a name");
	end(file);
}
END_TEST

START_TEST(a_declaration_without_an_end_is_refused)
{
	struct hmod_span file = begin(
		"static const char bad[3] __attribute__((section(\".hmod.import_ns\"), used)) =\n"
		"{ 'a', 'b', 'c' };");

	ck_assert_int_eq(fixture_load(&f), HELIX_E_META_NAMESPACE);
	ck_assert_says(&f, "namespace 0 in .hmod.import_ns does not end");
	end(file);
}
END_TEST

START_TEST(more_namespaces_than_1024_are_refused)
{
	struct hmod_span file = begin(
		"__asm__(\".section .hmod.import_ns, \\\"a\\\"\\n.rept 1025\\n.asciz \\\"x\\\"\\n\"\n"
		"	\".endr\\n.text\");");

	ck_assert_int_eq(fixture_load(&f), HELIX_E_META_NAMESPACE);
	ck_assert_says(&f, "namespace 1024 in .hmod.import_ns is one too many: at most 1024");
	end(file);
}
END_TEST

START_TEST(a_crowd_of_one_name_is_refused_in_time)
{
	struct hmod_span file = begin(
		"__asm__(\".section .hmod.import_ns, \\\"a\\\"\\n.rept 1000\\n.asciz \\\"crypto\\\"\\n\"\n"
		"	\".endr\\n.text\");");

	ck_assert_int_eq(fixture_load(&f), HELIX_E_CROWDED);
	ck_assert_says(&f, "too many names have the hash of crypto");
	end(file);
}
END_TEST

START_TEST(without_memory_nothing_is_left)
{
	struct hmod_span file = begin("HELIX_IMPORT_NS(\"crypto\");");
	uint64_t allocs = 0;

	for (unsigned i = 0; i < 2; i++) {
		fixture_close(&f);
		harness_discard(file);
		file = begin("HELIX_IMPORT_NS(\"crypto\");");
		ck_assert_int_eq(fixture_run(&f, COPY), HELIX_OK);
		allocs = f.harness.allocs;
		fixture_close(&f);
		harness_discard(file);
		file = begin("HELIX_IMPORT_NS(\"crypto\");");
		f.harness.fail_alloc = allocs + 1 + i;
		ck_assert_int_eq(fixture_load(&f), HELIX_E_NO_MEMORY);
		ck_assert_says(&f, "bytes for namespaces");
	}
	end(file);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("namespace");
	TCase *tests = tcase_create("namespace");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, a_declared_namespace_may_be_imported_from);
	tcase_add_loop_test(tests, another_namespace_is_refused_with_symbol_and_owner, 0, 4);
	tcase_add_test(tests, an_export_keeps_its_namespace_once_the_file_is_gone);
	tcase_add_test(tests, a_namespace_without_a_name_is_refused);
	tcase_add_test(tests, a_declaration_without_an_end_is_refused);
	tcase_add_test(tests, a_crowd_of_one_name_is_refused_in_time);
	tcase_add_test(tests, more_namespaces_than_1024_are_refused);
	tcase_add_test(tests, without_memory_nothing_is_left);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
