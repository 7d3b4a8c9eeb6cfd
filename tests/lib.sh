# SPDX-License-Identifier: MIT
#
# For test scripts: one claim a row, counted; ends with `N passed, N failed`.
# Use: . "$TOP_SRCDIR/tests/lib.sh"; claim 'sentence' command...; finish
passed=0 failed=0
work=$(mktemp -d "${TMPDIR:-/tmp}/helix-test.XXXXXX") || exit 99
trap 'rm -rf "$work"' EXIT
trap 'exit 99' INT TERM HUP

pass() { passed=$((passed + 1)); echo "ok: $1"; }
fail() { failed=$((failed + 1)); echo "FAILED: $1"; }

# claim SENTENCE COMMAND...: the command succeeds.
claim() {
	sentence=$1
	shift
	if "$@" >"$work/claim.out" 2>&1; then pass "$sentence"; else
		fail "$sentence"
		sed 's/^/    /' "$work/claim.out" | head -n 40
	fi
}

# boot STATUS ARGS...: helix exec; output in $work/out, messages in $work/err;
# fails when the exit status is another.
boot() {
	wanted=$1
	shift
	"$HELIX" exec --timeout 300 "$@" >"$work/out" 2>"$work/err"
	status=$?
	[ "$status" = "$wanted" ] && return 0
	echo "helix exec ended with $status, wanted $wanted:"
	cat "$work/out" "$work/err"
	return 1
}

# ends STATUS COMMAND...: the command ends so; output in $work/out, messages in
# $work/err.
ends() {
	wanted=$1
	shift
	"$@" >"$work/out" 2>"$work/err"
	status=$?
	[ "$status" = "$wanted" ] && return 0
	echo "$* ended with $status, wanted $wanted:"
	cat "$work/out" "$work/err"
	return 1
}

# refuses STATUS TEXT COMMAND...: it ends so, prints nothing, and says one line
# that has TEXT in it.
refuses() {
	wanted=$1 text=$2
	shift 2
	ends "$wanted" "$@" && says "$text" || return 1
	[ ! -s "$work/out" ] && [ "$(wc -l <"$work/err")" = 1 ] && return 0
	echo "not one line, on stderr alone:"
	cat "$work/out" "$work/err"
	return 1
}

# prints TEXT: the last output has TEXT in it; says TEXT: the messages have.
prints() { grep -qF -- "$1" "$work/out" || { echo "no '$1' in:"; cat "$work/out"; return 1; }; }
says() { grep -qF -- "$1" "$work/err" || { echo "no '$1' in:"; cat "$work/err"; return 1; }; }
silent() { ! grep -qF -- "$1" "$work/out" || { echo "'$1' stands in:"; cat "$work/out"; return 1; }; }

# module NAME FILE [CODE]: writes a module source with an optional line of code
# and options in $OPTIONS (initialisers).
module_source() {
	cat >"$2" <<EOF
#include <helix/module.h>
${3:-}
static int m_init(const struct helix_context *ctx) { (void)ctx; ${INIT:-return 0;} }
static int m_start(void) { ${START:-return 0;} }
static int m_stop(void) { return 0; }
HELIX_MODULE(.name = "$1", .license = "MIT", ${OPTIONS:-}
	.init = m_init, .start = m_start, .stop = m_stop);
EOF
}
# module NAME [CODE]: compiles it to $work/NAME.hmod.
module() {
	module_source "$1" "$work/$1.c" "${2:-}"
	"$HMOD" cc "$work/$1.c" -o "$work/$1.hmod"
}

finish() {
	echo "$passed passed, $failed failed"
	[ "$failed" = 0 ]
	exit
}
