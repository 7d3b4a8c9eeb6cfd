#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The shell as a person types at it, over the serial line: prompt, editing,
# history, completion.
. "$TOP_SRCDIR/tests/lib.sh"
[ "$BOOT_TESTS" = all ] || { pass 'not part of the one-boot run'; finish; }

# session KEYS: boots with `helix run`, waits for the prompt, types each line of
# KEYS (printf escapes) a moment apart, and keeps what came back in $work/out.
session() {
	rm -f "$work/in" && mkfifo "$work/in" && : >"$work/raw"
	"$HELIX" run <"$work/in" >"$work/raw" 2>"$work/err" &
	pid=$!
	exec 3>"$work/in"
	for _ in $(seq 300); do
		grep -q 'helix> ' "$work/raw" && break
		sleep 0.2
	done
	printf '%b\n' "$1" | while IFS= read -r keys; do
		printf '%s\r' "$keys" >&3
		sleep 0.5
	done
	printf 'poweroff 9\r' >&3
	wait "$pid"
	status=$?
	exec 3>&-
	tr -d '\r' <"$work/raw" >"$work/out"
	[ "$status" = 9 ]
}

claim 'a session ends with the status of poweroff' session 'echo first\necho second'
claim '… echoed' prints 'helix> echo first'
claim '… and answered' prints 'second'
answered() { grep -qx -- "$1" "$work/out" || { echo "no line '$1' in:"; cat "$work/out"; return 1; }; }
claim 'arrows, home and end' session 'cho ab\033[Hecho x\033[4D\033[F'
claim 'ctrl-U, ctrl-W, ctrl-A, ctrl-E' session 'wrong\025echo one two\027three\001\005!'
claim '… edited line ran' answered 'one three!'
claim 'backspace and left arrow' session 'echo abd\033[Dc\nechoo\010 back'
claim '… inserted' answered 'abcd'
claim '… deleted' answered 'back'
claim 'history' session 'echo again\n\033[A'
twice() { [ "$(grep -cx again "$work/out")" = 2 ]; }
claim '… ran it twice' twice
claim 'ctrl-C gives a line up' session 'echo gone\003echo stays'
claim '… the next one runs' answered 'stays'
claim '… the first never did' sh -c "! grep -qx gone '$work/out'"
claim 'tab completes a command and a module' session 'modi\thell\t'
claim '… completed' prints 'Logs a greeting'
claim 'tab completes a kind of event' session 'eve\tcus\tzap'
claim '… completed' answered 'custom zap: handled 0 ignored 0 errors 0'
claim 'tab completes an interface' session 'insmod ramdisk\nifaces hel\t'
claim '… completed' answered 'helix.block_device .*ramdisk\* .*'
claim 'tab completes a path' session 'ls /lib/mod\t'
claim '… completed' prints 'hello.hmod'
finish
