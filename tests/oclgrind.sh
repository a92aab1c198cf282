#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Kernels under Oclgrind: no race, no access beyond a buffer, no wrong use of the API, no
# variable read before it is set.  Its exit code says nothing, its log does.
# Optimisation is off because Oclgrind lacks some of LLVM's intrinsics (funnel shifts of
# vectors) and computes some switches wrongly with it.
command -v oclgrind >/dev/null 2>&1 || {
	echo "skip: oclgrind is not installed (apt-get install oclgrind)"
	exit 77
}
log=$(mktemp) || exit 99
trap 'rm -f "$log"' EXIT
failed=0

check() { # what it is about, mode, options
	what=$1 mode=$2
	shift 2
	: >"$log"
	oclgrind --build-options -cl-opt-disable --max-errors 20 --log "$log" "$@" \
		"${top_builddir:-.}/tests/tiny_kernels" "$mode" 2>"$log.err"
	rc=$?
	rm -f "$log.err"
	if [ $rc -ne 0 ] || [ -s "$log" ]; then
		echo "FAIL $what: exit code $rc"
		head -n 60 "$log"
		failed=1
	else
		echo "ok   $what"
	fi
}

check "real kernels: right results, no races, no stray access" real --data-races --check-api
check "every plan, reduced: no races, no stray access" tiny --data-races --check-api
check "no variable is read before it is set" variables --uninitialized
exit $failed
