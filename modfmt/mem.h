/* SPDX-License-Identifier: MIT
 *
 * The four C functions that freestanding code may rely on; whoever embeds it
 * brings them.
 */
#ifndef MODFMT_MEM_H
#define MODFMT_MEM_H

#include <stddef.h>

void *memcpy(void *destination, const void *source, size_t size);
void *memmove(void *destination, const void *source, size_t size);
void *memset(void *block, int byte, size_t size);
int memcmp(const void *a, const void *b, size_t size);

#endif
