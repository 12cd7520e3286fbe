/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vectors.S - every exception is the end: its registers are saved on a stack
 * of its own, which is there whatever became of the other one, and reported.
 *
 * The unwind rules make the interrupted function the caller of the handler,
 * so that a debugger's backtrace goes on from it. In the first instructions
 * this needs that function's frame pointer: its sp belongs to another mode,
 * which no rule can name.
 */

	/* struct pt_regs, traps.h: r0 to r12, sp, lr, pc, cpsr, and a pad */
#define PT_SP		52
#define PT_LR		56
#define PT_PC		60
#define PT_CPSR		64
#define PT_SIZE		72

#define PSR_T		(1 << 5)	/* Thumb state */

	.cfi_sections .debug_frame

	.text
	.arm
	.balign 32
	.global vectors
	.type vectors, %function
vectors:
	.cfi_startproc
	.cfi_signal_frame
	.cfi_return_column 15
	.cfi_def_cfa sp, 0
	.cfi_register r15, r14			@ past it by some instructions
	b	vector_reset
	b	vector_undefined
	b	vector_svc
	b	vector_prefetch_abort
	b	vector_data_abort
	b	vector_reserved
	b	vector_irq
	b	vector_fiq
	.cfi_endproc
	.size vectors, . - vectors

	/*
	 * \adjust: how far lr is past the instruction that did it
	 * \thumb_less: by how much less that is in Thumb state
	 * \own_stack: what the entry itself has put on the code's stack
	 */
	.macro vector name, kind, adjust, thumb_less=0, own_stack=0
	.type vector_\name, %function
vector_\name:
	.cfi_startproc
	.cfi_signal_frame
	.cfi_return_column 15
	.cfi_def_cfa sp, 0
	.cfi_register r15, r14
	sub	lr, lr, #\adjust
	sub	sp, sp, #PT_SIZE
	stmia	sp, {r0-r12}
	mrs	r1, spsr
	.if	\thumb_less
	tst	r1, #PSR_T			@ libfdt is Thumb code
	addne	lr, lr, #\thumb_less
	.endif
	str	lr, [sp, #PT_PC]
	str	r1, [sp, #PT_CPSR]
	mov	r11, sp
	/* r11: the register that every function saves, as its frame pointer */
	.cfi_def_cfa r11, PT_SIZE
	.irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12
	.cfi_offset r\n, 4 * \n - PT_SIZE
	.endr
	.cfi_offset r15, PT_PC - PT_SIZE
	cps	#0x13				@ where sp and lr are the code's
	.cfi_same_value r13
	/* A supervisor call was in that mode, on that stack, already. */
	add	r0, sp, #\own_stack
	str	r0, [r11, #PT_SP]
	str	lr, [r11, #PT_LR]
	mov	sp, r11
	mov	r0, r11
	mov	r1, #\kind
	.cfi_offset r13, PT_SP - PT_SIZE
	.cfi_offset r14, PT_LR - PT_SIZE
	bl	do_exception
	b	.				@ the return address stays in here
	.cfi_endproc
	.size vector_\name, . - vector_\name
	.endm

	/* The kinds: enum exception, traps.h */
	vector reset, 0, 0
	vector undefined, 1, 4, 2
	vector svc, 2, 4, 2, PT_SIZE
	vector prefetch_abort, 3, 4
	vector data_abort, 4, 8
	vector reserved, 5, 0
	vector irq, 6, 4
	vector fiq, 7, 4

	/* Each mode that an exception can enter gets the stack in r0. */
	.global traps_init
	.type traps_init, %function
traps_init:
	.cfi_startproc
	.irp mode, 0x17, 0x1b, 0x12, 0x11	@ ABT, UND, IRQ, FIQ
	cps	#\mode
	mov	sp, r0
	.endr
	cps	#0x13
	bx	lr
	.cfi_endproc
	.size traps_init, . - traps_init
	.ltorg

	.section .note.GNU-stack, "", %progbits
