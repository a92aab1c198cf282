#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Make mmpOS's custom miner, adit-mmpos-VERSION.tar.gz, from what `make bundle` makes.
# usage: build.sh adit-VERSION-x86_64.tar.xz [OUTPUT-DIRECTORY]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=packaging/rigos/package.sh
. "$here/../rigos/package.sh"
from_bundle "$@"
sed "s/@VERSION@/$version/" "$here/mmp-external.conf" >"$work/adit/mmp-external.conf"
cp "$here/mmp-launch.sh" "$here/mmp-stats.sh" "$here/../rigos/common.sh" "$work/adit/"
chmod 755 "$work"/adit/*.sh
chmod 644 "$work/adit/mmp-external.conf"
to_tarball "adit-mmpos-$version"
