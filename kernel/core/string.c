/* SPDX-License-Identifier: MIT
 *
 * Bytes and strings. Bulk goes by eight bytes (`rep movsq` costs one counted
 * instruction for eight bytes, `rep movsb` one for each). The empty asm keeps
 * the compiler from turning a loop back into a call of the function it is in.
 * Relies on the direction flag being clear, as the ABI has it.
 */
#include "kernel/core/string.h"

#include <stdint.h>

#include "kernel/core/kernel.h"

#define LOOP_STAYS() __asm__ volatile("" : : : "memory")

/* Eight bytes at any address, of any type. */
struct unaligned {
	uint64_t value;
} __attribute__((packed, may_alias));

void *memcpy(void *destination, const void *source, size_t size)
{
	void *to = destination;
	size_t count = size / 8;
	__asm__ volatile("rep movsq" : "+D"(to), "+S"(source), "+c"(count) : : "memory");
	count = size % 8;
	__asm__ volatile("rep movsb" : "+D"(to), "+S"(source), "+c"(count) : : "memory");
	return destination;
}

void *memmove(void *destination, const void *source, size_t size)
{
	uint8_t *to = destination;
	const uint8_t *from = source;
	if ((uintptr_t)to - (uintptr_t)from >= size)
		return memcpy(destination, source, size);
	while (size % 8) {
		LOOP_STAYS();
		size--;
		to[size] = from[size];
	}
	while (size) {
		LOOP_STAYS();
		size -= 8;
		uint64_t value = ((const struct unaligned *)(from + size))->value;
		((struct unaligned *)(to + size))->value = value;
	}
	return destination;
}

void *memset(void *block, int byte, size_t size)
{
	void *to = block;
	uint64_t pattern = (uint8_t)byte * UINT64_C(0x0101010101010101);
	size_t count = size / 8;
	__asm__ volatile("rep stosq" : "+D"(to), "+c"(count) : "a"(pattern) : "memory");
	count = size % 8;
	__asm__ volatile("rep stosb" : "+D"(to), "+c"(count) : "a"(pattern) : "memory");
	return block;
}

int memcmp(const void *a, const void *b, size_t size)
{
	const uint8_t *x = a, *y = b;
	for (; size >= 8; x += 8, y += 8, size -= 8)
		if (((const struct unaligned *)x)->value != ((const struct unaligned *)y)->value)
			break;
	for (; size; x++, y++, size--) {
		LOOP_STAYS();
		if (*x != *y)
			return *x - *y;
	}
	return 0;
}

size_t strlen(const char *text)
{
	size_t length = 0;
	for (; text[length]; length++)
		LOOP_STAYS();
	return length;
}

int strcmp(const char *a, const char *b)
{
	return strncmp(a, b, SIZE_MAX);
}

int strncmp(const char *a, const char *b, size_t most)
{
	for (; most; a++, b++, most--) {
		LOOP_STAYS();
		if (*a != *b || !*a)
			return (unsigned char)*a - (unsigned char)*b;
	}
	return 0;
}

char *strchr(const char *text, int byte)
{
	for (;; text++) {
		LOOP_STAYS();
		if (*text == (char)byte)
			return (char *)(uintptr_t)text;
		if (!*text)
			return NULL;
	}
}

KERNEL_EXPORT(memcpy);
KERNEL_EXPORT(memmove);
KERNEL_EXPORT(memset);
KERNEL_EXPORT(memcmp);
KERNEL_EXPORT(strlen);
