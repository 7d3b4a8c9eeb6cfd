/* SPDX-License-Identifier: MIT
 *
 * The loaded image's bytes are those that GNU ld makes of the same object at the
 * same addresses. Objects are placed in the kernel's window and not run. Where
 * two ways lead to one address (a slot of the GOT, an instruction that was
 * relaxed) both are followed to it.
 */
#include <sys/stat.h>
#include <unistd.h>

#include "loader/object_fixture.h"

#define WINDOW UINT64_C(0xffffffff90000000) /* where regions are placed */
#define OUTSIDE UINT64_C(0xffffffff88000000) /* where imports are, 16 bytes each */
#define FIXTURES TOP_SRCDIR "/tests/fixtures/differential/"
#define SPACE 4096

static struct fixture f;
static char folder[64], command[SPACE];
static uint64_t next_place;

/* ---- a host that only pretends to be the kernel ------------------------------------- */

static bool pretend_place(void *ctx, enum hload_kind kind, uint64_t size, uint64_t align,
			  struct hload_region *region)
{
	uint8_t *bytes = calloc(1, size);

	(void)ctx, (void)kind;
	next_place = (next_place + align + 4095) & ~(align - 1) & ~UINT64_C(15);
	next_place = (next_place + align - 1) & ~(align - 1);
	*region = (struct hload_region){ next_place, bytes, size, bytes };
	next_place += size;
	return true;
}

static bool pretend_seal(void *ctx, enum hload_kind kind, struct hload_region *region)
{
	(void)ctx, (void)kind, (void)region;
	return true;
}

static void pretend_release(void *ctx, enum hload_kind kind, struct hload_region *region)
{
	(void)ctx, (void)kind;
	free(region->cookie);
	memset(region, 0, sizeof *region);
}

static void pretend(void)
{
	f.harness.host.place = pretend_place;
	f.harness.host.seal = pretend_seal;
	f.harness.host.release = pretend_release;
	f.harness.host.judge_bias = 0;
	next_place = WINDOW;
}

/* ---- files ----------------------------------------------------------------------------- */

static const char *in_folder(const char *name)
{
	static char path[128];

	snprintf(path, sizeof path, "%s/%s", folder, name);
	return path;
}

static struct hmod_span read_whole(const char *name)
{
	FILE *file = fopen(in_folder(name), "rb");
	struct stat st;
	uint8_t *bytes;

	ck_assert_msg(file != NULL, "%s", name);
	ck_assert_int_eq(fstat(fileno(file), &st), 0);
	bytes = malloc((size_t)st.st_size);
	ck_assert_uint_eq(fread(bytes, 1, (size_t)st.st_size, file), (size_t)st.st_size);
	fclose(file);
	return (struct hmod_span){ bytes, (uint64_t)st.st_size };
}

static void run(void)
{
	ck_assert_msg(system(command) == 0, "%s", command);
}

/* ---- ld's side -------------------------------------------------------------------------- */

/* What ld is given: the same bytes, but nothing to merge (the loader keeps strings
 * apart), and COMMON symbols defined where the loader put them. */
static void write_copy(void)
{
	struct hmod_span copy = harness_copy(f.file);
	uint8_t *bytes = (uint8_t *)(uintptr_t)copy.data;
	struct elf64_section *s = (void *)(bytes + ((struct elf64_header *)bytes)->shoff);
	FILE *file = fopen(in_folder("copy.o"), "wb");

	for (uint32_t i = 1; i < f.image.section_count; i++)
		s[i].flags &= ~(uint64_t)(ELF_SHF_MERGE | ELF_SHF_STRINGS);
	for (uint32_t i = 1; i < f.image.symbol_count; i++) {
		struct elf64_symbol *symbol = (void *)(bytes + s[f.image.symtab].offset);

		if (symbol[i].shndx == ELF_SHN_COMMON) {
			symbol[i].shndx = ELF_SHN_UNDEF;
			symbol[i].value = 0;
		}
	}
	fwrite(bytes, 1, copy.size, file);
	fclose(file);
	harness_discard(copy);
}

