/* SPDX-License-Identifier: MIT
 *
 * A terminal over cells. What is shown is kept in memory, so that the device is
 * never read and scrolling repaints only the cells that change.
 */
#include "kernel/arch/x86_64/screen.h"

#include "kernel/arch/x86_64/acpi.h"
#include "kernel/arch/x86_64/ports.h"
#include "kernel/core/kernel.h"
#include "kernel/core/string.h"

#define COLUMNS_MAX 240
#define ROWS_MAX    100
#define CELL_WIDTH  8 /* pixels */
#define CELL_HEIGHT 16
#define TAB         8
#define TYPE_RGB    1 /* Multiboot2 3.6.12 */
#define TYPE_TEXT   2
#define TEXT_GREY   0x0700 /* EGA attribute: grey on black */
#define PIXEL_GREY  0xc0
#define CRTC        0x3d4 /* index, and data behind it */
#define CRTC_CURSOR 0x0e /* high byte, then low byte */
#define ESCAPE      27

enum state { STATE_TEXT, STATE_ESCAPE, STATE_NUMBERS };

static volatile uint8_t *device;
static bool is_text;
static unsigned columns, rows, column, row; /* column may equal columns: wrap is due */
static char cells[ROWS_MAX][COLUMNS_MAX];
static enum state state;
static unsigned numbers[2], number; /* of the escape being read */

static void glyph_paint(unsigned r, unsigned c, char byte, bool inverse)
{
	unsigned bytes = boot_info.framebuffer.bpp / 8, pitch = boot_info.framebuffer.pitch;
	const uint8_t *glyph = font_glyphs[byte - FONT_FIRST];
	for (unsigned y = 0; y < CELL_HEIGHT; y++) {
		volatile uint8_t *at = device + (uint64_t)(r * CELL_HEIGHT + y) * pitch +
				       (uint64_t)c * CELL_WIDTH * bytes;
		unsigned bits = (unsigned)glyph[y / 2] << 2 ^ (inverse ? 0xff : 0);
		for (unsigned x = 0; x < CELL_WIDTH; x++, at += bytes) {
			uint8_t grey = bits >> (CELL_WIDTH - 1 - x) & 1 ? PIXEL_GREY : 0;
			if (bytes == 4) {
				*(volatile uint32_t *)at = grey * 0x010101u;
				continue;
			}
			at[0] = grey;
			at[1] = grey;
			at[2] = grey;
		}
	}
}

static void cell_paint(unsigned r, unsigned c, bool inverse)
{
	char byte = cells[r][c];
	if (is_text) {
		uint64_t at = (uint64_t)r * boot_info.framebuffer.pitch + c * 2;
		*(volatile uint16_t *)(device + at) = (uint16_t)(TEXT_GREY | (uint8_t)byte);
		return;
	}
	glyph_paint(r, c, byte, inverse);
}

static void cell_set(unsigned r, unsigned c, char byte)
{
	if (cells[r][c] == byte)
		return;
	cells[r][c] = byte;
	cell_paint(r, c, false);
}

static void cells_clear(unsigned r, unsigned from, unsigned to)
{
	for (unsigned c = from; c < to; c++)
		cell_set(r, c, ' ');
}

static void scroll(void)
{
	for (unsigned r = 0; r + 1 < rows; r++)
		for (unsigned c = 0; c < columns; c++)
			cell_set(r, c, cells[r + 1][c]);
	cells_clear(rows - 1, 0, columns);
}

static void line_feed(void)
{
	if (row + 1 < rows)
		row++;
	else
		scroll();
}

static unsigned at_most(unsigned value, unsigned most)
{
	return value < most ? value : most;
}

/* ESC [ n J and n K: 0 from the cursor on, 1 up to it, 2 all. */
static void erase_line(unsigned how)
{
	unsigned at = at_most(column, columns - 1);
	cells_clear(row, how == 0 ? at : 0, how == 1 ? at + 1 : columns);
}

static void erase_screen(unsigned how)
{
	if (how != 2)
		erase_line(how);
	for (unsigned r = 0; r < rows; r++)
		if (how == 2 || (how == 0 && r > row) || (how == 1 && r < row))
			cells_clear(r, 0, columns);
}

