/* SPDX-License-Identifier: MIT
 *
 * Whole files: what compilers write is accepted, and no byte of a file, cut or
 * changed, can hurt. ASan and UBSan are the judges of the latter.
 */
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "helix/record.h"
#include "modfmt/judge.h"

#define ABI_FLAGS                                                                                  \
	"-std=gnu11 -ffreestanding -fno-pic -mcmodel=kernel -mno-red-zone -mgeneral-regs-only "    \
	"-fno-omit-frame-pointer -fno-asynchronous-unwind-tables "

static const char module_source[] =
	"#include <helix/module.h>\n"
	"HELIX_PARAM(greeting, string, \"hi\", \"what to say\");\n"
	"HELIX_PARAM(times, uint, 3, \"how often\");\n"
	"int other(int);\n"
	"extern int perhaps(void) __attribute__((weak));\n"
	"int table[100] = { 1, 2 };\n"
	"static int zero[1000];\n"
	"int shared_counter;\n"
	"const char *texts[] = { \"a\", \"bc\", \"def\" };\n"
	"int exported(int n) { zero[n & 7]++; shared_counter++;\n"
	"	return table[n & 7] + other(n) + *texts[n & 1] + (perhaps ? perhaps() : 0); }\n"
	"HELIX_EXPORT(exported);\n"
	"HELIX_EXPORT_NS(table, \"inner\");\n"
	"int older(int n) { return n; }\n"
	"HELIX_EXPORT_DEPRECATED(older, \"exported\", HELIX_VERSION(1, 2, 0), 0);\n"
	"HELIX_PARAM_RANGE(level, int, -2, -5, 5, \"of noise\");\n"
	"HELIX_PARAM(disks, list, \"a,b\", \"which\");\n"
	"static int get(int n) { return n; }\n"
	"static void put(int n) { zero[3] = n; }\n"
	"static const struct operations { int (*get)(int); void (*put)(int); } operations = {\n"
	"	get, put };\n"
	"HELIX_INTERFACE(\"helix.test\", 1, 4, operations);\n"
	"HELIX_INTERFACE_WITH(\"helix.more\", 0, 1, operations, .priority = 3,\n"
	"	.names = HELIX_OPERATIONS(\"get\", \"put\"));\n"
	"static int init(const struct helix_context *ctx) { (void)ctx; return zero[1]; }\n"
	"static int start(void) { helix_info(\"started %d\", zero[2]); return 0; }\n"
	"static int stop(void) { return 0; }\n"
	"HELIX_MODULE(.name = \"real-one\", .version = HELIX_VERSION(1, 2, 3),\n"
	"	.dependencies = HELIX_DEPENDENCIES(\"lib >= 1.0, < 2\", \"?more\"),\n"
	"	.provides = HELIX_PROVIDES(\"helix.test\"), .aliases = HELIX_ALIASES(\"x*\"),\n"
	"	.events = HELIX_WANTS_TICK, .policy = HELIX_POLICY_STOP,\n"
	"	.flags = HELIX_DRIVER, .init = init, .start = start, .stop = stop);\n";

static const char v1_source[] =
	"#include <helix/module_v1.h>\n"
	"static int init(const struct helix_v1_context *ctx) { (void)ctx; return 0; }\n"
	"static int nothing(void) { return 0; }\n"
	"static struct helix_message *hear(const struct helix_message *m)\n"
	"{ return helix_message_response(m, HELIX_MESSAGE_REQUEST, NULL); }\n"
	"static const struct operations { int (*a)(void), (*b)(void); } operations = { nothing };\n"
	"HELIX_V1_INTERFACE(\"helix.old\", 2, 0, operations, hear, \"first\", \"second\");\n"
	"HELIX_MODULE_V1(.name = \"old-one\", .authors = HELIX_AUTHORS(\"A. One\", \"B. Two\"),\n"
	"	.init = init, .start = nothing, .stop = nothing, .cleanup = nothing,\n"
	"	.handle_message = hear);\n";

