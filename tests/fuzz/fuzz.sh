#!/bin/sh
# SPDX-License-Identifier: MIT
#
# make fuzz: runs the libFuzzer target over fresh seeds for $FUZZ_SECONDS seconds.
# What it finds is kept in the build folder, with a recipe for the corpus.
set -eu
here=$TOP_SRCDIR/tests/fuzz
out=$HELIX_BUILD/fuzz
seconds=${FUZZ_SECONDS:-60}

command -v clang >/dev/null || { echo 'fuzz: clang is missing: ./helix setup fuzz' >&2; exit 2; }
mkdir -p "$out/seeds" "$out/found" "$out/corpus"
echo 'int LLVMFuzzerTestOneInput(const char *b, unsigned long n) { return 0 * (b && n); }' >"$out/probe.c"
clang -fsanitize=fuzzer,address -w -o "$out/probe" "$out/probe.c" 2>"$out/probe.log" || {
	cat "$out/probe.log" >&2
	echo 'fuzz: clang has no libFuzzer here (packages libfuzzer-14-dev and libclang-rt-14-dev):' \
		'./helix setup fuzz' >&2
	exit 2
}

# shellcheck disable=SC2046
(cd "$TOP_SRCDIR" && clang -std=gnu11 -g -O1 -fsanitize=fuzzer,address,undefined \
	-fno-sanitize-recover=undefined -Iinclude -I. -Itests -o "$out/fuzz_hmod" \
	$(find modfmt loader -name '*.c') tests/fuzz/attempt.c tests/fuzz/fuzz_hmod.c)

SEED=$out/seeds/good "$HELIX_BUILD/tests/fuzz/seed" >/dev/null
for source in "$TOP_SRCDIR"/modules/hello/hello.c "$TOP_SRCDIR"/tests/fuzz/everything.c; do
	for flags in '-O2' '-O0 -fcommon' '-fPIC -mcmodel=small -fno-plt' '-fPIC -mcmodel=large'; do
		for cc in gcc clang; do
			# shellcheck disable=SC2086
			CC=$cc "$HMOD" cc $flags "$source" -o "$out/seed.hmod"
			cp "$out/seed.hmod" "$out/seeds/$(basename "$source")$(echo "$flags" | tr -d ' ')-$cc"
		done
	done
done

# A finding of the good seed's length becomes a recipe: what differs from it.
recipes() {
	for f in "$out"/found/*; do
		[ -f "$f" ] && [ "$(wc -c <"$f")" = "$(wc -c <"$out/seeds/good")" ] || continue
		echo "# $(basename "$f")"
		cmp -l "$out/seeds/good" "$f" | awk '{ printf "at %d %s\n", $1 - 1, $3 }'
	done
}
code=0
"$out/fuzz_hmod" -max_total_time="$seconds" -max_len=1048576 -timeout=10 -rss_limit_mb=3000 \
	-print_final_stats=1 -artifact_prefix="$out/found/" "$out/corpus" "$out/seeds" \
	>"$out/log" 2>&1 || code=$?
grep -E 'DONE|stat::number_of_executed|SUMMARY|broken promise' "$out/log" || tail -n 5 "$out/log"
[ "$code" = 0 ] || { recipes; echo "fuzz: found something: $out/found, log $out/log" >&2; exit 1; }
