#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# What the host side costs, on simulated devices and the local pool: job turn-around,
# candidate to submit, CPU share and memory of the supervisor, shares a second.
# usage: bench/host.sh [SECONDS]      (ADIT=path of the binary, default ./build/adit)
# Figures are printed, nothing is asserted; the JSON goes to standard output.
set -eu
ADIT=${ADIT:-./build/adit}
seconds=${1:-60}
tmp=$(mktemp -d)
pids=()
finish() {
	for pid in "${pids[@]}"; do kill -KILL "$pid" 2>/dev/null || true; done
	rm -rf "$tmp"
}
trap finish EXIT
tick=$(getconf CLK_TCK)

cpu_ticks() { awk '{ sub(/.*\) /, ""); print $12 + $13 }' "/proc/$1/stat"; }
rss_kib() { awk '/^VmRSS/ { print $2 }' "/proc/$1/status"; }

pool() {
	"$ADIT" pool "$@" >"$tmp/pool.out" 2>"$tmp/pool.log" &
	pool=$!
	pids+=("$pool")
	port=$(timeout 20 tail -n +1 -f --pid="$pool" "$tmp/pool.out" | grep -m 1 '^listening on ')
	port=${port##*:}
}

mine() {
	"$ADIT" mine -o "127.0.0.1:$port" -u bench --stats-interval 0 "$@" \
		>"$tmp/miner.out" 2>"$tmp/miner.log" &
	miner=$!
	pids+=("$miner")
}

end() {
	kill -INT "$miner"
	wait "$miner" || true
	kill -TERM "$pool"
	wait "$pool" || true
}

pooled() { grep '^{' "$tmp/pool.out" | tail -n 1 | grep -oE "\"$1\": ?[0-9]+" | head -n 1 | grep -oE '[0-9]+$'; }
figure() { grep -oE "$1 [0-9.]+ ms" "$tmp/miner.log" "$tmp/miner.out" | tail -n 1 | grep -oE '[0-9.]+ ms' | cut -d' ' -f1; }

# 16 devices, a job every 2 s, about one share a second in all (4,295 hashes a share here).
pool -a sha256d --listen 127.0.0.1:0 --diff 0.000001 --job-interval 2000
mine -a sha256d -d sim:16 --sim rate=270
sleep 5
c0=$(cpu_ticks "$miner") r0=$(rss_kib "$miner")
sleep "$seconds"
c1=$(cpu_ticks "$miner") r1=$(rss_kib "$miner")
end
printf '{"devices":16,"seconds":%s,"supervisor_cpu_percent":%s,"rss_kib_first":%s,"rss_kib_last":%s,"turnaround_ms":%s,"submit_ms":%s,"accepted":%s}\n' \
	"$seconds" "$(awk "BEGIN{printf \"%.2f\", ($c1-$c0)*100/$tick/$seconds}")" "$r0" "$r1" \
	"$(figure 'job to every device')" "$(figure 'candidate to submit')" "$(pooled accepted)"

# As many shares as go through: difficulty so low that the devices find thousands a second.
pool -a sha256d --listen 127.0.0.1:0 --diff 0.0000002 --job-interval 60000
mine -a sha256d -d "${DEVICE:-opencl:0}" --log-level warn
sleep 8
kill -USR1 "$pool"
sleep 1
a0=$(pooled accepted)
sleep 10
kill -USR1 "$pool"
sleep 1
a1=$(pooled accepted)
end
printf '{"shares_per_second":%s,"accepted":%s,"duplicate":%s,"low":%s,"stale":%s}\n' \
	"$(((a1 - a0) / 11))" "$(pooled accepted)" "$(pooled duplicate)" "$(pooled low)" "$(pooled stale)"
