/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * head.S - from the boot loader to start_kernel().
 *
 * Entered as a raw image under Linux's boot protocol: MMU off, r2 = physical
 * address of the device tree, and the image at TEXT_OFFSET from the start of
 * RAM, wherever that is: all addresses here are relative to the PC until the
 * MMU is on.
 *
 * Descriptors: ARM Architecture Reference Manual ARMv7-A, B3.5.1 (short
 * descriptor format, section): TEX C B for the memory type, AP[1:0] = 01 for
 * privileged read and write, XN for devices.
 */
#include <asm/memory.h>

#define SECTION_NORMAL	0x140e	/* write-back write-allocate, AP 01 */
#define SECTION_DEVICE	0x0416	/* shared device, AP 01, XN */

#define SCTLR_MMU	(1 << 0)
#define SCTLR_DCACHE	(1 << 2)
#define SCTLR_BRANCH	(1 << 11)
#define SCTLR_ICACHE	(1 << 12)
#define SCTLR_TRE	(1 << 28)
#define SCTLR_AFE	(1 << 29)

#define MIDR_PART_A9	0xc09
#define UART_SABRELITE	0x021e8000	/* i.MX6 UART2 */
#define UART_VIRT	0x09000000	/* PL011 of QEMU's virt */

	.cfi_sections .debug_frame

	.section .head.text, "ax"
	.arm
	.global _start
	.type _start, %function
_start:
	cpsid	aif, #0x13			@ SVC mode, no interrupts
	mrc	p15, 0, r0, c0, c0, 5		@ MPIDR: one CPU is enough
	tst	r0, #0xff
	bne	secondary_halt

	/* r8 = PHYS_OFFSET, r9 = PHYS_OFFSET - PAGE_OFFSET, r10 = the tree */
	adr	r8, _start
	sub	r8, r8, #TEXT_OFFSET
	sub	r9, r8, #PAGE_OFFSET
	mov	r10, r2

	ldr	r0, =early_vectors
	add	r0, r0, r9
	mcr	p15, 0, r0, c12, c0, 0		@ VBAR: faults before the MMU

	ldr	r0, =__bss_start
	ldr	r1, =__bss_stop
	add	r0, r0, r9
	add	r1, r1, r9
	mov	r2, #0
1:	cmp	r0, r1
	strlo	r2, [r0], #4
	blo	1b

	ldr	r0, =__pv_phys_pfn_offset
	lsr	r1, r8, #PAGE_SHIFT
	str	r1, [r0, r9]
	ldr	r0, =__pv_offset
	str	r9, [r0, r9]
	ldr	r0, =__atags_pointer
	str	r10, [r0, r9]

	/* The translation table: r4, physical. */
	add	r4, r8, #PG_DIR_OFFSET
	mov	r0, r4
	add	r1, r4, #PG_DIR_SIZE
1:	str	r2, [r0], #4
	cmp	r0, r1
	blo	1b

	/* Here, one to one, for the instructions around turning it on. */
	ldr	r3, =SECTION_NORMAL
	lsr	r0, r8, #SECTION_SHIFT
	orr	r1, r3, r0, lsl #SECTION_SHIFT
	str	r1, [r4, r0, lsl #2]

	/* The start of RAM up to the image's end, at PAGE_OFFSET. */
	ldr	r0, =(PAGE_OFFSET >> SECTION_SHIFT)
	orr	r1, r8, r3
	ldr	r5, =_end - 1
	lsr	r5, r5, #SECTION_SHIFT
1:	str	r1, [r4, r0, lsl #2]
	add	r1, r1, #SECTION_SIZE
	add	r0, r0, #1
	cmp	r0, r5
	bls	1b

	/* The tree: two sections, so that 1 MB is there wherever it starts. */
	ldr	r0, =(FDT_FIXED_BASE >> SECTION_SHIFT)
	lsr	r1, r10, #SECTION_SHIFT
	orr	r1, r3, r1, lsl #SECTION_SHIFT
	add	r0, r4, r0, lsl #2
	str	r1, [r0]
	add	r1, r1, #SECTION_SIZE
	str	r1, [r0, #4]

	/* A console to complain on, by what kind of CPU this is. */
	mrc	p15, 0, r0, c0, c0, 0		@ MIDR
	ubfx	r0, r0, #4, #12
	ldr	r1, =MIDR_PART_A9
	cmp	r0, r1
	ldreq	r1, =(UART_SABRELITE & ~(SECTION_SIZE - 1))
	ldrne	r1, =(UART_VIRT & ~(SECTION_SIZE - 1))
	ldr	r3, =SECTION_DEVICE
	orr	r1, r1, r3
	ldr	r0, =(DEBUG_LL_VIRT >> SECTION_SHIFT)
	str	r1, [r4, r0, lsl #2]

	mov	r0, #0
	mcr	p15, 0, r0, c8, c7, 0		@ TLBIALL
	mcr	p15, 0, r0, c7, c5, 0		@ ICIALLU
	mcr	p15, 0, r0, c7, c5, 6		@ BPIALL
	mcr	p15, 0, r0, c2, c0, 2		@ TTBCR: all through TTBR0
	mcr	p15, 0, r4, c2, c0, 0		@ TTBR0
	mov	r0, #1
	mcr	p15, 0, r0, c3, c0, 0		@ DACR: domain 0 is a client
	dsb
	isb
	mrc	p15, 0, r0, c1, c0, 0		@ SCTLR
	bic	r0, r0, #(SCTLR_TRE | SCTLR_AFE)
	orr	r0, r0, #(SCTLR_MMU | SCTLR_DCACHE)
	orr	r0, r0, #(SCTLR_BRANCH | SCTLR_ICACHE)
	ldr	r1, =__mmap_switched
	mcr	p15, 0, r0, c1, c0, 0
	isb
	bx	r1

secondary_halt:
	wfi
	b	secondary_halt
	.size _start, . - _start
	.ltorg

	.text
	.global __mmap_switched
	.type __mmap_switched, %function
__mmap_switched:
	.cfi_startproc
	.cfi_undefined lr			@ nobody called: bt ends here
	ldr	sp, =init_stack_top
	ldr	r0, =vectors
	mcr	p15, 0, r0, c12, c0, 0		@ VBAR
	isb
	ldr	r0, =exception_stack_top
	bl	traps_init
	mov	r0, #0
	mcr	p15, 0, r0, c13, c0, 4		@ TPIDRPRW: per-CPU offset
	mov	fp, #0
	mov	lr, #0
	bl	start_kernel
	.cfi_endproc
	.size __mmap_switched, . - __mmap_switched
	.ltorg

	/* Before there is a stack a fault can only be held. */
	.balign 32
early_vectors:
	.rept 8
	b	early_fault_halt
	.endr
	.global early_fault_halt
	.type early_fault_halt, %function
early_fault_halt:
	wfi
	b	early_fault_halt
	.size early_fault_halt, . - early_fault_halt

	.bss
	.balign 8
	.global init_stack
init_stack:
	.space 16384
	.global init_stack_top
init_stack_top:
	.space 2 * 4096
	.global exception_stack_top
exception_stack_top:

	.section .note.GNU-stack, "", %progbits
