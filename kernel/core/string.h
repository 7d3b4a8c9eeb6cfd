/* SPDX-License-Identifier: MIT
 *
 * The C functions on bytes and strings that the kernel has, as the C standard
 * has them. Any context.
 */
#ifndef KERNEL_CORE_STRING_H
#define KERNEL_CORE_STRING_H

#include "modfmt/mem.h"

size_t strlen(const char *text);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t most);
char *strchr(const char *text, int byte);

#endif
