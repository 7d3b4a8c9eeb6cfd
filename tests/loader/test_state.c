/* SPDX-License-Identifier: MIT
 *
 * Saved state: what is put is got; older and newer versions read each other;
 * whatever was altered or cut is refused, and nothing is given to the module.
 */
#include "loader/player.h"
#include "loader/state.h"

static struct world w;
static struct hload_module *m;

static const char keeper[] =
	"int told(const char *format, ...);\n"
	"static uint64_t count = 41; static int64_t level = -7;\n"
	"static int put(struct helix_state_writer *s)\n"
	"{ helix_state_put_uint(s, \"count\", count + 1);\n"
	"  helix_state_put_int(s, \"level\", level);\n"
	"  helix_state_put_text(s, \"name\", \"a name\");\n"
	"  return helix_state_put_bytes(s, \"raw\", \"\\1\\0\\2\", 3); }\n"
	"static int get(struct helix_state_reader *s)\n"
	"{ const char *name = \"-\"; const void *raw = 0; size_t size = 0; uint64_t other = 5;\n"
	"  int a = helix_state_get_uint(s, \"count\", &count), b = helix_state_get_int(s, \"level\", &level);\n"
	"  int c = helix_state_get_text(s, \"name\", &name), d = helix_state_get_bytes(s, \"raw\", &raw, &size);\n"
	"  int e = helix_state_get_uint(s, \"nothing\", &other), f = helix_state_get_uint(s, \"name\", &other);\n"
	"  return told(\"v%u %d%d%d%d %d %d %llu %lld %s %d %llu\", helix_state_version(s), a, b, c, d, e, f,\n"
	"    (unsigned long long)count, (long long)level, name, (int)size, (unsigned long long)other); }\n";

static int told_result;

__attribute__((format(printf, 1, 2))) static int told(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(w.trace, sizeof w.trace, format, arguments);
	va_end(arguments);
	return told_result;
}

static const struct hload_symbol symbols[] = { { "told", (uint64_t)(uintptr_t)told } };

static void open(const char *code, const char *more)
{
	told_result = 0;
	player_open(&w, symbols, 1);
	m = player_start(&w, "keeper", code, more);
}

#define KEEPS ".save_state = put, .restore_state = get, .state_version = 3"

START_TEST(what_is_put_is_got)
{
	struct world_held before;
	struct hload_saved state;

	open(keeper, KEEPS);
	before = world_held(&w);
	ck_assert_int_eq(hload_state_save(w.system, m, &state, &w.diag), HELIX_OK);
	ck_assert_int_eq(hload_state_check(&state, &w.diag), HELIX_OK);
	ck_assert_int_eq(hload_state_give(m, &state, &w.diag), HELIX_OK);
	ck_assert_played(&w, "v3 0000 -1 -35 42 -7 a name 3 5");
	told_result = HELIX_E_IO;
	ck_assert_int_eq(hload_state_give(m, &state, &w.diag), HELIX_E_INIT);
	ck_assert_said(&w, "restore_state failed with status -18");
	hload_state_free(w.system, &state);
	ck_assert_ptr_null(state.bytes);
	hload_state_free(w.system, &state);
	ck_assert_same_held(&w, before);
	player_close(&w);
}
END_TEST

START_TEST(who_has_no_hooks_has_no_state)
{
	struct hload_saved state = { (uint8_t *)1, 1 };

	open("", "");
	ck_assert_int_eq(hload_state_save(w.system, m, &state, &w.diag), HELIX_OK);
	ck_assert(!state.bytes && !state.size);
	ck_assert_int_eq(hload_state_give(m, &state, &w.diag), HELIX_OK);
	world_remove(&w, "keeper");
	ck_assert_int_eq(hload_state_save(w.system, m, &state, &w.diag), HELIX_E_NOT_LOADED);
	ck_assert_said(&w, "module keeper is not loaded");
	player_close(&w);
}
END_TEST

static void refused(const struct hload_saved *state)
{
	ck_assert_int_eq(hload_state_check(state, &w.diag), HELIX_E_STATE);
	ck_assert_int_eq(hload_state_give(m, state, &w.diag), HELIX_E_STATE);
	ck_assert_str_eq(w.trace, "");
}

