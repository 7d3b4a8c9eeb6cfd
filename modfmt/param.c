/* SPDX-License-Identifier: MIT
 *
 * Parameter types, ranges and values.
 */
#include "modfmt/internal.h"

const char *hmod_param_type_name(uint32_t type)
{
	switch (type) {
	case HELIX_PARAM_string: return "string";
	case HELIX_PARAM_int: return "int";
	case HELIX_PARAM_uint: return "uint";
	case HELIX_PARAM_bool: return "bool";
	case HELIX_PARAM_list: return "list";
	default: return "?";
	}
}

static unsigned digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	if (c >= 'a' && c <= 'f')
		return (unsigned)(c - 'a') + 10;
	if (c >= 'A' && c <= 'F')
		return (unsigned)(c - 'A') + 10;
	return 99;
}

bool hmod_param_uint(const char *text, uint64_t *value)
{
	unsigned base = 10;
	uint64_t sum = 0;

	if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
		base = 16;
		text += 2;
	}
	if (!*text)
		return false;
	for (; *text; text++) {
		unsigned d = digit_of(*text);
		if (d >= base || __builtin_mul_overflow(sum, base, &sum) ||
		    __builtin_add_overflow(sum, d, &sum))
			return false;
	}
	*value = sum;
	return true;
}

bool hmod_param_int(const char *text, int64_t *value)
{
	bool negative = *text == '-';
	uint64_t magnitude;

	if (!hmod_param_uint(text + negative, &magnitude) ||
	    magnitude > (uint64_t)INT64_MAX + negative)
		return false;
	*value = (int64_t)(negative ? 0 - magnitude : magnitude);
	return true;
}

bool hmod_param_bool(const char *text, bool *value)
{
	static const char *const yes[] = { "1", "y", "yes", "true", "on" };
	static const char *const no[] = { "0", "n", "no", "false", "off" };

	for (unsigned i = 0; i < 5; i++) {
		*value = text_equal(text, yes[i]);
		if (*value || text_equal(text, no[i]))
			return true;
	}
	return false;
}

bool hmod_param_item(const char *value, size_t i, const char **item, size_t *length)
{
	size_t n = 0;

	if (!*value)
		return false;
	for (; i && *value; value++)
		i -= *value == ',';
	if (i)
		return false;
	while (value[n] && value[n] != ',')
		n++;
	*item = value;
	*length = n;
	return true;
}

/* ---- ranges ------------------------------------------------------------------- */

static bool ranged(const struct hmod_flat_param *param)
{
	return param->flags & HELIX_PARAM_RANGED;
}

/* Whether a <= b, as the parameter's type counts. */
static bool in_order(const struct hmod_flat_param *param, uint64_t a, uint64_t b)
{
	return param->type == HELIX_PARAM_int ? (int64_t)a <= (int64_t)b : a <= b;
}

static bool in_range(const struct hmod_flat_param *param, uint64_t value)
{
	return !ranged(param) ||
	       (in_order(param, param->least, value) && in_order(param, value, param->most));
}

static char *put_number(char *to, const struct hmod_flat_param *param, uint64_t value)
{
	bool negative = param->type == HELIX_PARAM_int && (int64_t)value < 0;
	char digits[20];
	size_t n = 0;

	value = negative ? 0 - value : value;
	do
		digits[n++] = (char)('0' + value % 10);
	while (value /= 10);
	if (negative)
		*to++ = '-';
	while (n)
		*to++ = digits[--n];
	return to;
}

void hmod_param_range_text(const struct hmod_flat_param *param, char text[HMOD_RANGE_TEXT])
{
	if (ranged(param)) {
		text = put_number(text, param, param->least);
		memcpy(text, " to ", 4);
		text = put_number(text + 4, param, param->most);
	}
	*text = 0;
}

const char *hmod_param_check(const struct hmod_flat_param *param)
{
	if (param->type < HELIX_PARAM_string || param->type > HELIX_PARAM_list)
		return "has an unknown type";
	if (param->flags & ~HELIX_PARAM_RANGED)
		return "has unknown flags";
	if (!ranged(param))
		return param->least || param->most ? "has ends of a range but no flag for it" : NULL;
	if (param->type != HELIX_PARAM_int && param->type != HELIX_PARAM_uint)
		return "has a range but is no number";
	return in_order(param, param->least, param->most) ? NULL : "has an empty range";
}

const char *hmod_param_value_check(const struct hmod_flat_param *param, const char *value)
{
	uint64_t u = 0;
	int64_t i = 0;
	bool b;

	if (param->type == HELIX_PARAM_uint && !hmod_param_uint(value, &u))
		return "is not an unsigned number";
	if (param->type == HELIX_PARAM_int && !hmod_param_int(value, &i))
		return "is not a number";
	if (param->type == HELIX_PARAM_bool && !hmod_param_bool(value, &b))
		return "is neither true nor false";
	if (!in_range(param, param->type == HELIX_PARAM_int ? (uint64_t)i : u))
		return "is out of range";
	return NULL;
}
