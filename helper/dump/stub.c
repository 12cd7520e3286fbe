// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * stub.c - GDB's remote protocol over a machine that stands still.
 *
 * Memory and registers can be read. What would change them or run the machine
 * is answered with an error that says why.
 *
 * Contract: whatever comes in, at most PACKET_BYTES of it are kept and as many
 *           are answered with; a packet that is longer, or no packet, is
 *           answered as one that is not known.
 */
#include <ctype.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "stub.h"

#define PACKET_BYTES	0x20000UL
#define NO_RUN		"E.this is a dump: it cannot be run or changed"

/* A packet that comes in, and the answer. */
struct exchange {
	struct stub *stub;
	char in[PACKET_BYTES + 1];
	size_t in_bytes;
	char out[PACKET_BYTES + 1];
	size_t out_bytes;
	bool over;		/* GDB goes after this answer */
};

static void answer(struct exchange *x, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Puts something behind the answer; what has no room is left out. */
static void answer(struct exchange *x, const char *format, ...)
{
	size_t room = sizeof(x->out) - x->out_bytes;
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(x->out + x->out_bytes, room, format, args);
	va_end(args);
	if (length > 0)
		x->out_bytes += (size_t)length < room ? (size_t)length :
							room - 1;
}

/* A hexadecimal number at *text, which is moved behind it. */
static bool number(const char **text, uint64_t *ret)
{
	uint64_t value = 0;
	const char *at = *text;

	for (; isxdigit((unsigned char)*at); at++) {
		char c = (char)tolower((unsigned char)*at);

		if (at - *text == 16)
			return false;
		value = value << 4 |
			(uint64_t)(c <= '9' ? c - '0' : c - 'a' + 10);
	}
	if (at == *text)
		return false;
	*text = at;
	*ret = value;
	return true;
}

static bool skip(const char **text, char c)
{
	if (**text != c)
		return false;
	++*text;
	return true;
}

static enum mmdump_status fetch(const struct stub *stub, uint64_t addr,
				void *buffer, size_t size, uint64_t *fault)
{
	return stub->physical ?
	       mmdump_read_phys(stub->m, addr, buffer, size, fault) :
	       mmdump_read_virt(stub->m, addr, buffer, size, fault);
}

/* m ADDR,SIZE: as much as there is from ADDR on. */
static void read_memory(struct exchange *x, const char *text)
{
	static unsigned char bytes[PACKET_BYTES / 2];
	static const char digits[] = "0123456789abcdef";
	uint64_t addr, size, fault = 0;
	enum mmdump_status status;

	if (!number(&text, &addr) || !skip(&text, ',') ||
	    !number(&text, &size) || *text) {
		answer(x, "E02");
		return;
	}
	if (size > sizeof(bytes))
		size = sizeof(bytes);
	status = fetch(x->stub, addr, bytes, (size_t)size, &fault);
	if (status == MMDUMP_ERR_FAULT && fault > addr &&
	    fault - addr < size) {
		size = fault - addr;
		status = fetch(x->stub, addr, bytes, (size_t)size, &fault);
	}
	if (status) {
		answer(x, "E01");
		return;
	}
	for (uint64_t i = 0; i < size; i++) {
		x->out[x->out_bytes++] = digits[bytes[i] >> 4];
		x->out[x->out_bytes++] = digits[bytes[i] & 15];
	}
	x->out[x->out_bytes] = 0;
}
_Static_assert(2 * (PACKET_BYTES / 2) <= PACKET_BYTES,
	       "an answer has room for all that is read");

static void read_registers(struct exchange *x)
{
	char digits[33];

	for (size_t i = 0; cpu_register(x->stub, i, digits); i++)
		answer(x, "%s", digits);
	if (!x->out_bytes)
		answer(x, "xxxxxxxx");
}

static void read_register(struct exchange *x, const char *text)
{
	char digits[33];
	uint64_t n;

	if (number(&text, &n) && !*text && cpu_register(x->stub, n, digits))
		answer(x, "%s", digits);
	else
		answer(x, "E02");
}

/* H g THREAD: 0 and -1 are any. */
static void set_thread(struct exchange *x, const char *text)
{
	uint64_t n = 0;

	if (*text != 'g' && *text != 'c') {
		answer(x, "E02");
		return;
	}
	text++;
	if (!strcmp(text, "-1") || !strcmp(text, "0")) {
		answer(x, "OK");
	} else if (number(&text, &n) && !*text && n &&
		   n <= cpu_count(x->stub)) {
		x->stub->cpu = (size_t)n - 1;
		answer(x, "OK");
	} else {
		answer(x, "E02");
	}
}

static void is_alive(struct exchange *x, const char *text)
{
	uint64_t n;

	answer(x, number(&text, &n) && n && n <= cpu_count(x->stub) ?
		  "OK" : "E02");
}

static void list_threads(struct exchange *x)
{
	size_t n = cpu_count(x->stub);

	for (size_t i = 1; i <= n && x->out_bytes + 20 < PACKET_BYTES; i++)
		answer(x, "%s%zx", i == 1 ? "m" : ",", i);
}

static void thread_name(struct exchange *x, const char *text)
{
	char name[32];
	uint64_t n;

	if (!number(&text, &n) || !n || n > cpu_count(x->stub)) {
		answer(x, "E02");
		return;
	}
	if (x->stub->nr_cpus)
		snprintf(name, sizeof(name), "CPU#%" PRIu64, n - 1);
	else
		snprintf(name, sizeof(name), "no registers");
	for (const char *c = name; *c; c++)
		answer(x, "%02x", (unsigned char)*c);
}

/* qXfer:features:read:target.xml:OFFSET,SIZE */
static void describe(struct exchange *x, const char *text)
{
	char *all = cpu_description(x->stub);
	uint64_t offset, size, length;

	if (!all || !number(&text, &offset) || !skip(&text, ',') ||
	    !number(&text, &size)) {
		answer(x, "E02");
		free(all);
		return;
	}
	length = strlen(all);
	if (offset > length)
		offset = length;
	if (size > PACKET_BYTES / 2)
		size = PACKET_BYTES / 2;
	answer(x, "%c%.*s", length - offset > size ? 'm' : 'l', (int)size,
	       all + offset);
	free(all);
}

/* text begins with prefix: what is behind it, else NULL. */
static const char *behind(const char *text, const char *prefix)
{
	size_t length = strlen(prefix);

	return strncmp(text, prefix, length) ? NULL : text + length;
}

static void query(struct exchange *x, const char *text)
{
	const char *rest;

	if (behind(text, "qSupported")) {
		answer(x, "PacketSize=%lx;QStartNoAckMode+;"
			  "vContSupported-%s", PACKET_BYTES,
		       x->stub->kind ? ";qXfer:features:read+" : "");
	} else if ((rest = behind(text,
				  "qXfer:features:read:target.xml:"))) {
		describe(x, rest);
	} else if ((rest = behind(text, "qThreadExtraInfo,"))) {
		thread_name(x, rest);
	} else if (!strcmp(text, "QStartNoAckMode")) {
		x->stub->no_ack = true;
		answer(x, "OK");
	} else if (!strcmp(text, "qfThreadInfo")) {
		list_threads(x);
	} else if (!strcmp(text, "qsThreadInfo")) {
		answer(x, "l");
	} else if (!strcmp(text, "qC")) {
		answer(x, "QC%zx", x->stub->cpu + 1);
	} else if (!strcmp(text, "qAttached")) {
		answer(x, "1");
	}
}

static void dispatch(struct exchange *x)
{
	const char *text = x->in;

	switch (*text) {
	case '?':
		answer(x, "T05thread:%zx;", x->stub->cpu + 1);
		break;
	case 'm':
		read_memory(x, text + 1);
		break;
	case 'g':
		read_registers(x);
		break;
	case 'p':
		read_register(x, text + 1);
		break;
	case 'H':
		set_thread(x, text + 1);
		break;
	case 'T':
		is_alive(x, text + 1);
		break;
	case 'q':
	case 'Q':
		query(x, text);
		break;
	case 'D':
		answer(x, "OK");
		x->over = true;
		break;
	case 'k':
		x->over = true;
		break;
	case 'c': case 'C': case 's': case 'S': case 'r': case 'R':
	case 'M': case 'X': case 'G': case 'P': case 'Z': case 'z':
		answer(x, NO_RUN);
		break;
	default:		/* "" is: not known */
		break;
	}
}

/* Reads one packet into x->in. Return: 1, 0 for one that is broken, or -1
 * when no more come. */
static int receive(struct exchange *x, FILE *in)
{
	unsigned char sum = 0;
	char given[3] = { 0 };
	int c;

	while ((c = getc(in)) != '$')
		if (c == EOF)
			return -1;
	x->in_bytes = 0;
	while ((c = getc(in)) != '#') {
		if (c == EOF)
			return -1;
		if (c == '$') {		/* another one has begun */
			x->in_bytes = 0;
			sum = 0;
			continue;
		}
		sum = (unsigned char)(sum + c);
		if (x->in_bytes <= PACKET_BYTES)
			x->in[x->in_bytes++] = (char)c;
	}
	for (int i = 0; i < 2; i++) {
		c = getc(in);
		if (c == EOF)
			return -1;
		given[i] = (char)c;
	}
	if (x->in_bytes > PACKET_BYTES)
		x->in_bytes = 0;	/* too long: not known */
	x->in[x->in_bytes] = 0;
	return x->stub->no_ack || strtoul(given, NULL, 16) == sum;
}

static int send_answer(const struct exchange *x, FILE *out)
{
	unsigned char sum = 0;

	for (size_t i = 0; i < x->out_bytes; i++)
		sum = (unsigned char)(sum + (unsigned char)x->out[i]);
	fputc('$', out);
	fwrite(x->out, 1, x->out_bytes, out);
	fprintf(out, "#%02x", sum);
	return fflush(out);
}

int stub_serve(struct stub *stub, FILE *in, FILE *out)
{
	static struct exchange x;
	int got;

	x.stub = stub;
	x.over = false;
	while (!x.over && (got = receive(&x, in)) >= 0) {
		if (!stub->no_ack && fputc(got ? '+' : '-', out) == EOF)
			return 1;
		x.out_bytes = 0;
		*x.out = 0;
		if (got)
			dispatch(&x);
		if (got && !(x.over && !x.out_bytes) && send_answer(&x, out))
			return 1;
		if (fflush(out))
			return 1;
	}
	return 0;
}
