#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# What users get wrong: the exit code, and one line that names the thing and the fix.
# usage: bad_input.sh   with ADIT, the program
set -u
: "${ADIT:?set ADIT to the adit binary}"
tmp=$(mktemp -d "${TMPDIR:-/tmp}/adit-bad.XXXXXX")
pool_pid=
finish() {
	[ -n "$pool_pid" ] && kill "$pool_pid" 2>/dev/null
	wait
	rm -rf "$tmp"
}
trap finish EXIT
cd "$tmp" || exit 99
failed=0
zeros=$(printf '%0160d' 0)

# bad CODE REGEX ARGS...: fails with CODE; one line of standard error, and only one of level
# error, matches REGEX whole.
bad() {
	local code=$1 regex=$2 rc line
	shift 2
	timeout 60 "$ADIT" "$@" >out 2>err </dev/null
	rc=$?
	line=$(grep -E '^adit: |^[-0-9]+ [0-9:.]+ error ' err | sed -E 's/^adit: |^[-0-9]+ [0-9:.]+ error +[a-z]+ +//')
	if [ "$rc" = "$code" ] && printf '%s\n' "$line" | grep -qxE -- "$regex" &&
		[ "$(printf '%s\n' "$line" | wc -l)" = 1 ]; then
		printf 'ok - %s\n' "$line"
		return
	fi
	failed=1
	printf 'not ok - adit %s\n  exit code %s, want %s; want: %s\n' "$*" "$rc" "$code" "$regex"
	sed 's/^/  | /' err
}

# ---- command line and configuration: nothing is started ----
bad 2 "unknown algorithm 'sha256e': did you mean 'sha256d'\?.*" -a sha256e -o h:1
bad 2 "unknown algorithm 'scripty': did you mean 'scrypt'\?.*" hash -a scripty
bad 2 "unknown command 'devcies': did you mean 'devices'\?" devcies
bad 2 "unknown option '--usre': did you mean '--user'\?" --usre me
bad 2 "no pool given: add -o HOST:PORT and -u USER .*" -a scrypt
bad 2 '--url: bad pool address: no port in it: .*' -a scrypt -o pool.example
bad 2 "--url: unknown scheme 'stratun://', did you mean 'stratum://'\?" -a scrypt -o stratun://h:1
bad 2 "ethproxy\+tcp://h:1: scrypt cannot be mined over 'ethproxy\+tcp://'; use stratum\+tcp://" \
	-a scrypt -o ethproxy+tcp://h:1
bad 2 '--config missing.json: cannot read it: No such file or directory' -c missing.json
printf '{"algo": "scrypt",\n "retries": "many"}' >types.json
bad 2 "types.json:2: retries: 'many' must be a whole number from 0 to 1000000" -c types.json
printf '{"algo": "scrypt",\n "quiet": 1}' >types.json
bad 2 'types.json:2: quiet must be true or false, not a number' check -c types.json
printf '{"algo": "scrypt",\n "urll": "h:1"}' >types.json
bad 2 'types.json:2: urll: unknown key, did you mean "url"\?' check -c types.json
printf '{"algo": "scrypt",\n' >types.json
bad 2 'types.json:[0-9]+:[0-9]+: not valid JSON: .*' check -c types.json
bad 2 "--intensity: '99' must be auto or .*" -a scrypt -o h:1 -d sim:1 -i 99
bad 2 "--temp-limit: 'x' must be off or .*" -a scrypt -o h:1 -d sim:1 --temp-limit x
bad 2 '--temp-target 85 is not below --temp-limit 80: .*' \
	-a scrypt -o h:1 -d sim:1 --temp-target 85 --temp-limit 80
bad 2 '--sim: .*' -a scrypt -o h:1 -d sim:1 --sim speed=1
bad 2 '--tls-ca missing.pem of stratum\+ssl://h:1: cannot read it: .*' \
	-a scrypt -o stratum+ssl://h:1 --tls-ca missing.pem
bad 2 "'adit hash' needs --header HEX .*" hash -a scrypt
bad 2 '--header: .* 160 .*' hash -a scrypt --header 00 --nonce 1
bad 2 "--nonce '99999999999': .* 0xffffffff.*" hash -a scrypt --header "$zeros" --nonce 99999999999
half=${zeros:0:64}
bad 2 '--header: etchash takes 80 .* or 64 without the nonce, .*' \
	hash -a etchash --epoch 0 --nonce 1 --header "$zeros"
