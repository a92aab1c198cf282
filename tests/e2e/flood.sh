#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Hundreds of jobs at once, again and again: no device stalls, fails or is given too much.
. "${top_srcdir:-.}/tests/e2e/lib.sh"

start_pool pool -a sha256d --listen 127.0.0.1:0 --diff 0.0000005 --faults job-flood@1s,every=2s
start_miner miner -a sha256d -o "127.0.0.1:$pool_port" -u me -d sim:16 \
	--sim rate=10k,seed=21 --stats-interval 1
wait_count "$tmp/pool.log" 'fault: job-flood' 3 60 || fail "three floods"
before=$(count "$tmp/miner.log" ' accepted: ')
wait_count "$tmp/miner.log" ' accepted: ' $((before + 30)) 60 || fail "shares after the floods"
for i in $(seq 0 15); do
	seen=$(count "$tmp/miner.log" "sim:$i mining: [1-9]")
	wait_count "$tmp/miner.log" "sim:$i mining: [1-9]" $((seen + 1)) 60 ||
		fail "sim:$i does not mine after the floods"
done
stop "$miner_pid" INT
[ "$rc" = 0 ] || fail "exit code 0, got $rc"
# A worker given more works than it can queue says so and ends.  (That a simulated device finds
# fewer shares than its rate promises is true: it looks for them with little of a core.)
grep -E ' (warn|error) ' "$tmp/miner.log" | grep -qv ': rate-disagrees: ' &&
	fail "something went wrong on the way"
[ "$(count "$tmp/miner.log" 'device sim:[0-9]+: .*, restarts 0$')" = 16 ] || fail "no restarts"
stop "$pool_pid"
[ "$(json_number "$tmp/pool.out" low)" = 0 ] || fail "no share under its difficulty"
[ "$(json_number "$tmp/pool.out" jobs)" -gt 1500 ] || fail "the pool sent its floods"
ok "16 devices through three floods of jobs"
