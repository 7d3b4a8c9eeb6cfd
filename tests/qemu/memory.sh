#!/bin/sh
# SPDX-License-Identifier: MIT
#
# No page is writable and executable; nothing leaks over 1,000 loads.
. "$TOP_SRCDIR/tests/lib.sh"
[ "$BOOT_TESTS" = all ] || { pass 'not part of the one-boot run'; finish; }

claim 'no writable and executable page, modules loaded and not' boot 0 'selftest wx' 'insmod counter' \
	'insmod counter_up' 'selftest wx' 'rmmod counter_up' 'rmmod counter' 'selftest wx'
none() { [ "$(grep -c '0 writable and executable, 0 aliased' "$work/out")" = 3 ]; }
claim '… three times none' none
claim 'insmod and rmmod 1,000 times leave every count as it was' boot 0 'leak 1000 counter'
claim '… and so do failing loads' boot 0 'rmmod hello' 'leak 20 hello'
module leaky 'static void *kept; static int keep(void) { kept = helix_alloc(1000); return !kept; }'
START='return keep();' module leaky 'static void *kept; static int keep(void) {
	kept = helix_alloc(1000); return !kept; }' || fail 'leaky builds'
claim 'what a module leaks is reported' boot 0 --add "$work/leaky.hmod" 'leak 10 leaky' 'dmesg'
claim '… with bytes and blocks' prints '1000 bytes'
finish