START_TEST(every_flip_and_every_cut_is_refused)
{
	struct hload_saved state, copy;

	open(keeper, KEEPS);
	ck_assert_int_eq(hload_state_save(w.system, m, &state, &w.diag), HELIX_OK);
	for (size_t bit = 0; bit < 8 * state.size; bit++) {
		state.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		refused(&state);
		state.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (copy.size = 1; copy.size < state.size; copy.size++) {
		copy.bytes = malloc(copy.size); /* reading past it would be seen */
		memcpy(copy.bytes, state.bytes, copy.size);
		refused(&copy);
		free(copy.bytes);
	}
	ck_assert_int_eq(hload_state_check(&state, &w.diag), HELIX_OK);
	hload_state_free(w.system, &state);
	player_close(&w);
}
END_TEST

/* ---- made by hand: the hash fits, the rest does not -------------------------------------- */

struct header {
	uint32_t magic;
	uint16_t format, header_size;
	uint32_t version, count;
	uint64_t size, hash;
};

static void seal(uint8_t *bytes, size_t size)
{
	struct header h;

	memcpy(&h, bytes, sizeof h);
	h.size = size;
	memcpy(bytes, &h, sizeof h);
	h.hash = hmod_name_hash((const char *)bytes, 24) ^
		 hmod_name_hash((const char *)bytes + 32, size - 32);
	memcpy(bytes, &h, sizeof h);
}

/* A field at the end of `bytes`; the new end. */
static size_t field(uint8_t *bytes, size_t at, const char *name, size_t name_length, unsigned type,
		    const char *value, size_t size)
{
	const uint16_t head[2] = { (uint16_t)name_length, (uint16_t)type };
	const uint32_t length = (uint32_t)size;
	size_t end = (at + 8 + name_length + 1 + 7) & ~(size_t)7;

	memset(bytes + at, 0, 200);
	memcpy(bytes + at, head, 4);
	memcpy(bytes + at + 4, &length, 4);
	memcpy(bytes + at + 8, name, name_length);
	memcpy(bytes + end, value, size);
	return (end + size + 7) & ~(size_t)7;
}

START_TEST(a_state_made_by_hand_is_checked_to_the_byte)
{
	static const struct {
		const char *name;
		size_t name_length;
		unsigned type;
		const char *value;
		size_t size;
		int spoil; /* add to this byte of the field's padding; 0: nothing */
		const char *sentence;
	} rows[] = {
		{ "n", 1, 1, "12345678", 8, 0, NULL },
		{ "text", 4, 3, "abc\0", 4, 0, NULL },
		{ "raw", 3, 4, "", 0, 0, NULL },
		{ "n", 1, 1, "1234", 4, 0, "a number is not 8 bytes" },
		{ "n", 1, 2, "123456789", 9, 0, "a number is not 8 bytes" },
		{ "n", 1, 0, "", 0, 0, "a field's type is unknown" },
		{ "n", 1, 5, "", 0, 0, "a field's type is unknown" },
		{ "", 0, 4, "", 0, 0, "a field's name is not 1 to 63 bytes long" },
		{ "0123456789012345678901234567890123456789012345678901234567890123", 64, 4, "", 0, 0,
		  "a field's name is not 1 to 63 bytes long" },
		{ "a\0b", 3, 4, "", 0, 0, "a field's name has a NUL inside" },
		{ "t", 1, 3, "abc", 3, 0, "a text does not end where it says" },
		{ "t", 1, 3, "a\0b\0", 4, 0, "a text does not end where it says" },
		{ "t", 1, 3, "", 0, 0, "a text does not end where it says" },
		{ "raw", 3, 4, "abc", 3, 12, "its padding is not zero" },
		{ "raw", 3, 4, "abc", 3, 20, "its padding is not zero" },
		{ "first", 5, 4, "", 0, 0, "a field is there twice" },
	};
	static uint8_t bytes[1024];
	struct hload_saved state = { bytes, 0 };
	char sentence[128];

	open(keeper, KEEPS);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct header h = { 0x41545348, 1, 32, 3, 2, 0, 0 };
		size_t second = field(bytes, 32, "first", 5, 4, "x", 1);

		memcpy(bytes, &h, sizeof h);
		state.size = field(bytes, second, rows[i].name, rows[i].name_length, rows[i].type,
				   rows[i].value, rows[i].size);
		if (rows[i].spoil)
			bytes[second + (size_t)rows[i].spoil] += 1;
		seal(bytes, state.size);
		if (!rows[i].sentence) {
			ck_assert_msg(!hload_state_check(&state, &w.diag), "row %zu: %s", i,
				      harness_text(&w.diag));
			continue;
		}
		ck_assert_int_eq(hload_state_check(&state, &w.diag), HELIX_E_STATE);
		snprintf(sentence, sizeof sentence, "the saved state: %s", rows[i].sentence);
		ck_assert_said(&w, sentence);
	}
	player_close(&w);
}
END_TEST

