/* SPDX-License-Identifier: MIT
 *
 * What hostile files of up to 1 MiB may cost: memory of at most four times the
 * file and what it says it will be loaded as, and time that grows as the file
 * does. Each maker makes a file of `n` of something that could cost more.
 */
#include <stdio.h>
#include <time.h>

#include "fuzz/attempt.h"
#include "modfmt/judge.h"

#define FILE_MAX (1u << 20)

static struct attempt a;

static struct elf_builder *module(void)
{
	struct elf_builder *b = elf_new();

	elf_module(b, &(struct elf_module){ .name = "m" });
	return b;
}

/* A text of `n` bytes; the last `n` of a static one, so that it can be shared. */
static const char *long_text(unsigned n)
{
	static char text[FILE_MAX];

	memset(text, 'x', sizeof text - 1);
	return text + sizeof text - 1 - n;
}

static struct hmod_span sections(unsigned n, bool backwards)
{
	struct elf_builder *b = module();

	for (unsigned i = 0; i < n; i++)
		elf_append(b, elf_section(b, ".data.x", ELF_SHT_PROGBITS,
					  ELF_SHF_ALLOC | ELF_SHF_WRITE, 1), "x", 1);
	if (backwards)
		elf_order_backwards(b);
	return elf_finish(b);
}

static struct hmod_span many_sections(unsigned n)
{
	return sections(n, false);
}

static struct hmod_span many_sections_backwards(unsigned n)
{
	return sections(n, true);
}

/* Symbol i gets the name of the first one but its first i * step bytes. */
static void overlap_names(struct hmod_span file, const char *first, unsigned step)
{
	struct elf64_symbol *s = elf_find_symbol(file, first);
	uint32_t name = s->name;
	struct elf64_section *table = elf_find(file, ".symtab");
	struct elf64_symbol *end = (void *)((uint8_t *)elf_bytes(file, ".symtab") + table->size);

	for (unsigned i = 0; s < end; s++, i++)
		s->name = name + i * step;
}

static struct hmod_span undefined(unsigned n, unsigned name, unsigned step)
{
	struct elf_builder *b = module();
	const char *text = long_text(name);
	struct hmod_span file;

	elf_symbol(b, text, ELF_INFO(ELF_STB_GLOBAL, 0), ELF_SHN_UNDEF, 0);
	for (unsigned i = 1; i < n; i++)
		elf_symbol(b, "", ELF_INFO(ELF_STB_GLOBAL, 0), ELF_SHN_UNDEF, 0);
	file = elf_finish(b);
	overlap_names(file, text, step);
	return file;
}

static struct hmod_span imports_of_one_name(unsigned n)
{
	return undefined(n, 10, 0);
}

static struct hmod_span imports_of_one_long_name(unsigned n)
{
	return undefined(n, 10 * n, 0);
}

static struct hmod_span imports_of_shared_names(unsigned n)
{
	return undefined(n, 10 * n, 1);
}

static struct hmod_span functions_of_shared_names(unsigned n)
{
	struct elf_builder *b = module();
	const char *text = long_text(10 * n);
	struct hmod_span file;

	elf_function(b, text, ELF_STB_GLOBAL);
	for (unsigned i = 1; i < n; i++)
		elf_function(b, "", ELF_STB_GLOBAL);
	file = elf_finish(b);
	overlap_names(file, text, 1);
	return file;
}

static struct hmod_span exports(unsigned n, unsigned name)
{
	struct elf_builder *b = module();
	const char *text = long_text(name);
	struct hmod_span file;
	uint32_t first = elf_function(b, text, ELF_STB_GLOBAL);

	elf_export(b, first, NULL);
	for (unsigned i = 1; i < n; i++)
		elf_export(b, elf_function(b, "", ELF_STB_GLOBAL), NULL);
	file = elf_finish(b);
	overlap_names(file, text, 1);
	return file;
}

static struct hmod_span exports_of_shared_names(unsigned n)
{
	return exports(n, 10 * n);
}

static struct hmod_span exports_of_short_shared_names(unsigned n)
{
	return exports(n, n + 1);
}

static struct hmod_span relocated(unsigned n, bool backwards)
{
	struct elf_builder *b = module();
	uint32_t data = elf_section_once(b, ".data", ELF_SHF_ALLOC | ELF_SHF_WRITE);
	uint64_t zero = 0;

