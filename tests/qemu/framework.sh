#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The framework in the running kernel: what each part of it promises, shown by
# the shell. The modules are those of the image, and those made here.
. "$TOP_SRCDIR/tests/lib.sh"
[ "$BOOT_TESTS" = all ] || { pass 'not part of the one-boot run'; finish; }

fixture() { # NAME SOURCE FLAGS...: compiles tests/fixtures/modules/SOURCE.c
	name=$1 source=$2
	shift 2
	"$HMOD" cc "$@" "$TOP_SRCDIR/tests/fixtures/modules/$source.c" -o "$work/$name.hmod" ||
		fail "$name builds"
}
fixture sched_user sched_user
fixture asks_a asks '-DNAME="asks_a"' '-DOTHER="asks_b"'
fixture asks_b asks '-DNAME="asks_b"' '-DOTHER="asks_a"'
fixture hostile hostile
OPTIONS='.dependencies = HELIX_DEPENDENCIES("cycle_two"),' module cycle_one || fail 'cycle_one builds'
OPTIONS='.dependencies = HELIX_DEPENDENCIES("cycle_one"),' module cycle_two || fail 'cycle_two builds'
line() { grep -qxE -- "$1" "$work/out" || { echo "no line '$1' in:"; cat "$work/out"; return 1; }; }

# ---- the example -----------------------------------------------------------------

claim 'my_scheduler, from end to end' boot 0 'insmod my_scheduler' 'lsmod' 'ifaces' \
	'providers cpu.scheduling' 'request my_scheduler get_stats' 'event custom ping 0x0102' 'health'
claim '… is listed' line 'my_scheduler +[0-9]+  0'
claim '… holds what it depends on' line 'helix_execution +[0-9]+  1 my_scheduler'
claim '… implements helix.scheduler' line 'helix\.scheduler +1\.0  my_scheduler\* +0 +0  init,add_thread,.*,stats'
claim '… provides cpu.scheduling' line 'my_scheduler 1\.0\.0 running'
claim '… answers' line 'tasks: 0'
claim '… ignores a custom event' line 'custom ping: handled 0 ignored 1 errors 0'
claim '… is shown in health' line 'my_scheduler +running +.*'
claim 'its time slice on the command line' \
	boot 0 --cmdline 'my_scheduler.time_slice_ms=25' 'insmod my_scheduler' 'dmesg' 'modinfo my_scheduler'
claim '… is used' prints 'my_scheduler: time slice 25 ms'
claim '… and shown' prints '[default: 10; range: 1 to 1000; now: 25]'
claim 'two modules that depend on each other' boot 1 --add "$work/cycle_one.hmod" \
	--add "$work/cycle_two.hmod" 'insmod cycle_two'
claim '… are refused with the path' prints 'dependency cycle: cycle_two → cycle_one → cycle_two'
claim 'round robin, driven by a module' boot 1 --keep-going --add "$work/sched_user.hmod" \
	'insmod sched_user' 'request sched_user run' 'insmod my_scheduler' 'request sched_user run' \
	'rmmod my_scheduler' 'lsmod' 'ifaces helix.scheduler primary hello' 'ifaces helix-scheduler' \
	'rmmod sched_user' 'rmmod my_scheduler' 'request my_scheduler get_stats'
claim '… nobody there: the null interface answers' prints 'answers with an error: nobody schedules: -17'
claim '… turn by turn, and the third on CPU 1 alone' line 'picked 121213'
claim '… its user is named' prints 'rmmod: module my_scheduler is in use by: sched_user (helix.scheduler)'
claim '… in lsmod too' line 'my_scheduler +[0-9]+  1 sched_user'
claim '… a primary that does not implement it' \
	prints 'ifaces: hello does not implement helix.scheduler'
claim '… and then it goes' prints 'request: module my_scheduler is not loaded'

# ---- requests ----------------------------------------------------------------------

cat >"$work/script" <<'EOF'
insmod asks_a
request asks_a ask
insmod asks_b
request asks_a ask
insmod hostile
request -t 50 hostile slow
request hostile slow
request hostile flood
event
insmod my_scheduler
request my_scheduler nosuch
request hello get
request counter get
request nosuch get
request my_scheduler get_stats 0x0
request my_scheduler
request -t x my_scheduler get_stats
rmmod hostile
EOF
claim 'requests' boot 1 --keep-going --add "$work/asks_a.hmod" --add "$work/asks_b.hmod" \
	--add "$work/hostile.hmod" --script "$work/script"
