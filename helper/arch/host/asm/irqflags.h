/* SPDX-License-Identifier: GPL-2.0-or-later */
/* irqflags.h - a host process has no interrupts to turn off. */
#ifndef ASM_IRQFLAGS_H
#define ASM_IRQFLAGS_H

static inline unsigned long arch_local_irq_save(void)
{
	return 0;
}

static inline void arch_local_irq_restore(unsigned long flags __maybe_unused)
{
}

#endif
