#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The first command of the README, on a terminal: builds, finds accepted shares, and Ctrl-C ends
# everything cleanly with a summary.
set -u
cd "$(dirname "$0")/../.." || exit 99
command -v python3 >/dev/null || { echo "skip: python3 is not installed"; exit 77; }
log=out/suite/mine-terminal.log
mkdir -p out/suite
# gcc, as shipped, at the level that looks furthest: what it compiles now, without a warning.
./quickstart build --no-install || exit 1
grep -A 8 'warning:' out/build.log && { echo "FAIL: the build warns"; exit 1; }
for algo in sha256d scrypt kawpow etchash; do
	python3 tests/suite/ctrl_c.py 3 ' accepted: ' 400 ./quickstart mine --no-install \
		--algo $algo --shares 120 | tee $log
	[ "${PIPESTATUS[0]}" = 0 ] || exit 1
	grep -q "pool's own count: .*\"accepted\": *[1-9]" $log ||
		{ echo "FAIL: the pool's own count is missing or zero"; exit 1; }
done
