#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# bench/gpu-batch.sh on the fake NVIDIA driver: all of its parts in one file that is JSON, what
# there is no time for named, and made up for by the next call.
# usage: gpu_bench.sh [ADIT-BENCH-VERSION-x86_64.tar.xz]   of a build, or of that bundle
set -u
build=$(cd "${top_builddir:-.}" && pwd)
source=$(cd "${top_srcdir:-.}" && pwd)
tarball=${1:+$(readlink -f "$1")}
tmp=$(mktemp -d "${TMPDIR:-/tmp}/adit-batch.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
cd "$tmp" || exit 99
command -v python3 >/dev/null || { echo "skip: no python3"; exit 77; }
ADIT_LIBCUDA=$build/tests/fakecuda/libcuda.so.1
[ -r "$ADIT_LIBCUDA" ] || { echo "skip: the fake driver is not built"; exit 77; }
export ADIT_LIBCUDA OCL_ICD_VENDORS=/nonexistent XDG_CACHE_HOME=$tmp/cache FAKECUDA_MEM=256
failed=0
fail() {
	printf 'not ok - %s\n' "$*"
	failed=1
}
if [ -n "$tarball" ]; then
	tar -xJf "$tarball" || exit 99
	batch=$tmp/adit/bench/gpu-batch.sh ADIT=$tmp/adit/bin/adit
else
	: "${ADIT:?set ADIT to the adit binary}"
	batch=$source/bench/gpu-batch.sh
	export ADIT BENCH=$build/bench/gpu VECTORS=$source/tests/vectors
fi

"$ADIT" bench -a sha256d -d cuda:0 --no-sensors --seconds 0.1 --repeat 1 >first.out 2>&1
if grep -q 'install NVRTC' first.out; then
	echo "skip: neither embedded kernels in this build nor NVRTC on this machine"
	exit 77
fi

# refused REGEX NAME=VALUE...
refused() {
	local regex=$1 rc
	shift
	env "$@" "$batch" never.json >refused.out 2>&1
	rc=$?
	[ "$rc" = 2 ] || fail "$*: exit code $rc, want 2"
	grep -qE -- "$regex" refused.out || fail "$* does not say '$regex': $(cat refused.out)"
	[ ! -e never.json ] || fail "$*: measured all the same"
}
refused 'there is no cuda:7' DEVICE=cuda:7
refused 'DEVICE=' DEVICE='cuda:0;true'
refused 'LIMIT=' LIMIT=soon
refused "unknown algorithm 'sha256e'" ALGOS=sha256e
rm -rf never.json.parts

export SMALL=1 ALGOS=${BATCH_ALGOS:-sha256d} # the fake driver is no fast card
# No time at all but for what is begun at once.
LIMIT=1 "$batch" card.json >short.out 2>&1 || fail "a short call: $(cat short.out)"
grep -q 'left out: plans: sha256d' short.out || fail "what is left out is not named: $(cat short.out)"
python3 - <<'PY' || fail "a short call gives no JSON that says what is left out"
import json, sys
root = json.load(open("card.json"))
sys.exit(not (root["schema"] == "adit-gpu-batch" and "plans: sha256d" in root["left_out"]))
PY
"$batch" card.json >long.out 2>&1 || fail "a long call: $(cat long.out)"
python3 - <<'PY' || failed=1
import json, os, sys
root = json.load(open("card.json"))
bad = []
def check(claim, what):
    if not claim: bad.append(what)
check(not root["left_out"], f"left out: {root['left_out']}")
check(root["calls"] == 2 and not root["interrupted"], "two calls")
names = os.environ["ALGOS"].split()
parts = {p["part"]: p for p in root["parts"]}
check(all(p["exit"] == 0 for p in root["parts"]), f"exit codes: {[(n, p['exit']) for n, p in parts.items()]}")
results = [r for n, p in parts.items() if n.startswith("bench-") for r in (p["result"] or {"results": []})["results"]]
done = [r["algorithm"] for r in results if r["state"] == "done"]
check(sorted(done) == sorted(names), f"measured: {done}")
check(all(r["proof"]["missed"] == r["proof"]["wrong"] == 0 for r in results), "proof")
probes = [p["result"]["devices"][0]["probe"] for n, p in parts.items() if n.startswith("bench-") and p["result"]]
check(any(probe and len(probe) > 10 for probe in probes), "a probe")
for name in names:
    cards = parts[f"plans-{name}"]["result"]
    check(len(cards) == 1 and not cards[0].get("error"), f"{name}: {cards}")
    text = json.dumps(cards)
    check('"wrong": 0' in text or '"held"' in text, f"{name}: nothing was held against the reference")
    check('"failed": 0' in text or '"missed": 0' in text, f"{name}: {text[:300]}")
check(parts["selftest"]["result"] is not None, "self-tests")
for b in bad: print("not ok - " + b)
sys.exit(bool(bad))
PY
# Another machine's results are not mixed with these.
FAKECUDA_DEVICES=2 "$batch" card.json >other.out 2>&1 && fail "two machines in one file"
grep -q 'of another version or machine' other.out || fail "another machine is not told: $(cat other.out)"
[ "$failed" = 0 ] && echo "ok - the batch: all parts, one file, nothing twice"
exit "$failed"
