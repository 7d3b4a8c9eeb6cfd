#!/bin/sh
# SPDX-License-Identifier: MIT
#
# hmod cc: every kind of input, both compilers, outside the tree; what it
# refuses, and that it leaves nothing behind.
. "$TOP_SRCDIR/tests/lib.sh"
mkdir "$work/tmp" "$work/src dir" && cd "$work/src dir" || exit 99
TMPDIR=$work/tmp
export TMPDIR
unset CC LD OBJCOPY

module_source mine mine.c
cat >part.c <<'EOS'
int asm_value(void), lib_value(void), part(void);
int part(void) { return asm_value() + lib_value(); }
EOS
cat >value.S <<'EOS'
	.text
	.globl asm_value
	.type asm_value, @function
asm_value:
	endbr64
	movl $42, %eax
	ret
EOS
cat >whole.cc <<'EOS'
#include <helix/module.h>
template <typename T> static T twice(T v) { return v + v; }
extern "C" int cc_value(void);
extern "C" int cc_value(void) { return twice(21); }
HELIX_EXPORT(cc_value);
HELIX_PARAM(times, uint, 2, "how often");
static int m_init(const struct helix_context *) { return HELIX_OK; }
static int m_start() { return HELIX_OK; }
static int m_stop() { return HELIX_OK; }
HELIX_MODULE(.name = "whole", .version = HELIX_VERSION(1, 2, 3), .license = "MIT",
	.dependencies = HELIX_DEPENDENCIES("?lib >= 1.0"), .init = m_init, .start = m_start, .stop = m_stop);
EOS
for f in lib_value lib_other; do
	echo "int $f(void); int $f(void) { return 1; }" >$f.c
	gcc $MODULE_CFLAGS -O2 -c $f.c -o $f.o || exit 99
done
ar cr lib.a lib_value.o lib_other.o

has() { nm "$1" | grep -q " T $2\$" || { nm "$1"; return 1; }; }
hasnt() { ! has "$@" >/dev/null; }
quiet() { ends 0 "$@" && [ ! -s "$work/out" ] && [ ! -s "$work/err" ] || { cat "$work/err"; return 1; }; }

for cc in gcc clang; do
	claim "$cc: a C file, without a word" quiet env CC=$cc "$HMOD" cc -Wall -Wextra mine.c -o $cc.hmod
	claim "$cc: … is a module" ends 0 "$HMOD" info -F name $cc.hmod
	claim "$cc: … called mine" prints mine
	claim "$cc: .c, .S and .a together" \
		quiet env CC=$cc "$HMOD" cc mine.c part.c value.S lib.a -o all.hmod
	claim "$cc: … assembled" has all.hmod asm_value
	claim "$cc: … the archive's member that is wanted" has all.hmod lib_value
	claim "$cc: … not the other" hasnt all.hmod lib_other
	claim "$cc: a C++ file, without a word" quiet env CC=$cc "$HMOD" cc -Wall -Wextra whole.cc -o whole.hmod
	claim "$cc: … its metadata" ends 0 "$HMOD" info whole.hmod
	claim "$cc: … version" prints '1.2.3'
	claim "$cc: … dependency" prints '?lib >= 1.0'
	for flags in -O0 -O1 -O3 -Os -g -flto -ffunction-sections -fcommon; do
		claim "$cc: $flags" ends 0 env CC=$cc "$HMOD" cc $flags mine.c -o flags.hmod
	done
	claim "$cc: an object" quiet env CC=$cc "$HMOD" cc mine.c part.c value.S lib_value.o -o object.hmod
done
cat >order.c <<'EOS'
#include <helix/module.h>
HELIX_PARAM(zebra, uint, 1, "first"); HELIX_PARAM(apple, uint, 2, "second");
HELIX_PARAM(mango, bool, true, "third"); HELIX_PARAM(fig, string, "x", "fourth");
static int m_init(const struct helix_context *ctx) { return (int)helix_config_uint(ctx, "fig", 0); }
static int nothing(void) { return 0; }
HELIX_MODULE(.name = "order", .init = m_init, .start = nothing, .stop = nothing);
EOS
in_order() {
	CC=$1 "$HMOD" cc "$2" order.c -o order.hmod && "$HMOD" info order.hmod >out || return 1
	[ "$(sed -n 's/^parm: *\([a-z]*\):.*/\1/p' out | tr '\n' ' ')" = 'zebra apple mango fig ' ] || { cat out; return 1; }
}
for cc in gcc clang; do for flag in -O0 -O2 -flto; do
	claim "$cc $flag: parameters in the order they were declared" in_order $cc $flag
