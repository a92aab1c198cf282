#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A rig that is told what to do while it mines: pools are switched, disabled, removed, added and
# moved, devices get intensity, power limit and temperature target, and are restarted; no share is
# lost and no alarm is raised.
. "${top_srcdir:-.}/tests/e2e/lib.sh"
command -v curl >/dev/null || skip "no curl"

export ADIT_LIBNVML=none ADIT_SIM_SENSORS=$tmp/sensors
token=0123456789abcdef0123456789abcdef
echo "$token" >"$tmp/token"
for card in 0 1; do
	echo "$card power_mw=150000 limit_mw=250000 limit_min_mw=80000 limit_max_mw=300000 limit_default_mw=250000 core_mc=50000 hotspot_mc=60000 busy_permille=990"
done >"$ADIT_SIM_SENSORS"

# rig NAME ARGS...: starts it and sets port.
rig() {
	local name=$1
	shift
	start_miner "$name" -a sha256d -u wallet-of-a-rig -p first-pass --sim rate=20k \
		--api-bind 127.0.0.1:0 --api-token-file "$tmp/token" --sensor-interval 300 "$@"
	port=$(wait_line "$tmp/$name.log" 'API at 127.0.0.1:[0-9]+' 30) || fail "$name: the API listens"
	port=$(printf '%s' "$port" | grep -oE '127\.0\.0\.1:[0-9]+' | tail -n 1)
}

# rpc METHOD [PARAMS]: the reply is in $reply.
rpc() {
	reply=$(curl -s --max-time 20 -H 'Content-Type: application/json' \
		-H "Authorization: Bearer $token" "http://$port/rpc" \
		-d "{\"jsonrpc\":\"2.0\",\"method\":\"$1\",\"params\":${2:-[]},\"id\":1}")
}
has() { [[ $reply == *"$1"* ]] || fail "$2: $reply"; }
lacks() { [[ $reply != *"$1"* ]] || fail "$2: $reply"; }
yes() { # METHOD PARAMS
	rpc "$@"
	has '"result":true' "$*"
}
# until_has METHOD TEXT SAYING: asked again until it says so.
until_has() {
	local i
	for ((i = 0; i < 600; i++)); do
		rpc "$1"
		[[ $reply == *"$2"* ]] && return
		read -rt 0.1 <>"$tmp/never" || true
	done
	fail "$3: $reply"
}
mkfifo "$tmp/never"
# said REGEX N SAYING: N such lines in the log by now, or soon.
said() { wait_count "$tmp/rig.log" "$1" "$2" 60 || fail "$3"; }
# mines NAME: a pool takes more shares than it had.
mines() {
	local before
	before=$(count "$tmp/rig.log" ' accepted: ')
	said ' accepted: ' $((before + 2)) "shares are accepted $1"
}

start_pool a -a sha256d --listen 127.0.0.1:0 --diff 0.0000005 --job-interval 600000
pool_a=$pool_pid at_a=127.0.0.1:$pool_port
start_pool b -a sha256d --listen 127.0.0.1:0 --diff 0.0000005 --job-interval 600000
pool_b=$pool_pid at_b=127.0.0.1:$pool_port
rig rig -o "$at_a" -o "$at_b" -d sim:2 --allow-power --on-event "echo \$ADIT_EVENT >>$tmp/events.out"
mines "by the first pool"

# ---- pools ----
yes pool.switch '{"pool":1}'
said "$at_b: working for it" 1 "the second pool is worked for"
mines "by the second pool"
until_has miner.pools '"state":"standby","active":false' "the first one stays at hand"
yes pool.disable '[1]'
said "$at_a: working for it" 2 "a disabled pool is left for another"
rpc pool.disable '[0]'
has 'pool 0 is the only one that is enabled' "the last one cannot be disabled"
rpc pool.remove '[0]'
has 'pool 0 is the only one that is enabled' "nor removed"
rpc pool.switch '[1]'
has 'pool 1 is disabled' "nor is a disabled one switched to"
yes pool.remove '[1]'
rpc miner.pools
lacks "$at_b" "it is gone from the list"
rpc pool.remove '[1]'
has '-32602' "there is no such pool any more"
rpc pool.add '{"url":"stratum+tpc://h:1","user":"u"}'
has "did you mean 'stratum+tcp://'" "a scheme is corrected"
rpc pool.add '{"url":"h:x","user":"u"}'
has '"message":"url: ' "a port is asked for"
rpc pool.add "{\"url\":\"$at_b\",\"user\":\"another-wallet\",\"pass\":\"a-secret-pass\"}"
has '"result":{"pool":1}' "a pool is added at the end"
yes pool.priority '{"pool":1,"place":0}'
rpc miner.pools
has "{\"index\":0,\"url\":\"stratum+tcp://$at_b\"" "it is the first now"
has 'anot...llet' "its user is masked"
yes pool.switch '[0]'
said "$at_b: working for it" 2 "it is worked for"
mines "by the added pool"
rpc miner.config
has "{\"url\":\"stratum+tcp://$at_b\",\"user\":\"another-wallet\",\"disabled\":false}" "the settings have it"
lacks secret-pass "without its password"
has '"allow-power":true' "and options"
rpc miner.algorithms
has '"name":"sha256d"' "algorithms are listed"
say "pools were switched, disabled, removed, added and moved"

