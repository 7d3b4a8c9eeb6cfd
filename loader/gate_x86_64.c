/* SPDX-License-Identifier: MIT
 *
 * The gate, as code: what a port's table points to, and the one entry they lead
 * to. An operation's piece of code loads its number and the address of its port,
 * and jumps; the entry keeps the six argument registers (psABI 3.2.3), asks
 * hload_gate_enter whom to call, and calls it on a frame of its own. Nothing
 * but general registers is touched.
 */
#include "loader/interface.h"

#include "modfmt/mem.h"

#define PIECE 24 /* bytes of code an operation */

extern const char hload_gate_entry[];

/* endbr64; mov r11d, operation; lea r10, [rip - to the start]; jmp [r10 + 8] */
static void write_piece(uint8_t *at, uint32_t operation, uint32_t offset)
{
	uint8_t code[PIECE] = { 0xf3, 0x0f, 0x1e, 0xfa, 0x41, 0xbb, 0, 0, 0, 0, 0x4c, 0x8d,
				0x15, 0, 0, 0, 0, 0x41, 0xff, 0x62, 0x08, 0xcc, 0xcc, 0xcc };
	const uint32_t back = 0 - (offset + 17); /* from behind the lea */

	memcpy(code + 6, &operation, 4);
	memcpy(code + 13, &back, 4);
	memcpy(at, code, PIECE);
}

void hload_gate_write(uint8_t *write, uint64_t address, struct hload_port *port)
{
	const uint64_t head[2] = { (uint64_t)(uintptr_t)port,
				   (uint64_t)(uintptr_t)hload_gate_entry };

	memcpy(write, head, sizeof head);
	for (uint32_t i = 0; i < HELIX_OPERATIONS_MAX; i++) {
		const uint32_t offset = 16 + 8 * HELIX_OPERATIONS_MAX + PIECE * i;
		const uint64_t code = address + offset;

		memcpy(write + 16 + 8 * (size_t)i, &code, 8);
		write_piece(write + offset, i, offset);
	}
}

/* The frame stands at -FRAME(%rbp), the arguments below it. */
#define FRAME 192
_Static_assert(sizeof(struct hload_frame) <= FRAME, "the gate's stack has room for a frame");
_Static_assert(offsetof(struct hload_frame, status) == 52, "as the assembler below has it");

__asm__(".text\n"
	".globl hload_gate_entry\n"
	".type hload_gate_entry, @function\n"
	"hload_gate_entry:\n"
	"	endbr64\n"
	"	pushq %rbp\n"
	"	movq %rsp, %rbp\n"
	"	subq $240, %rsp\n" /* FRAME + 6 * 8 */
	"	movq %rdi, -200(%rbp)\n"
	"	movq %rsi, -208(%rbp)\n"
	"	movq %rdx, -216(%rbp)\n"
	"	movq %rcx, -224(%rbp)\n"
	"	movq %r8, -232(%rbp)\n"
	"	movq %r9, -240(%rbp)\n"
	"	movq (%r10), %rdi\n"
	"	movl %r11d, %esi\n"
	"	leaq -192(%rbp), %rdx\n"
	"	call hload_gate_enter\n"
	"	testq %rax, %rax\n"
	"	jz 1f\n"
	"	movq %rax, %r11\n"
	"	movq -200(%rbp), %rdi\n"
	"	movq -208(%rbp), %rsi\n"
	"	movq -216(%rbp), %rdx\n"
	"	movq -224(%rbp), %rcx\n"
	"	movq -232(%rbp), %r8\n"
	"	movq -240(%rbp), %r9\n"
	"	call *%r11\n"
	"	movq %rax, -200(%rbp)\n"
	"	leaq -192(%rbp), %rdi\n"
	"	call hload_gate_leave\n"
	"	movq -200(%rbp), %rax\n"
	"	leave\n"
	"	ret\n"
	"1:	movslq -140(%rbp), %rax\n" /* frame->status */
	"	leave\n"
	"	ret\n"
	".size hload_gate_entry, . - hload_gate_entry\n");
