/* SPDX-License-Identifier: MIT */
#include <stdio.h>

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

#define POINTER(entry, field)                                                                      \
	rela_at(f, ".rela.hmod.interface",                                                         \
		(entry) * sizeof(struct helix_interface_record) +                                  \
			offsetof(struct helix_interface_record, field))

static struct helix_interface_record *record(struct hmod_span f, unsigned entry)
{
	return (struct helix_interface_record *)elf_bytes(f, ".hmod.interface") + entry;
}

static uint64_t pointing_at(struct hmod_span f, const char *symbol)
{
	const struct elf64_symbol *first = elf_bytes(f, ".symtab");

	return (uint64_t)(elf_find_symbol(f, symbol) - first) << 32 | R_X86_64_64;
}

SPOIL(no_name, POINTER(0, name)->offset = 40)
SPOIL(name_nowhere, POINTER(0, name)->addend = -1)
SPOIL(name_byte, char *s = elf_bytes(f, ".rodata.str"); s[POINTER(0, name)->addend + 1] = '/')
SPOIL(no_operations, POINTER(0, operations)->offset = 40)
SPOIL(operations_import, POINTER(0, operations)->info = pointing_at(f, "imported"))
SPOIL(operations_absolute, POINTER(0, operations)->info = pointing_at(f, "absolute"))
SPOIL(operations_past, POINTER(0, operations)->addend = (int64_t)elf_find(f, ".data.rel.ro")->size)
SPOIL(operations_code, POINTER(0, operations)->addend = 0;
      POINTER(0, operations)->info = pointing_at(f, "exported"))
SPOIL(operations_debug, elf_find_symbol(f, "exported")->shndx =
				(uint16_t)elf_find_index(f, ".debug_info");
      elf_find_symbol(f, "exported")->value = 0;
      elf_find(f, ".hmod.export")->size = 0;
      elf_find(f, ".rela.hmod.export")->size = 0;
      POINTER(0, operations)->addend = 0;
      POINTER(0, operations)->info = pointing_at(f, "exported"))
SPOIL(operations_odd, POINTER(0, operations)->addend += 4)
SPOIL(operations_align, elf_find(f, ".data.rel.ro")->addralign = 4)
SPOIL(operations_end, record(f, 1)->count = 64)
SPOIL(count_none, record(f, 0)->count = 0)
SPOIL(count_many, record(f, 0)->count = 65)
SPOIL(count_huge, record(f, 0)->count = UINT32_MAX)
SPOIL(reserved, record(f, 1)->reserved = 1)
SPOIL(message_data, POINTER(0, message)->info = POINTER(0, operations)->info)
SPOIL(message_bytes, record(f, 1)->message = (const void *)8)
SPOIL(names_nowhere, POINTER(0, names)->addend = -8)
SPOIL(names_few, record(f, 0)->count = 1)
SPOIL(names_many, record(f, 0)->count = 3)
SPOIL(names_byte, char *s = elf_bytes(f, ".rodata.str");
      s[rela_at(f, ".rela.data.rel.ro", (uint64_t)POINTER(0, names)->addend)->addend] = ' ')
SPOIL(cut, elf_find(f, ".hmod.interface")->size -= 8)
SPOIL(no_bytes, elf_find(f, ".hmod.interface")->type = ELF_SHT_NOBITS)