static struct hmod_span read_whole(const char *path)
{
	FILE *file = fopen(path, "rb");
	struct hmod_span bytes;
	uint8_t *data;

	ck_assert_ptr_nonnull(file);
	fseek(file, 0, SEEK_END);
	bytes.size = (uint64_t)ftell(file);
	rewind(file);
	bytes.data = data = malloc(bytes.size);
	ck_assert_uint_eq(fread(data, 1, bytes.size, file), bytes.size);
	fclose(file);
	return bytes;
}

/* Compiles the source in a folder of its own; `link` combines it with ld -r. */
static struct hmod_span compile(const char *compiler, const char *flags, const char *source,
				bool link)
{
	char folder[] = "/tmp/helix-check-XXXXXX", command[2048], path[64];
	struct hmod_span bytes;
	FILE *file;

	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/m.c", folder);
	file = fopen(path, "w");
	fputs(source, file);
	fclose(file);
	snprintf(command, sizeof command,
		 "cd %s && %s " ABI_FLAGS "-I%s/include %s -c m.c -o m.o && %s", folder, compiler,
		 TOP_SRCDIR, flags, link ? "ld -r m.o -o m.hmod" : "mv m.o m.hmod");
	ck_assert_msg(system(command) == 0, "%s", command);
	snprintf(path, sizeof path, "%s/m.hmod", folder);
	bytes = read_whole(path);
	snprintf(command, sizeof command, "rm -r %s", folder);
	ck_assert_int_eq(system(command), 0);
	return bytes;
}

static bool have(const char *compiler)
{
	char command[64];

	snprintf(command, sizeof command, "command -v %s >/dev/null 2>&1", compiler);
	return system(command) == 0;
}

/* Compilers may emit the records of one file in any order. */
static const struct hmod_flat_param *find_param(const struct hmod_meta *meta, const char *name)
{
	for (uint32_t i = 0; i < meta->header->param_count; i++)
		if (!strcmp(hmod_meta_string(meta, meta->params[i].name), name))
			return &meta->params[i];
	ck_abort_msg("no parameter %s", name);
}

static uint32_t find_interface(const struct hmod_meta *meta, const char *name)
{
	for (uint32_t i = 0; i < meta->header->interface_count; i++)
		if (!strcmp(hmod_meta_string(meta, meta->interfaces[i].name), name))
			return i;
	ck_abort_msg("no interface %s", name);
}

/* What the macros of module_source declare is what is read. */
static void check_declared(const struct hmod_meta *meta)
{
	const struct hmod_flat_param *level = find_param(meta, "level");
	uint32_t plain = find_interface(meta, "helix.test"), named = find_interface(meta, "helix.more");

	ck_assert_uint_eq(meta->header->param_count, 4);
	ck_assert_str_eq(hmod_meta_string(meta, find_param(meta, "greeting")->standard), "hi");
	ck_assert_uint_eq(find_param(meta, "disks")->type, HELIX_PARAM_list);
	ck_assert_str_eq(hmod_meta_string(meta, level->standard), "-2");
	ck_assert_int_eq((int64_t)level->least, -5);
	ck_assert_int_eq((int64_t)level->most, 5);
	ck_assert_uint_eq(meta->header->events, HELIX_WANTS_TICK);
	ck_assert_uint_eq(meta->header->policy, HELIX_POLICY_STOP);
	ck_assert_uint_eq(meta->header->interface_count, 2);
	ck_assert_uint_eq(meta->interfaces[plain].minor, 4);
	ck_assert_uint_eq(meta->interfaces[plain].count, 2);
	ck_assert_ptr_null(hmod_meta_operation(meta, plain, 0));
	ck_assert_uint_eq(meta->interfaces[named].priority, 3);
	ck_assert_str_eq(hmod_meta_operation(meta, named, 1), "put");
}

