#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Every dialect of algorithms with a dataset, forced and found out, with shares in it.
. "${top_srcdir:-.}/tests/e2e/lib.sh"

small=(--set light_cache_items=1021 --set dataset_items=16381)

# talk NAME ALGO SPEAK OTHER SCHEME: a few shares in that dialect.
talk() {
	local name=$1
	start_pool "$name-pool" -a "$2" "${small[@]}" --listen 127.0.0.1:0 --diff 0.00000002 \
		--job-interval 500 --height 29999 --speak "$3" --speak-other "$4"
	start_miner "$name" -a "$2" "${small[@]}" -o "$5://127.0.0.1:$pool_port" -u me -d cpu \
		--cpu-threads 1
	wait_count "$tmp/$name.log" ' accepted: ' 12 120 || fail "$name: shares are accepted"
	end_well "$name"
	ok "$name: $2 over $5, the pool speaks $3"
}

if [ $# -gt 0 ]; then
	"$@"
	exit 0
fi

talk forced-kawpow kawpow kawpow close kawpow+tcp
talk forced-ethproxy etchash ethproxy close ethproxy+tcp
talk forced-nicehash etchash ethstratum1 close ethstratum1+tcp
talk forced-plain ethash ethstratum0 close ethstratum0+tcp
talk forced-second etchash ethstratum2 close ethstratum2+tcp
talk forced-getwork etchash getwork close getwork+http
talk zano-getwork progpowz getwork close getwork+http
# A sanitized build has seen the dialects now; what detects them has tests of its own.
[ -z "${TEST_BRIEF:-}" ] || exit 0
talk found-second etchash ethstratum2 close stratum+tcp
talk found-kawpow firopow kawpow close stratum+tcp
talk found-ethproxy etchash ethproxy error stratum+tcp
talk found-nicehash ubqhash ethstratum1 close stratum+tcp
talk found-plain ethash ethstratum0 close stratum+tcp
talk found-silent ethash ethproxy silent ethstratum+tcp
talk zano progpowz ethproxy error stratum+tcp
talk forced-2 ethash ethstratum2 close ethstratum2+tcp
talk node etchash getwork error getwork+http
