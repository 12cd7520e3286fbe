/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * types.h - integer types, alignment helpers and attributes, Linux's names.
 *
 * phys_addr_t has the width of a pointer: 32 bits on the guest (no LPAE),
 * 64 on the host build, so that maps of any size can be replayed there.
 */
#ifndef MM_TYPES_H
#define MM_TYPES_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef int8_t s8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int64_t s64;
typedef unsigned long phys_addr_t;
typedef unsigned int gfp_t;

#define PHYS_ADDR_MAX	((phys_addr_t)-1)

/* errno values, returned negated. Source: POSIX names, Linux numbers. */
#define ENOENT	2
#define EAGAIN	11
#define ENOMEM	12
#define EFAULT	14
#define EBUSY	16
#define EEXIST	17
#define EINVAL	22
#define ENOSPC	28
#define EOVERFLOW 75

#define BITS_PER_LONG	(8 * __SIZEOF_LONG__)
#define BITS_TO_LONGS(n) (((n) + BITS_PER_LONG - 1) / BITS_PER_LONG)

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define container_of(ptr, type, member) \
	((type *)((char *)(ptr) - offsetof(type, member)))

/* @a must be a power of two for these three. */
#define DIV_ROUND_UP(n, d) (((n) + (d) - 1) / (d))
#define ALIGN_DOWN(x, a) ((x) & ~((__typeof__(x))(a) - 1))
#define ALIGN(x, a)	ALIGN_DOWN((x) + ((__typeof__(x))(a) - 1), a)
#define IS_ALIGNED(x, a) (((x) & ((__typeof__(x))(a) - 1)) == 0)

/* Each argument once; both of one type. */
#define __paste2(a, b)	a##b
#define __paste(a, b)	__paste2(a, b)
#define __pick(a, b, op, x, y) ({					\
	__typeof__(a) x = (a);						\
	__typeof__(b) y = (b);						\
	(void)(&x == &y);						\
	x op y ? x : y;							\
})
#define min(a, b) __pick(a, b, <, __paste(__x, __COUNTER__),		\
			 __paste(__y, __COUNTER__))
#define max(a, b) __pick(a, b, >, __paste(__x, __COUNTER__),		\
			 __paste(__y, __COUNTER__))
#define clamp(v, lo, hi) min(max(v, lo), hi)

#define likely(x)	__builtin_expect(!!(x), 1)
#define unlikely(x)	__builtin_expect(!!(x), 0)

#define __noreturn	__attribute__((noreturn))
#define __printf(f, a)	__attribute__((format(printf, f, a)))
#define __maybe_unused	__attribute__((unused))
#define noinline	__attribute__((noinline))
/* As the C library writes it: a host build may see both. */
#define __always_inline __inline __attribute__ ((__always_inline__))
#define __percpu	/* a pointer to give to per_cpu_ptr(), percpu.h */

#define _RET_IP_	((unsigned long)__builtin_return_address(0))

/* A counter that Linux keeps in an atomic_long_t; one CPU needs no more. */
typedef struct {
	long counter;
} atomic_long_t;

typedef struct {
	int counter;
} atomic_t;

static inline long atomic_long_read(const atomic_long_t *v)
{
	return v->counter;
}

static inline void atomic_long_add(long n, atomic_long_t *v)
{
	v->counter += n;
}

static inline int atomic_read(const atomic_t *v)
{
	return v->counter;
}

static inline void atomic_inc(atomic_t *v)
{
	v->counter++;
}

/** atomic_dec_and_test - true when it is 0 now */
static inline bool atomic_dec_and_test(atomic_t *v)
{
	return --v->counter == 0;
}

#define SZ_4K	0x00001000UL
#define SZ_1M	0x00100000UL
#define SZ_2M	0x00200000UL

#endif
