/* SPDX-License-Identifier: MIT
 *
 * Relaxing: psABI AMD64, B.2. An instruction that reads an address from the GOT
 * and is marked (GOTPCRELX, REX_GOTPCRELX) takes the address itself where it is
 * near enough. The bytes before the field are the instruction's: opcode and
 * ModRM, after a REX prefix for the second type; they must lie in the section.
 */
#include "loader/reloc.h"

#include "modfmt/mem.h"

#define MODRM_RIP 0x05 /* mod 00, rm 101: disp32(%rip) */
#define REX_B 1
#define REX_R 4
#define REX_W 8

/* A marked instruction, taken apart. */
struct instruction {
	uint8_t rex; /* 0: none */
	uint8_t opcode, modrm;
	uint64_t value, relative; /* S; S + A - P */
	uint64_t value_bias, relative_bias; /* what they have on top in the kernel */
};

bool hload_needs_slot(uint32_t type)
{
	return type == R_X86_64_GOTPCREL || type == R_X86_64_GOTPCRELX ||
	       type == R_X86_64_REX_GOTPCRELX || type == R_X86_64_GOT64 ||
	       type == R_X86_64_GOTPCREL64;
}

static void put4(struct hload_relaxed *relaxed, uint64_t value)
{
	uint32_t low = (uint32_t)value;

	memcpy(relaxed->code + relaxed->size, &low, 4);
	relaxed->size += 4;
}

/* call *f@GOTPCREL(%rip) to addr32 call f; jmp *f@GOTPCREL(%rip) to jmp f; nop,
 * whose field is one byte earlier. */
static bool relax_branch(const struct instruction *in, struct hload_relaxed *relaxed)
{
	bool call = in->modrm == 0x15, jump = in->modrm == 0x25;
	uint64_t value = in->relative + jump;

	if (in->rex || (!call && !jump) || !hload_fits_signed(value, in->relative_bias))
		return false;
	if (call)
		relaxed->code[relaxed->size++] = 0x67;
	relaxed->code[relaxed->size++] = call ? 0xe8 : 0xe9;
	put4(relaxed, value);
	if (jump)
		relaxed->code[relaxed->size++] = 0x90;
	return true;
}

/* mov f@GOTPCREL(%rip), %reg to lea f(%rip), %reg. */
static bool relax_load(const struct instruction *in, struct hload_relaxed *relaxed)
{
	if (!hload_fits_signed(in->relative, in->relative_bias))
		return false;
	if (in->rex)
		relaxed->code[relaxed->size++] = in->rex;
	relaxed->code[relaxed->size++] = 0x8d;
	relaxed->code[relaxed->size++] = in->modrm;
	put4(relaxed, in->relative);
	return true;
}

/* test and the eight arithmetic ones: the address becomes an immediate, which a
 * 64-bit operation sign-extends; the register moves from ModRM.reg to ModRM.rm,
 * and with it its REX bit. */
static bool relax_arithmetic(const struct instruction *in, struct hload_relaxed *relaxed)
{
	bool test = in->opcode == 0x85;
	uint8_t digit = test ? 0 : in->opcode & 0x38, reg = in->modrm >> 3 & 7;

	if (!(in->rex & REX_W) || !hload_fits_signed(in->value, in->value_bias))
		return false;
	relaxed->code[relaxed->size++] =
		(uint8_t)((in->rex & ~(REX_R | REX_B)) | (in->rex & REX_R ? REX_B : 0));
	relaxed->code[relaxed->size++] = test ? 0xf7 : 0x81;
	relaxed->code[relaxed->size++] = (uint8_t)(0xc0 | digit | reg);
	put4(relaxed, in->value);
	return true;
}

/* Takes the instruction apart; false when its bytes are not what is marked. */
static bool read_instruction(const struct hload_reloc *reloc, struct instruction *in)
{
	const struct elf64_rela *r = reloc->rela;
	bool rex = elf64_rela_type(r) == R_X86_64_REX_GOTPCRELX;
	unsigned before = rex ? 3 : 2;
	struct hmod_span code;

	if ((!rex && elf64_rela_type(r) != R_X86_64_GOTPCRELX) || r->addend != -4 ||
	    r->offset < before ||
	    !hmod_span_sub(reloc->bytes, r->offset - before, before + 4, &code))
		return false;
	in->rex = rex ? code.data[0] : 0;
	in->opcode = code.data[before - 2];
	in->modrm = code.data[before - 1];
	return (!rex || (in->rex & 0xf0) == 0x40) && (in->modrm & 0xc7) == MODRM_RIP;
}

bool hload_relax(const struct hload_work *work, const struct hload_reloc *reloc,
		 struct hload_relaxed *relaxed)
{
	const struct elf64_rela *r = reloc->rela;
	uint32_t symbol = elf64_rela_symbol(r);
	struct instruction in;

	if (!read_instruction(reloc, &in))
		return false;
	in.value = work->value[symbol];
	in.relative = in.value + (uint64_t)r->addend - (reloc->address + r->offset);
	in.value_bias = hload_symbol_bias(work, symbol);
	in.relative_bias = in.value_bias - work->loading->host->judge_bias;
	*relaxed = (struct hload_relaxed){ .at = r->offset - (in.rex ? 3 : 2) };
	switch (in.opcode) {
	case 0xff:
		return relax_branch(&in, relaxed);
	case 0x8b:
		return relax_load(&in, relaxed);
	case 0x85: /* test */
	case 0x03: case 0x0b: case 0x13: case 0x1b: /* add or adc sbb */
	case 0x23: case 0x2b: case 0x33: case 0x3b: /* and sub xor cmp */
		return relax_arithmetic(&in, relaxed);
	default:
		return false;
	}
}
