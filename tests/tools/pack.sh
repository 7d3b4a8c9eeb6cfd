#!/bin/sh
# SPDX-License-Identifier: MIT
#
# hmod pack, list, unpack: archives that other tools read, the same bytes every
# time; what is refused, and that no half of anything is left.
. "$TOP_SRCDIR/tests/lib.sh"
cd "$work" || exit 99
unset CC
for m in one two; do module $m || exit 99; done
printf 'start one\n# a comment\n' >conf

claim 'pack' ends 0 "$HMOD" pack -o a.img --config conf one.hmod two.hmod conf=etc/deep/file
claim 'the same inputs later' sh -c 'sleep 1; touch one.hmod; "$HMOD" pack -o b.img --config conf one.hmod two.hmod conf=etc/deep/file'
claim '… give the same bytes' cmp a.img b.img
claim 'in another order' ends 0 "$HMOD" pack conf=etc/deep/file two.hmod one.hmod --config conf -o b.img
claim '… too' cmp a.img b.img
mkdir sub && cp one.hmod sub && chmod 600 sub/one.hmod
claim 'from elsewhere, another mode' ends 0 "$HMOD" pack -o b.img --config conf sub/one.hmod two.hmod conf=etc/deep/file
claim '… too' cmp a.img b.img
cat >names <<'EOS'
etc
etc/deep
etc/deep/file
etc/modules.conf
lib
lib/modules
lib/modules/one.hmod
lib/modules/two.hmod
EOS
claim 'list' ends 0 "$HMOD" list a.img
claim '… sorted, folders first' diff names out
claim 'cpio -t lists the same' sh -c 'cpio --quiet -t <a.img | diff names -'
claim 'list -l' ends 0 "$HMOD" list -l a.img
claim '… has modes and sizes' prints '-rw-r--r--         22 etc/modules.conf'
mkdir x && (cd x && cpio --quiet -id <../a.img)
claim 'cpio unpacks it' cmp one.hmod x/lib/modules/one.hmod
mkdir y
claim 'unpack' ends 0 "$HMOD" unpack a.img -C y
claim '… the same tree' diff -r x y
claim 'unpack again, over it' ends 0 "$HMOD" unpack a.img -C y
claim '-z' ends 0 "$HMOD" pack -z -o z.img --config conf one.hmod two.hmod conf=etc/deep/file
claim '… is the same archive, compressed' sh -c 'gzip -dc z.img | cmp - a.img'
claim '… that list reads' sh -c '"$HMOD" list z.img | diff names -'
claim '… the same bytes every time' sh -c '"$HMOD" pack -z -o z2.img --config conf one.hmod two.hmod conf=etc/deep/file; cmp z.img z2.img'
claim 'cpio writes what list reads' sh -c '(cd x && find . | cpio --quiet -o -H newc) >c.img; "$HMOD" list c.img | grep -qx lib/modules/two.hmod'
echo 'frobnicate' >bad.conf
claim 'a bad line of modules.conf' ends 0 "$HMOD" pack -o w.img --config bad.conf one.hmod
claim '… is told with its number' says 'bad.conf: line 1: unknown directive'

