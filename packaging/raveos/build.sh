#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Make RaveOS's package, adit-VERSION.zip, from what `make bundle` makes.
# usage: build.sh adit-VERSION-x86_64.tar.xz [OUTPUT-DIRECTORY]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
command -v zip >/dev/null || { echo "build.sh needs zip (Debian: apt-get install zip)" >&2; exit 1; }
# shellcheck source=packaging/rigos/package.sh
. "$here/../rigos/package.sh"
from_bundle "$@"
mkdir "$work/adit/RAVINOS"
cp "$here/start.py" "$here/stats.py" "$work/adit/RAVINOS/"
# The algorithms are those that this program has.
algos=$("$work/adit/bin/adit" algos | sed -n 's/^\([a-z][a-z0-9]*\) .*/"\1"/p' | paste -sd, -)
sed -e "s/@VERSION@/$version/" -e "s/@ALGOS@/$algos/" "$here/manifest.json" \
	>"$work/adit/RAVINOS/manifest.json"
chmod 755 "$work"/adit/RAVINOS/*.py
chmod 644 "$work/adit/RAVINOS/manifest.json"
find "$work/adit" -exec touch -d "@$when" {} +
rm -f "$out/adit-$version.zip"
(cd "$work/adit" && find . -type f | sort | TZ=UTC zip -q -X "$out/adit-$version.zip" -@)
echo "$out/adit-$version.zip"
