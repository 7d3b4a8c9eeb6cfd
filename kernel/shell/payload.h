/* SPDX-License-Identifier: MIT
 *
 * Bytes as they are typed and shown: text, or hexadecimal digits after 0x. Pure:
 * tested on the host.
 */
#ifndef KERNEL_SHELL_PAYLOAD_H
#define KERNEL_SHELL_PAYLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The bytes that `text` stands for, written over `bytes` (at least as long as the
 * text): how many in *size. NULL, or what is wrong with it as a phrase. */
const char *payload_parse(const char *text, uint8_t *bytes, size_t *size);

/* Whether bytes are shown as text: UTF-8 without control characters but newline
 * and tab. */
bool payload_is_text(const void *bytes, size_t size);

/* Prints them and a newline, if there is not one already; nothing when there are
 * none. A NUL that `size` does not count follows the bytes. */
void payload_print(const void *bytes, size_t size);

#endif
