/* SPDX-License-Identifier: MIT
 *
 * A PS/2 keyboard with the US layout, seen as a terminal's keyboard: arrows,
 * home, end and delete send escape sequences.
 */
#ifndef KERNEL_ARCH_X86_64_KEYBOARD_H
#define KERNEL_ARCH_X86_64_KEYBOARD_H

#include <stdbool.h>
#include <stdint.h>

#define KEYBOARD_IRQ 1

/* Sets the controller up to interrupt; false when there is none. */
bool keyboard_init(void);
/* Takes what the controller has and emits the bytes it stands for. Called by
 * the interrupt's handler. */
void keyboard_take(void (*emit)(uint8_t byte));

#endif
