#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Algorithms with a dataset from end to end, on small ones: the miner against the local pool across
# epochs and programs, and what it makes of lies about them.
. "${top_srcdir:-.}/tests/e2e/lib.sh"

small=(--set light_cache_items=1021 --set dataset_items=16381)

# cross NAME ALGO DEVICE DIFF HEIGHT STEP EPOCHS PROGRAMS: shares from at least so many of each.
# However slow the device is, a block is over when it has had its shares.
cross() {
	local name=$1 epochs=$7 programs=$8 got
	start_pool "$name-pool" -a "$2" "${small[@]}" --listen 127.0.0.1:0 --diff "$4" \
		--job-interval 400 --block-shares 4 --height "$5" --height-step "$6"
	start_miner "$name" -a "$2" "${small[@]}" -o "127.0.0.1:$pool_port" -u me -d "$3" \
		--cpu-threads 1 --log-level debug
	wait_count "$tmp/$name.log" ' job .*, clean' 13 200 || fail "$name: blocks come"
	got=$(count "$tmp/$name.log" ' accepted: ')
	wait_count "$tmp/$name.log" ' accepted: ' $((got + 3)) 60 || fail "$name: shares at the end"
	end_well "$name"
	got=$(json_number "$tmp/$name-pool.out" epochs)
	[ "$got" -ge "$epochs" ] || fail "$name: shares of $got epochs, not $epochs"
	got=$(json_number "$tmp/$name-pool.out" programs)
	[ "$got" -ge "$programs" ] || fail "$name: shares of $got programs, not $programs"
	ok "$name: $(tail -n 1 "$tmp/$name-pool.out")"
}

# lies NAME ALGO SCHEME SCRIPT: whatever the pool does by this script, nothing wrong is sent.
lies() {
	local name=$1 got
	start_pool "$name-pool" -a "$2" "${small[@]}" --listen 127.0.0.1:0 --diff 0.00000001 \
		--job-interval 400 --height 30010 --speak any --faults "$4"
	start_miner "$name" -a "$2" "${small[@]}" -o "$3://127.0.0.1:$pool_port" -u me -d cpu \
		--cpu-threads 1 --log-level debug
	wait_count "$tmp/$name-pool.log" 'fault: ' 8 60 || fail "$name: the pool says what it does"
	got=$(count "$tmp/$name.log" ' accepted: ')
	wait_count "$tmp/$name.log" ' accepted: ' $((got + 10)) 60 || fail "$name: shares after it"
	end_well "$name"
	ok "$name: $(tail -n 1 "$tmp/$name-pool.out")"
}

if [ $# -gt 0 ]; then
	"$@"
	exit 0
fi

# Blocks go on by 1300, so that each has another program.
cross kawpow-cpu kawpow cpu 0.00000001 7000 1300 3 12
cross etchash-cpu etchash cpu 0.00000001 11640000 15000 3 1
if "$ADIT" devices 2>/dev/null | grep -q '^0 *opencl:0'; then
	cross kawpow kawpow opencl:0 0.0000004 7000 1300 3 12
	cross etchash etchash opencl:0 0.0000004 11640000 15000 3 1
else
	say "no OpenCL device: the CPU's only"
fi
# Without a height in the job nobody can know that a seed is the wrong one.
lies lies-kawpow kawpow stratum+tcp absurd-height@1s,absurd-seed@2s,wrong-seed@3s,other-epoch@4s,every=5s
lies lies-ethproxy etchash ethproxy+tcp absurd-seed@1s,other-epoch@2s,every=3s
lies lies-nicehash ethash ethstratum1+tcp absurd-seed@1s,other-epoch@2s,every=3s
mischief=extranonce@1s,half-line@1500ms,wrong-type@2s,garbage@2500ms,diff-storm@3s,job-flood@3500ms,every=4s
lies mischief-kawpow kawpow stratum+tcp $mischief
lies mischief-second ethash ethstratum2+tcp $mischief
