/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bug.h - what happens when an assumption does not hold.
 *
 * BUG_ON() stops the machine: the caller broke a contract and going on would
 * corrupt memory. VM_BUG_ON() is the same for checks that cost too much for
 * every build; CONFIG_DEBUG_VM turns it on (debug guest and host do).
 * WARN_ON() reports and goes on; its value is the condition.
 */
#ifndef MM_BUG_H
#define MM_BUG_H

#include <mm/types.h>

/**
 * panic - print one line and stop for ever, where a debugger sees it
 *
 * The function is not __noreturn, for its callers' sake: a function of which
 * the compiler knows that it never returns saves no registers on ARM, and a
 * backtrace from it is lost. The macro tells callers.
 */
void panic(const char *fmt, ...) __printf(1, 2);
#define panic(...) ({ panic(__VA_ARGS__); __builtin_unreachable(); })

/** __warn - report a broken assumption and go on; counted in nr_warnings */
void __warn(const char *file, int line, const char *what);
extern unsigned long nr_warnings;

#define BUG_ON(cond) do {						\
	if (unlikely(cond))						\
		panic("BUG at %s:%d: %s", __FILE__, __LINE__, #cond);	\
} while (0)

#define WARN_ON(cond) ({						\
	bool _c = !!(cond);						\
	if (unlikely(_c))						\
		__warn(__FILE__, __LINE__, #cond);			\
	_c;								\
})

#ifdef CONFIG_DEBUG_VM
#define VM_BUG_ON(cond)	BUG_ON(cond)
#else
#define VM_BUG_ON(cond)	((void)sizeof(!!(cond)))
#endif

#endif
