#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A real Prometheus, set up with what is packaged, reads three rigs by TLS and token: every query of the
# dashboard and every rule works on what they say, and alerts fire for a device and a rig that fail.
. "${top_srcdir:-.}/tests/e2e/lib.sh"
command -v prometheus >/dev/null || skip "no prometheus (package prometheus)"
command -v python3 >/dev/null || skip "no python3"
command -v openssl >/dev/null || skip "no openssl"
src=$(cd "${top_srcdir:-.}" && pwd)

# What is asked of Prometheus.  It has no way to wait for an answer that changes, so it is asked
# again until the answer is the one wanted, or a minute has passed.
cat >"$tmp/ask.py" <<'PY'
import json, re, sys, time, urllib.error, urllib.parse, urllib.request

base, verb, *rest = sys.argv[1:]

def get(path, **arguments):
    url = base + "/api/v1/" + path + "?" + urllib.parse.urlencode(arguments)
    try:
        with urllib.request.urlopen(url, timeout=20) as answer:
            return json.load(answer)["data"]
    except urllib.error.HTTPError as e:
        sys.exit("%s: %s" % (arguments, e.read().decode()))

def query(expr):
    return get("query", query=expr)["result"]

def wait(what, holds):
    end = time.monotonic() + 60
    while True:
        missing = holds()
        if not missing:
            return
        if time.monotonic() > end:
            sys.exit("%s: %s" % (what, missing))
        time.sleep(0.2)

if verb == "value":  # value EXPR WANTED: the sum of what it yields
    expr, wanted = rest[0], float(rest[1])
    def differs():
        got = query(expr)
        return None if got and sum(float(s["value"][1]) for s in got) == wanted else got or "nothing"
    wait(expr, differs)
elif verb == "positive":  # positive EXPR...: each yields something above 0
    for expr in rest:
        wait(expr, lambda: None if any(float(s["value"][1]) > 0 for s in query(expr)) else "nothing")
elif verb == "firing":  # firing ALERT LABEL=VALUE...
    labels = dict(word.split("=", 1) for word in rest[1:])
    def quiet():
        alerts = [a for a in get("alerts")["alerts"] if a["labels"]["alertname"] == rest[0]]
        fits = [a for a in alerts if labels.items() <= a["labels"].items() and a["state"] == "firing"]
        return None if fits else alerts or "no such alert"
    wait(rest[0], quiet)
elif verb == "silent":  # silent ALERT...: none of these is even pending
    wait("silence", lambda: [a for a in get("alerts")["alerts"] if a["labels"]["alertname"] in rest])
elif verb == "rules":  # rules N: so many are evaluated, without an error
    def unwell():
        rules = [r for g in get("rules")["groups"] for r in g["rules"]]
        bad = [(r["name"], r["health"], r.get("lastError")) for r in rules if r["health"] != "ok"]
        return bad or (None if len(rules) == int(rest[0]) else len(rules))
    wait("rules", unwell)
elif verb == "board":  # board FILE: every query of every panel yields series
    panels = json.load(open(rest[0]))["panels"]
    n = 0
    for target in (t for p in panels for t in p.get("targets", [])):
        expr = target["expr"].replace("$rig", ".*").replace("$__rate_interval", "10s")
        wait(expr, lambda: None if query(expr) else "no series")
        n += 1
    print("# %d queries of the dashboard" % n)
elif verb == "federate":  # federate PREFIX: so begins what a Prometheus above this one reads
    url = base + "/federate?" + urllib.parse.urlencode({"match[]": '{__name__=~"%s.*"}' % rest[0]})
    def few():
        with urllib.request.urlopen(url, timeout=20) as answer:
            lines = [l for l in answer.read().decode().splitlines() if not l.startswith("#")]
        named = [l for l in lines if l.startswith(rest[0])]
        return None if len(named) == len(lines) >= 20 else lines
    wait("federation", few)
elif verb == "names":  # names GOLDEN ABSENT...: what is read is what is documented
    text = open(rest[0]).read()
    known = set(re.findall(r"^# TYPE (\S+)", text, re.M))
    parts = {h + p for h in re.findall(r"^# TYPE (\S+) histogram", text, re.M)
             for p in ("_bucket", "_sum", "_count")}
    flat = (known | parts) - {h for h in known if h + "_sum" in parts}
    def differ():
        seen = {n for n in get("label/__name__/values") if n.startswith("adit_")}
        return sorted(seen - flat) + sorted(flat - seen - set(rest[1:])) or None
    wait("names", differ)
    print("# %d names" % len(flat))
PY
ask() { timeout 120 python3 "$tmp/ask.py" "$base" "$@" || fail "Prometheus: $*"; }

# ---- three rigs ----

export ADIT_SYSFS=/nonexistent ADIT_LIBNVML=none ADIT_LIBSYSTEMD=none
# sensors RIG UJ [WORD]: the first card counts its energy, the second tells its power only.
sensors() {
	local all='core_mc=61000 hotspot_mc=72000 memory_mc=84000 fan_permille=550 power_mw=120000 limit_mw=150000'
	all+=' core_mhz=1650 memory_mhz=9501 busy_permille=990'
	printf '0 %s energy_uj=%s\n1 %s\n' "$all" "$2" "${3:-$all}" >"$tmp/sensors.new"
	mv "$tmp/sensors.new" "$tmp/sensors$1"
}
token=0123456789abcdef0123456789abcdef
echo "$token" >"$tmp/token"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=rig \
	-addext subjectAltName=IP:127.0.0.1 -keyout "$tmp/key.pem" -out "$tmp/cert.pem" 2>/dev/null ||
	skip "openssl makes no certificate"
