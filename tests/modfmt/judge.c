/* SPDX-License-Identifier: MIT
 *
 * See judge.h.
 */
#include "modfmt/judge.h"

#include <stdio.h>

#include "helix/record.h"

enum helix_status judged;

static const char *const dependencies[] = { "chain-a >= 1.2, < 2", "?lib", "cap:block.v1", NULL };
static const char *const provides[] = { "storage", "helix.test", NULL };
static const char *const aliases[] = { "pci:v8086*", NULL };
static const char *const operations[] = { "read", "write-back", NULL };

struct elf_builder *good_builder(void)
{
	struct elf_builder *b = elf_new();
	uint32_t text, data, bss, debug, local;

	elf_module(b, &(struct elf_module){ .name = "good-one",
					    .description = "does good",
					    .author = "A. Author",
					    .license = "MIT",
					    .version = UINT64_C(1) << 32 | 2 << 16 | 3,
					    .flags = 2,
					    .dependencies = dependencies,
					    .provides = provides,
					    .aliases = aliases,
					    .with_hooks = 0xff,
					    .events = HELIX_WANTS_TICK,
					    .policy = HELIX_POLICY_RESTART });
	text = elf_section_once(b, ".text", 0);
	data = elf_section(b, ".data", ELF_SHT_PROGBITS, ELF_SHF_ALLOC | ELF_SHF_WRITE, 16);
	bss = elf_section(b, ".bss", ELF_SHT_NOBITS, ELF_SHF_ALLOC | ELF_SHF_WRITE, 32);
	debug = elf_section(b, ".debug_info", ELF_SHT_PROGBITS, 0, 1);
	elf_append(b, elf_section(b, ".note.x", ELF_SHT_NOTE, ELF_SHF_ALLOC, 4), "note", 4);
	elf_append(b, debug, "debug information", 17);
	elf_append(b, data, "0123456789abcdef", 16);
	elf_reserve(b, bss, 1000);
	local = elf_section_symbol(b, bss);
	elf_param(b, "greeting", "hi", "what to say", HELIX_PARAM_string);
	elf_param(b, "times", "3", NULL, HELIX_PARAM_uint);
	elf_export(b, elf_function(b, "exported", ELF_STB_GLOBAL), NULL);
	elf_export(b, elf_function(b, "hidden", ELF_STB_WEAK), "inner");
	elf_symbol(b, "imported", ELF_INFO(ELF_STB_GLOBAL, ELF_STT_NOTYPE), ELF_SHN_UNDEF, 0);
	elf_symbol(b, "perhaps", ELF_INFO(ELF_STB_WEAK, ELF_STT_NOTYPE), ELF_SHN_UNDEF, 0);
	elf_symbol(b, "absolute", ELF_INFO(ELF_STB_GLOBAL, ELF_STT_NOTYPE), ELF_SHN_ABS, 0x1234);
	elf_symbol(b, "shared", ELF_INFO(ELF_STB_GLOBAL, ELF_STT_OBJECT), ELF_SHN_COMMON, 8);
	elf_relocate(b, text, 0, ELF_RELA_INFO(local, R_X86_64_PC32), 4);
	elf_relocate(b, data, 8, ELF_RELA_INFO(local, R_X86_64_64), 16);
	elf_relocate(b, debug, 0, ELF_RELA_INFO(local, R_X86_64_DTPOFF32), 0);
	return b;
}

struct elf_builder *rich_builder(void)
{
	struct elf_builder *b = good_builder();

	elf_param_full(b, &(struct elf_param){ .name = "level", .standard = "-2",
					       .type = HELIX_PARAM_int, .flags = HELIX_PARAM_RANGED,
					       .least = (uint64_t)-5, .most = 5 });
	elf_export_deprecated(b, elf_function(b, "oldest", ELF_STB_GLOBAL), "exported",
			      UINT64_C(1) << 32, UINT64_C(2) << 32);
	elf_interface(b, &(struct elf_interface){ .name = "helix.block-device", .major = 1,
						  .minor = 2, .count = 2, .priority = 5,
						  .names = operations, .message = true });
	elf_interface(b, &(struct elf_interface){ .name = "own", .count = 1 });
	return b;
}

