#!/bin/sh
# SPDX-License-Identifier: MIT
#
# hmod verify foresees what the kernel does: random sets of modules, good and bad,
# with random configurations; what the tool prints must be what the kernel logs,
# line for line, and what runs must have come in the predicted order.
. "$TOP_SRCDIR/tests/lib.sh"
[ "$BOOT_TESTS" = all ] || { pass 'not part of the one-boot run'; finish; }
unset CC
SETS=${VERIFY_SETS:-24} SEED=${VERIFY_SEED:-1}
cd "$work" || exit 99

# ---- twenty modules, m00 to m19: each needs up to three others, exports, imports
make_set() {
	awk -v SEED="$1" '
	function pick(n) { return int(rand() * n) }
	function name() { return sprintf("m%02d", pick(20)) }
	BEGIN {
		srand(SEED)
		for (i = 0; i < 20; i++) {
			deps = ""; split("", seen)
			for (k = i ? pick(3) : 0; k > 0; k--) {
				kind = pick(50)
				other = kind ? sprintf("m%02d", pick(i)) : name()
				word = kind == 9 ? "cap:c" pick(3) : kind == 10 ? "nosuch" : other
				if (seen[word]++)
					continue
				deps = deps sprintf("%s\"%s%s%s\"", deps == "" ? "" : ", ", kind < 8 && kind ? "?" : "", word,
					kind < 20 && kind > 12 ? " >= 1.1" : kind == 20 ? " < 1.0" : "")
			}
			printf "m%02d|%s|%d|%s|%d|%d\n", i, deps, pick(3), pick(4) ? "" : "c" pick(3), pick(10), pick(50)
		}
	}' /dev/null >set
}
# One module from a row of the set: name, dependencies, minor version, capability, fault, import.
build_one() {
	export_=$(printf 'int %s_value(void); int %s_value(void) { return 1; } HELIX_EXPORT(%s_value);' "$1" "$1" "$1")
	flags=0
	case $5 in
	0) export_="$export_ int m$(printf %02d $(($6 % 20)))_value(void); int use(void); int use(void) { return m$(printf %02d $(($6 % 20)))_value(); }" ;;
	1) flags=HELIX_DEPRECATED ;;
	2) flags=HELIX_EXPERIMENTAL ;;
	3) export_="$export_ int shared(void); int shared(void) { return 0; } HELIX_EXPORT(shared);" ;;
	4) export_="$export_ HELIX_PARAM(level, uint, 1, \"how much\");" ;;
	esac
	OPTIONS=".version = HELIX_VERSION(1, $3, 0), .flags = $flags,${2:+ .dependencies = HELIX_DEPENDENCIES($2),}${4:+ .provides = HELIX_PROVIDES(\"$4\"),}" \
		module_source "$1" "$1.c" "$export_"
	"$HMOD" cc -O1 "$1.c" -o "$1.hmod" || exit 99
	case $6 in
	3) head -c 900 "$1.hmod" >cut && mv cut "$1.hmod" ;;
	4) gzip -n <"$1.hmod" >"$1.hmod.gz" && rm "$1.hmod" ;;
	5) gzip -n <"$1.hmod" | head -c 300 >"$1.hmod.gz" && rm "$1.hmod" ;;
	esac
}
# A configuration that starts a random half of them.
write_conf() {
	awk -v SEED="$1" 'BEGIN { srand(SEED + 1000)
		for (i = 0; i < 20; i++) {
			if (rand() < .5) printf "start m%02d%s\n", i, rand() < .2 ? " level=9" : ""
			if (rand() < .05) printf "blacklist m%02d\n", i
			if (rand() < .03) print "frobnicate all" }
		if (rand() < .3) print "start nosuch" }' /dev/null >conf
}
build_set() {
	make_set "$1"
	write_conf "$1"
	rm -f m*.hmod m*.hmod.gz
	while IFS='|' read -r n d v c f i; do build_one "$n" "$d" "$v" "$c" "$f" "$i"; done <set
	"$HMOD" pack --force -o set.img --config conf m*.hmod* 2>pack.err || { cat pack.err; return 1; }
}

# What both say, without the kernel's time stamps; addresses are random in the kernel.
messages() { grep -E '^(module: |modules\.conf:|modules: |initrd: |m[0-9]+: the module)' | grep -v 'files and folders\|taints the kernel' | sed 's/: 0x[0-9a-f]* does not fit/: … does not fit/'; }
same() {
	build_set "$1" || return 1
	"$HMOD" verify set.img >predicted
	[ $? -le 1 ] && [ -s predicted ] || { echo "verify: no prediction"; return 1; }
	boot 0 --initrd set.img 'lsmod --running' dmesg || return 1
	grep -v '^start ' predicted | messages >tool.lines
	sed -n 's/^\[ *[0-9.]*\] //p' out | messages >kernel.lines
	sed -n 's/^start //p' predicted >tool.order
	awk '/^Module / { next } /^\[/ { exit } /^m[0-9]/ { print $1 }' out >kernel.order
	diff tool.lines kernel.lines && diff tool.order kernel.order || return 1
	lines=$((lines + $(wc -l <tool.lines))) starts=$((starts + $(wc -l <tool.order)))
}
lines=0 starts=0 nth=0
while [ $nth -lt "$SETS" ]; do
	claim "set $((SEED + nth)): the kernel does what was predicted" same $((SEED + nth))
	nth=$((nth + 1))
done
claim "the sets had something to say ($lines messages, $starts starts)" [ $lines -ge "$SETS" ]
claim '… and to start' [ $starts -ge "$SETS" ]
# The comparison itself: a line too few must be seen.
claim 'a difference is seen' sh -c 'sed 1d tool.lines | diff - kernel.lines >/dev/null && [ -s tool.lines ] && exit 1; exit 0'
finish
