#!/bin/sh
# SPDX-License-Identifier: MIT
#
# What compilers write in other ways than ours, in the kernel: code models,
# constructors, C++, COMMON symbols, namespaces.
. "$TOP_SRCDIR/tests/lib.sh"
[ "$BOOT_TESTS" = all ] || { pass 'not part of the one-boot run'; finish; }

cat >"$work/ways.h" <<'EOS'
#include <helix/module.h>
int common, *points = &common;
static const char *const texts[] = { "none", "one", "two" };
int late(int) __attribute__((weak));
static volatile int value;
static void __attribute__((constructor(300))) second(void) { helix_info("second"); value *= 7; }
static void __attribute__((constructor(200))) first(void) { helix_info("first"); value = 6; }
static void __attribute__((destructor)) last(void) { helix_info("last"); value = 0; }
static int m_init(const struct helix_context *ctx)
{
	(void)ctx;
	*points = 2;
	helix_info("init: value %d, %s, %s", value, texts[common], late ? "late" : "not late");
	return FAILS;
}
static int nothing(void) { return 0; }
HELIX_MODULE(.name = NAME, .init = m_init, .start = nothing, .stop = nothing);
EOS
# way NAME CC FLAGS...: the module compiled so.
way() {
	name=$1 compiler=$2
	shift 2
	printf '#define NAME "%s"\n#ifndef FAILS\n#define FAILS 0\n#endif\n#include "ways.h"\n' "$name" >"$work/$name.c"
	CC=$compiler "$HMOD" cc "$@" "$work/$name.c" -o "$work/$name.hmod"
}
adds=
add() { adds="$adds --add $work/$1.hmod"; }
for compiler in gcc clang; do
	claim "$compiler -fPIC" way ${compiler}_pic $compiler -fPIC -mcmodel=small -fno-plt
	claim "$compiler -mcmodel=large" way ${compiler}_large $compiler -mcmodel=large
	claim "$compiler -mcmodel=large -fPIC" way ${compiler}_both $compiler -mcmodel=large -fPIC
	claim "$compiler -O0 -fcommon" way ${compiler}_plain $compiler -O0 -fcommon
	add ${compiler}_pic; add ${compiler}_large; add ${compiler}_both; add ${compiler}_plain
done
claim 'one whose init fails' way fails gcc -DFAILS=-5
cat >"$work/classes.cc" <<'EOS'
#include <helix/module.h>
struct Base { virtual int number() const = 0; };
template <int N> struct Is : Base {
	volatile int seen;
	Is() { helix_info("constructed %d", N); seen = N; }
	int number() const override { return seen * 2; }
};
static Is<4> four;
static Is<17> seventeen;
static const Base *const all[] = { &four, &seventeen };
static int m_init(const helix_context *)
{
	int sum = 0;
	for (const Base *b : all)
		sum += b->number();
	helix_info("sum %d", sum);
	return 0;
}
static int nothing() { return 0; }
extern const helix_module_record record __attribute__((section(".hmod.module"), used, aligned(8)));
const helix_module_record record = { HELIX_RECORD_MAGIC, HELIX_RECORD_FORMAT, sizeof record,
	HELIX_ABI_MAJOR, HELIX_ABI_MINOR, 0, "classes", 0, 0, nullptr, nullptr, nullptr, nullptr,
	nullptr, nullptr, m_init, nothing, nothing };
