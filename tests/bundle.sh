#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The bundle runs on its own: unpacked in an empty directory, with an empty environment, every
# library but glibc's its own, and it mines.
# usage: bundle.sh ADIT-VERSION-x86_64.tar.xz
set -u
tarball=$(readlink -f "${1:?usage: bundle.sh TARBALL}")
dir=$(mktemp -d)
pool=''
finish() {
	[ -n "$pool" ] && kill "$pool" 2>/dev/null
	rm -rf "$dir"
}
trap finish EXIT

fail() {
	echo "FAIL: $*"
	tail -n 20 "$dir"/*.log 2>/dev/null
	exit 1
}

cd "$dir" || exit 99
tar -xJf "$tarball" || fail "the tarball does not unpack"
for f in bin/adit README licences/adit.txt lib/libOpenCL.so.1; do
	[ -s "adit/$f" ] || fail "the bundle has no $f"
done
if [ -f adit/lib/libtinfo.so.6 ]; then
	[ -s adit/share/terminfo/x/xterm-256color ] || fail "the bundle knows no terminal"
fi
# No function: in the background that would be a shell, and its id not the program's.
bare=(env -i PATH=/usr/bin:/bin HOME="$dir" LD_LIBRARY_PATH= "$dir/adit/bin/adit")

# Every library comes from the bundle or is glibc's.
foreign=$(env -i ldd adit/bin/adit | awk '$2 == "=>" { print $1, $3 }' | grep -v "$dir/adit/" |
	grep -vE '^lib(c|m|dl|rt|pthread|resolv|util|anl|mvec)\.so')
[ -z "$foreign" ] || fail "libraries from outside the bundle: $foreign"
for lib in adit/lib/*; do
	case ${lib##*/} in
	libcuda* | libnv* | libamd* | libpocl* | libc.so* | ld-*) fail "$lib must not be shipped" ;;
	esac
	out=$(env -i ldd "$lib" | grep 'not found') && fail "$lib: $out"
done
licences=$(find adit/licences -type f | wc -l)
[ "$licences" -gt 4 ] || fail "only $licences licence texts"
needs=$(readelf -W --dyn-syms adit/bin/adit adit/lib/* | sed -n 's/.*@GLIBC_\([0-9.]*\).*/\1/p' |
	sort -uV | tail -n 1)
here=$(ldd --version | sed -n '1s/.* //p')
if [ "$(printf '%s\n2.36\n' "$needs" | sort -V | tail -n 1)" != 2.36 ]; then
	[ "$(printf '%s\n2.36\n' "$here" | sort -V | tail -n 1)" = 2.36 ] &&
		fail "needs glibc $needs; 2.36 was promised"
	echo "note: built on glibc $here, so the bundle needs $needs (a release is built on 2.36)"
fi
echo "ok   libraries: $(find adit/lib -type f | wc -l) of its own, glibc $needs or newer"

# Bitcoin's block 0.
header=01000000$(printf '0%.0s' {1..64})3ba3edfd7a7b12b27ac72c3e67768f617fc81bc3888a51323a9fb8aa4b1e5e4a29ab5f49ffff001d1dac2b7c
hash=000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f
out=$("${bare[@]}" hash -a sha256d --header "$header" --nonce 2083236893 2>err.log) || fail "hash: $out"
[[ $out == *"$hash"* ]] || fail "hash: got $out, want $hash"
echo "ok   hash"

device=cpu
if ls /etc/OpenCL/vendors/pocl*.icd >/dev/null 2>&1; then device=opencl:0; fi
target=00000000ffff$(printf '0%.0s' {1..52})
out=$("${bare[@]}" scan -a sha256d --header "$header" --target "$target" --start 2083236000 --count 2000 \
	--device $device 2>scan.log) || fail "scan on $device: $out"
[[ $out == *"$hash"* && $out == *'"found":1'* ]] || fail "scan on $device: got $out"
echo "ok   scan on $device"

"${bare[@]}" pool -a sha256d --listen 127.0.0.1:0 --diff 0.0005 --job-interval 2000 >pool.out 2>pool.log &
pool=$!
for _ in $(seq 100); do
	grep -q '^listening on ' pool.out && break
	kill -0 $pool 2>/dev/null || fail "the pool ended"
	sleep 0.1
done
port=$(sed -n 's/^listening on .*:\([0-9]*\)$/\1/p' pool.out)
[ -n "$port" ] || fail "the pool does not say where it listens: $(cat pool.out)"
"${bare[@]}" mine -a sha256d -o "127.0.0.1:$port" -u bundle -d $device --time-limit 8 >mine.out 2>mine.log ||
	fail "mine ended with $?"
shares=$(grep -c ' accepted: ' mine.log)
[ "$shares" -gt 0 ] || fail "no share was accepted"
echo "ok   mined on $device: $shares shares accepted"
