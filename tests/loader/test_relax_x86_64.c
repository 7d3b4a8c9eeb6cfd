/* SPDX-License-Identifier: MIT */
#include "loader/object_fixture.h"

#define KERNEL UINT64_C(0xffffffff80000000)

static struct fixture f;

/* What an instruction must be after the load. */
enum outcome { SAME, LEA, CALL, JUMP, IMMEDIATE };

/* Each is assembled behind two bytes; `field` is where its four bytes begin. */
static const struct row {
	const char *claim, *code;
	unsigned field;
	enum outcome outcome;
	uint8_t rex, opcode, modrm; /* of the immediate forms */
} rows[] = {
	{ "mov, 64 bits", "mov v@GOTPCREL(%rip), %rax", 5, LEA, 0x48, 0x8d, 0x05 },
	{ "mov, a high register", "mov v@GOTPCREL(%rip), %r9", 5, LEA, 0x4c, 0x8d, 0x0d },
	{ "mov, 32 bits", "movl v@GOTPCREL(%rip), %ecx", 4, LEA, 0, 0x8d, 0x0d },
	{ "call", "call *v@GOTPCREL(%rip)", 4, CALL, 0, 0, 0 },
	{ "jmp", "jmp *v@GOTPCREL(%rip)", 4, JUMP, 0, 0, 0 },
	{ "test", "test %rdx, v@GOTPCREL(%rip)", 5, IMMEDIATE, 0x48, 0xf7, 0xc2 },
	{ "test, a high register", "test %r10, v@GOTPCREL(%rip)", 5, IMMEDIATE, 0x49, 0xf7, 0xc2 },
	{ "add", "add v@GOTPCREL(%rip), %rax", 5, IMMEDIATE, 0x48, 0x81, 0xc0 },
	{ "or", "or v@GOTPCREL(%rip), %rcx", 5, IMMEDIATE, 0x48, 0x81, 0xc9 },
	{ "adc", "adc v@GOTPCREL(%rip), %rdx", 5, IMMEDIATE, 0x48, 0x81, 0xd2 },
	{ "sbb", "sbb v@GOTPCREL(%rip), %rbx", 5, IMMEDIATE, 0x48, 0x81, 0xdb },
	{ "and", "and v@GOTPCREL(%rip), %rsp", 5, IMMEDIATE, 0x48, 0x81, 0xe4 },
	{ "sub", "sub v@GOTPCREL(%rip), %r13", 5, IMMEDIATE, 0x49, 0x81, 0xed },
	{ "xor", "xor v@GOTPCREL(%rip), %rsi", 5, IMMEDIATE, 0x48, 0x81, 0xf6 },
	{ "cmp, a high register", "cmp v@GOTPCREL(%rip), %r15", 5, IMMEDIATE, 0x49, 0x81, 0xff },
	{ "32 bits of an address are no immediate", "addl v@GOTPCREL(%rip), %eax", 4, SAME, 0, 0, 0 },
	{ "push takes the slot", "push v@GOTPCREL(%rip)", 4, SAME, 0, 0, 0 },
	{ "another addend", "mov v@GOTPCREL+4(%rip), %rax", 5, SAME, 0, 0, 0 },
	{ "another opcode", ".byte 0x48,0x8c,0x05; .reloc ., R_X86_64_REX_GOTPCRELX, v-4; .long 0", 5,
	  SAME, 0, 0, 0 },
	{ "no REX prefix", ".byte 0x38,0x8b,0x05; .reloc ., R_X86_64_REX_GOTPCRELX, v-4; .long 0", 5,
	  SAME, 0, 0, 0 },
	{ "another ModRM", ".byte 0x48,0x8b,0x45; .reloc ., R_X86_64_REX_GOTPCRELX, v-4; .long 0", 5,
	  SAME, 0, 0, 0 },
	{ "a branch with a REX prefix", ".byte 0x48,0xff,0x15; .reloc ., R_X86_64_REX_GOTPCRELX, v-4; .long 0",
	  5, SAME, 0, 0, 0 },
	{ "inc, a branch's opcode", ".byte 0xff,0x05; .reloc ., R_X86_64_GOTPCRELX, v-4; .long 0", 4,
	  SAME, 0, 0, 0 },
	{ "not marked", ".byte 0x48,0x8b,0x05; .reloc ., R_X86_64_GOTPCREL, v-4; .long 0", 5, SAME, 0,
	  0, 0 },
};