bad 2 'no height: kawpow .* --height' hash -a kawpow --epoch 0 --nonce 1 --header "$half"
bad 2 'no epoch: etchash .* --height, --epoch or --seed' hash -a etchash --nonce 1 --header "$half"
bad 2 'epoch 4096 of etchash: no chain .*' hash -a etchash --epoch 4096 --nonce 1 --header "$half"
bad 2 'no epoch of ethash has this seed' \
	hash -a ethash --seed "${zeros:0:63}1" --nonce 1 --header "$half"
bad 2 '--seed is that of epoch 0, not 1: .*' \
	hash -a ethash --seed "$half" --epoch 1 --nonce 1 --header "$half"
bad 2 '--seed: scrypt has no epochs' hash -a scrypt --seed "$half" --nonce 1 --header "$zeros"
bad 2 '.*light_cache_items is 0 or at least 16.*' \
	hash -a ethash --epoch 0 --set light_cache_items=3 --nonce 1 --header "$half"
bad 2 '--target: must have 64 hexadecimal digits, not 2' \
	scan -a scrypt --header "$zeros" --target ff --count 1
bad 2 "unexpected argument 'all' .*" devices all
if [ "$(id -u)" != 0 ]; then
	printf '{}' >closed.json
	chmod 0 closed.json
	bad 2 '--config closed.json: cannot read it: Permission denied' -c closed.json
fi

# ---- devices ----
bad 3 "no device 'opencl:99': .*" -a scrypt -o 127.0.0.1:1 -d opencl:99
bad 3 "no device 'tpu': write .*" -a scrypt -o 127.0.0.1:1 -d tpu
bad 3 "device sim:0 is named twice .*" -a scrypt -o 127.0.0.1:1 -d sim:1,sim:1

# ---- files and ports ----
bad 7 '--log-file /nonexistent/l: cannot open it: .*' -a scrypt -o 127.0.0.1:1 -d sim:1 -l /nonexistent/l
bad 7 '--share-log /nonexistent/s: cannot open it: .*' \
	-a scrypt -o 127.0.0.1:1 -d sim:1 --share-log /nonexistent/s
: >pool.out # so that tail finds it
"$ADIT" pool -a scrypt --listen 127.0.0.1:0 >>pool.out 2>pool.err &
pool_pid=$!
while read -r line; do
	case $line in 'listening on '*) break ;; esac
done < <(exec timeout 20 tail -n +1 -s 0.05 -f pool.out)
kill $! 2>/dev/null # that is tail
port=${line##*:}
bad 7 "--listen 127.0.0.1:$port: Address already in use; choose another port.*" \
	pool -a scrypt --listen "127.0.0.1:$port"
bad 2 '--listen nonsense: write ADDRESS:PORT.*' pool -a scrypt --listen nonsense
bad 7 '--tls-cert missing.pem: No such file or directory' pool -a scrypt --listen 127.0.0.1:0 --tls-cert missing.pem \
	--tls-key missing.pem

printf 'no certificate\n' >text.pem
bad 7 '--tls-cert text.pem: nothing in PEM form in it' pool -a scrypt --listen 127.0.0.1:0 \
	--tls-cert text.pem --tls-key text.pem

# ---- pools ----
# last REGEX: the last line of standard error, after the summary, says why.
last() {
	tail -n 1 err | grep -qE -- " error .*$1" && return
	echo "not ok - the last line is not: $1"
	tail -n 1 err
	failed=1
}
gave_up='no pool could be used within --retries attempts: '
bad 4 "$gave_up.*127.0.0.1:1.*Connection refused" -a scrypt -o 127.0.0.1:1 -d sim:1 --retries 1
last "$gave_up.*Connection refused"
bad 4 "$gave_up.*TLS.*" -a scrypt -o "stratum+ssl://127.0.0.1:$port" -d sim:1 --retries 1
bad 4 "$gave_up.*--tls-ca text.pem: .*no certificate.*" \
	-a scrypt -o "stratum+ssl://127.0.0.1:$port" --tls-ca text.pem -d sim:1 --retries 1

# ---- nothing secret in what ps shows or a line says ----
bad 2 '[^T]*' -a scrypt -o me:TOPSECRET@ -p TOPSECRET
bad 2 '[^T]*' -a scrypt -o h:1 -O TOPSECRET
exit $failed
