#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# clang-format 14 leaves every .c and .h as it is (kernels/ is three languages at once: not asked).
# usage: check_format.sh [TREE]   exit 0 clean, 1 with the places, 77 without clang-format
tree=${1:-${top_srcdir:-.}}
cd "$tree" || exit 99
tool=${CLANG_FORMAT:-clang-format}
version=$($tool --version 2>/dev/null | sed -n 's/.*version \([0-9]*\).*/\1/p')
[ -n "$version" ] || { echo "skip: clang-format is not installed"; exit 77; }
# Other versions lay out some lines differently; only one can be the judge.
[ "$version" = 14 ] || { echo "skip: clang-format $version, the style is version 14's"; exit 77; }
files=$(find src algos pool tests bench -name '*.[ch]' 2>/dev/null | sort)
[ -n "$files" ] || { echo "no sources in $tree"; exit 99; }
# shellcheck disable=SC2086 # file names here have no blanks
out=$($tool --style=file --dry-run -Werror $files 2>&1) && exit 0
echo "$out" | grep -E 'error:|No such' | head -n 40
echo "clang-format -i cures this"
exit 1
