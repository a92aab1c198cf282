#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# What the local pool answers to clients that do it wrong; shares done right are in the other tests.
. "${top_srcdir:-.}/tests/e2e/lib.sh"

start_pool pool -a sha256d --listen 127.0.0.1:0 --diff 1 --max-clients 2

open_client() { exec 3<>"/dev/tcp/127.0.0.1/$pool_port" || fail "connect"; }
close_client() { exec 3<&- 3>&-; }
ask() { printf '%s\n' "$1" >&3; }

# answer REGEX: the next line that is an answer (has no method) matches.
answer() {
	local line
	while IFS= read -r -t 20 line <&3; do
		[[ $line == *'"method":'* ]] && continue
		[[ $line =~ $1 ]] || fail "answer to match $1: $line"
		return 0
	done
	fail "no answer to match $1"
}

# notice METHOD: wait for that call; prints it.
notice() {
	local line
	while IFS= read -r -t 20 line <&3; do
		[[ $line == *"\"$1\""* ]] && printf '%s' "$line" && return 0
	done
	fail "no $1"
}

closed() {
	local line
	while IFS= read -r -t 20 line <&3; do :; done
	[ $? -le 128 ] || fail "$1: the connection stays open"
}

submit() { ask "{\"id\":$1,\"method\":\"mining.submit\",\"params\":[\"me\",\"$2\",\"00000000\",\"$3\",\"$4\"]}"; }

