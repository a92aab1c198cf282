#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Whatever the pool does, the miner goes on mining with it afterwards, and sends nothing wrong.
. "${top_srcdir:-.}/tests/e2e/lib.sh"

# name, script, what the miner may count besides accepted shares
run_fault() {
	local name=$1 script=$2 before
	start_pool "pool-$name" -a sha256d --listen 127.0.0.1:0 --diff 0.0000005 \
		--job-interval 500 --faults "$script"
	start_miner "miner-$name" -a sha256d -o "127.0.0.1:$pool_port" -u user -d sim:2 \
		--sim rate=20k,seed=11 --log-level debug
	wait_line "$tmp/pool-$name.log" "fault.*" 30 >/dev/null || fail "$name: the pool says what it does"
	before=$(count "$tmp/miner-$name.log" ' accepted: ')
	wait_count "$tmp/miner-$name.log" ' accepted: ' $((before + 8)) 60 ||
		fail "$name: shares are accepted after the fault"
	stop "$miner_pid" INT
	[ "$rc" = 0 ] || fail "$name: exit code 0, got $rc"
	stop "$pool_pid"
	[ "$(count "$tmp/miner-$name.log" ' invalid: ')" = 0 ] || fail "$name: no invalid share"
	[ "$(json_number "$tmp/pool-$name.out" low)" = 0 ] || fail "$name: no share under its difficulty"
	[ "$(json_number "$tmp/pool-$name.out" duplicate)" = 0 ] || fail "$name: no share twice"
	ok "$name"
}

for fault in "$@"; do run_fault "${fault%%@*}" "$fault"; done
[ $# -gt 0 ] && exit 0

# Each waits most of its time: side by side.
begin() {
	"$BASH" "$0" "$@" >"$tmp/$1.said" 2>&1 &
	pids+=($!)
}
begin drop@2s delay=200ms@2s half-line@2s
begin garbage@2s wrong-type@2s huge-line@2s
begin extranonce@2s reconnect@2s
begin diff-storm@2s job-flood@2s
for pid in "${pids[@]}"; do wait "$pid" || failed=1; done
cat "$tmp"/*.said
pids=()
exit $failed
