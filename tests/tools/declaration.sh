#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Mistakes in HELIX_MODULE: a compile error where a compiler can tell, else
# refused when it is linked; README's module builds in any shell.
. "$TOP_SRCDIR/tests/lib.sh"
cd "$work" || exit 99

# mistake INITIALISERS: writes bad.c.
mistake() {
	cat >bad.c <<EOS
#include <helix/module.h>
static int m_init(const struct helix_context *c) { (void)c; return 0; }
static int m_hook(void) { return 0; }
HELIX_MODULE($1);
EOS
}

# wrong COMPILER -O SENTENCE: hmod cc refuses bad.c, saying it; nothing is written.
wrong() {
	ends 1 env CC="$1" "$HMOD" cc "$2" bad.c -o bad.hmod && says "$3" && [ ! -e bad.hmod ]
}
by_compiler() { wrong "$@" && says 'does not compile'; }
by_link() { wrong "$@" && ! grep -q 'does not compile' err; }

hooks='.init = m_init, .start = m_hook, .stop = m_hook'
long=$(printf '%064d' 0 | tr 0 n)
for cc in gcc clang; do
	for O in -O0 -O2; do
		mistake ".name = \"m\", .frob = 1, $hooks"
		claim "$cc $O: an unknown field" by_compiler $cc $O frob
		mistake '.name = "m", .init = m_hook, .start = m_hook, .stop = m_hook'
		claim "$cc $O: a hook of a wrong type" by_compiler $cc $O incompatible
		mistake ".name = \"m\", .version = \"1.0\", $hooks"
		claim "$cc $O: a text for a number" by_compiler $cc $O 'pointer'
		mistake ".name = 7, $hooks"
		claim "$cc $O: a number for a text" by_compiler $cc $O 'pointer'
		mistake ".name = \"a b\", $hooks"
		claim "$cc $O: a name with a blank" by_link $cc $O "name 'a b' has a byte that is no letter"
		mistake ".name = \"\", $hooks"
		claim "$cc $O: an empty name" by_link $cc $O "name '' is empty"
	done
	for field in name init start stop; do
		mistake "$(echo ".name = \"m\", $hooks" | sed "s/\.$field = [^,]*,* *//")"
		claim "$cc -O2: no .$field" by_compiler $cc -O2 "HELIX_MODULE: .$field is required"
		claim "$cc -O0: no .$field" by_link $cc -O0 ".$field: is required"
	done
	mistake ".name = \"$long\", $hooks"
	claim "$cc -O2: a long name" by_compiler $cc -O2 'longer than 63 bytes'
	claim "$cc -O0: a long name" by_link $cc -O0 'longer than 63 bytes'
	mistake ".name = \"${long#n}\", $hooks"
	claim "$cc -O2: 63 bytes are not too long" ends 0 env CC=$cc "$HMOD" cc bad.c -o good.hmod
	for dependency in 'a >> 1' 'a 1' 'a >= x' '?' 'cap:' ''; do
		mistake ".name = \"m\", .dependencies = HELIX_DEPENDENCIES(\"lib\", \"$dependency\"), $hooks"
		said='write it as "name"'
		[ $cc = clang ] || said='write each as'
		claim "$cc -O2: dependency '$dependency'" wrong $cc -O2 "$said"
		claim "$cc -O0: dependency '$dependency'" by_link $cc -O0 'write it as "name"'
	done
	for dependency in 'a' 'a>=1' 'a >= 1.0, < 2' '?a = 1.2.3' 'cap:cpu.scheduling' '?cap:x > 1'; do
		mistake ".name = \"m\", .dependencies = HELIX_DEPENDENCIES(\"$dependency\", \"lib\"), $hooks"
		for O in -O0 -O1 -Os -O2 -O3; do
			claim "$cc $O: dependency '$dependency' is good" \
				ends 0 env CC=$cc "$HMOD" cc -Wall -Wextra -Wshadow $O bad.c -o good.hmod
			claim '… without a word' [ ! -s err ]
			claim '… or a call of the check left' sh -c "! nm good.hmod | grep ' U '"
		done
	done
	rm -f good.hmod
done

# The README's module, to the letter, and as it says.
sed -n '/^## A module in ten lines/,/^Build it/s/^    //p' "$TOP_SRCDIR/README.md" >mine.c
claim 'the README has a module' [ "$(wc -l <mine.c)" -ge 8 ]
for cc in gcc clang; do
	claim "$cc builds it" ends 0 env CC=$cc "$HMOD" cc -Wall -Wextra mine.c -o mine.hmod
	claim '… without a word' [ ! -s err ]
done
finish