# ---- refusals of pack: the old image stays
cp a.img before.img
echo 'just some text' >text.hmod
: >empty.hmod
for row in \
	'2|-o IMAGE is missing|one.hmod' \
	'2|nothing to pack|-o a.img' \
	'2|-o needs a value|one.hmod -o' \
	'2|--config needs a value|one.hmod -o a.img --config' \
	'2|unexpected --frob|-o a.img --frob one.hmod' \
	'1|nosuch.hmod: No such file|-o a.img one.hmod nosuch.hmod' \
	'1|sub: is a directory|-o a.img sub' \
	'1|/dev/zero: is not a regular file|-o a.img /dev/zero=x' \
	'1|text.hmod: not an ELF object|-o a.img one.hmod text.hmod' \
	'1|empty.hmod: is empty|-o a.img empty.hmod' \
	'1|conf: not an ELF object|-o a.img conf=lib/modules/conf.hmod' \
	'1|lib/modules/one.hmod is there twice|-o a.img one.hmod sub/one.hmod' \
	'1|a is a file already|-o a.img one.hmod=a two.hmod=a/b' \
	'1|a is a folder already|-o a.img one.hmod=a/b two.hmod=a' \
	"1|'../x' is no path inside an archive|-o a.img one.hmod=../x" \
	"1|'/x' is no path inside an archive|-o a.img one.hmod=/x" \
	"1|'a//x' is no path inside an archive|-o a.img one.hmod=a//x" \
	"1|'TRAILER!!!' is no path inside an archive|-o a.img one.hmod=TRAILER!!!" \
	'1|one.hmod: is an input as well|-o one.hmod one.hmod' \
	'1|/dev/full: is not a regular file|-o /dev/full one.hmod' \
	'1|nosuch/x.img: cannot be written|-o nosuch/x.img one.hmod'; do
	rest=${row#*|}
	# shellcheck disable=SC2086
	claim "pack ${rest#*|}" refuses "${row%%|*}" "${rest%%|*}" "$HMOD" pack ${rest#*|}
done
claim 'none of these touched the image' cmp a.img before.img
claim '… nor the module' ends 0 "$HMOD" info one.hmod
claim '--force takes what is no module' ends 0 "$HMOD" pack --force -o f.img text.hmod

# ---- damaged archives, in list and unpack
head -c 2000 a.img >cut.img
{ printf '070799'; tail -c +7 a.img; } >magic.img
: >empty.img
head -c 300 z.img >cutz.img
for row in 'cut.img|ends past the archive' 'magic.img|does not begin with 070701' 'empty.img|is empty' \
	'cutz.img|not a good gzip stream' 'nosuch.img|No such file' 'sub|is a directory'; do
	claim "list ${row%%|*}" ends 1 "$HMOD" list "${row%%|*}"
	claim '… says why' says "${row#*|}"
	rm -rf u && mkdir u
	claim "unpack ${row%%|*}" refuses 1 "${row#*|}" "$HMOD" unpack "${row%%|*}" -C u
	claim '… writes nothing' [ -z "$(ls -A u)" ]
done
claim 'list of nothing' refuses 2 'no image given' "$HMOD" list
claim 'list of two' refuses 2 'unexpected b.img' "$HMOD" list a.img b.img
claim 'unpack without a folder' refuses 2 'IMAGE -C FOLDER is wanted' "$HMOD" unpack a.img
claim 'unpack -C alone' refuses 2 '-C needs a value' "$HMOD" unpack a.img -C
claim 'unpack into nothing' refuses 1 'nosuch: No such file' "$HMOD" unpack a.img -C nosuch
claim 'unpack into a file' refuses 1 'conf: Not a directory' "$HMOD" unpack a.img -C conf

# An archive that would leave its folder, written by hand.
evil() { # NAME: a newc archive with one file of that name
	pad() { n=$1; while [ $((n % 4)) != 0 ]; do printf '\0'; n=$((n + 1)); done; }
	entry() { # NAME SIZE
		printf '070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x' 1 33188 0 0 1 0 "$2" 0 0 0 0 $((${#1} + 1)) 0
		printf '%s\0' "$1"
		pad $((110 + ${#1} + 1))
	}
	entry "$1" 4
	printf 'evil'
	entry 'TRAILER!!!' 0
}
for name in ../escaped /escaped a/../../escaped a//b ..; do
	evil "$name" >evil.img
	rm -rf u && mkdir u
	claim "unpack refuses $name" ends 1 "$HMOD" unpack evil.img -C u
	claim '… and writes nothing' sh -c '[ ! -e escaped ] && [ ! -e /escaped ] && [ -z "$(ls -A u)" ]'
done
evil a/file >good.img
rm -rf u && mkdir u elsewhere && ln -s ../elsewhere u/a
claim 'unpack follows no symbolic link' ends 1 "$HMOD" unpack good.img -C u
claim '… nothing is written behind it' [ -z "$(ls -A elsewhere)" ]

# ---- a full disk, if one can be had
if [ "$(id -u)" = 0 ] && mkdir small && mount -t tmpfs -o size=8k none small 2>/dev/null; then
	claim 'a full disk' refuses 1 'small/a.img: cannot be written: No space left' \
		"$HMOD" pack -o small/a.img one.hmod two.hmod "$HELIX_BUILD/hmod=hmod"
	claim '… is left empty' [ -z "$(ls -A small)" ]
	"$HMOD" pack -o big.img "$HELIX_BUILD/hmod=hmod"
	claim 'unpacking onto a full disk' refuses 1 'hmod: cannot be written: No space left' \
		"$HMOD" unpack big.img -C small
	claim '… leaves no half file' [ -z "$(ls -A small)" ]
	umount small
fi
claim 'no temporary file is left' [ -z "$(find . -name '.hmod.*')" ]
finish
