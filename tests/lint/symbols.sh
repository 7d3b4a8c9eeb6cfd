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

# ---- the libraries that are installed; the user's own flags may add a sanitizer's
library_needs_only() { # ALLOWED LIBRARY...
	allowed=$1
	shift
	nm -g "$@" | awk '$2 ~ /[TDRBVW]/ { print $3 }' | sort -u >"$work/have"
	nm -u "$@" | awk '$1 == "U" { print $2 }' | sort -u >"$work/need"
	[ -s "$work/have" ] && ! comm -13 "$work/have" "$work/need" | grep -vxE "$allowed|_GLOBAL_OFFSET_TABLE_|__(a|ub)san_.*|__asan_.*"
}
for kind in . freestanding; do
	claim "$kind/libhmod.a needs mem* alone" library_needs_only "$mem" $kind/libhmod.a
	claim "$kind/libhload.a with it needs mem* alone" library_needs_only "$mem" $kind/libhmod.a $kind/libhload.a
done
no_modfmt() { ! library_needs_only "$mem" freestanding/libhload.a; }
claim 'the check sees that the loader stands on modfmt' no_modfmt
no_libc() { ! needs_only 'nothing' modfmt; }
claim 'the check sees what is needed' no_libc
finish
