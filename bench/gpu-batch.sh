#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# For a person with a real card: one call, under eight minutes, one file to send in or to put into
# bench/results/.  Called again with the same FILE it goes on with what there was no time for.
# usage: bench/gpu-batch.sh [FILE]     (default gpu-batch.json in this directory)
#	DEVICE=cuda:0	the card (opencl:0 and so on)
#	LIMIT=450	seconds for all of it: what does not fit is left out, and named
#	ALGOS=...	algorithms, in order; all of them otherwise, what matters most first
#	ADIT, BENCH, VECTORS	adit, bench/gpu, tests/vectors; found in a bundle or a build by itself
#	SMALL=1		tries all of it with tiny datasets and times: for a machine without a card
# Three parts: self-tests of every plan with small datasets; `adit bench --probe`; and with what
# time is left the rates of all plans, with real datasets.
set -u
here=$(cd "$(dirname "$0")" && pwd)
out=${1:-gpu-batch.json}
parts=$out.parts
first() { for f in "$@"; do [ -e "$f" ] && { echo "$f"; return; }; done; echo "$1"; }
adit=${ADIT:-$(first "$here/../bin/adit" ./adit "$here/../adit" ./build/adit)}
bench=${BENCH:-$(first "$here/gpu" ./bench/gpu ./build/bench/gpu)}
vectors=${VECTORS:-$(first "$here/vectors" "$here/../tests/vectors" ./tests/vectors)}
device=${DEVICE:-cuda:0}
limit=${LIMIT:-450}
die() { echo "gpu-batch: $*" >&2; exit 2; }
for f in "$adit" "$bench"; do
	[ -x "$f" ] || die "$f is missing: build it (make adit bench/gpu)"
done
[[ $limit =~ ^[0-9]{1,5}$ ]] || die "LIMIT=$limit: give seconds"
[[ $device =~ ^(cuda|opencl):[0-9]+$ ]] || die "DEVICE=$device: give one card, like cuda:0"

if [ -n "${SMALL:-}" ]; then
	test_s=0.02 plan_s=0.02 epoch_s=1
	brief=(--seconds 0.2 --repeat 2)
else
	test_s=0.1 plan_s=1 epoch_s=30
	brief=(--seconds 1 --repeat 5)
fi

# --- what there is ---------------------------------------------------------------

list() { # lines as JSON strings with commas
	sed 's/\\/\\\\/g; s/"/\\"/g; s/\t/ /g' | tr -d '\000-\010\013-\037' |
		awk '{ printf "%s\"%s\"", (NR > 1) ? ", " : "", $0 }'
}
smi() {
	command -v nvidia-smi >/dev/null || return 0
	timeout 20 nvidia-smi --format=csv --query-gpu="$1" 2>&1 || true
}
state=index,name,driver_version,clocks.sm,clocks.mem,power.draw,power.limit,temperature.gpu
version=$("$adit" --version 2>&1) || die "$adit does not run: $version"
devices=$(timeout 60 "$adit" devices 2>&1)
grep -qE "(^|[^a-z0-9])$device([^0-9]|\$)" <<<"$devices" || die "there is no $device: $devices"
known=$("$adit" algos 2>/dev/null | awk '$1 ~ /^[a-z0-9]+$/ { print $1 }')
big=$("$adit" algos 2>/dev/null | awk '$1 ~ /^[a-z0-9]+$/ { a = $1 } $2 ~ /^dataset_items=/ { print a }')
names=
for name in ${ALGOS:-kawpow ethash sha256d scrypt etchash $known}; do
	grep -qx "$name" <<<"$known" || [ -z "${ALGOS:-}" ] || die "ALGOS: unknown algorithm '$name'"
	[[ " $names " == *" $name "* ]] || ! grep -qx "$name" <<<"$known" || names+=" $name"
done

# Results of another version or card do not go together with these.
key=$(printf '%s\n%s\n%s\n%s' "$version" "$device" "${SMALL:-}" "$devices")
if [ -e "$parts/key" ] && [ "$(cat "$parts/key")" != "$key" ]; then
	die "$parts is of another version or machine: move it away, or name another FILE"
fi
mkdir -p "$parts" || exit 2
printf '%s' "$key" >"$parts/key"
[ -s "$parts/before" ] || smi $state >"$parts/before"
touch "$parts/load"

# --- time ------------------------------------------------------------------------

SECONDS=0
stopped=
left() { echo $((limit - SECONDS)); }
watcher=
child=
finish() { [ -z "$watcher" ] || kill "$watcher" 2>/dev/null || true; }
trap finish EXIT
trap 'stopped=1; [ -z "$child" ] || kill -TERM "$child" 2>/dev/null' INT TERM
if command -v nvidia-smi >/dev/null; then # the cards under load, once a quarter of a minute
	nvidia-smi -l 15 --format=csv,noheader --query-gpu=$state >>"$parts/load" 2>&1 &
	watcher=$!
fi

