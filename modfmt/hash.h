/* SPDX-License-Identifier: MIT
 *
 * Names by the word: their length and their hash, inlined where a load spends its
 * time.
 */
#ifndef MODFMT_HASH_H
#define MODFMT_HASH_H

#include <stdint.h>

#include "modfmt/mem.h"

static inline uint64_t hmod_name_mix(uint64_t hash, uint64_t word)
{
	hash = (hash ^ word) * UINT64_C(0xd6e8feb86659fd93);
	return hash ^ hash >> 32;
}

/* The unkeyed 64-bit hash of a name, the same in files, kernel and tools
 * (doc/HMOD.md gives the function and test vectors). */
static inline uint64_t hmod_name_hash(const char *name, size_t length)
{
	uint64_t hash = UINT64_C(0x9e3779b97f4a7c15) ^ length, word = 0;
	const char *end = name + length;
	const size_t rest = length % 8;

	for (; (size_t)(end - name) >= 8; name += 8) {
		memcpy(&word, name, 8);
		hash = hmod_name_mix(hash, word);
	}
	if (rest && length > 8) { /* the last eight bytes, without those that were used */
		memcpy(&word, end - 8, 8);
		hash = hmod_name_mix(hash, word >> 8 * (8 - rest));
	} else if (rest) {
		for (word = 0; end > name; end--)
			word = word << 8 | (uint8_t)end[-1];
		hash = hmod_name_mix(hash, word);
	}
	return hash ^ hash >> 29;
}

/* The length of a NUL-terminated name; bytes up to `end` may be read, behind its
 * NUL too. */
static inline size_t hmod_name_length(const char *name, const uint8_t *end)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	const uint8_t *at = (const uint8_t *)name;
	uint64_t word;

	for (; end - at >= 8; at += 8) {
		memcpy(&word, at, 8);
		word = (word - ones) & ~word & ones << 7;
		if (word)
			return (size_t)(at - (const uint8_t *)name) +
			       (unsigned)__builtin_ctzll(word) / 8;
	}
	while (*at)
		at++;
	return (size_t)(at - (const uint8_t *)name);
}

#endif
