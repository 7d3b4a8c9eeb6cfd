/* SPDX-License-Identifier: MIT
 *
 * The newc reader: rows of good archives with what they hold, rows of damaged
 * ones with the rendered message, and one archive cut at every byte. Each is
 * read from a heap block of exactly its size.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "initrd/archive.h"

#define ROOM 4096

struct image {
	uint8_t data[ROOM];
	size_t size;
};

static void put(struct image *image, const void *bytes, size_t size)
{
	ck_assert_uint_le(image->size + size, ROOM);
	if (size)
		memcpy(image->data + image->size, bytes, size);
	image->size += size;
}

static void zeroes(struct image *image, size_t size)
{
	ck_assert_uint_le(image->size + size, ROOM);
	memset(image->data + image->size, 0, size);
	image->size += size;
}

static void entry(struct image *image, const char *path, uint32_t mode, const char *data)
{
	size_t name = strlen(path) + 1, start = image->size;
	char header[ARCHIVE_HEADER_SIZE];

	archive_header_write(header, 1, mode, 1, 7, (uint32_t)strlen(data), (uint32_t)name);
	put(image, header, sizeof header);
	put(image, path, name);
	zeroes(image, (0 - (image->size - start)) & 3);
	put(image, data, strlen(data));
	zeroes(image, (0 - (image->size - start)) & 3);
}

static void trailer(struct image *image)
{
	entry(image, "TRAILER!!!", 0, "");
}

/* A folder, a file of five bytes, the trailer. */
static void small(struct image *image)
{
	entry(image, "etc", 0040755, "");
	entry(image, "etc/motd", 0100644, "hello");
	trailer(image);
}
#define SECOND_ENTRY 116 /* bytes of the first: header, "etc" and its padding */

/* Reads all; what there is goes to `text` as `archive:path=data;`, then the
 * message of a refusal. */
static enum helix_status read_image(const struct image *image, char *text, size_t room)
{
	uint8_t *exact = malloc(image->size + !image->size);
	struct archive_reader reader = { .bytes = { exact, image->size } };
	struct archive_entry e;
	struct hmod_diag diag;
	enum helix_status status;
	size_t n = 0;

	ck_assert_ptr_nonnull(exact);
	memcpy(exact, image->data, image->size);
	text[0] = '\0';
	while (!(status = archive_next(&reader, &e, &diag))) {
		ck_assert_uint_eq(strlen(e.path), e.path_length);
		ck_assert_uint_lt(e.offset, image->size);
		n += (size_t)snprintf(text + n, room - n, "%u:%s%s%.*s;", e.archive, e.path,
				      e.type == ARCHIVE_DIRECTORY ? "/" :
				      e.type == ARCHIVE_FILE	  ? "=" : "?",
				      (int)e.data.size, (const char *)e.data.data);
		ck_assert_uint_lt(n, room);
	}
	if (status != HELIX_E_NOT_FOUND) {
		hmod_diag_text(&diag, text + n, room - n);
		ck_assert_int_eq(diag.status, status);
		ck_assert_int_eq(archive_next(&reader, &e, NULL), status);
	}
	free(exact);
	return status;
}

/* ---- accepted ------------------------------------------------------------------ */

static void make_padded(struct image *i)
{
	small(i);
	zeroes(i, 512 - i->size % 512);
}

static void make_two(struct image *i)
{
	small(i);
	zeroes(i, 3); /* the second one's headers are not aligned */
	small(i);
}

static void make_three_touching(struct image *i)
{
	for (unsigned n = 0; n < 3; n++) {
		entry(i, "a", 0100644, "xyz");
		trailer(i);
	}
}

static void make_leading(struct image *i)
{
	entry(i, "./a", 0100644, "1");
	entry(i, "/b", 0100644, "2");
	entry(i, ".", 0040755, "");
	entry(i, ".hidden", 0100644, "3");
	entry(i, "././/c", 0100644, "4");
	trailer(i);
}

static void make_others(struct image *i)
{
	entry(i, "link", 0120777, "to");
	entry(i, "device", 0020600, "");
	trailer(i);
}

static void make_nothing(struct image *i)
{
	(void)i;
}

static void make_trailer(struct image *i)
{
	trailer(i);
}

static void make_padding_first(struct image *i)
{
	zeroes(i, 8);
	small(i);
}

