/* SPDX-License-Identifier: MIT
 *
 * Settings: judged at insert, read back through the module API.
 */
#include "loader/world.h"

#include "helix/module.h"
#include "loader/internal.h"

static struct world w;
static struct hmod_span file;
static struct hload_module *module;

static void begin(void)
{
	struct elf_builder *b = elf_new();

	elf_module(b, MODULE(.name = "m"));
	elf_param(b, "greeting", "hello", "what to say", HELIX_PARAM_string);
	elf_param(b, "how-many", "3", "times", HELIX_PARAM_uint);
	elf_param(b, "level", "-2", "of noise", HELIX_PARAM_int);
	elf_param(b, "loud", "false", "shout", HELIX_PARAM_bool);
	file = elf_finish(b);
	world_open(&w);
	w.pretend = true;
	ck_assert_int_eq(hload_register(w.system, file, "/m", &module, &w.diag), HELIX_OK);
}

static void end(void)
{
	elf_discard(file);
	world_close(&w);
}

static enum helix_status insert(const struct hload_setting *settings, size_t count)
{
	return hload_insert(w.system, module, file, settings, count, &w.diag);
}

START_TEST(unset_parameters_have_their_defaults)
{
	const struct helix_context *c;

	begin();
	ck_assert_int_eq(insert(NULL, 0), HELIX_OK);
	c = &module->context;
	ck_assert_str_eq(helix_config(c, "greeting"), "hello");
	ck_assert_ptr_null(helix_config(c, "nosuch"));
	ck_assert_str_eq(helix_config_or(c, "nosuch", "else"), "else");
	ck_assert_str_eq(helix_config_or(c, "greeting", "else"), "hello");
	ck_assert_uint_eq(helix_config_uint(c, "how_many", 9), 3);
	ck_assert_int_eq(helix_config_int(c, "level", 9), -2);
	ck_assert(!helix_config_bool(c, "loud", true));
	ck_assert_uint_eq(helix_config_uint(c, "greeting", 9), 9);
	ck_assert_int_eq(helix_config_int(c, "nosuch", -9), -9);
	ck_assert(helix_config_bool(c, "greeting", true));
	ck_assert_uint_eq(helix_module_id(c), 1);
	end();
}
END_TEST

START_TEST(the_last_setting_of_a_key_wins)
{
	char text[] = "first";
	const struct hload_setting settings[] = { { "greeting", text }, { "how-many", "0x10" },
						  { "loud", "yes" },    { "greeting", "last" },
						  { "how_many", "17" }, { "level", "-7" } };
	const struct helix_context *c;

	begin();
	ck_assert_int_eq(insert(settings, 6), HELIX_OK);
	text[0] = '?'; /* values are copied */
	c = &module->context;
	ck_assert_str_eq(helix_config(c, "greeting"), "last");
	ck_assert_uint_eq(helix_config_uint(c, "how-many", 0), 17);
	ck_assert_int_eq(helix_config_int(c, "level", 0), -7);
	ck_assert(helix_config_bool(c, "loud", false));
	ck_assert_int_eq(world_remove(&w, "m"), HELIX_OK);
	ck_assert_int_eq(insert(settings, 1), HELIX_OK); /* nothing of the first time stays */
	ck_assert_uint_eq(helix_config_uint(c, "how_many", 0), 3);
	end();
}
END_TEST

START_TEST(a_wrong_setting_is_refused_with_its_reason)
{
	static const struct {
		struct hload_setting setting;
		enum helix_status status;
		const char *sentence;
	} rows[] = {
		{ { "volume", "1" }, HELIX_E_PARAM_UNKNOWN,
		  "unknown parameter: volume; modinfo lists the parameters" },
		{ { "greetin", "1" }, HELIX_E_PARAM_UNKNOWN,
		  "unknown parameter: greetin; modinfo lists the parameters" },
		{ { "", "1" }, HELIX_E_PARAM_UNKNOWN,
		  "unknown parameter: ; modinfo lists the parameters" },
		{ { "how_many", "x" }, HELIX_E_PARAM_VALUE, "parameter how_many: 'x' is not " },
		{ { "how_many", "" }, HELIX_E_PARAM_VALUE, "parameter how_many: '' is not " },
		{ { "how_many", "-1" }, HELIX_E_PARAM_VALUE, "parameter how_many: '-1' is not " },
		{ { "how_many", "18446744073709551616" }, HELIX_E_PARAM_VALUE,
		  "parameter how_many: '18446744073709551616' is not " },
		{ { "level", "1.5" }, HELIX_E_PARAM_VALUE, "parameter level: '1.5' is not " },
		{ { "loud", "maybe" }, HELIX_E_PARAM_VALUE, "parameter loud: 'maybe' is neither true nor false" },
		{ { "loud", "a value that is so long that it cannot be told in full and yet the "
			    "reason has to stand there" }, HELIX_E_PARAM_VALUE,
		  "parameter loud: 'a value that is so long that it cannot be told in full' is neither " },
	};
	struct world_held before;

	begin();
	before = world_held(&w);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const struct hload_setting settings[] = { { "greeting", "kept?" }, rows[i].setting };

		ck_assert_int_eq(insert(settings, 2), rows[i].status);
		ck_assert_msg(!strncmp(harness_text(&w.diag), rows[i].sentence,
				       strlen(rows[i].sentence)),
			      "%s", harness_text(&w.diag));
		ck_assert_int_eq(world_state(&w, "m"), HLOAD_REGISTERED);
		ck_assert_same_held(&w, before);
	}
	ck_assert_int_eq(insert(NULL, 0), HELIX_OK);
	ck_assert_str_eq(helix_config(&module->context, "greeting"), "hello");
	end();
}
END_TEST

START_TEST(a_module_without_parameters_takes_no_setting)
{
	const struct hload_setting setting = { "x", "1" };
	struct hmod_span bare = world_image(MODULE(.name = "bare"));
	struct hload_module *m;

	begin();
	ck_assert_int_eq(hload_register(w.system, bare, NULL, &m, &w.diag), HELIX_OK);
	ck_assert_int_eq(hload_insert(w.system, m, bare, &setting, 1, &w.diag),
			 HELIX_E_PARAM_UNKNOWN);
	ck_assert_int_eq(hload_insert(w.system, m, bare, NULL, 0, &w.diag), HELIX_OK);
	ck_assert_ptr_null(helix_config(&m->context, "x"));
	elf_discard(bare);
	end();
}
END_TEST

WORLD_MAIN("param", 60, unset_parameters_have_their_defaults, the_last_setting_of_a_key_wins,
	   a_wrong_setting_is_refused_with_its_reason,
	   a_module_without_parameters_takes_no_setting)