done; done
claim 'CC may hold options' ends 0 env CC='gcc -DNAME=1' "$HMOD" cc mine.c -o x.hmod
claim '-I and -D reach the compiler' ends 0 "$HMOD" cc -I . -DX=1 mine.c -o x.hmod
claim 'the same bytes every time' ends 0 "$HMOD" cc mine.c -o y.hmod
claim '… they are' cmp x.hmod y.hmod
(umask 027 && "$HMOD" cc mine.c -o mode.hmod)
claim 'the umask holds' [ "$(stat -c %a mode.hmod)" = 640 ]
ln -s x.hmod link.hmod
claim 'a symbolic link is followed' ends 0 "$HMOD" cc mine.c -o link.hmod
claim '… and stays one' [ -L link.hmod ]

# ---- refusals
claim 'nothing' refuses 2 'no file to compile' "$HMOD" cc -o x.hmod
claim 'no output' refuses 2 '-o X.hmod is missing' "$HMOD" cc mine.c
claim '-o without a name' refuses 2 '-o needs a value' "$HMOD" cc mine.c -o
claim 'two outputs' refuses 2 '-o is there twice' "$HMOD" cc mine.c -o x.hmod -o y.hmod
claim 'an output of another name' refuses 2 'ends with .hmod' "$HMOD" cc mine.c -o x.ko
claim 'a file of another kind' refuses 2 'not a .c, .cc, .S, .o or .a file' "$HMOD" cc mine.txt -o x.hmod
claim '-E' refuses 2 '-E makes no module' "$HMOD" cc -E mine.c -o x.hmod
claim '-lz' refuses 2 "name a library's file" "$HMOD" cc mine.c -lz -o x.hmod
claim 'a missing file' refuses 1 'nosuch.c: No such file' "$HMOD" cc nosuch.c -o x.hmod
mkdir folder.c
claim 'a folder' refuses 1 'folder.c: is a directory' "$HMOD" cc folder.c -o x.hmod
claim 'a folder as output' refuses 1 'is a directory' sh -c 'mkdir d.hmod; "$HMOD" cc mine.c -o d.hmod'
claim 'a missing folder' refuses 1 'cannot be written: No such file' "$HMOD" cc mine.c -o nosuch/x.hmod
echo 'int broken(' >broken.c
cp x.hmod before.hmod
claim 'a file that does not compile' ends 1 "$HMOD" cc broken.c -o x.hmod
claim '… is named' says 'hmod: broken.c: does not compile'
claim '… and the old output stays' cmp x.hmod before.hmod
claim 'no module in it' refuses 1 'no module metadata' "$HMOD" cc part.c -o x.hmod
claim 'two modules in it' refuses 1 'stands there 2 times' "$HMOD" cc mine.c whole.cc -o x.hmod
claim 'a compiler that is missing' ends 1 env CC=nosuch-cc "$HMOD" cc mine.c -o x.hmod
claim '… is named' says 'nosuch-cc: cannot be run'
claim 'a linker that fails' refuses 1 'cannot be linked' env LD=false "$HMOD" cc mine.c -o x.hmod
claim 'no temporary folder' refuses 1 'no temporary folder can be made' \
	env TMPDIR=/nosuch "$HMOD" cc mine.c -o x.hmod
claim 'the old output stays in all of these' cmp x.hmod before.hmod

# Told to stop while the compiler runs: ends so, and leaves nothing.
cat >slow <<'EOS'
#!/bin/sh
touch "$STARTED"
exec sleep 30
EOS
chmod +x slow
stop() {
	STARTED=$work/started CC=./slow "$HMOD" cc mine.c -o stopped.hmod &
	pid=$!
	for _ in $(seq 100); do
		[ -e "$work/started" ] && break
		sleep 0.1
	done
	kill "-$1" $pid
	wait $pid
	status=$?
	rm "$work/started"
	[ $status = "$2" ] && [ ! -e stopped.hmod ]
}
claim 'SIGTERM ends it with 143' stop TERM 143
# Where HUP is ignored (nohup) it stays so.
case $(sed -n 's/^SigIgn:.*\(.\)$/\1/p' /proc/self/status) in
[13579bdf]) ;;
*) claim 'SIGHUP ends it with 129' stop HUP 129 ;;
esac
claim 'no temporary file is left' [ -z "$(ls -A "$work/tmp")" ]
claim '… nor beside the outputs' [ -z "$(find . -name '.hmod.*')" ]
finish
