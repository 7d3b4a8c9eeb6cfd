/* SPDX-License-Identifier: MIT */
#include "helix/record.h"
#include "modfmt/judge.h"

static struct elf64_rela *rela_at(struct hmod_span f, const char *section, uint64_t offset)
{
	struct elf64_rela *r = elf_bytes(f, section);
	uint64_t count = elf_find(f, section)->size / sizeof *r;

	for (uint64_t i = 0; i < count; i++)
		if (r[i].offset == offset)
			return &r[i];
	ck_abort_msg("%s has nothing at %lu", section, (unsigned long)offset);
	return NULL;
}

#define HOOK(field) \
	rela_at(f, ".rela.hmod.module", offsetof(struct helix_module_record, field))

static uint64_t pointing_at(const struct elf64_symbol *symbol, struct hmod_span f)
{
	const struct elf64_symbol *first = elf_bytes(f, ".symtab");

	return (uint64_t)(symbol - first) << 32 | R_X86_64_64;
}

SPOIL(no_init, HOOK(init)->offset = 8)
SPOIL(no_start, HOOK(start)->offset = 8)
SPOIL(no_stop, HOOK(stop)->offset = 8)
SPOIL(init_type, HOOK(init)->info += R_X86_64_PC32 - R_X86_64_64)
SPOIL(init_symbol, HOOK(init)->info = UINT64_C(7777) << 32 | R_X86_64_64)
SPOIL(init_undefined, HOOK(init)->info = pointing_at(elf_find_symbol(f, "imported"), f))
SPOIL(init_absolute, HOOK(init)->info = pointing_at(elf_find_symbol(f, "absolute"), f))
SPOIL(init_past, HOOK(init)->addend = 1000)
SPOIL(event_before, HOOK(handle_event)->addend = -1000)
SPOIL(text_no_code, elf_find(f, ".text")->flags = ELF_SHF_ALLOC)
SPOIL(text_not_loaded, elf_find(f, ".text")->flags = ELF_SHF_EXECINSTR)
SPOIL(save_bytes, HOOK(save_state)->offset = 8; ((uint8_t *)elf_bytes(
	      f, ".hmod.module"))[offsetof(struct helix_module_record, save_state)] = 1)

START_TEST(a_wrong_hook_is_refused)
{
	static const struct refusal rows[] = {
		{ "no init", no_init, HELIX_E_META_HOOK,
		  "module metadata: .init: is required [metadata]" },
		{ "no start", no_start, HELIX_E_META_HOOK,
		  "module metadata: .start: is required [metadata]" },
		{ "no stop", no_stop, HELIX_E_META_HOOK,
		  "module metadata: .stop: is required [metadata]" },
		{ "a relocation of another type", init_type, HELIX_E_META_HOOK,
		  "module metadata: .init: does not point to a function of this module [metadata]" },
		{ "a symbol that is not there", init_symbol, HELIX_E_META_HOOK,
		  "module metadata: .init: does not point to a function of this module [metadata]" },
		{ "an import", init_undefined, HELIX_E_META_HOOK,
		  "module metadata: .init: does not point to a function of this module [metadata]" },
		{ "an absolute address", init_absolute, HELIX_E_META_HOOK,
		  "module metadata: .init: does not point to a function of this module [metadata]" },
		{ "past its section", init_past, HELIX_E_META_HOOK,
		  "module metadata: .init: does not point to a function of this module [metadata]" },
		{ "before its section", event_before, HELIX_E_META_HOOK,
		  "module metadata: .handle_event: does not point to a function of this module "
		  "[metadata]" },
		{ "data", text_no_code, HELIX_E_META_HOOK,
		  "module metadata: .init: does not point to a function of this module [metadata]" },
		{ "code that is not loaded", text_not_loaded, HELIX_E_META_HOOK,
		  "module metadata: .init: does not point to a function of this module [metadata]" },
		{ "an address that is no relocation", save_bytes, HELIX_E_META_HOOK,
		  "module metadata: .save_state: does not point to a function of this module "
		  "[metadata]" },
	};

	REFUSE_ALL(rows);
}
END_TEST

