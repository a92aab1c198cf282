#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck disable=SC1091,SC2016,SC2034 # what is sourced is unpacked, and uses what is set here
# HiveOS's agent can use the custom miner: its scripts, sourced as the agent sources them, write a
# configuration that Adit accepts, start it, and tell the stats the agent wants.
# usage: packages_hive.sh   with ADIT and top_srcdir; 77 where a tool is missing
# shellcheck source=tests/packages_lib.sh
. "${top_srcdir:-$(dirname "$0")/..}/tests/packages_lib.sh"

# A bundle with a program in it that is the real one; the package; the rig it is installed on.
mkdir "$tmp/custom"
package hiveos
package=$tmp/out/adit-0.1.0.tar.gz
same 'one folder, of the package name' adit "$(tar -tzf "$package" | cut -d/ -f1 | sort -u)"
tar -C "$tmp/custom" -xzf "$package" || exit 1
dir=$tmp/custom/adit
same 'scripts can be run' 5 "$(find "$dir" -perm -755 -type f | wc -l)"
sed -i -e "s|/hive/miners/custom|$tmp/custom|" -e "s|/var/log/miner|$tmp/log|" "$dir/h-manifest.conf"

# The agent's way: a function that sources, with the flight sheet in its variables.
CUSTOM_URL='stratum+ssl://pool.example:4443, backup.example:4444'
CUSTOM_TEMPLATE=wallet.rig
CUSTOM_PASS='c="x" $HOME'
CUSTOM_ALGO=kawpow
CUSTOM_USER_CONFIG=$'--intensity 20\n--set "light_cache_items=1021"'
agent_config() {
	. "$dir/h-config.sh"
}
agent_stats() {
	local khs_before=$1
	khs=$khs_before stats=old
	. "$dir/h-stats.sh"
}
checked() { "$ADIT" check --config "$dir/adit.json" | jq -c '[.algo, .["log-file"],
	[.pools[] | .url, .user]]'; }

agent_config || failed=1
same 'configuration' "[\"kawpow\",\"$tmp/log/custom/adit.log\",[\"stratum+ssl://pool.example:4443\",\"wallet.rig\",\"stratum+tcp://backup.example:4444\",\"wallet.rig\"]]" \
	"$(checked)"
same 'password as typed' "$CUSTOM_PASS" "$(jq -r '.pools[1].pass' "$dir/adit.json")"
same 'for the owner only' 600 "$(stat -c %a "$dir/adit.json")"
same 'words of the command line' '--intensity 20 --set light_cache_items=1021 ' "$(tr '\n' ' ' <"$dir/adit.args")"

# Its run script starts the program with all of that; the time limit ends it.
CUSTOM_URL=127.0.0.1:9 CUSTOM_USER_CONFIG='-d sim:1 --time-limit 1 --no-sensors' CUSTOM_ALGO=sha256
agent_config || failed=1
(cd / && "$dir/h-run.sh") >"$tmp/run.out" 2>&1 </dev/null
same 'runs' '0 sha256d' "$? $(jq -r .algo "$dir/adit.json")"
[ -s "$tmp/log/custom/adit.log" ] || { echo "not ok - no log"; cat "$tmp/run.out"; failed=1; }
CUSTOM_USER_CONFIG='--set "oops'
agent_config 2>/dev/null
same 'a quote that is not closed is an error' 1 $?

# Stats of a stand-in for the API, at a port that is found out from the words.
stub_begin
CUSTOM_ALGO=kawpow CUSTOM_USER_CONFIG="--api-bind=127.0.0.1:$port"
agent_config || failed=1
agent_stats 7
same 'khs' 61400.5 "$khs"
same 'stats' '{"algo":"kawpow","ar":[120,3,3,"3;0"],"bus_numbers":[1,26],"fan":[55,0],"hs":[30700,30700.5],"hs_units":"khs","temp":[61,0],"total_khs":61400.5,"uptime":4983,"ver":"0.1.0"}' \
	"$(jq -cS . <<<"$stats")"
: >"$dir/adit.args"
jq ".\"api-bind\" = \"0.0.0.0:$port\"" "$dir/adit.json" >"$tmp/j" && cp "$tmp/j" "$dir/adit.json"
agent_stats 7
same 'the port of the configuration' 61400.5 "$khs"
stub_end
agent_stats 7
same 'nobody answers' '0 null' "$khs $stats"
exit $failed
