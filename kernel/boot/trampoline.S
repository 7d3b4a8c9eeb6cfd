/* SPDX-License-Identifier: MIT
 *
 * What a processor runs after INIT-SIPI: copied to a page below 1 MiB, entered in
 * real mode with CS on that page (SDM volume 3, 9.4.4). It takes over the kernel's
 * page tables, its own CPU block and stack, and goes on in C. The page is only
 * read here; smp.c fills in the words at the end.
 */
#define MSR_EFER	0xc0000080
#define MSR_FS_BASE	0xc0000100
#define EFER_LME_NXE	0x900
#define CR4_PAE		0x20
#define CR0_PE		0x1
#define CR0_PG_WP_PE	0x80010001
#define AT(label)	((label) - trampoline_start)

	.section .rodata
	.balign	16
	.globl	trampoline_start, trampoline_end, trampoline_words
	.code16
trampoline_start:
	cli
	cld
	movw	%cs, %ax
	movw	%ax, %ds
	xorl	%ebx, %ebx
	movw	%ax, %bx
	shll	$4, %ebx		/* the page's address */
	lgdtl	AT(gdt_pointer)
	movl	%cr0, %eax
	orl	$CR0_PE, %eax
	movl	%eax, %cr0
	ljmpl	*AT(to_32)

	.code32
in_32:	movl	$0x10, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	movl	%cr4, %eax
	orl	$CR4_PAE, %eax
	movl	%eax, %cr4
	movl	AT(root)(%ebx), %eax
	movl	%eax, %cr3
	movl	$MSR_EFER, %ecx
	rdmsr
	orl	$EFER_LME_NXE, %eax
	wrmsr
	movl	$CR0_PG_WP_PE, %eax
	movl	%eax, %cr0
	ljmpl	*AT(to_64)(%ebx)

	.code64
in_64:	movl	%ebx, %ebx
	movq	AT(stack)(%rbx), %rsp
	movq	AT(block)(%rbx), %rdi
	movl	%edi, %eax		/* before any function with a canary */
	movq	%rdi, %rdx
	shrq	$32, %rdx
	movl	$MSR_FS_BASE, %ecx
	wrmsr
	xorl	%ebp, %ebp		/* backtraces end here */
	pushq	$0
	jmpq	*AT(entry)(%rbx)

	.balign	16
gdt:	.quad	0
	.quad	0x00af9b000000ffff	/* 64-bit code */
	.quad	0x00cf93000000ffff	/* data */
	.quad	0x00cf9b000000ffff	/* 32-bit code */
gdt_pointer:
	.word	. - gdt - 1
gdt_base:
	.long	0
	.word	0

	.balign	8
trampoline_words:			/* struct trampoline_words (smp.c) */
to_32:	.long	in_32 - trampoline_start, 0x18	/* + the page's address, as the next one */
to_64:	.long	in_64 - trampoline_start, 0x08
gdt_at:	.long	gdt - trampoline_start, gdt_base - trampoline_start
root:	.quad	0
stack:	.quad	0
block:	.quad	0
entry:	.quad	0
trampoline_end:

	.section .note.GNU-stack, "", @progbits
