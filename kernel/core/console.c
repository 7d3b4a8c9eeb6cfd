/* SPDX-License-Identifier: MIT
 *
 * Consoles: the first serial port, the screen, and the exec port (the second
 * serial port). Input from serial line and keyboard meets in one ring, filled
 * by interrupts of CPU 0. Output to the consoles takes short turns under a
 * spinlock, because interrupt handlers log; the shell's texts are whole.
 */
#include "kernel/core/console.h"

#include "kernel/arch/x86_64/apic.h"
#include "kernel/arch/x86_64/keyboard.h"
#include "kernel/arch/x86_64/screen.h"
#include "kernel/arch/x86_64/serial.h"
#include "kernel/arch/x86_64/trap.h"
#include "kernel/core/kernel.h"
#include "kernel/core/log.h"
#include "kernel/core/print.h"
#include "kernel/core/string.h"
#include "kernel/sched/lock.h"
#include "kernel/sched/wait.h"

#define INPUT_SIZE 256 /* bytes; what does not fit is lost */
#define TURN       320 /* bytes written with interrupts off: a line of the log */
#define PRINT_MAX  1024 /* bytes of one kprintf that need no second pass */

static struct serial line = { .port = SERIAL_COM1 };
static struct serial exec_port = { .port = SERIAL_COM3 };
static bool to_serial = true, to_screen, to_exec;
static uint8_t input[INPUT_SIZE];
static unsigned input_in, input_out; /* free-running; one writer, one reader */
static struct wait_queue input_came;
static struct spinlock console_lock = SPINLOCK(RANK_CONSOLE, "console");
static struct mutex exec_lock = MUTEX("exec port");

void console_early_init(void)
{
	serial_init(&line);
	serial_init(&exec_port);
}

static void serial_text(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (text[i] == '\n')
			serial_put(&line, '\r');
		serial_put(&line, (uint8_t)text[i]);
	}
}

void console_write(const char *text, size_t length)
{
	while (length) {
		size_t turn = length < TURN ? length : TURN;
		bool state = spin_lock(&console_lock);
		if (to_serial)
			serial_text(text, turn);
		if (to_screen)
			screen_write(text, turn);
		spin_unlock(&console_lock, state);
		text += turn;
		length -= turn;
	}
}

void console_exec_mode(bool on)
{
	to_exec = on;
}

static void shell_write(const char *text, size_t length)
{
	if (!to_exec) {
		console_write(text, length);
		return;
	}
	mutex_lock(&exec_lock);
	for (size_t i = 0; i < length; i++)
		serial_put(&exec_port, (uint8_t)text[i]);
	mutex_unlock(&exec_lock);
}

void kputs(const char *text)
{
	shell_write(text, strlen(text));
}

void kprintf(const char *format, ...)
{
	char text[PRINT_MAX];
	va_list arguments;
	va_start(arguments, format);
	int length = kvsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	if (length > 0)
		shell_write(text, (size_t)length < sizeof(text) ? (size_t)length :
								  sizeof(text) - 1);
}

/* Interrupts of CPU 0 alone come here. */
static void input_add(uint8_t byte)
{
	unsigned out = __atomic_load_n(&input_out, __ATOMIC_ACQUIRE);
	if (input_in - out >= INPUT_SIZE)
		return;
	input[input_in % INPUT_SIZE] = byte;
	__atomic_store_n(&input_in, input_in + 1, __ATOMIC_RELEASE);
}

static void serial_interrupt(struct trap_frame *frame)
{
	int byte;
	(void)frame;
	while ((byte = serial_take(&line)) >= 0)
		input_add((uint8_t)byte);
	wait_wake(&input_came, 1);
}

static void keyboard_interrupt(struct trap_frame *frame)
{
	(void)frame;
	keyboard_take(input_add);
	wait_wake(&input_came, 1);
}

int console_getc(void)
{
	for (;;) {
		uint64_t seen = wait_sequence(&input_came);
		if (__atomic_load_n(&input_in, __ATOMIC_ACQUIRE) != input_out)
			break;
		wait_block(&input_came, seen, WAIT_FOREVER);
	}
	int byte = input[input_out % INPUT_SIZE];
	__atomic_store_n(&input_out, input_out + 1, __ATOMIC_RELEASE);
	return byte;
}

/* The screen came up after the first lines were logged. */
static void screen_catch_up(void)
{
	static char text[LOG_LINE_MAX], shown[LOG_LINE_MAX + 32];
	struct log_cursor cursor = { 0 };
	uint64_t time;
	int level;
	while (log_read(&cursor, &time, &level, text)) {
		int length = ksnprintf(shown, sizeof(shown), "[%5lu.%06lu] %s\n",
				       time / 1000000000, time / 1000 % 1000000, text);
		screen_write(shown, (size_t)length);
	}
}

static void level_set(void)
{
	char level[8];
	if (!cmdline_get("loglevel", level, sizeof(level)))
		return;
	if (level[0] >= '0' && level[0] <= '9' && !level[1])
		log_console_level(level[0] - '0');
	else
		log_line(LOG_WARN, "loglevel=%s: not a level from 0 to 9", level);
}

void console_init(void)
{
	char choice[16] = "";
	bool chosen = cmdline_get("console", choice, sizeof(choice));
	bool serial = chosen && !strcmp(choice, "serial");
	bool screen = chosen && !strcmp(choice, "screen");
	level_set();
	if (!serial && screen_init()) {
		screen_catch_up();
		to_screen = true;
	}
	to_serial = !screen || !to_screen;
	if (to_serial) {
		irq_handler_set(VECTOR_COM1, serial_interrupt);
		irq_route(SERIAL_COM1_IRQ, VECTOR_COM1);
		serial_receive(&line);
	}
	if (!serial && keyboard_init()) {
		irq_handler_set(VECTOR_KEYBOARD, keyboard_interrupt);
		irq_route(KEYBOARD_IRQ, VECTOR_KEYBOARD);
	}
	if (chosen && !serial && !screen)
		log_line(LOG_WARN, "console=%s: neither serial nor screen; using both", choice);
	else if (screen && !to_screen)
		log_line(LOG_WARN, "console=screen: there is no screen; using serial");
}