claim '… to one that is not loaded: a status for the asker' prints 'asks_a got status -4'
claim '… in a circle end' prints 'got status -27'
claim '… late: refused' line 'request: hostile did not answer within its deadline'
claim '… in time: answered' line 'at last'
claim '… a full queue refuses' line 'some raised, some refused'
claim '… and counts' line 'events: posted [0-9]+ dropped [1-9][0-9]*'
claim '… an error answer' line 'request: my_scheduler answers with an error: Unknown request'
claim '… without a handler' line 'request: hello answers with an error: Not implemented'
claim '… not loaded' line 'request: module counter is not loaded'
claim '… not there' line 'request: nosuch was not found'
claim '… a bad payload' line 'request: the payload has an odd number of hexadecimal digits'
usages() { [ "$(grep -c '^usage: request' "$work/out")" = 2 ]; }
claim '… used wrongly' usages

# ---- events --------------------------------------------------------------------------

cat >"$work/script" <<'EOF'
event
insmod event_log
sleep 300
request event_log counts
event custom greeting hello
event custom greeting 0xzz
event custom
event tick
event shutdown
event pressure low
event pressure lowest
event cpu 1 offline
event cpu one offline
event nosuch
cpu 1 offline
cpu 1 online
selftest pressure
sleep 100
request event_log counts
event custom large 01234567890123456789012345678901234567890123456789012345678901234
rmmod event_log
event custom greeting hello
dmesg
EOF
claim 'events' boot 1 --smp 2 --keep-going --script "$work/script"
claim '… ticks come by themselves' line 'tick [1-9][0-9]* shutdown 0 pressure 0 cpu 0 custom 0'
claim '… custom: handled' line 'custom greeting: handled 1 ignored 0 errors 0'
claim '… its text is seen' prints 'event_log: custom greeting from shell, 5 bytes'
claim '… simulated ones say so' line 'simulated shutdown: handled 1 ignored 0 errors 0'
claim '… the level is told' prints 'event_log: memory pressure is low'
claim '… CPUs that go are told' sh -c "[ \$(grep -c 'event_log: CPU 1 is offline' '$work/out') = 2 ]"
claim '… and come' prints 'event_log: CPU 1 is online'
claim '… scarce memory is told' prints 'event_log: memory pressure is critical'
claim '… all were counted' line 'tick [0-9]+ shutdown 1 pressure ([3-9]|[1-9][0-9]+) cpu 3 custom 1'
claim '… an error answer is counted' line 'custom large: handled 0 ignored 0 errors 1'
claim '… and logged with its text' \
	prints 'event_log: event large failed with status -19: 65 bytes of data, at most 64'
claim '… nobody left to hear' line 'custom greeting: handled 0 ignored 0 errors 0'
claim 'shutdown at poweroff' boot 7 --add "$work/hostile.hmod" 'insmod hostile' 'poweroff 7'
claim '… is delivered, and a failure told' line 'poweroff: 1 module failed to shut down \(dmesg says why\)'
claim 'shutdown at the end of a script' boot 0 --add "$work/hostile.hmod" 'insmod hostile'
claim '… is delivered too' line 'poweroff: 1 module failed to shut down \(dmesg says why\)'
claim 'a module stuck at shutdown' boot 0 --add "$work/hostile.hmod" 'insmod hostile stuck=1'
claim '… stops nobody' line 'poweroff: not all modules heard of it: DEADLINE'

# ---- interfaces ------------------------------------------------------------------------

sed 's/"ramdisk"/"ramdisk2"/; s/1, 0, ramdisk_ops,/1, 0, ramdisk_ops, .priority = 5,/' \
	"$TOP_SRCDIR/modules/ramdisk/ramdisk.c" >"$work/ramdisk2.c"
"$HMOD" cc "$work/ramdisk2.c" -o "$work/ramdisk2.hmod" || fail 'ramdisk2 builds'
cat >"$work/script" <<'EOF'
ifaces
ifaces helix.block_device
insmod blocktest
request blocktest check
insmod ramdisk
request blocktest check
insmod ramdisk2 size_kib=64
request blocktest check
ifaces helix.block_device primary ramdisk
request blocktest check
ifaces helix.block_device
ifaces helix.block_device primary auto
request blocktest check
rmmod ramdisk2
rmmod blocktest
rmmod ramdisk2
rmmod ramdisk
mem
insmod ramdisk size_kib=0
EOF
claim 'interfaces' boot 1 --keep-going --add "$work/ramdisk2.hmod" --script "$work/script"
claim '… nobody implements it' line 'ifaces: helix.block_device: nobody implements it'
claim '… and a call says so' prints 'blocktest answers with an error: there is no block device'
order() {
	grep -E 'blocks of|in use' "$work/out" >"$work/order"
	printf '%s\n' '512 blocks of 512 bytes: good' '128 blocks of 512 bytes: good' \
		'512 blocks of 512 bytes: good' '128 blocks of 512 bytes: good' \
		'rmmod: module ramdisk2 is in use by: blocktest (helix.block_device)' | cmp - "$work/order"
}
claim '… the first, the one of higher priority, the chosen one, the higher again' order
claim '… the primary is marked' line 'helix.block_device +1.0  ramdisk\* +0 +1  info,read,write,flush'
claim '… the other is not' line 'helix.block_device +1.0  ramdisk2 +0 +0  info,read,write,flush'
claim '… a value out of its range' prints "parameter size_kib: '0' is"