static void escape_run(char letter)
{
	unsigned steps = numbers[0] ? numbers[0] : 1;
	switch (letter) {
	case 'A':
		row -= at_most(steps, row);
		break;
	case 'B':
		row = at_most(row + at_most(steps, rows), rows - 1);
		break;
	case 'C':
		column = at_most(column + at_most(steps, columns), columns - 1);
		break;
	case 'D':
		column -= at_most(steps, column);
		break;
	case 'H':
		row = at_most(steps, rows) - 1;
		column = at_most(numbers[1] ? numbers[1] : 1, columns) - 1;
		break;
	case 'J':
		erase_screen(numbers[0]);
		break;
	case 'K':
		erase_line(numbers[0]);
		break;
	default:
		break;
	}
}

static void escape_byte(char byte)
{
	if (state == STATE_ESCAPE) {
		state = byte == '[' ? STATE_NUMBERS : STATE_TEXT;
		numbers[0] = numbers[1] = number = 0;
	} else if (byte >= '0' && byte <= '9') {
		numbers[number] = at_most(numbers[number] * 10 + (unsigned)(byte - '0'), 9999);
	} else if (byte == ';') {
		number = 1;
	} else if (byte >= '@' && byte <= '~') {
		state = STATE_TEXT;
		escape_run(byte);
	}
}

static void glyph_put(char byte)
{
	if (column == columns) {
		column = 0;
		line_feed();
	}
	cell_set(row, column++, byte >= FONT_FIRST && byte <= FONT_LAST ? byte : '?');
}

static void byte_put(char byte)
{
	if (state != STATE_TEXT) {
		escape_byte(byte);
		return;
	}
	switch (byte) {
	case '\n':
		column = 0;
		line_feed();
		break;
	case '\r':
		column = 0;
		break;
	case '\b':
		column -= at_most(1, column);
		break;
	case '\t':
		column = at_most((column / TAB + 1) * TAB, columns - 1);
		break;
	case ESCAPE:
		state = STATE_ESCAPE;
		break;
	default:
		if ((unsigned char)byte >= FONT_FIRST)
			glyph_put(byte);
	}
}

static void cursor_show(bool on)
{
	unsigned c = at_most(column, columns - 1);
	if (!is_text) {
		cell_paint(row, c, on);
		return;
	}
	unsigned place = row * columns + c;
	outb(CRTC, CRTC_CURSOR);
	outb(CRTC + 1, (uint8_t)(place >> 8));
	outb(CRTC, CRTC_CURSOR + 1);
	outb(CRTC + 1, (uint8_t)place);
}

void screen_write(const char *text, size_t length)
{
	cursor_show(false);
	for (size_t i = 0; i < length; i++)
		byte_put(text[i]);
	cursor_show(true);
}

/* Columns and rows that fit; false for a device of another kind, or whose
 * lines are shorter than its width. */
static bool shape_learn(void)
{
	uint32_t width = boot_info.framebuffer.width, height = boot_info.framebuffer.height;
	uint32_t pitch = boot_info.framebuffer.pitch, bpp = boot_info.framebuffer.bpp;
	is_text = boot_info.framebuffer.type == TYPE_TEXT;
	if (is_text) {
		columns = width;
		rows = height;
		bpp = 16;
	} else if (boot_info.framebuffer.type == TYPE_RGB && (bpp == 32 || bpp == 24)) {
		columns = width / CELL_WIDTH;
		rows = height / CELL_HEIGHT;
	} else {
		return false;
	}
	columns = at_most(columns, COLUMNS_MAX);
	rows = at_most(rows, ROWS_MAX);
	return columns && rows && (uint64_t)width * (bpp / 8) <= pitch;
}

bool screen_init(void)
{
	if (!boot_info.framebuffer.physical || !shape_learn())
		return false;
	device = physical_window(boot_info.framebuffer.physical,
				 (uint64_t)boot_info.framebuffer.pitch * boot_info.framebuffer.height,
				 true);
	if (!device)
		return false;
	memset(cells, 0, sizeof(cells));
	for (unsigned r = 0; r < rows; r++)
		cells_clear(r, 0, columns);
	cursor_show(true);
	return true;
}