START_TEST(hooks_are_symbols_and_those_not_given_are_zero)
{
	struct elf_builder *b = elf_new();
	struct hmod_reference hooks[HMOD_HOOKS];
	struct hmod_image image;
	struct hmod_span file;

	elf_module(b, &(struct elf_module){ .name = "m", .with_hooks = 1 << HMOD_HOOK_SAVE });
	file = elf_finish(b);
	ck_assert_int_eq(hmod_image_open(&image, file.data, file.size, NULL), HELIX_OK);
	ck_assert_int_eq(hmod_hooks_read(&image, hooks, NULL), HELIX_OK);
	ck_assert_str_eq(hmod_symbol_name(&image, hooks[HMOD_HOOK_STOP].symbol), "stop");
	ck_assert_str_eq(hmod_symbol_name(&image, hooks[HMOD_HOOK_SAVE].symbol), "save_state");
	ck_assert_uint_eq(hooks[HMOD_HOOK_EVENT].symbol, 0);
	ck_assert_uint_eq(hooks[HMOD_HOOK_RESTORE].symbol, 0);
	elf_discard(file);
}
END_TEST

START_TEST(a_v1_record_has_other_hooks)
{
	struct elf_builder *b = elf_new();
	struct hmod_reference hooks[HMOD_HOOKS];
	struct hmod_image image;
	struct hmod_span file;

	elf_module(b, &(struct elf_module){ .name = "m", .v1 = true, .with_hooks = 0x3ff });
	file = elf_finish(b);
	ck_assert_str_eq(judge(file), "ok");
	ck_assert_int_eq(hmod_image_open(&image, file.data, file.size, NULL), HELIX_OK);
	ck_assert_int_eq(hmod_hooks_read(&image, hooks, NULL), HELIX_OK);
	ck_assert_str_eq(hmod_symbol_name(&image, hooks[HMOD_HOOK_INIT].symbol), "init");
	ck_assert_str_eq(hmod_symbol_name(&image, hooks[HMOD_HOOK_CLEANUP].symbol), "event");
	ck_assert_str_eq(hmod_symbol_name(&image, hooks[HMOD_HOOK_MESSAGE].symbol), "request");
	ck_assert_str_eq(hmod_symbol_name(&image, hooks[HMOD_HOOK_SAVE].symbol), "save_state");
	ck_assert_str_eq(hmod_symbol_name(&image, hooks[HMOD_HOOK_RESTORE].symbol), "restore");
	ck_assert_uint_eq(hooks[HMOD_HOOK_EVENT].symbol, 0);
	ck_assert_uint_eq(hooks[HMOD_HOOK_REQUEST].symbol, 0);
	elf_discard(file);
}
END_TEST

START_TEST(a_v2_record_has_no_v1_hooks)
{
	struct hmod_span file = good_module(); /* all eight are given */
	struct hmod_reference hooks[HMOD_HOOKS];
	struct hmod_image image;

	ck_assert_int_eq(hmod_image_open(&image, file.data, file.size, NULL), HELIX_OK);
	ck_assert_int_eq(hmod_hooks_read(&image, hooks, NULL), HELIX_OK);
	ck_assert_uint_ne(hooks[HMOD_HOOK_EVENT].symbol, 0);
	ck_assert_uint_ne(hooks[HMOD_HOOK_REQUEST].symbol, 0);
	ck_assert_uint_eq(hooks[HMOD_HOOK_CLEANUP].symbol, 0);
	ck_assert_uint_eq(hooks[HMOD_HOOK_MESSAGE].symbol, 0);
	elf_discard(file);
}
END_TEST

