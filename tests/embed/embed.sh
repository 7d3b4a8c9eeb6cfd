#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The installed libraries embedded twice, out of tree, by their pkg-config files
# alone: a process with threads, and the minimal one that doc/EMBEDDING.md shows.
. "$TOP_SRCDIR/tests/lib.sh"
unset MAKEFLAGS MAKELEVEL MFLAGS
cd "$work" || exit 99
doc=$TOP_SRCDIR/doc/EMBEDDING.md
modules=$HELIX_BUILD/modules

claim 'make install' ends 0 make -C "$HELIX_BUILD" install DESTDIR="$work/root"
prefix=$(sed -n 's/^prefix=//p' "$HELIX_BUILD/helix-loader.pc")
export PKG_CONFIG_PATH="$work/root$prefix/lib/pkgconfig"
# flags WHAT PACKAGE: what the package asks for, under the folder it was installed into.
flags() { pkg-config --define-variable=prefix="$work/root$prefix" --define-variable=exec_prefix="$work/root$prefix" \
	--define-variable=includedir="$work/root$prefix/include" --define-variable=libdir="$work/root$prefix/lib" "$1" "$2"; }
claim 'pkg-config knows the loader' flags --libs helix-loader
claim '… and the freestanding one' flags --libs helix-loader-freestanding

# ---- headers: each stands alone, in C
for h in $(cd "$work/root$prefix/include" && find helix-loader -name '*.h' | sort); do
	echo "#include \"${h#helix-loader/}\"" >alone.c
	# shellcheck disable=SC2046
	claim "$h stands alone" ${CC:-cc} -std=gnu11 -Wall -Wextra -Werror $(flags --cflags helix-loader) -c alone.c -o alone.o
done

# ---- the minimal one
sed -n '/^```c$/,/^```$/p' "$doc" | sed -n '/SPDX/,/^```$/p' | sed '$d' >shown.c
claim 'the document shows the whole minimal embedder' diff "$TOP_SRCDIR/tests/embed/minimal.c" shown.c
embed_minimal() { # COMPILER MODULE OUTPUT
	# shellcheck disable=SC2046
	"$1" -O2 -Wall -Wextra -Wshadow -Werror -DMODULE="\"$2\"" $(flags --cflags helix-loader-freestanding) -c shown.c -o shown.o &&
		"$1" -no-pie -Wl,--gc-sections shown.o $(flags --libs helix-loader-freestanding) -o "$3"
}
claim 'it compiles, freestanding, by gcc' embed_minimal gcc "$modules/hello.hmod" minimal
claim '… runs' ends 0 ./minimal
claim '… the module spoke, and all was given back' [ "$(cat out)" = "$(printf 'hello, world\ngoodbye\nblocks left: 0')" ]
claim 'by clang' embed_minimal clang "$modules/hello.hmod" minimal-clang
claim '… runs' ends 0 ./minimal-clang
claim 'of the C library it takes printf and mem* alone' sh -c '! nm -u shown.o | grep -vE "U (hload_|hmod_|v?f?printf|putc|putchar|puts|stdout|mem|__stack_chk_fail)"'
head -c 900 "$modules/hello.hmod" >cut.hmod
claim 'a cut module' embed_minimal gcc "$work/cut.hmod" minimal-cut
claim '… is refused' ends 1 ./minimal-cut
claim '… in the same words, and all was given back' sh -c 'grep -q "^refused: the section table" out && grep -qx "blocks left: 0" out'
claim 'one that depends on another' embed_minimal gcc "$modules/chain_b.hmod" minimal-chain
claim '… is refused' ends 1 ./minimal-chain
claim '… with the name' prints 'refused: depends on chain_a, which is not registered'

# ---- a process: its sources elsewhere, so that only what is installed is found
mkdir -p src/tools && cp "$TOP_SRCDIR"/tools/process* src/tools && cp "$TOP_SRCDIR/tests/embed/process.c" src
embed_process() { # OUTPUT FLAGS...
	to=$1
	shift
	# shellcheck disable=SC2046
	gcc -std=gnu11 -g -O1 -Wall -Wextra -Werror -fno-pie -no-pie "$@" -Isrc $(flags --cflags helix-loader) \
		src/process.c src/tools/process.c src/tools/process_api.c $(flags --libs helix-loader) -lpthread -o "$to"
}
claim 'a process' embed_process process -fsanitize=address,undefined
claim '… loads modules a hundred times while threads ask them' \
	ends 0 timeout 120 ./process "$modules/counter.hmod" "$modules/counter_up.hmod" "$modules/event_log.hmod"
claim '… nothing was ever writable and executable' prints 'loads looked at: 303'
claim '… and asked them' prints 'asked: yes'
claim '… a bad one is refused' ends 1 ./process "$modules/counter_up.hmod"
claim '… in the same words' says 'depends on counter, which is'

# ---- the figures in the document
measured() {
	sh "$TOP_SRCDIR/tests/embed/cost.sh" "$HELIX_BUILD" | grep '^| lib[a-z]*\.a '
}
close() { # every figure of the document within a quarter of what is measured
	measured >now && sed -n '/^| lib[a-z]*\.a /p' "$doc" >told && [ "$(wc -l <told)" = 2 ] || return 1
	paste -d'|' now told | awk -F'|' '{ a = $3; b = $8; if (!b || a > 1.25 * b || b > 1.25 * a) { print "now" a ", told" b; bad = 1 } } END { exit bad }'
}
claim 'the code sizes in the document are about right' close
hooks() { # the document has a row for each hook of the contract
	sed -n '/^struct hload_host {/,/^};/p' "$TOP_SRCDIR/loader/host.h" | grep -o '(\*[a-z_]*)(void \*ctx' | sed 's/(\*//; s/).*//' | sort >hooks.have
	grep -o '^| `[a-z_]*`' "$doc" | tr -d '|` ' | sort >hooks.told
	grep -v '^judge_bias$\|^ctx$' hooks.told | comm -23 hooks.have - >missing
	[ -s hooks.have ] && [ ! -s missing ] || { cat missing; return 1; }
}
claim 'the document tells of every hook' hooks
finish
