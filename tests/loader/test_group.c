/* SPDX-License-Identifier: MIT */
#include "loader/object_fixture.h"
#include "modfmt/elf_builder.h"

/* Two groups as compilers write them, each with code of its own; the second is
 * made to have the first one's name, and its function that of the first. */
static const char two[] = ".section .text.one,\"axG\",@progbits,first,comdat\n"
			  ".globl first, same\n"
			  "first: same: mov $1,%eax\n ret\n"
			  ".section .text.two,\"axG\",@progbits,second,comdat\n"
			  ".globl second, sams, alone\n"
			  "second: sams: mov $2,%eax\n ret\n"
			  "alone: ret\n"
			  "near: ret\n"
			  ".section .rodata.two,\"aG\",@progbits,second,comdat\n"
			  ".quad near, 0, 0\n"
			  ".data\n"
			  "table: .quad first, second, sams\n";

static struct fixture f;
static struct hmod_span file;

static struct elf64_section *group(unsigned n)
{
	struct elf64_section *s = (void *)(uintptr_t)(file.data + elf_header(file)->shoff);

	while (s->type != ELF_SHT_GROUP || n--)
		s++;
	return s;
}

static void rename_symbol(const char *from, const char *to)
{
	struct elf64_symbol *symbol = elf_find_symbol(file, from);

	symbol->name = elf_find_symbol(file, to)->name;
}

static void compile(const char *more)
{
	char text[2048];

	snprintf(text, sizeof text, "%s%s", two, more);
	file = harness_compile(text, "-x assembler");
}

/* The second group has the first one's name now. */
static void same_name(void)
{
	group(1)->info = group(0)->info;
	rename_symbol("sams", "same");
	rename_symbol("second", "first");
}

static enum helix_status run_stages(void)
{
	enum helix_status status = hload_find_groups(&f.work);

	if (!status)
		status = fixture_run(&f, RESOLVE);
	if (!status)
		status = hload_redirect_dropped(&f.work);
	return status ? status : hload_relocate(&f.work);
}

static enum helix_status load(void)
{
	fixture_open(&f, file);
	harness_discard(file);
	return run_stages();
}

static uint64_t entry(unsigned i)
{
	uint64_t value;

	memcpy(&value, f.object.region[HLOAD_DATA].write + 8 * i, 8);
	return value;
}

START_TEST(groups_of_two_names_are_both_loaded)
{
	compile("");
	ck_assert_int_eq(load(), HELIX_OK);
	ck_assert_uint_ne(entry(0), entry(1));
	ck_assert_uint_eq(entry(1), entry(2));
	ck_assert_uint_eq(f.object.region[HLOAD_RODATA].size, 24);
	fixture_close(&f);
}
END_TEST

START_TEST(the_first_group_of_a_name_is_kept_and_stands_for_the_others)
{
	compile("");
	same_name();
	ck_assert_msg(!load(), "%s", harness_text(&f.diag));
	ck_assert_uint_eq(entry(0), f.object.region[HLOAD_TEXT].address);
	ck_assert_uint_eq(entry(1), entry(0));
	ck_assert_uint_eq(entry(2), entry(0));
	ck_assert_uint_eq(f.object.region[HLOAD_TEXT].size, 6);
	ck_assert_uint_eq(f.object.region[HLOAD_RODATA].size, 0);
	fixture_close(&f);
}
END_TEST

START_TEST(groups_that_are_not_comdat_may_have_one_name)
{
	uint32_t *flags;

	compile("");
	same_name();
	flags = (uint32_t *)(uintptr_t)(file.data + group(1)->offset);
	*flags = 0;
	ck_assert_int_eq(load(), HELIX_OK);
	ck_assert_uint_ne(entry(0), entry(1));
	fixture_close(&f);
}
END_TEST

START_TEST(what_only_the_dropped_group_has_is_refused_by_name)
{
	static const struct {
		const char *more, *text;
	} rows[] = {
		{ ".quad alone\n", ": alone is in a section that is not loaded" },
		{ ".quad near\n", ": near is in a section that is not loaded" },
	};

	compile(rows[_i].more);
	same_name();
	ck_assert_int_eq(load(), HELIX_E_RELOC_TARGET);
	ck_assert_says(&f, rows[_i].text);
	fixture_close(&f);
}
END_TEST