static void make_capitals(struct image *i)
{
	small(i);
	memcpy(i->data + 6, "000ABCDE", 8);
}

static void make_longest(struct image *i)
{
	char path[ARCHIVE_PATH_MAX + 1];

	memset(path, 'p', ARCHIVE_PATH_MAX);
	path[ARCHIVE_PATH_MAX] = '\0';
	entry(i, path, 0040755, "");
	trailer(i);
}

#define SMALL "0:etc/;0:etc/motd=hello;"

static const struct {
	const char *claim;
	void (*make)(struct image *image);
	const char *wanted; /* NULL: not compared */
} good[] = {
	{ "a folder and a file", small, SMALL },
	{ "padding behind the trailer", make_padded, SMALL },
	{ "two archives with odd padding between", make_two, SMALL "1:etc/;1:etc/motd=hello;" },
	{ "three archives without padding", make_three_touching, "0:a=xyz;1:a=xyz;2:a=xyz;" },
	{ "leading ./ and / are skipped", make_leading, "0:a=1;0:b=2;0:./;0:.hidden=3;0:c=4;" },
	{ "links and devices are neither file nor folder", make_others, "0:link?to;0:device?;" },
	{ "no bytes hold no entry", make_nothing, "" },
	{ "a trailer alone", make_trailer, "" },
	{ "padding before the first header", make_padding_first, SMALL },
	{ "capital hexadecimal digits", make_capitals, SMALL },
	{ "a path of 1023 bytes", make_longest, NULL },
};

START_TEST(accepts)
{
	struct image image = { .size = 0 };
	char text[2048];

	good[_i].make(&image);
	ck_assert_msg(read_image(&image, text, sizeof text) == HELIX_E_NOT_FOUND, "%s: %s",
		      good[_i].claim, text);
	ck_assert_msg(!good[_i].wanted || !strcmp(text, good[_i].wanted), "%s: %s", good[_i].claim,
		      text);
}
END_TEST

/* ---- refused --------------------------------------------------------------------- */

static void wrong_magic(struct image *i)
{
	memcpy(i->data + SECOND_ENTRY, "070702", 6); /* the form with checksums */
}

static void old_magic(struct image *i)
{
	memcpy(i->data, "070707", 6);
}

static void text(struct image *i)
{
	i->size = 0;
	put(i, "#!/bin/sh\n", 10);
}

/* Field `n` of the second entry becomes `digits`. */
static void set(struct image *i, unsigned n, const char *digits)
{
	memcpy(i->data + SECOND_ENTRY + 6 + 8 * n, digits, 8);
}

static void bad_inode(struct image *i)
{
	set(i, 0, "0000000g");
}

static void blank_mode(struct image *i)
{
	set(i, 1, " 100644\n");
}

static void bad_size(struct image *i)
{
	set(i, 6, "0x000005");
}

static void minus_name(struct image *i)
{
	set(i, 11, "-0000001");
}

static void bad_checksum(struct image *i)
{
	set(i, 12, "????????");
}

static void size_wraps(struct image *i)
{
	set(i, 6, "ffffffff");
}

static void size_one_more(struct image *i)
{
	i->size = SECOND_ENTRY + 120 + 8;
	set(i, 6, "00000009");
}

static void name_wraps(struct image *i)
{
	set(i, 11, "fffffffe");
}

static void name_empty(struct image *i)
{
	set(i, 11, "00000000");
}

static void name_not_ended(struct image *i)
{
	set(i, 11, "00000008");
}

static void name_too_far(struct image *i)
{
	set(i, 11, "0000000c"); /* takes the first bytes of the data in */
}

static void name_cut_inside(struct image *i)
{
	i->data[SECOND_ENTRY + ARCHIVE_HEADER_SIZE + 3] = '\0';
}

static void name_too_long(struct image *i)
{
	char path[ARCHIVE_PATH_MAX + 2];

	memset(path, 'p', ARCHIVE_PATH_MAX + 1);
	path[ARCHIVE_PATH_MAX + 1] = '\0';
	i->size = 0;
	entry(i, path, 0040755, "");
	trailer(i);
}

static void no_trailer(struct image *i)
{
	i->size = 0;
	entry(i, "a", 0100644, "b");
}

static void zeroes_only(struct image *i)
{
	i->size = 0;
	zeroes(i, 512);
}

static void text_behind(struct image *i)
{
	zeroes(i, 4);
	put(i, "more", 4);
}

