#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# SIGHUP: pools change while the devices go on; a bad file changes nothing.
. "${top_srcdir:-.}/tests/e2e/lib.sh"

start_pool one -a sha256d --listen 127.0.0.1:0 --diff 0.0000005
one_pid=$pool_pid one_port=$pool_port
start_pool two -a sha256d --listen 127.0.0.1:0 --diff 0.0000005
two_pid=$pool_pid two_port=$pool_port
config() { printf '{"algo":"sha256d","devices":"sim:2","sim":"rate=20k","pools":[{"url":"127.0.0.1:%s","user":"%s"}]}\n' "$1" "$2" >"$tmp/adit.json"; }
config "$one_port" first
start_miner miner -c "$tmp/adit.json" --log-file "$tmp/file.log"
wait_count "$tmp/miner.log" ' accepted: ' 3 60 || fail "mines with the first file"
workers=$(pgrep -P "$miner_pid" | sort | tr '\n' ' ')

say "a bad file"
echo '{"algo":"sha256d","pols":[]}' >"$tmp/adit.json"
kill -HUP "$miner_pid"
wait_line "$tmp/miner.log" 'reload: .*pols.*pools.*nothing was changed' 20 >/dev/null || fail "a bad file is refused by name"
before=$(count "$tmp/miner.log" ' accepted: ')
wait_count "$tmp/miner.log" ' accepted: ' $((before + 3)) 60 || fail "mines on after a bad file"

say "another pool"
config "$two_port" second
mv "$tmp/file.log" "$tmp/file.old"
kill -HUP "$miner_pid"
wait_line "$tmp/miner.log" 'configuration reloaded' 20 >/dev/null || fail "the new file is taken"
before=$(count "$tmp/miner.log" ' accepted: ')
wait_count "$tmp/miner.log" ' accepted: ' $((before + 5)) 60 || fail "mines on the new pool"
[ "$workers" = "$(pgrep -P "$miner_pid" | sort | tr '\n' ' ')" ] || fail "the workers were not restarted"
wait_line "$tmp/file.log" 'accepted' 20 >/dev/null || fail "the log file is reopened"
stop "$miner_pid"
[ "$rc" = 0 ] || fail "exit code 0, got $rc"
stop "$one_pid"
stop "$two_pid"
[ "$(json_number "$tmp/two.out" accepted)" -ge 3 ] || fail "the second pool had shares"
ok "reload changes pools without touching devices"
