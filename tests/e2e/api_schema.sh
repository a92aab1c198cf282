#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Every reply of a rig, in several states, fits the document that the rig gives of itself.
. "${top_srcdir:-.}/tests/e2e/lib.sh"
export PYTHONDONTWRITEBYTECODE=1
python= # the distribution's has it, whatever else comes first
for p in python3 /usr/bin/python3; do
	"$p" -W ignore -c 'import jsonschema' 2>/dev/null && python=$p && break
done
[ -n "$python" ] || skip "no python3-jsonschema"

check() { # a rig and its state
	"$python" -W ignore "${top_srcdir:-.}/tests/e2e/api_schema.py" "$@" >"$tmp/check.out" 2>&1
}

# api_of NAME: where the API of that miner is.
api_of() {
	wait_line "$tmp/$1.log" 'API at 127.0.0.1:[0-9]+' 30 >/dev/null || fail "the API of $1 listens"
	where=$(grep -oE 'API at 127\.0\.0\.1:[0-9]+' "$tmp/$1.log" | head -n 1)
	where=${where#API at }
}

token=write-0123456789abcdef
echo "$token" >"$tmp/token"
echo read-0123456789abcdef >"$tmp/read"
start_pool pool -a sha256d --listen 127.0.0.1:0 --diff 0.00001
first=$pool_port
start_pool other -a sha256d --listen 127.0.0.1:0 --diff 0.00001

say "mining, one device parked"
start_miner miner -a sha256d -o "127.0.0.1:$first" -u secret-wallet -p secret-pass \
	-o "127.0.0.1:$pool_port" -u secret-wallet2 -p secret-pass2 -d sim:3 \
	--sim 'rate=200k;2:fault=fail-build' --api-bind 127.0.0.1:0 --api-token-file "$tmp/token"
api_of miner
wait_line "$tmp/miner.log" 'sim:2 .*parked: ' 60 >/dev/null || fail "a device is parked"
wait_count "$tmp/miner.log" ' accepted: ' 3 60 || fail "the rig mines"
check "$where" mining "$tmp/token" || fail "replies of a rig that mines"
cat "$tmp/check.out"

say "paused"
check "$where" paused "$tmp/token" || fail "replies of a paused rig"
cat "$tmp/check.out"
wait "$miner_pid"
rc=$?
[ "$rc" = 0 ] || fail "exit code 0 after miner.quit, got $rc"

say "no pool, and a token for reading"
start_miner alone -a sha256d -o 127.0.0.1:1 -u secret-wallet -p secret-pass -d sim:2 \
	--api-bind 127.0.0.1:0 --api-token-file "$tmp/token" --api-read-token-file "$tmp/read"
api_of alone
check "$where" nopool "$tmp/token" "$tmp/read" || fail "replies of a rig without a pool"
cat "$tmp/check.out"
stop "$miner_pid"
[ "$rc" = 0 ] || fail "exit code 0, got $rc"
grep -q -e "$token" -e read-0123456789abcdef "$tmp"/*.log && fail "a token is in the log"
ok "every reply fits"
