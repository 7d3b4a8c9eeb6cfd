#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Another build of the whole: by clang, with sanitizers in the user's CFLAGS,
# which reach host code alone; it boots, installs and uninstalls.
. "$TOP_SRCDIR/tests/lib.sh"
[ "$BOOT_TESTS" = all ] || { pass 'not part of the one-boot run'; finish; }
unset MAKEFLAGS MAKELEVEL MFLAGS HMOD_INCLUDEDIR
cc=$CC
unset CC
mkdir "$work/build" "$work/root" && cd "$work/build" || exit 99

# A source tree that is configured itself cannot be built elsewhere.
if [ -f "$TOP_SRCDIR/config.status" ]; then
	mkdir "$work/source" && (cd "$TOP_SRCDIR" && tar -cf - --exclude=config.status --exclude=config.h \
		--exclude='*.o' --exclude='*.kobj' --exclude='*.tobj' --exclude='*.d' --exclude='*.a' \
		--exclude=.git --exclude='*.test' --exclude='*.hmod' .) | tar -xf - -C "$work/source"
	TOP_SRCDIR=$work/source
fi
claim 'configure with clang and sanitizers' ends 0 "$TOP_SRCDIR/configure" -q --prefix=/opt/helix \
	CC=clang KCC=clang CFLAGS='-g -O1 -fsanitize=address,undefined'
claim 'make' ends 0 make all
claim '… without a warning' sh -c "! grep -i warning '$work/out' '$work/err'"
sanitized() { nm "$1" | grep -q __asan_; }
plain() { ! sanitized "$1"; }
claim 'host code is sanitized' sanitized hmod
for f in kernel.elf modules/hello.hmod; do
	claim "$f is not" plain $f
done
by_clang() { readelf -p .comment "$1" | grep -q clang && ! readelf -p .comment "$1" | grep -q GCC; }
claim 'modules are of clang' by_clang modules/hello.hmod

HELIX_BUILD=$work/build
claim 'it boots' boot 0 lsmod 'selftest wx' 'rmmod -r chain_a' 'modprobe chain_c'
claim '… with its modules' prints 'chain_c'

# ---- installed
claim 'make install' ends 0 make install DESTDIR="$work/root"
root=$work/root/opt/helix
for f in bin/hmod include/helix/module.h include/helix/status.h lib/libhmod.a lib/libhload.a \
	lib/pkgconfig/helix-module.pc share/helix/kernel.bin share/helix/initrd.img share/man/man1/hmod.1; do
	claim "… $f" [ -s "$root/$f" ]
done
module_source mine "$work/mine.c"
claim 'the installed hmod finds its own headers' ends 0 "$root/bin/hmod" cc "$work/mine.c" -o "$work/mine.hmod"
flags=$(sed -n "s|^Cflags: *||p" "$root/lib/pkgconfig/helix-module.pc" | sed "s|\${[a-z]*}|$root/include|")
# shellcheck disable=SC2086
claim 'the flags of helix-module.pc compile a module' ends 0 "$cc" $flags -c "$work/mine.c" -o "$work/mine.o"
claim '… that hmod links' ends 0 "$root/bin/hmod" link "$work/mine.o" -o "$work/mine.hmod"
claim 'make uninstall' ends 0 make uninstall DESTDIR="$work/root"
claim '… leaves no file' [ -z "$(find "$work/root" ! -type d)" ]

# ---- without bear, compdb says what is missing
mkdir "$work/bin"
for tool in sh env make; do ln -s "$(command -v $tool)" "$work/bin/"; done
claim 'compdb without bear' ends 2 env PATH="$work/bin" make compdb
claim '… names the package' says 'bear is missing (package bear)'
finish