# part NAME SECONDS COMMAND...: its output becomes the part, when there is any; what does not end
# in time is ended.
part() {
	local name=$1 most=$2 rc
	shift 2
	echo "gpu-batch: $name, $(left) s left" >&2
	timeout -k 10 "$most" "$@" >"$parts/$name.new" &
	child=$!
	wait "$child"
	rc=$?
	[ -z "$stopped" ] || { wait "$child"; rc=$?; }
	child=
	echo "$rc" >"$parts/$name.exit"
	if [ -s "$parts/$name.new" ]; then
		mv "$parts/$name.new" "$parts/$name.json"
	else
		rm -f "$parts/$name.new"
	fi
	return "$rc"
}

# What the driver compiles is to be compiled, not found on disk: that is what is measured.
export CUDA_CACHE_DISABLE=1
left_out=()

# --- self-tests: a seventh of the time -------------------------------------------

if [ ! -s "$parts/selftest.json" ] && [ -z "$stopped" ]; then
	most=$((limit / 7 + 1)) only=${names# }
	part selftest $((most + 15)) "$bench" --small --limit "$most" --only "${only// /,}" \
		"$device" "$vectors" $test_s
fi

# --- adit bench: up to four sevenths ---------------------------------------------

# Of an earlier call, those that have a result.
measured() {
	cat "$parts"/bench-*.json 2>/dev/null |
		awk -F'"' '$2 == "algorithm" { a = $4 } $2 == "state" && $4 ~ /^(done|unfit|wrong)$/ { print a }'
}
rest=
for name in $names; do
	measured | grep -qx "$name" || rest+=${rest:+,}$name
done
if [ -n "$rest" ] && [ -z "$stopped" ]; then
	n=1
	while [ -e "$parts/bench-$n.json" ]; do n=$((n + 1)); done
	most=$((limit * 5 / 7 - SECONDS))
	if [ -n "${SMALL:-}" ] && tr , '\n' <<<"$rest" | grep -qxF "$big"; then
		brief+=(--epoch 0 --set light_cache_items=1021 --set dataset_items=4099)
	fi
	[ "$most" -ge 5 ] && part "bench-$n" $((most + 15)) "$adit" bench --probe -a "$rest" -d "$device" \
		--time-limit "$most" --hang-timeout 30 "${brief[@]}" --json
fi
for name in $names; do
	measured | grep -qx "$name" || left_out+=("bench: $name")
done

# --- all plans, with what is left ------------------------------------------------

for name in $names; do
	[ ! -s "$parts/plans-$name.json" ] || continue
	if [ "$(left)" -lt $epoch_s ] || [ -n "$stopped" ]; then
		left_out+=("plans: $name")
		continue
	fi
	most=$(left)
	part "plans-$name" $((most + 15)) "$bench" ${SMALL:+--small} --limit "$most" --only "$name" \
		"$device" "$vectors" $plan_s
done

# --- one file --------------------------------------------------------------------

runs=$(($(cat "$parts/runs" 2>/dev/null || echo 0) + 1))
echo "$runs" >"$parts/runs"
seconds=$(($(cat "$parts/seconds" 2>/dev/null || echo 0) + SECONDS))
echo "$seconds" >"$parts/seconds"
code=0
one() { # NAME: {"part": NAME, "exit": N, "result": its JSON}
	local rc
	rc=$(cat "$parts/$1.exit" 2>/dev/null || echo null)
	[ "$rc" = 0 ] || [ "$rc" = null ] || code=1
	printf '{"part": "%s", "exit": %s, "result":\n' "$1" "$rc"
	if [ -s "$parts/$1.json" ]; then cat "$parts/$1.json"; else echo null; fi
	printf '}'
}
{
	printf '{"schema": "adit-gpu-batch", "version": 1,\n'
	printf '"adit": [%s],\n"system": [%s],\n' "$(list <<<"$version")" "$(uname -srm | list)"
	printf '"devices": [%s],\n"device": "%s",\n' "$(list <<<"$devices")" "$device"
	printf '"before": [%s],\n"load": [%s],\n' "$(list <"$parts/before")" \
		"$(list <"$parts/load")"
	printf '"small": %s, "calls": %s, "seconds": %s, "interrupted": %s,\n' \
		"$([ -n "${SMALL:-}" ] && echo true || echo false)" "$runs" "$seconds" \
		"$([ -n "$stopped" ] && echo true || echo false)"
	printf '"left_out": [%s],\n"parts": [\n' "$(printf '%s\n' "${left_out[@]}" | sed '/^$/d' | list)"
	comma=
	for f in "$parts"/selftest.exit "$parts"/bench-*.exit "$parts"/plans-*.exit; do
		[ -e "$f" ] || continue
		printf '%s' "$comma"
		one "$(basename "$f" .exit)"
		comma=$',\n'
	done
	printf ']}\n'
} >"$out.tmp" && mv "$out.tmp" "$out" || exit 2
for what in "${left_out[@]}"; do
	echo "gpu-batch: left out: $what (call again to go on)" >&2
done
for f in "$parts"/*.exit; do
	rc=$(cat "$f")
	[ "$rc" = 0 ] || { code=1; echo "gpu-batch: $(basename "$f" .exit) ended with $rc" >&2; }
done
echo "wrote $out after $SECONDS s"
[ -z "$stopped" ] || exit 9
exit $code
