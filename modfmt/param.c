/* SPDX-License-Identifier: MIT
 *
 * Parameter types and values, and the names of flags.
 */
#include "modfmt/internal.h"

const char *hmod_param_type_name(uint32_t type)
{
	switch (type) {
	case HELIX_PARAM_string: return "string";
	case HELIX_PARAM_int: return "int";
	case HELIX_PARAM_uint: return "uint";
	case HELIX_PARAM_bool: return "bool";
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

const char *hmod_param_value_check(uint32_t type, const char *value)
{
	uint64_t u;
	int64_t i;
	bool b;

	if (type == HELIX_PARAM_uint && !hmod_param_uint(value, &u))
		return "is not an unsigned number";
	if (type == HELIX_PARAM_int && !hmod_param_int(value, &i))
		return "is not a number";
	if (type == HELIX_PARAM_bool && !hmod_param_bool(value, &b))
		return "is neither true nor false";
	return type >= HELIX_PARAM_string && type <= HELIX_PARAM_bool ? NULL : "has an unknown type";
}

const char *hmod_flag_name(unsigned bit)
{
	static const char *const names[] = { "ESSENTIAL",    "HOT_RELOADABLE", "USERSPACE",
					     "DRIVER",	     "FILESYSTEM",     "SCHEDULER",
					     "ALLOCATOR",    "SECURITY",       "EXPERIMENTAL",
					     "DEPRECATED" };

	return bit < sizeof names / sizeof names[0] ? names[bit] : NULL;
}
