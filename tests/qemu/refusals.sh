#!/bin/sh
# SPDX-License-Identifier: MIT
#
# insmod of everything bad: one clear line, nothing lost, and a good file works
# right after.
. "$TOP_SRCDIR/tests/lib.sh"
[ "$BOOT_TESTS" = all ] || { pass 'not part of the one-boot run'; finish; }

echo 'just some text' >"$work/text.hmod"
module good || fail 'good builds'
head -c 700 "$work/good.hmod" >"$work/truncated.hmod"
: >"$work/empty.hmod"
cp "$work/good.hmod" "$work/arm.hmod"
printf '\267' | dd of="$work/arm.hmod" bs=1 seek=18 conv=notrunc 2>/dev/null
# A 32-bit absolute address: what a compiler without -mcmodel=kernel emits.
module_source abs32 "$work/abs32.c" 'int x; static unsigned long where(void) {
	unsigned v; __asm__("movl $x, %0" : "=r"(v)); return v; }'
sed -i 's/return 0;} *$/&/; s/(void)ctx; return 0;/(void)ctx; return where() == 0;/' "$work/abs32.c"
"$HMOD" cc "$work/abs32.c" -o "$work/abs32.hmod" || fail 'abs32 builds'
module unknown 'int nosuch_one(void); int nosuch_two(void); int chain_d_value(void);
	int unknown_use(void); int unknown_use(void) { return nosuch_one() + nosuch_two(); }' ||
	fail 'unknown builds'
module lib 'int lib_value(void); int lib_value(void) { return 7; } HELIX_EXPORT(lib_value);' ||
	fail 'lib builds'
module uses_lib 'int lib_value(void); int use(void); int use(void) { return lib_value(); }' ||
	fail 'uses_lib builds'
OPTIONS='.dependencies = HELIX_DEPENDENCIES("nosuch"),' module dep_missing
OPTIONS='.dependencies = HELIX_DEPENDENCIES("chain_a >= 2.0"),' module dep_old
OPTIONS='.dependencies = HELIX_DEPENDENCIES("chain_a < 1.0"),' module dep_new
OPTIONS='.dependencies = HELIX_DEPENDENCIES("counter"),' module dep_down
OPTIONS='.dependencies = HELIX_DEPENDENCIES("cycle_b"),' module cycle_a
OPTIONS='.dependencies = HELIX_DEPENDENCIES("cycle_c"),' module cycle_b
OPTIONS='.dependencies = HELIX_DEPENDENCIES("cycle_a"),' module cycle_c
INIT='return -5;' module init_fails
INIT='helix_alloc(100); return -5;' module init_leaks

add=
for m in text truncated empty arm abs32 unknown lib uses_lib dep_missing dep_old dep_new dep_down \
	cycle_a cycle_b cycle_c init_fails init_leaks good; do
	add="$add --add $work/$m.hmod"
done
cat >"$work/script" <<'EOF'
insmod nosuch
insmod /lib/modules
insmod text
insmod truncated
insmod empty
insmod arm
insmod abs32
insmod unknown
insmod uses_lib
insmod dep_missing
insmod dep_old
insmod dep_new
insmod dep_down
insmod cycle_c
insmod init_fails
insmod hello
insmod good
EOF
# shellcheck disable=SC2086
claim 'all refusals in one boot' boot 1 --keep-going $add --script "$work/script"
cp "$work/out" "$work/first"
claim 'a missing file' prints 'insmod: nosuch'
claim 'a directory' prints 'insmod: modules: '
claim 'text' prints 'insmod: text.hmod: not an ELF object'
claim 'a truncated object' prints 'insmod: truncated.hmod: '
claim 'an empty file' prints 'insmod: empty.hmod: '
claim 'another machine' prints 'insmod: arm.hmod: made for machine 183, wanted 62 (x86-64)'
claim 'a 32-bit address says which flag' prints 'compile with -mcmodel=kernel'
claim 'all unknown symbols' prints 'insmod: unknown.hmod: 2 unknown symbols: nosuch_one, nosuch_two'
claim 'the module that would export it' \
	prints '1 unknown symbol: lib_value (lib_value is exported by lib, which is not loaded)'
claim 'a missing dependency' prints 'insmod: dep_missing.hmod: depends on nosuch, which is not registered'
claim 'a dependency too old' prints 'depends on chain_a >= 2.0, found chain_a 1.0.0'
claim 'a dependency too new' prints 'depends on chain_a < 1.0, found chain_a 1.0.0'
claim 'a dependency not running' prints 'depends on counter, which is registered'
claim 'a cycle, with its path' prints 'dependency cycle: cycle_c → cycle_a → cycle_b → cycle_c'
claim 'an init that fails' prints 'insmod: init_fails.hmod: init failed with status -5'
claim 'one already loaded' prints 'insmod: hello.hmod: module hello is already loaded'
one_line_each() { [ "$(wc -l <"$work/out")" = 16 ]; }
claim 'one line each, and the good one is silent' one_line_each
# shellcheck disable=SC2086
claim 'nothing is lost: counts before and after are equal' boot 1 --keep-going $add \
	'insmod good' 'rmmod good' 'mem' 'insmod unknown' 'insmod truncated' 'insmod abs32' 'insmod init_leaks' \
	'insmod dep_old' 'insmod good' 'rmmod good' 'mem'
equal_counts() {
	grep -v '^insmod:' "$work/out" | awk '{ line[NR] = $0 } END { n = NR / 2
		for (i = 1; i <= n; i++) if (line[i] != line[i + n]) { print line[i] " / " line[i + n]; bad = 1 }
		exit bad || NR == 0 || NR % 2 }'
}
claim '… they are' equal_counts
OPTIONS='.dependencies = HELIX_DEPENDENCIES("init_fails"),' module needs_failing
cat >"$work/modules.conf" <<'EOF'
start hello
start needs_failing
frobnicate all
start chain_c
EOF
"$HMOD" pack -o "$work/own.img" --config "$work/modules.conf" "$work/init_fails.hmod" \
	"$work/needs_failing.hmod" "$HELIX_BUILD"/modules/hello.hmod "$HELIX_BUILD"/modules/chain_*.hmod
claim 'boot: one fails' boot 0 --initrd "$work/own.img" 'lsmod' 'dmesg'
claim '… it is reported with its reason' prints 'init_fails: init failed with status -5'
claim '… its dependent is not started and says why' \
	prints 'needs_failing not started: depends on init_fails, which failed'
claim '… the rest run' sh -c "grep -q '^chain_c ' '$work/out' && grep -q '^hello ' '$work/out'"
claim '… an unknown line is reported with its number' prints 'modules.conf:3:'
finish
