#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The dashboard in a real browser: it shows the rig as it is, live, obeys the token only, takes
# nobody's text for markup, and breaks no rule of its own policy.
. "${top_srcdir:-.}/tests/e2e/lib.sh"
here=${top_srcdir:-.}/tests/e2e

src=${top_srcdir:-.}/src/dashboard

grep -nE 'innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function|DOMParser|srcdoc' \
	"$src"/*.js && fail "text is made into elements by text nodes only"
if command -v node >/dev/null; then
	for f in "$src"/*.js; do
		node --check "$f" >"$tmp/node.out" 2>&1 || fail "${f##*/} is JavaScript"
	done
else
	say "no node: scripts are checked by the browser only"
fi
for python in python3 /usr/bin/python3 ''; do
	[ -n "$python" ] && "$python" -c 'import selenium' 2>/dev/null && break
done
[ -n "$python" ] || skip "no python3-selenium"
command -v chromium >/dev/null || skip "no chromium"
command -v chromedriver >/dev/null || skip "no chromium-driver"

export ADIT_SYSFS=/nonexistent ADIT_LIBNVML=none ADIT_SIM_SENSORS=$tmp/sensors
for i in 0 1 2; do
	echo "$i core_mc=$((61000 + 2000 * i)) memory_mc=78000 power_mw=118400 fan_permille=420" \
		"limit_mw=150000 limit_min_mw=80000 limit_max_mw=200000"
done >"$ADIT_SIM_SENSORS"
umask 077
token=0123456789abcdef0123456789abcdef
echo "$token" >"$tmp/token"
mark='<img src=x onerror=document.title=1>'

start_pool pool -a sha256d --listen 127.0.0.1:0 --diff 0.000005
"$python" "$here/dashboard.py" pool "${mark/src=x/src=y}" >"$tmp/bad-pool.out" 2>"$tmp/bad-pool.log" &
pids+=($!)
bad=$(wait_line "$tmp/bad-pool.out" '^listening on ' 20) || fail "the hostile pool listens"
start_miner miner -a sha256d -o "127.0.0.1:${bad##*:}" -u "$mark" -o "127.0.0.1:$pool_port" -u "$mark" \
	-d sim:3 --sim 'rate=200k,seed=5;2:rate=150k' --sensor-interval 500 \
	--api-bind 127.0.0.1:0 --api-token-file "$tmp/token"
port=$(wait_line "$tmp/miner.log" 'API at 127.0.0.1:[0-9]+' 30) || fail "the API listens"
port=${port#*127.0.0.1:}
port=${port%%[^0-9]*}
wait_count "$tmp/miner.log" ' accepted: ' 2 60 || fail "the rig mines"

HOME=$tmp timeout 120 "$python" "$here/dashboard.py" test "http://127.0.0.1:$port" "$token" \
	>"$tmp/browser.out" 2>&1
rc=$?
cat "$tmp/browser.out"
[ "$rc" = 77 ] && exit 77
[ "$rc" = 0 ] || fail "the browser says so, exit code $rc"
wait "$miner_pid"
rc=$?
[ "$rc" = 0 ] || fail "exit code 0 after quitting from the page, got $rc"
ok "the dashboard shows, follows and obeys"
