#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The Debian package installs in a root of its own: lintian has no error, the program runs, its user
# is there, its configuration is closed to others, the service is enabled and hardened, and purging
# leaves nothing.
# usage: packages_deb.sh adit_VERSION_ARCH.deb   as root or under fakeroot; 77 without lintian
set -u
deb=$(readlink -f "${1:?usage: packages_deb.sh adit_VERSION_ARCH.deb}")
for tool in lintian dpkg-deb systemd-analyze systemd-sysusers; do
	command -v $tool >/dev/null || { echo "skip: $tool is not installed"; exit 77; }
done
tmp=$(mktemp -d "${TMPDIR:-/tmp}/adit-deb.XXXXXX") || exit 99
trap 'rm -rf "$tmp"' EXIT
failed=0
check() {
	local what=$1
	shift
	if "$@" >"$tmp/out" 2>&1; then
		echo "ok - $what"
	else
		echo "not ok - $what"
		sed 's/^/  | /' "$tmp/out"
		failed=1
	fi
}
root=$tmp/root
in_root() { dpkg --root="$root" --force-script-chrootless --force-depends "$@"; }
mkdir -p "$root/var/lib/dpkg/info" "$root/var/lib/dpkg/updates" "$root/etc"
: >"$root/var/lib/dpkg/status"
# Numbers that this machine does not have, to see whose are used.
printf 'root:x:0:0::/root:/bin/sh\n' >"$root/etc/passwd"
printf 'root:x:0:\nadit:x:4321:\n' >"$root/etc/group"

check 'lintian' lintian --allow-root --fail-on error "$deb"
check 'installs' in_root -i "$deb"
check 'the version' test "$(dpkg-deb -f "$deb" Version | sed 's/-.*//')" = \
	"$("$root/usr/bin/adit" --version | sed 's/^adit //')"
check 'the example is accepted' "$root/usr/bin/adit" check \
	--config "$root/usr/share/doc/adit/examples/example.json"
check 'a user of its own' grep -q '^adit:' "$root/etc/passwd"
check 'in the groups of the cards' grep -qE '^render:.*adit' "$root/etc/group"
check 'others may not read the configuration' test \
	"$(stat -c '%a %u %g' "$root/etc/adit/adit.json")" = '640 0 4321'
check 'the service is enabled' test -L "$root/etc/systemd/system/multi-user.target.wants/adit.service"

unit=$(find "$root/lib" "$root/usr/lib" -name adit.service -type f)
check 'without a pool the service is left out' test \
	"$(sed -n 's/^ExecCondition=//p' "$unit")" = '/bin/grep -qs "\"url\"" /etc/adit/adit.json'
grep -qs '"url"' "$root/etc/adit/adit.json" && { echo 'not ok - a pool nobody asked for'; failed=1; }
sed "s|^ExecStart=[^ ]*|ExecStart=$root/usr/bin/adit|" "$unit" >"$tmp/adit.service"
check 'the service is hardened (3.0 or less)' systemd-analyze security --offline=true \
	--threshold=30 "$tmp/adit.service"
sed -n 's/^.*exposure level/  # exposure level/p' "$tmp/out"

mkdir -p "$root/var/lib/adit" "$root/var/cache/adit"
check 'purges' in_root -P adit
check 'and leaves nothing' test -z "$(find "$root" -name '*adit*' -not -path '*/var/lib/dpkg/*')"
exit $failed
