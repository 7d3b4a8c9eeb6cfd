/* SPDX-License-Identifier: MIT
 *
 * Payloads as they are typed and shown.
 */
#include <check.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "kernel/shell/payload.c"

static char shown[256];

void kputs(const char *text)
{
	strcat(shown, text);
}

void kprintf(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(shown + strlen(shown), sizeof shown - strlen(shown), format, arguments);
	va_end(arguments);
}

static const struct {
	const char *claim, *text, *bytes;
	size_t size;
	const char *wrong;
} typed[] = {
	{ "text is itself", "hello", "hello", 5, NULL },
	{ "nothing is nothing", "", "", 0, NULL },
	{ "hex after 0x is bytes", "0x0102ff", "\x01\x02\xff", 3, NULL },
	{ "digits of both cases", "0xaBCd", "\xab\xcd", 2, NULL },
	{ "0x alone is nothing", "0x", "", 0, NULL },
	{ "a NUL byte", "0x00", "\0", 1, NULL },
	{ "0 without x is text", "0102", "0102", 4, NULL },
	{ "x0 is text", "x01", "x01", 3, NULL },
	{ "0X is text", "0X01", "0X01", 4, NULL },
	{ "an odd digit", "0x123", NULL, 0, "has an odd number of hexadecimal digits" },
	{ "no digit", "0x12g4", NULL, 0, "is not hexadecimal after 0x" },
	{ "a sign", "0x-1", NULL, 0, "is not hexadecimal after 0x" },
};

START_TEST(parse)
{
	uint8_t bytes[64];
	size_t size;
	const char *wrong = payload_parse(typed[_i].text, bytes, &size);

	if (typed[_i].wrong) {
		ck_assert_msg(wrong && !strcmp(wrong, typed[_i].wrong), "%s: %s", typed[_i].claim,
			      wrong ? wrong : "accepted");
		return;
	}
	ck_assert_msg(!wrong && size == typed[_i].size && !memcmp(bytes, typed[_i].bytes, size),
		      "%s", typed[_i].claim);
}
END_TEST

static const struct {
	const char *claim, *bytes;
	size_t size;
	const char *shown;
} prints[] = {
	{ "text as text", "tasks: 3", 8, "tasks: 3\n" },
	{ "nothing as nothing", "", 0, "" },
	{ "its own newline is enough", "a\nb\n", 4, "a\nb\n" },
	{ "a tab is text", "a\tb", 3, "a\tb\n" },
	{ "UTF-8 is text", "\xc3\xa9 \xe2\x86\x92 \xf0\x9f\x8e\xb2", 11,
	  "\xc3\xa9 \xe2\x86\x92 \xf0\x9f\x8e\xb2\n" },
	{ "a NUL makes hex", "a\0b", 3, "0x610062\n" },
	{ "a control character makes hex", "\x1b[2J", 4, "0x1b5b324a\n" },
	{ "hex that ends like a newline gets one", "\x01\n", 2, "0x010a\n" },
	{ "DEL makes hex", "\x7f", 1, "0x7f\n" },
	{ "a lone continuation byte", "\x80", 1, "0x80\n" },
	{ "a cut sequence", "\xe2\x86", 2, "0xe286\n" },
	{ "an overlong form", "\xc0\xaf", 2, "0xc0af\n" },
	{ "a C1 control", "\xc2\x9b", 2, "0xc29b\n" },
	{ "a surrogate", "\xed\xa0\x80", 3, "0xeda080\n" },
	{ "past the last code point", "\xf4\x90\x80\x80", 4, "0xf4908080\n" },
	{ "a byte that begins nothing", "\xff", 1, "0xff\n" },
};

START_TEST(print)
{
	shown[0] = 0;
	payload_print(prints[_i].bytes, prints[_i].size);
	ck_assert_msg(!strcmp(shown, prints[_i].shown), "%s: %s", prints[_i].claim, shown);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("payload");
	TCase *cases = tcase_create("rows");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(cases, parse, 0, sizeof typed / sizeof typed[0]);
	tcase_add_loop_test(cases, print, 0, sizeof prints / sizeof prints[0]);
	suite_add_tcase(suite, cases);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
