/* SPDX-License-Identifier: MIT
 *
 * 16550 (PC16550D data sheet, section 8).
 */
#include "kernel/arch/x86_64/serial.h"

#include "kernel/arch/x86_64/cpu.h"
#include "kernel/arch/x86_64/ports.h"

enum {
	DATA = 0, /* DLAB: divisor, low byte */
	INTERRUPT_ENABLE = 1, /* DLAB: divisor, high byte */
	FIFO_CONTROL = 2,
	LINE_CONTROL = 3,
	MODEM_CONTROL = 4,
	LINE_STATUS = 5,
	SCRATCH = 7,
};

#define LINE_8N1        0x03
#define LINE_DLAB       0x80
#define FIFO_ON_CLEARED 0x07
#define MODEM_DTR_RTS   0x03
#define MODEM_OUT2      0x08 /* lets its interrupt out */
#define STATUS_RECEIVED 0x01
#define STATUS_EMPTY    0x20 /* of the transmit FIFO */
#define FIFO_DEPTH      16
#define DIVISOR         1 /* 115200 */
#define PATIENCE        (1u << 24) /* polls before a byte is given up */

void serial_init(struct serial *serial)
{
	uint16_t port = serial->port;
	outb(port + SCRATCH, 0x5a);
	serial->present = inb(port + SCRATCH) == 0x5a;
	if (!serial->present)
		return;
	outb(port + INTERRUPT_ENABLE, 0);
	outb(port + LINE_CONTROL, LINE_DLAB);
	outb(port + DATA, DIVISOR);
	outb(port + INTERRUPT_ENABLE, 0);
	outb(port + LINE_CONTROL, LINE_8N1);
	outb(port + FIFO_CONTROL, FIFO_ON_CLEARED);
	outb(port + MODEM_CONTROL, MODEM_DTR_RTS | MODEM_OUT2);
}

static bool room_await(struct serial *serial)
{
	for (unsigned i = 0; i < PATIENCE; i++) {
		if (inb(serial->port + LINE_STATUS) & STATUS_EMPTY) {
			serial->room = FIFO_DEPTH;
			return true;
		}
		cpu_pause();
	}
	return false;
}

void serial_put(struct serial *serial, uint8_t byte)
{
	if (!serial->present || (!serial->room && !room_await(serial)))
		return;
	outb(serial->port + DATA, byte);
	serial->room--;
}

void serial_receive(struct serial *serial)
{
	if (serial->present)
		outb(serial->port + INTERRUPT_ENABLE, 1);
}

int serial_take(struct serial *serial)
{
	if (!serial->present || !(inb(serial->port + LINE_STATUS) & STATUS_RECEIVED))
		return -1;
	return inb(serial->port + DATA);
}
