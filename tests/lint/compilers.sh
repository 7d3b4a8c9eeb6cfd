#!/bin/sh
# SPDX-License-Identifier: MIT
#
# gcc and clang both take everything without a warning.
. "$TOP_SRCDIR/tests/lib.sh"
cd "$TOP_SRCDIR" || exit 99
warnings='-Wall -Wextra -Wshadow -Werror'

# quiet COMPILER FLAGS FOLDER...: every .c file compiles without a warning.
quiet() {
	compiler=$1 flags=$2
	shift 2
	command -v "$compiler" >/dev/null || { echo "$compiler is missing"; return 1; }
	bad=0
	for f in $(find "$@" -name '*.c' | sort); do
		# shellcheck disable=SC2086
		$compiler $flags $warnings -Iinclude -I. -I"$HELIX_BUILD" -O2 -c "$f" -o "$work/o" || bad=1
	done
	return $bad
}
for compiler in gcc clang; do
	claim "$compiler: modfmt, loader and initrd as kernel code, conversions checked" \
		quiet $compiler "$MODULE_CFLAGS -Wconversion" modfmt loader initrd
	claim "$compiler: kernel" quiet $compiler "$MODULE_CFLAGS" kernel
	claim "$compiler: modules" quiet $compiler "$MODULE_CFLAGS" modules
	claim "$compiler: modfmt, loader and initrd as host code" \
		quiet $compiler '-std=gnu11 -Wconversion' modfmt loader initrd
	claim "$compiler: tools" quiet $compiler '-std=gnu11 -DHMOD_INCLUDEDIR="x" -DHMOD_PKGDATADIR="x"' tools
done
finish
