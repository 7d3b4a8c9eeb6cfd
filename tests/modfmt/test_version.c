/* SPDX-License-Identifier: MIT */
#include "modfmt/judge.h"

#define V(a, b, c) ((uint64_t)(a) << 32 | (uint64_t)(b) << 16 | (uint64_t)(c))

START_TEST(versions_have_one_to_three_parts_of_sixteen_bits)
{
	static const struct {
		const char *text;
		bool good;
		uint64_t version;
	} rows[] = {
		{ "1", true, V(1, 0, 0) },	{ "1.2", true, V(1, 2, 0) },
		{ "1.2.3", true, V(1, 2, 3) },	{ "65535.65535.65535", true, HMOD_VERSION_ANY },
		{ "0", true, 0 },		{ "007", true, V(7, 0, 0) },
		{ "", false, 0 },		{ "1.", false, 0 },
		{ ".1", false, 0 },		{ "1..2", false, 0 },
		{ "1.2.3.4", false, 0 },	{ "65536", false, 0 },
		{ "99999999999999999999", false, 0 }, { "1.2-rc1", false, 0 },
		{ " 1", false, 0 },		{ "-1", false, 0 },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		uint64_t version = 0;

		ck_assert_msg(hmod_version_parse(rows[i].text, strlen(rows[i].text), &version) ==
				      rows[i].good, "%s", rows[i].text);
		if (rows[i].good)
			ck_assert_uint_eq(version, rows[i].version);
	}
}
END_TEST

START_TEST(versions_are_written_with_three_parts)
{
	char text[HMOD_VERSION_TEXT];

	hmod_version_text(V(1, 20, 0), text);
	ck_assert_str_eq(text, "1.20.0");
	hmod_version_text(HMOD_VERSION_ANY, text);
	ck_assert_str_eq(text, "65535.65535.65535");
}
END_TEST

START_TEST(dependencies_read_as_ranges)
{
	static const struct {
		const char *text, *name, *range;
		uint32_t flags;
	} rows[] = {
		{ "lib", "lib", "any version", 0 },
		{ "my-lib", "my_lib", "any version", 0 },
		{ "lib >= 1.0", "lib", ">= 1.0", 0 },
		{ "lib>=1,<2", "lib", ">= 1.0, < 2.0", 0 },
		{ "lib < 2", "lib", "< 2.0", 0 },
		{ "lib > 1.2.3", "lib", ">= 1.2.4", 0 },
		{ "lib > 1.2.65535", "lib", ">= 1.3", 0 },
		{ "lib <= 3", "lib", "<= 3.0", 0 },
		{ "lib < 1.2.3", "lib", "<= 1.2.2", 0 },
		{ "lib < 1.3", "lib", "< 1.3", 0 },
		{ "lib = 1.2.3", "lib", "= 1.2.3", 0 },
		{ "lib \t>=  1 , < 2 ", "lib", ">= 1.0, < 2.0", 0 },
		{ "?lib", "lib", "any version", HMOD_DEPENDENCY_OPTIONAL },
		{ "cap:block.v1", "block.v1", "any version", HMOD_DEPENDENCY_CAPABILITY },
		{ "?cap:net >= 2", "net", ">= 2.0",
		  HMOD_DEPENDENCY_OPTIONAL | HMOD_DEPENDENCY_CAPABILITY },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct hmod_dependency d;
		char range[HMOD_CONSTRAINT_TEXT];
		const char *wrong = hmod_dependency_parse(rows[i].text, strlen(rows[i].text), &d);

		ck_assert_msg(!wrong, "'%s' %s", rows[i].text, wrong);
		hmod_constraint_text(d.least, d.most, range, sizeof range);
		ck_assert_str_eq(d.name, rows[i].name);
		ck_assert_str_eq(range, rows[i].range);
		ck_assert_uint_eq(d.flags, rows[i].flags);
	}
}
END_TEST

