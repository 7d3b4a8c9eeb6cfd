#!/bin/sh
# SPDX-License-Identifier: MIT
#
# A v1 and a v2 module talk in the running kernel, with the shell and with each other.
. "$TOP_SRCDIR/tests/lib.sh"

claim 'a v1 and a v2 module run side by side' boot 1 --keep-going 'modprobe scribe' \
	'request journal write first' 'request scribe note second' 'request scribe recite' \
	'request journal last' 'request scribe tell' 'request scribe heard' \
	'request journal forward' 'request journal write 0xff01' 'request journal sing' \
	'ifaces' 'modinfo journal' 'rmmod journal' 'rmmod -r journal' 'dmesg'
claim '… v1 dependencies are known by id' \
	sh -c "grep -q 'journal: helix_execution is module [1-9]' '$work/out'"
claim '… the shell and a v2 module write to the v1 module' sh -c \
	"grep -Eq '^\[\{\"number\":1,\"source\":0,\"text\":\"first\"\},\{\"number\":2,\"source\":[1-9][0-9]*,\"text\":\"second\"\}\]$' '$work/out'"
claim '… a map is printed in canonical form' \
	sh -c "grep -Eq '^\{\"number\":2,\"source\":[1-9][0-9]*,\"text\":\"second\"\}$' '$work/out'"
claim '… the v1 module sends to the v2 module and answers with its answer' \
	prints 'thank you, journal'
claim '… which heard it' sh -c "[ \$(grep -cx second '$work/out') = 1 ]"
claim '… the shell takes no messages' \
	prints 'request: journal answers with an error: the asker does not take messages'
claim '… bytes are no text' prints 'journal answers with an error: an entry is a text'
claim '… an unknown request is an error answer' \
	prints 'journal answers with an error: Unknown request'
claim '… its interface takes messages' prints 'count,clear +messages'
claim '… all authors are kept' sh -c "[ \$(grep -c '^author:' '$work/out') = 2 ]"
claim '… rmmod names who holds it' \
	prints 'rmmod: module journal is in use by: scribe, scribe (helix.journal)'
claim '… cleanup comes after stop' sh -c \
	"grep -A1 'journal: 2 entries at the end' '$work/out' | grep -q 'journal: closed'"
claim '… nothing is left over' silent 'taken back'
[ "$BOOT_TESTS" = all ] || finish
claim 'a parameter holds for v1 too' boot 0 'insmod journal keep=2' 'request journal write a' \
	'request journal write b' 'request journal write c' 'request journal read'
claim '… and bounds what is kept' sh -c \
	"grep -qx '\[{\"number\":2,\"source\":0,\"text\":\"b\"},{\"number\":3,\"source\":0,\"text\":\"c\"}\]' '$work/out'"

# The document's module, as it stands there.
sed -n '/^```c$/,/^```$/p' "$TOP_SRCDIR/doc/MODULES_V1.md" | sed '/^```/d' >"$work/answer.c"
claim 'the module of doc/MODULES_V1.md compiles' "$HMOD" cc -Wall -Wextra -Werror "$work/answer.c" \
	-o "$work/answer.hmod"
claim '… and answers' boot 0 --add "$work/answer.hmod" 'insmod answer' 'request answer anything'
claim '… what it says' sh -c "grep -qx 42 '$work/out'"
sed 's/^HELIX_MODULE_V1/static int wrong(int n) { return n; }\
static const struct { int (*one)(void); } ops = { my_stop };\
HELIX_V1_INTERFACE("x", 1, 0, ops, wrong, "one");\
&/' "$work/answer.c" >"$work/wrong.c"
refused() { ! "$HMOD" cc "$work/wrong.c" -o "$work/wrong.hmod" >"$work/err" 2>&1; }
claim 'an interface with a function of another type does not compile' refused
claim '… and is told why' says 'HELIX_V1_INTERFACE: the function takes'
finish
