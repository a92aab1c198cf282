#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The Kubernetes manifests parse and fit together; the configuration in them is one that Adit
# accepts; what they hold to is the container's.
# usage: packages_farm.sh   with ADIT and top_srcdir; 77 without PyYAML
set -u
: "${ADIT:?set ADIT to the adit binary}"
python3 -c 'import yaml' 2>/dev/null || { echo "skip: python3-yaml is not installed"; exit 77; }
src=$(cd "${top_srcdir:-$(dirname "$0")/..}" && pwd)
tmp=$(mktemp -d "${TMPDIR:-/tmp}/adit-farm.XXXXXX") || exit 99
trap 'rm -rf "$tmp"' EXIT
failed=0
python3 - "$src/packaging" "$tmp" <<'PY' || failed=1
import json, sys, yaml
where, tmp = sys.argv[1:]
rc = 0
def check(what, holds):
    global rc
    print("ok -" if holds else "not ok -", what)
    rc |= not holds
objects = {}
for name in ("adit.yaml", "servicemonitor.yaml"):
    with open(where + "/kubernetes/" + name) as f:
        objects.update((o["kind"], o) for o in yaml.safe_load_all(f))
check("all are there", set(objects) == {"Namespace", "Secret", "DaemonSet", "Service", "ServiceMonitor"})
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
user = pod["spec"]["securityContext"]["runAsUser"]
with open(where + "/container/Containerfile") as f:
    check("the user is the container's", "USER %d:%d" % (user, user) in f.read())
check("nothing of the image can be written, no rights", box["securityContext"]["readOnlyRootFilesystem"]
      and box["securityContext"]["capabilities"]["drop"] == ["ALL"])
volumes = {v["name"] for v in pod["spec"]["volumes"]}
check("mounts have volumes", {m["name"] for m in box["volumeMounts"]} == volumes)
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
if command -v kubeconform >/dev/null && [ -n "${KUBECONFORM_SCHEMAS-}" ]; then
	kubeconform -strict -schema-location "$KUBECONFORM_SCHEMAS" "$src"/packaging/kubernetes/adit.yaml || failed=1
fi
exit $failed
