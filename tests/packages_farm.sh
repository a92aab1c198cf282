#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The Kubernetes manifests are valid and fit together; the configuration in them is one that Adit
# accepts; what they hold to is the container's; the probes say what they are to say of a rig.
# usage: packages_farm.sh   with ADIT and top_srcdir; 77 without PyYAML
. "${top_srcdir:-.}/tests/e2e/lib.sh"
python3 -c 'import yaml' 2>/dev/null || skip "python3-yaml is not installed"
src=$(cd "${top_srcdir:-.}" && pwd)
unset ADIT_API_BIND
export ADIT_SYSFS=/nonexistent ADIT_LIBNVML=none ADIT_LIBSYSTEMD=none
python3 - "$src/packaging" "$tmp" <<'PY' || failed=1
import copy, json, shlex, sys, yaml
where, tmp = sys.argv[1:]
rc = 0
def check(what, holds):
    global rc
    print("ok -" if holds else "not ok -", what)
    rc |= not holds
objects = {}
try:
    import jsonschema
except ImportError:
    jsonschema = None
    print("# python3-jsonschema is not installed: nothing is checked against a schema")
for name in ("adit.yaml", "servicemonitor.yaml"):
    with open(where + "/kubernetes/" + name) as f:
        objects.update((o["kind"], o) for o in yaml.safe_load_all(f))
check("all are there", set(objects) == {"Namespace", "Secret", "DaemonSet", "Service",
                                         "NetworkPolicy", "ServiceMonitor"})
secret, service = objects["Secret"]["stringData"], objects["Service"]
pod = objects["DaemonSet"]["spec"]["template"]
box = pod["spec"]["containers"][0]
labels = pod["metadata"]["labels"]
check("one namespace", all(o["metadata"].get("namespace", o["metadata"]["name"]) == "adit"
                           for o in objects.values()))
check("the set selects its pods", objects["DaemonSet"]["spec"]["selector"]["matchLabels"] == labels)
check("the service selects them too", service["spec"]["selector"] == labels)
monitor = objects["ServiceMonitor"]["spec"]
check("the monitor selects the service",
      monitor["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items())
check("and a port that it has", monitor["endpoints"][0]["port"] in [p["name"] for p in service["spec"]["ports"]])
conf = json.loads(secret["adit.json"])
check("the port is the API's", conf["api-bind"].endswith(":%d" % box["ports"][0]["containerPort"]))
credentials = monitor["endpoints"][0]["authorization"]["credentials"]
check("the monitor may only read", conf["api-read-token-file"] == "/etc/adit/" + credentials["key"]
      and credentials["key"] in secret and conf["api-token-file"] != conf["api-read-token-file"])
# Of what Kubernetes and the operator publish, only what is used here: tests/kubernetes_schema.py
with open(where + "/../tests/kubernetes.schema.json") as f:
    kinds = json.load(f)["kinds"]
def faults(o):
    return [e.message for e in jsonschema.Draft7Validator(kinds[o["apiVersion"] + " " + o["kind"]]).iter_errors(o)]
def spoilt(change):
    o = copy.deepcopy(objects["DaemonSet"])
    change(o["spec"]["template"]["spec"]["containers"][0])
    return faults(o)
if jsonschema:
    for kind, o in objects.items():
        check("%s is valid: %s" % (kind, faults(o)), not faults(o))
    check("a number in words is not", spoilt(lambda b: b["livenessProbe"].update(periodSeconds="often")))
    check("nor a misspelt name", spoilt(lambda b: b["securityContext"].update(readonlyRootFilesystem=True)))
    check("nor a container without a name", spoilt(lambda b: b.pop("name")))
user = pod["spec"]["securityContext"]["runAsUser"]
with open(where + "/container/Containerfile") as f:
    check("the user is the container's", "USER %d:%d" % (user, user) in f.read())
check("neither root nor more than it begins with", pod["spec"]["securityContext"]["runAsNonRoot"]
      and not box["securityContext"]["allowPrivilegeEscalation"] and not pod["spec"]["automountServiceAccountToken"])
check("cards are asked for", any(k.endswith("/gpu") for k in box["resources"]["limits"]))
check("a rig that does not mine is read too", service["spec"]["publishNotReadyAddresses"])
check("the policy is for the pods", objects["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"] == labels)
check("nothing of the image can be written, no rights", box["securityContext"]["readOnlyRootFilesystem"]
      and box["securityContext"]["capabilities"]["drop"] == ["ALL"])
volumes = {v["name"] for v in pod["spec"]["volumes"]}
check("mounts have volumes", {m["name"] for m in box["volumeMounts"]} == volumes)
for name in ("startup", "liveness", "readiness"):
    with open(tmp + "/" + name, "w") as f:
        command = shlex.join(box[name + "Probe"]["exec"]["command"])
        f.write(command.replace("/etc/adit", tmp).replace("127.0.0.1:4028", "127.0.0.1:$port") + "\n")
for name in secret:
    with open(tmp + "/" + name, "w") as f:
        f.write(secret[name].replace("/etc/adit", tmp))
sys.exit(rc)
PY
if "$ADIT" --help | grep -q -- --api-bind; then
	"$ADIT" check --config "$tmp/adit.json" --worker node >/dev/null || {
		echo 'not ok - Adit does not accept the configuration'
		failed=1
	}
fi
[ $failed = 0 ] || exit 1

# ---- the probes, run as the kubelet runs them, of a rig without a pool and of one that mines ----

command -v curl >/dev/null || skip "curl is not installed"
# rig NAME POOL: sets port.
rig() {
	start_miner "$1" -a sha256d -o "$2" -u user -d sim:1 --sim rate=100k --no-sensors \
		--api-bind 127.0.0.1:0 --api-read-token-file "$tmp/read-token"
	port=$(wait_line "$tmp/$1.log" 'API at 127.0.0.1:[0-9]+') || fail "$1: the API listens"
	[[ $port =~ 127\.0\.0\.1:([0-9]+) ]] && port=${BASH_REMATCH[1]}
}
# probe NAME: the port stands in it as a variable, quoted for none.
probe() { bash -c "${probes[$1]//\$port/$port}"; }
declare -A probes
for name in startup liveness readiness; do probes[$name]=$(cat "$tmp/$name"); done

rig alone 127.0.0.1:1
wait_line "$tmp/alone.log" 'pool .*(refused|retry|again)' >/dev/null || fail "it has no pool"
probe startup || fail "a rig without a pool has started"
probe liveness || fail "a rig without a pool is alive"
probe readiness && fail "a rig without a pool is not ready"
kill -STOP "$miner_pid"
probe liveness && fail "a rig that is held up is not alive"
kill -CONT "$miner_pid"
stop "$miner_pid" INT
probe liveness && fail "a rig that is gone is not alive"
start_pool pool -a sha256d --listen 127.0.0.1:0 --diff 0.000005
rig mining "127.0.0.1:$pool_port"
wait_line "$tmp/mining.log" ' accepted: ' >/dev/null || fail "the rig mines"
probe liveness || fail "a rig that mines is alive"
probe readiness || fail "a rig that mines is ready"
stop "$miner_pid" INT
ok "the probes tell a rig that is alive from one that mines and one that is gone"
