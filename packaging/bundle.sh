#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Pack the program with the libraries it needs, found through $ORIGIN; no glibc, no GPU library.
# With BENCH, the binary bench/gpu, also what bench/gpu-batch.sh needs to measure a card with.
# usage: bundle.sh BINARY SOURCE-TREE OUTPUT.tar.xz [BENCH]
set -eu
binary=$1
source=$2
output=$3
bench=${4:-}

for tool in patchelf xz ldd readelf strip; do
	command -v $tool >/dev/null || {
		echo "make bundle needs $tool (Debian: apt-get install patchelf xz-utils binutils)" >&2
		exit 1
	}
done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
top=$work/adit
mkdir -p "$top/bin" "$top/lib" "$top/licences"
cp "$binary" "$top/bin/adit"
cp "$source/COPYING" "$top/licences/adit.txt"
cp "$source/src/dashboard/uplot/LICENSE" "$top/licences/uplot.txt"

if [ -n "$bench" ]; then
	mkdir -p "$top/bench/vectors"
	cp "$bench" "$top/bench/gpu"
	cp "$source/bench/gpu-batch.sh" "$top/bench/gpu-batch.sh"
	sed -n 's|^[[:space:]]*algos/\([a-z0-9_]*\).*|\1|p' "$source/algos/list.am" |
		while read -r name; do
			cp "$source/tests/vectors/$name.json" "$top/bench/vectors/"
		done
	chmod 644 "$top"/bench/vectors/*
fi

# Part of glibc, which every target has; and drivers, which are the target's own.
system='^(ld-linux.*|linux-vdso.*|lib(c|m|dl|rt|pthread|resolv|util|anl|mvec|nsl|nss_.*))\.so'
driver='^lib(cuda|nvrtc|nvidia|nvml|amdocl|pocl)'

# The licence of the Debian package that a file belongs to.
licence()
{
	real=$(readlink -f "$1")
	package=$(dpkg-query -S "$real" 2>/dev/null || dpkg-query -S "${real#/usr}" 2>/dev/null ||
		dpkg-query -S "/usr$real" 2>/dev/null) || package=
	package=${package%%:*}
	text=/usr/share/doc/$package/copyright
	if [ -z "$package" ] || [ ! -f "$text" ]; then
		echo "bundle: no licence text found for $1 (it must come from a Debian package)" >&2
		exit 1
	fi
	cp "$text" "$top/licences/$package.txt"
}

# ldd names the whole closure: dependencies of dependencies too.
# shellcheck disable=SC2086 # no name, no argument
ldd "$binary" $bench | awk '$2 == "=>" && $3 ~ /^\// { print $1, $3 } $2 == "=>" && $3 == "not" { print $1, "-" }' |
	sort -u >"$work/needed"
while read -r name path; do
	echo "$name" | grep -qE "$system" && continue
	if [ "$path" = - ] || echo "$name" | grep -qE "$driver"; then
		echo "bundle: $name: missing here, or a driver's: it must not be linked" >&2
		exit 1
	fi
	cp -L "$path" "$top/lib/$name"
	licence "$path"
done <"$work/needed"

# The usual kinds of terminals, for systems without their descriptions.
if [ -f "$top/lib/libtinfo.so.6" ]; then
	for kind in ansi linux rxvt rxvt-unicode screen screen-256color tmux tmux-256color vt100 \
		vt220 xterm xterm-256color; do
		letter=$(printf %.1s "$kind")
		for dir in /etc/terminfo /lib/terminfo /usr/share/terminfo; do
			[ -f "$dir/$letter/$kind" ] || continue
			mkdir -p "$top/share/terminfo/$letter"
			cp -L "$dir/$letter/$kind" "$top/share/terminfo/$letter/$kind"
			licence "$dir/$letter/$kind"
			break
		done
	done
	find "$top/share" -type f -exec chmod 644 {} +
fi

strip --strip-unneeded "$top/bin/adit" "$top"/lib/*
chmod 755 "$top/bin/adit"
if [ -n "$bench" ]; then
	strip --strip-unneeded "$top/bench/gpu"
	chmod 755 "$top/bench/gpu" "$top/bench/gpu-batch.sh"
fi
chmod 644 "$top"/lib/*
# shellcheck disable=SC2016 # $ORIGIN is for the dynamic loader
patchelf --set-rpath '$ORIGIN/../lib' "$top/bin/adit" ${bench:+"$top/bench/gpu"}
for lib in "$top"/lib/*; do
	# shellcheck disable=SC2016
	patchelf --set-rpath '$ORIGIN' "$lib"
done

glibc=$(readelf -W --dyn-syms "$top/bin/adit" "$top"/lib/* |
	sed -n 's/.*@GLIBC_\([0-9.]*\).*/\1/p' | sort -uV | tail -n 1)
version=$(basename "$output" | sed 's/^[a-z-]*-\([0-9].*\)-x86_64.*/\1/')
sed -e "s/@VERSION@/$version/" -e "s/@GLIBC@/$glibc/" "$source/packaging/bundle-README" >"$top/README"
chmod 644 "$top/README" "$top"/licences/*

# The same input gives the same bytes.
when=${SOURCE_DATE_EPOCH:-$(stat -c %Y "$source/configure.ac")}
tar -C "$work" --sort=name --mtime="@$when" --owner=0 --group=0 --numeric-owner \
	-cf - adit | xz -6 >"$output.tmp"
mv "$output.tmp" "$output"
echo "$output: $(du -h "$output" | cut -f1), glibc $glibc or newer"