EOS
claim 'C++' "$HMOD" cc "$work/classes.cc" -o "$work/classes.hmod"
# Templates and inline functions that two files share: one of each is left, whether
# hmod cc or ld -r combines them; so it is in an object that was not finalised.
cat >"$work/shared.h" <<'EOS'
#include <helix/module.h>
inline int counted() { static int n; return ++n; }
template <class T> struct box { T v; T twice() { return v + v + counted(); } };
int other(int x);
EOS
printf '#include "shared.h"\nint other(int x) { return box<int>{x}.twice(); }\n' >"$work/shared_b.cc"
# shared NAME: the file with the module.
shared() {
	{ printf '#include "shared.h"\nstatic int m_init(const helix_context *)\n{\n'
	printf '\thelix_info("both %%d", box<int>{10}.twice() * 1000 + other(20));\n\treturn 0;\n}\n'
	sed -n '/^static int nothing/,$p' "$work/classes.cc" | sed "s/\"classes\"/\"$1\"/"; } >"$work/$1.cc"
}
flags=$(echo "$MODULE_CFLAGS" | sed 's/-std=gnu11//')
for c in gcc clang; do
	shared "${c}_whole"; shared "${c}_raw"
	claim "$c: C++ in two files" env CC=$c "$HMOD" cc -O0 "$work/${c}_whole.cc" "$work/shared_b.cc" \
		-o "$work/${c}_whole.hmod"
	claim "$c: … combined with ld -r, groups left in" sh -c "cd '$work' && for f in ${c}_raw shared_b; do
		$c -c -x c++ -O0 $flags -fno-exceptions -fno-rtti -fno-threadsafe-statics \
		-I'$TOP_SRCDIR/include' \$f.cc -o \$f.o || exit 1; done
		ld -r ${c}_raw.o shared_b.o -o ${c}_raw.hmod && readelf -gW ${c}_raw.hmod | grep -q COMDAT"
	add "${c}_whole"; add "${c}_raw"
done
module owner 'int inner(void); int inner(void) { return 5; } HELIX_EXPORT_NS(inner, "private");'
module stranger 'int inner(void); int use(void); int use(void) { return inner(); }'
module friend 'HELIX_IMPORT_NS("private"); int inner(void); int use(void); int use(void) { return inner(); }'
module twice 'int inner(void); int inner(void) { return 6; } HELIX_EXPORT(inner);'
for m in fails classes owner stranger friend twice; do add $m; done
{
	for c in gcc clang; do for w in pic large both plain; do echo "insmod ${c}_$w"; done; done
	for c in gcc clang; do echo "insmod ${c}_whole"; echo "insmod ${c}_raw"; done
	printf '%s\n' 'insmod classes' 'rmmod gcc_pic' 'insmod owner' 'insmod friend' 'insmod stranger' \
		'insmod twice' 'insmod fails' 'dmesg'
} >"$work/script"
# shellcheck disable=SC2086
claim 'all in one boot' boot 1 --keep-going $adds --script "$work/script"
for c in gcc clang; do
	for w in pic large both plain; do
		claim "${c}_$w ran" prints "${c}_$w: init: value 42, two, not late"
	done
done
order() { [ "$(grep -o 'gcc_pic: [a-z]*' "$work/out" | tr '\n' ' ')" = \
	'gcc_pic: first gcc_pic: second gcc_pic: init gcc_pic: last ' ]; }
claim 'constructors in order before init, destructors after stop' order
destructed() { [ "$(grep -o ' fails: [a-z]*' "$work/out" | tr '\n' ' ')" = \
	' fails: first  fails: second  fails: init  fails: last ' ]; }
claim 'a failing init is followed by the destructors' destructed
claim 'C++ objects are constructed' prints 'classes: constructed 17'
claim '… and their virtual functions called' prints 'classes: sum 42'
for c in gcc clang; do for w in whole raw; do
	claim "${c}_$w has one of each" prints "${c}_$w: both 21042"
done; done
claim 'a namespace not declared is refused' prints \
	'insmod: stranger.hmod: symbol inner belongs to namespace private (exported by owner); add HELIX_IMPORT_NS'
claim 'a duplicate export is refused with both owners' prints \
	'insmod: twice.hmod: symbol inner is already exported by owner, twice exports it again; rename one of the two'
loaded_friend() { ! grep -q 'friend.hmod' "$work/out"; }
claim 'a declared one is not' loaded_friend
finish
