#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Libraries of the distribution, as they were compiled for programs, linked into
# modules: they compute right sums in the kernel and give data back unchanged.
. "$TOP_SRCDIR/tests/lib.sh"
[ "$BOOT_TESTS" = all ] || { pass 'not part of the one-boot run'; finish; }
fixtures=$TOP_SRCDIR/tests/fixtures/libraries

# library NAME ARCHIVE HEADER PACKAGE: compiles the module of that name.
library() {
	archive=$(${CC:-gcc} -print-file-name="$2")
	[ -f "$archive" ] && [ -f "/usr/include/$3" ] ||
		{ echo "$2 is missing (package $4)"; return 1; }
	"$HMOD" cc "$fixtures/$1_module.c" "$archive" -o "$work/$1.hmod"
}
claim 'libz.a links into a module' library zlib libz.a zlib.h zlib1g-dev
claim 'liblzma.a does' library lzma liblzma.a lzma.h liblzma-dev
uses_got() { readelf -rW "$work/lzma.hmod" | grep -q GOTPCREL; }
claim '… with relocations through a GOT' uses_got
module crc 'unsigned long crc32(unsigned long, const unsigned char *, unsigned);
	static unsigned long crc(void) { return crc32(0, (const unsigned char *)"123456789", 9); }
	' || fail 'crc builds'
sed -i 's/(void)ctx;/(void)ctx; helix_info("sum %lx", crc());/' "$work/crc.c"
claim 'a module imports from the library' "$HMOD" cc "$work/crc.c" -o "$work/crc.hmod"
claim 'they load and pass their own test' boot 0 --add "$work/zlib.hmod" --add "$work/lzma.hmod" \
	--add "$work/crc.hmod" 'insmod zlib' 'insmod lzma' 'insmod crc' 'dmesg' 'rmmod crc' \
	'rmmod zlib' 'rmmod lzma' 'lsmod'
claim 'zlib: known sums' prints 'crc32 cbf43926 adler32 091e01de'
levels() { [ "$(grep -c 'zlib: level [0-9]: 65536 bytes to [0-9]* and back' "$work/out")" = 10 ]; }
claim 'zlib: ten levels give the data back' levels
claim 'zlib: a spoiled stream is noticed' prints 'zlib: spoiled: noticed'
claim 'lzma: known sums' prints 'crc32 cbf43926 crc64 995dc9bbdf1939fa'
checks() { [ "$(grep -c 'lzma: check [0-9]*: 65536 bytes to [0-9]* and back' "$work/out")" = 4 ]; }
claim 'lzma: with every check the data comes back' checks
claim 'the importer computes the same sum' prints 'crc: sum cbf43926'
claim 'nothing was left behind' silent 'taken back'
finish