START_TEST(a_header_made_by_hand_is_checked)
{
	static const struct {
		struct header header;
		size_t size;
		const char *sentence;
	} rows[] = {
		{ { 0x41545348, 1, 32, 0, 0, 0, 0 }, 31, "it is shorter than its header" },
		{ { 0x41545349, 1, 32, 0, 0, 0, 0 }, 32, "it is not one" },
		{ { 0x41545348, 2, 32, 0, 0, 0, 0 }, 32, "it is not one" },
		{ { 0x41545348, 1, 40, 0, 0, 0, 0 }, 32, "it is not one" },
		{ { 0x41545348, 1, 32, 0, 1025, 0, 0 }, 32, "it has more fields than there may be" },
		{ { 0x41545348, 1, 32, 0, 1, 0, 0 }, 32, "it ends inside a field" },
		{ { 0x41545348, 1, 32, 0, 0, 0, 0 }, 40, "something follows its last field" },
	};
	static uint8_t bytes[64];
	char sentence[128];

	open(keeper, KEEPS);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct hload_saved state = { bytes, rows[i].size };

		memset(bytes, 0, sizeof bytes);
		memcpy(bytes, &rows[i].header, sizeof rows[i].header);
		seal(bytes, rows[i].size < 32 ? 32 : rows[i].size);
		ck_assert_int_eq(hload_state_check(&state, &w.diag), HELIX_E_STATE);
		snprintf(sentence, sizeof sentence, "the saved state: %s", rows[i].sentence);
		ck_assert_said(&w, sentence);
	}
	player_close(&w);
}
END_TEST

/* ---- saving that fails ------------------------------------------------------------------ */

static void fails(const char *body, const char *sentence)
{
	char code[1024];
	struct hload_saved state;
	struct world_held before;

	snprintf(code, sizeof code, "static int put(struct helix_state_writer *s) { %s }", body);
	open(code, ".save_state = put");
	before = world_held(&w);
	ck_assert_int_eq(hload_state_save(w.system, m, &state, &w.diag), HELIX_E_INIT);
	ck_assert(!state.bytes && !state.size);
	ck_assert_said(&w, sentence);
	ck_assert_same_held(&w, before);
	player_close(&w);
}

START_TEST(the_first_failure_to_put_makes_the_saving_fail)
{
	fails("return helix_fail(HELIX_E_BUSY, \"not %s\", \"now\");",
	      "save_state failed with status -16: not now");
	fails("helix_state_put_uint(s, \"a\", 1); helix_state_put_int(s, \"a\", 1); "
	      "helix_state_put_int(s, \"\", 1); return 0;", "save_state failed with status -2");
	fails("helix_state_put_uint(s, \"\", 1); return 0;", "save_state failed with status -15");
	fails("helix_state_put_uint(s, \"0123456789012345678901234567890123456789012345678901234567890123\", 1); "
	      "return 0;", "save_state failed with status -15");
	fails("helix_state_put_bytes(s, \"x\", s, HELIX_STATE_MAX); return 0;",
	      "save_state failed with status -19");
	fails("helix_state_put_bytes(s, \"x\", s, (size_t)-1); return 0;",
	      "save_state failed with status -19");
	fails("char n[3] = \"aa\"; for (int i = 0; i <= HELIX_STATE_FIELDS; i++) { n[0] = (char)('0' + i / 40); "
	      "n[1] = (char)('0' + i % 40); helix_state_put_int(s, n, i); } return 0;",
	      "save_state failed with status -19");
}
END_TEST

START_TEST(saving_survives_every_failing_allocation)
{
	struct hload_saved state = { NULL, 0 };
	struct world_held before;
	uint64_t n;

	open("static char raw[1000]; static int put(struct helix_state_writer *s) "
	     "{ helix_state_put_uint(s, \"n\", 1); helix_state_put_bytes(s, \"r\", raw, sizeof raw); return 0; }",
	     ".save_state = put");
	before = world_held(&w);
	for (n = 1; !state.bytes; n++) {
		ck_assert_uint_lt(n, 10);
		harness_rewind(&w.harness);
		w.harness.fail_alloc = n;
		if (hload_state_save(w.system, m, &state, &w.diag))
			ck_assert_same_held(&w, before);
	}
	ck_assert_uint_eq(n, 5); /* three blocks: the first, a larger, an exact one */
	hload_state_free(w.system, &state);
	ck_assert_same_held(&w, before);
	player_close(&w);
}
END_TEST

WORLD_MAIN("state", 60, what_is_put_is_got, who_has_no_hooks_has_no_state,
	   every_flip_and_every_cut_is_refused, a_state_made_by_hand_is_checked_to_the_byte,
	   a_header_made_by_hand_is_checked, the_first_failure_to_put_makes_the_saving_fail,
	   saving_survives_every_failing_allocation)
