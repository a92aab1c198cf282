#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Run by HiveOS in a screen session, and again 3 s after any end.  Ctrl+C ends Adit in time.
cd "$(dirname "${BASH_SOURCE[0]}")" || exit 1
# shellcheck source=packaging/hiveos/h-manifest.conf
. ./h-manifest.conf
mapfile -t words <adit.args
# Adit writes its log by itself, appending; what is seen here is the screen's.
exec ./bin/adit mine --config "$CUSTOM_CONFIG_FILENAME" --no-keys "${words[@]}"
