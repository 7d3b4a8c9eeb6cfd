#!/bin/sh
# SPDX-License-Identifier: MIT
#
# hmod deps: order, missing ones, cycles, other programs' forms.
. "$TOP_SRCDIR/tests/lib.sh"
cd "$work" || exit 99
unset CC

needs() { OPTIONS=".version = HELIX_VERSION(1, 0, 0), .dependencies = HELIX_DEPENDENCIES($2)," module "$1" || exit 99; }
mkdir tree cycle
module base || exit 99
needs a_top '"middle", "?extra", "?base"'
needs middle '"base"'
needs lost '"nosuch"'
needs old '"middle >= 2.0"'
needs one '"two"'
needs two '"three"'
needs three '"one"'
mv base.hmod a_top.hmod tree && gzip -n <middle.hmod >tree/middle.hmod.gz
mv one.hmod two.hmod three.hmod cycle
claim 'a folder' ends 0 "$HMOD" deps tree
claim '… dependencies first' [ "$(tr '\n' ' ' <out)" = 'base middle a_top ' ]
claim '--modules-dep' ends 0 "$HMOD" deps --modules-dep tree
printf '%s\n' 'a_top.hmod: middle.hmod.gz base.hmod' 'base.hmod:' 'middle.hmod.gz: base.hmod' >expected
claim '… as depmod writes it' diff expected out
claim '--dot' ends 0 "$HMOD" deps tree --dot
claim '… an edge' prints '"a_top" -> "middle";'
claim '… an optional one, to nobody' prints '"a_top" -> "extra" [style=dashed];'
claim '… is a graph' sh -c 'command -v dot >/dev/null || exit 0; dot -Tsvg out >/dev/null'
"$HMOD" pack -o tree.img tree/base.hmod tree/a_top.hmod tree/middle.hmod.gz || exit 99
claim 'an image' ends 0 "$HMOD" deps tree.img
claim '… the same' [ "$(tr '\n' ' ' <out)" = 'base middle a_top ' ]
cp lost.hmod old.hmod tree
claim 'something is missing' ends 1 "$HMOD" deps tree
claim '… it is told' says 'lost.hmod: depends on nosuch, which is not registered'
claim '… a version too' says 'old.hmod: depends on middle >= 2.0, found middle 1.0.0'
claim '… the others are there' [ "$(tr '\n' ' ' <out)" = 'base middle a_top ' ]
claim 'a cycle' ends 1 "$HMOD" deps cycle
claim '… with its path' says 'dependency cycle: two → three → one → two'
claim 'a missing folder' refuses 1 'nosuch: No such file' "$HMOD" deps nosuch
claim 'text' refuses 1 'initrd: archive entry 0 at 0x0 does not begin with 070701' "$HMOD" deps base.c
claim 'nothing' refuses 2 'no folder or image given' "$HMOD" deps
claim 'an option' refuses 2 'unexpected --frob' "$HMOD" deps --frob tree
finish
