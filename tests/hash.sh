#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# `adit hash` prints what the vectors say: epochs by height, by number and by seed, headers with
# and without the nonce.  Small datasets, and one block of Ravencoin on its real one.
# usage: hash.sh   with ADIT, the program
set -u
: "${ADIT:?set ADIT to the adit binary}"
vectors=${top_srcdir:-.}/tests/vectors
failed=0 ran=0
command -v python3 >/dev/null || { echo "skipped: no python3"; exit 77; }

# Two rows an algorithm: algo height epoch header nonce mix hash cache-items rows.
rows() {
	python3 - "$vectors" <<'PY'
import glob, json, os, sys
for path in sorted(glob.glob(os.path.join(sys.argv[1], "*.json"))):
    name, n = os.path.basename(path)[:-5], 0
    for row in json.load(open(path)):
        dag = row.get("dag")
        if row["kind"] == "hash" and isinstance(dag, dict) and row["height"] > 0 and n < 2:
            n += 1
            print(name, row["height"], row["epoch"], row["header_hash"], row["nonce"],
                  row["mix_hash"], row["final_hash"], dag["light_cache_items"],
                  dag["dataset_items"])
PY
}

# says WANT ARGS...: `adit hash` prints exactly that line.
says() {
	local want=$1 got
	shift
	got=$("$ADIT" hash "$@" 2>&1)
	ran=$((ran + 1))
	[ "$got" = "$want" ] && return
	failed=1
	printf 'not ok - adit hash %s\n  got  %s\n  want %s\n' "$*" "$got" "$want"
}

while read -r algo height epoch header nonce mix hash items count; do
	line="{\"algo\":\"$algo\",\"nonce\":\"0x$nonce\",\"hash\":\"$hash\",\"mix\":\"$mix\",\"epoch\":$epoch}"
	args=(-a "$algo" --nonce "0x$nonce" --height "$height" --set "light_cache_items=$items"
		--set "dataset_items=$count")
	says "$line" "${args[@]}" --header "$header"
	says "$line" "${args[@]}" --header "${header}a5a5a5a5a5a5a5a5" --epoch "$epoch"
done < <(rows)
[ "$ran" = 48 ] || { echo "not ok - $ran runs, not 48"; failed=1; }

header=3afceaa95517c5d22961050a93258646fa50f1e6bafbdf09f3d233f4a9267558
hash=000000000001358bd99973e3f711b933b43cba19fb9941bde5f3fa0ebc4e0b0c
mix=60cf4a1b02238f71f4583601dd40ec4e2366b063ebdb18770257f3046d5ba7fd
says "{\"algo\":\"kawpow\",\"nonce\":\"0x504c0000204b556d\",\"hash\":\"$hash\",\"mix\":\"$mix\",\"epoch\":162}" \
	-a kawpow --height 1220400 --nonce 0x504c0000204b556d --header "$header"

# The seed of epoch 1 is Keccak-256 of that of epoch 0; both name an epoch.
small=(-a ethash --nonce 1 --header "$header" --set light_cache_items=16 --set dataset_items=256)
says "$("$ADIT" hash "${small[@]}" --epoch 1)" "${small[@]}" \
	--seed 290decd9548b62a8d60345a988386fc84ba6bc95484008f6362f93160ef3e563
says "$("$ADIT" hash "${small[@]}" --epoch 0)" "${small[@]}" --seed "$(printf '%064d' 0)"

[ "$failed" = 0 ] && echo "ok - $ran hashes"
exit "$failed"
