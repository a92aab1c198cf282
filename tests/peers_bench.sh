#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The harness beside peers (bench/peers): who finds what the reference does takes part, who does
# not is left out, on OpenCL and on the fake NVIDIA driver.  Peers here are our own kernels' texts
# and the plain one that is the harness's example.  Figures are printed, never asserted.
# usage: peers_bench.sh   with top_srcdir and top_builddir
set -u
: "${top_srcdir:?}" "${top_builddir:?}"
peers=$top_builddir/bench/peers/peers
fake=$top_builddir/tests/fakecuda/libcuda.so.1
tmp=$(mktemp -d "${TMPDIR:-/tmp}/adit-peers.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
export ASAN_OPTIONS=detect_leaks=0 # it ends with what it has
failed=0

fail() {
	printf 'not ok - %s\n' "$*"
	failed=1
}

says() { # FILE REGEX
	grep -qE -- "$2" "$1" || fail "$1 does not say '$2': $(cat "$1")"
}

given=()
# own NAME ARGS...: our kernel's text to NAME.src, how it is given to $given
own() {
	local name=$1
	shift
	"$peers" "$@" --write-own "$tmp/$name.src" >"$tmp/$name.own" 2>&1 || return
	eval "given=($(sed -n 's/^it is a peer by: //p' "$tmp/$name.own"))"
}

# race NAME CODE ARGS...
race() {
	local name=$1 code=$2 rc
	shift 2
	timeout --foreground 240 "$peers" -p 0 -c 256 -r 1 -s 0.001 "$@" >"$tmp/$name" 2>&1 </dev/null
	rc=$?
	[ $rc = "$code" ] || fail "$name: exit code $rc, want $code: $(cat "$tmp/$name")"
}

refused() { # REGEX ARGS...
	local regex=$1
	shift
	race refused 2 "$@"
	says "$tmp/refused" "$regex"
}

opencl() {
	if ! own sha -a sha256d; then
		grep -q 'the device' "$tmp/sha.own" || fail "no text of ours: $(cat "$tmp/sha.own")"
		echo "skip: no OpenCL device"
		return
	fi
	race sha.out 0 -a sha256d --peer copy --file "$tmp/sha.src" "${given[@]}" \
		--peer wrong --file "$tmp/sha.src" "${given[@]}" \
		--args job,hits,scratch,dataset,u64=7,items \
		--peer broken --file "$top_srcdir/bench/peers/README.md" --args nonce \
		--peer nameless --file "$tmp/sha.src" "${given[@]}" --entry nothing
	says "$tmp/sha.out" '^copy +right: '
	says "$tmp/sha.out" '^wrong +WRONG: '
	says "$tmp/sha.out" '^broken: does not build'
	says "$tmp/sha.out" "^nameless: has no kernel 'nothing'"
	says "$tmp/sha.out" '^copy +[1-9][0-9]* '
	! grep -qE '^(wrong|broken|nameless) +[0-9]' "$tmp/sha.out" || fail "a wrong one takes part"

	# a program in our text, and the same as ADIT_ words
	own kawpow -a kawpow
	race kawpow.out 0 -a kawpow -R 16381 --peer copy --file "$tmp/kawpow.src" \
		"${given[@]}" --most 4096 --peer plain --file "$top_srcdir/bench/peers/plain.cl" \
		--options "-I $top_srcdir/kernels" --entry plain --args job,hits,dataset,nonce \
		--count 0 --most 4096
	says "$tmp/kawpow.out" '^copy +right: '
	says "$tmp/kawpow.out" '^plain +right: '

	# datasets; "short" makes every other node
	own dag -a ethash --make
	race dag.out 0 -a ethash -R 16381 --make --peer copy --file "$tmp/dag.src" "${given[@]}" \
		--peer short --file "$tmp/dag.src" "${given[@]}" \
		--args job,hits,cache,dataset,nonce,items=2
	says "$tmp/dag.out" '^copy +right: 256 nodes'
	says "$tmp/dag.out" '^short +WRONG: 256 nodes'

	own scrypt -a scrypt
	says "$tmp/scrypt.own" '^it is no peer: '
	refused '^--plan: there are' -a sha256d -p 99

	refused "no such argument 'nonsense'" -a sha256d --peer p --file "$tmp/sha.src" \
		--entry sha256d --args nonsense
	refused "constants \(k:\) are CUDA's" -a sha256d --peer p --file "$tmp/sha.src" \
		--entry sha256d --count 0 --args k:nonce
}

cuda() {
	[ -r "$fake" ] || { echo "skip: the fake NVIDIA driver is not built"; return; }
	export ADIT_LIBCUDA=$fake
	if ! "$peers" -a sha256d -d cuda:0 -c 256 -r 1 -s 0.001 >"$tmp/cuda.out" 2>&1; then
		grep -q NVRTC "$tmp/cuda.out" || fail "ours alone: $(cat "$tmp/cuda.out")"
		echo "skip: no NVRTC"
		return
	fi
	for algo in sha256d ethash; do
		own $algo -a $algo -d cuda:0 || fail "no text of ours: $(cat "$tmp/$algo.own")"
		race $algo.out 0 -a $algo -d cuda:0 -R 16381 --peer copy --file "$tmp/$algo.src" \
			"${given[@]}" --peer nameless --file "$tmp/$algo.src" "${given[@]}" --entry nothing
		says "$tmp/$algo.out" '^copy +right: '
		says "$tmp/$algo.out" "^nameless: has no kernel 'nothing'"
	done
	refused "'offset' is OpenCL's" -a ethash -d cuda:0 -R 16381 --peer p \
		--file "$tmp/ethash.src" "${given[@]}" --args offset,nonce
	own made -a ethash -d cuda:0 --make
	race made.out 0 -a ethash -d cuda:0 -R 16381 --make --peer copy \
		--file "$tmp/made.src" "${given[@]}"
	says "$tmp/made.out" '^copy +right: 256 nodes'
}

[ -x "$peers" ] || { echo "skip: bench/peers/peers is not built"; exit 77; }
refused '^usage: peers ' -a nothing
refused '^usage: peers ' -a sha256d --file x
opencl
cuda
exit $failed
