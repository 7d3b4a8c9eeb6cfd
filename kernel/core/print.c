/* SPDX-License-Identifier: MIT
 *
 * The formatter. Pure: writes to the caller's buffer alone, counts what does
 * not fit. An unknown conversion is printed as it stands.
 */
#include "kernel/core/print.h"

#include <stdbool.h>
#include <stdint.h>

#define INT_LARGEST  __INT_MAX__
#define INT_SMALLEST (-INT_LARGEST - 1)

struct output {
	char *text;
	size_t capacity, length; /* length: of the whole text, without the NUL */
};

/* One conversion: %[flags][width][.precision][length]letter */
struct conversion {
	bool left, zero, plus, space, alternate;
	int width, precision; /* precision -1: none given */
	char length; /* 0, h, H (hh), l, L (ll), z, t, j */
	char letter;
};

static void put(struct output *out, char byte)
{
	if (out->length < out->capacity)
		out->text[out->length] = byte;
	out->length++;
}

static void put_many(struct output *out, char byte, int count)
{
	while (count-- > 0)
		put(out, byte);
}

static void put_bytes(struct output *out, const char *bytes, int count)
{
	for (int i = 0; i < count; i++)
		put(out, bytes[i]);
}

static int number_read(const char **format)
{
	int value = 0;
	for (; **format >= '0' && **format <= '9'; (*format)++)
		if (value < INT_LARGEST / 10 - 1)
			value = value * 10 + (**format - '0');
	return value;
}

static void flags_read(const char **format, struct conversion *c)
{
	for (;; (*format)++) {
		switch (**format) {
		case '-':
			c->left = true;
			break;
		case '0':
			c->zero = true;
			break;
		case '+':
			c->plus = true;
			break;
		case ' ':
			c->space = true;
			break;
		case '#':
			c->alternate = true;
			break;
		default:
			return;
		}
	}
}

static void length_read(const char **format, struct conversion *c)
{
	char letter = **format;
	if (letter != 'h' && letter != 'l' && letter != 'z' && letter != 't' && letter != 'j')
		return;
	c->length = letter;
	(*format)++;
	if ((letter == 'h' || letter == 'l') && **format == letter) {
		c->length = letter == 'h' ? 'H' : 'L';
		(*format)++;
	}
}

/* `*` takes an int; va_list is passed on in a struct so that it may be. */
struct arguments {
	va_list list;
};

static struct conversion conversion_read(const char **format, struct arguments *arguments)
{
	struct conversion c = { .precision = -1 };
	flags_read(format, &c);
	if (**format == '*') {
		(*format)++;
		c.width = va_arg(arguments->list, int);
		if (c.width < 0) {
			c.left = true;
			c.width = c.width == INT_SMALLEST ? 0 : -c.width;
		}
	} else {
		c.width = number_read(format);
	}
	if (**format == '.') {
		(*format)++;
		if (**format == '*') {
			(*format)++;
			c.precision = va_arg(arguments->list, int);
		} else {
			c.precision = number_read(format);
		}
	}
	length_read(format, &c);
	c.letter = **format;
	if (c.letter)
		(*format)++;
	return c;
}

static int64_t signed_take(char length, struct arguments *arguments)
{
	switch (length) {
	case 'H':
		return (signed char)va_arg(arguments->list, int);
	case 'h':
		return (short)va_arg(arguments->list, int);
	case 0:
		return va_arg(arguments->list, int);
	default: /* l ll z t j: 64 bits */
		return va_arg(arguments->list, int64_t);
	}
}

static uint64_t unsigned_take(char length, struct arguments *arguments)
{
	switch (length) {
	case 'H':
		return (unsigned char)va_arg(arguments->list, unsigned);
	case 'h':
		return (unsigned short)va_arg(arguments->list, unsigned);
	case 0:
		return va_arg(arguments->list, unsigned);
	default:
		return va_arg(arguments->list, uint64_t);
	}
}

/* `prefix`, then `count` characters, padded: zeros go between the two. */
static void put_padded(struct output *out, const struct conversion *c, const char *prefix,
		       const char *bytes, int count)
{
	int prefix_length = 0, zeros = 0;
	while (prefix[prefix_length])
		prefix_length++;
	bool number = c->letter != 's' && c->letter != 'c';
	if (number && c->precision > count)
		zeros = c->precision - count;
	int blanks = c->width - prefix_length - count;
	blanks = blanks > zeros ? blanks - zeros : 0;
	if (number && c->zero && !c->left && c->precision < 0) {
		zeros = blanks;
		blanks = 0;
	}
	if (!c->left)
		put_many(out, ' ', blanks);
	put_bytes(out, prefix, prefix_length);
	put_many(out, '0', zeros);
	put_bytes(out, bytes, count);
	if (c->left)
		put_many(out, ' ', blanks);
}

