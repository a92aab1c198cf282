#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# The whole program on the fake NVIDIA driver: enumeration, kernels by embedded code or NVRTC,
# real worker processes, and every fault named instead of a crash.
adit=${ADIT:-./adit}
build=${top_builddir:-.}
tmp=$(mktemp -d "$build/tests/cuda-scan-XXXXXX") || exit 99
trap 'rm -rf "$tmp"' EXIT
trap 'exit 99' INT TERM
fake=$build/tests/fakecuda/libcuda.so.1
[ -r "$fake" ] || { echo "broken: $fake is not built"; exit 99; }
ADIT_LIBCUDA=$(cd "$(dirname "$fake")" && pwd)/libcuda.so.1
XDG_CACHE_HOME=$tmp/cache
OCL_ICD_VENDORS=/nonexistent # CUDA alone
export ADIT_LIBCUDA XDG_CACHE_HOME OCL_ICD_VENDORS
rc=0

fail() {
	echo "FAIL $*"
	sed 's/^/	/' "$tmp/out" "$tmp/err"
	rc=1
}

# scan_with NAME=VALUE...: the only solution of a row in tests/vectors/sha256d.json is 29868
scan_with() {
	header=02000000b79c9c7a64c37d4738d006be3358c361fbfac2a847b4e16b66787436
	header=${header}000000000e4f7ece0c71d290ec7ab85df20f50f3ae02fc2be37845712270de17
	header=${header}64944e1a1c38045af0ff0f1e00000000
	env "$@" "$adit" scan -a sha256d --header $header --start 0 --count 65536 --device cuda:0 \
		--target 0001568b932d1e8df11f465b8c92793dbbca2a1dacb2ddb0f9ffaedd5714e8be \
		>"$tmp/out" 2>"$tmp/err"
}

FAKECUDA_DEVICES=3 "$adit" devices >"$tmp/out" 2>"$tmp/err" || fail "devices: exit $?"
grep -q '0000:0c:00.0.*Fake CUDA device 2' "$tmp/out" || fail "devices lists three cards"

scan_with FAKECUDA_DEVICES=1
code=$?
if grep -q 'install NVRTC' "$tmp/err"; then
	echo "skip: neither embedded kernels in this build nor NVRTC on this machine"
	exit 77
fi
[ $code = 0 ] || fail "scan: exit $code"
grep -q '"nonce":"0x000074ac"' "$tmp/out" || fail "the one solution is found"
grep -q '"scanned":65536,"found":1,' "$tmp/out" || fail "nothing else is found"

# what the compiler made of the kernel, interpreted: a card that no cubin is for
scan_with FAKECUDA_DEVICES=1 FAKECUDA_PTX=1 FAKECUDA_ARCH=999 || fail "scan of PTX: exit $?"
grep -q '"nonce":"0x000074ac"' "$tmp/out" || fail "the one solution is found by PTX"
grep -q '"scanned":65536,"found":1,' "$tmp/out" || fail "nothing else is found by PTX"

# the kernels that measure a card compute what they should there, too
FAKECUDA_PTX=1 FAKECUDA_ARCH=999 FAKECUDA_MEM=64 "$adit" bench --probe --device cuda:0 --json >"$tmp/out" 2>"$tmp/err" ||
	fail "bench --probe on PTX: exit $?"
[ "$(grep -o '"wrong": *false' "$tmp/out" | wc -l)" -ge 15 ] || fail "the probe has its figures"
grep -q '"wrong": *true' "$tmp/out" && fail "the probe's kernels compute something else"

# FAULT TEXT: named on standard error, exit code neither 0 nor a signal's
fault() {
	scan_with "FAKECUDA_FAULT=$1"
	code=$?
	if [ $code = 0 ] || [ $code -ge 124 ]; then
		fail "$1: exit $code"
	fi
	grep -qF "$2" "$tmp/err" || fail "$1 is not named: $2"
}
fault init=999 'CUDA_ERROR_UNKNOWN (999)'
fault nodev 'sees no card'
fault retain=2 'CUDA_ERROR_OUT_OF_MEMORY (2)'
fault alloc@2=2 'CUDA_ERROR_OUT_OF_MEMORY (2)'
fault load=719 'CUDA_ERROR_LAUNCH_FAILED (719)'
fault launch=701 'CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES (701)'
fault launch@3=719 'CUDA_ERROR_LAUNCH_FAILED (719)'
fault sync@2=702 'CUDA_ERROR_LAUNCH_TIMEOUT (702)'
fault flip 'the CPU reference disagrees'
fault load=209 'no kernel for Fake CUDA device 0 (sm_90)'

scan_with ADIT_LIBCUDA=none && fail "without a driver there is no cuda:0"
grep -q 'cuda:0' "$tmp/err" || fail "the device asked for is named"

[ $rc = 0 ] && echo "ok   scan on the fake driver: found, and every fault named"
exit $rc
