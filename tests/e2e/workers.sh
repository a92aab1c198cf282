#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A worker that dies or hangs takes nobody with it, is named, and comes back.
. "${top_srcdir:-.}/tests/e2e/lib.sh"

worker_of() { # the pid of the worker of device $1 under miner_pid
	local pid
	for pid in $(pgrep -P "$miner_pid"); do
		tr '\0' ' ' <"/proc/$pid/cmdline" | grep -qE "worker $1( |\$)" && echo "$pid"
	done
}

start_pool pool -a sha256d --listen 127.0.0.1:0 --diff 0.0000005
start_miner miner -a sha256d -o "127.0.0.1:$pool_port" -u user -d sim:3 \
	--sim rate=20k,seed=5 --hang-timeout 2
wait_count "$tmp/miner.log" ' accepted: sim:1,' 3 60 || fail "sim:1 mines"

say "kill -9 of sim:1"
before=$(count "$tmp/miner.log" ' accepted: sim:[02],')
kill -KILL "$(worker_of sim:1)"
wait_line "$tmp/miner.log" 'sim:1.*killed by signal 9.*starting it again' 20 >/dev/null ||
	fail "the crash is named with device and reason"
wait_count "$tmp/miner.log" ' accepted: sim:[02],' $((before + 5)) 60 ||
	fail "the others go on"
wait_count "$tmp/miner.log" 'sim:1: .* is ready' 2 30 || fail "sim:1 comes back"

say "kill -STOP of sim:2"
before=$(count "$tmp/miner.log" ' accepted: sim:[01],')
kill -STOP "$(worker_of sim:2)"
wait_line "$tmp/miner.log" 'sim:2.*hung: no batch finished in time' 30 >/dev/null ||
	fail "the hang is noticed and named"
wait_count "$tmp/miner.log" ' accepted: sim:[01],' $((before + 5)) 60 ||
	fail "the others go on while one hangs"
wait_count "$tmp/miner.log" 'sim:2: .* is ready' 2 30 || fail "sim:2 comes back"
before=$(count "$tmp/miner.log" ' accepted: sim:2,')
wait_count "$tmp/miner.log" ' accepted: sim:2,' $((before + 2)) 60 || fail "sim:2 mines again"

stop "$miner_pid" INT
[ "$rc" = 0 ] || fail "exit code 0, got $rc"
[ -z "$(pgrep -P "$miner_pid")" ] || fail "a worker outlived the miner"
# The same with a real kernel: one OpenCL device hangs in the middle of it, the CPU mines on.
if "$ADIT" devices 2>/dev/null | grep -q '^0 *opencl:0'; then
	start_miner opencl -a sha256d -o "127.0.0.1:$pool_port" -u user -d opencl:0,cpu \
		--cpu-threads 1 --hang-timeout 2
	wait_count "$tmp/opencl.log" ' accepted: opencl:0,' 2 120 || fail "opencl:0 mines"
	kill -STOP "$(worker_of opencl:0)"
	wait_line "$tmp/opencl.log" 'opencl:0.*hung: no batch finished in time' 60 >/dev/null ||
		fail "the hang of opencl:0 is noticed"
	before=$(count "$tmp/opencl.log" ' accepted: cpu:0,')
	wait_count "$tmp/opencl.log" ' accepted: cpu:0,' $((before + 2)) 60 || fail "cpu:0 goes on"
	wait_count "$tmp/opencl.log" 'opencl:0: .* is ready' 2 120 || fail "opencl:0 comes back"
	before=$(count "$tmp/opencl.log" ' accepted: opencl:0,')
	wait_count "$tmp/opencl.log" ' accepted: opencl:0,' $((before + 2)) 60 ||
		fail "opencl:0 mines again"
	stop "$miner_pid" INT
	[ "$rc" = 0 ] || fail "exit code 0, got $rc"
	say "a kernel stopped on opencl:0 while cpu:0 mined on"
else
	say "no OpenCL device: simulated ones only"
fi
ok "killed and stopped workers are replaced, the others lose nothing"
