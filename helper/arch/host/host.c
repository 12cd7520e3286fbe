// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * host.c - the machine that tests, fuzzing and replay run: sparse RAM, a
 * console in memory, and panics that a test can wait for.
 *
 * The library's globals live in sections of their own (the Makefile renames
 * .data and .bss), so a new machine starts from a copy of their first state.
 */
#define _GNU_SOURCE		/* pthread_getattr_np, memfd_create */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <arch.h>
#include <mm/bug.h>
#include <mm/percpu.h>

#include "host.h"

#define CONSOLE_BYTES (1 << 20)

unsigned long host_page_offset, host_pfn_offset, host_lowmem_limit;
unsigned long host_vm_base;
unsigned long host_tlb_flushes, host_tlb_start, host_tlb_end;
bool host_console_echo;

static char console[CONSOLE_BYTES];
static size_t console_len;
static jmp_buf panic_jump;
static bool panic_expected;
static size_t panic_text_at;
static size_t ram_bytes;
static int ram_fd = -1, device_fd = -1;
static bool window_used;		/* is anything mapped in it? */

unsigned long host_cpu_offset;

extern char __start_mm_data[] __attribute__((weak));
extern char __stop_mm_data[] __attribute__((weak));
extern char __start_mm_bss[] __attribute__((weak));
extern char __stop_mm_bss[] __attribute__((weak));

/* By bytes: the sections hold red zones that a sanitizer's memcpy refuses. */
noinline __attribute__((no_sanitize("address", "undefined")))
static void copy_bytes(char *to, const char *from, size_t n)
{
	for (volatile size_t i = 0; i < n; i++)
		to[i] = from ? from[i] : 0;
}

/* A section back to what it was when this was first called for it. */
static int restore_section(char *start, const char *stop, char **first)
{
	size_t n = (size_t)(stop - start);

	if (!*first) {
		*first = malloc(n + 1);
		if (!*first)
			return -ENOMEM;
		copy_bytes(*first, start, n);
	}
	copy_bytes(start, *first, n);
	return 0;
}

static int restore_globals(void)
{
	static char *first_data, *first_percpu;

	host_cpu_offset = 0;
	copy_bytes(__start_mm_bss, NULL,
		   (size_t)(__stop_mm_bss - __start_mm_bss));
	if (restore_section(__start_mm_data, __stop_mm_data, &first_data))
		return -ENOMEM;
	return restore_section(__per_cpu_start, __per_cpu_end, &first_percpu);
}

void copy_percpu_template(void *to, const char *from, size_t bytes)
{
	copy_bytes(to, from, bytes);
}

void host_set_cpu(unsigned int cpu)
{
	set_my_cpu_offset(__per_cpu_offset[cpu]);
}

/* --- memory --------------------------------------------------------------- */

/* A sparse file of @bytes, or -1. */
static int sparse_file(const char *name, phys_addr_t bytes)
{
	int fd = memfd_create(name, MFD_CLOEXEC);

	if (fd >= 0 && ftruncate(fd, (off_t)bytes)) {
		close(fd);
		return -1;
	}
	return fd;
}

