/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * spinlock.h - one CPU: a lock turns interrupts off and remembers its owner's
 * state, so that a debugger can tell a stop inside a critical section.
 */
#ifndef MM_SPINLOCK_H
#define MM_SPINLOCK_H

#include <arch.h>
#include <mm/bug.h>

typedef struct {
	unsigned int locked;		/* 1 between lock and unlock */
} spinlock_t;

static inline void spin_lock_init(spinlock_t *lock)
{
	lock->locked = 0;
}

static inline unsigned long spin_lock_irqsave(spinlock_t *lock)
{
	unsigned long flags = arch_local_irq_save();

	VM_BUG_ON(lock->locked);
	lock->locked = 1;
	return flags;
}

static inline void spin_unlock_irqrestore(spinlock_t *lock, unsigned long flags)
{
	VM_BUG_ON(!lock->locked);
	lock->locked = 0;
	arch_local_irq_restore(flags);
}

#endif