struct hmod_span rich_module(void)
{
	return elf_finish(rich_builder());
}

struct hmod_span good_module(void)
{
	return elf_finish(good_builder());
}

const char *sentence(const struct hmod_diag *diag)
{
	static char text[4096];

	hmod_diag_text(diag, text, sizeof text);
	return text;
}

/* Tools flatten into a buffer of the size that was measured. */
static enum helix_status flatten(const struct hmod_image *image, struct hmod_diag *diag)
{
	enum helix_status status;
	size_t size, again;
	void *table;

	status = hmod_meta_flatten(image, NULL, 0, &size, diag);
	if (status != HELIX_E_TOO_LARGE || !size)
		return status;
	table = malloc(size);
	status = hmod_meta_flatten(image, table, size, &again, diag);
	ck_assert_uint_eq(size, again);
	free(table);
	return status;
}

/* The offset depends on how the builder lays a file out: it must only lie in it. */
static const char *without_offset(const struct hmod_diag *diag, struct hmod_span file)
{
	char *text = (char *)(uintptr_t)sentence(diag), *at = strstr(text, ", offset 0x");

	if (diag->offset == HMOD_NOWHERE) {
		ck_assert_ptr_null(at);
		return text;
	}
	ck_assert_ptr_nonnull(at);
	ck_assert_uint_le(diag->offset, file.size);
	strcpy(at, "]");
	return text;
}

const char *judge(struct hmod_span file)
{
	struct hmod_diag diag;
	struct hmod_image image;
	uint32_t *scratch = NULL;

	judged = hmod_image_open(&image, file.data, file.size, &diag);
	if (!judged) {
		scratch = calloc(image.section_count, sizeof *scratch);
		judged = hmod_image_check(&image, scratch, &diag);
		free(scratch);
	}
	if (!judged)
		judged = flatten(&image, &diag);
	if (!judged)
		return "ok";
	ck_assert_int_eq(diag.status, judged);
	return without_offset(&diag, file);
}

void *flat_table(struct hmod_span file, struct hmod_meta *meta)
{
	struct hmod_diag diag;
	struct hmod_image image;
	size_t size;
	void *table;

	ck_assert_msg(!hmod_image_open(&image, file.data, file.size, &diag), "%s", sentence(&diag));
	ck_assert_int_eq(hmod_meta_flatten(&image, NULL, 0, &size, &diag), HELIX_E_TOO_LARGE);
	table = malloc(size);
	ck_assert_msg(!hmod_meta_flatten(&image, table, size, &size, &diag), "%s", sentence(&diag));
	ck_assert_msg(!hmod_meta_view(table, size, meta, &diag), "%s", sentence(&diag));
	return table;
}

struct hmod_span with_flat(struct elf_builder *builder, const void *table, size_t size)
{
	elf_append(builder, elf_section(builder, ".hmod.flat", ELF_SHT_PROGBITS, 0, 8), table, size);
	return elf_finish(builder);
}

void refuse_all(struct hmod_span (*make)(void), const struct refusal *rows, size_t count)
{
	unsigned differ = 0;

	for (size_t i = 0; i < count; i++) {
		struct hmod_span file = make();
		const char *said;

		rows[i].spoil(&file);
		said = judge(file);
		if (judged != rows[i].status || strcmp(said, rows[i].sentence)) {
			fprintf(stderr, "@%s|%s|%s\n", rows[i].name, hmod_status_name(judged), said);
			differ++;
		}
		elf_discard(file);
	}
	ck_assert_uint_eq(differ, 0);
}

int run_tests(const char *name, const TTest *const *tests, size_t count)
{
	Suite *suite = suite_create(name);
	TCase *tcase = tcase_create(name);
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tcase);
	tcase_set_timeout(tcase, 120);
	for (size_t i = 0; i < count; i++)
		tcase_add_test(tcase, tests[i]);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
