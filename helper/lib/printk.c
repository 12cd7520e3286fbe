// SPDX-License-Identifier: GPL-2.0-or-later
/* printk.c - formatted output, panic and warnings; printk.h says what of. */
#include <arch.h>
#include <mm/bug.h>
#include <mm/kallsyms.h>
#include <mm/printk.h>
#include <mm/string.h>

unsigned long nr_warnings;

struct out {
	char *buf;
	size_t size, len;	/* len counts what did not fit, too */
	bool console;		/* a full buffer goes there, and is empty */
};

struct spec {
	bool left, zero, alt, plus, space, upper;
	int width, precision;	/* precision -1: none given */
	int longs;		/* l: 1, ll: 2, z: 1, h: -1, hh: -2 */
};

static void put(struct out *o, char c)
{
	if (o->console && o->len + 1 == o->size) {
		arch_console_write(o->buf, o->len);
		o->len = 0;
	}
	if (o->len + 1 < o->size)
		o->buf[o->len] = c;
	o->len++;
}

static void pad(struct out *o, char c, int n)
{
	while (n-- > 0)
		put(o, c);
}

static void put_text(struct out *o, const struct spec *sp, const char *s)
{
	size_t max = sp->precision < 0 ? SIZE_MAX : (size_t)sp->precision;
	int len;

	if (!s)
		s = "(null)";
	len = (int)strnlen(s, max);
	if (!sp->left)
		pad(o, ' ', sp->width - len);
	for (int i = 0; i < len; i++)
		put(o, s[i]);
	if (sp->left)
		pad(o, ' ', sp->width - len);
}

static void put_number(struct out *o, const struct spec *sp, u64 value,
		       bool negative, unsigned int base)
{
	const char *digits = sp->upper ? "0123456789ABCDEF" :
					 "0123456789abcdef";
	char tmp[24];
	char sign = negative ? '-' : sp->plus ? '+' : sp->space ? ' ' : 0;
	bool prefix = sp->alt && base == 16 && value;
	int len = 0, zeros, total;

	while (value) {
		tmp[len++] = digits[value % base];
		value /= base;
	}
	if (!len && sp->precision)
		tmp[len++] = '0';
	zeros = sp->precision > len ? sp->precision - len : 0;
	total = len + zeros + !!sign + 2 * prefix;
	if (sp->zero && !sp->left && sp->precision < 0 && sp->width > total) {
		zeros = sp->width - total;
		total = sp->width;
	}
	if (!sp->left)
		pad(o, ' ', sp->width - total);
	if (sign)
		put(o, sign);
	if (prefix) {
		put(o, '0');
		put(o, sp->upper ? 'X' : 'x');
	}
	pad(o, '0', zeros);
	while (len)
		put(o, tmp[--len]);
	if (sp->left)
		pad(o, ' ', sp->width - total);
}

static void put_pointer(struct out *o, struct spec *sp, unsigned long addr)
{
	sp->precision = 2 * (int)sizeof(addr);
	put_number(o, sp, addr, false, 16);
}

static void put_symbol(struct out *o, struct spec *sp, unsigned long addr)
{
	const struct spec plain = { .precision = -1, .alt = true };
	unsigned long offset;
	const char *name = kallsyms_lookup(addr, &offset);

	if (!name) {
		put_pointer(o, sp, addr);
		return;
	}
	put_text(o, &plain, name);
	put(o, '+');
	if (!offset)
		put_text(o, &plain, "0x0");
	else
		put_number(o, &plain, offset, false, 16);
}

static const char *parse_spec(const char *f, struct spec *sp, va_list *args)
{
	*sp = (struct spec){ .precision = -1 };
	for (;; f++) {
		if (*f == '-')
			sp->left = true;
		else if (*f == '0')
			sp->zero = true;
		else if (*f == '#')
			sp->alt = true;
		else if (*f == '+')
			sp->plus = true;
		else if (*f == ' ')
			sp->space = true;
		else
			break;
	}
	if (*f == '*') {
		sp->width = va_arg(*args, int);
		if (sp->width < 0) {
			sp->left = true;
			sp->width = -sp->width;
		}
		f++;
	}
	for (; *f >= '0' && *f <= '9'; f++)
		sp->width = sp->width * 10 + *f - '0';
	if (*f == '.') {
		sp->precision = 0;
		if (*++f == '*') {
			sp->precision = va_arg(*args, int);
			f++;
		}
		for (; *f >= '0' && *f <= '9'; f++)
			sp->precision = sp->precision * 10 + *f - '0';
	}
	for (;; f++) {
		if (*f == 'l')
			sp->longs++;
		else if (*f == 'z')
			sp->longs = 1;
		else if (*f == 'h')
			sp->longs--;
		else
			return f;
	}
}