START_TEST(a_wrong_v1_hook_is_refused)
{
	static const struct {
		uint64_t offset;
		const char *verdict;
	} rows[] = {
		{ offsetof(struct helix_module_v1_record, stop),
		  "module metadata: .stop: does not point to a function of this module [metadata]" },
		{ offsetof(struct helix_module_v1_record, cleanup),
		  "module metadata: .cleanup: does not point to a function of this module "
		  "[metadata]" },
		{ offsetof(struct helix_module_v1_record, handle_message),
		  "module metadata: .handle_message: does not point to a function of this module "
		  "[metadata]" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct elf_builder *b = elf_new();
		struct hmod_span f;

		elf_module(b, &(struct elf_module){ .name = "m", .v1 = true, .with_hooks = 0x3ff });
		f = elf_finish(b);
		rela_at(f, ".rela.hmod.module", rows[i].offset)->addend = 4096;
		ck_refused(f, META_HOOK, rows[i].verdict);
	}
}
END_TEST

START_TEST(hooks_have_names)
{
	ck_assert_str_eq(hmod_hook_name(HMOD_HOOK_INIT), "init");
	ck_assert_str_eq(hmod_hook_name(HMOD_HOOK_MESSAGE), "handle_message");
	ck_assert_str_eq(hmod_hook_name(HMOD_HOOKS), "?");
}
END_TEST

#define EXPORT(offset) rela_at(f, ".rela.hmod.export", offset)

SPOIL(no_symbol, EXPORT(40)->offset = 80)
SPOIL(export_type, EXPORT(40)->info += R_X86_64_PC32 - R_X86_64_64)
SPOIL(export_addend, EXPORT(40)->addend = 1)
SPOIL(export_local, EXPORT(40)->info = pointing_at(elf_find_symbol(f, "init"), f))
SPOIL(export_import, EXPORT(40)->info = pointing_at(elf_find_symbol(f, "perhaps"), f))
SPOIL(export_unloaded, elf_find_symbol(f, "hidden")->shndx =
			       (uint16_t)elf_find_index(f, ".debug_info");
      elf_find_symbol(f, "hidden")->value = 0)
SPOIL(export_cut, elf_find(f, ".hmod.export")->size -= 8)
SPOIL(namespace_nowhere, EXPORT(48)->addend = 100000)
SPOIL(namespace_control, char *s = elf_bytes(f, ".rodata.str"); s += EXPORT(48)->addend; *s = '\n')

START_TEST(a_wrong_export_is_refused)
{
	static const struct refusal rows[] = {
		{ "no symbol", no_symbol, HELIX_E_META_EXPORT,
		  "export 1: the record names no symbol [metadata]" },
		{ "a relocation of another type", export_type, HELIX_E_META_EXPORT,
		  "export 1: the record names no symbol [metadata]" },
		{ "a symbol and some bytes", export_addend, HELIX_E_META_EXPORT,
		  "export 1: hidden is not pointed to at its beginning [metadata]" },
		{ "a local symbol", export_local, HELIX_E_META_EXPORT,
		  "export 1: init is local: only a global symbol can be exported [metadata]" },
		{ "an import", export_import, HELIX_E_META_EXPORT,
		  "export 1: perhaps is not defined here [metadata]" },
		{ "what is not loaded", export_unloaded, HELIX_E_META_EXPORT,
		  "export 1: hidden is in a section that is not loaded [metadata]" },
		{ "half a record", export_cut, HELIX_E_META_EXPORT,
		  "export 1: the record is cut off [metadata]" },
		{ "a namespace nowhere", namespace_nowhere, HELIX_E_META_POINTER,
		  "module metadata: an export's namespace does not point to a string in the same "
		  "file [metadata]" },
		{ "a namespace with a newline", namespace_control, HELIX_E_META_TEXT,
		  "module metadata: an export's namespace has a control character [metadata]" },
	};

	REFUSE_ALL(rows);
}
END_TEST

#define V(major, minor) (UINT64_C(major) << 32 | (uint64_t)(minor) << 16)

START_TEST(a_wrong_deprecation_is_refused)
{
	static const struct {
		const char *replacement;
		uint64_t since, removed;
		const char *verdict;
	} rows[] = {
		{ "new", V(1, 2), V(2, 0), "ok" },
		{ "new", V(1, 2), V(1, 2), "ok" },
		{ "new", V(1, 2), 0, "ok" },
		{ "new", 0, 0, "ok" },
		{ "", V(1, 2), 0, "export 0: old has an empty replacement [metadata]" },
		{ NULL, V(1, 2), 0, "export 0: old goes without a replacement [metadata]" },
		{ NULL, 0, V(1, 2), "export 0: old goes without a replacement [metadata]" },
		{ "new", V(1, 2), V(1, 1),
		  "export 0: old is removed before it is deprecated [metadata]" },
		{ "new", V(65536, 0), 0,
		  "export 0: old has a version of more than 48 bits [metadata]" },
		{ "new", 0, V(65536, 0),
		  "export 0: old has a version of more than 48 bits [metadata]" },
		{ "a\nb", 0, 0,
		  "module metadata: an export's replacement has a control character [metadata]" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct elf_builder *b = elf_new();
		struct hmod_span file;

		elf_module(b, &(struct elf_module){ .name = "m" });
		elf_export_deprecated(b, elf_function(b, "old", ELF_STB_GLOBAL),
				      rows[i].replacement, rows[i].since, rows[i].removed);
		file = elf_finish(b);
		ck_assert_str_eq(judge(file), rows[i].verdict);
		elf_discard(file);
	}
}
END_TEST

START_TEST(a_deprecated_export_tells_what_to_use)
{
	struct hmod_export_cursor cursor = { 0 };
	struct hmod_span file = rich_module();
	struct hmod_export export;
	struct hmod_image image;

	ck_assert_int_eq(hmod_image_open(&image, file.data, file.size, NULL), HELIX_OK);
	ck_assert_uint_eq(hmod_export_count(&image), 3);
	ck_assert_int_eq(hmod_export_next(&image, &cursor, &export, NULL), HELIX_OK);
	ck_assert_ptr_null(export.replacement);
	ck_assert_uint_eq(export.since, 0);
	ck_assert_uint_eq(export.removed, 0);
	ck_assert_int_eq(hmod_export_next(&image, &cursor, &export, NULL), HELIX_OK);
	ck_assert_int_eq(hmod_export_next(&image, &cursor, &export, NULL), HELIX_OK);
	ck_assert_str_eq(export.name, "oldest");
	ck_assert_str_eq(export.replacement, "exported");
	ck_assert_uint_eq(export.since, V(1, 0));
	ck_assert_uint_eq(export.removed, V(2, 0));
	elf_discard(file);
}
END_TEST

START_TEST(exports_come_in_file_order_with_their_namespace)
{
	struct hmod_export_cursor cursor = { 0 };
	struct hmod_span file = good_module();
	struct hmod_export export;
	struct hmod_image image;

	ck_assert_int_eq(hmod_image_open(&image, file.data, file.size, NULL), HELIX_OK);
	ck_assert_uint_eq(hmod_export_count(&image), 2);
	ck_assert_int_eq(hmod_export_next(&image, &cursor, &export, NULL), HELIX_OK);
	ck_assert_str_eq(export.name, "exported");
	ck_assert_ptr_null(export.ns);
	ck_assert_int_eq(hmod_export_next(&image, &cursor, &export, NULL), HELIX_OK);
	ck_assert_str_eq(export.name, "hidden");
	ck_assert_str_eq(export.ns, "inner");
	ck_assert_int_eq(hmod_export_next(&image, &cursor, &export, NULL), HELIX_E_NOT_FOUND);
	ck_assert_int_eq(hmod_export_next(&image, &cursor, &export, NULL), HELIX_E_NOT_FOUND);
	elf_discard(file);
}
END_TEST

START_TEST(a_module_without_exports_has_none)
{
	struct elf_builder *b = elf_new();
	struct hmod_export_cursor cursor = { 0 };
	struct hmod_export export;
	struct hmod_image image;
	struct hmod_span file;

	elf_module(b, &(struct elf_module){ .name = "m" });
	file = elf_finish(b);
	ck_assert_str_eq(judge(file), "ok");
	ck_assert_int_eq(hmod_image_open(&image, file.data, file.size, NULL), HELIX_OK);
	ck_assert_uint_eq(hmod_export_count(&image), 0);
	ck_assert_int_eq(hmod_export_next(&image, &cursor, &export, NULL), HELIX_E_NOT_FOUND);
	elf_discard(file);
}
END_TEST

RUN_TESTS("record", a_wrong_hook_is_refused, hooks_are_symbols_and_those_not_given_are_zero,
	  a_v1_record_has_other_hooks, a_v2_record_has_no_v1_hooks, a_wrong_v1_hook_is_refused,
	  hooks_have_names, a_wrong_export_is_refused, a_wrong_deprecation_is_refused,
	  a_deprecated_export_tells_what_to_use, exports_come_in_file_order_with_their_namespace,
	  a_module_without_exports_has_none)
