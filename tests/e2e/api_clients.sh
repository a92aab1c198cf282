#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The agents of mining systems ask a rig in the dialects of the miners that they know.
. "${top_srcdir:-.}/tests/e2e/lib.sh"
command -v python3 >/dev/null || skip "no python3"

token=0123456789abcdef0123456789abcdef
(umask 077 && echo "$token" >"$tmp/token")
start_pool pool -a sha256d --listen 127.0.0.1:0 --diff 0.000005
start_miner miner -a sha256d -o "127.0.0.1:$pool_port" -u user -d sim:2 --sim rate=100k \
	--api-bind 127.0.0.1:0 --api-token-file "$tmp/token"
port=$(wait_line "$tmp/miner.log" 'API at 127\.0\.0\.1:[0-9]+' 60) || fail "the API listens"
port=$(printf '%s' "$port" | grep -oE '127\.0\.0\.1:[0-9]+' | tail -n 1)
wait_count "$tmp/miner.log" ' accepted: ' 2 60 || fail "the rig mines"
python3 "$top_srcdir/tests/e2e/api_clients.py" "${port##*:}" "$token" >"$tmp/clients.out" 2>&1 ||
	fail "$(cat "$tmp/clients.out")"
stop "$miner_pid" INT
[ "$rc" = 0 ] || fail "exit code 0, got $rc"
ok "tools of other miners are answered as they expect"
