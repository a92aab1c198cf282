#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Sourced in a function of HiveOS's agent every 10 s: sets khs and stats; 0 and null when Adit does
# not answer.
adit_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=packaging/hiveos/h-manifest.conf
. "$adit_dir/h-manifest.conf"
# shellcheck source=packaging/rigos/common.sh
. "$adit_dir/common.sh"

# shellcheck disable=SC2016 # $algo is jq's
stats=$(adit_ask "$(adit_bind "$CUSTOM_CONFIG_FILENAME" "$adit_dir/adit.args")" |
	jq -ce --arg algo "${CUSTOM_ALGO-}" --arg ver "$CUSTOM_VERSION" "$ADIT_JQ"'{
		hs: [.devices[] | rate / 1000], hs_units: "khs",
		total_khs: (([.devices[] | rate] | add // 0) / 1000),
		temp: [.devices[] | .sensors.temperature_c | known],
		fan: [.devices[] | .sensors.fan_percent | known],
		uptime: (.summary.uptime_s | known),
		ar: [(.summary.shares.accepted | known), (.summary | refused, wrong),
			([.devices[] | wrong | tostring] | join(";"))],
		algo: (if $algo != "" then $algo else .summary.algo end),
		bus_numbers: [.devices[] | bus], ver: $ver}' 2>/dev/null) || stats=
if [ -n "$stats" ]; then
	khs=$(jq -r .total_khs <<<"$stats")
else
	# shellcheck disable=SC2034 # both are the agent's
	khs=0 stats=null
fi
