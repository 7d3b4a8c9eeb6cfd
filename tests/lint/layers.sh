#!/bin/sh
# SPDX-License-Identifier: MIT
#
# No file includes a layer above its own.
. "$TOP_SRCDIR/tests/lib.sh"
cd "$TOP_SRCDIR" || exit 99

# below LAYER ALLOWED...: every quoted include of LAYER's files names one of ALLOWED.
below() {
	layer=$1
	shift
	allowed=$(printf '%s|' "$@")
	find "$layer" -name '*.[chS]' | sort >"$work/files"
	[ -s "$work/files" ] || { echo "no files in $layer"; return 1; }
	xargs grep -nE '^#[ \t]*include "[^"]*/' <"$work/files" /dev/null >"$work/includes"
	! grep -vE "include \"($allowed$layer)/" "$work/includes"
}
claim 'modfmt includes only itself and the SDK' below modfmt helix
claim 'loader stands on modfmt' below loader helix modfmt
claim 'initrd stands on modfmt' below initrd helix modfmt
claim 'kernel/mm includes no service and no shell' below kernel/mm helix modfmt kernel/core kernel/arch kernel/sched
claim 'kernel/arch includes no service and no shell' \
	below kernel/arch helix modfmt kernel/core kernel/mm kernel/sched
claim 'kernel/sched includes no service and no shell' \
	below kernel/sched helix modfmt kernel/core kernel/arch kernel/mm
claim 'kernel/svc includes no shell' \
	below kernel/svc helix modfmt loader initrd kernel/core kernel/mm kernel/sched
claim 'tools include no kernel' below tools helix modfmt loader initrd
claim 'modules include the SDK alone' sh -c '! grep -rnE "include \"[^\"]*/" modules'
# The check itself: a file with an upward include must not pass.
mkdir -p "$work/modfmt" && echo '#include "kernel/core/log.h"' >"$work/modfmt/bad.c"
cd "$work" || exit 99
caught() { ! below modfmt helix; }
claim 'an upward include is caught' caught
finish
