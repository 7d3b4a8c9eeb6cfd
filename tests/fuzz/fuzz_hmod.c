/* SPDX-License-Identifier: MIT
 *
 * The target of libFuzzer and AFL++. For libFuzzer its mutator knows where an object keeps its header,
 * section headers, symbols, relocations and records, and puts values there that
 * are worth trying; every fourth time the bytes are left to libFuzzer.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz/attempt.h"
#include "modfmt/image.h"

#define MEMORY_EMPTY (UINT64_C(64) << 10) /* of a system without modules, at most */

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct attempt attempt;

	attempt_open(&attempt);
	attempt_load(&attempt, bytes, size);
	if (attempt.peak > 4 * (size + attempt.placed) + MEMORY_EMPTY)
		abort();
	return 0;
}

#ifndef __AFL_COMPILER /* which has mutators of its own */
/* ---- the mutator ----------------------------------------------------------------------- */

size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t size, size_t most, unsigned seed);
size_t LLVMFuzzerMutate(uint8_t *bytes, size_t size, size_t most);

static uint64_t state;

static uint64_t random_below(uint64_t limit)
{
	state ^= state << 13, state ^= state >> 7, state ^= state << 17;
	return limit ? state % limit : 0;
}

/* A value of `width` bytes near a limit, near what was there, or any. */
static uint64_t worth_trying(uint64_t old, uint64_t file_size)
{
	static const uint64_t limits[] = { 0,	       1,	   7,	       8,
					   24,	       64,	   0xff,       0xfff1,
					   0xfff2,     0xffff,	   0xff00,     0x7fffffff,
					   0x80000000, 0xffffffff, 1ull << 63, ~0ull };

	switch (random_below(5)) {
	case 0: return limits[random_below(sizeof limits / sizeof limits[0])];
	case 1: return old + random_below(17) - 8;
	case 2: return file_size - random_below(65);
	case 3: return random_below(64);
	default: return random_below(~0ull);
	}
}

static void change(uint8_t *bytes, size_t size, uint64_t at, unsigned width)
{
	uint64_t value = 0;

	if (at > size || width > size - at)
		return;
	memcpy(&value, bytes + at, width);
	value = worth_trying(value, size);
	memcpy(bytes + at, &value, width);
}

/* A field of one of `count` entries of a table. */
static void change_entry(uint8_t *bytes, size_t size, uint64_t table, uint64_t count,
			 const uint8_t *widths)
{
	uint64_t entry = 0, at = 0;
	unsigned fields = 0, field;

	while (widths[fields])
		entry += widths[fields++];
	field = (unsigned)random_below(fields);
	for (unsigned i = 0; i < field; i++)
		at += widths[i];
	change(bytes, size, table + random_below(count) * entry + at, widths[field]);
}

static const uint8_t header[] = { 4, 1, 1, 1, 1, 8, 2, 2, 4, 8, 8, 8, 4, 2, 2, 2, 2, 2, 2, 0 };
static const uint8_t section[] = { 4, 4, 8, 8, 8, 8, 4, 4, 8, 8, 0 };
static const uint8_t symbol[] = { 4, 1, 1, 2, 8, 8, 0 };
static const uint8_t rela[] = { 8, 4, 4, 8, 0 };
static const uint8_t words[] = { 8, 0 };

/* A random section's contents, by its type. */
static void change_contents(uint8_t *bytes, size_t size, const struct elf64_section *s)
{
	if (s->type == ELF_SHT_SYMTAB)
		change_entry(bytes, size, s->offset, s->size / 24, symbol);
	else if (s->type == ELF_SHT_RELA)
		change_entry(bytes, size, s->offset, s->size / 24, rela);
	else if (s->type != ELF_SHT_NOBITS)
		change_entry(bytes, size, s->offset, s->size / 8, words);
}

static void change_structure(uint8_t *bytes, size_t size)
{
	struct hmod_image image;
	uint64_t table;

	if (hmod_image_open(&image, bytes, size, NULL)) {
		change_entry(bytes, size, 0, 1, header);
		return;
	}
	table = (uint64_t)((const uint8_t *)image.sections - bytes);
	switch (random_below(8)) {
	case 0: change_entry(bytes, size, 0, 1, header); break;
	case 1:
	case 2: change_entry(bytes, size, table, image.section_count, section); break;
	default:
		change_contents(bytes, size, &image.sections[random_below(image.section_count)]);
	}
}

size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t size, size_t most, unsigned seed)
{
	state = seed * 0x9e3779b97f4a7c15ull + 1;
	if (size < 64 || !random_below(4))
		return LLVMFuzzerMutate(bytes, size, most);
	for (uint64_t i = random_below(3) + 1; i > 0; i--)
		change_structure(bytes, size);
	return size;
}
#endif