START_TEST(a_member_of_two_groups_is_refused)
{
	uint32_t *words;

	compile("");
	words = (uint32_t *)(uintptr_t)(file.data + group(1)->offset);
	words[1] = ((const uint32_t *)(uintptr_t)(file.data + group(0)->offset))[1];
	ck_assert_int_eq(load(), HELIX_E_GROUP);
	ck_assert_ptr_nonnull(strstr(harness_text(&f.diag), "): a member is in two groups"));
	fixture_close(&f);
}
END_TEST

START_TEST(without_memory_it_is_refused_and_nothing_is_kept)
{
	uint64_t n = 0;

	do {
		compile("");
		same_name();
		fixture_open(&f, file);
		harness_discard(file);
		f.harness.allocs = 0;
		f.harness.fail_alloc = ++n;
		if (run_stages())
			ck_assert_int_eq(f.diag.status, HELIX_E_NO_MEMORY);
		else
			ck_assert_uint_lt(f.harness.allocs, n);
		fixture_close(&f);
	} while (f.harness.allocs >= n);
	ck_assert_uint_gt(n, 7);
}
END_TEST


/* The symbol that names a group is checked before its name is read, and so on. */
START_TEST(a_wrong_group_is_refused_when_the_file_is_opened)
{
	static const char *const says[] = {
		"sh_link is not the symbol table",
		"sh_info is not a symbol with a name",
		"it is not a list of section indices",
		"it is not a list of section indices",
		"a member does not exist",
		"a member does not exist",
		"a member is not flagged as one",
		"a member is a group itself",
		"the groups have more members than there are sections",
	};
	struct hmod_diag diag;
	struct hmod_image image;
	uint32_t *words;

	compile("");
	words = (uint32_t *)(uintptr_t)(file.data + group(0)->offset);
	switch (_i) {
	case 0: group(0)->link = 1; break;
	case 1: group(0)->info = UINT32_MAX; break;
	case 2: group(0)->size = 0; break;
	case 3: group(0)->size = 7; break;
	case 4: words[1] = 0; break;
	case 5: words[1] = elf_header(file)->shnum; break;
	case 6: words[1] = elf_find_index(file, ".data"); break;
	case 7: words[1] = 1; break; /* the first section is the first group */
	default: group(0)->size = 4 * (elf_header(file)->shnum + 2u); break;
	}
	ck_assert_int_eq(hmod_image_open(&image, file.data, file.size, &diag), HELIX_E_GROUP);
	ck_assert_msg(strstr(harness_text(&diag), says[_i]) != NULL, "%s", harness_text(&diag));
	harness_discard(file);
}
END_TEST

/* Many groups of one name: the first is found at once each time. */
START_TEST(many_groups_of_one_name_are_dropped_in_linear_time)
{
	static char text[400 * 120];
	size_t at = 0;

	for (unsigned i = 0; i < 400; i++)
		at += (size_t)snprintf(text + at, sizeof text - at,
				       ".section .data.g%u,\"awG\",@progbits,g%u,comdat\n"
				       ".weak g%u\ng%u: .quad %u\n", i, i, i, i, i);
	file = harness_compile(text, "-x assembler");
	for (unsigned i = 1; i < 400; i++)
		group(i)->info = group(0)->info;
	ck_assert_msg(!load(), "%s", harness_text(&f.diag));
	ck_assert_uint_eq(f.object.region[HLOAD_DATA].size, 8);
	ck_assert_uint_eq(entry(0), 0);
	fixture_close(&f);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("group");
	TCase *tests = tcase_create("group");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, groups_of_two_names_are_both_loaded);
	tcase_add_test(tests, the_first_group_of_a_name_is_kept_and_stands_for_the_others);
	tcase_add_test(tests, groups_that_are_not_comdat_may_have_one_name);
	tcase_add_loop_test(tests, what_only_the_dropped_group_has_is_refused_by_name, 0, 2);
	tcase_add_test(tests, a_member_of_two_groups_is_refused);
	tcase_add_test(tests, without_memory_it_is_refused_and_nothing_is_kept);
	tcase_add_loop_test(tests, a_wrong_group_is_refused_when_the_file_is_opened, 0, 9);
	tcase_add_test(tests, many_groups_of_one_name_are_dropped_in_linear_time);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
