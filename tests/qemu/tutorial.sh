#!/bin/sh
# SPDX-License-Identifier: MIT
#
# doc/MODULES.md, followed to the letter: its C files are written, its commands
# run in order, and what they print is compared with what it shows. In what is
# shown `…` stands for anything on a line, and a line of `…` for any lines.
. "$TOP_SRCDIR/tests/lib.sh"
[ "$BOOT_TESTS" = all ] || { pass 'not part of the one-boot run'; finish; }

guide=$TOP_SRCDIR/doc/MODULES.md
mkdir "$work/pieces" "$work/there" || exit 99
PATH=$(dirname "$HELIX"):$PATH
export PATH

# pieces: the fenced blocks in order: NNN-c-FILE, NNN-cmd and NNN-shown.
awk -v dir="$work/pieces" '
	function piece(kind) { return sprintf("%s/%03d-%s", dir, ++n, kind) }
	/^```c / { out = piece("c-" $2); next }
	/^```console/ { console = 1; next }
	/^```/ { out = ""; console = 0; next }
	console && /^\$ / { out = piece("cmd"); shown = out; sub(/cmd$/, "shown", shown)
		printf "" > shown; $0 = substr($0, 3); print > out
		if (!/\\$/) out = shown; next }
	out { print > out; if (out ~ /cmd$/ && !/\\$/) out = shown }' "$guide"

# matches SHOWN PRINTED: line by line, `…` as said above.
matches() {
	awk 'function literal(text, out, i, c) {
			for (i = 1; i <= length(text); i++) {
				c = substr(text, i, 1)
				out = out (c ~ /[][\\.^$*+?(){}|]/ ? "\\" c : c)
			}
			gsub(/…/, ".*", out)
			return "^" out "$"
		}
		NR == FNR { if ($0 == "…") skip[n + 1] = 1; else wanted[++n] = literal($0); next }
		{ if (at < n && $0 ~ wanted[at + 1]) at++
		  else if (!skip[at + 1]) { print "line " FNR ": " $0; print "wanted: " wanted[at + 1]; bad = 1; exit }
		}
		END { if (!bad && at < n) { print "missing: " wanted[at + 1]; bad = 1 } exit bad }' "$1" "$2" &&
		return 0
	echo 'printed:'
	cat "$2"
	return 1
}

follow() { # PIECE: runs a command in the newcomer's folder
	shown=${1%cmd}shown
	(cd "$work/there" && sh "$1") >"$work/printed" 2>&1
	matches "$shown" "$work/printed"
}

commands=0
for piece in "$work/pieces"/*; do
	case $piece in
	*-c-*) cp "$piece" "$work/there/${piece##*-c-}" ;;
	*-cmd) claim "$(head -n 1 "$piece")" follow "$piece"; commands=$((commands + 1)) ;;
	esac
done
many() { [ "$commands" -ge 20 ] || { echo "only $commands commands found"; return 1; }; }
claim 'the commands of the guide were found' many
same() { cmp "$TOP_SRCDIR/modules/my_scheduler/my_scheduler.c" "$work/there/my_scheduler.c"; }
claim 'my_scheduler is shown as it is' same

printf 'one\n…\nthree …\n' >"$work/shown"
printf 'one\ntwo\ntwo\nthree 3\n' >"$work/right"
printf 'one\ntwo\nfour\n' >"$work/short"
printf 'none\nthree 3\n' >"$work/wrong"
claim 'the comparison takes what fits' matches "$work/shown" "$work/right"
caught() { ! matches "$work/shown" "$work/short" && ! matches "$work/shown" "$work/wrong"; }
claim '… and catches what does not' caught
finish
