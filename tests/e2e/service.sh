#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A service manager hears when the rig is up, mines and ends; keys on a terminal do what they say.
. "${top_srcdir:-.}/tests/e2e/lib.sh"
command -v python3 >/dev/null || skip "python3 is not installed"

# heard.py SOCKET: a service manager that writes down what it is told.
cat >"$tmp/heard.py" <<'PY'
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print("listening", flush=True)
while True:
    print(s.recv(4096).decode().replace("\n", " "), flush=True)
PY
# terminal.py FILE COMMAND...: the command at a terminal of its own, keys from standard input.
cat >"$tmp/terminal.py" <<'PY'
import os, pty, sys
def keys(fd):
    return os.read(fd, 1)
def quiet(fd):
    os.read(fd, 4096)
    return b"."
status = pty.spawn(sys.argv[2:], quiet, keys)
open(sys.argv[1], "w").write(str(os.waitstatus_to_exitcode(status)))
PY

start_pool pool -a sha256d --listen 127.0.0.1:0 --diff 0.000005 --job-interval 700
python3 "$tmp/heard.py" "$tmp/notify" >"$tmp/heard.out" 2>&1 &
pids+=("$!")
heard=$!
wait_line "$tmp/heard.out" listening 20 >/dev/null || fail "the service manager listens"
export NOTIFY_SOCKET=$tmp/notify WATCHDOG_USEC=3000000
start_miner miner -a sha256d -o "127.0.0.1:$pool_port" -u user -d sim:2 --sim rate=200k \
	--stats-interval 1
unset NOTIFY_SOCKET WATCHDOG_USEC
wait_count "$tmp/heard.out" '^READY=1$' 1 || fail "READY=1"
wait_count "$tmp/heard.out" '^STATUS=sha256d: [0-9.]+ kH/s, 2 of 2 mining, ' 1 || fail "STATUS="
wait_count "$tmp/heard.out" '^WATCHDOG=1$' 3 || fail "WATCHDOG=1"
kill -HUP "$miner_pid"
wait_line "$tmp/heard.out" '^RELOADING=1 MONOTONIC_USEC=[0-9]+$' >/dev/null || fail "RELOADING=1"
wait_count "$tmp/heard.out" '^READY=1$' 2 || fail "READY=1 after the reload"
[ "$(count "$tmp/heard.out" '^STOPPING')" = 0 ] || fail "no STOPPING=1 yet"
stop "$miner_pid" TERM
[ "$rc" = 0 ] || fail "exit code 0, got $rc"
wait_line "$tmp/heard.out" '^STOPPING=1$' >/dev/null || fail "STOPPING=1"
stop "$heard" KILL
ok "a service manager hears everything"

mkfifo "$tmp/fingers"
python3 "$tmp/terminal.py" "$tmp/code" "$ADIT" -a sha256d -o "127.0.0.1:$pool_port" -u user \
	-d sim:2 --sim rate=200k --stats-interval 0 --log-file "$tmp/keys.log" <"$tmp/fingers" \
	>/dev/null 2>"$tmp/keys.out" &
keys=$!
pids+=("$keys")
exec 7>"$tmp/fingers"
wait_line "$tmp/keys.log" 'keys: p pause' >/dev/null || fail "the keys are told"
wait_line "$tmp/keys.log" ' accepted: ' >/dev/null || fail "it mines"
[ "$(count "$tmp/keys.log" ' total sha256d')" = 0 ] || fail "no status line yet"
printf s >&7
wait_line "$tmp/keys.log" ' total sha256d' >/dev/null || fail "s is for status"
printf d >&7
wait_line "$tmp/keys.log" 'debug log on' >/dev/null || fail "d is for debug"
printf d >&7
wait_line "$tmp/keys.log" 'debug log off' >/dev/null || fail "d again"
printf h >&7
wait_count "$tmp/keys.log" 'keys: p pause' 2 || fail "h is for help"
printf p >&7
wait_line "$tmp/keys.log" 'all: paused by key' >/dev/null || fail "p pauses"
printf s >&7
wait_line "$tmp/keys.log" ' sim:1 paused' >/dev/null || fail "sim:1 is paused"
printf 0 >&7
wait_line "$tmp/keys.log" 'sim:0: goes on by key' >/dev/null || fail "0 lets sim:0 go on"
printf p >&7
wait_count "$tmp/keys.log" 'all: paused by key' 2 || fail "p pauses the one that went on"
printf p >&7
wait_line "$tmp/keys.log" 'all: goes on by key' >/dev/null || fail "p lets all go on"
printf 7 >&7
wait_line "$tmp/keys.log" 'key 7: there is no such device' >/dev/null || fail "no device 7"
printf q >&7
wait "$keys"
exec 7>&-
grep -q 'key q: stopping' "$tmp/keys.log" || fail "q is for quit"
[ "$(cat "$tmp/code")" = 0 ] || fail "q ends with code 0, got $(cat "$tmp/code")"
ok "keys do what they say"
