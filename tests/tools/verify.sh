#!/bin/sh
# SPDX-License-Identifier: MIT
#
# hmod verify: the prediction for images that go wrong in each way; that the kernel
# then says so is tests/qemu/verify.sh's.
. "$TOP_SRCDIR/tests/lib.sh"
cd "$work" || exit 99
unset CC

needs() { OPTIONS=".dependencies = HELIX_DEPENDENCIES($2)," module "$1" "${3:-}" || exit 99; }
module base || exit 99
needs top '"base"'
needs lost '"nosuch"'
needs loop_a '"loop_b"'
needs loop_b '"loop_a"'
module unknown 'int base_value(void); int nosuch(void); int use(void); int use(void) { return nosuch(); }' || exit 99
needs on_unknown '"unknown"'
OPTIONS='.flags = HELIX_ESSENTIAL, .dependencies = HELIX_DEPENDENCIES("unknown"),' module vital || exit 99
module knobs 'HELIX_PARAM(level, uint, 1, "how much");' || exit 99
module old_one && OPTIONS='.flags = HELIX_DEPRECATED,' module old_one || exit 99
echo text >text.hmod
gzip -n <base.hmod | head -c 60 >cut.hmod.gz

# image CONF MODULE...
image() {
	printf '%b' "$1" >conf
	shift
	"$HMOD" pack --force -o i.img --config conf "$@"
}
image 'start top\n' base.hmod top.hmod
claim 'all well' ends 0 "$HMOD" verify i.img
claim '… in load order' [ "$(cat out)" = "$(printf 'start base\nstart top')" ]
image 'start nosuch\nfrobnicate\nstart lost\nstart base\n' base.hmod lost.hmod loop_a.hmod loop_b.hmod text.hmod cut.hmod.gz
claim 'much is wrong' ends 1 "$HMOD" verify i.img
cat >expected <<'EOS'
module: cut.hmod.gz: not a good gzip stream: the data ends early; compress it again [inflate, offset 0x3c]
module: loop_b.hmod: dependency cycle: loop_b → loop_a → loop_b
module: text.hmod: not an ELF object; make one with hmod cc [header, offset 0x0]
modules.conf:1: module nosuch was not found
modules.conf:2: unknown directive: 'frobnicate', skipped
module: lost: depends on nosuch, which is not registered; add the module that provides it to the initrd
start base
EOS
claim '… each line as the kernel prints it' diff expected out
image 'start on_unknown\nstart base\n' unknown.hmod on_unknown.hmod base.hmod
claim 'one that cannot be linked' ends 1 "$HMOD" verify i.img
claim '… says which symbol' prints 'module: unknown: 1 unknown symbol: nosuch'
claim '… its dependent is not started' prints 'module: on_unknown not started: depends on unknown, which failed'
claim '… the rest is' prints 'start base'
image 'start vital\nstart base\n' unknown.hmod vital.hmod base.hmod
claim 'an essential one' ends 1 "$HMOD" verify i.img
claim '… ends the boot' prints 'panic: essential module vital did not start: a module it depends on does not run'
image 'start knobs level=much\n' knobs.hmod
claim 'a setting that does not fit' ends 1 "$HMOD" verify i.img
claim '… is told' prints "module: knobs: parameter level: 'much' is not an unsigned number"
image 'options knobs level=7\nstart knobs\nstart old_one\nblacklist base\nstart top\n' knobs.hmod old_one.hmod base.hmod top.hmod
claim 'warnings and blacklists' ends 1 "$HMOD" verify i.img
claim '… a deprecated one' prints 'old_one: the module is deprecated'
claim '… a blacklisted one' prints 'module: base is disabled'
claim '… and who needs it' prints 'module: top not started: depends on base, which is disabled'
"$HMOD" pack -o none.img base.hmod
claim 'no modules.conf' ends 0 "$HMOD" verify none.img
claim '… starts nothing' [ "$(cat out)" = 'modules: no /etc/modules.conf, nothing is started' ]
claim 'the default image' ends 0 "$HMOD" verify "$HELIX_BUILD/initrd.img"
claim '… starts hello' prints 'start hello'
claim 'a missing file' refuses 1 'nosuch: No such file' "$HMOD" verify nosuch
claim 'nothing' refuses 2 'no image given' "$HMOD" verify
claim 'two' refuses 2 'unexpected b' "$HMOD" verify a b
finish
