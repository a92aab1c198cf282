#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The whole path on simulated devices: jobs, leases, CPU check, accepted shares, clean end.
. "${top_srcdir:-.}/tests/e2e/lib.sh"

start_pool pool -a sha256d --listen 127.0.0.1:0 --diff 0.0000005 --job-interval 700
start_miner miner -a sha256d -o "127.0.0.1:$pool_port" -u user.rig -d sim:4 \
	--sim rate=20k,seed=3 --stats-interval 1 --share-log "$tmp/shares.jsonl"
wait_count "$tmp/miner.log" ' accepted: ' 40 60 || fail "40 shares accepted"
stop "$miner_pid" INT
[ "$rc" = 0 ] || fail "SIGINT ends with exit code 0, got $rc"
stop "$pool_pid"
[ "$rc" = 0 ] || fail "the pool ends with exit code 0, got $rc"

[ "$(count "$tmp/miner.log" ' rejected: ')" = 0 ] || fail "no share is rejected"
[ "$(count "$tmp/miner.log" ' invalid: ')" = 0 ] || fail "no share is invalid"
mine=$(count "$tmp/miner.log" ' accepted: ')
theirs=$(json_number "$tmp/pool.out" accepted)
[ "$mine" = "$theirs" ] || fail "miner counts $mine accepted shares, pool $theirs"
logged=$(count "$tmp/shares.jsonl" '"accepted"')
[ "$mine" = "$logged" ] || fail "share log has $logged accepted shares, the log $mine"
for i in 0 1 2 3; do
	[ "$(count "$tmp/miner.log" " accepted: sim:$i,")" -gt 0 ] || fail "sim:$i has no share"
done
ok "mines on 4 simulated devices, $mine shares, both sides agree"
