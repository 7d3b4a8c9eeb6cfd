#!/bin/sh
# SPDX-License-Identifier: MIT
#
# modfmt and loader need nothing but what their embedder brings.
. "$TOP_SRCDIR/tests/lib.sh"
cd "$HELIX_BUILD" || exit 99

# needs_only ALLOWED FOLDER...: the undefined symbols of the folders' kernel
# objects, taken together, all match ALLOWED.
needs_only() {
	allowed=$1
	shift
	find "$@" -name '*.kobj' >"$work/objects"
	[ -s "$work/objects" ] || { echo "no objects"; return 1; }
	xargs nm -g <"$work/objects" | awk '$2 ~ /[TDRBVW]/ { print $3 }' | sort -u >"$work/have"
	xargs nm -u <"$work/objects" | awk '$1 == "U" { print $2 }' | sort -u >"$work/need"
	! comm -13 "$work/have" "$work/need" | grep -vxE "$allowed"
}
mem='mem(cpy|move|set|cmp)|__stack_chk_fail'
claim 'modfmt needs mem* alone' needs_only "$mem" modfmt
claim 'loader needs modfmt and mem* alone' needs_only "$mem|_?hmod_.*" loader
claim 'loader and modfmt together need mem* alone' needs_only "$mem" modfmt loader
no_libc() { ! needs_only 'nothing' modfmt; }
claim 'the check sees what is needed' no_libc
finish
