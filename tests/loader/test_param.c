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
	elf_param(b, "disks", "a,,b c", "which", HELIX_PARAM_list);
	elf_param_full(b, &(struct elf_param){ .name = "slice", .standard = "10",
					       .type = HELIX_PARAM_uint, .flags = HELIX_PARAM_RANGED,
					       .least = 1, .most = 100 });
	elf_param_full(b, &(struct elf_param){ .name = "far", .standard = "0",
					       .type = HELIX_PARAM_int, .flags = HELIX_PARAM_RANGED,
					       .least = (uint64_t)INT64_MIN, .most = INT64_MAX - 1 });
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

START_TEST(a_list_is_read_item_by_item)
{
	const struct hload_setting setting = { "disks", "x" }, none = { "disks", "" };
	const struct helix_context *c;
	char item[8];

	begin();
	ck_assert_int_eq(insert(NULL, 0), HELIX_OK);
	c = &module->context;
	ck_assert_int_eq(helix_config_item(c, "disks", 0, item, sizeof item), 1);
	ck_assert_str_eq(item, "a");
	ck_assert_int_eq(helix_config_item(c, "disks", 1, item, sizeof item), 0);
	ck_assert_str_eq(item, "");
	ck_assert_int_eq(helix_config_item(c, "disks", 2, item, sizeof item), 3);
	ck_assert_str_eq(item, "b c");
	ck_assert_int_eq(helix_config_item(c, "disks", 2, item, 3), 3);
	ck_assert_str_eq(item, "b ");
	ck_assert_int_eq(helix_config_item(c, "disks", 2, NULL, 0), 3);
	ck_assert_int_eq(helix_config_item(c, "disks", 3, item, sizeof item), HELIX_E_NOT_FOUND);
	ck_assert_int_eq(helix_config_item(c, "nosuch", 0, item, sizeof item), HELIX_E_NOT_FOUND);
	ck_assert_int_eq(helix_config_item(c, "greeting", 0, item, sizeof item),
			 HELIX_E_NOT_FOUND);
	ck_assert_int_eq(world_remove(&w, "m"), HELIX_OK);
	ck_assert_int_eq(insert(&setting, 1), HELIX_OK);
	ck_assert_int_eq(helix_config_item(c, "disks", 0, item, sizeof item), 1);
	ck_assert_str_eq(item, "x");
	ck_assert_int_eq(helix_config_item(c, "disks", 1, item, sizeof item), HELIX_E_NOT_FOUND);
	ck_assert_int_eq(world_remove(&w, "m"), HELIX_OK);
	ck_assert_int_eq(insert(&none, 1), HELIX_OK);
	ck_assert_int_eq(helix_config_item(c, "disks", 0, item, sizeof item), HELIX_E_NOT_FOUND);
	end();
}
END_TEST

START_TEST(the_ends_of_a_range_are_accepted)
{
	static const char *const values[] = { "1", "100", "0x64" };

	begin();
	for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
		const struct hload_setting setting = { "slice", values[i] };

		ck_assert_int_eq(insert(&setting, 1), HELIX_OK);
		ck_assert_str_eq(helix_config(&module->context, "slice"), values[i]);
		ck_assert_int_eq(world_remove(&w, "m"), HELIX_OK);
	}
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
		{ { "slice", "0" }, HELIX_E_PARAM_VALUE,
		  "parameter slice: '0' is out of range, 1 to 100" },
		{ { "slice", "101" }, HELIX_E_PARAM_VALUE,
		  "parameter slice: '101' is out of range, 1 to 100" },
		{ { "slice", "x" }, HELIX_E_PARAM_VALUE,
		  "parameter slice: 'x' is not an unsigned number, 1 to 100" },
		{ { "far", "0x00000000000000000000000000000000000000000000000000007fffffffffffffff" },
		  HELIX_E_PARAM_VALUE, "parameter far: '0x0000" },
		{ { "loud", "maybe" }, HELIX_E_PARAM_VALUE, "parameter loud: 'maybe' is neither " },
		{ { "loud", "a value that is so long that it cannot be told in full and yet the "
			    "reason has to stand there" }, HELIX_E_PARAM_VALUE,
		  "parameter loud: 'a value that is so long that it cannot be told in full and yet the reason has to stand' is neither " },
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

/* The longest range and a value of any length still end in the whole reason. */
START_TEST(the_reason_is_told_in_full)
{
	const struct hload_setting setting = {
		"far", "0x00000000000000000000000000000000000000000000000000007fffffffffffffff"
	};

	begin();
	ck_assert_int_eq(insert(&setting, 1), HELIX_E_PARAM_VALUE);
	ck_assert_msg(strstr(harness_text(&w.diag),
			     "7f' is out of range, -9223372036854775808 to 9223372036854775806"),
		      "%s", harness_text(&w.diag));
	end();
}
END_TEST

WORLD_MAIN("param", 60, unset_parameters_have_their_defaults, a_list_is_read_item_by_item,
	   the_ends_of_a_range_are_accepted, the_last_setting_of_a_key_wins,
	   a_wrong_setting_is_refused_with_its_reason, the_reason_is_told_in_full,
	   a_module_without_parameters_takes_no_setting)
