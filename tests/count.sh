#!/bin/sh
# SPDX-License-Identifier: MIT
#
# count.sh BUILD: adds up what the test programs of `make check` reported, shows
# the logs of those that failed, and ends with the line that CI reads.
passed=0 failed=0 skipped=0
for trs in $(find "$1/tests" -name '*.trs' | sort); do
	log=${trs%.trs}.log
	result=$(sed -n 's/^:test-result: //p' "$trs" | head -n 1)
	# Check says "Checks: 9, Failures: 1, Errors: 0"; scripts "9 passed, 1 failed".
	counts=$(sed -n -e 's/.*Checks: \([0-9]*\), Failures: \([0-9]*\), Errors: \([0-9]*\).*/\1 \2 \3/p' \
		-e 's/^\([0-9]*\) passed, \([0-9]*\) failed.*/- \1 \2/p' "$log" | awk '
		$1 == "-" { p += $2; f += $3; next }
		{ p += $1 - $2 - $3; f += $2 + $3 }
		END { print p + 0, f + 0 }')
	p=${counts% *} f=${counts#* }
	case $result in
	PASS) [ "$p" -gt 0 ] || { echo "$log: ran no test"; f=1; } ;;
	SKIP) skipped=$((skipped + 1)) ;;
	*) [ "$f" -gt 0 ] || f=1 ;;
	esac
	[ "$f" = 0 ] || { echo "==== $log"; tail -n 60 "$log"; }
	passed=$((passed + p)) failed=$((failed + f))
done
[ $((passed + failed)) -gt 0 ] || { echo "no test ran"; failed=1; }
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
