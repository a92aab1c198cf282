#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# What goes wrong while mining is named once, with its cause, and takes nothing else with it;
# what ends the program is the last line.
. "${top_srcdir:-.}/tests/e2e/lib.sh"

# ends NAME CODE REGEX: the miner of that name ends by itself, with this code and last line.
ends() {
	wait "$miner_pid"
	rc=$?
	[ "$rc" = "$2" ] || fail "$1: exit code $2, got $rc"
	tail -n 1 "$tmp/$1.log" | grep -qE -- " error +miner +$3" || fail "$1: the last line: $3"
}

# line NAME REGEX: it is in that log
line() { grep -qE -- "$2" "$tmp/$1.log" || fail "$1: no line '$2'"; }

say "a pool that refuses the login"
start_pool strict -a sha256d --listen 127.0.0.1:0 --faults refuse-login
start_miner login -a sha256d -o "127.0.0.1:$pool_port" -u me.rig -p TOPSECRET -d sim:1 --retries 1
ends login 4 "no pool could be used within --retries attempts: .*user 'me.rig'.*check -u and -p"
grep -q TOPSECRET "$tmp/login.log" && fail "the password is in the log"
stop "$pool_pid"

say "a pause between attempts"
start_miner pause -a sha256d -o 127.0.0.1:1 -u me -d sim:1 --retry-pause 40
wait_line "$tmp/pause.log" 'Connection refused; next try in (3[0-9]|4[0-9]|50) s' 30 >/dev/null ||
	fail "--retry-pause 40 makes the first pause about 40 s long"
stop "$miner_pid" INT

say "every device parked"
start_miner parked -a sha256d -o 127.0.0.1:1 -u me -d sim:2 \
	--sim 'fault=fail-build;1:fault=fail-selftest'
ends parked 5 'every device is parked: sim:0: kernel does not build'
line parked 'error device sim:0 \([^:]*\): parked: kernel does not build'
line parked 'error device sim:1 \([^:]*\): parked: (kernel does|self-test)'

say "devices that fail, beside one that mines"
start_pool pool -a sha256d --listen 127.0.0.1:0 --diff 0.0000005
start_miner some -a sha256d -o "127.0.0.1:$pool_port" -u me -d sim:4 --stats-interval 1 \
	--sim 'rate=20k,seed=9;0:fault=fail-build;1:fault=fail-selftest;2:fault=fail-memory'
wait_count "$tmp/some.log" ' accepted: sim:3,' 5 60 || fail "sim:3 mines while the others fail"
wait_line "$tmp/some.log" 'device sim:0 parked' 30 >/dev/null || fail "status of sim:0"
stop "$miner_pid" INT
[ "$rc" = 0 ] || fail "exit code 0, got $rc"
line some 'error device sim:0 \([^:]*\): parked: kernel does not build'
line some 'error device sim:1 \([^:]*\): parked: self-test failed'
line some 'warn  device sim:2 \([^:]*\): no room for a buffer of [0-9]+ MiB .*starting it again'
line some 'device sim:0: .*, parked: kernel does not build'
[ "$(count "$tmp/some.log" 'shares: A accepted, R rejected')" = 1 ] || fail "the legend, once"
# What ASan builds say when a failing worker does not close its device.
[ "$(count "$tmp/some.log" 'Sanitizer')" = 0 ] || fail "failing workers leave nothing behind"

say "a device that computes half of its shares wrongly"
start_miner wrong -a sha256d -o "127.0.0.1:$pool_port" -u me -d sim:2 \
	--sim 'rate=40k,seed=4;0:fault=invalid:0.5@1s' --share-log "$tmp/wrong.jsonl"
wait_count "$tmp/wrong.jsonl" '"invalid"' 20 60 || fail "invalid shares are found"
before=$(count "$tmp/wrong.log" ' accepted: sim:0,')
wait_count "$tmp/wrong.log" ' accepted: sim:0,' $((before + 2)) 60 || fail "sim:0 goes on"
stop "$miner_pid" INT
line wrong 'device sim:0: .* I [1-9][0-9]+'
line wrong 'device sim:1: .* I 0'
[ "$(count "$tmp/wrong.log" 'warn  share  invalid: ')" -le $(($(count "$tmp/wrong.jsonl" '"invalid"') / 4)) ] ||
	fail "the log is flooded with invalid shares"
stop "$pool_pid"
for kind in low invalid duplicate; do
	[ "$(json_number "$tmp/pool.out" $kind)" = 0 ] || fail "a $kind share was sent"
done

say "a kernel that a real compiler refuses"
if "$ADIT" devices 2>/dev/null | grep -q 'opencl:0 .*Portable Computing Language'; then
	export POCL_EXTRA_BUILD_FLAGS='-D__global=no_such_type'
	start_miner build -a sha256d -o 127.0.0.1:1 -u me -d opencl:0 --cache-dir "$tmp/kernels"
	ends build 5 'every device is parked: opencl:0: kernel does not build: '
	unset POCL_EXTRA_BUILD_FLAGS
	line build 'opencl:0 \(.*\): parked: kernel does not build: .*error: .*whole log: .*\.log\)$'
	[ "$(count "$tmp/build.log" 'opencl:0.*opencl:0: kernel')" = 0 ] || fail "it is named twice"
	ls "$tmp"/kernels/build-opencl0-sha256d.log >/dev/null || fail "the compiler's text is kept"
else
	say "(left out: PoCL is not device 0)"
fi
ok "what fails is named, the rest goes on"
