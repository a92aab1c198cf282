#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The API of a rig that mines: read by everybody here, changed with the token only.
. "${top_srcdir:-.}/tests/e2e/lib.sh"
command -v curl >/dev/null || skip "no curl"

token=0123456789abcdef0123456789abcdef
echo "$token" >"$tmp/token"
start_pool pool -a sha256d --listen 127.0.0.1:0 --diff 0.000005
start_miner miner -a sha256d -o "127.0.0.1:$pool_port" -u secret-wallet -p secret-pass -d sim:2 \
	--sim rate=200k --api-bind 127.0.0.1:0 --api-token-file "$tmp/token"
port=$(wait_line "$tmp/miner.log" 'API at 127.0.0.1:[0-9]+' 30) || fail "the API listens"
port=$(printf '%s' "$port" | grep -oE '127\.0\.0\.1:[0-9]+' | tail -n 1)
port=${port##*:}
wait_count "$tmp/miner.log" ' accepted: ' 3 60 || fail "the rig mines"

# rpc METHOD [CURL ARGUMENTS...]
rpc() {
	local method=$1
	shift
	curl -s --max-time 20 -H 'Content-Type: application/json' "$@" \
		-d "{\"jsonrpc\":\"2.0\",\"method\":\"$method\",\"id\":1}" "http://127.0.0.1:$port/rpc"
}
has() { [[ $1 == *"$2"* ]] || fail "$3: $1"; }

has "$(rpc miner.summary)" '"pool_state":"connected"' "the summary says the pool is there"
has "$(rpc miner.events)" '"name":"share","severity":"info","text":"accepted"' "shares are events"
has "$(rpc miner.devices)" '"id":"sim:1"' "both devices are listed"
pools=$(rpc miner.pools)
has "$pools" '"active":true' "the pool is listed"
[[ $pools != *secret* ]] || fail "wallet and password are not shown: $pools"
tool=$(exec 3<>"/dev/tcp/127.0.0.1/$port" && printf summary >&3 && timeout 20 cat <&3 | tr -d '\0')
has "$tool" 'STATUS=S,' "cgminer's text is answered"
tool=$(exec 3<>"/dev/tcp/127.0.0.1/$port" && printf '{"command":"devs"}' >&3 && timeout 20 cat <&3 | tr -d '\0')
has "$tool" '"DEVS":[' "cgminer's JSON is answered"
tool=$(exec 3<>"/dev/tcp/127.0.0.1/$port" && printf '{"id":0,"jsonrpc":"2.0","method":"miner_getstat1"}\n' >&3 && timeout 20 head -n 1 <&3)
has "$tool" '"id":0' "Claymore's request is answered"
get() { curl -s --max-time 20 "http://127.0.0.1:$port$1"; }
has "$(get /metrics)" '# TYPE ' "metrics are served"
has "$(get /2/summary)" '{' "xmrig's summary is served"
has "$(rpc miner.pause)" '-32001' "a pause without the token is refused"
has "$(curl -s --max-time 20 -o "$tmp/page" -w '%{http_code}' -H 'Host: evil.example' "http://127.0.0.1:$port/")" 403 "a foreign Host is refused"
has "$(rpc miner.pause -H "Authorization: Bearer $token")" '"result":true' "the token pauses"
wait_line "$tmp/miner.log" 'all: paused through the API' 20 >/dev/null || fail "the log says so"
has "$(rpc miner.summary)" '"paused":true' "the summary says so"
has "$(rpc miner.resume -H "Authorization: Bearer $token")" '"result":true' "the token resumes"
has "$(rpc miner.quit -H "Authorization: Bearer $token")" '"result":true' "the token ends it"
wait "$miner_pid"
rc=$?
[ "$rc" = 0 ] || fail "exit code 0 after miner.quit, got $rc"
grep -q "$token" "$tmp/miner.log" && fail "the token is in the log"

timeout 20 "$ADIT" mine -a sha256d -o "127.0.0.1:$pool_port" -u u -d sim:1 --api-bind 0.0.0.0:0 \
	>"$tmp/open.out" 2>"$tmp/open.log"
rc=$?
[ "$rc" = 2 ] || fail "an open API without a token is refused with exit code 2, got $rc"
grep -q -- '--api-token-file' "$tmp/open.log" || fail "it says what is missing"
ok "the API is read, guarded, and obeyed with the token"
