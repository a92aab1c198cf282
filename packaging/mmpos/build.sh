#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Make mmpOS's custom miner, adit-mmpos-VERSION.tar.gz, from what `make bundle` makes.
# usage: build.sh adit-VERSION-x86_64.tar.xz [OUTPUT-DIRECTORY]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
bundle=$(readlink -f "${1:?usage: build.sh adit-VERSION-x86_64.tar.xz [OUTPUT-DIRECTORY]}")
out=$(readlink -f "${2:-.}")
version=$(basename "$bundle" | sed -n 's/^adit-\([0-9.]*\)-x86_64\.tar\.xz$/\1/p')
if [ -z "$version" ] || [ ! -f "$bundle" ]; then
	echo "build.sh: $1: not a bundle: 'make bundle' makes adit-VERSION-x86_64.tar.xz" >&2
	exit 1
fi
[ -d "$out" ] || { echo "build.sh: no directory ${2:-.}" >&2; exit 1; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tar -xJf "$bundle" -C "$work"
sed "s/@VERSION@/$version/" "$here/mmp-external.conf" >"$work/adit/mmp-external.conf"
cp "$here/mmp-launch.sh" "$here/mmp-stats.sh" "$here/../rigos/common.sh" "$work/adit/"
chmod 755 "$work"/adit/*.sh
chmod 644 "$work/adit/mmp-external.conf"
# The same input gives the same bytes.
when=${SOURCE_DATE_EPOCH:-$(stat -c %Y "$bundle")}
tar -C "$work" --sort=name --mtime="@$when" --owner=0 --group=0 --numeric-owner -cf - adit |
	gzip -9n >"$out/adit-mmpos-$version.tar.gz"
echo "$out/adit-mmpos-$version.tar.gz"
