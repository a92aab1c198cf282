#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Make HiveOS's custom miner, adit-VERSION.tar.gz, from what `make bundle` makes.
# usage: build.sh adit-VERSION-x86_64.tar.xz [OUTPUT-DIRECTORY]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=packaging/rigos/package.sh
. "$here/../rigos/package.sh"
from_bundle "$@"
sed "s/@VERSION@/$version/" "$here/h-manifest.conf" >"$work/adit/h-manifest.conf"
cp "$here/h-config.sh" "$here/h-run.sh" "$here/h-stats.sh" "$here/../rigos/common.sh" "$work/adit/"
chmod 755 "$work"/adit/*.sh
chmod 644 "$work/adit/h-manifest.conf"
to_tarball "adit-$version"