static struct hmod_span assemble(const char *code)
{
	char text[1024];

	snprintf(text, sizeof text,
		 ".text\n.byte 0x90,0x90\n%s\n.byte 0x90\n.data\n.globl v\nv: .quad 7\n", code);
	return harness_compile(text, "-x assembler");
}

static uint64_t data(void)
{
	return f.object.region[HLOAD_DATA].address;
}

/* Where the four bytes at `at` of the text lead, as seen from `end`. */
static uint64_t leads(unsigned at, unsigned end)
{
	const struct hload_region *text = &f.object.region[HLOAD_TEXT];
	int32_t field;

	memcpy(&field, (const uint8_t *)(uintptr_t)text->address + at, 4);
	return text->address + end + (uint64_t)(int64_t)field;
}

static void check_same(const struct row *row, const uint8_t *code, const uint8_t *before)
{
	int64_t addend = strstr(row->code, "+4") ? 4 : 0;
	uint64_t slot = leads(row->field, row->field + 4) - (uint64_t)addend, value;

	ck_assert_msg(!memcmp(code, before, row->field), "%s", row->claim);
	ck_assert_msg(slot == f.object.got.address, "%s", row->claim);
	memcpy(&value, (const void *)(uintptr_t)slot, 8);
	ck_assert_msg(value == data(), "%s", row->claim);
}

static void check_relaxed(const struct row *row, const uint8_t *code)
{
	unsigned at = row->field;
	int32_t value;

	ck_assert_msg(!f.object.got.address, "%s", row->claim);
	memcpy(&value, code + at, 4);
	switch (row->outcome) {
	case LEA:
	case IMMEDIATE:
		ck_assert_msg((!row->rex || code[at - 3] == row->rex) && code[at - 2] == row->opcode &&
				      code[at - 1] == row->modrm, "%s", row->claim);
		ck_assert_msg((row->outcome == LEA ? leads(at, at + 4) : (uint64_t)value) == data(), "%s",
			      row->claim);
		break;
	case CALL:
		ck_assert_msg(code[at - 2] == 0x67 && code[at - 1] == 0xe8, "%s", row->claim);
		ck_assert_msg(leads(at, at + 4) == data(), "%s", row->claim);
		break;
	case JUMP:
		ck_assert_msg(code[at - 2] == 0xe9 && code[at + 3] == 0x90, "%s", row->claim);
		ck_assert_msg(leads(at - 1, at + 3) == data(), "%s", row->claim);
		break;
	case SAME:
		break;
	}
	ck_assert_msg(code[0] == 0x90 && code[1] == 0x90 && code[at + 4] == 0x90, "%s", row->claim);
}

START_TEST(marked_instructions_are_relaxed)
{
	const struct row *row = &rows[_i];
	struct hmod_span file = assemble(row->code);
	const uint8_t *code;

	fixture_open(&f, file);
	ck_assert_msg(!fixture_run(&f, RELOCATE), "%s: %s", row->claim, harness_text(&f.diag));
	code = (const uint8_t *)(uintptr_t)f.object.region[HLOAD_TEXT].address;
	if (row->outcome == SAME)
		check_same(row, code, hmod_section_bytes(&f.image, fixture_section(&f, ".text")).data);
	else
		check_relaxed(row, code);
	fixture_close(&f);
	harness_discard(file);
}
END_TEST

