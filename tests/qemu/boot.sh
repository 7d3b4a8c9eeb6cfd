#!/bin/sh
# SPDX-License-Identifier: MIT
#
# One ISO boots under BIOS and UEFI, to the same transcript; exit codes of exec.
. "$TOP_SRCDIR/tests/lib.sh"

# Sizes are the compiler's business.
same_as() {
	sed -E 's/^([a-z_]+ +)[0-9]+ /\1SIZE /' "$work/out" >"$work/plain"
	diff -u "$1" "$work/plain"
}
golden=$TOP_SRCDIR/tests/golden/boot.txt

claim 'BIOS: boots and answers' boot 0 'lsmod' 'deps chain_c' 'cat /etc/modules.conf' 'selftest wx'
claim 'BIOS: prints exactly the golden transcript' same_as "$golden"
[ "$BOOT_TESTS" = all ] || finish
claim 'UEFI: boots and answers' boot 0 --uefi 'lsmod' 'deps chain_c' 'cat /etc/modules.conf' \
	'selftest wx'
claim 'UEFI: prints exactly the golden transcript' same_as "$golden"

claim 'a failing command ends exec with 1' boot 1 'echo one' 'insmod nosuch' 'echo two'
claim '… after what came before it' prints 'one'
claim '… and nothing after it is run' silent 'two'
claim '--keep-going runs the rest, and still ends with 1' \
	boot 1 --keep-going 'insmod nosuch' 'echo two'
claim '… it did' prints 'two'
claim 'poweroff N ends exec with N' boot 17 'poweroff 17' 'echo never'
claim 'a panic ends exec with 3' boot 3 'selftest panic'
claim '… and shows the message' says 'KERNEL PANIC'
claim '… with a backtrace of names' says 'kernel_main+0x'
claim 'a page fault ends exec with 3' boot 3 'selftest fault'
claim '… and shows registers' says 'cr2'
claim 'a stack overflow ends exec with 3' boot 3 'selftest stack'
claim '… and is named' says 'stack overflow'
START='return *(volatile int *)16;' module crasher || fail 'crasher builds'
claim 'a module that faults panics' boot 3 --add "$work/crasher.hmod" 'insmod crasher'
claim '… with its name in the backtrace' says '[crasher]'
time_out() { "$HELIX" exec --timeout 2 'leak 100000000 counter' >"$work/out" 2>&1; [ $? = 4 ]; }
claim 'a time-out ends exec with 4' time_out
# Told to stop, helix ends its QEMU and leaves nothing.
stopped() {
	mkdir "$work/t"
	TMPDIR=$work/t "$HELIX" exec --timeout 100 'leak 100000000 counter' >"$work/out" 2>&1 &
	pid=$!
	for _ in $(seq 100); do
		[ -s "$(echo "$work"/t/helix.*/log)" ] && break
		sleep 0.2
	done
	kill -TERM $pid
	wait $pid
	status=$?
	ls -A "$work/t"
	[ $status = 143 ] && [ -z "$(ls -A "$work/t")" ] &&
		! grep -l "$work/[t]/helix" /proc/[0-9]*/cmdline 2>/dev/null
}
claim 'SIGTERM ends exec with 143, its machine and its files' stopped
usage() { "$HELIX" "$@" >"$work/out" 2>"$work/err"; [ $? = 2 ]; }
claim 'no command: usage, 2' usage
claim 'an unknown command: 2' usage frobnicate
claim '… says which' says "unknown command 'frobnicate'"
claim 'exec without commands: 2' usage exec
claim 'an unknown option: 2' usage exec --frob lsmod
claim 'a missing file to add: 2' usage exec --add "$work/nosuch.hmod" lsmod
claim '… says which' says 'nosuch.hmod: no such file'
claim '--smp x: 2' usage exec --smp x lsmod
claim '--share: refused plainly' usage exec --share "$work" lsmod
claim '… says so' says 'not supported yet'
printf 'echo from a file\necho and a second line\n' >"$work/script"
claim '--script runs a file' boot 0 --script "$work/script"
claim '… all of it' prints 'and a second line'
claim '--icount boots' boot 0 --icount 'echo counted'
claim '… and answers' prints 'counted'
claim '--smp 2 --mem 128 boots' boot 0 --smp 2 --mem 128 'mem'
finish