open_client
ask '{"id":1,"method":"mining.submit","params":[]}'
answer '"id":1,"result":false,"error":\[25,'
ask '{"id":"a","method":"mining.subscribe","params":["test"]}'
answer '"id":"a","result":\[\[.*\],"[0-9a-f]{8}",4\],"error":null'
submit 2 0000000000000001 00000000 00000000
answer '"id":2,.*\[24,'
ask '{"id":3,"method":"mining.authorize","params":["me","x"]}'
answer '"id":3,"result":true,"error":null'
line=$(notice mining.notify) || exit 1
[[ $line =~ \"params\":\[\"([0-9a-f]{16})\" ]] || fail "notify has a job: $line"
job=${BASH_REMATCH[1]}
[[ $line =~ \"([0-9a-f]{8})\",true\] ]] || fail "notify has a time: $line"
time=${BASH_REMATCH[1]}
submit 4 "$job" "$time" 00000000
answer '"id":4,.*\[23,"Above target"'
submit 5 ffffffffffffffff "$time" 00000000
answer '"id":5,.*\[21,'
submit 6 "$job" 00000001 00000000
answer '"id":6,.*\[20,"Ntime'
submit 7 "$job" "$time" xyz
answer '"id":7,.*\[20,'
ask "{\"id\":8,\"method\":\"mining.submit\",\"params\":[\"you\",\"$job\",\"00000000\",\"$time\",\"00000000\"]}"
answer '"id":8,.*\[20,"Worker mismatch"'
ask '{"id":9,"method":"mining.submit","params":["me"]}'
answer '"id":9,.*\[20,"Invalid array size"'
ask '{"id":10,"method":"mining.dance","params":null}'
answer '"id":10,.*\[20,"Not supported"'
ask '{"id":11,"method":"mining.ping"}'
answer '"id":11,"result":"pong"'
ask '{"id":12,"method":"mining.suggest_difficulty","params":[0.5]}'
notice mining.set_difficulty | grep -q '\[0.5\]' || fail "a suggested difficulty is taken"

say "clients beyond --max-clients are turned away"
exec 4<>"/dev/tcp/127.0.0.1/$pool_port" 5<>"/dev/tcp/127.0.0.1/$pool_port"
IFS= read -r -t 20 line <&5
[ $? -le 128 ] || fail "the third client is turned away"
exec 4<&- 4>&- 5<&- 5>&-
close_client

say "lines that are none end the connection"
wait_count "$tmp/pool.log" ': gone' 2 20 || fail "the clients left"
open_client
ask 'GET / HTTP/1.1'
closed "no JSON"
close_client
open_client
head -c 20000 /dev/zero | tr '\0' a >&3 2>/dev/null
closed "an endless line"
close_client

stop "$pool_pid"
[ "$rc" = 0 ] || fail "exit code 0, got $rc"
[ "$(json_number "$tmp/pool.out" low)" = 1 ] || fail "one share under its difficulty is counted"

say "a login before subscribe, by a name that is not ASCII"
start_pool other -a sha256d --listen 127.0.0.1:0 --diff 1 --job-interval 60000
open_client
ask '{"id":1,"method":"mining.authorize","params":["jos\u00e9","x"]}'
answer '"id":1,"result":true'
ask '{"id":2,"method":"mining.subscribe","params":[]}'
answer '"id":2,"result":\[\['
line=$(notice mining.notify) || exit 1
[[ $line =~ \"params\":\[\"([0-9a-f]{16})\" ]] || fail "notify has a job: $line"
job=${BASH_REMATCH[1]}
[[ $line =~ \"([0-9a-f]{8})\",true\] ]] || fail "notify has a time: $line"
ask "{\"id\":3,\"method\":\"mining.submit\",\"params\":[\"jos\u00e9\",\"$job\",\"00000000\",\"${BASH_REMATCH[1]}\",\"00000000\"]}"
answer '"id":3,.*\[23,"Above target"'
close_client
stop "$pool_pid"

say "a share twice, and one of the block before"
start_pool twice -a sha256d --listen 127.0.0.1:0 --diff 1e-12 --job-interval 100
open_client
ask '{"id":1,"method":"mining.subscribe","params":[]}'
answer '"id":1,"result":\[\['
ask '{"id":2,"method":"mining.authorize","params":["me","x"]}'
answer '"id":2,"result":true'
line=$(notice mining.notify) || exit 1
[[ $line =~ \"params\":\[\"([0-9a-f]{16})\" ]] || fail "notify has a job: $line"
job=${BASH_REMATCH[1]}
[[ $line =~ \"([0-9a-f]{8})\",true\] ]] || fail "notify has a time: $line"
time=${BASH_REMATCH[1]}
submit 3 "$job" "$time" 00000001
answer '"id":3,"result":true,"error":null'
submit 4 "$job" "$time" 00000001
answer '"id":4,"result":false,"error":\[22,"Duplicate share",null\]'
while line=$(notice mining.notify) && [[ $line != *,true]* ]]; do :; done
submit 5 "$job" "$time" 00000002
answer '"id":5,"result":false,"error":\[21,"Stale",null\]'
close_client
stop "$pool_pid"
for pair in accepted=1 duplicate=1 stale=1 low=0 invalid=0; do
	[ "$(json_number "$tmp/twice.out" "${pair%=*}")" = "${pair#*=}" ] || fail "$pair: $(tail -n 1 "$tmp/twice.out")"
done

say "variable difficulty refuses no honest share"
start_pool vary -a sha256d --listen 127.0.0.1:0 --diff 0.0000002 --vardiff 240
start_miner vary-miner -a sha256d -o "127.0.0.1:$pool_port" -u user -d cpu
wait_count "$tmp/vary-miner.log" ' difficulty .* from the next job on' 4 60 || fail "the difficulty varies"
wait_count "$tmp/vary-miner.log" ' accepted: ' 50 60 || fail "shares are accepted"
stop "$miner_pid" INT
stop "$pool_pid"
[ "$(json_number "$tmp/vary.out" low)" = 0 ] || fail "no share is under the difficulty of its time"

say "a client that never reads is closed; the others go on"
lines=huge-line@200ms
for _ in 1 2 3 4 5 6; do lines=$lines,huge-line@200ms; done
start_pool deaf -a sha256d --listen 127.0.0.1:0 --diff 1 --job-interval 50 --faults "$lines,every=300ms"
open_client
ask '{"id":1,"method":"mining.subscribe","params":[]}'
ask '{"id":2,"method":"mining.authorize","params":["me","x"]}'
wait_line "$tmp/deaf.log" 'client 1: does not read, closing' 60 >/dev/null || fail "a deaf client is closed"
kill -0 "$pool_pid" || fail "the pool survives it"
close_client
open_client
ask '{"id":3,"method":"mining.subscribe","params":[]}'
answer '"id":3,"result":\[\['
close_client
stop "$pool_pid"
[ "$rc" = 0 ] || fail "exit code 0, got $rc"

say "a port in use"
start_pool first -a sha256d --listen 127.0.0.1:0
"$ADIT" pool -a sha256d --listen "127.0.0.1:$pool_port" >"$tmp/second.out" 2>"$tmp/second.log"
[ $? = 7 ] || fail "a port in use ends with 7"
grep -q "127.0.0.1:$pool_port.*another port" "$tmp/second.log" || fail "a port in use is named, with the fix"
stop "$pool_pid"
ok "the local pool answers by the book"
