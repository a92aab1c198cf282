# shellcheck shell=sh
# SPDX-License-Identifier: GPL-3.0-or-later
# The beginning and the end of every mining system's build.sh; sourced.  What a package is made
# from, and where to: `build.sh adit-VERSION-x86_64.tar.xz [OUTPUT-DIRECTORY]`.

# from_bundle ARGUMENTS...: sets version, out, and work, where the bundle is unpacked as adit.
from_bundle()
{
	bundle=$(readlink -f "${1:?usage: build.sh adit-VERSION-x86_64.tar.xz [OUTPUT-DIRECTORY]}")
	out=$(readlink -f "${2:-.}")
	version=$(basename "$bundle" | sed -n 's/^adit-\([0-9.]*\)-x86_64\.tar\.xz$/\1/p')
	if [ -z "$version" ] || [ ! -f "$bundle" ]; then
		echo "build.sh: $1: not a bundle: 'make bundle' makes adit-VERSION-x86_64.tar.xz" >&2
		exit 1
	fi
	[ -d "$out" ] || { echo "build.sh: no directory ${2:-.}" >&2; exit 1; }
	# The same input gives the same bytes.
	when=${SOURCE_DATE_EPOCH:-$(stat -c %Y "$bundle")}
	work=$(mktemp -d)
	trap 'rm -rf "$work"' EXIT
	tar -xJf "$bundle" -C "$work"
}

# to_tarball NAME: what is in work/adit becomes out/NAME.tar.gz.
to_tarball()
{
	tar -C "$work" --sort=name --mtime="@$when" --owner=0 --group=0 --numeric-owner -cf - adit |
		gzip -9n >"$out/$1.tar.gz"
	echo "$out/$1.tar.gz"
}
