#!/bin/sh
# SPDX-License-Identifier: MIT
#
# hmod itself: help, usage, exit codes; and that man page, help and README agree.
. "$TOP_SRCDIR/tests/lib.sh"
cd "$work" || exit 99

claim 'no command: usage on stderr, 2' ends 2 "$HMOD"
claim '… nothing on stdout' [ ! -s out ]
claim '… the commands' says 'hmod pack'
claim 'an unknown command: 2' refuses 2 "unknown command 'frob'" "$HMOD" frob
claim '--help: 0' ends 0 "$HMOD" --help
claim '… nothing on stderr' [ ! -s err ]
sed -n 's/^  hmod \([a-z]*\) .*/\1/p' out >commands
claim '… names ten commands' [ "$(wc -l <commands)" = 10 ]
claim '--version: 0' ends 0 "$HMOD" --version
claim '… a number' grep -Eqx 'hmod [0-9]+\.[0-9]+\.[0-9]+' out
claim '--print-path: 0' ends 0 "$HMOD" --print-path
claim '… itself' [ "$(readlink -f "$HMOD")" = "$(cat out)" ]
claim 'a full disk is told' refuses 1 'standard output: cannot be written' sh -c '"$HMOD" --help >/dev/full'

# The manual page's synopsis, without its markup, has the words of --help.
man=$TOP_SRCDIR/doc/man/hmod.1
sed -e '/^\.SH DESCRIPTION/,$d' -e 's/^\.[A-Z]* *//' -e 's/\\-/-/g' "$man" | tr -d '\n ' >synopsis
while read -r c; do
	claim "$c --help: 0" ends 0 "$HMOD" "$c" --help
	claim '… shows its usage' prints "usage: hmod $c"
	sed -n '1s/^usage: //p' out | tr -d '\n ' >usage
	claim '… the manual has the same' grep -qF -- "$(cat usage)" synopsis
	claim '… and describes it' grep -Eq "^\.(B|BR) .*\b$c\b" "$man"
	claim '… every option of it' sh -c "for o in \$(grep -o -- '--*[a-zA-Z][a-z]*' out); do
		tr -d '\\\\' <'$man' | grep -qF -- \"\$o\" || { echo \"no \$o\"; exit 1; }; done"
	claim '… with an example' prints 'example: hmod '"$c"
done <commands
claim 'README names the commands' sh -c "while read -r c; do grep -q '\`hmod\`.*\`'\"\$c\"'\`' '$TOP_SRCDIR/README.md' || exit 1; done <commands"
finish