static void second_cut(struct image *i)
{
	size_t end = i->size;

	small(i);
	i->size = end + 60;
}

static void padding_inside(struct image *i)
{
	i->size = SECOND_ENTRY;
	zeroes(i, 4);
	trailer(i);
}

static const struct {
	const char *claim;
	void (*spoil)(struct image *image);
	enum helix_status status;
	const char *wanted; /* the end of what is read: the message */
} bad[] = {
	{ "another magic", wrong_magic, HELIX_E_ARCHIVE_MAGIC,
	  "0:etc/;archive entry 1 at 0x74 does not begin with 070701; "
	  "make it with hmod pack or cpio -H newc" },
	{ "the old character format", old_magic, HELIX_E_ARCHIVE_MAGIC,
	  "archive entry 0 at 0x0 does not begin with 070701; "
	  "make it with hmod pack or cpio -H newc" },
	{ "text, shorter than a header", text, HELIX_E_ARCHIVE_MAGIC,
	  "archive entry 0 at 0x0 does not begin with 070701; "
	  "make it with hmod pack or cpio -H newc" },
	{ "a letter in a number", bad_inode, HELIX_E_ARCHIVE_NUMBER,
	  "0:etc/;archive entry 1 at 0x74: the inode is not a hexadecimal number" },
	{ "blanks in a number", blank_mode, HELIX_E_ARCHIVE_NUMBER,
	  "0:etc/;archive entry 1 at 0x74: the mode is not a hexadecimal number" },
	{ "0x in a number", bad_size, HELIX_E_ARCHIVE_NUMBER,
	  "0:etc/;archive entry 1 at 0x74: the size is not a hexadecimal number" },
	{ "a sign in a number", minus_name, HELIX_E_ARCHIVE_NUMBER,
	  "0:etc/;archive entry 1 at 0x74: the name's size is not a hexadecimal number" },
	{ "a field that is not used", bad_checksum, HELIX_E_ARCHIVE_NUMBER,
	  "0:etc/;archive entry 1 at 0x74: the checksum is not a hexadecimal number" },
	{ "a size that wraps when it is rounded", size_wraps, HELIX_E_ARCHIVE_RANGE,
	  "0:etc/;archive entry 1 at 0x74: etc/motd ends past the archive's 368 bytes; "
	  "copy or make it again" },
	{ "a size one byte too large", size_one_more, HELIX_E_ARCHIVE_RANGE,
	  "0:etc/;archive entry 1 at 0x74: etc/motd ends past the archive's 244 bytes; "
	  "copy or make it again" },
	{ "a name's size that wraps", name_wraps, HELIX_E_ARCHIVE_RANGE,
	  "0:etc/;archive entry 1 at 0x74: the name ends past the archive's 368 bytes; "
	  "copy or make it again" },
	{ "an empty name", name_empty, HELIX_E_ARCHIVE_NAME,
	  "0:etc/;archive entry 1 at 0x74: the name does not end with a NUL" },
	{ "a name without its NUL", name_not_ended, HELIX_E_ARCHIVE_NAME,
	  "0:etc/;archive entry 1 at 0x74: the name does not end with a NUL" },
	{ "a name that reaches into the data", name_too_far, HELIX_E_ARCHIVE_NAME,
	  "0:etc/;archive entry 1 at 0x74: the name does not end with a NUL" },
	{ "a NUL inside a name", name_cut_inside, HELIX_E_ARCHIVE_NAME,
	  "0:etc/;archive entry 1 at 0x74: the name has a NUL inside" },
	{ "a path of 1024 bytes", name_too_long, HELIX_E_ARCHIVE_NAME,
	  "archive entry 0 at 0x0: the name is longer than 1023 bytes" },
	{ "no trailer", no_trailer, HELIX_E_ARCHIVE_END,
	  "0:a=b;the archive ends at 0x74 without a trailer; copy or make it again" },
	{ "zeroes alone", zeroes_only, HELIX_E_ARCHIVE_END,
	  "the archive ends at 0x200 without a trailer; copy or make it again" },
	{ "text behind the trailer", text_behind, HELIX_E_ARCHIVE_MAGIC,
	  SMALL "archive entry 3 at 0x174 does not begin with 070701; "
		"make it with hmod pack or cpio -H newc" },
	{ "the second archive cut in its header", second_cut, HELIX_E_ARCHIVE_RANGE,
	  SMALL "archive entry 3 at 0x170: the header ends past the archive's 428 bytes; "
		"copy or make it again" },
	{ "padding where no trailer was", padding_inside, HELIX_E_ARCHIVE_MAGIC,
	  "0:etc/;archive entry 1 at 0x74 does not begin with 070701; "
	  "make it with hmod pack or cpio -H newc" },
};