START_TEST(what_compilers_write_is_accepted)
{
	static const char *const compilers[] = { "gcc", "clang" };
	static const char *const flags[] = {
		"-O0",
		"-O2",
		"-Os -g",
		"-O3 -ffunction-sections -fdata-sections",
		"-O2 -fcommon -g -gz",
		"-O2 -fasynchronous-unwind-tables",
		"-O1 -mcmodel=large",
		"-O2 -fPIC -mcmodel=small -fno-plt",
		"-O2 -fPIC -mcmodel=large",
	};

	for (size_t c = 0; c < 2; c++) {
		for (size_t i = 0; have(compilers[c]) && i < sizeof flags / sizeof flags[0]; i++) {
			struct hmod_span file =
				compile(compilers[c], flags[i], module_source, i % 2);
			struct hmod_meta meta;
			void *table;

			ck_assert_msg(!strcmp(judge(file), "ok"), "%s %s: %s", compilers[c],
				      flags[i], judge(file));
			table = flat_table(file, &meta);
			ck_assert_str_eq(meta.name, "real_one");
			ck_assert_uint_eq(meta.header->dependency_count, 2);
			check_declared(&meta);
			free(table);
			elf_discard(file);
		}
	}
}
END_TEST

START_TEST(a_v1_declaration_is_accepted_from_either_compiler)
{
	static const char *const compilers[] = { "gcc", "clang" };
	static const char *const flags[] = { "-O0", "-O2" };

	for (size_t i = 0; i < 4; i++) {
		struct hmod_span file;
		struct hmod_meta meta;
		void *table;

		if (!have(compilers[i / 2]))
			continue;
		file = compile(compilers[i / 2], flags[i % 2], v1_source, true);
		ck_assert_str_eq(judge(file), "ok");
		table = flat_table(file, &meta);
		ck_assert_uint_eq(meta.header->api, 1);
		ck_assert_str_eq(meta.author, "A. One, B. Two");
		ck_assert_uint_eq(meta.interfaces[0].flags,
				  HMOD_INTERFACE_MESSAGE | HMOD_INTERFACE_NAMED);
		ck_assert_str_eq(hmod_meta_operation(&meta, 0, 0), "first");
		free(table);
		elf_discard(file);
	}
}
END_TEST

START_TEST(what_a_compiler_writes_otherwise_is_refused_with_what_to_do)
{
	static const struct {
		const char *flags, *source, *mend;
		enum helix_status status;
	} rows[] = {
		{ "-O2", "_Thread_local int x = 1; int f(void) { return x; }",
		  "is thread-local; modules have no thread-local storage: remove _Thread_local",
		  HELIX_E_SECTION_TLS },
		{ "-O2", "int f(void) { return 1; }",
		  "no module metadata (section .hmod.module); declare the module with HELIX_MODULE",
		  HELIX_E_META_MISSING },
		{ "-O2", "static int g(void) { return 1; } static void *pick(void) { return g; }"
			 "int f(void) __attribute__((ifunc(\"pick\")));",
		  "is an indirect function", HELIX_E_SYMBOL_TYPE },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct hmod_span file = compile("gcc", rows[i].flags, rows[i].source, false);

		ck_assert_msg(strstr(judge(file), rows[i].mend) != NULL, "%s", judge(file));
		ck_assert_int_eq(judged, rows[i].status);
		elf_discard(file);
	}
}
END_TEST

/* Each beginning of a file, on a block of its own: refused, as the section table
 * stands last. */
START_TEST(no_beginning_of_a_file_is_accepted)
{
	struct hmod_span file = rich_module();

	for (uint64_t size = 0; size < file.size; size++) {
		uint8_t *bytes = malloc(size ? size : 1);

		memcpy(bytes, file.data, size);
		ck_assert_str_ne(judge((struct hmod_span){ bytes, size }), "ok");
		ck_assert_int_ne(judged, HELIX_OK);
		free(bytes);
	}
	elf_discard(file);
}
END_TEST

