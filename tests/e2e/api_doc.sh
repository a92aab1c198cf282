#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# doc/api.md says what the program does: its examples are replayed, its tables are the schema's.
# usage: api_doc.sh [write]   write: put replies and tables of doc/api.md right instead
. "${top_srcdir:-.}/tests/e2e/lib.sh"
export PYTHONDONTWRITEBYTECODE=1
command -v python3 >/dev/null || skip "no python3"
command -v curl >/dev/null || skip "no curl"

export ADIT_SYSFS=/nonexistent ADIT_LIBNVML=none ADIT_SIM_SENSORS=$tmp/sensors
for i in 0 1; do
	echo "$i core_mc=60000 hotspot_mc=71000 memory_mc=74000 fan_permille=450 power_mw=120000" \
		"limit_mw=200000 limit_min_mw=100000 limit_max_mw=250000 limit_default_mw=200000" \
		"core_mhz=1850 memory_mhz=9500 busy_permille=990" | tr '\n' ' '
	echo
done >"$ADIT_SIM_SENSORS"
openssl rand -hex 32 >"$tmp/token"
# Without nc, what the examples need of it.
if ! command -v nc >/dev/null; then
	mkdir "$tmp/bin"
	cat >"$tmp/bin/nc" <<'TXT'
#!/usr/bin/env python3
import socket, sys
s = socket.create_connection((sys.argv[-2], int(sys.argv[-1])), 60)
s.sendall(sys.stdin.buffer.read())
s.shutdown(socket.SHUT_WR)
while part := s.recv(65536):
    sys.stdout.buffer.write(part)
TXT
	chmod +x "$tmp/bin/nc"
	PATH=$tmp/bin:$PATH
fi
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=rig7 \
	-addext subjectAltName=DNS:localhost,DNS:rig7 -keyout "$tmp/rig.key" -out "$tmp/rig.pem" \
	2>"$tmp/openssl.log" || fail "a certificate is made"
# where_of NAME: at: where the API of that miner is.
where_of() {
	wait_line "$tmp/$1.log" 'API at 127.0.0.1:[0-9]+' 60 >/dev/null || fail "the API of $1 listens"
	at=$(grep -oE 'API at 127\.0\.0\.1:[0-9]+' "$tmp/$1.log" | head -n 1)
	at=${at#API at }
}
start_pool one -a sha256d --listen 127.0.0.1:0 --diff 0.00001
one=$pool_port
start_pool two -a sha256d --listen 127.0.0.1:0 --diff 0.00001
start_miner miner -a sha256d -o "127.0.0.1:$one" -u bc1qexample0example0example0example.rig1 -o "127.0.0.1:$pool_port" -u bc1qexample0example0example0example.rig1 \
	-d sim:2 --sim rate=200k --allow-power --api-bind 127.0.0.1:0 --api-token-file "$tmp/token"
main_pid=$miner_pid
start_miner tls -a sha256d -o "127.0.0.1:$one" -u rig -d sim:1 --sim rate=10k \
	--api-bind 127.0.0.1:0 --api-tls-cert "$tmp/rig.pem" --api-tls-key "$tmp/rig.key"
start_miner file -a sha256d -o "127.0.0.1:$one" -u rig -d sim:1 --sim rate=10k --api-bind "unix:$tmp/api"
where_of miner
where=$at
where_of tls
secure=$at
wait_line "$tmp/file.log" 'API at unix:' 60 >/dev/null || fail "the API listens at a socket file"
wait_count "$tmp/miner.log" ' accepted: ' 3 60 || fail "the rig mines"
python3 "${top_srcdir:-.}/tests/e2e/api_doc.py" "${top_srcdir:-.}/doc/api.md" "$where" \
	"$tmp/token" "127.0.0.1:3333=127.0.0.1:$one" "127.0.0.1:3334=127.0.0.1:$pool_port" \
	"https://rig7:4028=https://localhost:${secure##*:}" "rig7:4028=$secure" \
	"/etc/adit/rig.pem=$tmp/rig.pem" "/run/adit/api=$tmp/api" "$@" >"$tmp/doc.out" 2>&1 || fail "doc/api.md"
cat "$tmp/doc.out"
wait "$main_pid"
rc=$?
[ "$rc" = 0 ] || fail "exit code 0 after miner.quit, got $rc"
ok "doc/api.md is what the program does"
