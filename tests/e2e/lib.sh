# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash disable=SC2034
# Sourced by the end-to-end tests: the real program against the real local pool, on loopback.
# Needs ADIT (the binary); everything a test starts is ended by its id.
set -u
: "${ADIT:?set ADIT to the adit binary}"
tmp=$(mktemp -d "${TMPDIR:-/tmp}/adit-e2e.XXXXXX")
export XDG_CACHE_HOME=${XDG_CACHE_HOME:-$tmp/cache}
unset NO_COLOR ADIT_CONFIG
export ADIT_API_BIND=off # no fixed ports
pids=()
failed=0

finish() {
	local pid
	for pid in "${pids[@]}"; do kill -KILL "$pid" 2>/dev/null; done
	wait 2>/dev/null
	if [ "$failed" = 0 ]; then rm -rf "$tmp"; else echo "logs kept in $tmp"; fi
}
trap finish EXIT

say() { printf '# %s\n' "$*"; }

fail() {
	printf 'not ok - %s\n' "$*"
	local f
	for f in "$tmp"/*.log "$tmp"/*.out; do
		[ -s "$f" ] && { printf -- '--- %s\n' "${f##*/}"; tail -n 30 "$f"; }
	done
	failed=1
	exit 1
}

ok() { printf 'ok - %s\n' "$*"; }
skip() { printf 'skipped: %s\n' "$*"; exit 77; }

# wait_line FILE REGEX [SECONDS]: block until a line of a growing file matches; prints that line.
wait_line() {
	local file=$1 regex=$2 limit=${3:-60} line found=1
	touch "$file"
	while IFS= read -r line; do
		if [[ $line =~ $regex ]]; then
			found=0
			printf '%s\n' "$line"
			break
		fi
	done < <(exec timeout "$limit" tail -n +1 -s 0.05 -f "$file")
	kill $! 2>/dev/null
	return $found
}

# wait_count FILE REGEX N [SECONDS]: block until N lines match.
wait_count() {
	local file=$1 regex=$2 want=$3 limit=${4:-60} line n=0
	touch "$file"
	while IFS= read -r line; do
		[[ $line =~ $regex ]] && n=$((n + 1))
		[ "$n" -ge "$want" ] && break
	done < <(exec timeout "$limit" tail -n +1 -s 0.05 -f "$file")
	kill $! 2>/dev/null
	[ "$n" -ge "$want" ]
}

count() { grep -cE -- "$2" "$1" || true; }

# start_pool NAME ARGS...: sets pool_pid and pool_port.  Its output is $tmp/NAME.out.
start_pool() {
	local name=$1
	shift
	"$ADIT" pool "$@" >"$tmp/$name.out" 2>"$tmp/$name.log" &
	pool_pid=$!
	pids+=("$pool_pid")
	pool_port=$(wait_line "$tmp/$name.out" '^listening on ' 20) || fail "pool $name does not listen"
	pool_port=${pool_port##*:}
}

# start_miner NAME ARGS...: sets miner_pid.  Its log is $tmp/NAME.log.
start_miner() {
	local name=$1
	shift
	"$ADIT" mine "$@" >"$tmp/$name.out" 2>"$tmp/$name.log" &
	miner_pid=$!
	pids+=("$miner_pid")
}

# stop PID [SIGNAL]: end it and set rc to its exit code.
stop() {
	kill "-${2:-TERM}" "$1" 2>/dev/null
	wait "$1"
	rc=$?
}

# json_number FILE KEY: the last number of that key in the last JSON line.
json_number() {
	grep -E '^\{' "$1" | tail -n 1 | grep -oE "\"$2\": ?[0-9]+" | head -n 1 | grep -oE '[0-9]+$'
}

# end_well NAME: end the miner and the pool NAME-pool: nothing went wrong, and both say the same.
end_well() {
	local name=$1 pair accepted
	stop "$miner_pid" INT
	[ "$rc" = 0 ] || fail "$name: exit code 0, got $rc"
	stop "$pool_pid"
	[ "$rc" = 0 ] || fail "$name: the pool's exit code 0, got $rc"
	for pair in duplicate=0 low=0 invalid=0 refused=0; do
		[ "$(json_number "$tmp/$name-pool.out" "${pair%=*}")" = "${pair#*=}" ] ||
			fail "$name: $pair, got $(tail -n 1 "$tmp/$name-pool.out")"
	done
	accepted=$(json_number "$tmp/$name-pool.out" accepted)
	grep -qE "shares: $accepted accepted, 0 rejected, [0-9]+ stale, 0 invalid, 0 lost" "$tmp/$name.log" ||
		fail "$name: $accepted accepted, none rejected, invalid or lost: $(grep 'shares:' "$tmp/$name.log")"
}
