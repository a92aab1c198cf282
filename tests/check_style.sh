#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# The house style, as far as grep and awk can see it.
# usage: check_style.sh [TREE]   exit 0 clean, 1 with one line a finding
tree=${1:-${top_srcdir:-.}}
cd "$tree" || exit 99
dirs=
for d in src algos kernels pool tests bench; do
	[ -d $d ] && dirs="$dirs $d"
done
rc=0
# shellcheck disable=SC2086 # a list of words
sources=$(find $dirs -name '*.[ch]' -o -name '*.cl' -o -name '*.clh' -o -name '*.def' | sort)
[ -n "$sources" ] || { echo "no sources in $tree"; exit 99; }
# shellcheck disable=SC2086 # file names here have no blanks
LC_ALL=C ${AWK:-awk} -f "${top_srcdir:-$tree}/tests/style.awk" $sources || rc=1

# Scripts and make fragments: SPDX near the top, no trailing blanks.
# shellcheck disable=SC2086
scripts=$(find $dirs packaging build-aux m4 -name '*.sh' -o -name '*.awk' -o -name '*.py' \
	-o -name '*.am' -o -name '*.m4' 2>/dev/null | sort)
for f in $scripts quickstart .ci/run configure.ac Makefile.am; do
	[ -f "$f" ] || continue
	case $f in
	*/list.am) ;;
	build-aux/*) grep -q 'Free Software Foundation' "$f" && continue ;;
	esac
	[ "${f%/list.am}" != "$f" ] || head -n 3 "$f" | grep -q SPDX-License-Identifier ||
		{ echo "$f: the SPDX line belongs at the top"; rc=1; }
	grep -n '[ 	]$' "$f" /dev/null && { echo "$f: trailing blank"; rc=1; }
done
exit $rc