/* A section of its own for each of the loader's, at its address. */
static void write_script(void)
{
	FILE *file = fopen(in_folder("script"), "w");

	fprintf(file, "SECTIONS {\n");
	for (uint32_t i = 1; i < f.image.section_count; i++)
		if (hload_is_placed(&f.work, i) && f.image.sections[i].size)
			fprintf(file, ".at%u 0x%lx : { KEEP(*(\"%s\")) }\n", i,
				f.work.base[f.work.section[i].kind] + f.work.section[i].offset,
				hmod_section_name(&f.image, i));
	/* Apart: in one section ld 2.40 counts GOT64 from the wrong place. */
	fprintf(file, ".got 0x%lx : { *(.got) }\n.got.plt : { *(.got.plt) }\n", WINDOW + 0x8000000);
	fprintf(file, ".outside 0x%lx (NOLOAD) : {\n", OUTSIDE);
	for (unsigned i = 0; i < f.offered_count; i++)
		fprintf(file, "\"%s\" = %u;\n", f.offered[i].node.key, 16 * i);
	fprintf(file, ". += 4096; }\n");
	for (uint32_t i = 1; i < f.image.symbol_count; i++)
		if (f.image.symbols[i].shndx == ELF_SHN_COMMON)
			fprintf(file, "\"%s\" = 0x%lx;\n", hmod_symbol_name(&f.image, i),
				f.work.value[i]);
	fprintf(file, "/DISCARD/ : { *(.note*) *(.eh_frame) *(.comment) }\n}\n");
	fclose(file);
}

struct linked {
	struct hmod_span file;
	const struct elf64_section *sections;
	uint32_t count;
	const char *names;
};

static struct linked link_with(const char *option)
{
	struct linked out = { 0 };
	const struct elf64_header *h;

	snprintf(command, sizeof command,
		 "cd %s && ld -static -N --no-warn-rwx-segments -nostdlib -e 0 --build-id=none --no-warn-mismatch %s "
		 "-T script -o out copy.o 2>ld.err || { cat ld.err; false; }", folder, option);
	run();
	out.file = read_whole("out");
	h = (const void *)out.file.data;
	out.sections = (const void *)(out.file.data + h->shoff);
	out.count = h->shnum;
	out.names = (const char *)out.file.data + out.sections[h->shstrndx].offset;
	return out;
}

static const struct elf64_section *linked_section(const struct linked *out, const char *name)
{
	for (uint32_t i = 1; i < out->count; i++)
		if (!strcmp(out->names + out->sections[i].name, name))
			return &out->sections[i];
	return NULL;
}

static uint64_t anchor_of(const struct linked *out)
{
	const struct elf64_section *symtab = linked_section(out, ".symtab");
	const struct elf64_section *names = &out->sections[symtab->link];
	const struct elf64_symbol *symbols = (const void *)(out->file.data + symtab->offset);

	for (uint64_t i = 0; i < symtab->size / sizeof *symbols; i++)
		if (!strcmp((const char *)out->file.data + names->offset + symbols[i].name,
			    "_GLOBAL_OFFSET_TABLE_"))
			return symbols[i].value;
	return 0;
}

/* ---- one image as either side has it ---------------------------------------------------- */

struct side {
	const uint8_t *bytes; /* of the section at work */
	uint64_t address; /* of the same */
	const uint8_t *got; /* the slots, and where they are */
	uint64_t got_address, got_size;
	uint64_t anchor; /* _GLOBAL_OFFSET_TABLE_ */
};

static uint64_t slot(const struct side *side, uint64_t address)
{
	uint64_t value;

	ck_assert_msg(address - side->got_address <= side->got_size - 8, "no slot at %lx", address);
	memcpy(&value, side->got + (address - side->got_address), 8);
	return value;
}

static uint64_t field4(const struct side *side, uint64_t offset)
{
	int32_t value;

	memcpy(&value, side->bytes + offset, 4);
	return (uint64_t)(int64_t)value;
}

/* What an instruction marked GOTPCRELX or its REX form comes to. */
static uint64_t follow_instruction(const struct side *side, uint64_t offset)
{
	const uint8_t *field = side->bytes + offset;
	uint64_t end = side->address + offset + 4;

	if (field[-2] == 0x67 && field[-1] == 0xe8)
		return end + field4(side, offset);
	if (field[-2] == 0xe9 && field[3] == 0x90)
		return end - 1 + field4(side, offset - 1);
	if (field[-2] == 0x8d)
		return end + field4(side, offset);
	if (field[-2] == 0xc7 || field[-2] == 0xf7 || field[-2] == 0x81)
		return field4(side, offset);
	return slot(side, end + field4(side, offset));
}

