#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The fuzzer's corpus in the kernel: every file is refused with the sentence that
# the host has for it, and nothing of it stays.
. "$TOP_SRCDIR/tests/lib.sh"
[ "$BOOT_TESTS" = all ] || { pass 'not part of the one-boot run'; finish; }

mkdir "$work/corpus"
claim 'the corpus is made' env CORPUS="$work/corpus" "$HELIX_BUILD/tests/fuzz/seed"
# What its module depends on and imports.
cat >"$work/chain_a.c" <<'EOS'
#include <helix/module.h>
void imported(void);
void imported(void) {}
HELIX_EXPORT(imported);
static int m_init(const struct helix_context *ctx) { (void)ctx; return 0; }
static int nothing(void) { return 0; }
HELIX_MODULE(.name = "chain_a", .version = HELIX_VERSION(1, 2, 0),
	.provides = HELIX_PROVIDES("block.v1"), .init = m_init, .start = nothing, .stop = nothing);
EOS
claim 'what it depends on' "$HMOD" cc "$work/chain_a.c" -o "$work/chain_a.hmod"
claim '… in an image of its own' "$HMOD" pack -o "$work/image" "$work/chain_a.hmod"
# Twice: what the loader sets up once is set up by then.
{
	echo 'insmod chain_a'
	for turn in 1 2; do
		for f in "$work"/corpus/*.bin; do echo "insmod /lib/modules/$(basename "$f")"; done
		echo mem
	done
} >"$work/script"
set --
for f in "$work"/corpus/*.bin; do set -- "$@" --add "$f"; done
claim 'all of it in one boot' boot 1 --keep-going --initrd "$work/image" "$@" --script "$work/script"
same() {
	grep '^insmod: ' "$work/out" >"$work/said"
	cat "$work/corpus/expected" "$work/corpus/expected" | diff - "$work/said"
}
claim 'each is refused with the sentence that the host has' same
claim '… two dozen at least' [ "$(wc -l <"$work/corpus/expected")" -ge 24 ]
counts() { [ "$(grep '^loader: ' "$work/out" | uniq | wc -l)" = 1 ] &&
	[ "$(grep '^modules: ' "$work/out" | uniq | wc -l)" = 1 ] || { grep '^[lm]' "$work/out"; return 1; }; }
claim 'the counts are the same after it as before' counts
finish
