#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# The lists of variants are in order and whole, and no source or test is left out of the build.
# usage: check_lists.sh [TREE]   exit 0 clean, 1 with one line a finding
tree=${1:-${top_srcdir:-.}}
cd "$tree" || exit 99
rc=0

say()
{
	echo "$1"
	rc=1
}

entries()
{
	sed -n "s|^[[:space:]]*$1/\([a-z0-9_]*\).*|\1|p" "$1/list.am"
}

kernels=$(sed -n 's|^[[:space:]]*kernels/\([a-z0-9_]*\).*|\1|p' algos/list.am)
for name in $kernels; do
	[ -f "kernels/$name.cl" ] || say "algos/list.am: no kernels/$name.cl"
done
for f in kernels/*.cl; do
	[ -f "$f" ] || continue
	echo "$kernels" | grep -qx "$(basename "$f" .cl)" || say "$f: not in algos/list.am"
done

for kind in algos pool; do
	[ -f $kind/list.am ] || { echo "$kind/list.am: missing"; exit 99; }
	names=$(entries $kind)
	[ -n "$names" ] || { echo "$kind/list.am: no entries"; exit 99; }
	[ "$names" = "$(echo "$names" | LC_ALL=C sort -u)" ] ||
		say "$kind/list.am: not in alphabetical order, or a name twice"
done

for name in $(entries algos); do
	for f in algos/$name.c tests/vectors/$name.json; do
		[ -f "$f" ] || say "algos/list.am: $name has no $f"
	done
	grep -qs "^const struct algo algo_$name = {" "algos/$name.c" ||
		say "algos/$name.c: no 'const struct algo algo_$name = {'"
done

# ... and those that share a family's test are in it.
for f in algos/*.c; do
	name=$(basename "$f" .c)
	grep -qs '\(PROGPOW\|ETHASH\)_MEMBERS(' "$f" || continue
	grep -qs "FAMILY=.*\"$name\"" tests/am/*.am || say "$f: in no FAMILY of tests/am/algos.am"
done
for name in $(entries pool); do
	[ -f "pool/$name.c" ] || say "pool/list.am: $name has no pool/$name.c"
	grep -qs "^const struct dialect dialect_$name = {" "pool/$name.c" ||
		say "pool/$name.c: no 'const struct dialect dialect_$name = {'"
done

# ... and the other way round: a variant that is on no list is dead code.
for f in algos/*.c pool/*.c; do
	[ -f "$f" ] || continue
	kind=${f%%/*}
	name=$(sed -n 's/^const struct [a-z]* \(algo\|dialect\)_\([a-z0-9_]*\) = {.*/\2/p' "$f")
	[ -n "$name" ] || continue
	entries "$kind" | grep -qxF "$name" || say "$f: $name is not in $kind/list.am"
done

# Every source is in the build, every test is run, everything is shipped.
fragments=$(find . -name '*.am' -not -path './build*' -not -path './out/*' | sort)
# shellcheck disable=SC2016,SC2086 # awk's $i; file names here have no blanks
mentioned=$(cat $fragments | ${AWK:-awk} '{ for (i = 1; i <= NF; i++) print $i }' | sort -u)
for f in $(find src algos pool tests -name '*.[ch]' -o -name '*.def' | sort) $(find doc -name '*.md'); do
	case $f in
	algos/*.c) entries algos | grep -qx "$(basename "$f" .c)" && continue ;;
	pool/*.c) entries pool | grep -qx "$(basename "$f" .c)" && continue ;;
	esac
	echo "$mentioned" | grep -qxF "$f" || say "$f: in no Makefile fragment"
done
exit $rc
