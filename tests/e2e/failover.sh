#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The primary goes away: shares flow to the next pool; it comes back: they return to it.
. "${top_srcdir:-.}/tests/e2e/lib.sh"

start_pool one -a sha256d --listen 127.0.0.1:0 --diff 0.0000005
one_pid=$pool_pid one_port=$pool_port
start_pool two -a sha256d --listen 127.0.0.1:0 --diff 0.0000005
two_pid=$pool_pid two_port=$pool_port
start_miner miner -a sha256d -o "127.0.0.1:$one_port" -u first -o "127.0.0.1:$two_port" -u second \
	-d sim:2 --sim rate=20k,seed=9 --pool-option holddown=2 --log-level debug
wait_count "$tmp/miner.log" ' accepted: ' 3 60 || fail "mines on the primary"
stop "$one_pid"
[ "$(json_number "$tmp/one.out" accepted)" -ge 3 ] || fail "the primary had the first shares"
before=$(count "$tmp/miner.log" ' accepted: ')
wait_count "$tmp/miner.log" ' accepted: ' $((before + 5)) 60 || fail "fails over to the second pool"

say "the primary comes back"
start_pool one-again -a sha256d --listen "127.0.0.1:$one_port" --diff 0.0000005
kill -USR1 "$two_pid"
while :; do
	kill -USR1 "$pool_pid"
	line=$(wait_line "$tmp/one-again.out" '"accepted": ?[1-9]' 2) && break
	[ $((tries = ${tries:-0} + 1)) -lt 45 ] || fail "does not return to the primary"
done
say "primary again: $line"
stop "$miner_pid"
[ "$rc" = 0 ] || fail "exit code 0, got $rc"
stop "$two_pid"
[ "$(json_number "$tmp/two.out" accepted)" -ge 5 ] || fail "the second pool had shares"
[ "$(count "$tmp/miner.log" ' (rejected|invalid): ')" = 0 ] || fail "no share rejected or invalid"
ok "fails over and returns to the primary"
