#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# `adit tune` measures, keeps what it found, puts back what it changed; mining uses it.
# usage: tune.sh   with ADIT, the program
set -u
: "${ADIT:?set ADIT to the adit binary}"
tmp=$(mktemp -d "${TMPDIR:-/tmp}/adit-tune.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
cd "$tmp" || exit 99
failed=0

fail() {
	printf 'not ok - %s\n' "$*"
	failed=1
}

# start NAME ARGS...: in the background, with a cache directory of its own.
declare -A pid
start() {
	local name=$1
	shift
	mkdir "$name"
	ADIT_SIM_SENSORS=$tmp/$name.sensors timeout --foreground 120 "$ADIT" tune --cache-dir "$tmp/$name" \
		--tune-time 1 "$@" >"$name.out" 2>"$name.err" </dev/null &
	pid[$name]=$!
}

# ended NAME CODE
ended() {
	wait "${pid[$1]}"
	local rc=$?
	[ "$rc" = "$2" ] || fail "$1: exit code $rc, want $2: $(cat "$1.err")"
}

says() { # FILE REGEX
	grep -qE -- "$2" "$1" || fail "$1 does not say '$2': $(cat "$1")"
}

refused() { # REGEX ARGS...
	local regex=$1 rc
	shift
	timeout 60 "$ADIT" tune "$@" >refused.out 2>refused.err </dev/null
	rc=$?
	[ "$rc" = 2 ] || fail "tune $*: exit code $rc, want 2"
	says refused.err "^adit: $regex"
	[ ! -s refused.out ] || fail "tune $*: measures all the same"
}

card="core_mc=60000 power_mw=120000 limit_mw=200000 limit_min_mw=80000 limit_max_mw=250000"
for name in power stopped; do
	echo "0 $card limit_default_mw=200000" >$name.sensors
done

# Simulated devices cost next to nothing: all of these at once.
start power -a sha256d -d sim:1 --metric efficiency --tune-intensity 12-12 --allow-power \
	--tune-power 100-102
start stopped -a sha256d -d sim:1 --tune-intensity 12-13 --allow-power
start wrong -a sha256d -d sim:1 --sim fault=invalid:1 --tune-intensity 11-12
start dies -a sha256d -d sim:1 --sim fault=crash --tune-intensity 12-12
echo "0 core_mc=95000" >hot.sensors
start hot -a sha256d -d sim:1 --tune-intensity 12-13
start cpu -a sha256d -d cpu -t 1 --tune-intensity 10-10

# Interrupted when it has lowered a limit.
for _ in $(seq 600); do
	[ -s stopped.sensors.set ] && break
	sleep 0.1
done
kill -TERM "${pid[stopped]}" || fail "nothing to interrupt"

refused "unknown algorithm 'sha256e'" -a sha256e
refused "--metric: metric 'speed': give " -a sha256d -d sim:1 --metric speed
refused "--metric: .*watts" -a sha256d -d sim:1 --metric floor:none
refused "--tune-intensity: '9-3': give MIN-MAX" -a sha256d -d sim:1 --tune-intensity 9-3
refused "--tune-power: .*--allow-power" -a sha256d -d sim:1 --tune-power 100-200
refused '-i does not apply' -a sha256d -d sim:1 -i 20
refused "no epoch: etchash" -a etchash -d sim:1
refused "sim:0: the metric 'efficiency' needs its power" -a sha256d -d sim:1 --metric efficiency

ended power 0
says power.out '^sim:0: best is intensity 12, power limit 10[0-2] W'
says power.out '120\.0 '
says power/profiles.json '"limit_mw": 10[0-2]000'
says power/profiles.json '"metric": "efficiency"'
[ "$(stat -c %a power/profiles.json)" = 600 ] || fail "others may read profiles"
says power.sensors.set '^0 limit_mw=102000'
says <(tail -n 1 power.sensors.set) '^0 limit_mw=200000'

ended stopped 1
says stopped.err 'interrupted'
says <(tail -n 1 stopped.sensors.set) '^0 limit_mw=200000'
[ ! -e stopped/profiles.json ] || fail "an unfinished sweep is kept"

ended wrong 6
says wrong.err 'every setting gave wrong results'
says wrong.out ' wrong$'
[ ! -e wrong/profiles.json ] || fail "wrong settings are kept"

ended hot 5
says hot.err 'core 95 C, limit 90 C'
ended dies 5
[ ! -e dies/profiles.json ] || fail "what never ran is kept"

ended cpu 0
says cpu.out '^cpu:0: best is intensity 10'
grep -q ' wrong' cpu.out && fail "the reference disagrees with itself"
awk '$1 == 10 && $NF > 0 { found = 1 } END { exit !found }' cpu.out || fail "nothing was found"

# Mining begins with it; nobody has to be there for that.
mine() {
	timeout 60 "$ADIT" mine -a sha256d -d sim:1 -o stratum+tcp://127.0.0.1:1 -u x -r 1 \
		--cache-dir "$tmp/power" "$@" >/dev/null 2>mine.err </dev/null
}
mine
says mine.err "sim:0: intensity 12, as 'adit tune' found for efficiency"
mine --no-profile
grep -q 'adit tune' mine.err && fail "--no-profile: it is used"
mine -i 13
grep -q 'adit tune' mine.err && fail "-i 13: the profile is used"
sed -i 's/"driver": "[^"]*"/"driver": "older"/' power/profiles.json
mine
says mine.err "sim:0: profile not used: tuned with driver 'older'"

[ "$failed" = 0 ] && echo "ok - tuned, kept, put back, used"
exit "$failed"
