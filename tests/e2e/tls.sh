#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# TLS is verified by default: right chain, pinned or told not to care mines; all else is refused.
. "${top_srcdir:-.}/tests/e2e/lib.sh"
command -v openssl >/dev/null || skip "no openssl command to make certificates"

make_cert() { # NAME SUBJECT-ALT-NAME
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 \
		-keyout "$tmp/$1.key" -out "$tmp/$1.pem" -subj "/CN=$1" -addext "subjectAltName=$2" \
		>/dev/null 2>&1 || fail "cannot make a certificate"
}
make_cert good "DNS:localhost,IP:127.0.0.1"
make_cert other "DNS:elsewhere.example"
print=$(openssl x509 -in "$tmp/good.pem" -noout -fingerprint -sha256 | sed 's/.*=//; s/://g' | tr A-F a-f)

start_pool good -a sha256d --listen 127.0.0.1:0 --diff 0.0000005 --tls-cert "$tmp/good.pem" --tls-key "$tmp/good.key"
good=$pool_port
start_pool other -a sha256d --listen 127.0.0.1:0 --diff 0.0000005 --tls-cert "$tmp/other.pem" --tls-key "$tmp/other.key"
other=$pool_port

mines() { # NAME ARGS...
	local name=$1
	shift
	start_miner "$name" -a sha256d -u user -d sim:1 --sim rate=20k "$@"
	wait_count "$tmp/$name.log" ' accepted: ' 2 60 || fail "$name mines"
	stop "$miner_pid"
	[ "$rc" = 0 ] || fail "$name: exit code 0, got $rc"
	ok "$name"
}

refuses() { # NAME REGEX ARGS...
	local name=$1 regex=$2
	shift 2
	start_miner "$name" -a sha256d -u user -d sim:1 --sim rate=20k --retries 1 "$@"
	wait "$miner_pid"
	rc=$?
	[ "$rc" = 4 ] || fail "$name: exit code 4, got $rc"
	[ "$(count "$tmp/$name.log" "$regex")" -gt 0 ] || fail "$name: says /$regex/"
	[ "$(count "$tmp/$name.log" ' accepted: ')" = 0 ] || fail "$name: sends nothing"
	ok "$name"
}

mines with-ca -o "stratum+ssl://localhost:$good" --tls-ca "$tmp/good.pem"
mines address-with-ca -o "stratum+ssl://127.0.0.1:$good" --tls-ca "$tmp/good.pem"
mines pinned -o "stratum+ssl://127.0.0.1:$good" --tls-fingerprint "$print"
mines insecure -o "stratum+ssl://127.0.0.1:$other" --tls-insecure
refuses unknown-chain 'self.signed|certificate' -o "stratum+ssl://localhost:$good"
refuses wrong-name 'name|mismatch' -o "stratum+ssl://localhost:$other" --tls-ca "$tmp/other.pem"
refuses wrong-pin 'fingerprint' -o "stratum+ssl://127.0.0.1:$other" --tls-fingerprint "$print"
start_pool plain -a sha256d --listen 127.0.0.1:0 --diff 0.0000005
refuses plain-pool 'TLS|SSL' -o "stratum+ssl://127.0.0.1:$pool_port" --tls-insecure
