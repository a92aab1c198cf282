#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# For a person with a real card: one call, under eight minutes, one file to send in.
# usage: bench/gpu-batch.sh [FILE]     (default gpu-batch.json in this directory)
# Needs the binaries of this build or bundle: ADIT=path of adit, BENCH=path of bench/gpu,
# VECTORS=directory of tests/vectors; BACKEND=cuda (default) or opencl; ONLY=one algorithm.
# SMALL=1 tries all of it with datasets of 2 MiB, in a minute: for a machine without a card.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
out=${1:-gpu-batch.json}
first() { for f in "$@"; do [ -e "$f" ] && { echo "$f"; return; }; done; echo "$1"; }
adit=${ADIT:-$(first ./adit "$here/../adit" ./build/adit)}
bench=${BENCH:-$(first ./bench/gpu "$here/gpu" ./build/bench/gpu)}
vectors=${VECTORS:-$(first "$here/../tests/vectors" ./tests/vectors)}
backend=${BACKEND:-cuda}
set -- --limit "${LIMIT:-400}" ${ONLY:+--only "$ONLY"}
seconds=2
[ -z "${SMALL:-}" ] || { set -- --small --limit "${LIMIT:-60}" ${ONLY:+--only "$ONLY"}; seconds=0.05; }
for f in "$adit" "$bench"; do
	[ -x "$f" ] || { echo "gpu-batch: $f is missing: build it (make adit bench/gpu)" >&2; exit 2; }
done
quote() { sed 's/\\/\\\\/g; s/"/\\"/g; s/\t/ /g' | tr -d '\000-\010\013-\037' |
	awk '{ printf "%s\"%s\"", (NR > 1) ? ", " : "", $0 }'; }
smi() {
	command -v nvidia-smi >/dev/null || return 0
	timeout 20 nvidia-smi --format=csv --query-gpu="$1" 2>&1 || true
}
state=index,name,driver_version,clocks.sm,clocks.mem,power.draw,power.limit,temperature.gpu
{
	echo "{\"adit\": [$("$adit" --version 2>&1 | quote)],"
	echo "\"system\": [$(uname -srm | quote)],"
	echo "\"devices\": [$(timeout 60 "$adit" devices 2>&1 | quote)],"
	echo "\"before\": [$(smi $state | quote)],"
	echo "\"kernels\":"
} >"$out.tmp"
# the state of the cards under load, once a quarter of a minute
: >"$out.load"
watcher=
if command -v nvidia-smi >/dev/null; then
	nvidia-smi -l 15 --format=csv,noheader --query-gpu=$state >"$out.load" 2>&1 &
	watcher=$!
fi
trap '[ -z "$watcher" ] || kill $watcher 2>/dev/null || true; rm -f "$out.tmp" "$out.load"' EXIT
rc=0
# what the driver compiles is to be compiled, not found on disk: that is what is measured
export CUDA_CACHE_DISABLE=1
timeout $((${LIMIT:-400} + 40)) "$bench" "$@" "$backend" "$vectors" $seconds >>"$out.tmp" ||
	{ rc=$?; echo null >>"$out.tmp"; }
[ -z "$watcher" ] || kill "$watcher" 2>/dev/null || true
{
	echo ",\"exit\": $rc, \"load\": [$(quote <"$out.load")]}"
} >>"$out.tmp"
mv "$out.tmp" "$out"
[ $rc = 0 ] || echo "gpu-batch: $bench ended with $rc; $out has what there was" >&2
echo "wrote $out"
exit $rc
