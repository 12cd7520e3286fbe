// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * console.c - the UART: the board's debug UART from the first C line on, the
 * device tree's console once the tree has been read.
 *
 * Registers: i.MX 6Dual/6Quad Reference Manual, chapter UART; ARM PrimeCell
 * UART (PL011) Technical Reference Manual, DDI 0183; Generic Interrupt
 * Controller Architecture Specification 2.0, IHI 0048.
 */
#include <arch.h>
#include <mm/memblock.h>
#include <mm/printk.h>
#include <mm/string.h>
#include <mm/vmalloc.h>

#include "../../guest/fdt.h"
#include "../../guest/guest.h"
#include "arm.h"

struct uart {
	const char *compatible;
	void (*init)(volatile char *regs);
	void (*putc)(volatile char *regs, char c);
	int (*getc)(volatile char *regs);	/* -1: nothing was typed */
	void (*listen)(volatile char *regs);	/* interrupt for what is typed */
};

static u32 read_reg(volatile char *regs, unsigned int offset)
{
	return *(volatile u32 *)(volatile void *)(regs + offset);
}

static void write_reg(volatile char *regs, unsigned int offset, u32 value)
{
	*(volatile u32 *)(volatile void *)(regs + offset) = value;
}

/* How often a full FIFO is asked before a character is given up. */
#define TX_TRIES 1000000

static void wait_while(volatile char *regs, unsigned int offset, u32 bits)
{
	for (int tries = TX_TRIES; tries; tries--)
		if (!(read_reg(regs, offset) & bits))
			return;
}

#define IMX_URXD	0x00
#define IMX_UTXD	0x40
#define IMX_UCR1	0x80
#define IMX_UCR1_UARTEN	(1u << 0)
#define IMX_UCR1_RRDYEN	(1u << 9)	/* interrupt: something was typed */
#define IMX_UCR2	0x84
#define IMX_UCR2_SRST	(1u << 0)	/* 0 resets */
#define IMX_UCR2_RXEN	(1u << 1)
#define IMX_UCR2_TXEN	(1u << 2)
#define IMX_UCR2_WS	(1u << 5)	/* 8 bits */
#define IMX_UCR2_IRTS	(1u << 14)
#define IMX_UTS		0xb4
#define IMX_UTS_TXFULL	(1u << 4)
#define IMX_UTS_RXEMPTY	(1u << 5)

static void imx_uart_init(volatile char *regs)
{
	write_reg(regs, IMX_UCR1, IMX_UCR1_UARTEN);
	write_reg(regs, IMX_UCR2, IMX_UCR2_SRST | IMX_UCR2_RXEN |
				  IMX_UCR2_TXEN | IMX_UCR2_WS | IMX_UCR2_IRTS);
}

static void imx_uart_putc(volatile char *regs, char c)
{
	wait_while(regs, IMX_UTS, IMX_UTS_TXFULL);
	write_reg(regs, IMX_UTXD, (u32)c);
}

static int imx_uart_getc(volatile char *regs)
{
	if (read_reg(regs, IMX_UTS) & IMX_UTS_RXEMPTY)
		return -1;
	return (int)(read_reg(regs, IMX_URXD) & 0xff);
}

static void imx_uart_listen(volatile char *regs)
{
	write_reg(regs, IMX_UCR1, IMX_UCR1_UARTEN | IMX_UCR1_RRDYEN);
}

#define PL011_DR	0x00
#define PL011_FR	0x18
#define PL011_FR_RXFE	(1u << 4)
#define PL011_FR_TXFF	(1u << 5)
#define PL011_CR	0x30
#define PL011_CR_UARTEN	(1u << 0)
#define PL011_CR_TXE	(1u << 8)
#define PL011_CR_RXE	(1u << 9)
#define PL011_IMSC	0x38
#define PL011_IMSC_RXIM	(1u << 4)
#define PL011_IMSC_RTIM	(1u << 6)

static void pl011_init(volatile char *regs)
{
	write_reg(regs, PL011_CR, PL011_CR_UARTEN | PL011_CR_TXE | PL011_CR_RXE);
}

