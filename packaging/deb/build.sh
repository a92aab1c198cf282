#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Make the Debian package from a release tarball (`make dist`).  Nothing is installed or fetched.
# usage: build.sh adit-VERSION.tar.xz [OUTPUT-DIRECTORY]
# ADIT_CONFIGURE holds more switches for configure; DEB_BUILD_OPTIONS= runs the test suite too.
set -eu
tarball=$(readlink -f "${1:?usage: build.sh adit-VERSION.tar.xz [OUTPUT-DIRECTORY]}")
out=$(readlink -f "${2:-.}")
: "${DEB_BUILD_OPTIONS=nocheck noautodbgsym}"
export DEB_BUILD_OPTIONS

for tool in dpkg-buildpackage dh; do
	command -v $tool >/dev/null || {
		echo "build.sh needs $tool (Debian: apt-get install dpkg-dev debhelper)" >&2
		exit 1
	}
done
[ -f "$tarball" ] || { echo "build.sh: no tarball $tarball: 'make dist' makes it" >&2; exit 1; }
[ -d "$out" ] || { echo "build.sh: no directory ${2:-.}" >&2; exit 1; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tar -xJf "$tarball" -C "$work"
top=$(echo "$work"/adit-*)
[ -d "$top/packaging/deb/debian" ] || { echo "build.sh: $tarball: not a release of Adit" >&2; exit 1; }
cp -R "$top/packaging/deb/debian" "$top/debian"
chmod 755 "$top/debian/rules"

version=${top##*/adit-}
listed=$(cd "$top" && dpkg-parsechangelog -S Version)
[ "${listed%-*}" = "$version" ] || {
	echo "build.sh: debian/changelog is at $listed, the tarball at $version: add an entry" >&2
	exit 1
}
(cd "$top" && dpkg-buildpackage -us -uc -b)
cp "$work"/adit_*.deb "$out/"
echo "$out/$(basename "$work"/adit_*.deb)"
