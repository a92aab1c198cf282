#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The API over TLS: every way to talk goes through it; names, passwords and a reload hold.
. "${top_srcdir:-.}/tests/e2e/lib.sh"
command -v openssl >/dev/null || skip "no openssl command to make certificates"
command -v python3 >/dev/null || skip "no python3"
python3 -c 'import ssl' 2>/dev/null || skip "python3 without ssl"

make_cert() { # NAME
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 \
		-keyout "$tmp/$1.key" -out "$tmp/$1.pem" -subj "/CN=$1" \
		-addext "subjectAltName=DNS:localhost,DNS:rig.example,IP:127.0.0.1" >/dev/null 2>&1 ||
		fail "cannot make a certificate"
}
use_cert() { cp "$tmp/$1.pem" "$tmp/rig.pem" && cp "$tmp/$1.key" "$tmp/rig.key" && chmod "${2:-600}" "$tmp/rig.key"; }
make_cert first
make_cert second
use_cert first 644
token=0123456789abcdef0123456789abcdef
newer=fedcba9876543210fedcba9876543210
echo "$token" >"$tmp/token"
chmod 600 "$tmp/token"

start_pool pool -a sha256d --listen 127.0.0.1:0 --diff 0.000005
start_miner miner -a sha256d -o "127.0.0.1:$pool_port" -u user -d sim:1 --sim rate=200k \
	--api-bind 127.0.0.1:0 --api-token-file "$tmp/token" --api-tls-cert "$tmp/rig.pem" \
	--api-tls-key "$tmp/rig.key" --api-allow-host rig.example,rig
wait_line "$tmp/miner.log" 'API at 127.0.0.1:[0-9]+, TLS' 30 >/dev/null || fail "the API listens"
port=$(grep -oE 'API at 127\.0\.0\.1:[0-9]+' "$tmp/miner.log" | head -n 1)
port=${port##*:}
wait_line "$tmp/miner.log" 'api-tls-key .*rig.key: everybody on this machine can read it' 20 >/dev/null ||
	fail "a key that all can read is pointed out"
wait_count "$tmp/miner.log" ' accepted: ' 1 60 || fail "the rig mines"
python3 -W ignore "${top_srcdir:-.}/tests/e2e/api_tls.py" "$port" "$tmp" "$miner_pid" "$token" "$newer" \
	>"$tmp/python.out" 2>&1 || fail "sessions over TLS"
cat "$tmp/python.out"
[ "$(count "$tmp/miner.log" 'reload: --api-tls-cert .*nothing was changed')" = 1 ] ||
	fail "a bad certificate changes nothing, and the log says so"
[ "$(count "$tmp/miner.log" 'reload: --api-token-file .*nothing was changed')" = 1 ] ||
	fail "a bad token changes nothing, and the log says so"
stop "$miner_pid"
[ "$rc" = 0 ] || fail "exit code 0, got $rc"
grep -q -e "$token" -e "$newer" "$tmp/miner.log" && fail "a token is in the log"

"$ADIT" mine -a sha256d -o "127.0.0.1:$pool_port" -u u -d sim:1 --api-bind 127.0.0.1:0 \
	--api-tls-cert "$tmp/rig.pem" >"$tmp/half.out" 2>"$tmp/half.log"
rc=$?
[ "$rc" = 2 ] || fail "a certificate without its key is refused with exit code 2, got $rc"
grep -q -- '--api-tls-key FILE is missing' "$tmp/half.log" || fail "it says what is missing"
ok "the API speaks TLS, whatever is spoken in it"
