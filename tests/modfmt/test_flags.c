/* SPDX-License-Identifier: MIT */
#include "helix/record.h"
#include "modfmt/judge.h"

static const char *const no_aliases[] = { NULL };
static const char *const one_alias[] = { "pci:*", NULL };

#define MISSING(flag, interface)                                                                   \
	"flag " flag " without HELIX_INTERFACE(\"" interface "\", …); declare what the flag "      \
	"promises, or leave the flag out"
#define NO_DRIVER                                                                                  \
	"flag DRIVER without a HELIX_INTERFACE or one of .aliases; declare what the flag "         \
	"promises, or leave the flag out"

START_TEST(a_flag_is_held_to_what_it_promises)
{
	static const struct {
		uint64_t flags;
		const char *interface; /* NULL: none */
		const char *const *aliases;
		const char *verdict;
	} rows[] = {
		{ HELIX_SCHEDULER, NULL, NULL, MISSING("SCHEDULER", "helix.scheduler") },
		{ HELIX_ALLOCATOR, NULL, NULL, MISSING("ALLOCATOR", "helix.allocator") },
		{ HELIX_FILESYSTEM, NULL, NULL, MISSING("FILESYSTEM", "helix.filesystem") },
		{ HELIX_SECURITY, NULL, NULL, MISSING("SECURITY", "helix.security") },
		{ HELIX_SCHEDULER, "helix.scheduler", NULL, "ok" },
		{ HELIX_ALLOCATOR, "helix.allocator", NULL, "ok" },
		{ HELIX_FILESYSTEM, "helix.filesystem", NULL, "ok" },
		{ HELIX_SECURITY, "helix.security", NULL, "ok" },
		{ HELIX_SCHEDULER, "helix.scheduler2", NULL,
		  MISSING("SCHEDULER", "helix.scheduler") },
		{ HELIX_SCHEDULER, "helix.schedule", NULL, MISSING("SCHEDULER", "helix.scheduler") },
		{ HELIX_SCHEDULER | HELIX_ALLOCATOR, "helix.scheduler", NULL,
		  MISSING("ALLOCATOR", "helix.allocator") },
		{ HELIX_DRIVER, NULL, NULL, NO_DRIVER },
		{ HELIX_DRIVER, NULL, no_aliases, NO_DRIVER },
		{ HELIX_DRIVER, "anything", NULL, "ok" },
		{ HELIX_DRIVER, NULL, one_alias, "ok" },
		{ HELIX_ESSENTIAL | HELIX_HOT_RELOADABLE | HELIX_USERSPACE | HELIX_EXPERIMENTAL |
			  HELIX_DEPRECATED, NULL, NULL, "ok" },
		{ 0, NULL, NULL, "ok" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct elf_builder *b = elf_new();
		struct hmod_span file;

		elf_module(b, &(struct elf_module){ .name = "m", .flags = rows[i].flags,
						    .aliases = rows[i].aliases });
		if (rows[i].interface)
			elf_interface(b, &(struct elf_interface){ .name = rows[i].interface,
								  .count = 1 });
		file = elf_finish(b);
		ck_assert_str_eq(judge(file), rows[i].verdict);
		ck_assert_int_eq(judged, strcmp(rows[i].verdict, "ok") ?
						 HELIX_E_INTERFACE_MISSING : HELIX_OK);
		elf_discard(file);
	}
}
END_TEST

START_TEST(bits_have_names)
{
	ck_assert_str_eq(hmod_flag_name(0), "ESSENTIAL");
	ck_assert_str_eq(hmod_flag_name(1), "HOT_RELOADABLE");
	ck_assert_str_eq(hmod_flag_name(9), "DEPRECATED");
	ck_assert_ptr_null(hmod_flag_name(10));
	ck_assert_ptr_null(hmod_flag_name(64));
	ck_assert_str_eq(hmod_event_name(0), "TICK");
	ck_assert_str_eq(hmod_event_name(4), "CUSTOM");
	ck_assert_ptr_null(hmod_event_name(5));
	ck_assert_str_eq(hmod_policy_name(HELIX_POLICY_NONE), "none");
	ck_assert_str_eq(hmod_policy_name(HELIX_POLICY_STOP), "stop");
	ck_assert_ptr_null(hmod_policy_name(3));
}
END_TEST

START_TEST(every_known_bit_has_a_name_and_no_other)
{
	for (unsigned bit = 0; bit < 64; bit++) {
		ck_assert_int_eq(hmod_flag_name(bit) != NULL, HMOD_FLAGS_KNOWN >> bit & 1);
		ck_assert_int_eq(hmod_event_name(bit) != NULL, HELIX_EVENTS_KNOWN >> bit & 1);
	}
}
END_TEST

RUN_TESTS("flags", a_flag_is_held_to_what_it_promises, bits_have_names,
	  every_known_bit_has_a_name_and_no_other)