START_TEST(refuses)
{
	struct image image = { .size = 0 };
	char read[2048];

	small(&image);
	bad[_i].spoil(&image);
	ck_assert_msg(read_image(&image, read, sizeof read) == bad[_i].status, "%s: %s",
		      bad[_i].claim, read);
	ck_assert_msg(!strcmp(read, bad[_i].wanted), "%s: %s", bad[_i].claim, read);
}
END_TEST

/* Nothing but the whole is taken; what stands before the cut is still read. */
START_TEST(cut_at_every_byte)
{
	struct image image = { .size = 0 };
	char read[2048];
	size_t whole;
	bool taken;

	small(&image);
	whole = image.size;
	for (size_t n = 1; n < whole; n++) {
		image.size = n;
		taken = read_image(&image, read, sizeof read) == HELIX_E_NOT_FOUND;
		/* its last three bytes are the trailer's padding, which nobody misses */
		ck_assert_msg(taken == (n >= whole - 3), "cut at %zu: %s", n, read);
		ck_assert(n < SECOND_ENTRY || !strncmp(read, "0:etc/;", 7));
	}
}
END_TEST

/* One byte changed to each of some values: read or refused, never beyond the
 * block (the sanitizer watches). */
START_TEST(any_byte_changed)
{
	static const uint8_t values[] = { 0, '/', '0', '9', 'F', 'f', 0x7f, 0xff };
	char read[8192];

	for (size_t n = 0; n < 368; n++) {
		for (unsigned v = 0; v < sizeof values; v++) {
			struct image image = { .size = 0 };

			small(&image);
			ck_assert_uint_eq(image.size, 368);
			image.data[n] = values[v];
			read_image(&image, read, sizeof read);
		}
	}
}
END_TEST

START_TEST(header_as_cpio_writes_it)
{
	char header[ARCHIVE_HEADER_SIZE + 1] = { 0 };

	archive_header_write(header, 0xabc, 0100644, 1, 0x5f000000, 0x1234, 9);
	ck_assert_str_eq(header, "070701" "00000abc" "000081a4" "00000000" "00000000" "00000001"
				 "5f000000" "00001234" "00000000" "00000000" "00000000" "00000000"
				 "00000009" "00000000");
}
END_TEST

START_TEST(fields_are_read_back)
{
	struct image image = { .size = 0 };
	struct archive_reader reader = { .offset = 0 };
	struct archive_entry e;

	small(&image);
	reader.bytes = (struct hmod_span){ image.data, image.size };
	ck_assert_int_eq(archive_next(&reader, &e, NULL), HELIX_OK);
	ck_assert_int_eq(archive_next(&reader, &e, NULL), HELIX_OK);
	ck_assert_uint_eq(e.mode, 0100644);
	ck_assert_uint_eq(e.mtime, 7);
	ck_assert_uint_eq(e.offset, SECOND_ENTRY);
	ck_assert_uint_eq(e.data.size, 5);
}
END_TEST

START_TEST(gzip_is_known_by_two_bytes)
{
	static const uint8_t magic[] = { 0x1f, 0x8b, 8 };

	ck_assert(archive_is_gzip((struct hmod_span){ magic, 2 }));
	ck_assert(!archive_is_gzip((struct hmod_span){ magic, 1 }));
	ck_assert(!archive_is_gzip((struct hmod_span){ NULL, 0 }));
	ck_assert(!archive_is_gzip((struct hmod_span){ magic + 1, 2 }));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("initrd/archive");
	TCase *tcase = tcase_create("reader and header writer");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, accepts, 0, sizeof good / sizeof good[0]);
	tcase_add_loop_test(tcase, refuses, 0, sizeof bad / sizeof bad[0]);
	tcase_add_test(tcase, cut_at_every_byte);
	tcase_add_test(tcase, any_byte_changed);
	tcase_add_test(tcase, header_as_cpio_writes_it);
	tcase_add_test(tcase, fields_are_read_back);
	tcase_add_test(tcase, gzip_is_known_by_two_bytes);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