	for (unsigned i = 0; i < n; i++)
		elf_relocate(b, data, elf_append(b, data, &zero, 8),
			     ELF_RELA_INFO(elf_section_symbol(b, data), R_X86_64_64), 0);
	if (backwards)
		elf_relas_backwards(b);
	return elf_finish(b);
}

static struct hmod_span relocations(unsigned n)
{
	return relocated(n, false);
}

static struct hmod_span relocations_backwards(unsigned n)
{
	return relocated(n, true);
}

/* All relocation tables lead to the bytes of one. */
static struct hmod_span relocations_shared(unsigned n)
{
	struct elf_builder *b = module();
	struct hmod_span file;
	struct elf64_section *s;
	uint64_t zero = 0, offset = 0, size = 0;

	for (unsigned i = 0; i < n; i++) {
		uint32_t data = elf_section(b, ".data.x", ELF_SHT_PROGBITS,
					    ELF_SHF_ALLOC | ELF_SHF_WRITE, 8);

		elf_append(b, data, &zero, 8);
		elf_relocate(b, data, 0, ELF_RELA_INFO(0, R_X86_64_NONE), 0);
	}
	file = elf_finish(b);
	s = (void *)(uintptr_t)(file.data + elf_header(file)->shoff);
	for (struct elf64_section *end = s + elf_header(file)->shnum; s < end; s++) {
		if (s->type != ELF_SHT_RELA)
			continue;
		offset = offset ? offset : s->offset;
		size += s->size;
	}
	s = (void *)(uintptr_t)(file.data + elf_header(file)->shoff);
	for (struct elf64_section *end = s + elf_header(file)->shnum; s < end; s++)
		if (s->type == ELF_SHT_RELA && s->size == sizeof(struct elf64_rela)) {
			s->offset = offset;
			s->size = n / 2 * sizeof(struct elf64_rela);
		}
	return file;
}

static struct hmod_span params(unsigned n, unsigned description)
{
	struct elf_builder *b = module();
	static char names[FILE_MAX / 16][16];

	for (unsigned i = 0; i < n; i++) {
		snprintf(names[i], sizeof names[i], "p%u", i);
		elf_param(b, names[i], "1", i ? "" : long_text(description), HELIX_PARAM_uint);
	}
	return elf_finish(b);
}

static struct hmod_span many_params(unsigned n)
{
	return params(n, 1);
}

/* Every description is the first one. */
static struct hmod_span params_of_one_long_text(unsigned n)
{
	struct hmod_span file = params(n, 4000);
	struct elf64_rela *r = elf_bytes(file, ".rela.hmod.param");
	uint64_t count = elf_find(file, ".rela.hmod.param")->size / sizeof *r, first = 0;

	for (uint64_t i = 0; i < count; i++)
		if (r[i].offset == offsetof(struct helix_param_record, description))
			first = i;
	for (uint64_t i = 0; i < count; i++)
		if (r[i].offset % sizeof(struct helix_param_record) ==
		    offsetof(struct helix_param_record, description))
			r[i].addend = r[first].addend;
	return file;
}

static struct hmod_span many_interfaces(unsigned n)
{
	static char names[FILE_MAX / 16][16];
	struct elf_builder *b = module();

	for (unsigned i = 0; i < n; i++) {
		snprintf(names[i], sizeof names[i], "i%u", i);
		elf_interface(b, &(struct elf_interface){ .name = names[i], .major = 1, .count = 1 });
	}
	return elf_finish(b);
}

static struct hmod_span listed(unsigned n, bool provides)
{
	static char names[FILE_MAX / 16][16];
	static const char *list[FILE_MAX / 16 + 1];
	struct elf_builder *b = elf_new();

	for (unsigned i = 0; i < n; i++) {
		snprintf(names[i], sizeof names[i], "%sd%u", provides ? "" : "?", i);
		list[i] = names[i];
	}
	list[n] = NULL;
	elf_module(b, &(struct elf_module){ .name = "m",
					    .dependencies = provides ? NULL : list,
					    .provides = provides ? list : NULL });
	return elf_finish(b);
}

static struct hmod_span many_dependencies(unsigned n)
{
	return listed(n, false);
}

static struct hmod_span many_capabilities(unsigned n)
{
	return listed(n, true);
}

static struct hmod_span many_namespaces(unsigned n)
{
	struct elf_builder *b = module();
	uint32_t section = elf_section_once(b, ".hmod.import_ns", 0);
	char name[16];