# ---- health ------------------------------------------------------------------------------

cat >"$work/script" <<'EOF'
insmod unwell
request unwell set well
request unwell set ill
request unwell set fine
sleep 400
request unwell told
health unwell
state unwell
rmmod unwell
insmod unwell chronic=true
sleep 1500
health
health nosuch
dmesg
EOF
claim 'health' boot 1 --keep-going --cmdline 'health.interval_ms=100' --script "$work/script"
claim '… a request that fails is not an error answer' \
	prints 'request: module unwell could not handle the request: status -15: ill or well, nothing else'
claim '… an ill module is reported with its words' prints 'unwell: is not healthy: told to be ill 2 times'
claim '… and restarted with its state' line '2'
claim '… it is shown' line 'unwell +running +yes .* 1 restart +NOT_HEALTHY: told to be ill 2 times'
claim '… what it saves' line 'told \(uint\): 2'
claim '… after three restarts it is stopped' line 'unwell +registered +- .* 3 restart +NOT_HEALTHY: .*'
once() { [ "$(grep -c 'unwell: is not healthy' "$work/out")" = 5 ]; }
claim '… and was reported once each time' once
claim 'health that is not asked for' boot 0 --cmdline 'health.interval_ms=0' 'insmod unwell' \
	'request unwell set ill' 'sleep 1500' 'health unwell'
claim '… is not known' line 'unwell +running +\? .*'

# ---- flags --------------------------------------------------------------------------------

OPTIONS='.flags = HELIX_ESSENTIAL,' module vital || fail 'vital builds'
OPTIONS='.flags = HELIX_ESSENTIAL,' INIT='return helix_fail(HELIX_E_IO, "no disk");' module vital_fails ||
	fail 'vital_fails builds'
OPTIONS='.flags = HELIX_ESSENTIAL, .policy = HELIX_POLICY_STOP, .is_healthy = ill,' module vital_ill \
	'static bool ill(void) { return false; }' || fail 'vital_ill builds'
OPTIONS='.flags = HELIX_USERSPACE,' module ring3 || fail 'ring3 builds'
claim 'flags' boot 1 --keep-going --add "$work/vital.hmod" --add "$work/vital_fails.hmod" \
	--add "$work/ring3.hmod" 'insmod vital' 'rmmod vital' 'insmod vital_fails' 'insmod ring3' \
	'insmod dice' 'insmod -f dice' 'lsmod' 'insmod old_sum' 'lsmod --flag deprecated' \
	'lsmod --flag nosuch' 'dmesg'
claim '… ESSENTIAL stays' line 'rmmod: module vital is essential and cannot be unloaded'
claim '… its insmod may fail' line 'insmod: vital_fails.hmod: init failed with status -18: no disk'
claim '… USERSPACE is refused' line 'insmod: ring3.hmod: USERSPACE \(a module in ring 3\) is not supported'
claim '… EXPERIMENTAL wants to be forced' line \
	'insmod: dice.hmod: module dice is experimental; boot with experimental=1, or use insmod -f'
claim '… shown when it is' line 'dice +[0-9]+  0 \(experimental\)'
claim '… and taints' prints 'module: dice taints the kernel: it is experimental'
claim '… DEPRECATED warns' prints 'old_sum: the module is deprecated'
claim '… listed by flag' line 'old_sum +[0-9]+  0'
claim '… an unknown flag' prints 'lsmod: nosuch: no such flag: ESSENTIAL'
claim 'experimental=1' boot 0 --cmdline 'experimental=1' 'insmod dice' 'request dice throw' 'lsmod --running'
claim '… it throws' line '[1-6]'
boots_into() { # MODULE: an image that starts it
	printf 'start hello\nstart %s\n' "$1" >"$work/modules.conf"
	"$HMOD" pack -o "$work/own.img" --config "$work/modules.conf" "$work/$1.hmod" \
		"$HELIX_BUILD/modules/hello.hmod" "$HELIX_BUILD/modules/dice.hmod"
}
boots_into vital_fails
claim 'an ESSENTIAL module that fails at boot is a panic' boot 3 --initrd "$work/own.img" 'lsmod'
claim '… that says why' says \
	'KERNEL PANIC: essential module vital_fails did not start: init failed with status -18: no disk'
