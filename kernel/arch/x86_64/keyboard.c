/* SPDX-License-Identifier: MIT
 *
 * The i8042 and scan code set 1, to which it translates.
 */
#include "kernel/arch/x86_64/keyboard.h"

#include "kernel/arch/x86_64/ports.h"

#define DATA_PORT   0x60
#define STATUS_PORT 0x64
#define COMMAND_PORT 0x64

#define STATUS_OUTPUT 0x01 /* a byte waits at DATA_PORT */
#define STATUS_INPUT  0x02 /* the controller is not ready for a byte */
#define STATUS_MOUSE  0x20
#define STATUS_ABSENT 0xff

#define COMMAND_READ_CONFIG  0x20
#define COMMAND_WRITE_CONFIG 0x60
#define COMMAND_ENABLE       0xae
#define CONFIG_INTERRUPT     0x01
#define CONFIG_DISABLED      0x10
#define CONFIG_TRANSLATE     0x40
#define PATIENCE             100000

#define CODE_EXTENDED 0xe0
#define CODE_RELEASED 0x80
enum {
	CODE_CONTROL = 0x1d,
	CODE_SHIFT_LEFT = 0x2a,
	CODE_SHIFT_RIGHT = 0x36,
	CODE_CAPS_LOCK = 0x3a,
	CODE_ENTER = 0x1c,
	CODE_SLASH = 0x35,
};

/* By scan code, from 0; NUL: nothing to send. Backspace sends DEL. */
static const char plain[] =
	"\0\0331234567890-=\177\tqwertyuiop[]\r\0asdfghjkl;'`\0\\zxcvbnm,./\0*\0 ";
static const char shifted[] =
	"\0\033!@#$%^&*()_+\177\tQWERTYUIOP{}\r\0ASDFGHJKL:\"~\0|ZXCVBNM<>?\0*\0 ";

/* What follows ESC [ for the keys of the cursor block. */
static const struct {
	uint8_t code;
	const char *sequence;
} cursor_keys[] = {
	{ 0x47, "H" },  { 0x48, "A" },	{ 0x49, "5~" }, { 0x4b, "D" },	{ 0x4d, "C" },
	{ 0x4f, "F" },	{ 0x50, "B" },	{ 0x51, "6~" }, { 0x52, "2~" }, { 0x53, "3~" },
};

static bool shift, control, caps_lock, extended;

static bool status_await(uint8_t mask, uint8_t wanted)
{
	for (unsigned i = 0; i < PATIENCE; i++) {
		if ((inb(STATUS_PORT) & mask) == wanted)
			return true;
		io_wait();
	}
	return false;
}

static bool controller_write(uint16_t port, uint8_t byte)
{
	if (!status_await(STATUS_INPUT, 0))
		return false;
	outb(port, byte);
	return true;
}

static void output_drop(void)
{
	for (unsigned i = 0; i < 16 && inb(STATUS_PORT) & STATUS_OUTPUT; i++)
		inb(DATA_PORT);
}

bool keyboard_init(void)
{
	if (inb(STATUS_PORT) == STATUS_ABSENT)
		return false;
	output_drop();
	if (!controller_write(COMMAND_PORT, COMMAND_READ_CONFIG) ||
	    !status_await(STATUS_OUTPUT, STATUS_OUTPUT))
		return false;
	uint8_t config = inb(DATA_PORT);
	config = (uint8_t)((config | CONFIG_INTERRUPT | CONFIG_TRANSLATE) & ~CONFIG_DISABLED);
	if (!controller_write(COMMAND_PORT, COMMAND_WRITE_CONFIG) ||
	    !controller_write(DATA_PORT, config) || !controller_write(COMMAND_PORT, COMMAND_ENABLE))
		return false;
	output_drop();
	return true;
}

static void cursor_key(uint8_t code, void (*emit)(uint8_t))
{
	for (unsigned i = 0; i < sizeof(cursor_keys) / sizeof(cursor_keys[0]); i++) {
		if (cursor_keys[i].code != code)
			continue;
		emit(27);
		emit('[');
		for (const char *at = cursor_keys[i].sequence; *at; at++)
			emit((uint8_t)*at);
	}
}

static void letter_key(uint8_t code, void (*emit)(uint8_t))
{
	if (code >= sizeof(plain) - 1)
		return;
	char byte = plain[code];
	bool letter = byte >= 'a' && byte <= 'z';
	if (shift != (letter && caps_lock))
		byte = shifted[code];
	if (control && byte >= '?')
		byte = byte == '?' ? 127 : (char)(byte & 0x1f);
	if (byte)
		emit((uint8_t)byte);
}

/* Shift and control are held, caps lock is a switch; false for other keys. */
static bool modifier_key(uint8_t code, bool pressed, bool was_extended)
{
	switch (code) {
	case CODE_SHIFT_LEFT:
	case CODE_SHIFT_RIGHT:
		if (!was_extended) /* with the prefix it is no key of its own */
			shift = pressed;
		return true;
	case CODE_CONTROL:
		control = pressed;
		return true;
	case CODE_CAPS_LOCK:
		caps_lock ^= pressed;
		return true;
	default:
		return false;
	}
}

static void code_take(uint8_t code, void (*emit)(uint8_t))
{
	bool pressed = !(code & CODE_RELEASED), was_extended = extended;
	if (code == CODE_EXTENDED) {
		extended = true;
		return;
	}
	extended = false;
	code &= (uint8_t)~CODE_RELEASED;
	if (modifier_key(code, pressed, was_extended) || !pressed)
		return;
	if (code >= 0x47 || (was_extended && code != CODE_ENTER && code != CODE_SLASH))
		cursor_key(code, emit);
	else
		letter_key(code, emit);
}

void keyboard_take(void (*emit)(uint8_t byte))
{
	uint8_t status;
	while ((status = inb(STATUS_PORT)) != STATUS_ABSENT && status & STATUS_OUTPUT) {
		uint8_t code = inb(DATA_PORT);
		if (!(status & STATUS_MOUSE))
			code_take(code, emit);
	}
}
