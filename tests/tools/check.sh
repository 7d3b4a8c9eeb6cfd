#!/bin/sh
# SPDX-License-Identifier: MIT
#
# hmod check: good files, each kind of refusal, each warning.
. "$TOP_SRCDIR/tests/lib.sh"
cd "$work" || exit 99
unset CC

module good || exit 99
module lib 'int lib_value(void); int lib_value(void) { return 7; } HELIX_EXPORT(lib_value);' || exit 99
OPTIONS='.dependencies = HELIX_DEPENDENCIES("lib >= 0.1"),' \
	module uses_lib 'int lib_value(void); int use(void); int use(void) { return lib_value(); }' || exit 99
OPTIONS='.dependencies = HELIX_DEPENDENCIES("lib >= 0.1"),' module idle || exit 99
module huge 'char zeroes[3 << 20];' || exit 99
module_source abs32 abs32.c 'int x; unsigned long where(void); unsigned long where(void) {
	unsigned v; __asm__("movl $x, %0" : "=r"(v)); return v; }'
"$HMOD" cc abs32.c -o abs32.hmod || exit 99
module clash 'void *memcpy_(void); int helix_now(void);
__asm__(".globl helix_now_ns\nhelix_now_ns: ret\n"); uint64_t helix_now_ns(void); HELIX_EXPORT(helix_now_ns);' || exit 99
OPTIONS='.flags = HELIX_EXPERIMENTAL | HELIX_DEPRECATED,' module odd || exit 99
sed 's/\.license = "MIT",//' good.c >free.c
"$HMOD" cc free.c -o free.hmod && "$HMOD" cc -g good.c -o debug.hmod || exit 99
head -c 700 good.hmod >cut.hmod
gzip -kn good.hmod

claim 'good ones' ends 0 "$HMOD" check good.hmod lib.hmod good.hmod.gz
claim '… without a word' sh -c '[ ! -s out ] && [ ! -s err ]'
claim 'what others must bring counts as present' ends 0 "$HMOD" check uses_lib.hmod
claim 'a module that is used is not disliked' ends 0 "$HMOD" check uses_lib.hmod lib.hmod
claim '… no word' [ ! -s out ]
claim 'an unused dependency is no fault' ends 0 "$HMOD" check idle.hmod lib.hmod
claim '… but disliked' prints 'idle.hmod: warning: it depends on lib, and uses nothing of it'
for row in 'huge|3145728 bytes of zeroed data' 'free|no license is given' 'debug|bytes of debug information' \
	'odd|it is experimental' 'odd|it is deprecated'; do
	claim "${row%%|*}: no fault" ends 0 "$HMOD" check "${row%%|*}.hmod"
	claim "… disliked" sh -c "grep '^${row%%|*}.hmod: warning: ' out | grep -qF '${row##*|}'"
done
claim 'the host judges for the kernel' refuses 1 'compile with -mcmodel=kernel' "$HMOD" check abs32.hmod
claim 'what the kernel exports itself' refuses 1 'clash.hmod: symbol helix_now_ns is already exported by kernel' \
	"$HMOD" check clash.hmod
claim 'a cut file' refuses 1 'cut.hmod: the section table' "$HMOD" check cut.hmod
claim 'text' refuses 1 'good.c: not an ELF object' "$HMOD" check good.c
claim 'one bad among good ones' refuses 1 'cut.hmod: ' "$HMOD" check good.hmod cut.hmod lib.hmod
claim 'a missing file' refuses 1 'nosuch: No such file' "$HMOD" check nosuch
: >empty
claim 'an empty file' refuses 1 'empty: ' "$HMOD" check empty
claim 'nothing' refuses 2 'no module given' "$HMOD" check
claim 'an option' refuses 2 'unexpected -x' "$HMOD" check -x good.hmod
claim 'no list of exports' refuses 1 'nosuch: No such file' env HMOD_KERNEL_EXPORTS=nosuch "$HMOD" check good.hmod
claim 'a list that is none' refuses 1 'line 1 is not' env HMOD_KERNEL_EXPORTS=good.c "$HMOD" check good.hmod

claim 'every module of the tree' ends 0 "$HMOD" check "$HELIX_BUILD"/modules/*.hmod
finish
