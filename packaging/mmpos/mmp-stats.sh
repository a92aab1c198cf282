#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Run by mmpOS: prints one JSON object, with no devices when Adit does not answer.
# usage: mmp-stats.sh DEVICE_COUNT LOG_FILE   (neither is needed)
cd "$(dirname "${BASH_SOURCE[0]}")" || exit 1
# shellcheck source=packaging/mmpos/mmp-external.conf
. ./mmp-external.conf
# shellcheck source=packaging/rigos/common.sh
. ./common.sh
{ adit_ask "$(adit_bind adit.json adit.args)" || echo '{"summary":{},"devices":[]}'; } |
	jq -c --arg name "$EXTERNAL_NAME" --arg version "$EXTERNAL_VERSION" "$ADIT_JQ"'
	{
		busid: [.devices[] | bus // "cpu"],
		hash: [.devices[] | rate],
		units: "hs",
		air: (.summary | [(.shares.accepted | known), wrong, refused] |
			[.[] | tostring]),
		shares: {
			accepted: [.devices[] | .shares.accepted | known],
			rejected: [.devices[] | refused],
			invalid: [.devices[] | wrong]
		},
		miner_name: $name, miner_version: $version
	}'