static void change_every_byte(struct hmod_span file)
{
	static const uint8_t changes[] = { 0x01, 0x80, 0xff };
	uint8_t *bytes = (uint8_t *)(uintptr_t)file.data;

	for (uint64_t i = 0; i < file.size; i++)
		for (size_t k = 0; k < sizeof changes; k++) {
			bytes[i] ^= changes[k];
			judge(file);
			bytes[i] ^= changes[k];
		}
	ck_assert_str_eq(judge(file), "ok");
}

START_TEST(no_changed_byte_can_hurt)
{
	struct hmod_span file = rich_module();

	change_every_byte(file);
	elf_discard(file);
}
END_TEST

START_TEST(no_changed_byte_of_a_compiled_file_can_hurt)
{
	struct hmod_span file = compile("gcc", "-O2", module_source, true);

	change_every_byte(file);
	elf_discard(file);
}
END_TEST

START_TEST(no_changed_byte_of_a_finalised_or_unusual_file_can_hurt)
{
	struct elf_builder *b = rich_builder();
	struct hmod_span file = rich_module();
	struct hmod_flat_header *table;
	struct hmod_meta meta;

	table = flat_table(file, &meta);
	elf_discard(file);
	elf_use_extended(b);
	elf_order_backwards(b);
	elf_relas_backwards(b);
	elf_split_relas(b);
	file = with_flat(b, table, table->size);
	change_every_byte(file);
	elf_discard(file);
	free(table);
}
END_TEST

/* Fields of the tables that count, size or point, set to what wraps. */
START_TEST(no_field_of_ones_can_hurt)
{
	struct hmod_span file = rich_module();
	uint8_t *bytes = (uint8_t *)(uintptr_t)file.data, kept[8];

	for (uint64_t width = 2; width <= 8; width *= 2)
		for (uint64_t i = 0; i + width <= file.size; i += width) {
			memcpy(kept, bytes + i, width);
			for (int value = 0; value < 3; value++) {
				memset(bytes + i, value ? 0xff : 0, width);
				if (value == 2)
					bytes[i + width - 1] = 0x7f;
				judge(file);
			}
			memcpy(bytes + i, kept, width);
		}
	ck_assert_str_eq(judge(file), "ok");
	elf_discard(file);
}
END_TEST

START_TEST(the_input_is_never_written)
{
	struct hmod_span file = rich_module();
	uint8_t *copy = malloc(file.size);

	memcpy(copy, file.data, file.size);
	judge(file);
	ck_assert_mem_eq(copy, file.data, file.size);
	free(copy);
	elf_discard(file);
}
END_TEST

/* Many sections that share one long name: a name is never read to its end for
 * nothing. */
START_TEST(long_shared_names_take_no_square_of_time)
{
	struct elf_builder *b = good_builder();
	char *name = malloc(1 << 20);
	struct elf64_section *section;
	struct hmod_span file;
	clock_t begin;

	memset(name, 'n', 1 << 20);
	name[(1 << 20) - 1] = 0;
	elf_section(b, name, ELF_SHT_PROGBITS, ELF_SHF_ALLOC, 1);
	for (unsigned i = 0; i < 20000; i++)
		elf_section(b, "s", ELF_SHT_PROGBITS, ELF_SHF_ALLOC, 1);
	file = elf_finish(b);
	section = elf_find(file, name);
	for (uint32_t i = 1; i <= 20000; i++)
		section[i].name = section->name;
	begin = clock();
	ck_assert_str_eq(judge(file), "ok");
	ck_assert_double_lt((double)(clock() - begin) / CLOCKS_PER_SEC, 2);
	elf_discard(file);
	free(name);
}
END_TEST

RUN_TESTS("check", what_compilers_write_is_accepted,
	  a_v1_declaration_is_accepted_from_either_compiler,
	  what_a_compiler_writes_otherwise_is_refused_with_what_to_do,
	  no_beginning_of_a_file_is_accepted, no_changed_byte_can_hurt,
	  no_changed_byte_of_a_compiled_file_can_hurt,
	  no_changed_byte_of_a_finalised_or_unusual_file_can_hurt, no_field_of_ones_can_hurt,
	  the_input_is_never_written, long_shared_names_take_no_square_of_time)