start_pool pool -a sha256d --listen 127.0.0.1:0 --diff 0.000005 --job-interval 1000
ports=() rigs=()
for i in 1 2 3; do
	sensors $i 1000000
	export ADIT_SIM_SENSORS=$tmp/sensors$i
	start_miner "rig$i" -a sha256d -o "127.0.0.1:$pool_port" -u user -d sim:2 --sim rate=100k \
		--sensor-interval 300 --intensity 12 --api-bind 127.0.0.1:0 \
		--api-read-token-file "$tmp/token" --api-tls-cert "$tmp/cert.pem" --api-tls-key "$tmp/key.pem"
	rigs+=("$miner_pid")
done
for i in 1 2 3; do
	line=$(wait_line "$tmp/rig$i.log" 'API at 127.0.0.1:[0-9]+') || fail "rig $i listens"
	[[ $line =~ 127\.0\.0\.1:([0-9]+) ]] && ports+=("${BASH_REMATCH[1]}")
done

# ---- Prometheus, as packaged but for the targets, and faster ----

sed -e 's/\(scrape\|evaluation\)_interval: 15s/\1_interval: 1s/' \
	-e "s|localhost:4028|127.0.0.1:${ports[0]}|" -e "s|rig2.example.org:4028|127.0.0.1:${ports[1]}|" \
	-e "s|rig3.example.org:4028|127.0.0.1:${ports[2]}|" \
	-e 's,^    #   \(scheme:.*\|tls_config:\|authorization:\)$,    \1,' \
	-e "s|^    #     \(ca_file:\).*|      \1 $tmp/cert.pem|" \
	-e "s|^    #     \(credentials_file:\).*|      \1 $tmp/token|" \
	"$src/packaging/prometheus/prometheus.yml" >"$tmp/prometheus.yml"
grep -q example.org "$tmp/prometheus.yml" && fail "the targets are replaced"
grep -q "^      credentials_file: $tmp/token" "$tmp/prometheus.yml" || fail "the token is given"
grep -q "^    scheme: https" "$tmp/prometheus.yml" || fail "it is to speak TLS"
sed 's/^\( *\)for: .*/\1for: 2s/' "$src/packaging/prometheus/adit-rules.yml" >"$tmp/adit-rules.yml"
cp "$src/packaging/prometheus/adit-farm.yml" "$tmp/"
rules=$(cat "$tmp"/adit-*.yml | grep -cE '^ *- (alert|record): ')
prometheus --config.file="$tmp/prometheus.yml" --storage.tsdb.path="$tmp/tsdb" \
	--web.listen-address=127.0.0.1:0 >"$tmp/prometheus.log" 2>&1 &
pids+=($!)
line=$(wait_line "$tmp/prometheus.log" 'msg="Listening on" address=127') || fail "Prometheus listens"
base=http://127.0.0.1:${line##*:}
wait_line "$tmp/prometheus.log" 'ready to receive' >/dev/null || fail "Prometheus is ready"

# ---- what it knows ----

ask value 'up{job="adit"}' 3
ask silent AditRigGone AditNoRigs
for i in 1 2 3; do sensors $i 5000000; done
ask value 'count(adit_device_info)' 6
ask value 'count(adit_device_info{energy="counter"})' 3
ask positive 'sum(adit_rate_10s_hashes_per_second)' 'sum by (instance) (rate(adit_device_hashes_total[10s]))' \
	'sum by (outcome) (rate(adit_shares_total{outcome="accepted"}[10s]))' \
	'histogram_quantile(0.9, sum by (le) (rate(adit_answer_seconds_bucket[10s])))' \
	'adit_device_energy_joules_total{device="sim:0"}' 'adit_device_energy_joules_total{device="sim:1"}'
ask value 'max(adit_device_intensity)' 12
ask rules "$rules"
ok "three rigs are read, $rules rules are evaluated"

# ---- a device fails for good, then a rig ----

sensors 3 5000000 lost
ask firing AditDeviceParked "instance=127.0.0.1:${ports[2]}" device=sim:1
ask firing AditNeedsHands "instance=127.0.0.1:${ports[2]}" event=off-bus
ask silent AditRigGone AditNoRigs AditPoolDown
ok "an alert fires for the device that was parked"
ask board "$src/packaging/grafana/adit.json"
# Simulated devices have no clock of a driver's, this algorithm's jobs no height.
ask names "$src/tests/golden/metrics.prom" adit_device_progress_ratio adit_device_max_clock_hertz \
	adit_block_height adit_pool_block_height
ok "every query of the dashboard yields series"
ask value adit:rigs_up:sum 3
ask federate adit:
stop "${rigs[1]}" INT
[ "$rc" = 0 ] || fail "exit code 0, got $rc"
ask firing AditRigGone "instance=127.0.0.1:${ports[1]}"
ask value adit:rigs_up:sum 2
ok "an alert fires for the rig that is gone"
for i in 0 2; do
	stop "${rigs[$i]}" INT
	[ "$rc" = 0 ] || fail "exit code 0, got $rc"
done
bad=$(grep -E 'level=error|Evaluating rule failed' "$tmp/prometheus.log") && fail "Prometheus complains: $bad"
exit 0
