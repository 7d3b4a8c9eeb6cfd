#!/bin/sh
# SPDX-License-Identifier: MIT
#
# What the README promises, command by command, through the front script, in a
# folder outside the tree. (Its remaining lines run this test: `./helix test`.)
. "$TOP_SRCDIR/tests/lib.sh"
[ "$BOOT_TESTS" = all ] || { pass 'not part of the one-boot run'; finish; }
mkdir "$work/some where" && cd "$work/some where" || exit 99
unset CC HMOD_INCLUDEDIR

# helix ARGS...: as a user calls it; output and messages together in $work/out.
helix() { "$HELIX" "$@" >"$work/out" 2>&1; }
line() { grep -Eqx -- "$1" "$work/out" || { echo "no line '$1' in:"; cat "$work/out"; return 1; }; }

# ---- the transcript, to the letter; sizes are the compiler's business
sizes() { sed -E 's/^([a-z_]+ +)[0-9]+ /\1SIZE /' "$1"; }
sed -n '/^    \$ .\/helix exec/,/^$/s/^    //p' "$TOP_SRCDIR/README.md" >transcript
command=$(sed -n '1s/^\$ //p' transcript)
claim 'the README has a transcript' [ "$(wc -l <transcript)" -ge 10 ]
(cd "$TOP_SRCDIR" && sh -c "$command") >answer 2>&1
sizes transcript | sed 1d >wanted
sizes answer >got
claim '… that is what happens' diff -u wanted got

# ---- lists; shows; refused
claim 'lsmod, deps, and a refused rmmod' boot 1 'lsmod' 'deps chain_c' 'rmmod chain_a'
claim '… lists' line 'chain_a +[0-9]+  1 chain_b'
claim '… shows' prints 'chain_b'
claim '… is refused, naming chain_b' line 'rmmod: module chain_a is in use by: chain_b'
claim 'UEFI: modinfo, rmmod, insmod with a parameter, dmesg' \
	boot 0 --uefi 'modinfo hello' 'rmmod hello' 'insmod hello greeting=hi' 'dmesg'
claim '… the parameter is described' line 'parm: +greeting:.* \(string\)( .*)?'
claim '… and used' prints 'hello: hi'
claim '… and nothing but output' sh -c "! grep -q '[^[:print:][:blank:]]' '$work/out'"

# ---- a module of one's own, with either compiler
module_source mine mine.c
claim 'hmod cc through the front script' helix hmod cc "$PWD/mine.c" -o "$work/mine.hmod"
claim '… says nothing' [ ! -s "$work/out" ]
claim '… loads, is listed, unloads' boot 0 --add "$work/mine.hmod" 'insmod mine' 'lsmod' 'rmmod mine'
claim '… listed' line 'mine +[0-9]+  0'
module_source mine2 mine.c
cc_clang() { CC=clang helix hmod cc mine.c -o "$work/mine2.hmod"; }
claim 'the same with clang' cc_clang
claim '… loads' boot 0 --add "$work/mine2.hmod" 'insmod mine2'

# ---- the README's module in ten lines
sed -n '/^## A module in ten lines/,/^Build it/s/^    //p' "$TOP_SRCDIR/README.md" >mine.c
claim 'the README module: build' helix hmod cc mine.c -o mine.hmod
claim '… try' boot 0 --add mine.hmod 'insmod mine' 'lsmod' 'rmmod mine' 'dmesg'
claim '… it lives' prints 'mine: it lives'

# ---- nothing
claim 'insmod of nothing' boot 1 'insmod nosuch'
claim '… is one clear line' sh -c "[ \"\$(wc -l <'$work/out')\" = 1 ] && [ ! -s '$work/err' ]"
claim '… that names it' prints 'insmod: nosuch'

# ---- help and README name the same options
claim 'helix help' helix help
for word in setup build run exec test hmod --uefi --smp --mem --add --initrd --cmdline --script \
	--keep-going --timeout --icount; do
	claim "… has $word" prints "  $word"
done
finish
