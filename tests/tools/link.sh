#!/bin/sh
# SPDX-License-Identifier: MIT
#
# hmod link: objects of either compiler into a finalised module.
. "$TOP_SRCDIR/tests/lib.sh"
mkdir "$work/tmp" && cd "$work" || exit 99
TMPDIR=$work/tmp
export TMPDIR
unset LD OBJCOPY

module_source mine mine.c 'int mine_value(void); int mine_value(void) { return 7; } HELIX_EXPORT(mine_value);'
for cc in gcc clang; do
	$cc $MODULE_CFLAGS -I"$HMOD_INCLUDEDIR" -O2 -g -c mine.c -o $cc.o || exit 99
	claim "$cc: an object" ends 0 "$HMOD" link $cc.o -o $cc.hmod
	claim "$cc: … has a flat table" sh -c "readelf -SW $cc.hmod | grep -q '[.]hmod[.]flat'"
	claim "$cc: … keeps its debug information" sh -c "readelf -SW $cc.hmod | grep -q '[.]debug_info'"
	claim "$cc: finalising again changes nothing" ends 0 "$HMOD" link $cc.hmod -o again.hmod
	claim "$cc: … not a byte" cmp $cc.hmod again.hmod
done
claim '--strip' ends 0 "$HMOD" link --strip gcc.o -o strip.hmod
claim '… leaves debug information out' sh -c "! readelf -SW strip.hmod | grep -q '[.]debug_info'"
claim '… and beside it' sh -c "readelf -SW strip.hmod.debug | grep -q '[.]debug_info'"
claim '… the module is the same' ends 0 "$HMOD" info -F exports strip.hmod
claim '… to its exports' prints mine_value

: >empty.o
echo 'just some text' >text.o
head -c 700 gcc.o >cut.o
cp gcc.o arm.o && printf '\267' | dd of=arm.o bs=1 seek=18 conv=notrunc 2>/dev/null
gcc -o program -x c - <<'EOS' || exit 99
int main(void) { return 0; }
EOS
truncate -s 300M huge.o
module other || exit 99
mkfifo pipe.o
claim 'nothing' refuses 2 'no object to link' "$HMOD" link -o x.hmod
claim 'no output' refuses 2 '-o X.hmod is missing' "$HMOD" link gcc.o
claim '-o without a name' refuses 2 '-o needs a value' "$HMOD" link gcc.o -o
claim 'an unknown option' refuses 2 'unexpected --frob' "$HMOD" link --frob gcc.o -o x.hmod
claim 'a missing file' refuses 1 'nosuch.o: No such file' "$HMOD" link nosuch.o -o x.hmod
claim 'a folder' refuses 1 'is a directory' "$HMOD" link tmp -o x.hmod
claim 'a device' refuses 1 '/dev/zero: is not a regular file' "$HMOD" link /dev/zero -o x.hmod
claim 'an empty file' refuses 1 'empty.o: is empty' "$HMOD" link empty.o -o x.hmod
claim 'text' refuses 1 'text.o: not an ELF object' "$HMOD" link text.o -o x.hmod
claim 'a cut object' refuses 1 'cut.o: the section table' "$HMOD" link cut.o -o x.hmod
claim 'another machine' refuses 1 'arm.o: made for machine 183' "$HMOD" link arm.o -o x.hmod
claim 'a program' refuses 1 'program: ELF type' "$HMOD" link program -o x.hmod
claim 'a huge file' refuses 1 'huge.o: is too large' "$HMOD" link huge.o -o x.hmod
claim 'two modules' refuses 1 'stands there 2 times' "$HMOD" link gcc.o other.hmod -o x.hmod
claim 'output equal to an input' refuses 1 'gcc.hmod: is an input as well' "$HMOD" link gcc.hmod -o gcc.hmod
ln gcc.hmod hard.hmod
claim '… under another name' refuses 1 'hard.hmod: is an input as well' "$HMOD" link gcc.hmod -o hard.hmod
claim 'a device as output' refuses 1 '/dev/full: is not a regular file' "$HMOD" link gcc.o -o /dev/full
claim 'none of these wrote anything' [ ! -e x.hmod ]
# As root permissions hold nobody: another user is asked.
as_nobody() { if [ "$(id -u)" = 0 ]; then setpriv --reuid=65534 --clear-groups env TMPDIR=/tmp "$@"; else "$@"; fi; }
chmod 755 "$work" && cp gcc.o secret.o && chmod 600 secret.o && mkdir closed && chmod 555 closed
[ "$(id -u)" = 0 ] || chmod 000 secret.o
if [ "$(id -u)" != 0 ] || as_nobody "$HMOD" --version >/dev/null 2>&1; then
	claim 'an unreadable file' refuses 1 'secret.o: Permission denied' as_nobody "$HMOD" link secret.o -o closed/x.hmod
	claim 'a folder one may not write' refuses 1 'cannot be written: Permission denied' \
		as_nobody "$HMOD" link gcc.o -o closed/x.hmod
fi
claim 'no temporary file is left' [ -z "$(ls -A "$work/tmp")" ]
finish
