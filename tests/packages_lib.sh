# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash disable=SC2034
# Sourced by the tests of mining systems' packages: a package made from a bundle whose program is
# the one under test, and a stand-in for the API.  With ADIT and top_srcdir; needs holds tools
# beyond those that all use.
set -u
export ADIT_API_BIND=off # ports are not ours to choose here
: "${ADIT:?set ADIT to the adit binary}"
for tool in jq curl python3 xz ${needs:-}; do
	command -v "$tool" >/dev/null || { echo "skip: $tool is not installed"; exit 77; }
done
src=$(cd "${top_srcdir:-$(dirname "$0")/..}" && pwd)
tmp=$(mktemp -d "${TMPDIR:-/tmp}/adit-package.XXXXXX") || exit 99
stub=''
finish() {
	[ -n "$stub" ] && kill "$stub" 2>/dev/null
	rm -rf "$tmp"
}
trap finish EXIT
failed=0

same() { # WHAT WANTED GOT
	if [ "$2" = "$3" ]; then
		echo "ok - $1"
	else
		printf 'not ok - %s\n  want %s\n  got  %s\n' "$1" "$2" "$3"
		failed=1
	fi
}

# package SYSTEM: as its build.sh makes it, into $tmp/out.
package() {
	mkdir -p "$tmp/bundle/adit/bin" "$tmp/out"
	printf '#!/bin/sh\nexec "%s" "$@"\n' "$ADIT" >"$tmp/bundle/adit/bin/adit"
	chmod 755 "$tmp/bundle/adit/bin/adit"
	tar -C "$tmp/bundle" -cJf "$tmp/adit-0.1.0-x86_64.tar.xz" adit
	sh "$src/packaging/$1/build.sh" "$tmp/adit-0.1.0-x86_64.tar.xz" "$tmp/out" >/dev/null || exit 1
}

# The stand-in answers at $port from now on, until nobody does.
stub_begin() {
	coproc STUB { exec python3 "$src/tests/packages_stub.py"; }
	stub=$STUB_PID
	read -r port <&"${STUB[0]}" || exit 99
}
stub_end() {
	kill "$stub" && wait "$stub" 2>/dev/null
	stub=''
}
