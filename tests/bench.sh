#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# `adit bench`: verified rates on whatever is here, wrong results fail it, hangs are reported and
# the others go on, interruptions print what there is.  Figures are printed, never asserted.
# usage: bench.sh   with ADIT, the program
set -u
: "${ADIT:?set ADIT to the adit binary}"
tmp=$(mktemp -d "${TMPDIR:-/tmp}/adit-bench.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
cd "$tmp" || exit 99
failed=0
command -v python3 >/dev/null || { echo "skip: no python3"; exit 77; }

fail() {
	printf 'not ok - %s\n' "$*"
	failed=1
}

# start NAME ARGS...: in the background.
declare -A pid
start() {
	local name=$1
	shift
	timeout --foreground 240 "$ADIT" bench "$@" >"$name.out" 2>"$name.err" </dev/null &
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
	timeout 60 "$ADIT" bench "$@" >refused.out 2>refused.err </dev/null
	rc=$?
	[ "$rc" = 2 ] || fail "bench $*: exit code $rc, want 2"
	says refused.err "^adit: $regex"
	[ ! -s refused.out ] || fail "bench $*: measures all the same"
}

brief=(--seconds 0.2 --repeat 2)
start wrong -a sha256d -d sim:1 --sim fault=invalid:1 "${brief[@]}" --json
start hang -a sha256d -d sim:2 --sim '0:fault=hang' --hang-timeout 6 "${brief[@]}" --json
start crash -a sha256d -d sim:1 --sim fault=crash "${brief[@]}"
start unfit -a ethash --epoch 0 -d sim:1 --sim mem=1M "${brief[@]}" \
	--set light_cache_items=1021 --set dataset_items=65537
start long -a sha256d -d sim:1 --seconds 0.3 --repeat 1000 --json
start timed -a sha256d,scrypt,etchash -d sim:1 --seconds 0.5 --repeat 3 --time-limit 15 --json
start cut -a sha256d -d sim:1 --sim '0:fault=hang' "${brief[@]}" --time-limit 5
start cpu -a sha256d,scrypt -d cpu -t 1 "${brief[@]}" --json

refused "-a: unknown algorithm 'sha256e'" -a sha256e -d sim:1
refused "-a: 'sha256d' is there twice" -a sha256d,sha256d -d sim:1
refused '--fail-below: .*--compare' -a sha256d -d sim:1 --fail-below 90
refused '--set nothing=1: none of these' -a sha256d -d sim:1 --set nothing=1
refused 'ethash: epoch 9999999 of' -a sha256d,ethash -d sim:1 --epoch 9999999
refused "intensity '12,13': " -a sha256d -d sim:1 -i 12,13
refused '--json and --markdown' -a sha256d -d sim:1 --json --markdown
refused '--seconds' -a sha256d -d sim:1 --seconds 0
refused '--svg /: that is a directory' -a sha256d -d sim:1 --svg /
refused '--svg no/such/chart.svg: ' -a sha256d -d sim:1 --svg no/such/chart.svg
mkfifo pipe
printf '%*s' 200000 '' | tr ' ' '[' >deep.json
truncate -s 17M huge.json
echo '{"schema": "adit-bench", "version": 2}' >later.json
echo '[1, 2, 3]' >foreign.json
refused '--compare pipe: cannot read it: not a file' -a sha256d -d sim:1 --compare pipe
refused '--compare /dev/zero: cannot read it: not a file' -a sha256d -d sim:1 --compare /dev/zero
refused '--compare none.json: cannot read it: No such file' -a sha256d -d sim:1 --compare none.json
refused '--compare deep.json: line 1: ' -a sha256d -d sim:1 --compare deep.json
refused '--compare huge.json: too large' -a sha256d -d sim:1 --compare huge.json
refused '--compare later.json: not what .adit bench --json. of this version' -a sha256d -d sim:1 --compare later.json
refused '--compare foreign.json: not what' -a sha256d -d sim:1 --compare foreign.json

ended wrong 6
says wrong.err 'finds are wrong'
ended hang 5
says hang.err '^adit: sim:0: sha256d: it hangs'
ended crash 5
says crash.err 'its worker died'
ended unfit 5
says unfit.err 'sim:0: ethash: the dataset of epoch 0 needs'
ended cpu 0

# What there is no time for is not begun.
ended timed 0
says timed.err '^adit: sim:0: etchash: no time left'

# Nobody reads what it says: it does not go on for nothing.
timeout 60 "$ADIT" bench -a sha256d -d sim:1 --seconds 0.1 --repeat 1000 >&- 2>closed.err
[ $? = 7 ] || fail "standard output closed: another exit code"
says closed.err '^adit: cannot write to standard output: Bad file descriptor'
timeout 60 "$ADIT" bench -a sha256d -d sim:1 --seconds 0.1 --repeat 1000 >/dev/full 2>full.err
[ $? = 7 ] || fail "standard output full: another exit code"
timeout 60 "$ADIT" bench -a sha256d -d sim:1 --seconds 0.1 --repeat 1 --svg /dev/full >/dev/null 2>full.err
[ $? = 7 ] || fail "--svg /dev/full: another exit code"
says full.err '^adit: --svg /dev/full: cannot write it: No space left'

# Interrupted when it has a worker, and so hears signals.
has_worker() { # PID of timeout
	local adit children child
	read -r adit _ <"/proc/$1/task/$1/children"
	read -ra children <"/proc/$adit/task/$adit/children"
	for child in "${children[@]}"; do
		tr '\0' ' ' <"/proc/$child/cmdline" | grep -q ' worker ' && return
	done
	return 1
}
for _ in $(seq 600); do
	has_worker "${pid[long]}" 2>/dev/null && break
	sleep 0.1
done
kill -INT "${pid[long]}" || fail "nothing to interrupt"
ended long 9
says long.err 'interrupted'

# The profile for what follows.
mkdir tuned
timeout 60 "$ADIT" tune -a sha256d -d sim:1 --cache-dir tuned --tune-time 1 --tune-intensity 12-12 \
	>/dev/null 2>tune.err &
tune=$!

# Interrupted while a light cache of today is made, which is seconds: it has a thread for that.
start cache -a etchash -d sim:1 --json
for _ in $(seq 600); do
	read -r adit _ <"/proc/${pid[cache]}/task/${pid[cache]}/children"
	threads=(/proc/"$adit"/task/*)
	[ ${#threads[@]} -gt 1 ] && break
	sleep 0.1
done 2>/dev/null
kill -TERM "${pid[cache]}" || fail "nothing to interrupt"
ended cache 9
says cache.out '"results": \[\]'
ended cut 0
says cut.err '^adit: sim:0: sha256d: the time is up'

# What was tuned is used, and it says so.
wait $tune || fail "tune: $(cat tune.err)"
cp -r tuned stale
sed -i 's/"driver": "[^"]*"/"driver": "older"/' stale/profiles.json
start row -a sha256d -d sim:1 --cache-dir tuned "${brief[@]}"
start tuned -a sha256d -d sim:1 --cache-dir tuned "${brief[@]}" --json
start plain -a sha256d -d sim:1 --cache-dir tuned "${brief[@]}" --no-profile --json
start asked -a sha256d -d sim:1 --cache-dir tuned "${brief[@]}" -i 13 --json
start stale -a sha256d -d sim:1 --cache-dir stale "${brief[@]}" --json
for name in row tuned plain asked stale; do ended $name 0; done
says row.out 'intensity 12, tuned for hashrate'
says stale.err "^adit: sim:0: sha256d: profile not used: tuned with driver 'older'"

# As other miners are told; and compared with rates that no load of this machine explains.
"$ADIT" -a sha256d -d sim:1 --benchmark "${brief[@]}" --json >saved.json 2>/dev/null ||
	fail "--benchmark: exit code $?"
for rate in 1e15 1e-3; do
	python3 -c 'import json, sys
root = json.load(open("saved.json"))
root["results"][0]["rate"]["windows"] = [float(sys.argv[1])] * 5
json.dump(root, open(sys.argv[1] + ".json", "w"))' $rate
done
start slower -a sha256d -d sim:1 "${brief[@]}" --compare 1e15.json --fail-below 50
start faster -a sha256d -d sim:1 "${brief[@]}" --compare 1e-3.json --fail-below 50
ended slower 1
says slower.out 'slower, BELOW'
says slower.out 'simulated'
ended faster 0
refused '--compare wrong.err: line 1' -a sha256d -d sim:1 --compare wrong.err
sed 's/"sha256d"/"another"/' saved.json >elsewhere.json
start nothing -a sha256d -d sim:1 "${brief[@]}" --compare elsewhere.json --fail-below 90
ended nothing 1
says nothing.err '^adit: --fail-below: nothing of elsewhere.json was measured now'

# On OpenCL: three kinds of kernels, with a tiny dataset, the probe, Markdown and the chart.
if "$ADIT" devices --json 2>/dev/null | grep -q '"id": *"opencl:0"'; then
	small=(--epoch 0 --set light_cache_items=1021 --set dataset_items=65537)
	start gpu -a sha256d,scrypt,ethash -d opencl:0 --svg chart.svg "${small[@]}" "${brief[@]}" --json
	ended gpu 0
	python3 - <<'PY' || fail "the chart is no XML, or lacks an algorithm"
import sys, xml.etree.ElementTree as tree
text = " ".join(tree.parse("chart.svg").getroot().itertext())
sys.exit(any(name not in text for name in ("sha256d", "scrypt", "ethash", "copy", "opencl:0")))
PY
fi

python3 - <<'PY' || failed=1
import json, os, sys
bad = []
def check(name, claim, what):
    if not claim: bad.append(f"{name}: {what}")
for name in ("cpu", "gpu"):
    if not os.path.exists(name + ".out"): continue
    root = json.load(open(name + ".out"))
    check(name, root["schema"] == "adit-bench" and root["version"] == 1, "schema")
    for r in root["results"]:
        p = r["proof"]
        check(name, r["state"] == "done", f"{r['algorithm']} is {r['state']}: {r['why']}")
        check(name, p["planted"] == 16 and not p["missed"] and not p["wrong"], f"proof {p}")
        check(name, len(r["rate"]["windows"]) == 2 and r["rate"]["median"] > 0, "rate")
        check(name, r["cpu_percent"] is not None and r["memory_bytes"] > 1 << 20, "use")
        h = r["host"]
        check(name, h["idle_percent"] is not None and h["wakeups_per_s"] > 0 and
              h["batches_per_s"] > 0, f"host {h}")
        check(name, name == "cpu" or h["to_device_bytes"] > 256 < h["from_device_bytes"], "copies")
        check(name, name == "cpu" or r["limit"]["rate"] > 0, "limit")
        print(f"{r['device']} {r['algorithm']}: {r['rate']['median']:.4g} H/s")
    for d in root["devices"]:
        for f in d["probe"] or []:
            check(name, not f["wrong"] and f["value"] > 0, f"probe {f}")
        check(name, name == "cpu" or len(d["probe"]) > 10, "probe")
hang = json.load(open("hang.out"))["results"]
check("hang", [r["state"] for r in hang] == ["failed", "done"], str(hang))
wrong = json.load(open("wrong.out"))["results"][0]
check("wrong", wrong["state"] == "wrong" and wrong["proof"]["wrong"] > 0, str(wrong))
long = json.load(open("long.out"))
check("long", long["interrupted"] and all(r["state"] == "interrupted" for r in long["results"]), str(long))
timed = json.load(open("timed.out"))
check("timed", [timed["results"][i]["state"] for i in (0, 2)] == ["done", "left out"], str([r["state"] for r in timed["results"]]))
check("timed", not timed["interrupted"] and timed["results"][2]["rate"] is None, str(timed))
for name, intensity, metric in ("tuned", 12, "hashrate"), ("plain", None, None), ("asked", 13, None), ("stale", None, None):
    r = json.load(open(name + ".out"))["results"][0]
    found = (r["intensity"], (r["profile"] or {}).get("metric"))
    check(name, found == (intensity, metric), str(found))
for b in bad: print("not ok - " + b)
sys.exit(bool(bad))
PY
[ "$failed" = 0 ] && echo "ok - measured, proved, refused, interrupted"
exit "$failed"
