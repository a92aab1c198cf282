#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Sourced by HiveOS's agent before each start: the flight sheet becomes adit.json, and "extra config
# arguments" words of the command line in adit.args (they win).
adit_write()
(
	umask 077
	dir=${CUSTOM_CONFIG_FILENAME%/*}
	export CONFIG_URL=${CUSTOM_URL-} CONFIG_USER=${CUSTOM_TEMPLATE-} CONFIG_PASS=${CUSTOM_PASS-}
	export CONFIG_LOG=$CUSTOM_LOG_BASENAME.log CONFIG_BIND="" CONFIG_ALGO
	CONFIG_ALGO=$(adit_algo "${CUSTOM_ALGO-}")
	adit_has_api "$dir/bin/adit" && CONFIG_BIND=127.0.0.1:4028
	mkdir -p "${CUSTOM_LOG_BASENAME%/*}"
	adit_words "${CUSTOM_USER_CONFIG-}" >"$dir/adit.args" || {
		echo "adit: extra config arguments: a quote is not closed" >&2
		exit 1
	}
	adit_config >"$CUSTOM_CONFIG_FILENAME"
)
adit_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=packaging/hiveos/h-manifest.conf
. "$adit_dir/h-manifest.conf"
# shellcheck source=packaging/rigos/common.sh
. "$adit_dir/common.sh"
adit_write
