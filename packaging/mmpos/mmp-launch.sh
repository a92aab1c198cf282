#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Run by mmpOS with the profile's arguments, those below and any of Adit's; TERM ends Adit in time.
# mmp-launch.sh [--coin NAME] [--protocol SCHEME] [--pool HOST:PORT] [--user USER] [--password PASS]
#	[--api-port PORT] [ARGUMENT]...
cd "$(dirname "${BASH_SOURCE[0]}")" || exit 1
# shellcheck source=packaging/rigos/common.sh
. ./common.sh
umask 077
export CONFIG_URL='' CONFIG_USER='' CONFIG_PASS='' CONFIG_ALGO='' CONFIG_BIND='' CONFIG_LOG=''
words=() protocol='' port=4028
while [ $# -gt 0 ]; do
	case $1 in
	--coin | --protocol | --pool | --user | --password | --api-port)
		[ $# -gt 1 ] || { echo "adit: $1 needs a value" >&2; exit 2; }
		;;&
	--coin) CONFIG_ALGO=$(adit_algo "$2") && shift ;;
	--protocol) protocol=${2%://} && shift ;;
	--pool) CONFIG_URL=$2 && shift ;;
	--user) CONFIG_USER=$2 && shift ;;
	--password) CONFIG_PASS=$2 && shift ;;
	--api-port) port=$2 && shift ;;
	*) words+=("$1") ;;
	esac
	shift
done
case $CONFIG_URL in
'' | *://*) ;;
*) CONFIG_URL=${protocol:+$protocol://}$CONFIG_URL ;;
esac
# A coin that is no algorithm's name is left to the profile's own arguments (-a).
./bin/adit check -a "$CONFIG_ALGO" -o 127.0.0.1:1 -u x >/dev/null 2>&1 ||
	CONFIG_ALGO=''
adit_has_api ./bin/adit && CONFIG_BIND=127.0.0.1:$port
adit_config >adit.json || exit 1
printf '%s\n' "${words[@]}" >adit.args
exec ./bin/adit mine --config adit.json --no-keys "${words[@]}"
