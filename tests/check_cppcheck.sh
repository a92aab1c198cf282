#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# cppcheck's errors and warnings; its style opinions are not asked for.
# usage: check_cppcheck.sh [TREE]   exit 0 clean, 1 with the places, 77 without cppcheck
tree=${1:-${top_srcdir:-.}}
cd "$tree" || exit 99
command -v cppcheck >/dev/null 2>&1 || { echo "skip: cppcheck is not installed"; exit 77; }
dirs=
for d in src algos pool tests; do
	[ -d $d ] && dirs="$dirs $d"
done
generated=${top_builddir:-.}/generated
# page.c is little more than the dashboard's bytes, as arrays that take it minutes.
# nullPointer...Redundant and uninitvar on out-parameters misfire on the err pattern.
# shellcheck disable=SC2086 # a list of words
exec cppcheck --quiet --error-exitcode=1 --enable=warning,portability --inline-suppr -j2 \
	--std=c11 -I . -I "$generated" -DADIT_HAVE_CONFIG -D__linux__ -D__x86_64__ \
	--suppress=missingInclude --suppress=missingIncludeSystem --suppress=unknownMacro \
	--suppress=unmatchedSuppression --suppress=preprocessorErrorDirective \
	-i src/api/page.c --suppress='*:*generated/*' --suppress='*:kernels/*' \
	--template='{file}:{line}: {severity}: {id}: {message}' $dirs