START_TEST(a_wrong_interface_is_refused)
{
	static const struct refusal rows[] = {
		{ "no name", no_name, HELIX_E_META_INTERFACE,
		  "interface 0: the name is empty [metadata]" },
		{ "a name nowhere", name_nowhere, HELIX_E_META_POINTER,
		  "module metadata: an interface's name does not point to a string in the same "
		  "file [metadata]" },
		{ "a name with a slash", name_byte, HELIX_E_META_INTERFACE,
		  "interface 0: h/lix.block-device has a byte that is no letter, digit, - or _ "
		  "[metadata]" },
		{ "no operations", no_operations, HELIX_E_META_INTERFACE,
		  "interface 0: the record does not point to operations in the same file "
		  "[metadata]" },
		{ "operations of another module", operations_import, HELIX_E_META_INTERFACE,
		  "interface 0: the record does not point to operations in the same file "
		  "[metadata]" },
		{ "operations at an address", operations_absolute, HELIX_E_META_INTERFACE,
		  "interface 0: the record does not point to operations in the same file "
		  "[metadata]" },
		{ "operations past their section", operations_past, HELIX_E_META_INTERFACE,
		  "interface 0: the record does not point to operations in the same file "
		  "[metadata]" },
		{ "operations in code", operations_code, HELIX_E_META_INTERFACE,
		  "interface 0: the record points to operations that are not in loaded data "
		  "[metadata]" },
		{ "operations that are not loaded", operations_debug, HELIX_E_META_INTERFACE,
		  "interface 0: the record points to operations that are not in loaded data "
		  "[metadata]" },
		{ "operations between pointers", operations_odd, HELIX_E_META_INTERFACE,
		  "interface 0: the record points to operations that are not aligned to 8 bytes "
		  "[metadata]" },
		{ "operations in a section of 4", operations_align, HELIX_E_META_INTERFACE,
		  "interface 0: the record points to operations that are not aligned to 8 bytes "
		  "[metadata]" },
		{ "more operations than bytes", operations_end, HELIX_E_META_INTERFACE,
		  "interface 1: the record has operations past the end of their section "
		  "[metadata]" },
		{ "none of them", count_none, HELIX_E_META_INTERFACE,
		  "interface 0: the record has not 1 to 64 operations [metadata]" },
		{ "one too many", count_many, HELIX_E_META_INTERFACE,
		  "interface 0: the record has not 1 to 64 operations [metadata]" },
		{ "far too many", count_huge, HELIX_E_META_INTERFACE,
		  "interface 0: the record has not 1 to 64 operations [metadata]" },
		{ "a reserved field", reserved, HELIX_E_META_INTERFACE,
		  "interface 1: the record has a reserved field that is not 0 [metadata]" },
		{ "a message handler in data", message_data, HELIX_E_META_INTERFACE,
		  "interface 0: the record has a message handler that is no function of this "
		  "module [metadata]" },
		{ "a message handler that is no relocation", message_bytes, HELIX_E_META_INTERFACE,
		  "interface 1: the record has a message handler that is no function of this "
		  "module [metadata]" },
		{ "names nowhere", names_nowhere, HELIX_E_META_POINTER,
		  "module metadata: the list of an interface's operations does not point to a list "
		  "that ends with NULL in the same file [metadata]" },
		{ "a name too many", names_few, HELIX_E_META_INTERFACE,
		  "interface 0: the record does not name each of its operations once [metadata]" },
		{ "a name too few", names_many, HELIX_E_META_INTERFACE,
		  "interface 0: the record does not name each of its operations once [metadata]" },
		{ "a name with a blank", names_byte, HELIX_E_META_NAME,
		  "module metadata: name ' ead' has a byte that is no letter, digit, - or _" },
		{ "half a record", cut, HELIX_E_META_INTERFACE,
		  "interface 1: the record is cut off [metadata]" },
	};

	REFUSE_RICH(rows);
}
END_TEST

START_TEST(a_section_without_bytes_declares_nothing)
{
	struct hmod_span file = rich_module();
	struct hmod_meta meta;
	void *table;

	no_bytes(&file);
	table = flat_table(file, &meta);
	ck_assert_uint_eq(meta.header->interface_count, 0);
	free(table);
	elf_discard(file);
}
END_TEST

START_TEST(interfaces_are_in_the_table_as_declared)
{
	struct hmod_span file = rich_module();
	struct hmod_meta meta;
	void *table = flat_table(file, &meta);
	const struct hmod_flat_interface *i = meta.interfaces;

	ck_assert_uint_eq(meta.header->interface_count, 2);
	ck_assert_str_eq(hmod_meta_string(&meta, i[0].name), "helix.block_device");
	ck_assert_uint_eq(i[0].hash, hmod_name_hash("helix.block_device", 18));
	ck_assert_uint_eq(i[0].major, 1);
	ck_assert_uint_eq(i[0].minor, 2);
	ck_assert_uint_eq(i[0].count, 2);
	ck_assert_uint_eq(i[0].priority, 5);
	ck_assert_uint_eq(i[0].flags, HMOD_INTERFACE_MESSAGE | HMOD_INTERFACE_NAMED);
	ck_assert_str_eq(hmod_meta_operation(&meta, 0, 0), "read");
	ck_assert_str_eq(hmod_meta_operation(&meta, 0, 1), "write_back");
	ck_assert_ptr_null(hmod_meta_operation(&meta, 0, 2));
	ck_assert_str_eq(hmod_meta_string(&meta, i[1].name), "own");
	ck_assert_uint_eq(i[1].flags, 0);
	ck_assert_ptr_null(hmod_meta_operation(&meta, 1, 0));
	free(table);
	elf_discard(file);
}
END_TEST

