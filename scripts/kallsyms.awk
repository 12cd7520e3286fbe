# SPDX-License-Identifier: GPL-2.0-or-later
# kallsyms.awk - from `nm -n IMAGE` to the assembly of its table of functions
# (include/mm/kallsyms.h), lowest address first.
BEGIN {
	print "\t.section .kallsyms, \"a\", %progbits"
	print "\t.balign 4"
	print "\t.global kallsyms_table"
	print "kallsyms_table:"
}
# tT: functions; $a, $d and $t are the ELF format's own mapping symbols.
$2 ~ /^[tT]$/ && $3 !~ /^\$/ {
	printf "\t.word 0x%s, name%d\n", $1, n
	names[n++] = $3
	if ($3 == "_etext")
		exit
}
END {
	print "\t.global kallsyms_count"
	printf "kallsyms_count:\n\t.word %d\n", n
	for (i = 0; i < n; i++)
		printf "name%d:\t.asciz \"%s\"\n", i, names[i]
	print "\t.section .note.GNU-stack, \"\", %progbits"
}
