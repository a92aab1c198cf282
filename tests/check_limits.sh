#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# The lids that doc/limits.md promises are those of the code.
# usage: check_limits.sh [TREE]   exit 0 clean, 1 with one line a finding
tree=${1:-${top_srcdir:-.}}
cd "$tree" || exit 99
# shellcheck disable=SC2016 # backticks are text
rows=$(sed -n 's/^|[^|]*| `\([A-Z0-9_]*\)` | `\([^`]*\)` | `\([^`]*\)` |.*/\1|\3|\2/p' doc/limits.md)
[ -n "$rows" ] || { echo "doc/limits.md: no rows"; exit 99; }
echo "$rows" | while IFS='|' read -r name file value; do
	line=$(grep -E "#[[:space:]]*define[[:space:]]+${name}[[:space:]]" "$file" 2>/dev/null |
		sed -e 's|/\*.*||' -e 's/[[:space:]]*$//' -e "s/.*${name}[[:space:]]*//")
	[ "$line" = "$value" ] ||
		echo "doc/limits.md: $name is $value there, '${line:-nothing}' in $file"
done | grep . && exit 1
exit 0
