/* SPDX-License-Identifier: MIT */
#include "loader/object_fixture.h"
#include "loader/world.h"

/* ---- order, in a whole system ------------------------------------------------------ */

/* Every function tells its name; INIT is what init returns. */
static const char source[] =
	"#include <helix/module.h>\n"
	"void tell(const char *name);\n"
	"extern int missing;\n"
	"#define TELLS(f) static void f(void) { tell(#f); }\n"
	"#define PUT(f, name) TELLS(f) void (*put_##f)(void) "
	"__attribute__((section(name), used)) = f;\n"
	"static void __attribute__((constructor)) last(void) { tell(\"last\"); }\n"
	"static void __attribute__((constructor(2000))) c2000(void) { tell(\"c2000\"); }\n"
	"static void __attribute__((constructor(101))) c101(void) { tell(\"c101\"); }\n"
	"static void __attribute__((destructor)) d(void) { tell(\"d\"); }\n"
	"static void __attribute__((destructor(101))) d101(void) { tell(\"d101\"); }\n"
	"static void __attribute__((destructor(2000))) d2000(void) { tell(\"d2000\"); }\n"
	"PUT(old_1, \".ctors\") PUT(old_2, \".ctors\") PUT(old_fini_1, \".dtors\")\n"
	"PUT(old_fini_2, \".dtors\")\n"
	"long fillers[2] __attribute__((section(\".ctors\"), used)) = { -1, 0 };\n"
	"PUT(c1000, \".ctors.64535\") PUT(d1000, \".dtors.64535\")\n"
	"static int m_init(const struct helix_context *c) { (void)c; tell(\"init\"); return INIT; }\n"
	"static int m_start(void) { tell(\"start\"); return 0; }\n"
	"static int m_stop(void) { tell(\"stop\"); return 0; }\n"
	"HELIX_MODULE(.name = \"m\", .init = m_init, .start = m_start, .stop = m_stop);\n";

#define ORDER "c101 c1000 c2000 last old_2 old_1"
#define BACK "old_fini_1 old_fini_2 d d2000 d1000 d101"

static struct world w;

static void tell(const char *name)
{
	ck_assert_str_eq(w.running, "m"); /* behind the gate */
	world_trace(&w, name);
}

static const struct hload_symbol symbols[] = { { "tell", (uint64_t)(uintptr_t)tell } };

static struct hmod_span begin(const char *flags)
{
	world_open(&w);
	ck_assert_int_eq(hload_export(w.system, symbols, 1, &w.diag), HELIX_OK);
	return harness_compile(source, flags);
}

static enum helix_status insert(struct hmod_span file)
{
	struct hload_module *module;
	enum helix_status status = hload_register(w.system, file, "m.hmod", &module, &w.diag);

	return status ? status : world_insert(&w, "m", file);
}

static void end(struct hmod_span file)
{
	world_close(&w);
	harness_discard(file);
}

START_TEST(constructors_run_before_init_and_destructors_after_stop)
{
	struct hmod_span file = begin("-fno-toplevel-reorder -DINIT=0");

	ck_assert_msg(!insert(file), "%s", harness_text(&w.diag));
	ck_assert_str_eq(w.trace, "+m " ORDER " init start");
	w.trace[0] = 0;
	ck_assert_int_eq(world_remove(&w, "m"), HELIX_OK);
	ck_assert_str_eq(w.trace, "stop " BACK " -m");
	end(file);
}
END_TEST

START_TEST(a_failing_init_is_followed_by_the_destructors)
{
	struct hmod_span file = begin("-fno-toplevel-reorder -DINIT=-5");

	ck_assert_int_eq(insert(file), HELIX_E_INIT);
	ck_assert_said(&w, "init failed with status -5");
	ck_assert_str_eq(w.trace, "+m " ORDER " init " BACK " -m");
	end(file);
}
END_TEST

START_TEST(a_failing_load_runs_no_constructor)
{
	struct hmod_span file;

	file = begin("-DINIT=missing");
	ck_assert_int_ne(insert(file), HELIX_OK);
	hload_diag_free(w.system, &w.diag);
	ck_assert_str_eq(w.trace, "");
	end(file);
}
END_TEST

static int gate_ends_the_call(void *ctx, const char *module, int (*hook)(void *), void *argument)
{
	(void)ctx, (void)module, (void)hook, (void)argument;
	return -7;
}

START_TEST(constructors_that_were_ended_have_no_destructors)
{
	struct hmod_span file = begin("-fno-toplevel-reorder -DINIT=0");

	w.harness.host.call = gate_ends_the_call;
	ck_assert_int_eq(insert(file), HELIX_E_INIT);
	ck_assert_said(&w, "a constructor failed with status -7");
	ck_assert_str_eq(w.trace, "+m -m");
	end(file);
}
END_TEST

/* ---- judging, one object ------------------------------------------------------------- */

#define CODE ".text\nf: ret\n"