	for (unsigned i = 0; i < n; i++) {
		snprintf(name, sizeof name, "n%u", i);
		elf_append_string(b, section, name);
	}
	return elf_finish(b);
}

static const struct {
	const char *name;
	struct hmod_span (*make)(unsigned n);
	unsigned n; /* makes a file of nearly 1 MiB */
} rows[] = {
	{ "sections", many_sections, 14000 },
	{ "sections backwards", many_sections_backwards, 14000 },
	{ "imports of one name", imports_of_one_name, 41000 },
	{ "imports of one long name", imports_of_one_long_name, 29000 },
	{ "imports of shared names", imports_of_shared_names, 29000 },
	{ "functions of shared names", functions_of_shared_names, 24000 },
	{ "exports of shared names", exports_of_shared_names, 9500 },
	{ "exports of short shared names", exports_of_short_shared_names, 8500 },
	{ "relocations", relocations, 32000 },
	{ "relocations backwards", relocations_backwards, 32000 },
	{ "relocation tables that share bytes", relocations_shared, 5700 },
	{ "parameters", many_params, 6500 },
	{ "parameters of one long text", params_of_one_long_text, 6500 },
	{ "interfaces", many_interfaces, 6000 },
	{ "dependencies", many_dependencies, 16000 },
	{ "capabilities", many_capabilities, 16000 },
	{ "namespaces", many_namespaces, 120000 },
};
#define ROWS (sizeof rows / sizeof rows[0])

static uint64_t loaded_size(struct hmod_span file)
{
	struct hmod_image image;
	uint64_t size = 0;

	if (hmod_image_open(&image, file.data, file.size, NULL))
		return 0;
	for (uint32_t i = 1; i < image.section_count; i++)
		if (hmod_section_loaded(&image, i))
			size += image.sections[i].size;
	return size;
}

/* Seconds of this process; the least of three times. */
static double cost(struct hmod_span file)
{
	double least = 1e9;

	for (unsigned i = 0; i < 3; i++) {
		clock_t begun = clock();
		double took;

		attempt_open(&a);
		attempt_load(&a, file.data, file.size);
		took = (double)(clock() - begun) / CLOCKS_PER_SEC;
		least = took < least ? took : least;
	}
	return least;
}

/* What a system takes before anything is loaded into it. */
static uint64_t empty_system(void)
{
	attempt_open(&a);
	attempt_load(&a, "", 1);
	return a.peak;
}

START_TEST(no_file_takes_more_than_four_times_its_memory)
{
	struct hmod_span file = rows[_i].make(rows[_i].n);
	uint64_t stated = file.size + loaded_size(file), base = empty_system();
	enum helix_status status;

	ck_assert_msg(file.size <= FILE_MAX && file.size > FILE_MAX / 2, "%s: %lu bytes",
		      rows[_i].name, (unsigned long)file.size);
	attempt_open(&a);
	status = attempt_load(&a, file.data, file.size);
	printf("%-36s %7lu bytes, %7lu stated, %8lu at most (%.2f), %s\n", rows[_i].name,
	       (unsigned long)file.size, (unsigned long)stated, (unsigned long)a.peak,
	       (double)a.peak / (double)stated, hmod_status_name(status));
	ck_assert_msg(a.peak <= 4 * stated + base, "%s: %lu bytes, stated %lu", rows[_i].name,
		      (unsigned long)a.peak, (unsigned long)stated);
	elf_discard(file);
}
END_TEST

/* Eight times as much may take sixteen times as long, not sixty-four. */
START_TEST(no_file_takes_quadratic_time)
{
	struct hmod_span small = rows[_i].make(rows[_i].n / 8), large = rows[_i].make(rows[_i].n);
	double one = cost(small), eight = cost(large);

	printf("%-36s %.4f s, eight times as much %.4f s\n", rows[_i].name, one, eight);
	ck_assert_msg(eight <= 16 * one + 0.01, "%s: %.4f s, eight times as much %.4f s",
		      rows[_i].name, one, eight);
	elf_discard(small);
	elf_discard(large);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("cost");
	TCase *tests = tcase_create("cost");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tests, 300);
	tcase_add_loop_test(tests, no_file_takes_more_than_four_times_its_memory, 0, ROWS);
	tcase_add_loop_test(tests, no_file_takes_quadratic_time, 0, ROWS);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
