/* SPDX-License-Identifier: MIT
 *
 * A 16550 serial port, 115200 8N1: output by polling, input by interrupt.
 * Callers keep two uses of one port apart.
 */
#ifndef KERNEL_ARCH_X86_64_SERIAL_H
#define KERNEL_ARCH_X86_64_SERIAL_H

#include <stdbool.h>
#include <stdint.h>

#define SERIAL_COM1     0x3f8
#define SERIAL_COM3     0x3e8 /* the exec port: firmware writes to COM1 and COM2 */
#define SERIAL_COM1_IRQ 4

struct serial {
	uint16_t port;
	bool present;
	unsigned room; /* bytes that the transmit FIFO still takes unasked */
};

/* Finds out whether there is a port; without one all else does nothing. */
void serial_init(struct serial *serial);
void serial_put(struct serial *serial, uint8_t byte);
/* Interrupts on received bytes from now on. */
void serial_receive(struct serial *serial);
/* The next received byte, or -1. Any context. */
int serial_take(struct serial *serial);

#endif
