/* SPDX-License-Identifier: MIT
 *
 * The 256 interrupt entries. Each pushes what the CPU did not (a zero in place
 * of an error code) and its vector, in 16 bytes; the common part completes struct
 * trap_frame. General registers alone are kept: the kernel uses no others. And
 * the switch from one thread to another.
 */
#define HAS_ERROR_CODE(v)                                                          \
	((v) == 8 || ((v) >= 10 && (v) <= 14) || (v) == 17 || (v) == 21 || (v) == 29 || (v) == 30)

	.text
	.align	16
	.globl	trap_entries
	.type	trap_entries, @function
trap_entries:
	.set	vector, 0
	.rept	256
	.align	16
	endbr64
	.if	!HAS_ERROR_CODE(vector)
	pushq	$0
	.endif
	.byte	0x68			/* pushq $vector, always with 32 bits */
	.long	vector
	jmp	trap_common
	.set	vector, vector + 1
	.endr
	.size	trap_entries, . - trap_entries

	.type	trap_common, @function
trap_common:
	pushq	%rax
	pushq	%rbx
	pushq	%rcx
	pushq	%rdx
	pushq	%rsi
	pushq	%rdi
	pushq	%rbp
	pushq	%r8
	pushq	%r9
	pushq	%r10
	pushq	%r11
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	cld
	movq	%rsp, %rdi
	pushq	17 * 8(%rdi)		/* a frame link: backtraces go on in the interrupted code */
	pushq	%rbp
	movq	%rsp, %rbp
	call	trap_dispatch
	testq	%rax, %rax
	jz	1f
	movq	%rax, %rsp		/* the frame, moved to the thread's own stack */
	pushq	17 * 8(%rax)
	pushq	8 * 8(%rax)
	movq	%rsp, %rbp
	call	sched_preempt
1:	leaq	16(%rbp), %rsp
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%r11
	popq	%r10
	popq	%r9
	popq	%r8
	popq	%rbp
	popq	%rdi
	popq	%rsi
	popq	%rdx
	popq	%rcx
	popq	%rbx
	popq	%rax
	addq	$16, %rsp
	iretq
	.size	trap_common, . - trap_common

/* void context_switch(uint64_t *save, uint64_t load): leaves the stack it runs on,
 * which *save remembers, for the one that `load` remembers. Interrupts are off. */
	.align	16
	.globl	context_switch
	.type	context_switch, @function
context_switch:
	pushq	%rbp
	pushq	%rbx
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	movq	%rsp, (%rdi)
	movq	%rsi, %rsp
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbx
	popq	%rbp
	ret
	.size	context_switch, . - context_switch

	.section .note.GNU-stack, "", @progbits
