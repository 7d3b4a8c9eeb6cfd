/* SPDX-License-Identifier: MIT
 *
 * The screen as a terminal: EGA text or a linear RGB framebuffer, as the boot
 * loader left it. Understands \r \n \b \t and the escapes of the line editor:
 * ESC [ n C, n D, n K, H (row;column), n J; others are swallowed.
 */
#ifndef KERNEL_ARCH_X86_64_SCREEN_H
#define KERNEL_ARCH_X86_64_SCREEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Maps boot_info.framebuffer and clears it; false when there is none that can
 * be used. Needs the vmm. */
bool screen_init(void);
/* Interrupts off, after screen_init succeeded. */
void screen_write(const char *text, size_t length);

/* ASCII 32 to 126, five columns (bit 4 is the left one) by eight rows, of which
 * the last is below the line. */
#define FONT_FIRST 32
#define FONT_LAST  126
extern const uint8_t font_glyphs[FONT_LAST - FONT_FIRST + 1][8];

#endif
