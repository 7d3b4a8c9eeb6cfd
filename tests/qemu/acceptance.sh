#!/bin/sh
# SPDX-License-Identifier: MIT
#
# What the README promises, command by command.
. "$TOP_SRCDIR/tests/lib.sh"
[ "$BOOT_TESTS" = all ] || { pass 'not part of the one-boot run'; finish; }

claim 'lsmod, deps, and a refused rmmod' boot 1 'lsmod' 'deps chain_c' 'rmmod chain_a'
claim '… names chain_b' prints 'chain_b'
claim 'UEFI: modinfo, reload by hand, dmesg' \
	boot 0 --uefi 'modinfo hello' 'rmmod hello' 'insmod hello greeting=hi' 'dmesg'
claim '… hi' prints 'hello: hi'
mkdir "$work/where"
module_source mine "$work/where/mine.c"
claim 'a module built elsewhere with gcc' "$HMOD" cc "$work/where/mine.c" -o "$work/mine.hmod"
claim '… loads and unloads' boot 0 --add "$work/mine.hmod" 'insmod mine' 'lsmod' 'rmmod mine'
module_source mine2 "$work/where/mine2.c"
claim 'a module built elsewhere with clang' \
	env CC=clang "$HMOD" cc "$work/where/mine2.c" -o "$work/mine2.hmod"
claim '… loads' boot 0 --add "$work/mine2.hmod" 'insmod mine2'
claim 'insmod of nothing' boot 1 'insmod nosuch'
one_line() { [ "$(wc -l <"$work/out")" = 1 ]; }
claim '… is one line' one_line
finish