/* Where a field that has to do with the GOT leads in the end. */
static uint64_t follow(const struct side *side, const struct elf64_rela *r)
{
	uint64_t eight = 0, p = side->address + r->offset, a = (uint64_t)r->addend;

	if (hmod_rela_types[elf64_rela_type(r)].width == 8)
		memcpy(&eight, side->bytes + r->offset, 8);
	switch (elf64_rela_type(r)) {
	case R_X86_64_GOTPCRELX:
	case R_X86_64_REX_GOTPCRELX:
		return follow_instruction(side, r->offset);
	case R_X86_64_GOTPCREL:
		return slot(side, field4(side, r->offset) + p - a);
	case R_X86_64_GOTPCREL64:
		return slot(side, eight + p - a);
	case R_X86_64_GOT64:
		return slot(side, side->anchor + eight - a);
	case R_X86_64_GOTOFF64:
	case R_X86_64_PLTOFF64:
		return side->anchor + eight;
	case R_X86_64_GOTPC64:
		return eight + p - side->anchor;
	case R_X86_64_GOTPC32:
		return field4(side, r->offset) + p - side->anchor;
	default:
		ck_abort_msg("type %u", elf64_rela_type(r));
	}
}

static bool has_to_do_with_the_got(const struct elf64_rela *r)
{
	return strstr(hmod_rela_types[elf64_rela_type(r)].name, "GOT") ||
	       elf64_rela_type(r) == R_X86_64_PLTOFF64;
}

/* ---- comparing ---------------------------------------------------------------------------- */

/* Follows what leads through the GOT, on both sides; those bytes are `done`. */
static void compare_fields(uint32_t section, const struct side *ours, const struct side *theirs,
			   uint8_t *done)
{
	for (uint32_t i = 1; i < f.image.section_count; i++) {
		const struct elf64_rela *relas;
		uint64_t count;

		if (f.image.sections[i].type != ELF_SHT_RELA || f.image.sections[i].info != section)
			continue;
		relas = hmod_section_relas(&f.image, i, &count);
		for (uint64_t k = 0; k < count; k++) {
			const struct elf64_rela *r = &relas[k];
			uint32_t type = elf64_rela_type(r);
			unsigned before = type == R_X86_64_REX_GOTPCRELX ? 3 :
					  type == R_X86_64_GOTPCRELX	 ? 2 : 0;

			if (!has_to_do_with_the_got(r))
				continue;
			ck_assert_msg(follow(ours, r) == follow(theirs, r),
				      "%s+%lx: %s against %s: %lx, ld has %lx",
				      hmod_section_name(&f.image, section), r->offset,
				      hmod_rela_types[type].name,
				      hmod_symbol_name(&f.image, elf64_rela_symbol(r)),
				      follow(ours, r), follow(theirs, r));
			memset(done + r->offset - before, 1, before + hmod_rela_types[type].width);
		}
	}
}

static void compare_section(uint32_t section, struct side *ours, struct side *theirs)
{
	uint64_t size = f.image.sections[section].size;
	uint8_t *done = calloc(1, size);

	compare_fields(section, ours, theirs, done);
	for (uint64_t i = 0; i < size; i++)
		ck_assert_msg(done[i] || ours->bytes[i] == theirs->bytes[i],
			      "%s+%lx: byte %02x, ld has %02x", hmod_section_name(&f.image, section),
			      i, ours->bytes[i], theirs->bytes[i]);
	free(done);
}

static unsigned compared;

static void compare_all(const struct linked *out)
{
	const struct elf64_section *got = linked_section(out, ".got");
	struct side ours = { .got = f.object.got.write, .got_address = f.object.got.address,
			     .got_size = f.object.got.size, .anchor = hload_got(&f.work) };
	struct side theirs = { .got = got ? out->file.data + got->offset : NULL };

	if (got)
		theirs.got_address = got->addr, theirs.got_size = got->size;
	theirs.anchor = anchor_of(out);
	for (uint32_t i = 1; i < f.image.section_count; i++) {
		const struct hload_placed *placed = &f.work.section[i];
		const struct elf64_section *s;
		char name[32];

		if (!hload_is_placed(&f.work, i) || !f.image.sections[i].size)
			continue;
		snprintf(name, sizeof name, ".at%u", i);
		s = linked_section(out, name);
		ck_assert_msg(s && s->size == f.image.sections[i].size, "%s in %s is not one section",
			      hmod_section_name(&f.image, i), folder);
		ours.address = theirs.address = s->addr;
		ours.bytes = f.object.region[placed->kind].write + placed->offset;
		theirs.bytes = out->file.data + s->offset;
		if (s->type != ELF_SHT_NOBITS)
			compare_section(i, &ours, &theirs);
	}
	compared++;
}


