#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# systemd has nothing to say against the service, and the service says what it must.
# usage: service_unit.sh   with ADIT and top_builddir; 77 without systemd-analyze
: "${ADIT:?set ADIT to the adit binary}"
unit=${top_builddir:-.}/packaging/systemd/adit.service
[ -s "$unit" ] || { echo "$unit: not built"; exit 99; }
rc=0
for line in Type=notify NotifyAccess=main Restart=on-failure WatchdogSec= NoNewPrivileges=yes; do
	grep -q "^$line" "$unit" || { echo "not ok - no $line"; rc=1; }
done
# These close /dev to drivers, whatever else they do.
grep -E '^(PrivateDevices|ProtectClock|DevicePolicy|DeviceAllow|MemoryDenyWriteExecute)=' "$unit" &&
	rc=1
grep '@' "$unit" | grep -v '^SystemCallFilter' && { echo "not ok - a place is not filled in"; rc=1; }
[ $rc = 0 ] || exit 1
command -v systemd-analyze >/dev/null || { echo "skip: systemd-analyze is not installed"; exit 77; }
tmp=$(mktemp -d "${TMPDIR:-/tmp}/adit-unit.XXXXXX") || exit 99
trap 'rm -rf "$tmp"' EXIT
# The program is not installed yet; this one runs in its stead.
sed "s|^ExecStart=[^ ]*|ExecStart=$ADIT|" "$unit" >"$tmp/adit.service"
said=$(systemd-analyze verify --man=no "$tmp/adit.service" 2>&1)
code=$?
# Only what is said of this unit: others of the machine are its own affair.
ours=$(printf '%s\n' "$said" | grep -F 'adit.service')
if [ -n "$ours" ]; then
	echo "not ok - systemd-analyze verify:"
	printf '%s\n' "$ours"
	exit 1
fi
if [ $code != 0 ]; then
	printf 'skip: systemd-analyze cannot verify here: %s\n' "$said"
	exit 77
fi
echo "ok - systemd-analyze verify"
