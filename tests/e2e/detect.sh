#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The miner finds out what the local pool speaks, whatever the pool does to those who speak otherwise.
. "${top_srcdir:-.}/tests/e2e/lib.sh"

small=(--set light_cache_items=1021 --set dataset_items=16381)
n=0

# found ALGO SPEAK OTHER NAME: a pool that speaks SPEAK is understood as NAME.
found() {
	n=$((n + 1))
	start_pool "pool$n" -a "$1" "${small[@]}" --listen 127.0.0.1:0 --speak "$2" --speak-other "$3"
	start_miner "miner$n" -a "$1" "${small[@]}" -o "127.0.0.1:$pool_port" -u me.rig -d sim:1
	wait_line "$tmp/miner$n.log" ": speaks $4 " >/dev/null || fail "$1, $2: not found as $4"
	stop "$miner_pid"
	[ "$rc" = 0 ] || fail "$1, $2: the miner's exit code is $rc"
	stop "$pool_pid"
	ok "$1: a pool of $2, others get $3"
}

found ethash ethstratum2 error ethstratum2
found ethash ethstratum1 error ethstratum1
found ethash ethproxy error ethproxy
found ethash ethstratum0 error ethstratum0
found ethash ethproxy close ethproxy
found ethash ethstratum0 close ethstratum0
found ethash ethproxy silent ethproxy
found kawpow kawpow error kawpow
found kawpow ethproxy close ethproxy

# forced: one other than the pool's is not given up, and the log says what the pool said.
start_pool forcedpool -a ethash "${small[@]}" --listen 127.0.0.1:0 --speak ethproxy
start_miner forced -a ethash "${small[@]}" -o "ethstratum1+tcp://127.0.0.1:$pool_port" -u me -d sim:1 -r 1
wait "$miner_pid"
grep -q 'trying' "$tmp/forced.log" && fail "a forced dialect is doubted"
grep -q 'the pool refuses mining.subscribe' "$tmp/forced.log" || fail "no word of what the pool said"
ok "a forced dialect is not doubted"

# none: the pool has failed, and the log names what was tried and how to force one.
start_pool nonepool -a ethash "${small[@]}" --listen 127.0.0.1:0 --speak getwork --speak-other close
start_miner none -a ethash "${small[@]}" -o "127.0.0.1:$pool_port" -u me -d sim:1 -r 1
wait "$miner_pid"
grep -qE "none of .*ethproxy.* was understood; force one, as in [a-z0-9]+\+tcp://127.0.0.1:$pool_port" \
	"$tmp/none.log" || fail "the log names what was tried"
ok "a pool of another kind is told as such"
