#!/bin/sh
# SPDX-License-Identifier: MIT
#
# generate.sh NAME [relocs=N] [imports=N] [bytes=N] [exports=N] [locals=N]
#             [sections=N] [provide=N]
# Writes NAME.c: a module named NAME with that many of each. Half of the
# relocations are calls, half are 8-byte pointers; they go to the imports in
# turn, or to functions of the module itself. The bytes are code. `provide` makes
# the module that the imports come from. Names of symbols have 22 bytes.
name=$1
shift
awk -v name="$name" -v options="$*" '
function of(what) { return what in option ? option[what] : 0 }
function target(i) {
	if (of("imports"))
		return sprintf("bench_import_%09d", i % of("imports"))
	return sprintf("bench_target_%09d", 0)
}
function line(text) { print "\t\"" text "\\n\"" }
BEGIN {
	n = split(options, list, " ")
	for (i = 1; i <= n; i++) {
		split(list[i], pair, "=")
		option[pair[1]] = pair[2]
	}
	print "#include <helix/module.h>\n"
	print "static int bench_init(const struct helix_context *ctx) { (void)ctx; return 0; }"
	print "static int bench_start(void) { return 0; }"
	print "static int bench_stop(void) { return 0; }"
	print "HELIX_MODULE(.name = \"" name "\", .license = \"MIT\","
	print "\t.init = bench_init, .start = bench_start, .stop = bench_stop);"
	for (i = 0; i < of("exports") + of("provide"); i++) {
		symbol = sprintf("bench_%s_%09d", of("provide") ? "import" : "export", i)
		print "int " symbol "(void);\nint " symbol "(void) { return " i "; }"
		print "HELIX_EXPORT(" symbol ");"
	}
	print "__asm__(\".text\\n\""
	line(sprintf(".globl bench_target_%09d", 0))
	line(sprintf("bench_target_%09d: ret", 0))
	for (i = 0; i < of("locals"); i++) {
		symbol = sprintf("bench_local__%09d", i)
		line(".type " symbol ",@function\\n" symbol ": ret")
	}
	calls = int(of("relocs") / 2)
	for (i = 0; i < calls; i++)
		line("call " target(i))
	if (of("bytes"))
		line(".skip " of("bytes") ",0x90")
	if (of("relocs") > calls)
		line(".data\\n.p2align 3")
	for (i = calls; i < of("relocs"); i++)
		line(".quad " target(i))
	for (i = 0; i < of("sections"); i++)
		line(sprintf(".section .text.bench_%d,\\\"ax\\\",@progbits\\n.quad 0", i))
	print "\t\".text\\n\");"
}' </dev/null >"$name.c"
