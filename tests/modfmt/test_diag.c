/* SPDX-License-Identifier: MIT */
#include "modfmt/judge.h"

START_TEST(every_field_of_a_sentence_renders)
{
	static const struct {
		enum helix_status status;
		const char *text;
	} rows[] = {
		{ HELIX_E_VERSION_MISMATCH, "depends on OTHER, found NAME 0.0.7" },
		{ HELIX_E_ABI, "built for module ABI 0.0.8, which is OTHER: the kernel has 0.0.7; "
			       "build it again with this kernel's headers" },
		{ HELIX_E_CIRCULAR, "dependency cycle: a -> b" },
		{ HELIX_E_INIT, "NAME failed with status 7OTHER" },
		{ HELIX_E_UNKNOWN_SYMBOL, "7 unknown symbols: a -> b" },
		{ HELIX_E_DUPLICATE_EXPORT,
		  "symbol NAME is already exported by OTHER, MODULE exports it again; "
		  "rename one of the two" },
		{ HELIX_E_SYMBOL_VALUE,
		  "symbol 3 (NAME): value 0x7 is past the end of section 5 (.text)" },
		{ HELIX_E_RELOC_TYPE,
		  "relocation 3 of section 5 (.text): type 7 (NAME) is not supported; OTHER" },
	};
	char list[] = "a -> b";

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct hmod_diag d;

		hmod_fail(&d, rows[i].status, HMOD_STAGE_RESOLVE, HMOD_NOWHERE);
		hmod_diag_name(&d, "NAME", SIZE_MAX);
		hmod_diag_other(&d, "OTHER", SIZE_MAX);
		hmod_diag_module(&d, "MODULE");
		hmod_diag_section(&d, 5, ".text", SIZE_MAX);
		hmod_diag_numbers(&d, 8, 7);
		d.index = 3;
		d.list = list;
		ck_assert_str_eq(sentence(&d), rows[i].text);
	}
}
END_TEST

START_TEST(one_symbol_is_no_plural_and_a_negative_status_has_its_sign)
{
	struct hmod_diag d;
	char list[] = "foo";

	hmod_fail(&d, HELIX_E_UNKNOWN_SYMBOL, HMOD_STAGE_RESOLVE, HMOD_NOWHERE);
	hmod_diag_numbers(&d, 0, 1);
	d.list = list;
	ck_assert_str_eq(sentence(&d), "1 unknown symbol: foo");
	hmod_fail(&d, HELIX_E_INIT, HMOD_STAGE_INIT, HMOD_NOWHERE);
	hmod_diag_numbers(&d, 0, (uint64_t)-14);
	hmod_diag_name(&d, "init", 4);
	ck_assert_str_eq(sentence(&d), "init failed with status -14");
}
END_TEST

START_TEST(the_place_is_told_only_when_there_is_one)
{
	struct hmod_diag d;

	hmod_fail(&d, HELIX_E_NOT_ELF, HMOD_STAGE_HEADER, 0);
	ck_assert_str_eq(sentence(&d),
			 "not an ELF object; make one with hmod cc [header, offset 0x0]");
	hmod_fail(&d, HELIX_E_NOT_ELF, HMOD_STAGE_HEADER, HMOD_NOWHERE);
	ck_assert_str_eq(sentence(&d), "not an ELF object; make one with hmod cc");
}
END_TEST

START_TEST(a_mend_that_says_nothing_is_left_out)
{
	struct hmod_diag d;

	hmod_fail(&d, HELIX_E_RELOC_TYPE, HMOD_STAGE_RELOCATIONS, HMOD_NOWHERE);
	hmod_diag_name(&d, "unknown", SIZE_MAX);
	ck_assert_str_eq(sentence(&d),
			 "relocation 0 of section 0: type 0 (unknown) is not supported");
}
END_TEST

