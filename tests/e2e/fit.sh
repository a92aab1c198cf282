#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A mixed rig: where the next epoch's dataset does not fit, the device is parked with the figures
# and comes back when an epoch fits again; the other one mines all the time.  Real sizes, simulated
# devices: sim:1 has room for epoch 0 and its light cache (1,090,516,800 bytes) and not for epoch 1.
. "${top_srcdir:-.}/tests/e2e/lib.sh"

start_pool pool -a ethash --listen 127.0.0.1:0 --diff 0.000000001 --job-interval 1000 \
	--height 29999 --height-step 1 --faults other-epoch@20s
start_miner miner -a ethash -o "127.0.0.1:$pool_port" -u user -d sim:2 \
	--sim 'rate=200,dataset=0.3;1:mem=1.095G'

wait_count "$tmp/miner.log" ' accepted: sim:1,' 2 60 || fail "sim:1 mines in epoch 0"
wait_line "$tmp/miner.log" 'sim:1.*parked for this epoch: the dataset of epoch 1 needs 1.02 GiB, 1.02 GiB are free; it would fit until epoch 0' 60 >/dev/null ||
	fail "sim:1 is parked with the figures"
say "sim:1 is parked"
before=$(count "$tmp/miner.log" ' accepted: sim:0,')
wait_count "$tmp/miner.log" ' accepted: sim:0,' $((before + 3)) 60 ||
	fail "sim:0 mines on in epoch 1"
before=$(count "$tmp/miner.log" ' accepted: sim:1,')
wait_line "$tmp/miner.log" "sim:1: back, this epoch's dataset fits" 60 >/dev/null ||
	fail "sim:1 comes back by itself"
say "sim:1 is back"
wait_count "$tmp/miner.log" ' accepted: sim:1,' $((before + 2)) 60 || fail "sim:1 mines again"

stop "$miner_pid" INT
[ "$rc" = 0 ] || fail "exit code 0, got $rc"
grep -q ' invalid: \| rejected: \| lost: ' "$tmp/miner.log" && fail "every share is good"
grep -qE 'sim:[01].*restart [1-9]' "$tmp/miner.log" && fail "no worker is restarted for it"
ok "a device too small for an epoch is parked and comes back, the other goes on"
