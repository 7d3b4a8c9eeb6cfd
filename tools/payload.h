/* SPDX-License-Identifier: MIT
 *
 * Payloads on the command line, as the kernel's shell has them: text, or
 * hexadecimal after 0x; shown as text if all of it prints.
 */
#ifndef TOOLS_PAYLOAD_H
#define TOOLS_PAYLOAD_H

#include <stddef.h>
#include <stdint.h>

/* Fills `bytes` (as long as `text` at most) and *size. NULL, or what is wrong as
 * a phrase ("has an odd number …"). */
const char *payload_parse(const char *text, uint8_t *bytes, size_t *size);
/* One line on standard output, nothing when there are no bytes; `bytes` are
 * followed by a NUL. */
void payload_print(const void *bytes, size_t size);

#endif
