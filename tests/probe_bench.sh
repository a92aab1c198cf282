#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# `adit bench --probe` on the fake NVIDIA driver: every figure held against the host; a card that
# hangs, dies, has no memory or computes wrongly is named, and what was measured before stays.
# usage: probe_bench.sh   with ADIT, the program
set -u
: "${ADIT:?set ADIT to the adit binary}"
build=$(cd "${top_builddir:-.}" && pwd)
tmp=$(mktemp -d "${TMPDIR:-/tmp}/adit-probe.XXXXXX")
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

says() { # FILE REGEX
	grep -qE -- "$2" "$1" || fail "$1 does not say '$2': $(cat "$1")"
}

# start NAME FAULT ARGS...: in the background.
declare -A pid
start() {
	local name=$1 fault=$2
	shift 2
	FAKECUDA_FAULT=$fault timeout --foreground 240 "$ADIT" bench --probe -d cuda:0 --json "$@" \
		>"$name.out" 2>"$name.err" </dev/null &
	pid[$name]=$!
}

# ended NAME CODE
ended() {
	wait "${pid[$1]}"
	local rc=$?
	[ "$rc" = "$2" ] || fail "$1: exit code $rc, want $2: $(cat "$1.err")"
}

# The process id of its worker; PID is that of timeout.
worker_of() {
	local adit children child
	read -r adit _ <"/proc/$1/task/$1/children"
	read -ra children <"/proc/$adit/task/$adit/children"
	for child in "${children[@]}"; do
		tr '\0' ' ' <"/proc/$child/cmdline" | grep -q ' worker ' && echo "$child" && return
	done
	return 1
}

start whole ''
ended whole 0
if grep -q 'install NVRTC' whole.err; then
	echo "skip: neither embedded kernels in this build nor NVRTC on this machine"
	exit 77
fi

start hang 'hang@40' --hang-timeout 3
start dies 'hang@40'
start flips smudge
start nothing 'alloc@1=2'
start small 'alloc@4=2'
start lost 'sync@20=719'
start rates 'launch@5=701' -a sha256d --seconds 0.1 --repeat 2

# Killed when it hangs, and so is still there.
for _ in $(seq 600); do
	worker=$(worker_of "${pid[dies]}" 2>/dev/null) && break
	sleep 0.1
done
kill -KILL "${worker:-0}" || fail "no worker to kill"

ended dies 5
says dies.err '^adit: cuda:0: not probed: its worker died'
ended flips 6
ended nothing 5
says nothing.err '^adit: cuda:0: not probed: .*CUDA_ERROR_OUT_OF_MEMORY'
ended small 0
ended lost 5
says lost.err '^adit: cuda:0: not probed: .*CUDA_ERROR_LAUNCH_FAILED'
ended rates 5
says rates.err '^adit: cuda:0: not probed: .*CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES'
ended hang 5
says hang.err '^adit: cuda:0: not probed: it hangs'

python3 - <<'PY' || failed=1
import json, sys
bad = []
def check(name, claim, what):
    if not claim: bad.append(f"{name}: {what}")
def load(name):
    root = json.load(open(name + ".out"))
    d = root["devices"][0]
    return root, d["probe"] or [], d["probe_why"]
_, whole, why = load("whole")
check("whole", why is None, why)
check("whole", {f["kind"] for f in whole} == {"add", "logic", "rotate", "mul32", "mul64", "mix", "local",
      "copy", "random", "launch", "read_back", "queued"}, [f["kind"] for f in whole])
check("whole", all(f["value"] > 0 and f["best"] > 0 and not f["wrong"] for f in whole), whole)
check("whole", {f["grain"] for f in whole if f["kind"] == "random"} == {32, 64, 128, 256}, "grains")
check("whole", max(f["set_bytes"] or 0 for f in whole) == 64 << 20, "of 256 MiB, 64 are gone over")
for name in "hang", "dies", "lost", "rates":
    _, some, why = load(name)
    check(name, why and len(some) < len(whole) and not any(f["wrong"] for f in some), (why, len(some)))
_, flips, why = load("flips")
check("flips", why is None and any(f["wrong"] for f in flips), "a wrong result is not seen")
_, nothing, why = load("nothing")
check("nothing", why and not nothing, nothing)
_, small, why = load("small")
check("small", why is None and max(f["set_bytes"] or 0 for f in small) == 16 << 20, "the next smaller set")
root, _, _ = load("rates")
r = root["results"][0]
check("rates", r["state"] == "failed" and r["limit"] is None, "the others are tried all the same")
for b in bad: print("not ok - " + b)
sys.exit(bool(bad))
PY
[ "$failed" = 0 ] && echo "ok - probed; what hangs, dies, has no room or errs is named"
exit "$failed"
