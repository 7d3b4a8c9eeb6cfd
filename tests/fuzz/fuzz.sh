#!/bin/sh
# SPDX-License-Identifier: MIT
#
# make fuzz: runs the target over fresh seeds for $FUZZ_SECONDS seconds, under
# libFuzzer, or with FUZZER=afl under AFL++. What it finds is kept in the build
# folder (fuzz/found, fuzz/afl); of findings of the good seed's length, recipes
# for the corpus are printed.
set -eu
here=$TOP_SRCDIR/tests/fuzz
out=$HELIX_BUILD/fuzz
seconds=${FUZZ_SECONDS:-60}

lacks() { echo "fuzz: $1: ./helix setup fuzz" >&2; exit 2; }

# target COMPILER OUT: the sources with the fuzzer, ASan and UBSan.
target() {
	# shellcheck disable=SC2046
	(cd "$TOP_SRCDIR" && $1 -std=gnu11 -g -O1 -fsanitize=fuzzer,address,undefined \
		-fno-sanitize-recover=undefined -Iinclude -I. -Itests -o "$2" \
		$(find modfmt loader -name '*.c') tests/fuzz/attempt.c tests/fuzz/fuzz_hmod.c)
}

seeds() {
	SEED=$out/seeds/good "$HELIX_BUILD/tests/fuzz/seed" >/dev/null
	for source in "$TOP_SRCDIR"/modules/hello/hello.c "$here"/everything.c; do
		for flags in '-O2' '-O0 -fcommon' '-fPIC -mcmodel=small -fno-plt' '-fPIC -mcmodel=large'; do
			for cc in gcc clang; do
				# shellcheck disable=SC2086
				CC=$cc "$HMOD" cc $flags "$source" -o "$out/seed.hmod"
				cp "$out/seed.hmod" "$out/seeds/$(basename "$source")$(echo "$flags" | tr -d ' ')-$cc"
			done
		done
	done
}

# recipes FILE...: what differs from the good seed, of those of its length.
recipes() {
	for f; do
		[ -f "$f" ] && [ "$(wc -c <"$f")" = "$(wc -c <"$out/seeds/good")" ] || continue
		echo "# $(basename "$f")"
		FINDING=$f "$HELIX_BUILD/tests/fuzz/seed" | grep -E '^(at|end) '
	done
}

with_libfuzzer() {
	echo 'int LLVMFuzzerTestOneInput(const char *b, unsigned long n) { return 0 * (b && n); }' >"$out/probe.c"
	clang -fsanitize=fuzzer,address -w -o "$out/probe" "$out/probe.c" 2>"$out/probe.log" || {
		cat "$out/probe.log" >&2
		lacks 'clang has no libFuzzer here (packages libfuzzer-14-dev and libclang-rt-14-dev)'
	}
	target clang "$out/fuzz_hmod"
	code=0
	"$out/fuzz_hmod" -max_total_time="$seconds" -max_len=1048576 -timeout=10 -rss_limit_mb=3000 \
		-print_final_stats=1 -artifact_prefix="$out/found/" "$out/corpus" "$out/seeds" \
		>"$out/log" 2>&1 || code=$?
	grep -E 'DONE|stat::number_of_executed|SUMMARY|broken promise' "$out/log" || tail -n 5 "$out/log"
	[ "$code" = 0 ] || { recipes "$out"/found/*; echo "fuzz: found something: $out/found, log $out/log" >&2; exit 1; }
}

with_afl() {
	command -v afl-fuzz >/dev/null || lacks 'AFL++ is missing (package afl++)'
	AFL_USE_ASAN=1 AFL_USE_UBSAN=1 target afl-clang-fast "$out/fuzz_hmod.afl" >"$out/afl.log" 2>&1 ||
		{ cat "$out/afl.log" >&2; exit 2; }
	rm -rf "$out/afl"
	AFL_NO_UI=1 AFL_SKIP_CPUFREQ=1 AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1 AFL_NO_AFFINITY=1 \
		afl-fuzz -V "$seconds" -m none -t 10000 -i "$out/seeds" -o "$out/afl" -- "$out/fuzz_hmod.afl" \
		>"$out/log" 2>&1 || { tail -n 20 "$out/log" >&2; exit 2; }
	grep -E '^(execs_done|corpus_count|saved_crashes|saved_hangs) ' "$out/afl/default/fuzzer_stats"
	for f in "$out"/afl/default/crashes/id* "$out"/afl/default/hangs/id*; do
		[ -f "$f" ] || continue
		recipes "$out"/afl/default/*/id*
		echo "fuzz: found something: $out/afl/default" >&2
		exit 1
	done
}

command -v clang >/dev/null || lacks 'clang is missing'
mkdir -p "$out/seeds" "$out/found" "$out/corpus"
seeds
case ${FUZZER:-libfuzzer} in
libfuzzer) with_libfuzzer ;;
afl) with_afl ;;
*) echo "fuzz: FUZZER is libfuzzer or afl, not $FUZZER" >&2; exit 2 ;;
esac
