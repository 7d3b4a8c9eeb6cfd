#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Several CPUs: they start, run threads, go and come back; what the kernel must
# keep under load it keeps, and what must panic panics with the right words.
. "$TOP_SRCDIR/tests/lib.sh"
[ "$BOOT_TESTS" = all ] || { pass 'not part of the one-boot run'; finish; }

online() { [ "$(grep -c ' online ' "$work/out")" = "$1" ] || { cat "$work/out"; return 1; }; }
workers() {
	grep -qE "^threads $1 switches [1-9][0-9]* lost 0 duplicated 0\$" "$work/out" ||
		{ cat "$work/out"; return 1; }
}

for n in 1 2 4 8; do
	claim "$n CPUs: start, and run threads" boot 0 --smp $n 'cpu' 'threadtest 24' 'selftest wx'
	claim "… $n online" online $n
	claim '… none lost, none run twice' workers 24
	claim '… no page writable and executable' prints '0 writable and executable, 0 aliased'
done
claim 'UEFI, 4 CPUs' boot 0 --uefi --smp 4 'cpu' 'threadtest 24' 'cpu 2 offline' 'cpu 2 online' \
	'selftest wx'
claim '… 4 online' online 4
claim '… none lost' workers 24
claim '… no page writable and executable' prints '0 writable and executable, 0 aliased'
claim 'instructions counted, 3 CPUs' boot 0 --icount --smp 3 'threadtest 6' 'cpu 1 offline' \
	'cpu 1 online'
claim '… none lost' workers 6
claim 'CPUs past the eighth are left alone' boot 0 --smp 10 'cpu' 'dmesg'
claim '… with a word' prints 'the machine has 10 CPUs, 8 are used'
claim '… 8 online' online 8

for n in 1 4; do
	claim "what threads rest on, $n CPUs" boot 0 --keep-going --smp $n 'selftest wait' \
		'selftest kill' 'selftest timer' 'selftest sse' 'selftest clock' 'selftest pressure' \
		'selftest hotplug' 'selftest policy' 'selftest inflate'
	right() { [ "$(grep -c ': right$' "$work/out")" = 8 ] || { cat "$work/out"; return 1; }; }
	claim '… all right' right
done

claim 'ps and sched' boot 0 --smp 2 'ps' 'sched'
claim '… the shell is a thread' sh -c "grep -Eq ' running +[0-9]+ +16 .* shell\$' '$work/out'"
claim '… each CPU has an idle one' sh -c "[ \$(grep -c ' idle/[01]\$' '$work/out') -ge 2 ]"
claim '… the policy is named' prints 'policy: fifo 1.0.0'
claim 'CPUs go and come back under load' boot 0 --smp 4 'load 6' 'cpu 3 offline' 'cpu 1 offline' \
	'cpu' 'threadtest 12' 'cpu 1 online' 'cpu 3 online' 'cpu 2 offline' 'cpu 2 online' 'load 0' \
	'threadtest 12'
claim '… two were left' online 2
claim '… none lost' workers 12
claim 'what cannot go' boot 1 --keep-going --smp 2 'cpu 0 offline' 'cpu 5 offline' 'cpu 1 online' \
	'cpu 1 offline' 'cpu 1 offline'
claim '… CPU 0' prints "cpu: 0 offline: CPU 0 receives the devices' interrupts and stays"
claim '… one that is not there' prints 'cpu: 5 offline: there is no such CPU'
claim '… one that is there' prints 'cpu: 1 online: it is online'
claim '… one that has gone' prints 'cpu: 1 offline: it is offline'

claim 'insmod and rmmod under load, and hotplug, leave every count' boot 0 --smp 4 'cpu 3 offline' \
	'cpu 3 online' 'load 4' 'load 0' 'leak 2 counter' 'mem' 'load 4' 'leak 200 counter' \
	'cpu 3 offline' 'leak 20 counter' 'cpu 3 online' 'leak 20 counter' 'load 0' 'mem' 'selftest wx'
equal_counts() {
	grep -vE '^(frames \+0|page tables)' "$work/out" | awk '{ line[NR] = $0 } END { n = NR / 2
		for (i = 1; i <= n; i++) if (line[i] != line[i + n]) { print line[i] " / " line[i + n]; bad = 1 }
		exit bad || NR != 8 }'
}
claim '… equal before and after' equal_counts

same_memory() { [ "$(grep -E '^(frames|heap)' "$work/out" | sort -u | wc -l)" = 2 ] || { cat "$work/out"; return 1; }; }
claim 'modules are loaded and unloaded on all CPUs at once' boot 0 --smp 4 'rmmod hello' \
	'rmmod helix_execution' 'rmmod diamond_top' 'race 3 counter hello helix_execution diamond_top' \
	'mem' 'race 60 counter hello helix_execution diamond_top' 'mem' 'selftest wx'
claim '… equal before and after' same_memory
claim 'threads that ended leave nothing' boot 0 --smp 4 'selftest wait' 'selftest kill' 'threadtest 4' \
	'mem' 'selftest wait' 'selftest kill' 'selftest sse' 'threadtest 40' 'mem'
claim '… equal before and after' same_memory

claim 'a fault on another CPU panics' boot 3 --smp 4 'selftest otherfault'
claim '… says where' says 'on CPU 3, in thread faults'
claim '… with registers' says 'cr2 0000000000000018'
claim '… and a backtrace' says 'faults+0x'
claim 'a panic of the shell on several CPUs' boot 3 --smp 4 'load 8' 'selftest panic'
claim '… with a backtrace' says 'kernel_main+0x'
claim 'a thread that overruns its stack' boot 3 --smp 2 'selftest threadstack'
claim '… is named' says 'stack overflow in thread overflows'
claim 'locks in the wrong order' boot 3 'selftest lockorder'
claim '… are both named' says 'lock order: outer is taken while inner is held'
claim 'sleep with a spinlock held' boot 3 'selftest locksleep'
claim '… names the lock' says 'may sleep, and lock held is held'
claim 'poweroff works on any CPU' boot 9 --smp 4 'load 8' 'threadtest 4' 'poweroff 9'
finish
