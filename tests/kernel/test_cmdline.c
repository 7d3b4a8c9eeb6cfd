/* SPDX-License-Identifier: MIT
 *
 * The kernel command line: what is found, and what module parameters it holds.
 */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "kernel/core/cmdline.c"

struct boot_info boot_info;

static const struct {
	const char *claim, *line, *key, *value; /* value NULL: absent */
} lookups[] = {
	{ "a value is found", "console=serial", "console", "serial" },
	{ "a value is found among others", "a=1 b=2 c=3", "b", "2" },
	{ "the last one wins", "a=1 b=2 a=3", "a", "3" },
	{ "a bare word is an empty value", "quiet a=1", "quiet", "" },
	{ "an empty value is empty", "a= b=2", "a", "" },
	{ "an empty line holds nothing", "", "a", NULL },
	{ "blanks alone hold nothing", " \t ", "a", NULL },
	{ "a prefix of a key is another key", "console=serial", "cons", NULL },
	{ "a longer key is another key", "cons=serial", "console", NULL },
	{ "a value is no key", "a=b", "b", NULL },
	{ "several blanks separate once", "  a=1 \t  b=2  ", "b", "2" },
	{ "a value may hold an equals sign", "a=b=c", "a", "b=c" },
	{ "quotes keep blanks", "a=\"two words\" b=2", "a", "two words" },
	{ "quotes may hold the whole word", "\"a=two words\" b=2", "a", "two words" },
	{ "what follows quotes is found", "a=\"two words\" b=2", "b", "2" },
	{ "a quote without its end reaches to the end", "b=2 a=\"one two", "a", "one two" },
	{ "a dotted key is found whole", "hello.greeting=hi", "hello.greeting", "hi" },
};

START_TEST(lookup)
{
	char value[64] = "untouched";
	boot_info.command_line = lookups[_i].line;
	bool found = cmdline_get(lookups[_i].key, value, sizeof(value));
	ck_assert_msg(found == (lookups[_i].value != NULL), "%s", lookups[_i].claim);
	ck_assert_msg(!strcmp(value, found ? lookups[_i].value : "untouched"), "%s: '%s'",
		      lookups[_i].claim, value);
}
END_TEST

START_TEST(a_value_that_does_not_fit_is_cut)
{
	char value[4] = "~~~";
	boot_info.command_line = "a=123456";
	ck_assert(cmdline_get("a", value, sizeof(value)));
	ck_assert_str_eq(value, "123");
	ck_assert(cmdline_get("a", NULL, 0));
}
END_TEST

START_TEST(a_word_of_any_length_is_read_without_harm)
{
	static char line[2000];
	char value[WORD_MAX];
	memset(line, 'x', sizeof(line) - 1);
	memcpy(line, "a=", 2);
	memcpy(line + sizeof(line) - 5, " b=2", 5);
	boot_info.command_line = line;
	ck_assert(cmdline_get("a", value, sizeof(value)));
	ck_assert_uint_eq(strlen(value), WORD_MAX - 3);
	ck_assert(cmdline_get("b", value, sizeof(value)));
	ck_assert_str_eq(value, "2");
}
END_TEST

static const struct {
	const char *claim, *line, *found; /* `module key value;` of each */
} params[] = {
	{ "a module's parameter", "hello.greeting=hi", "hello greeting hi;" },
	{ "all in order", "a.b=1 c.d=2 a.b=3", "a b 1;c d 2;a b 3;" },
	{ "words without a dot are not parameters", "console=serial quiet a.b=1", "a b 1;" },
	{ "words without a value are not parameters", "a.b c.d=1", "c d 1;" },
	{ "a dot in the value is not a parameter", "init=a.b version=1.2", "" },
	{ "a dot in the value of a parameter stays", "a.b=1.2.3", "a b 1.2.3;" },
	{ "an equals sign in the value stays", "a.b=c=d", "a b c=d;" },
	{ "the first dot divides", "a.b.c=1", "a b.c 1;" },
	{ "an empty value", "a.b=", "a b ;" },
	{ "no module's name", ".b=1", "" },
	{ "no parameter's name", "a.=1", "" },
	{ "a quoted value", "a.b=\"two words\"", "a b two words;" },
};

static void note(void *ctx, const char *module, const char *key, const char *value)
{
	char *found = ctx;
	sprintf(found + strlen(found), "%s %s %s;", module, key, value);
}

START_TEST(param)
{
	char found[256] = "";
	boot_info.command_line = params[_i].line;
	cmdline_each_param(note, found);
	ck_assert_msg(!strcmp(found, params[_i].found), "%s: '%s'", params[_i].claim, found);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("kernel/core/cmdline");
	TCase *rows = tcase_create("cmdline");
	tcase_add_loop_test(rows, lookup, 0, sizeof(lookups) / sizeof(lookups[0]));
	tcase_add_loop_test(rows, param, 0, sizeof(params) / sizeof(params[0]));
	tcase_add_test(rows, a_value_that_does_not_fit_is_cut);
	tcase_add_test(rows, a_word_of_any_length_is_read_without_harm);
	suite_add_tcase(suite, rows);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