static const struct {
	const char *claim, *text;
	enum helix_status status;
	const char *said;
} arrays[] = {
	{ "an address of the code", CODE ".section .init_array,\"aw\",@init_array\n.quad f\n",
	  HELIX_OK, "" },
	{ "an address of the data", CODE ".section .init_array,\"aw\",@init_array\n.quad f, g\n"
					 ".data\ng: .quad 0\n",
	  HELIX_E_ARRAY, "(.init_array): entry 1 is not in the module's code; a constructor is a" },
	{ "the code's end", CODE "end:\n.section .fini_array,\"aw\",@fini_array\n.quad end\n",
	  HELIX_E_ARRAY, "(.fini_array): entry 0 is not in the module's code" },
	{ "half an address", CODE ".section .init_array,\"aw\",@init_array\n.quad f\n.long 0\n",
	  HELIX_E_ARRAY, "(.init_array): entry 1 is cut off" },
	{ "fillers", CODE ".section .ctors,\"aw\",@progbits\n.quad -1, f, 0\n", HELIX_OK, "" },
	{ "a number", CODE ".section .dtors.5,\"aw\",@progbits\n.quad 5\n", HELIX_E_ARRAY,
	  "(.dtors.5): entry 0 is not" },
	{ "an import", CODE ".section .init_array,\"aw\",@init_array\n.quad far\n", HELIX_E_ARRAY,
	  "entry 0 is not in the module's code" },
	{ "no bytes", CODE ".section .init_array,\"aw\",@init_array\n", HELIX_OK, "" },
	{ "only read", CODE ".section .init_array,\"a\",@init_array\n.quad f\n", HELIX_OK, "" },
	{ "code of that name is code", CODE ".section .ctors,\"ax\",@progbits\n.quad 5\n", HELIX_OK,
	  "" },
	{ "data of a like name is data", CODE ".section .ctorsdata,\"aw\",@progbits\n.quad 5\n",
	  HELIX_OK, "" },
	{ "not loaded, not looked at", CODE ".section .ctors,\"\",@progbits\n.quad 5\n", HELIX_OK, "" },
	{ "no code at all", ".section .ctors,\"aw\",@progbits\n.quad 5\n", HELIX_E_ARRAY, "entry 0" },
};

static struct fixture f;

START_TEST(each_entry_is_judged)
{
	struct hmod_span file = harness_compile(arrays[_i].text, "-x assembler");
	enum helix_status status;

	fixture_open(&f, file);
	fixture_offer(&f, "far", 1, NULL);
	status = fixture_run(&f, ARRAYS);
	ck_assert_msg(status == arrays[_i].status, "%s: %s", arrays[_i].claim, harness_text(&f.diag));
	if (status)
		ck_assert_says(&f, arrays[_i].said);
	fixture_close(&f);
	harness_discard(file);
}
END_TEST

START_TEST(priorities_are_sorted_as_numbers)
{
	static const struct {
		uint32_t priority;
		const char *name;
	} order[] = {
		{ 0, ".preinit_array" }, { 0, ".ctors.65535" }, { 9, ".init_array.9" },
		{ 10, ".init_array.00010" }, { 65535, ".init_array.65535" },
		{ 65536, ".init_array.65536" }, { 65536, ".init_array.99999999999" },
		{ 65536, ".init_array.x" }, { 65536, ".init_array." }, { 65536, "other" },
	};
	char text[4096] = CODE;
	struct hmod_span file;

	for (unsigned i = 10; i-- > 0;) /* from the last, so that all have to move */
		snprintf(text + strlen(text), sizeof text - strlen(text),
			 ".section %s,\"aw\",@%s\n.quad f\n", order[i].name,
			 strstr(order[i].name, "ctors") ? "progbits" :
			 i ? "init_array" : "preinit_array");
	file = harness_compile(text, "-x assembler");
	fixture_open(&f, file);
	ck_assert_msg(!fixture_run(&f, ARRAYS), "%s", harness_text(&f.diag));
	ck_assert_uint_eq(f.object.array_count, 10);
	for (unsigned i = 0; i < 10; i++) {
		const struct hload_array *array = &f.object.arrays[i];

		ck_assert_uint_eq(array->priority, order[i].priority);
		ck_assert(!i || array[-1].priority < array->priority || array[-1].section < array->section);
	}
	fixture_close(&f);
	harness_discard(file);
}
END_TEST

START_TEST(without_memory_there_are_no_constructors)
{
	struct hmod_span file = harness_compile(arrays[0].text, "-x assembler");
	uint64_t allocs;

	fixture_open(&f, file);
	ck_assert_int_eq(fixture_run(&f, RELOCATE), HELIX_OK);
	allocs = f.harness.allocs;
	fixture_close(&f);
	fixture_open(&f, file);
	f.harness.fail_alloc = allocs + 1;
	ck_assert_int_eq(fixture_run(&f, ARRAYS), HELIX_E_NO_MEMORY);
	ck_assert_says(&f, "bytes for constructors");
	fixture_close(&f);
	harness_discard(file);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("arrays");
	TCase *tests = tcase_create("arrays");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, constructors_run_before_init_and_destructors_after_stop);
	tcase_add_test(tests, a_failing_init_is_followed_by_the_destructors);
	tcase_add_test(tests, a_failing_load_runs_no_constructor);
	tcase_add_test(tests, constructors_that_were_ended_have_no_destructors);
	tcase_add_loop_test(tests, each_entry_is_judged, 0, (int)(sizeof arrays / sizeof arrays[0]));
	tcase_add_test(tests, priorities_are_sorted_as_numbers);
	tcase_add_test(tests, without_memory_there_are_no_constructors);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
