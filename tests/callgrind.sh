#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The host's hot paths take no more instructions than tests/callgrind.budget allows, and 5 %.
# usage: callgrind.sh [print]   with top_srcdir and top_builddir; print: a budget of this machine
# A budget is of one compiler and C library; elsewhere this is skipped.
set -u
budget=${top_srcdir:-.}/tests/callgrind.budget
tmp=$(mktemp -d "${TMPDIR:-/tmp}/adit-callgrind.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
slack=5
command -v valgrind >/dev/null || { echo "skip: no valgrind"; exit 77; }
command -v strip >/dev/null || { echo "skip: no strip"; exit 77; }

# What the budget's rows are named by: compiler, C library, machine.
flags=$(sed -n 's/^CFLAGS = //p' "${top_builddir:-.}/Makefile")
compiler=$(sed -n 's/^CC = //p' "${top_builddir:-.}/Makefile")
case " $flags " in
*" -O2 "*) ;;
*) echo "skip: compiled with '$flags', the budget is of -O2"; exit 77 ;;
esac
case $flags in
*coverage* | *sanitize*) echo "skip: compiled with '$flags'"; exit 77 ;;
esac
# shellcheck disable=SC2086 # it may be two words, ccache first
kind="$($compiler -dM -E -x c /dev/null | grep -q __clang__ && echo clang || echo gcc)"
# shellcheck disable=SC2086
kind+="-$($compiler -dumpversion | cut -d. -f1) $(getconf GNU_LIBC_VERSION | tr ' ' '-') $(uname -m)"

hot=$tmp/hot_paths # without debug information, of which valgrind may not know the form
strip -g -o "$hot" "${top_builddir:-.}/tests/hot_paths" || exit 1

# collected NAME TIMES: instructions.
collected() {
	valgrind --tool=callgrind --callgrind-out-file=/dev/null "$hot" "$1" "$2" 2>"$tmp/log" ||
		{ cat "$tmp/log" >&2; return 1; }
	sed -n 's/^==[0-9]*== Collected : \([0-9]*\).*/\1/p' "$tmp/log"
}

failed=0
rows=0
for name in $("$hot"); do
	want=$(sed -n "s/^$kind $name //p" "$budget")
	[ -n "$want" ] || [ "${1-}" = print ] || continue
	times=200
	[ "$name" = lease ] && times=10000 # so short that the start would be seen in it
	base=$(collected "$name" 0) && full=$(collected "$name" "$times") || exit 1
	each=$(((full - base) / times))
	rows=$((rows + 1))
	if [ "${1-}" = print ]; then
		echo "$kind $name $each"
		continue
	fi
	echo "$name: $each instructions, the budget is $want"
	if [ $((each * 100)) -gt $((want * (100 + slack))) ]; then
		echo "not ok - $name takes more than $slack % beyond its budget"
		failed=1
	elif [ $((each * 100)) -lt $((want * (100 - 2 * slack))) ]; then
		echo "$name: much better: lower the budget (tests/callgrind.sh print)"
	fi
done
[ "$rows" -gt 0 ] || { echo "skip: no budget of $kind"; exit 77; }
exit $failed
