#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The owner's rules: the rig's power is shared and given back, hours, price, battery and others on
# the card pause, and mining goes on when they end.
. "${top_srcdir:-.}/tests/e2e/lib.sh"

export ADIT_LIBNVML=none ADIT_LIBSYSTEMD=none ADIT_SYSFS=$tmp/sys
export ADIT_SIM_SENSORS=$tmp/sensors
supply=$ADIT_SYSFS/class/power_supply
mkdir -p "$supply/AC" "$supply/BAT0" "$ADIT_SYSFS/bus/pci/devices"
echo Mains >"$supply/AC/type"
echo Battery >"$supply/BAT0/type"

mains() { # 1 or 0
	[ "$1" = 1 ] && echo Charging >"$supply/BAT0/status" || echo Discharging >"$supply/BAT0/status"
	echo "$1" >"$supply/AC/online"
}

sensors() { # OTHERS on the second card
	{
		echo "0 power_mw=150000 limit_mw=250000 limit_min_mw=80000 limit_max_mw=300000 limit_default_mw=250000 core_mc=50000"
		echo "1 power_mw=150000 limit_mw=250000 limit_min_mw=80000 limit_max_mw=300000 limit_default_mw=250000 core_mc=50000 others=$1"
	} >"$tmp/sensors.new"
	mv "$tmp/sensors.new" "$ADIT_SIM_SENSORS"
}

said() {
	wait_line "$tmp/miner.log" "$1" 40 >/dev/null || fail "$2"
	say "$2"
}

mains 1
sensors 0
echo 0 >"$tmp/price"
start_pool pool -a sha256d --listen 127.0.0.1:0 --diff 0.00001 --job-interval 1000
start_miner miner -a sha256d -o "127.0.0.1:$pool_port" -u user -d sim:2 --sim rate=100k \
	--sensor-interval 300 --rig-power-limit 300 --allow-power --pause-on-battery \
	--pause-on-others --pause-quiet 1 --price-hook "exit \$(cat $tmp/price)" --price-interval 10
wait_count "$tmp/miner.log" ' accepted: ' 2 60 || fail "it mines"
wait_line "$ADIT_SIM_SENSORS.set" '^0 .*limit_mw=1[0-9]{5}' 40 >/dev/null || fail "card 0 gets its part"
wait_line "$ADIT_SIM_SENSORS.set" '^1 .*limit_mw=1[0-9]{5}' 40 >/dev/null || fail "card 1 gets its part"
say "300 W are shared: $(grep limit_mw "$ADIT_SIM_SENSORS.set" | paste -sd';')"

mains 0
said 'sim:0 .*paused: on battery' "on battery it pauses"
mains 1
said 'sim:0 .*resumed: .*on battery' "on mains it goes on"
sensors 2
said 'sim:1 .*paused: other processes compute on the device' "others on a card pause it"
sensors 0
said 'sim:1 .*resumed: .*other processes' "and it goes on without them"
echo 1 >"$tmp/price"
said 'sim:1 .*paused: power is too dear' "a price pauses"
echo 0 >"$tmp/price"
said 'sim:1 .*resumed: .*too dear' "and ends"
before=$(count "$tmp/miner.log" ' accepted: ')
wait_count "$tmp/miner.log" ' accepted: ' $((before + 2)) 60 || fail "it mines on"
stop "$miner_pid" INT
[ "$rc" = 0 ] || fail "exit code 0, got $rc"
for card in 0 1; do
	grep "^$card " "$ADIT_SIM_SENSORS.set" | tail -n 1 | grep -q 'limit_mw=250000' ||
		fail "card $card has its limit back: $(tail -n 2 "$ADIT_SIM_SENSORS.set")"
done
say "limits are as they were found"

start_miner hours -a sha256d -o "127.0.0.1:$pool_port" -u user -d sim:1 --sim rate=100k \
	--schedule 'daily 00:00-24:00' --schedule-is pause
wait_line "$tmp/hours.log" 'sim:0 .*paused: outside the hours for mining' 40 >/dev/null ||
	fail "hours pause"
stop "$miner_pid" INT
[ "$rc" = 0 ] || fail "exit code 0, got $rc"
start_miner desktop -a sha256d -o "127.0.0.1:$pool_port" -u user -d sim:1 --sim rate=100k \
	--low-load --stats-interval 2
wait_line "$tmp/desktop.log" 'sim:0 mining: .*, held at 80 %' 40 >/dev/null || fail "low load"
stop "$miner_pid" INT
[ "$rc" = 0 ] || fail "exit code 0, got $rc"
ok "power is shared and restored; battery, others, price and hours pause and end"