/* An import's value decides; each instruction alone. */
static const struct {
	const char *claim, *code;
	uint64_t value, bias;
	bool relaxed;
} reach[] = {
	{ "mov reaches 1 GiB", "mov v@GOTPCREL(%rip), %rax", 1 << 30, 0, true },
	{ "mov does not reach 8 GiB", "mov v@GOTPCREL(%rip), %rax", UINT64_C(8) << 30, 0, false },
	{ "call does not reach 8 GiB", "call *v@GOTPCREL(%rip)", UINT64_C(8) << 30, 0, false },
	{ "jmp does not reach 8 GiB", "jmp *v@GOTPCREL(%rip)", UINT64_C(8) << 30, 0, false },
	{ "an immediate is signed", "cmp v@GOTPCREL(%rip), %rax", UINT64_C(1) << 31, 0, false },
	{ "an immediate may be high", "cmp v@GOTPCREL(%rip), %rax", KERNEL, 0, true },
	{ "an immediate is judged in the kernel's window", "cmp v@GOTPCREL(%rip), %rax", 1 << 30,
	  KERNEL, true },
};

START_TEST(what_is_too_far_goes_through_the_table)
{
	char text[256];
	struct hmod_span file;

	snprintf(text, sizeof text, ".text\n%s\n", reach[_i].code);
	file = harness_compile(text, "-x assembler");
	fixture_open(&f, file);
	f.harness.host.judge_bias = reach[_i].bias;
	fixture_offer(&f, "v", reach[_i].value, NULL);
	ck_assert_msg(!fixture_run(&f, RELOCATE), "%s: %s", reach[_i].claim, harness_text(&f.diag));
	ck_assert_msg(!f.object.got.address == reach[_i].relaxed, "%s", reach[_i].claim);
	fixture_close(&f);
	harness_discard(file);
}
END_TEST

/* The opcode would stand before the section. */
START_TEST(an_instruction_that_begins_before_its_section_is_left_alone)
{
	static const struct {
		uint32_t type;
		unsigned offset;
	} marks[] = { { R_X86_64_GOTPCRELX, 0 },     { R_X86_64_GOTPCRELX, 1 },
		      { R_X86_64_REX_GOTPCRELX, 0 }, { R_X86_64_REX_GOTPCRELX, 1 },
		      { R_X86_64_REX_GOTPCRELX, 2 } };
	struct hmod_span file = harness_compile(".section .text.a,\"ax\"\n.byte 0x90,0x48,0x8b\n"
						".text\n.byte 0x05\n"
						".reloc .-1, R_X86_64_GOTPCRELX, v-4\n"
						".long 0x90909090,0x90909090\n.data\n.globl v\nv: .quad 0\n",
						"-x assembler");

	for (unsigned i = 0; i < 5; i++) {
		uint64_t count;
		struct elf64_rela *r;
		const uint8_t *code;

		fixture_open(&f, file);
		r = (struct elf64_rela *)(uintptr_t)hmod_section_relas(
			&f.image, fixture_section(&f, ".rela.text"), &count);
		r->offset = marks[i].offset;
		r->info = (r->info & ~UINT64_C(0xffffffff)) | marks[i].type;
		ck_assert_int_eq(fixture_run(&f, RELOCATE), HELIX_OK);
		ck_assert_uint_ne(f.object.got.address, 0);
		code = (const uint8_t *)(uintptr_t)f.object.region[HLOAD_TEXT].address;
		if (marks[i].offset)
			ck_assert_uint_eq(code[f.work.section[fixture_section(&f, ".text")].offset], 0x05);
		fixture_close(&f);
	}
	harness_discard(file);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("relax_x86_64");
	TCase *tests = tcase_create("relax_x86_64");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tests, 60);
	tcase_add_loop_test(tests, marked_instructions_are_relaxed, 0,
			    (int)(sizeof rows / sizeof rows[0]));
	tcase_add_loop_test(tests, what_is_too_far_goes_through_the_table, 0,
			    (int)(sizeof reach / sizeof reach[0]));
	tcase_add_test(tests, an_instruction_that_begins_before_its_section_is_left_alone);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
