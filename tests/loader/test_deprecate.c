/* SPDX-License-Identifier: MIT
 *
 * Deprecated exports: what a version makes of them, and who hears of it.
 */
#include "helix/module.h"
#include "loader/object_fixture.h"

static struct fixture f;
static char lib;
static char logged[512];

static void keep_log(void *ctx, int level, const char *format, va_list arguments)
{
	(void)ctx;
	ck_assert_int_eq(level, HELIX_LOG_WARN);
	vsnprintf(logged + strlen(logged), sizeof logged - strlen(logged), format, arguments);
}

static const char *name_of(void *ctx, const void *owner)
{
	(void)ctx;
	return owner == &lib ? "lib" : "importer";
}

static struct hmod_span begin(const char *code)
{
	struct hmod_span file = harness_compile(harness_module("module", code, ""), "");

	logged[0] = 0;
	fixture_open(&f, file);
	f.harness.host.log = keep_log;
	f.loading.owner_name = name_of;
	return file;
}

static void end(struct hmod_span file)
{
	fixture_close(&f);
	harness_discard(file);
}

/* ---- exporting ------------------------------------------------------------------- */

static const char exporter[] =
	"int a(void) { return 1; }\n"
	"HELIX_EXPORT_DEPRECATED(a, \"b\", HELIX_VERSION(1, 2, 0), HELIX_VERSION(2, 0, 0));";

static const struct {
	const char *claim;
	uint64_t version;
	bool deprecated, removed;
} versions[] = {
	{ "before `since` it is like any other", HELIX_VERSION(1, 1, 9), false, false },
	{ "from `since` on it is deprecated", HELIX_VERSION(1, 2, 0), true, false },
	{ "until just before `removed`", HELIX_VERSION(1, 65535, 65535), true, false },
	{ "from `removed` on it is gone", HELIX_VERSION(2, 0, 0), true, true },
	{ "and stays so", HELIX_VERSION(9, 0, 0), true, true },
};

START_TEST(the_exporters_version_decides)
{
	struct hmod_span file = begin(exporter);
	const struct hload_export_entry *e;

	f.loading.version = versions[_i].version;
	ck_assert_msg(!fixture_load(&f), "%s", harness_text(&f.diag));
	memset((void *)(uintptr_t)f.file.data, 0, f.file.size); /* the text was copied */
	e = &f.object.exports[0];
	ck_assert_msg(!!e->replacement == versions[_i].deprecated, "%s", versions[_i].claim);
	ck_assert_msg(!!e->removed == versions[_i].removed, "%s", versions[_i].claim);
	if (e->replacement)
		ck_assert_str_eq(e->replacement, "b");
	end(file);
}
END_TEST

START_TEST(removed_0_is_never)
{
	struct hmod_span file = begin(
		"int a(void) { return 1; }\n"
		"HELIX_EXPORT_DEPRECATED(a, \"b\", HELIX_VERSION(1, 0, 0), 0);");

	f.loading.version = UINT64_MAX;
	ck_assert_msg(!fixture_load(&f), "%s", harness_text(&f.diag));
	ck_assert_uint_eq(f.object.exports[0].removed, 0);
	end(file);
}
END_TEST

START_TEST(the_module_itself_may_use_it)
{
	struct hmod_span file = begin("int a(void) { return 1; } int c(void) { return a(); }\n"
				      "HELIX_EXPORT_DEPRECATED(a, \"b\", 0, 1);");

	f.loading.version = HELIX_VERSION(1, 0, 0);
	ck_assert_msg(!fixture_load(&f), "%s", harness_text(&f.diag));
	ck_assert_str_eq(logged, "");
	end(file);
}
END_TEST

/* ---- importing ------------------------------------------------------------------- */

static struct hmod_span import(uint64_t removed)
{
	struct hmod_span file = begin("extern int a(void); int c(void) { return a() + a(); }");

	fixture_offer(&f, "a", 0x1000, &lib);
	f.offered[0].replacement = "b";
	f.offered[0].removed = removed;
	return file;
}

START_TEST(an_import_warns_once_with_the_replacement)
{
	struct hmod_span file = import(0);

	ck_assert_msg(!fixture_load(&f), "%s", harness_text(&f.diag));
	ck_assert_str_eq(logged, "importer: uses deprecated a of lib, use b");
	end(file);
}
END_TEST

START_TEST(without_a_log_it_goes_unsaid)
{
	struct hmod_span file = import(0);

	f.harness.host.log = NULL;
	ck_assert_msg(!fixture_load(&f), "%s", harness_text(&f.diag));
	end(file);
}
END_TEST

START_TEST(a_removed_one_is_refused)
{
	struct hmod_span file = import(HELIX_VERSION(2, 0, 0));

	ck_assert_int_eq(fixture_load(&f), HELIX_E_SYMBOL_REMOVED);
	ck_assert_says(&f, "symbol a of lib was removed in 2.0.0; use b [resolve");
	ck_assert_str_eq(logged, "");
	end(file);
}
END_TEST

/* Whatever is allocated before fails the load; the replacement does not. */
START_TEST(without_memory_it_is_refused_without_the_replacement)
{
	enum helix_status status = HELIX_E_NO_MEMORY;

	for (uint64_t i = 1; status == HELIX_E_NO_MEMORY; i++) {
		struct hmod_span file = import(HELIX_VERSION(2, 0, 0));

		f.harness.fail_alloc = f.harness.allocs + i;
		status = fixture_load(&f);
		ck_assert(status == HELIX_E_NO_MEMORY || status == HELIX_E_SYMBOL_REMOVED);
		ck_assert(status == HELIX_E_NO_MEMORY || !f.diag.list);
		end(file);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("deprecate");
	TCase *tests = tcase_create("deprecate");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tests, 60);
	tcase_add_loop_test(tests, the_exporters_version_decides, 0,
			    sizeof versions / sizeof versions[0]);
	tcase_add_test(tests, removed_0_is_never);
	tcase_add_test(tests, the_module_itself_may_use_it);
	tcase_add_test(tests, an_import_warns_once_with_the_replacement);
	tcase_add_test(tests, without_a_log_it_goes_unsaid);
	tcase_add_test(tests, a_removed_one_is_refused);
	tcase_add_test(tests, without_memory_it_is_refused_without_the_replacement);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