static void pl011_putc(volatile char *regs, char c)
{
	wait_while(regs, PL011_FR, PL011_FR_TXFF);
	write_reg(regs, PL011_DR, (u32)c);
}

static int pl011_getc(volatile char *regs)
{
	if (read_reg(regs, PL011_FR) & PL011_FR_RXFE)
		return -1;
	return (int)(read_reg(regs, PL011_DR) & 0xff);
}

static void pl011_listen(volatile char *regs)
{
	write_reg(regs, PL011_IMSC, PL011_IMSC_RXIM | PL011_IMSC_RTIM);
}

static const struct uart uarts[] = {
	{ "fsl,imx6q-uart", imx_uart_init, imx_uart_putc, imx_uart_getc,
	  imx_uart_listen },
	{ "arm,pl011", pl011_init, pl011_putc, pl011_getc, pl011_listen },
};

/* The debug UARTs that head.S maps, by kind of CPU. */
#define MIDR_PART_A9	0xc09
#define UART_SABRELITE	0x021e8000
#define UART_VIRT	0x09000000

static const struct uart *uart;
static volatile char *uart_regs;

static void use_uart(const struct uart *driver, phys_addr_t phys)
{
	map_device_section(DEBUG_LL_VIRT, phys);
	uart = driver;
	uart_regs = (volatile char *)DEBUG_LL_VIRT + phys % SECTION_SIZE;
	uart->init(uart_regs);
}

void console_fallback(void)
{
	u32 midr;

	__asm__("mrc p15, 0, %0, c0, c0, 0" : "=r"(midr));
	if ((midr >> 4 & 0xfff) == MIDR_PART_A9)
		use_uart(&uarts[0], UART_SABRELITE);
	else
		use_uart(&uarts[1], UART_VIRT);
}

void arch_console_init(void)
{
	const char *compatible;
	phys_addr_t phys;

	if (fdt_console(&compatible, &phys) || memblock_is_memory(phys)) {
		pr_warn("device tree: no usable stdout-path; staying here\n");
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(uarts); i++) {
		if (strcmp(compatible, uarts[i].compatible))
			continue;
		/* Here still: if nothing follows, this is why. */
		printk("console: %s at 0x%08lx\n", compatible, phys);
		use_uart(&uarts[i], phys);
		return;
	}
	pr_warn("device tree: no driver for the console \"%s\"\n", compatible);
}

void arch_console_write(const char *text, size_t len)
{
	if (!uart)
		console_fallback();
	for (; len; len--, text++) {
		if (*text == '\n')
			uart->putc(uart_regs, '\r');
		uart->putc(uart_regs, *text);
	}
}

int arch_console_getc(void)
{
	return uart ? uart->getc(uart_regs) : -1;
}

/* --- a typed character wakes a CPU that waits ----------------------------- */

#define GICD_CTLR		0x000
#define GICD_ISENABLER(n)	(0x100 + 4 * ((n) / 32))
#define GICD_ITARGETSR(n)	(0x800 + 4 * ((n) / 4))
#define GICC_CTLR		0x00
#define GICC_PMR		0x04

/*
 * The interrupt is enabled all the way to the CPU, which keeps it masked: it
 * ends wfi and is never taken. Reading the character takes it away again.
 */
void arch_console_listen(void)
{
	struct fdt_irq irq;
	volatile char *distributor, *cpu;

	if (fdt_console_irq(&irq))
		return;
	distributor = ioremap(irq.distributor, PAGE_SIZE);
	cpu = ioremap(irq.cpu_interface, PAGE_SIZE / 16);
	if (!distributor || !cpu) {
		pr_warn("console: no room for the interrupt controller\n");
		return;
	}
	uart->listen(uart_regs);
	write_reg(distributor, GICD_ITARGETSR(irq.irq),
		  1u << irq.irq % 4 * 8);	/* CPU 0, of four fields */
	write_reg(distributor, GICD_ISENABLER(irq.irq), 1u << irq.irq % 32);
	write_reg(distributor, GICD_CTLR, 1);
	write_reg(cpu, GICC_PMR, 0xff);
	write_reg(cpu, GICC_CTLR, 1);
}
