#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The manual page has no roff warning, completions parse and complete, and all name every option.
# usage: manual.sh   with ADIT, the program
set -u
: "${ADIT:?set ADIT to the adit binary}"
tmp=$(mktemp -d "${TMPDIR:-/tmp}/adit-manual.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
failed=0
check() {
	local what=$1
	shift
	if "$@" >"$tmp/out" 2>&1; then
		printf 'ok - %s\n' "$what"
	else
		printf 'not ok - %s\n' "$what"
		sed 's/^/  | /' "$tmp/out"
		failed=1
	fi
}
# shellcheck disable=SC2069 # standard error only is what is wanted
silent() { [ -z "$("$@" 2>&1 >/dev/null)" ] || { "$@" 2>&1 >/dev/null; return 1; }; }

for what in man bash zsh; do
	"$ADIT" manual $what >"$tmp/$what" || failed=1
done
if command -v mandoc >/dev/null; then
	check 'manual page: mandoc' mandoc -T lint -W error "$tmp/man"
fi
if command -v groff >/dev/null; then
	check 'manual page: groff' silent groff -ww -man -Tutf8 "$tmp/man"
fi
check 'bash completion parses' bash -n "$tmp/bash"
if command -v zsh >/dev/null; then
	check 'zsh completion parses' zsh -n "$tmp/zsh"
fi

# completions WORDS...: what bash offers for the last word.
completions() {
	(
		# shellcheck disable=SC1091
		. "$tmp/bash"
		COMP_WORDS=("$@")
		COMP_CWORD=$(($# - 1))
		_adit
		printf '%s\n' "${COMPREPLY[@]}"
	)
}
offers() {
	local want=$1
	shift
	completions "$@" | grep -qxF -- "$want" || { completions "$@"; return 1; }
}
refuses() { ! offers "$@" >/dev/null; }
check 'bash: commands' offers devices adit dev
check 'bash: options of mine without a command' offers --intensity adit --int
check 'bash: options of a command' offers --header adit hash --h
check 'bash: not those of another' refuses --header adit pool --h
check 'bash: choices' offers json adit mine --log-format js
export PATH="${ADIT%/*}:$PATH"
check 'bash: algorithms' offers scrypt adit mine -a scr

# Every option in --help stands in the page and in both completions.
for command in mine pool hash scan devices algos check; do
	for option in $("$ADIT" $command --help | grep -oE '^ +(-.,)? *--[a-z-]+' | grep -oE -- '--[a-z-]+'); do
		grep -qF -- "${option//-/\\-}" "$tmp/man" &&
			grep -qE -- "^	$command\).*$option" "$tmp/bash" &&
			grep -qF -- "$option" "$tmp/zsh" && continue
		printf 'not ok - %s %s is missing somewhere\n' "$command" "$option"
		failed=1
	done
done
exit $failed