START_TEST(the_cursor_gives_symbols_and_numbers_in_file_order)
{
	struct hmod_interface_cursor cursor = { 0 };
	struct hmod_span file = rich_module();
	struct hmod_interface interface;
	struct hmod_image image;
	uint32_t data = elf_find_index(file, ".data.rel.ro");

	ck_assert_int_eq(hmod_image_open(&image, file.data, file.size, NULL), HELIX_OK);
	ck_assert_uint_eq(hmod_interface_count(&image), 2);
	ck_assert_int_eq(hmod_interface_next(&image, &cursor, &interface, NULL), HELIX_OK);
	ck_assert_uint_eq(image.symbols[interface.operations.symbol].shndx, data);
	ck_assert_str_eq(hmod_symbol_name(&image, interface.message.symbol), "message");
	ck_assert_uint_eq(interface.count, 2);
	ck_assert_uint_eq(interface.major, 1);
	ck_assert_uint_eq(interface.minor, 2);
	ck_assert_uint_eq(interface.priority, 5);
	ck_assert_int_eq(hmod_interface_next(&image, &cursor, &interface, NULL), HELIX_OK);
	ck_assert_uint_eq(interface.message.symbol, 0);
	ck_assert_uint_eq(interface.count, 1);
	ck_assert_int_eq(hmod_interface_next(&image, &cursor, &interface, NULL),
			 HELIX_E_NOT_FOUND);
	ck_assert_int_eq(hmod_interface_next(&image, &cursor, &interface, NULL),
			 HELIX_E_NOT_FOUND);
	elf_discard(file);
}
END_TEST

START_TEST(a_module_without_interfaces_has_none)
{
	struct hmod_interface_cursor cursor = { 0 };
	struct hmod_span file = good_module();
	struct hmod_interface interface;
	struct hmod_image image;

	ck_assert_int_eq(hmod_image_open(&image, file.data, file.size, NULL), HELIX_OK);
	ck_assert_uint_eq(hmod_interface_count(&image), 0);
	ck_assert_int_eq(hmod_interface_next(&image, &cursor, &interface, NULL),
			 HELIX_E_NOT_FOUND);
	elf_discard(file);
}
END_TEST

START_TEST(sixty_four_operations_and_hundreds_of_interfaces_fit)
{
	struct elf_builder *b = elf_new();
	struct hmod_meta meta;
	struct hmod_span file;
	char name[16];
	void *table;

	elf_module(b, &(struct elf_module){ .name = "m" });
	for (unsigned i = 0; i < 300; i++) {
		snprintf(name, sizeof name, "i%u", i);
		elf_interface(b, &(struct elf_interface){ .name = name, .count = 64 });
	}
	file = elf_finish(b);
	ck_assert_str_eq(judge(file), "ok");
	table = flat_table(file, &meta);
	ck_assert_uint_eq(meta.header->interface_count, 300);
	ck_assert_str_eq(hmod_meta_string(&meta, meta.interfaces[299].name), "i299");
	free(table);
	elf_discard(file);
}
END_TEST

START_TEST(relocations_may_stand_in_any_order)
{
	struct elf_builder *b = rich_builder();
	struct hmod_meta meta;
	struct hmod_span file;
	void *table;

	elf_relas_backwards(b);
	elf_split_relas(b);
	file = elf_finish(b);
	ck_assert_str_eq(judge(file), "ok");
	table = flat_table(file, &meta);
	ck_assert_str_eq(hmod_meta_operation(&meta, 0, 1), "write_back");
	free(table);
	elf_discard(file);
}
END_TEST

RUN_TESTS("interface", a_wrong_interface_is_refused, a_section_without_bytes_declares_nothing,
	  interfaces_are_in_the_table_as_declared,
	  the_cursor_gives_symbols_and_numbers_in_file_order, a_module_without_interfaces_has_none,
	  sixty_four_operations_and_hundreds_of_interfaces_fit, relocations_may_stand_in_any_order)
