#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# RaveOS can use the package: with a stand-in for its module, start.py makes a command that mines,
# stats.py fills in what the system wants.
# usage: packages_raveos.sh   with ADIT and top_srcdir; 77 where a tool is missing
# shellcheck disable=SC2016 # a dollar is a dollar
needs=zip
# shellcheck source=tests/packages_lib.sh
. "${top_srcdir:-$(dirname "$0")/..}/tests/packages_lib.sh"
export PYTHONDONTWRITEBYTECODE=1

mkdir -p "$tmp/miner dir" "$tmp/work" "$tmp/module"
package raveos
dir="$tmp/miner dir"
python3 -c 'import sys, zipfile
z = zipfile.ZipFile(sys.argv[1])
z.extractall(sys.argv[2])
print(oct(z.getinfo("bin/adit").external_attr >> 16 & 0o777))' "$tmp/out/adit-0.1.0.zip" "$dir" >"$tmp/mode"
chmod 755 "$dir/bin/adit"
same 'the program can be run' 0o755 "$(cat "$tmp/mode")"
same 'manifest' '["adit-0.1.0","0.1.0",true,false]' \
	"$(jq -c '[.package, .version, (.algo | contains(["kawpow","sha256d"])), .dual_coin]' "$dir/RAVINOS/manifest.json")"

cat >"$tmp/module/ravinos.py" <<'MODULE'
import json, os
def get_config(): return json.load(open(os.environ["TASK"]))
def get_stats(): return {"mpu": [{"pci_id": 26, "temp": 40}, {"pci_id": 1, "temp": 40}, {"pci_id": 9}]}
def run(command): print(command)
def set_stats(stats): print(json.dumps(stats))
MODULE
task() { # ALGO URL TYPE ARGS PORT
	jq -n --arg dir "$dir" --arg work "$tmp/work" --arg algo "$1" --arg url "$2" \
		--argjson type "$3" --argjson args "$4" --argjson port "$5" '{miner_dir: $dir,
		work_dir: $work, log_file: ($work + "/adit.log"), api_port: $port, args: $args,
		coins: [{algo: $algo, pools: [{url: $url, user: "wallet.rig", password: "a\"b $c",
		pool_type: $type}]}]}' >"$tmp/task"
}
python() { TASK=$tmp/task PYTHONPATH=$tmp/module python3 "$dir/RAVINOS/$1.py"; }

task daggerhashimoto pool.example:4443 2 '[]' 4100
command=$(python start) || failed=1
same 'configuration' '["ethash","stratum+ssl://pool.example:4443","wallet.rig","a\"b $c"]' \
	"$(jq -c '[.algo, .pools[0].url, .pools[0].user, .pools[0].pass]' "$tmp/work/adit.json")"
same 'for the owner only' 600 "$(stat -c %a "$tmp/work/adit.json")"
case $command in *'a"b'*) echo 'not ok - the password is in the command'; failed=1 ;; esac
task sha256 127.0.0.1:9 1 '["-d", "sim:1", "--no-sensors", "--time-limit", "1"]' 0
sh -c "exec $(python start)" >"$tmp/run.out" 2>&1 </dev/null
same 'runs' 0 $?
[ -s "$tmp/work/adit.log" ] || { echo 'not ok - no log'; cat "$tmp/run.out"; failed=1; }

stub_begin
task kawpow 127.0.0.1:9 1 '""' "$port"
same 'stats' '{"mpu":[{"hash_rate1":30700500,"pci_id":26,"shares":{"accepted":60,"invalid":0,"rejected":3},"temp":40},{"hash_rate1":30700000,"pci_id":1,"shares":{"accepted":60,"invalid":3,"rejected":3},"temp":61},{"hash_rate1":0,"pci_id":9,"shares":{"accepted":0,"invalid":0,"rejected":0}}],"shares":{"accepted":120,"invalid":3,"rejected":3}}' \
	"$(python stats | jq -cS .)"
stub_end
same 'nobody answers' '0 0' "$(python stats | jq -r '"\(.mpu[1].hash_rate1) \(.shares.accepted)"')"
exit $failed
