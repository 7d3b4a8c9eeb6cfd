#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Replacing running modules in the kernel: the steps, what is refused, what is taken
# back, and that clients on all CPUs lose nothing.
. "$TOP_SRCDIR/tests/lib.sh"
folder=$TOP_SRCDIR/modules/keeper

# keeper NAME FLAGS...: a module made of keeper.c with these definitions.
keeper() {
	name=$1
	shift
	"$HMOD" cc "$@" "$folder/keeper.c" -o "$work/$name.hmod"
}
claim 'version 2 is made' keeper new -DKEEPER_VERSION=2
two=/lib/modules/new.hmod

claim 'a module is replaced by its next version' boot 0 --smp 2 --add "$work/new.hmod" \
	'insmod keeper' 'insmod keeper_user' 'request keeper add' 'request keeper_user add' \
	"reload --probation 0 keeper $two" 'request keeper add' 'request keeper_user add' \
	'request keeper_user add' 'request keeper_user add' 'request keeper get' 'modinfo keeper' \
	'reload --status' 'selftest wx'
claim '… in ten steps' prints '10 retire     done'
claim '… with its state' prints '3 by 2'
claim '… and whoever imports from it is bound to the new' prints '6 by 2'
claim '… and no page is left writable and executable' prints '0 writable and executable, 0 aliased'
claim '… reload is idle again' prints 'state:       idle'
claim 'requests and calls on 4 CPUs lose nothing meanwhile' boot 0 --smp 4 --add "$work/new.hmod" \
	'insmod keeper' 'insmod keeper_user' "reloads 12 $two /lib/modules/keeper.hmod" 'selftest wx'
claim '… none lost, none twice, none refused' prints 'refused 0 lost 0 duplicated 0'
[ "$BOOT_TESTS" = all ] || finish

claim 'the other modules are made' keeper sick -DKEEPER_VERSION=3 -DKEEPER_SICK
claim '… one of another name' keeper tally '-DKEEPER_NAME="tally"' -DKEEPER_VERSION=4
sed 's/^HELIX_EXPORT(keeper_add);//' "$folder/keeper.c" >"$work/lacking.c"
claim '… one that lacks an export' "$HMOD" cc "-I$folder" "$work/lacking.c" -o "$work/lacking.hmod"

for step in 1 2 3 4 5 6 7 8 9; do
	echo "reload --fail-at $step --probation 0 keeper $two"
	echo 'request keeper_user add'
done >"$work/steps"
fails_each() {
	{ printf 'insmod keeper\ninsmod keeper_user\nmem\n'; cat "$work/steps"
	printf 'request keeper get\nmem\nreload --status\n'; } >"$work/script"
	boot 1 --keep-going --smp 2 --add "$work/new.hmod" --script "$work/script" &&
		[ "$(grep -c 'was failed on purpose' "$work/out")" = 9 ] &&
		[ "$(grep -c '^by 1$' "$work/out")" = 9 ]
}
claim 'each step from 1 to 9, failed on purpose, leaves the old running' fails_each
claim '… with its state' prints '9 by 1'
claim '… and reload is idle' prints 'state:       idle'
claim 'a failure of step 10 is told, and the new goes on' boot 0 --add "$work/new.hmod" \
	'insmod keeper' "reload --fail-at 10 --probation 0 keeper $two" 'request keeper get'
claim '… it is told' prints '10 retire     failed'
claim '… version 2 answers' prints '0 by 2'
claim 'a dry run changes nothing' boot 0 --add "$work/new.hmod" 'insmod keeper' \
	"reload -n keeper $two" 'request keeper get'
claim '… and says what would follow' prints '7 commit     would follow'
claim '… version 1 answers' prints '0 by 1'
claim 'a new version that is not healthy is rolled back' boot 1 --keep-going \
	--add "$work/sick.hmod" 'insmod keeper' 'insmod keeper_user' 'request keeper add' \
	'reload keeper /lib/modules/sick.hmod' 'request keeper_user add' 'request keeper get' 'dmesg'
claim '… the old one answers, with its state' prints '2 by 1'
claim '… also who imports from it' prints 'by 1'
claim '… and the log tells' prints 'keeper: the new version is not healthy'
claim 'another module takes over' boot 0 --add "$work/tally.hmod" 'insmod keeper' \
	'request keeper add' 'reload --probation 0 keeper tally' 'request tally get' 'lsmod'
claim '… with the state' prints '1 by 4'
claim '… and the first is unloaded' silent 'keeper '
claim 'a vanished import is refused' boot 1 --add "$work/lacking.hmod" 'insmod keeper' \
	'insmod keeper_user' 'reload keeper /lib/modules/lacking.hmod'
claim '… with module and symbol' prints 'module keeper_user imports keeper_add'
claim 'several are replaced together' boot 0 --add "$work/tally.hmod" --add "$work/new.hmod" \
	'insmod keeper' 'request keeper add' 'reload --probation 0 --together keeper' \
	'request keeper get'
claim '… and keep their state' prints '1 by 1'
claim 'hello cannot be replaced' boot 1 'reload hello'
claim '… it says why' prints 'reload: module hello is not hot reloadable'
for c in 'reload' 'reload nosuch' 'reload --fail-at 11 keeper' 'reload keeper /nosuch' \
	'reload --probation x keeper' 'reload --together'; do
	echo "$c"
done >"$work/bad"
claim 'every wrong argument fails' boot 1 --keep-going --script "$work/bad"
finish
