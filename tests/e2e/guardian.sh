#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A rig on which nearly everything goes wrong at once: each fault is named, handled and told to
# the owner's command; the devices beside it notice nothing.
. "${top_srcdir:-.}/tests/e2e/lib.sh"

export ADIT_SYSFS=/nonexistent ADIT_LIBNVML=none ADIT_LIBSYSTEMD=none
export ADIT_SIM_SENSORS=$tmp/sensors
events=$tmp/events

# sensors MC_OF_6 WORDS_OF_7: what the cards' sensors say from now on.
sensors() {
	local i
	for i in 0 1 2 3 4 5; do echo "$i core_mc=60000 power_mw=100000"; done >"$tmp/sensors.new"
	printf '6 core_mc=%s power_mw=100000\n7 %s\n' "$1" "$2" >>"$tmp/sensors.new"
	mv "$tmp/sensors.new" "$ADIT_SIM_SENSORS"
}

# event DEVICE NAME [SECONDS]: the owner's command was told.
event() {
	wait_line "$events" "^$1 $2\$" "${3:-60}" >/dev/null || fail "$1: $2 is told"
	say "$1: $2"
}

sensors 60000 core_mc=60000
start_pool pool -a sha256d --listen 127.0.0.1:0 --diff 0.000002 --job-interval 1000
# shellcheck disable=SC2016 # the hook's shell is to expand it
start_miner miner -a sha256d -o "127.0.0.1:$pool_port" -u user -d sim:9 --hang-timeout 2 \
	--restart-budget 1 --sensor-interval 300 --temp-limit 80 --temp-resume 70 \
	--low-rate-time 10 --stats-interval 5 \
	--on-event 'echo "$ADIT_DEVICE $ADIT_EVENT" >>'"$events" \
	--sim 'rate=100k;1:fault=hang@2s;2:fault=stuck@2s;3:fault=crash@2s;4:fault=invalid:1@2s;5:fault=slow:0.2@50s;8:fault=hang-build'

wait_count "$tmp/miner.log" ' accepted: sim:0,' 2 60 || fail "sim:0 mines"
sensors 85000 lost
event sim:6 overheat
event sim:6 paused
event sim:7 off-bus
event sim:1 hang
event sim:2 hang
event sim:3 crash
event sim:4 wrong-results
sensors 60000 core_mc=60000
event sim:6 overheat-over
event sim:6 resumed
event sim:1 parked 90
event sim:2 parked 90
event sim:3 parked 90
event sim:5 low-rate 120
event sim:8 hang 60
before=$(count "$tmp/miner.log" ' accepted: sim:0,')
wait_count "$tmp/miner.log" ' accepted: sim:0,' $((before + 2)) 60 || fail "sim:0 mines on"
stop "$miner_pid" INT
[ "$rc" = 0 ] || fail "exit code 0, got $rc"
grep -qE 'sim:0.*(hung|restart [1-9]|parked|killed)' "$tmp/miner.log" && fail "sim:0 notices nothing"
grep -q '^sim:0 ' "$events" && grep -vE '^sim:0 rate-' "$events" | grep -q '^sim:0 ' &&
	fail "no event of sim:0: $(grep '^sim:0 ' "$events" | paste -sd' ' -)"
say "of 100 kH/s: $(grep 'sim:0: .* on average' "$tmp/miner.log" | sed 's/.*device //')"
ok "hang, hang while building, deaf worker, crash, wrong results, slow decay, heat, a card off the bus: named and handled"