/* ---- the objects ----------------------------------------------------------------------------- */

/* Imports that nobody defines get an address; weak ones stay 0. */
static void offer_all(void)
{
	for (uint32_t i = 1; i < f.image.symbol_count; i++) {
		const struct elf64_symbol *s = &f.image.symbols[i];

		if (s->shndx == ELF_SHN_UNDEF && elf64_symbol_bind(s) == ELF_STB_GLOBAL &&
		    strcmp(hmod_symbol_name(&f.image, i), "_GLOBAL_OFFSET_TABLE_"))
			fixture_offer(&f, hmod_symbol_name(&f.image, i),
				      OUTSIDE + 16 * f.offered_count, NULL);
	}
}

static void compare_object(const char *name)
{
	static const char *const options[] = { "--no-relax", "" };
	struct hmod_span file = read_whole(name);

	fixture_open(&f, file);
	harness_discard(file);
	pretend();
	offer_all();
	ck_assert_msg(!fixture_run(&f, ARRAYS), "%s/%s: %s", folder, name, harness_text(&f.diag));
	write_copy();
	write_script();
	for (unsigned i = 0; i < 2; i++) {
		struct linked out = link_with(options[i]);

		compare_all(&out);
		harness_discard(out.file);
	}
	fixture_close(&f);
}

static const char *const sources[] = { "code.c", "data.c", "classes.cc", "types.S", "table.S" };
static const char *const compilers[] = { "gcc", "clang" };
static const char *const levels[] = { "-O0", "-O1", "-O2", "-Os", "-O3" };
static const char *const models[] = {
	"-fno-pic -mcmodel=kernel",
	"-fno-pic -mcmodel=kernel -ffunction-sections -fdata-sections",
	"-fno-pic -mcmodel=kernel -fcommon -fno-plt -g",
	"-fPIC",
	"-fPIC -fno-plt -ffunction-sections -fcommon",
	"-fPIC -fvisibility=hidden -fno-jump-tables",
	"-mcmodel=large -fno-pic",
	"-mcmodel=large -fPIC -fcommon",
};

/* Compiles all sources one way, each to be compared, and then all combined. */
static void compare_way(const char *compiler, const char *level, const char *model)
{
	static const char *const combined[] = { "", "--sort-common" };

	for (unsigned i = 0; i < sizeof sources / sizeof sources[0]; i++) {
		snprintf(command, sizeof command,
			 "cd %s && %s %s %s %s -mno-red-zone -fno-stack-protector -w -c %s%s -o %u.o",
			 folder, compiler, level, model,
			 strstr(sources[i], ".cc") ? "-fno-exceptions -fno-rtti -fno-threadsafe-statics" : "",
			 FIXTURES, sources[i], i);
		run();
	}
	for (unsigned i = 0; i < sizeof sources / sizeof sources[0]; i++) {
		char name[8];

		if (strstr(sources[i], ".S") && strcmp(level, levels[0]))
			continue; /* no different */
		snprintf(name, sizeof name, "%u.o", i);
		compare_object(name);
	}
	for (unsigned i = 0; i < 2; i++) {
		snprintf(command, sizeof command, "cd %s && ld -r %s 0.o 1.o 2.o %s -o all.o", folder,
			 combined[i], i ? "3.o" : "4.o");
		run();
		compare_object("all.o");
	}
}

#define COUNT(rows) (sizeof(rows) / sizeof(rows)[0])

START_TEST(loaded_bytes_are_those_of_ld)
{
	unsigned way = (unsigned)_i;

	if (way / 10 >= 4 && way / 2 % 5 != 0 && way / 2 % 5 != 2)
		return; /* the rarer models: at -O0 and -O2 */
	strcpy(folder, "/tmp/differential-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	compare_way(compilers[way % 2], levels[way / 2 % 5], models[way / 10]);
	ck_assert_uint_ge(compared, 2 * (3 + 2));
	snprintf(command, sizeof command, "rm -rf %s", folder);
	run();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("differential");
	TCase *tests = tcase_create("differential");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tests, 120);
	tcase_add_loop_test(tests, loaded_bytes_are_those_of_ld, 0, (int)(10 * COUNT(models)));
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
