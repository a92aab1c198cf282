#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The API under siege: 200 slow clients, garbage, half-open connections, huge bodies and guessed
# tokens.  The rig mines on, holds no more than it may, loses no descriptor and answers afterwards.
. "${top_srcdir:-.}/tests/e2e/lib.sh"
command -v python3 >/dev/null || skip "no python3"

token=0123456789abcdef0123456789abcdef
(umask 077 && echo "$token" >"$tmp/token")
start_pool pool -a sha256d --listen 127.0.0.1:0 --diff 0.000005
start_miner miner -a sha256d -o "127.0.0.1:$pool_port" -u user -d sim:2 --sim rate=50k \
	--api-bind 127.0.0.1:0 --api-token-file "$tmp/token"
port=$(wait_line "$tmp/miner.log" 'API at 127\.0\.0\.1:[0-9]+' 60) || fail "the API listens"
port=$(printf '%s' "$port" | grep -oE '127\.0\.0\.1:[0-9]+' | tail -n 1)
wait_count "$tmp/miner.log" ' accepted: ' 1 60 || fail "the rig mines"
sanitized=no
grep -qaE '__(asan|tsan)_init' "$ADIT" && sanitized=yes
python3 "$top_srcdir/tests/e2e/api_hostile.py" "${port##*:}" "$miner_pid" "$token" $sanitized \
	>"$tmp/siege.out" 2>&1 || fail "$(cat "$tmp/siege.out")"
cat "$tmp/siege.out"
grep -q "$token" "$tmp/miner.log" && fail "the token is in the log"
stop "$miner_pid" INT
[ "$rc" = 0 ] || fail "exit code 0, got $rc"
grep -qE 'shares: [0-9]+ accepted, 0 rejected, [0-9]+ stale, 0 invalid, 0 lost' "$tmp/miner.log" ||
	fail "no share was lost: $(grep 'shares:' "$tmp/miner.log")"
ok "a siege of the API stops neither the rig nor the API"
