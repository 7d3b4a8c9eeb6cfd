/* SPDX-License-Identifier: MIT
 *
 * From the boot loader to C. GRUB enters boot_start in 32-bit protected mode
 * without paging (Multiboot2 3.3), from BIOS and from UEFI alike: eax holds the
 * magic, ebx the information's physical address. Temporary page tables show the
 * first 4 GiB at 0 and in the direct map, and the first 2 GiB at -2 GiB.
 * Never returns.
 */
#define KERNEL_BASE	0xffffffff80000000
#define PHYSICAL(symbol) ((symbol) - KERNEL_BASE)

#define PTE_PRESENT_WRITE 0x003
#define PTE_LARGE	0x080
#define MSR_EFER	0xc0000080
#define MSR_FS_BASE	0xc0000100
#define EFER_LME_NXE	0x900
#define CR4_PAE		0x20
#define CR0_PG_WP	0x80010000
#define CANARY_OFFSET	0x28
#define BOOT_STACK_SIZE	65536

/* ---- the multiboot2 header (Multiboot2 3.1) ---------------------------------- */

	.section .boot.header, "a"
	.align	8
header:
	.long	0xe85250d6
	.long	0			/* i386, protected mode */
	.long	header_end - header
	.long	0x100000000 - (0xe85250d6 + (header_end - header))

	.align	8
	.word	4, 1			/* console: optional … */
	.long	12
	.long	2			/* … and EGA text is understood */

	.align	8
	.word	5, 1			/* framebuffer, optional */
	.long	20
	.long	1024, 768, 32

	.align	8
	.word	0, 0			/* end */
	.long	8
header_end:

/* ---- 32-bit ---------------------------------------------------------------------- */

	.section .boot.text, "ax"
	.code32
	.globl	boot_start
	.type	boot_start, @function
boot_start:
	cli
	cld
	movl	$PHYSICAL(boot_stack_top), %esp
	movl	%eax, %ebp		/* magic */
	movl	%ebx, %esi		/* information */

	movl	$0x80000000, %eax
	cpuid
	cmpl	$0x80000001, %eax
	jb	too_old
	movl	$0x80000001, %eax
	cpuid
	andl	$0x20100000, %edx	/* LM and NX */
	cmpl	$0x20100000, %edx
	jne	too_old

	/* 2048 pages of 2 MiB, then the tables above them. */
	xorl	%ecx, %ecx
1:	movl	%ecx, %eax
	shll	$21, %eax
	orl	$(PTE_PRESENT_WRITE | PTE_LARGE), %eax
	movl	%eax, PHYSICAL(boot_directories)(, %ecx, 8)
	incl	%ecx
	cmpl	$2048, %ecx
	jb	1b

	movl	$PHYSICAL(boot_directories) + PTE_PRESENT_WRITE, %eax
	movl	%eax, PHYSICAL(boot_pdpt_low) + 0 * 8
	movl	%eax, PHYSICAL(boot_pdpt_high) + 510 * 8
	addl	$4096, %eax
	movl	%eax, PHYSICAL(boot_pdpt_low) + 1 * 8
	movl	%eax, PHYSICAL(boot_pdpt_high) + 511 * 8
	addl	$4096, %eax
	movl	%eax, PHYSICAL(boot_pdpt_low) + 2 * 8
	addl	$4096, %eax
	movl	%eax, PHYSICAL(boot_pdpt_low) + 3 * 8

	movl	$PHYSICAL(boot_pdpt_low) + PTE_PRESENT_WRITE, %eax
	movl	%eax, PHYSICAL(boot_pml4) + 0 * 8
	movl	%eax, PHYSICAL(boot_pml4) + 256 * 8
	movl	$PHYSICAL(boot_pdpt_high) + PTE_PRESENT_WRITE, %eax
	movl	%eax, PHYSICAL(boot_pml4) + 511 * 8

	movl	$PHYSICAL(boot_pml4), %eax
	movl	%eax, %cr3
	movl	%cr4, %eax
	orl	$CR4_PAE, %eax
	movl	%eax, %cr4
	movl	$MSR_EFER, %ecx
	rdmsr
	orl	$EFER_LME_NXE, %eax
	wrmsr
	movl	%cr0, %eax
	orl	$CR0_PG_WP, %eax
	movl	%eax, %cr0

	lgdt	boot_gdt_pointer
	ljmp	$8, $boot_long
	.size	boot_start, . - boot_start

/* Without long mode there is nothing but the first serial port to say so. */
	.type	too_old, @function
too_old:
	movl	$too_old_text, %esi
1:	movw	$0x3fd, %dx
2:	inb	%dx, %al
	testb	$0x20, %al
	jz	2b
	movw	$0x3f8, %dx
	movb	(%esi), %al
	testb	%al, %al
	jz	3f
	outb	%al, %dx
	incl	%esi
	jmp	1b
3:	hlt
	jmp	3b
	.size	too_old, . - too_old

too_old_text:
	.asciz	"helix: this CPU has no 64-bit mode with NX\r\n"

	.align	8
boot_gdt:
	.quad	0
	.quad	0x00af9b000000ffff	/* 64-bit code */
	.quad	0x00cf93000000ffff	/* data */
boot_gdt_pointer:
	.word	. - boot_gdt - 1
	.long	boot_gdt, 0

	.code64
boot_long:
	movabsq	$boot_high, %rax
	jmpq	*%rax

/* ---- 64-bit, in the higher half ---------------------------------------------------- */

	.text
	.type	boot_high, @function
boot_high:
	movl	$16, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	xorl	%eax, %eax
	movl	%eax, %fs
	movl	%eax, %gs
	movq	$boot_stack_top, %rsp
	movl	%ebp, %r12d		/* magic */

	/* The canary, before any protected function: RDRAND, or else the TSC. Its
	 * low byte is 0, so that no string can carry it. */
	movl	$1, %eax
	cpuid
	btl	$30, %ecx
	jnc	2f
	movl	$16, %ecx
1:	rdrand	%rax
	jc	3f
	loop	1b
2:	rdtsc
	shlq	$32, %rdx
	orq	%rdx, %rax
	movabsq	$0x9e3779b97f4a7c15, %rdx
	imulq	%rdx, %rax
3:	xorb	%al, %al
	movq	$cpu_blocks, %rdi
	movq	%rdi, (%rdi)
	movq	%rax, CANARY_OFFSET(%rdi)
	movl	%edi, %eax
	movq	%rdi, %rdx
	shrq	$32, %rdx
	movl	$MSR_FS_BASE, %ecx
	wrmsr

	movl	%r12d, %edi
	xorl	%ebp, %ebp		/* backtraces end here */
	pushq	$0
	pushq	$0
	call	kernel_start
1:	cli
	hlt
	jmp	1b
	.size	boot_high, . - boot_high

/* ---- pages ------------------------------------------------------------------------- */

	.section .bss.pages, "aw", @nobits
	.align	4096
boot_pml4:
	.skip	4096
boot_pdpt_low:
	.skip	4096
boot_pdpt_high:
	.skip	4096
boot_directories:
	.skip	4 * 4096
	.globl	boot_stack_guard
boot_stack_guard:
	.skip	4096
	.skip	BOOT_STACK_SIZE
boot_stack_top:

	.section .note.GNU-stack, "", @progbits
