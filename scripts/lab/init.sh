#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The init of a kernel-lab guest: fragments memory a little, prints what the
# kernel says of its memory on the console between markers, and then reads
# /proc/buddyinfo every second for ever, so that a debugger finds a stop.
#
#   mmscope: BEGIN FILE / mmscope: END FILE     around each file
#   mmscope: READY                              the first round is over
#
# Command line: mmscope.loop=buddyinfo,zoneinfo  files of /proc read each second
#               mmscope.frag_mb=24               memory to fragment with

/bin/busybox mkdir -p /bin /proc /sys /dev /frag
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mount -t debugfs debugfs /sys/kernel/debug
mount -t tmpfs tmpfs /frag
dmesg -n 1		# nothing between our own lines

option() {	# NAME DEFAULT: the value of NAME= on the command line
	value=$2
	for word in $(cat /proc/cmdline); do
		case $word in "$1="*) value=${word#*=} ;; esac
	done
	echo "$value"
}

show() {	# FILE
	echo "mmscope: BEGIN $1"
	cat "$1"
	echo "mmscope: END $1"
}

# Files of one, four and 16 pages, mixed; every second of them goes away again.
awk -v mb="$(option mmscope.frag_mb 24)" 'BEGIN {
	page = sprintf("%4096s", "")
	while (total < mb * 256) {
		for (pages = 1; pages <= 16; pages *= 4) {
			file = "/frag/" ++n
			for (i = 0; i < pages; i++)
				printf "%s", page > file
			close(file)
			total += pages
		}
	}
}'
rm -f /frag/*[13579]

for file in version cmdline buddyinfo pagetypeinfo zoneinfo meminfo iomem; do
	show /proc/$file
done
for file in /sys/kernel/debug/memblock/*; do
	[ -e "$file" ] && show "$file"
done
echo "mmscope: READY"

loop=$(option mmscope.loop buddyinfo | tr , ' ')
while :; do
	for file in $loop; do
		show /proc/$file
	done
	sleep 1
done
