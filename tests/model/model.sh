#!/bin/sh
# SPDX-License-Identifier: MIT
#
# spin goes through all that can happen in the model of a reload, and finds what is
# wrong with those that are broken on purpose.
. "$TOP_SRCDIR/tests/lib.sh"
model=$TOP_SRCDIR/tests/model/reload.pml

# explore FLAGS...: every state of the model with these definitions; what pan says in
# $work/pan.out.
explore() {
	mkdir -p "$work/spin" && cd "$work/spin" || return 1
	rm -f pan* ./*.trail
	spin "$@" -a "$model" >"$work/spin.out" 2>&1 || { cat "$work/spin.out"; return 1; }
	${CC:-gcc} -O2 -w -DSAFETY -DCOLLAPSE -o pan pan.c &&
		./pan -m10000 -n >"$work/pan.out" 2>&1
	grep -q 'max search depth too small\|out of memory' "$work/pan.out" &&
		{ cat "$work/pan.out"; return 1; }
	grep -q 'errors: ' "$work/pan.out" || { cat "$work/pan.out"; return 1; }
}
holds() { explore "$@" && { grep -q 'errors: 0' "$work/pan.out" || { cat "$work/pan.out"; return 1; }; }; }
# refuted REASON FLAGS...: it is found wrong, and for that reason.
refuted() {
	reason=$1
	shift
	explore "$@" && { grep -q 'errors: 1' "$work/pan.out" && grep -qF "$reason" "$work/pan.out"; } ||
		{ cat "$work/pan.out"; return 1; }
}

command -v spin >/dev/null || { echo 'spin is missing (package spin)'; exit 77; }
claim 'nothing freed is called, no call is lost, nobody waits for ever' holds
claim '… and with drains that give up, nothing freed is called' holds -DDEADLINE
claim 'looking who is inside before closing the gate is refuted' refuted '!(freed[' -DBROKEN=1
claim 'looking at the gate before being counted is refuted' refuted 'assertion violated' -DBROKEN=2
claim 'letting insiders wait is refuted' refuted 'invalid end state' -DBROKEN=3
claim 'freeing the old one before probation ends is refuted' refuted '!(freed[' -DBROKEN=4
finish
