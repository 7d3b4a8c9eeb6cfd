#!/bin/sh
# SPDX-License-Identifier: MIT
#
# What every file keeps: a licence line, sizes, no path of a build machine.
. "$TOP_SRCDIR/tests/lib.sh"
cd "$TOP_SRCDIR" || exit 99
find . -path ./.git -prune -o -name 'build*' -prune -o -name _build -prune -o \
	-path ./autom4te.cache -prune -o -type f \( -name '*.[chS]' -o -name '*.sh' -o \
	-name '*.am' -o -name '*.ld' -o -name configure.ac -o -name helix -o -name '*.conf' \) ! -name config.h ! -name helix.conf \
	-print | sort >"$work/sources"

licensed() { ! xargs grep -L 'SPDX-License-Identifier: MIT' <"$work/sources" | grep .; }
claim 'every source has an SPDX line' licensed

short_files() { ! xargs wc -l <"$work/sources" | awk '$2 != "total" && $1 > 500' | grep .; }
claim 'no file is longer than 500 lines' short_files

short_functions() {
	! grep '\.c$' "$work/sources" | while read -r f; do
		awk -v F="$f" '/^\{/ { s = NR }
			/^\}/ { if (s && NR - s - 1 > 70) print F ":" s ": " NR - s - 1 " lines"; s = 0 }' "$f"
	done | grep .
}
claim 'no function is longer than 70 lines' short_functions

no_paths() { ! xargs grep -nE '(^|[^[:alnum:].])/(work|root|home)/|\.\./shared' <"$work/sources" | grep -v '^./tests/lint/sources.sh:'; }
claim 'no path of a build machine' no_paths

promised() { ! xargs grep -nE 'TODO|FIXME|XXX' <"$work/sources" | grep -v '^./tests/lint/sources.sh:' | grep -v 'helix.XXXXXX\|XXXXXX'; }
claim 'no unfinished note' promised
finish