/* Digits of `value` into the end of `digits`; returns where they begin. */
static const char *digits_make(char digits[24], uint64_t value, unsigned base, bool capital)
{
	const char *letters = capital ? "0123456789ABCDEF" : "0123456789abcdef";
	char *at = digits + 24;
	for (; value; value /= base)
		*--at = letters[value % base];
	return at;
}

/* `#` with o: a zero stands first, if padding does not put one there. */
static void octal_zero(struct conversion *c, int count)
{
	bool padded = c->zero && !c->left && c->precision < 0 && c->width > count;
	if (!padded && c->precision <= count)
		c->precision = count + 1;
}

static void put_number(struct output *out, struct conversion *c, uint64_t value,
		       const char *sign)
{
	char digits[24];
	unsigned base = c->letter == 'o' ? 8 : c->letter == 'd' || c->letter == 'u' ? 10 : 16;
	const char *first = digits_make(digits, value, base, c->letter == 'X');
	int count = (int)(digits + 24 - first);
	if (!count && c->precision) {
		digits[23] = '0';
		first = digits + 23;
		count = 1;
	}
	if (c->alternate && base == 8 && (!count || *first != '0'))
		octal_zero(c, count);
	if (c->alternate && base == 16 && value)
		put_padded(out, c, c->letter == 'X' ? "0X" : "0x", first, count);
	else
		put_padded(out, c, sign, first, count);
}

static void put_signed(struct output *out, struct conversion *c, int64_t value)
{
	const char *sign = value < 0 ? "-" : c->plus ? "+" : c->space ? " " : "";
	uint64_t magnitude = value < 0 ? -(uint64_t)value : (uint64_t)value;
	c->letter = 'd';
	c->alternate = false;
	put_number(out, c, magnitude, sign);
}

static void put_pointer(struct output *out, struct conversion *c, uint64_t value)
{
	char digits[24];
	const char *first = digits_make(digits, value, 16, false);
	if (!value) {
		digits[23] = '0';
		first = digits + 23;
	}
	put_padded(out, c, "0x", first, (int)(digits + 24 - first));
}

static void put_string(struct output *out, const struct conversion *c, const char *text)
{
	int count = 0;
	if (!text)
		text = "(null)";
	while ((c->precision < 0 || count < c->precision) && text[count])
		count++;
	put_padded(out, c, "", text, count);
}

/* The letter is known, or false. */
static bool put_conversion(struct output *out, struct conversion *c, struct arguments *arguments)
{
	char byte;
	switch (c->letter) {
	case 'd':
	case 'i':
		put_signed(out, c, signed_take(c->length, arguments));
		return true;
	case 'u':
	case 'x':
	case 'X':
	case 'o':
		put_number(out, c, unsigned_take(c->length, arguments), "");
		return true;
	case 'c':
		byte = (char)va_arg(arguments->list, int);
		put_padded(out, c, "", &byte, 1);
		return true;
	case 's':
		put_string(out, c, va_arg(arguments->list, const char *));
		return true;
	case 'p':
		put_pointer(out, c, (uint64_t)va_arg(arguments->list, void *));
		return true;
	case '%':
		put(out, '%');
		return true;
	default:
		return false;
	}
}

int kvsnprintf(char *text, size_t capacity, const char *format, va_list list)
{
	struct output out = { text, capacity, 0 };
	struct arguments arguments;
	va_copy(arguments.list, list);
	while (*format) {
		if (*format != '%') {
			put(&out, *format++);
			continue;
		}
		const char *start = format++;
		struct conversion c = conversion_read(&format, &arguments);
		if (!put_conversion(&out, &c, &arguments))
			put_bytes(&out, start, (int)(format - start));
	}
	va_end(arguments.list);
	if (capacity)
		text[out.length < capacity ? out.length : capacity - 1] = '\0';
	return (int)out.length;
}

int ksnprintf(char *text, size_t capacity, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	int length = kvsnprintf(text, capacity, format, arguments);
	va_end(arguments);
	return length;
}
