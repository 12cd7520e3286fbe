// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * status.c - a machine, made and destroyed; what it has to say.
 *
 * Contract: a message is one line of printable ASCII, cut where it is too
 *           long; the outermost reason comes first.
 * May call: ram, notes, kdump, to give back what they hold.
 */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "internal.h"

#define MAX_THREADS	256U

/* Printable ASCII; all else as \xNN. size is that of out. */
static void escape(char *out, size_t size, const char *text)
{
	size_t at = 0;

	for (; *text && at + 5 <= size; text++) {
		unsigned char c = (unsigned char)*text;

		if (c >= 0x20 && c < 0x7f)
			out[at++] = *text;
		else
			at += (size_t)snprintf(out + at, size - at, "\\x%02x",
					       c);
	}
	out[at] = 0;
}

/* Puts a separator and a text behind a line, as far as there is room. */
static void append(char *line, size_t size, const char *separator,
		   const char *text)
{
	strncat(line, separator, size - 1 - strlen(line));
	strncat(line, text, size - 1 - strlen(line));
}

enum mmdump_status fail(struct mmdump *m, enum mmdump_status status,
			const char *format, ...)
{
	char raw[sizeof(m->message)], line[sizeof(m->message)];
	va_list args;

	va_start(args, format);
	vsnprintf(raw, sizeof(raw), format, args);
	va_end(args);
	escape(line, sizeof(line), raw);
	if (*m->message)
		append(line, sizeof(line), ": ", m->message);
	memcpy(m->message, line, sizeof(line));
	return status;
}

void begin(struct mmdump *m)
{
	*m->message = 0;
	for (struct source *s = m->sources; s; s = s->next) {
		if (!source_is_cut(s))
			continue;
		m->cut = true;
		warn(m, "%s of 0x%llx bytes was cut while it was open",
		     m->format, (unsigned long long)s->size);
	}
}

void warn(struct mmdump *m, const char *format, ...)
{
	char raw[sizeof(m->warning)], line[sizeof(m->warning)];
	va_list args;

	va_start(args, format);
	vsnprintf(raw, sizeof(raw), format, args);
	va_end(args);
	escape(line, sizeof(line), raw);
	if (strlen(m->warning) + strlen(line) + 3 <= sizeof(m->warning))
		append(m->warning, sizeof(m->warning),
		       *m->warning ? "; " : "", line);
}

unsigned int threads_of(const struct mmdump *m)
{
	long online;

	if (m->threads)
		return m->threads;
	online = sysconf(_SC_NPROCESSORS_ONLN);
	if (online < 1)
		return 1;
	return online < MAX_THREADS ? (unsigned int)online : MAX_THREADS;
}

uint32_t mmdump_version(void)
{
	return MMDUMP_VERSION;
}

enum mmdump_status mmdump_create(struct mmdump **ret)
{
	struct mmdump *m = calloc(1, sizeof(*m));

	if (!m)
		return MMDUMP_ERR_SYSTEM;
	*ret = m;
	return MMDUMP_OK;
}

void mmdump_destroy(struct mmdump *m)
{
	if (!m)
		return;
	while (m->sources) {
		struct source *source = m->sources;

		m->sources = source->next;
		source_close(source);
	}
	notes_drop(&m->notes);
	tlb_close(m->tlb);
	free(m->paging);
	free(m->segments);
	free(m->ranges);
	free(m->virt.banks);
	free(m->phys.banks);
	free(m);
}

const char *mmdump_message(const struct mmdump *m)
{
	return m->message;
}

const char *mmdump_warning(const struct mmdump *m)
{
	return *m->warning ? m->warning : NULL;
}

int mmdump_is_cut(const struct mmdump *m)
{
	return m->cut;
}

const char *mmdump_format(const struct mmdump *m)
{
	return m->format ? m->format : "no memory";
}

void mmdump_set_threads(struct mmdump *m, unsigned int threads)
{
	m->threads = threads < MAX_THREADS ? threads : MAX_THREADS;
}

void mmdump_machine(const struct mmdump *m, uint32_t *machine, uint32_t *bits,
		    uint32_t *big_endian)
{
	*machine = m->machine;
	*bits = m->bits;
	*big_endian = m->big_endian;
}
