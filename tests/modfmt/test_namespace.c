/* SPDX-License-Identifier: MIT */
#include "modfmt/judge.h"

/* A good module that also imports from the namespaces in these bytes. */
static struct hmod_span importing(const void *bytes, size_t size)
{
	struct elf_builder *b = good_builder();
	uint32_t section = elf_section(b, ".hmod.import_ns", ELF_SHT_PROGBITS, ELF_SHF_ALLOC, 1);

	elf_append(b, section, bytes, size);
	return elf_finish(b);
}

START_TEST(names_are_read_one_by_one)
{
	struct hmod_span file = importing("\0\0one\0\0\0two\0three\0", 18);
	static const char *const names[] = { "one", "two", "three" };
	struct hmod_namespace_cursor cursor = { 0 };
	struct hmod_image image;
	const char *name;

	ck_assert_str_eq(judge(file), "ok");
	ck_assert_int_eq(hmod_image_open(&image, file.data, file.size, NULL), HELIX_OK);
	for (unsigned i = 0; i < 3; i++) {
		ck_assert_int_eq(hmod_namespace_next(&image, &cursor, &name, NULL), HELIX_OK);
		ck_assert_str_eq(name, names[i]);
	}
	ck_assert_int_eq(hmod_namespace_next(&image, &cursor, &name, NULL), HELIX_E_NOT_FOUND);
	ck_assert_uint_eq(cursor.index, 3);
	elf_discard(file);
}
END_TEST

START_TEST(without_the_section_there_are_none)
{
	struct hmod_span file = good_module();
	struct hmod_namespace_cursor cursor = { 0 };
	struct hmod_image image;
	const char *name;

	ck_assert_int_eq(hmod_image_open(&image, file.data, file.size, NULL), HELIX_OK);
	ck_assert_int_eq(hmod_namespace_next(&image, &cursor, &name, NULL), HELIX_E_NOT_FOUND);
	elf_discard(file);
}
END_TEST

#define NAME_63 "123456789012345678901234567890123456789012345678901234567890123"

START_TEST(a_wrong_name_is_refused)
{
	struct hmod_span good = importing(NAME_63, 64);

	ck_assert_str_eq(judge(good), "ok");
	elf_discard(good);
	ck_refused(importing("a\0" NAME_63 "4", 67), META_NAMESPACE,
		   "module metadata: namespace 1 in .hmod.import_ns is longer than 63 bytes "
		   "[metadata]");
	ck_refused(importing("a\0b\0c", 5), META_NAMESPACE,
		   "module metadata: namespace 2 in .hmod.import_ns does not end [metadata]");
	ck_refused(importing("a\nb", 4), META_NAMESPACE,
		   "module metadata: namespace 0 in .hmod.import_ns has a control character "
		   "[metadata]");
}
END_TEST

static struct hmod_span exporting(const char *ns)
{
	struct elf_builder *b = good_builder();

	elf_export(b, elf_function(b, "spaced", ELF_STB_GLOBAL), ns);
	return elf_finish(b);
}

START_TEST(an_export_s_namespace_has_1_to_63_bytes)
{
	struct hmod_span good = exporting(NAME_63);

	ck_assert_str_eq(judge(good), "ok");
	elf_discard(good);
	good = exporting("");
	ck_assert(strstr(judge(good), "spaced is in a namespace without a name"));
	ck_assert_int_eq(judged, HELIX_E_META_EXPORT);
	elf_discard(good);
	good = exporting(NAME_63 "4");
	ck_assert(strstr(judge(good), "is in a namespace whose name is longer than 63 bytes"));
	ck_assert_int_eq(judged, HELIX_E_META_EXPORT);
	elf_discard(good);
}
END_TEST

RUN_TESTS("namespace", names_are_read_one_by_one, without_the_section_there_are_none,
	  a_wrong_name_is_refused, an_export_s_namespace_has_1_to_63_bytes)