static void close_file(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void *map_nothing(void *addr, unsigned long bytes, int fixed)
{
	return mmap(addr, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS |
		    MAP_NORESERVE | fixed, -1, 0);
}

/* The window is the process's for good; only what is mapped in it goes. */
static int new_window(void)
{
	char *at;

	if (!host_vm_base) {
		at = map_nothing(NULL, HOST_VM_BYTES + HOST_VM_ALIGN, 0);
		if (at == MAP_FAILED)
			return -ENOMEM;
		host_vm_base = ALIGN((unsigned long)at, HOST_VM_ALIGN);
	} else if (window_used) {
		map_nothing((void *)host_vm_base, HOST_VM_BYTES, MAP_FIXED);
	}
	window_used = false;
	return 0;
}

/* All of RAM is there; what of it is HighMem the library must not know. */
int host_ram_init(phys_addr_t base, phys_addr_t size, phys_addr_t lowmem_limit)
{
	phys_addr_t start = base & PAGE_MASK;
	void *ram;

	if (host_page_offset)
		munmap((void *)host_page_offset, ram_bytes);
	host_page_offset = 0;
	close_file(&ram_fd);
	close_file(&device_fd);
	ram_bytes = ALIGN(base + size - start, PAGE_SIZE);
	ram_fd = sparse_file("ram", ram_bytes);
	if (ram_fd < 0 || new_window())
		return -ENOMEM;
	ram = mmap(NULL, ram_bytes, PROT_READ | PROT_WRITE,
		   MAP_SHARED | MAP_NORESERVE, ram_fd, 0);
	if (ram == MAP_FAILED)
		return -ENOMEM;
	host_page_offset = (unsigned long)ram;
	host_pfn_offset = start >> PAGE_SHIFT;
	host_lowmem_limit = lowmem_limit;
	host_tlb_flushes = 0;
	console_len = 0;
	console[0] = 0;
	panic_text_at = 0;
	panic_expected = false;
	return restore_globals();
}

/* Bits of a physical address that tell one device from another. */
#define DEVICE_SPACE	(1UL << 40)

void host_map(unsigned long addr, phys_addr_t phys, unsigned long bytes,
	      bool writable)
{
	phys_addr_t start = host_pfn_offset << PAGE_SHIFT;
	phys_addr_t offset = phys - start;
	int fd = ram_fd;

	if (phys < start || offset >= ram_bytes) {
		if (device_fd < 0)
			device_fd = sparse_file("devices", DEVICE_SPACE);
		fd = device_fd;
		offset = phys % DEVICE_SPACE;
	}
	window_used = true;
	if (mmap((void *)addr, bytes, PROT_READ | (writable ? PROT_WRITE : 0),
		 MAP_SHARED | MAP_NORESERVE | MAP_FIXED, fd, (off_t)offset) ==
	    MAP_FAILED) {
		perror("host_map");
		abort();
	}
}

void host_unmap(unsigned long addr, unsigned long bytes)
{
	if (map_nothing((void *)addr, bytes, MAP_FIXED) == MAP_FAILED) {
		perror("host_unmap");
		abort();
	}
}

/* --- console and panics --------------------------------------------------- */

void arch_console_write(const char *text, size_t len)
{
	size_t room = CONSOLE_BYTES - 1 - console_len;

	if (host_console_echo)
		fwrite(text, 1, len, stderr);
	if (len > room)
		len = room;
	memcpy(console + console_len, text, len);
	console_len += len;
	console[console_len] = 0;
}

static const char *typed = "";

void host_type(const char *text)
{
	typed = text;
}

int arch_console_getc(void)
{
	return *typed ? (unsigned char)*typed++ : -1;
}

const char *host_console(void)
{
	return console;
}

jmp_buf *host_panic_expected(void)
{
	panic_expected = true;
	panic_text_at = console_len;
	return &panic_jump;
}

const char *host_panic_text(void)
{
	static char text[512];
	const char *at = strstr(console + panic_text_at, "panic: ");

	snprintf(text, sizeof(text), "%s", at ? at + strlen("panic: ") : "");
	text[strcspn(text, "\n")] = 0;
	return text;
}

void arch_halt(void)
{
	if (panic_expected) {
		panic_expected = false;
		longjmp(panic_jump, 1);
	}
	fprintf(stderr, "%s", console + (console_len > 2000 ?
					 console_len - 2000 : 0));
	abort();
}

phys_addr_t arch_kernel_end(void)
{
	return 0;
}

/* The end of this thread's stack; 0: nobody knows. */
static uintptr_t stack_end(void)
{
	static _Thread_local uintptr_t end;
	pthread_attr_t attr;
	void *start;
	size_t bytes;

	if (end || pthread_getattr_np(pthread_self(), &attr))
		return end;
	if (!pthread_attr_getstack(&attr, &start, &bytes))
		end = (uintptr_t)start + bytes;
	pthread_attr_destroy(&attr);
	return end;
}

/*
 * Frame: the caller's frame, then the return address, on x86-64 and arm64. The
 * C library has none, so the last steps may lead anywhere: up and in the stack
 * is all that is asked. Sanitizers have red zones there.
 */
noinline __attribute__((no_sanitize("address", "undefined")))
static unsigned int walk_frames(uintptr_t frame, unsigned long *entries,
				unsigned int max, unsigned int skip)
{
	uintptr_t end = stack_end(), above = 0;
	unsigned int n = 0;

	while (n < max && frame > above && IS_ALIGNED(frame, sizeof(frame)) &&
	       end > 2 * sizeof(frame) && frame <= end - 2 * sizeof(frame)) {
		const uintptr_t *words = (const uintptr_t *)frame;

		if (skip)
			skip--;
		else
			entries[n++] = words[1];
		above = frame;
		frame = words[0];
	}
	return n;
}

unsigned int arch_stack_trace(unsigned long *entries, unsigned int max,
			      unsigned int skip)
{
	return walk_frames((uintptr_t)__builtin_frame_address(0), entries, max,
			   skip);
}