START_TEST(long_and_unprintable_names_are_kept_as_far_as_they_go)
{
	char name[300];
	struct hmod_diag d;

	memset(name, 'x', sizeof name);
	memcpy(name, "a\033[2J\n", 6);
	hmod_fail(&d, HELIX_E_NOT_FOUND, HMOD_STAGE_NONE, HMOD_NOWHERE);
	hmod_diag_name(&d, name, sizeof name);
	ck_assert_uint_eq(strlen(d.name), HMOD_DIAG_TEXT - 1);
	ck_assert(!strncmp(d.name, "a?[2J?xx", 8));
	hmod_diag_name(&d, name, 1);
	ck_assert_str_eq(d.name, "a");
	hmod_diag_name(&d, NULL, 5);
	ck_assert_str_eq(d.name, "");
}
END_TEST

START_TEST(a_short_buffer_gets_what_fits_and_the_whole_length)
{
	struct hmod_diag d;
	char text[8] = "unchang";

	hmod_fail(&d, HELIX_E_NOT_ELF, HMOD_STAGE_HEADER, HMOD_NOWHERE);
	ck_assert_uint_eq(hmod_diag_text(&d, text, 0), 40);
	ck_assert_str_eq(text, "unchang");
	ck_assert_uint_eq(hmod_diag_text(&d, text, 1), 40);
	ck_assert_str_eq(text, "");
	ck_assert_uint_eq(hmod_diag_text(&d, text, sizeof text), 40);
	ck_assert_str_eq(text, "not an ");
}
END_TEST

START_TEST(nobody_needs_a_diagnostic)
{
	ck_assert_int_eq(hmod_fail(NULL, HELIX_E_NOT_ELF, HMOD_STAGE_HEADER, 0), HELIX_E_NOT_ELF);
	hmod_diag_name(NULL, "x", 1);
	hmod_diag_other(NULL, "x", 1);
	hmod_diag_section(NULL, 1, "x", 1);
	hmod_diag_numbers(NULL, 1, 1);
}
END_TEST

/* Numbers and sentences of the list: no number and no sentence twice, and every
 * letter behind a percent sign is one that renders. */
START_TEST(the_list_of_statuses_is_sound)
{
	static const struct {
		int number;
		const char *name, *sentence, *mend;
	} rows[] = {
#define ROW(name, number, sentence, mend) { number, #name, sentence, mend },
		HELIX_STATUS_LIST(ROW)
#undef ROW
	};
	const size_t count = sizeof rows / sizeof rows[0];

	for (size_t i = 0; i < count; i++) {
		ck_assert_str_eq(hmod_status_name(rows[i].number), rows[i].name);
		ck_assert_msg(i == 0 ? rows[i].number == 0 : rows[i].number < 0, "%s", rows[i].name);
		for (size_t k = 0; k < i; k++) {
			ck_assert_int_ne(rows[i].number, rows[k].number);
			ck_assert_str_ne(rows[i].sentence, rows[k].sentence);
		}
		for (const char *p = rows[i].sentence; (p = strchr(p, '%')); p += 2)
			ck_assert_msg(p[1] && strchr("nomsiwfdWFvulp%", p[1]), "%s: %%%c",
				      rows[i].name, p[1]);
	}
	ck_assert_str_eq(hmod_status_name(-9999), "?");
	ck_assert_str_eq(hmod_stage_name(HMOD_STAGE_RELOCATE), "relocate");
	ck_assert_str_eq(hmod_stage_name(HMOD_STAGES), "?");
}
END_TEST

RUN_TESTS("diag", every_field_of_a_sentence_renders,
	  one_symbol_is_no_plural_and_a_negative_status_has_its_sign,
	  the_place_is_told_only_when_there_is_one, a_mend_that_says_nothing_is_left_out,
	  long_and_unprintable_names_are_kept_as_far_as_they_go,
	  a_short_buffer_gets_what_fits_and_the_whole_length, nobody_needs_a_diagnostic,
	  the_list_of_statuses_is_sound)
