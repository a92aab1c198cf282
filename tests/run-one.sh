#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Run one test under a lid on its time; what it started ends with it.
# usage: run-one.sh TEST [ARGUMENT...]
limit=${TEST_TIMEOUT:-300}
tests=${top_srcdir:-.}/tests
LSAN_OPTIONS="suppressions=$tests/lsan.supp:print_suppressions=0${LSAN_OPTIONS:+:$LSAN_OPTIONS}"
TSAN_OPTIONS="suppressions=$tests/tsan.supp${TSAN_OPTIONS:+:$TSAN_OPTIONS}"
export LSAN_OPTIONS TSAN_OPTIONS
if [ ! -x "$1" ] && [ "${1%.sh}" != "$1" ]; then
	set -- sh "$@"
fi
begun=$(date +%s)
timeout --signal=TERM --kill-after=10 "$limit" "$@" </dev/null
rc=$?
[ $rc -eq 124 ] && echo "$1: ended after $limit s (TEST_TIMEOUT)"
# Of this shell's children, in hundredths of a second: fields 16 and 17 (man 5 proc).
user=0 system=0
[ -r "/proc/$$/stat" ] &&
	read -r _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ user system _ <"/proc/$$/stat"
echo "took $(($(date +%s) - begun)) s, on CPUs $(((user + system) / 100)) s"
exit $rc