# ---- devices ----
yes device.set_intensity '{"device":"sim:0","log2":9}'
until_has miner.devices '"intensity":9' "the intensity is in force"
has '"hotspot_c":60' "the hot spot is told"
has '"util_percent":99' "and the use"
yes device.set_power_limit '[1,100]'
wait_line "$ADIT_SIM_SENSORS.set" '^1 limit_mw=100000' 40 >/dev/null || fail "the card gets its limit"
rpc miner.config
has '"intensity":"9,auto"' "the settings have the intensity"
has '"power-limit":"off,100"' "and the limit"
rpc device.set_power_limit '[1,301]'
has 'sim:1: its power limit must be from 80 to 300 W' "within what the card can"
rpc device.set_temp_target '[1,90]'
has 'is not below its --temp-limit, 90 C' "below what protects it"
for ((i = 1; i <= 8; i++)); do # more often than a worker that fails may
	yes device.restart '["sim:0"]'
	said 'sim:0: Simulated device 0 is ready' $((i + 1)) "restart $i"
done
until_has miner.devices '"intensity":9' "the intensity outlives restarts"
mines "after restarts"
[ "$(count "$tmp/rig.log" 'parked|hang:|crash:|pool-down')" = 0 ] || fail "no alarm"
grep -qE '^(hang|crash|parked|pool-down)' "$tmp/events.out" && fail "nor for the owner's commands"

# ---- a reload ----
kill -HUP "$miner_pid"
said 'configuration reloaded: 2 pools' 1 "it reloads"
rpc miner.pools
has "{\"index\":0,\"url\":\"stratum+tcp://$at_a\"" "the pools are as configured"
lacks another-wallet "the added one is gone"
said "$at_a: working for it" 3 "the first of them is worked for"
[ "$(count "$tmp/rig.log" 'that was ordered')" = 0 ] || fail "the power limit outlives it"
yes device.set_power_limit '[1,0]'
wait_line "$ADIT_SIM_SENSORS.set" '^1 limit_mw=(-2|250000)' 40 >/dev/null || fail "it is given back"
mines "after the reload"
stop "$miner_pid" INT
[ "$rc" = 0 ] || fail "exit code 0, got $rc"
grep -qE 'first-pass|a-secret-pass|'"$token" "$tmp/rig.log" && fail "a secret is in the log"
stop "$pool_a"
stop "$pool_b"
accepted=$(($(json_number "$tmp/a.out" accepted) + $(json_number "$tmp/b.out" accepted)))
grep -qE "shares: $accepted accepted, 0 rejected, [0-9]+ stale, 0 invalid, 0 lost" "$tmp/rig.log" ||
	fail "no share is lost, $accepted were accepted: $(grep 'shares:' "$tmp/rig.log")"
say "$accepted shares, none lost"

# ---- what the owner permits ----
permit() { # [OPTIONS]: the file says so from now on
	echo "{\"algo\": \"sha256d\", \"pools\": [{\"url\": \"127.0.0.1:$pool_port\"}] ${1:-}}" >"$tmp/rig.json"
}
start_pool c -a sha256d --listen 127.0.0.1:0 --diff 0.0000005 --job-interval 600000
permit
rig strict --config "$tmp/rig.json" -d sim:1
until_has miner.devices '"temperature_c":50' "sensors are read"
rpc device.set_power_limit '[0,100]'
has 'start with --allow-power or --power-limit' "power needs the owner's leave"
yes device.set_temp_target '[0,45]'
wait_line "$tmp/strict.log" 'sim:0 .*hot: core 50 C, target 45 C' 40 >/dev/null || fail "the target holds it back"
until_has miner.devices '"duty":0.' "it works less"
yes device.set_temp_target '[0,0]'
until_has miner.devices '"duty":1.0' "and fully again"
: >"$ADIT_SIM_SENSORS.set"
permit ', "power-limit": "200"'
yes miner.reload
wait_line "$ADIT_SIM_SENSORS.set" '^0 limit_mw=200000' 40 >/dev/null || fail "the owner's limit is in force"
rpc device.set_power_limit '[0,201]'
has 'sim:0: 201 W is more than its --power-limit, 200 W' "no more than the owner's limit"
yes device.set_power_limit '[0,150]'
wait_line "$ADIT_SIM_SENSORS.set" '^0 limit_mw=150000' 40 >/dev/null || fail "less may be ordered"
yes device.set_temp_target '[0,85]'
permit ', "power-limit": "180", "temp-limit": "80"'
yes miner.reload
wait_line "$ADIT_SIM_SENSORS.set" '^0 limit_mw=180000' 40 >/dev/null || fail "the file's new limit goes before an order"
wait_line "$tmp/strict.log" 'the power limit that was ordered, 150 W, is over' 40 >/dev/null || fail "it says so"
wait_line "$tmp/strict.log" 'the temperature target that was ordered, 85 C, is over' 40 >/dev/null ||
	fail "no target outlives a lower limit"
permit
yes miner.reload
wait_line "$ADIT_SIM_SENSORS.set" '^0 limit_mw=250000' 40 >/dev/null || fail "without leave all is given back"
stop "$miner_pid" INT
[ "$rc" = 0 ] || fail "exit code 0, got $rc"
ok "pools and devices obey while they mine, and nothing is lost"