START_TEST(wrong_dependencies_are_told_what_is_wrong)
{
#define A16 "aaaaaaaaaaaaaaaa"
	static const struct {
		const char *text, *wrong;
	} rows[] = {
		{ "", "has no name" },
		{ "?", "has no name" },
		{ "cap:", "has no name" },
		{ ">= 1", "has no name" },
		{ A16 A16 A16 A16, "has a name longer than 63 bytes" },
		{ "a.b", "has something else than >=, >, <=, < or = behind the name" },
		{ "a b", "has something else than >=, >, <=, < or = behind the name" },
		{ "a 1.0", "has something else than >=, >, <=, < or = behind the name" },
		{ "a == 1", "has no version (1, 1.2 or 1.2.3) behind the comparison" },
		{ "a >=", "has no version (1, 1.2 or 1.2.3) behind the comparison" },
		{ "a >= 1.70000", "has no version (1, 1.2 or 1.2.3) behind the comparison" },
		{ "a >= 1.2.3.4", "has something behind the version" },
		{ "a >= 1 < 2", "has something behind the version" },
		{ "a >= 1,", "has something else than >=, >, <=, < or = behind the name" },
		{ "a < 0", "accepts no version" },
		{ "a > 65535.65535.65535", "accepts no version" },
		{ "a >= 2, < 2", "accepts no version" },
		{ "a = 1, = 2", "accepts no version" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct hmod_dependency d;
		const char *wrong = hmod_dependency_parse(rows[i].text, strlen(rows[i].text), &d);

		ck_assert_msg(wrong && !strcmp(wrong, rows[i].wrong), "'%s' %s", rows[i].text,
			      wrong ? wrong : "is accepted");
	}
}
END_TEST

START_TEST(a_range_accepts_its_ends)
{
	struct hmod_dependency d;

	ck_assert_ptr_null(hmod_dependency_parse("a >= 1.1, < 2", 13, &d));
	ck_assert(!hmod_dependency_accepts(&d, V(1, 0, 65535)));
	ck_assert(hmod_dependency_accepts(&d, V(1, 1, 0)));
	ck_assert(hmod_dependency_accepts(&d, V(1, 65535, 65535)));
	ck_assert(!hmod_dependency_accepts(&d, V(2, 0, 0)));
}
END_TEST

START_TEST(names_are_normalised_or_refused)
{
	char out[HELIX_NAME_MAX + 1];

	ck_assert_ptr_null(hmod_name_normalise("a-B_9", 5, false, out));
	ck_assert_str_eq(out, "a_B_9");
	ck_assert_ptr_null(hmod_name_normalise("helix.net", 9, true, out));
	ck_assert_str_eq(out, "helix.net");
	ck_assert_str_eq(hmod_name_normalise("helix.net", 9, false, out),
			 "has a byte that is no letter, digit, - or _");
	ck_assert_str_eq(hmod_name_normalise("", 0, false, out), "is empty");
	ck_assert_ptr_null(hmod_name_normalise(A16 A16 A16 A16, 63, false, out));
	ck_assert_str_eq(hmod_name_normalise(A16 A16 A16 A16, 64, false, out),
			 "is longer than 63 bytes");
}
END_TEST

/* doc/HMOD.md gives the same vectors. */
START_TEST(the_name_hash_is_that_of_the_specification)
{
	static const struct {
		const char *name;
		uint64_t hash;
	} rows[] = {
		{ "", UINT64_C(0x9e3779bd8ef1b1de) },
		{ "a", UINT64_C(0xe469b0e350562fe8) },
		{ "hello", UINT64_C(0x49b8bb7c54b95766) },
		{ "chain_a", UINT64_C(0xed1d8cc6eac8832e) },
		{ "12345678", UINT64_C(0x6943be14cd6b11ef) },
		{ "helix_execution", UINT64_C(0x540a2d6435780d20) },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		ck_assert_msg(hmod_name_hash(rows[i].name, strlen(rows[i].name)) == rows[i].hash,
			      "%s: 0x%016lx", rows[i].name,
			      (unsigned long)hmod_name_hash(rows[i].name, strlen(rows[i].name)));
}
END_TEST

RUN_TESTS("version", versions_have_one_to_three_parts_of_sixteen_bits,
	  versions_are_written_with_three_parts, dependencies_read_as_ranges,
	  wrong_dependencies_are_told_what_is_wrong, a_range_accepts_its_ends,
	  names_are_normalised_or_refused, the_name_hash_is_that_of_the_specification)