claim '… and which modules there were' says 'modules: hello'
boots_into vital_ill
claim 'an ESSENTIAL module that falls ill is a panic' boot 3 --initrd "$work/own.img" \
	--cmdline 'health.interval_ms=100' 'insmod -f dice' 'sleep 3000'
claim '… that says why' says 'KERNEL PANIC: essential module vital_ill failed: '
claim '… and what was loaded' says 'modules: dice hello vital_ill'
claim '… and that it was tainted' says 'tainted: an experimental module was loaded'
flagged() { # NAME FLAG: an object that was not linked by hmod
	OPTIONS=".flags = $2," module_source "$1" "$work/$1.c"
	# shellcheck disable=SC2086
	$CC $MODULE_CFLAGS -I"$HMOD_INCLUDEDIR" -c "$work/$1.c" -o "$work/$1.hmod" || fail "$1 builds"
}
flagged sched HELIX_SCHEDULER
flagged driver HELIX_DRIVER
claim 'a flag that promises too much' boot 1 --keep-going --add "$work/sched.hmod" \
	--add "$work/driver.hmod" 'insmod sched' 'insmod driver'
claim '… SCHEDULER without helix.scheduler' \
	prints 'insmod: sched.hmod: flag SCHEDULER without HELIX_INTERFACE("helix.scheduler", …)'
claim '… DRIVER without anything' \
	prints 'insmod: driver.hmod: flag DRIVER without a HELIX_INTERFACE or one of .aliases'

# ---- registry, resolver, symbols ----------------------------------------------------------

uses='int old_sum(int a, int b); int use(void); int use(void) { return old_sum(1, 2); }'
OPTIONS='.dependencies = HELIX_DEPENDENCIES("old_sum"),' module uses_old "$uses" || fail 'uses_old builds'
sed 's/HELIX_VERSION(2, 1, 0)/HELIX_VERSION(3, 0, 0)/' "$TOP_SRCDIR/modules/old_sum/old_sum.c" >"$work/old_sum.c"
"$HMOD" cc "$work/old_sum.c" -o "$work/old_sum.hmod" || fail 'old_sum 3 builds'
claim 'a deprecated import' boot 0 --add "$work/uses_old.hmod" 'modprobe uses_old' 'symbols old_sum' \
	'symbols new_sum' 'dmesg'
claim '… warns with the replacement' prints 'uses_old: uses deprecated old_sum of old_sum, use new_sum'
claim '… symbols lists a module' line '[0-9a-f]{16} old_sum \[old_sum\]'
claim '… or finds one symbol' line '[0-9a-f]{16} new_sum \[old_sum\]'
claim 'a removed import' boot 1 --add "$work/old_sum.hmod" --add "$work/uses_old.hmod" 'modprobe uses_old'
claim '… is refused' prints 'modprobe: uses_old: symbol old_sum of old_sum was removed in 3.0.0; use new_sum'
OPTIONS='.dependencies = HELIX_DEPENDENCIES("cap:block_device"),' module wants_disk || fail 'wants_disk builds'
claim 'a capability as a dependency' boot 1 --keep-going --add "$work/wants_disk.hmod" \
	'providers block_device' 'modprobe wants_disk' 'providers block_device' 'rmmod ramdisk' \
	'rmmod -r ramdisk' 'lsmod' 'providers nosuch' 'symbols nosuch' 'lsmod --flag' 'state hello' 'state counter'
claim '… its provider is registered' line 'ramdisk 1.0.0 registered'
claim '… it comes along' line 'ramdisk 1.0.0 running'
claim '… and is held' line 'rmmod: module ramdisk is in use by: wants_disk'
claim '… dependents go first' silent 'wants_disk  '
claim '… nobody provides it' line 'providers: nosuch: nobody provides it'
claim '… nobody exports it' line 'symbols: nosuch: no such module, and nobody exports such a symbol'
claim '… an empty state' line '0 bytes'
claim '… no state' line 'state: module counter is not loaded'

# ---- costs: instructions, the same in every run

tab=$(printf '\t')
claim 'a request is measured' boot 1 --icount --keep-going 'insmod my_scheduler' \
	'bench request my_scheduler get_stats' 'bench request nosuch get_stats'
claim '… directly, and with a deadline' line "my_scheduler$tab[1-9][0-9]*$tab[1-9][0-9]*"
claim '… a worker costs more' sh -c "awk -F '\t' 'NF == 3 { exit !(\$3 > \$2) }' '$work/out'"
claim '… of a module that is there' line 'bench: nosuch was not found'

# ---- help and completion --------------------------------------------------------------------

claim 'help' boot 0 'help'
claim '… lists all' sh -c "for c in insmod rmmod modprobe lsmod modinfo deps providers symbols request \
	event ifaces health state sleep; do grep -q \"^\$c \" '$work/out' || { echo \$c; exit 1; }; done"
finish
