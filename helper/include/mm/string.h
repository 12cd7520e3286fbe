/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * string.h - the few C library functions that the library uses. The guest
 * gets them from lib/string.c, a host build from the C library.
 */
#ifndef MM_STRING_H
#define MM_STRING_H

#include <mm/types.h>

void *memset(void *dst, int c, size_t n);
void *memcpy(void *restrict dst, const void *restrict src, size_t n);
void *memmove(void *dst, const void *src, size_t n);
int memcmp(const void *a, const void *b, size_t n);
void *memchr(const void *mem, int c, size_t n);
size_t strlen(const char *s);
size_t strnlen(const char *s, size_t max);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
char *strchr(const char *s, int c);
char *strrchr(const char *s, int c);

#endif
