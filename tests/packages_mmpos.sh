#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck disable=SC2016 # a dollar is a dollar
# mmpOS's agent can use the custom miner: run as the agent runs it, it starts Adit with what the
# profile says, ends on TERM, and prints the stats the agent wants.
# usage: packages_mmpos.sh   with ADIT and top_srcdir; 77 where a tool is missing
# shellcheck source=tests/packages_lib.sh
. "${top_srcdir:-$(dirname "$0")/..}/tests/packages_lib.sh"

mkdir "$tmp/miners"
package mmpos
tar -C "$tmp/miners" -xzf "$tmp/out/adit-mmpos-0.1.0.tar.gz" || exit 1
# The agent unpacks to a folder named by the hash of the address.
dir=$tmp/miners/custom-0a1b2
mv "$tmp/miners/adit" "$dir"

launch() { (cd "$dir" && ./mmp-launch.sh "$@" -d sim:1 --no-sensors) >"$tmp/run.out" 2>&1 </dev/null; }
made() { jq -c '[.algo, .pools[0].url, .pools[0].user, .pools[0].pass]' "$dir/adit.json"; }
launch --coin etc --protocol stratum+ssl --pool pool.example:4443 --user 'wallet.rig' \
	--password 'a"b $c' --api-port 4100 --time-limit
same 'a wrong argument is told' 2 $?
same 'configuration' '["etchash","stratum+ssl://pool.example:4443","wallet.rig","a\"b $c"]' "$(made)"
same 'for the owner only' 600 "$(stat -c %a "$dir/adit.json")"
launch --coin NOTACOIN --pool stratum+tcp://127.0.0.1:9 --user w -a sha256d --time-limit 1
same 'runs; a coin nobody knows is left to -a' '0 [null,"stratum+tcp://127.0.0.1:9","w",null]' "$? $(made)"
launch --coin
same 'a missing value' 2 $?

# TERM to what was started ends it: no shell is in between.
(cd "$dir" && exec ./mmp-launch.sh --coin sha256d --pool 127.0.0.1:9 --user w -d sim:1 --no-sensors \
	--time-limit 60) 2>"$tmp/term.out" </dev/null &
started=$!
for _ in $(seq 200); do
	grep -q 'sim:' "$tmp/term.out" && break
	sleep 0.05
done
kill "$started"
wait "$started"
same 'ends on TERM' 0 $?

stub_begin
printf '{"api-bind": "127.0.0.1:%s"}' "$port" >"$dir/adit.json"
: >"$dir/adit.args"
same 'stats' '{"air":["120","3","3"],"busid":[1,26],"hash":[30700000,30700500],"miner_name":"adit","miner_version":"0.1.0","shares":{"accepted":[60,60],"invalid":[3,0],"rejected":[3,3]},"units":"hs"}' \
	"$(cd / && "$dir/mmp-stats.sh" 2 /dev/null 2>&1 | jq -cS .)"
stub_end
same 'nobody answers' '{"air":["0","0","0"],"busid":[],"hash":[],"miner_name":"adit","miner_version":"0.1.0","shares":{"accepted":[],"invalid":[],"rejected":[]},"units":"hs"}' \
	"$("$dir/mmp-stats.sh" 2 /dev/null 2>&1 | jq -cS .)"
exit $failed
