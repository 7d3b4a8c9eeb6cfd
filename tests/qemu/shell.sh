#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The shell's commands on the default image: what they print and refuse.
. "$TOP_SRCDIR/tests/lib.sh"

claim 'rmmod of a held module is refused' boot 1 'rmmod chain_a'
claim '… with the holders named' prints 'rmmod: module chain_a is in use by: chain_b'
[ "$BOOT_TESTS" = all ] || finish
claim 'rmmod -r takes dependents first' boot 0 'rmmod -r chain_a' 'lsmod' 'modprobe chain_c' 'lsmod'
claim '… and modprobe brings them back' sh -c "[ \$(grep -c '^chain_c ' '$work/out') = 1 ]"
claim 'insmod takes a parameter' boot 0 'rmmod hello' 'insmod hello greeting=hi' 'dmesg'
claim '… and uses it' prints 'hello: hi'
claim 'the command line sets a parameter' boot 0 --cmdline 'hello.greeting=servus' 'dmesg'
claim '… over the default' prints 'hello: servus'
claim 'nomodule= keeps a module out' boot 0 --cmdline 'nomodule=hello' 'lsmod'
claim '… it is not loaded' silent 'hello '
claim 'an unknown parameter is refused' boot 1 'rmmod hello' 'insmod hello volume=11'
claim '… by name' prints 'unknown parameter: volume'
claim 'a bad value is refused' boot 1 'rmmod hello' 'insmod hello times=often'
claim '… with the value' prints "parameter times: 'often' is not"
claim 'state that others change' boot 0 'insmod counter' 'insmod counter_up' 'insmod counter_twice' \
	'rmmod counter_twice' 'rmmod counter_up' 'rmmod counter' 'dmesg'
claim '… 40 + 2' prints 'counter_up: value 42'
claim '… doubled' prints 'counter_twice: value 84'
claim '… and back' prints 'counter: value 40'
INIT='return helix_fail(HELIX_E_IO, "no device");' module sick
OPTIONS='.dependencies = HELIX_DEPENDENCIES("sick"),' module patient
claim 'modprobe with a dependency that fails' boot 1 --add "$work/sick.hmod" --add "$work/patient.hmod" \
	'modprobe patient'
claim '… says which and why' prints 'modprobe: patient could not be loaded: sick: init failed with status -18: no device'
INIT='return 3;' module odd
claim 'an init that returns no status' boot 1 --add "$work/odd.hmod" 'insmod odd'
claim '… is called what it is' prints 'insmod: odd.hmod: internal error in odd: init returned 3, neither 0 nor a negative status'
claim 'nomodule= keeps a module out' boot 1 --cmdline 'nomodule=hello' 'insmod hello'
claim '… and says so' prints "insmod: hello.hmod: module hello is disabled by nomodule= on the kernel's command line"
claim 'modprobe brings dependencies' boot 0 'modprobe counter_twice' 'lsmod'
claim '… shown as users' sh -c "grep -Eq '^counter +[0-9]+  1 counter_twice' '$work/out'"
claim 'names take - for _' boot 0 'rmmod helix-execution' 'insmod helix-execution' 'modinfo helix-execution'
claim 'modinfo shows parameters' boot 0 'modinfo hello'
claim '… in kmod form' prints 'parm:           greeting:what to log when it starts (string)'
claim 'symbols shows who exports' boot 0 'symbols chain_a' 'symbols'
claim '… a module' prints 'chain_a_value'
claim '… and the kernel' prints 'memcpy'
claim '… an exported symbol' boot 0 --icount 'symbols chain_a_value'
at=0x$(sed -n 's/ chain_a_value \[chain_a\]$//p' "$work/out") in=0x$(nm "$HELIX_BUILD/kernel.elf" | sed -n 's/ T helix_log$//p')
claim '… whose an address is' boot 1 --icount --keep-going "symbols $at" "symbols $in" 'symbols 0x10'
claim '… a module, its function' prints 'chain_a_value+0x0 [chain_a]'
claim '… the kernel, its function' prints 'helix_log+0x0 [kernel]'
claim '… nobody' prints "symbols: 0000000000000010: nobody's"
module irq 'void irq_talk(void); void irq_talk(void) { helix_info("from an interrupt"); } HELIX_EXPORT(irq_talk);'
claim 'a module logs in an interrupt, under its name, whoever holds the lock' boot 0 --smp 2 \
	--add "$work/irq.hmod" 'insmod irq' 'selftest irqlog' 'dmesg'
claim '… three times' sh -c "[ \$(grep -c ' irq: from an interrupt' '$work/out') -ge 3 ]"
claim 'ls lists a folder' boot 0 'ls' 'ls /lib/modules'
claim '… sorted' prints 'hello.hmod'
claim 'help lists commands' boot 0 'help' 'help insmod'
claim '… with insmod' prints 'insmod'
claim 'mem counts' boot 0 'mem'
claim 'an unknown command' boot 1 'frobnicate'
claim '… says so' prints 'frobnicate: command not found'
for c in 'insmod' 'rmmod' 'modprobe' 'modinfo' 'deps' 'cat' 'poweroff 121' 'poweroff x' 'help nosuch' \
	'rmmod nosuch' 'modprobe nosuch' 'modinfo nosuch' 'deps nosuch' 'cat /nosuch' 'ls /nosuch' \
	'rmmod counter' 'symbols nosuch' 'insmod hello'; do
	printf '%s\n' "$c"
done >"$work/bad"
claim 'every wrong argument fails' boot 1 --keep-going --script "$work/bad"
lines() { [ "$(wc -l <"$work/out")" -ge 18 ]; }
claim '… with a line each' lines
finish
