#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The init of a kernel-lab guest: fragments memory, prints what the kernel says
# of its memory on the console between markers, and then reads files of /proc
# every second for ever, so that a debugger finds a stop in what prints them.
#
#   mmscope: BEGIN FILE / mmscope: END FILE     around each file
#   mmscope: PAGE_KB N                          the size of a page
#   mmscope: READY                              the first round is over
#
# Command line, lists with commas:
#   mmscope.frag_mb=MB      memory to fragment with (64 with pages of 4 KiB);
#                           more than half of it is free again
#   mmscope.show=LIST       files of /proc to print every second
#   mmscope.loop=LIST       files of /proc to read, and not print, every second;
#                           kpageflags and kpagecount: some entries of each
#                           range of System RAM; spin: a while in user space;
#                           files: makes and removes some, for which slabs and
#                           free blocks come and go; pty: opens a terminal, for
#                           which vmalloc gives an area and takes it back

SHOW=buddyinfo
LOOP=pagetypeinfo,zoneinfo,slabinfo,vmallocinfo,vmstat,meminfo
LOOP=$LOOP,kpageflags,kpagecount,spin,files,pty
FIRST="version cmdline buddyinfo pagetypeinfo zoneinfo meminfo iomem slabinfo
	vmallocinfo vmstat"
SPIN=40000		# turns of a loop, some tenths of a second
FILES=800		# of a page each: slabs that are empty do not do for them

/bin/busybox mkdir -p /bin /proc /sys /dev /frag
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mkdir -p /dev/pts
mount -t devpts devpts /dev/pts
mount -t debugfs debugfs /sys/kernel/debug
mount -t tmpfs tmpfs /frag
dmesg -n 1		# nothing between our own lines

option() {	# NAME DEFAULT: the value of NAME= on the command line
	value=$2
	for word in $(cat /proc/cmdline); do
		case $word in "$1="*) value=${word#*=} ;; esac
	done
	echo "$value" | tr , ' '
}

show() {	# FILE
	echo "mmscope: BEGIN $1"
	cat "$1"
	echo "mmscope: END $1"
}

page_kb=$(awk '/KernelPageSize/ { print $2; exit }' /proc/self/smaps)

# Two files grow by turns, then one goes away: between two pages that stay is
# one that is free, sometimes a few. What a CPU freed last it keeps: not much,
# while it is told so.
awk -v mb="$(option mmscope.frag_mb $((page_kb * 16)))" -v kb="$page_kb" '
function grow(file, pages) {
	while (pages--) {
		printf "%s", page > file
		fflush(file)
		total++
	}
}
BEGIN {
	for (page = " "; length(page) < kb * 1024; )
		page = page page
	while (total < mb * 1024 / kb) {
		grow("/frag/stays", 1)
		grow("/frag/goes", ++turn % 8 ? 1 : turn / 8 % 16)
	}
}'
keep=$(echo /proc/sys/vm/percpu_pagelist_*fraction)
remove() {	# FILES
	echo 1000000 >"$keep"
	rm -r "$@"
	echo 0 >"$keep"
}
remove /frag/goes

# pfns at which kpageflags and kpagecount are looked at: four in each range.
pfns=
for range in $(awk -F ' : ' '$2 == "System RAM" { print $1 }' /proc/iomem); do
	first=$((0x${range%-*} / 1024 / page_kb))
	last=$(((0x${range#*-} + 1) / 1024 / page_kb))
	for part in 0 1 2 3; do
		pfns="$pfns $((first + (last - first) * part / 4))"
	done
done

read_quietly() {	# WORD of mmscope.loop
	case $1 in
	spin)	awk -v n=$SPIN 'BEGIN { while (n--) ; }' ;;
	kpage*)	for pfn in $pfns; do
			dd if=/proc/$1 bs=8 skip=$pfn count=16 >/dev/null 2>&1
		done ;;
	files)	mkdir /frag/new
		awk -v n=$FILES -v kb="$page_kb" 'BEGIN {
			for (page = " "; length(page) < kb * 1024; )
				page = page page
			while (n--) {
				file = "/frag/new/" n
				printf "%s", page > file
				close(file)
			}
		}'
		remove /frag/new ;;
	pty)	true </dev/ptmx ;;
	*)	cat /proc/$1 >/dev/null ;;
	esac
}

echo "mmscope: PAGE_KB $page_kb"
for file in $FIRST; do
	show /proc/$file
done
for file in /sys/kernel/debug/memblock/*; do
	[ -e "$file" ] && show "$file"
done
echo "mmscope: READY"

show=$(option mmscope.show $SHOW)
loop=$(option mmscope.loop $LOOP)
while :; do
	for file in $show; do
		show /proc/$file
	done
	for word in $loop; do
		read_quietly $word
	done
	sleep 1
done
