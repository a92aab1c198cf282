#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# `adit scan` finds exactly what the vectors say, on every kind of device that is here.
set -u
: "${ADIT:?set ADIT to the adit binary}"
vectors=${top_srcdir:-.}/tests/vectors
tmp=$(mktemp -d "${TMPDIR:-/tmp}/adit-scan.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
failed=0 ran=0

fail() {
	printf 'not ok - %s\n' "$*"
	failed=1
}

# One row a line: header target start count, then the nonces that meet the target.
rows() {
	python3 - "$1" <<'PY'
import json, sys
for row in json.load(open(sys.argv[1])):
    if row["kind"] == "scan":
        nonces = [s["nonce"] if isinstance(s, dict) else s for s in row["solutions"]]
        print(row["header_hex"], row["target_hex"], row["nonce_start"],
              row["nonce_end"] - row["nonce_start"], *nonces)
PY
}

scan_row() { # device algo header target start count nonce...
	local device=$1 algo=$2 header=$3 target=$4 start=$5 count=$6 want got
	shift 6
	want=$(for n in "$@"; do printf '0x%08x\n' "$n"; done)
	"$ADIT" scan -a "$algo" --header "$header" --target "$target" --start "$start" \
		--count "$count" --device "$device" >"$tmp/out" 2>"$tmp/err" || {
		fail "$algo on $device: exit code $?: $(cat "$tmp/err")"
		return
	}
	got=$(sed -n 's/^{"nonce":"\(0x[0-9a-f]*\)","hash":"[0-9a-f]\{64\}"}$/\1/p' "$tmp/out")
	[ "$got" = "$want" ] || fail "$algo on $device from $start: got [$got], want [$want]"
	tail -n 1 "$tmp/out" | grep -q "^{\"scanned\":$count,\"found\":$#,\"seconds\":[0-9.]*," ||
		fail "$algo on $device: last line is $(tail -n 1 "$tmp/out")"
	ran=$((ran + 1))
}

expect_code() { # code text args...
	local want=$1 text=$2 rc
	shift 2
	"$ADIT" scan "$@" >"$tmp/out" 2>"$tmp/err"
	rc=$?
	[ "$rc" = "$want" ] || fail "scan $*: exit code $rc, want $want"
	grep -q -- "$text" "$tmp/err" || fail "scan $*: says '$(cat "$tmp/err")', want '$text'"
	[ ! -s "$tmp/out" ] || fail "scan $*: prints results all the same"
}

command -v python3 >/dev/null || { echo "skipped: no python3"; exit 77; }
"$ADIT" devices --json >"$tmp/devices" || fail "adit devices --json: exit code $?"
python3 -c 'import json, sys; json.load(open(sys.argv[1]))["devices"]' "$tmp/devices" ||
	fail "adit devices --json prints JSON"
devices=cpu
grep -q '"id": *"opencl:0"' "$tmp/devices" && devices="cpu opencl:0 cpu,opencl:0"

for file in "$vectors"/*.json; do
	algo=$(basename "$file" .json)
	rows "$file" >"$tmp/rows"
	for device in $devices; do
		while read -r -a row; do
			scan_row "$device" "$algo" "${row[@]}"
			[[ $device == *,* ]] && break # one shared range will do
		done <"$tmp/rows"
	done
done
[ "$ran" -gt 0 ] || fail "no row was scanned"

zero=$(printf '00%.0s' $(seq 80)) easy=$(printf 'f%.0s' $(seq 64))
base=(-a sha256d --header "$zero" --target "$easy" --start 0)
"$ADIT" scan "${base[@]}" --count 1000 --device cpu >"$tmp/out" 2>&1
[ "$(grep -c nonce "$tmp/out")" = 1000 ] || fail "a target that all meet is met by all"
grep nonce "$tmp/out" | sort -c || fail "nonces come in order"
expect_code 2 'simulated' "${base[@]}" --count 10 --device sim:1
expect_code 2 'header' -a sha256d --target "$easy" --count 10 --device cpu --header 00
expect_code 2 'last nonce' -a sha256d --header "$zero" --target "$easy" \
	--start 0xffffffff --count 2 --device cpu
expect_code 3 'cuda:9' "${base[@]}" --count 10 --device cuda:9
[ "$failed" = 0 ] && echo "ok - $ran scans on: $devices"
exit "$failed"
