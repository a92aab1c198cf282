#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Counts the instructions of the host's hot paths with callgrind and holds them against the
# committed budget: bench/hot.sh [--update], in a build directory with an optimised bench/hot
# (`make bench/hot`).  More than 5 % over it fails.  Counts belong to a compiler and a machine's
# kind, which the budget names; elsewhere they are printed only (exit 77).
set -u
src=${srcdir:-$(dirname "$0")/..}
budget=$src/bench/hot.txt
[ -x bench/hot ] || { echo "no bench/hot here: run make bench/hot" >&2; exit 2; }
command -v valgrind >/dev/null || { echo "skip: valgrind is not installed"; exit 77; }
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
valgrind -q --tool=callgrind --callgrind-out-file="$dir/out" bench/hot >"$dir/log" 2>&1 ||
	{ cat "$dir/log"; exit 1; }
callgrind_annotate --inclusive=yes --threshold=100 "$dir/out" |
	sed -nE 's/^ *([0-9,]+) .*:(hot_[a-z0-9_]+).*/\2 \1/p' | tr -d , | sort -u >"$dir/counts"
[ "$(wc -l <"$dir/counts")" = 7 ] || { echo "seven counts expected:"; cat "$dir/counts"; exit 1; }
compiler=$(sed -nE 's/^CC = (.* )?([^ ]+)$/\2/p' Makefile | head -n 1)
libraries=$(sed -nE 's/^(ID|VERSION_ID)=//p' /etc/os-release | tr -d '"' | sort | paste -sd' ')
# Libraries choose their code by these.
flags=$(grep -m 1 -E '^flags' /proc/cpuinfo | grep -owE 'avx2|bmi2|avx512f|sha_ni' | sort | paste -sd' ')
here="$compiler $("$compiler" -dumpversion), libraries of $libraries, $(uname -m) $flags"
if [ "${1-}" = --update ]; then
	{
		echo "# Instructions of bench/hot's parts; bench/hot.sh --update writes this file."
		echo "# $here"
		cat "$dir/counts"
	} >"$budget"
fi
same=1
grep -qxF "# $here" "$budget" || same=0
awk -v same=$same '
	FNR == NR { if (!/^#/) want[$1] = $2; next }
	{
		part = want[$1] ? 100 * $2 / want[$1] - 100 : 0
		printf "%-20s %12d  budget %12d  %+.1f %%\n", $1, $2, want[$1], part
		if (!want[$1] || part > 5) bad = 1
		if (part < -5) better = 1
	}
	END {
		if (better && same) print "well under the budget: bench/hot.sh --update"
		if (bad && same) print "over the budget: make it cheaper, or say why not and update it"
		exit bad && same
	}' "$budget" "$dir/counts" || exit 1
[ $same = 1 ] || { echo "skip: the budget is of $(sed -n 2p "$budget"), here is $here"; exit 77; }