static u64 get_unsigned(const struct spec *sp, va_list *args)
{
	if (sp->longs >= 2)
		return va_arg(*args, unsigned long long);
	if (sp->longs == 1)
		return va_arg(*args, unsigned long);
	if (sp->longs == -1)
		return (unsigned short)va_arg(*args, unsigned int);
	if (sp->longs <= -2)
		return (unsigned char)va_arg(*args, unsigned int);
	return va_arg(*args, unsigned int);
}

static s64 get_signed(const struct spec *sp, va_list *args)
{
	if (sp->longs >= 2)
		return va_arg(*args, long long);
	if (sp->longs == 1)
		return va_arg(*args, long);
	if (sp->longs == -1)
		return (short)va_arg(*args, int);
	if (sp->longs <= -2)
		return (signed char)va_arg(*args, int);
	return va_arg(*args, int);
}

/* Format one conversion; returns the text behind it. */
static const char *convert(struct out *o, const char *f, va_list *args)
{
	struct spec sp;
	char c[2] = "";
	s64 value;

	f = parse_spec(f, &sp, args);
	switch (*f) {
	case 'd': case 'i':
		value = get_signed(&sp, args);
		put_number(o, &sp, value < 0 ? -(u64)value : (u64)value,
			   value < 0, 10);
		break;
	case 'u':
		put_number(o, &sp, get_unsigned(&sp, args), false, 10);
		break;
	case 'X':
		sp.upper = true;
		/* fall through */
	case 'x':
		put_number(o, &sp, get_unsigned(&sp, args), false, 16);
		break;
	case 'p':
		if (f[1] == 'S') {
			put_symbol(o, &sp, va_arg(*args, unsigned long));
			f++;
		} else {
			put_pointer(o, &sp, va_arg(*args, unsigned long));
		}
		break;
	case 'c':
		c[0] = (char)va_arg(*args, int);
		put_text(o, &sp, c);
		break;
	case 's':
		put_text(o, &sp, va_arg(*args, const char *));
		break;
	case '%':
		put(o, '%');
		break;
	case 0:
		return f;
	default:
		put(o, '%');
		put(o, *f);
	}
	return f + 1;
}

static void format(struct out *o, const char *fmt, va_list args)
{
	va_list ap;

	va_copy(ap, args);
	while (*fmt) {
		if (*fmt == '%')
			fmt = convert(o, fmt + 1, &ap);
		else
			put(o, *fmt++);
	}
	va_end(ap);
}

int vsnprintf(char *buf, size_t size, const char *fmt, va_list args)
{
	struct out o = { .buf = buf, .size = size };

	format(&o, fmt, args);
	if (size)
		buf[min(o.len, size - 1)] = 0;
	return (int)o.len;
}

int snprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list args;
	int len;

	va_start(args, fmt);
	len = vsnprintf(buf, size, fmt, args);
	va_end(args);
	return len;
}

static void vprintk(const char *fmt, va_list args)
{
	char piece[128];
	struct out o = { .buf = piece, .size = sizeof(piece), .console = true };

	format(&o, fmt, args);
	arch_console_write(piece, o.len);
}

void printk(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vprintk(fmt, args);
	va_end(args);
}

void (panic)(const char *fmt, ...)
{
	va_list args;

	printk("panic: ");
	va_start(args, fmt);
	vprintk(fmt, args);
	va_end(args);
	printk("\n");
	arch_halt();
}

void __warn(const char *file, int line, const char *what)
{
	nr_warnings++;
	printk("warning: at %s:%d: %s\n", file, line, what);
}
