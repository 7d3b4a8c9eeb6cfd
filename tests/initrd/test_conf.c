/* SPDX-License-Identifier: MIT
 *
 * modules.conf: rows of text with the lines that are read from it. Each text
 * stands in a heap block of exactly its size.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "initrd/conf.h"

static size_t put_span(char *to, size_t room, const char *before, struct hmod_span span)
{
	return (size_t)snprintf(to, room, "%s<%.*s>", before, (int)span.size,
				span.data ? (const char *)span.data : "");
}

/* `number directive <name> pattern<…> key<…>value<…>`, or `number bad: why`. */
static size_t put_line(char *to, size_t room, const struct conf_line *line)
{
	static const char *const words[] = { "start", "options", "blacklist", "alias" };
	struct hmod_span settings = line->settings, key, value;
	const char *wrong = NULL;
	size_t n;

	if (line->directive == CONF_BAD)
		return (size_t)snprintf(to, room, "%u bad: %s\n", line->number, line->wrong);
	n = (size_t)snprintf(to, room, "%u %s ", line->number, words[line->directive]);
	n += put_span(to + n, room - n, "", line->name);
	if (line->directive == CONF_ALIAS)
		n += put_span(to + n, room - n, " for", line->pattern);
	while (conf_setting(&settings, &key, &value, &wrong)) {
		n += put_span(to + n, room - n, " ", key);
		n += put_span(to + n, room - n, "=", value);
	}
	ck_assert_ptr_null(wrong);
	return n + (size_t)snprintf(to + n, room - n, "\n");
}

static const struct {
	const char *claim, *text, *wanted;
} rows[] = {
	{ "nothing", "", "" },
	{ "blank lines and comments are skipped", "\n  \t\n# start a\n   # b\n", "" },
	{ "start", "start hello\n", "1 start <hello>\n" },
	{ "start with settings", "start hello a=1 b=two\n", "1 start <hello> <a>=<1> <b>=<two>\n" },
	{ "options", "options hello greeting=hi", "1 options <hello> <greeting>=<hi>\n" },
	{ "blacklist", "blacklist bad\n", "1 blacklist <bad>\n" },
	{ "alias", "alias pci:v1AF4* virtio\n", "1 alias <virtio> for<pci:v1AF4*>\n" },
	{ "lines keep their numbers", "\n#\nstart a\n\nstart b", "3 start <a>\n5 start <b>\n" },
	{ "a comment ends a line", "start a # b=c\n", "1 start <a>\n" },
	{ "blanks and a carriage return", "\t start\t a  b=c \r\n", "1 start <a> <b>=<c>\n" },
	{ "quotes keep blanks", "start a t=\"x y\" u=v\n", "1 start <a> <t>=<x y> <u>=<v>\n" },
	{ "quotes keep a number sign", "start a t=\"#1\" # b\n", "1 start <a> <t>=<#1>\n" },
	{ "empty values", "start a t= u=\"\"\n", "1 start <a> <t>=<> <u>=<>\n" },
	{ "an equals sign in a value", "start a t=b=c\n", "1 start <a> <t>=<b=c>\n" },
	{ "an unknown word", "begin a\n", "1 bad: unknown directive\n" },
	{ "a word that begins well", "started a\n", "1 bad: unknown directive\n" },
	{ "capitals", "START a\n", "1 bad: unknown directive\n" },
	{ "the lines around a bad one", "start a\nx\nstart b\n",
	  "1 start <a>\n2 bad: unknown directive\n3 start <b>\n" },
	{ "start of nothing", "start\n", "1 bad: a module's name is missing\n" },
	{ "options of nothing", "options # a\n", "1 bad: a module's name is missing\n" },
	{ "alias of nothing", "alias\n",
	  "1 bad: a pattern and a module's name are missing\n" },
	{ "alias to nothing", "alias x\n", "1 bad: a module's name is missing\n" },
	{ "a word behind a blacklisted name", "blacklist a b\n",
	  "1 bad: there is something behind the name\n" },
	{ "a word behind an alias", "alias a b c=d\n",
	  "1 bad: there is something behind the name\n" },
	{ "a setting without a value", "start a b\n",
	  "1 bad: a setting is not of the form key=value\n" },
	{ "a setting without a key", "options a =b\n",
	  "1 bad: a setting is not of the form key=value\n" },
	{ "a quote that is not closed", "start a b=\"c d\nstart e\n",
	  "1 bad: a quote is not closed\n2 start <e>\n" },
	{ "one quote as a value", "start a b=\"\n", "1 bad: a quote is not closed\n" },
	{ "quotes around a part", "start a b=c\"d e\"\n",
	  "1 bad: quotes do not stand around a whole value\n" },
	{ "quotes inside quotes", "start a b=\"c\"d\"e\"\n",
	  "1 bad: there is a quote inside the quotes\n" },
	{ "a name in quotes", "start \"a\"\n", "1 bad: a name is in quotes\n" },
	{ "a pattern in quotes", "alias \"a b\" c\n", "1 bad: a name is in quotes\n" },
};

START_TEST(lines)
{
	size_t size = strlen(rows[_i].text), n = 0;
	uint8_t *exact = malloc(size + !size);
	struct conf_reader reader = { .text = { exact, size } };
	struct conf_line line;
	char read[1024] = "";

	ck_assert_ptr_nonnull(exact);
	memcpy(exact, rows[_i].text, size);
	while (conf_next(&reader, &line))
		n += put_line(read + n, sizeof read - n, &line);
	ck_assert_msg(!strcmp(read, rows[_i].wanted), "%s:\n%s", rows[_i].claim, read);
	ck_assert(!conf_next(&reader, &line));
	free(exact);
}
END_TEST

START_TEST(the_word_at_fault_is_told)
{
	static const char text[] = "a=1 oops b=2";
	struct hmod_span settings = { (const uint8_t *)text, strlen(text) }, key, value;
	const char *wrong = NULL;

	ck_assert(conf_setting(&settings, &key, &value, &wrong));
	ck_assert(!conf_setting(&settings, &key, &value, &wrong));
	ck_assert_str_eq(wrong, "a setting is not of the form key=value");
	ck_assert_uint_eq(key.size, 4);
	ck_assert(!memcmp(key.data, "oops", 4));
}
END_TEST

/* Bytes of any value end, and no line is read beyond the text. */
START_TEST(any_bytes)
{
	static const char letters[] = "start alias\"\"#=\n\n \t\r\0\377";
	unsigned seed = 1;

	for (unsigned round = 0; round < 2000; round++) {
		size_t size = round % 61;
		uint8_t *exact = malloc(size + 1);
		struct conf_reader reader = { .text = { exact, size } };
		struct conf_line line;
		unsigned count = 0;

		ck_assert_ptr_nonnull(exact);
		for (size_t i = 0; i < size; i++) {
			seed = seed * 1103515245 + 12345;
			exact[i] = (uint8_t)letters[(seed >> 16) % (sizeof letters - 1)];
		}
		exact = realloc(exact, size + !size);
		reader.text.data = exact;
		while (conf_next(&reader, &line))
			count++;
		ck_assert_uint_le(count, size);
		free(exact);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("initrd/conf");
	TCase *tcase = tcase_create("lines and settings");
	SRunner *runner = srunner_create(suite);

	tcase_add_loop_test(tcase, lines, 0, sizeof rows / sizeof rows[0]);
	tcase_add_test(tcase, the_word_at_fault_is_told);
	tcase_add_test(tcase, any_bytes);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
