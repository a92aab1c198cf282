#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The local pool's dialects for algorithms with a dataset, spoken to over plain sockets: logins, jobs,
# heights and epochs that go on, what is wrong with a share, who speaks another dialect.
. "${top_srcdir:-.}/tests/e2e/lib.sh"

small=(--set light_cache_items=1021 --set dataset_items=16381 --listen 127.0.0.1:0)
zeros=$(printf '0%.0s' {1..64})

dial() { exec 3<>"/dev/tcp/127.0.0.1/$pool_port" || fail "connect"; }
bye() { exec 3<&- 3>&-; }
ask() { printf '%s\n' "$1" >&3; }

# hear REGEX: the next line that matches; into $line, its groups into BASH_REMATCH.
hear() {
	while IFS= read -r -t 30 line <&3; do
		[[ $line =~ $1 ]] && return 0
	done
	fail "no line to match $1"
}

# next REGEX: the next line matches.
next() {
	IFS= read -r -t 30 line <&3 || fail "no line where $1 was to come"
	[[ $line =~ $1 ]] || fail "$1 was to come: $line"
}

closed() {
	while IFS= read -r -t 30 line <&3; do :; done
	[ $? -le 128 ] || fail "$1: the connection stays open"
}

counted() {
	stop "$pool_pid"
	[ "$rc" = 0 ] || fail "$1: exit code 0, got $rc"
	shift
	local file=$1 pair
	shift
	for pair in "$@"; do
		[ "$(json_number "$tmp/$file.out" "${pair%=*}")" = "${pair#*=}" ] ||
			fail "$file: $pair, got $(tail -n 1 "$tmp/$file.out")"
	done
}

say "kawpow: heights cross an epoch, a prefix and the mix are checked"
start_pool kawpow -a kawpow "${small[@]}" --diff 1e-12 --height 7499 --height-step 1 --job-interval 200
dial
ask '{"id":1,"method":"mining.subscribe","params":["t"]}'
next '^\{"id":1,"result":\[null,"([0-9a-f]{4})"\],"error":null\}$'
prefix=${BASH_REMATCH[1]}
ask '{"id":2,"method":"mining.authorize","params":["me","x"]}'
next '^\{"id":2,"result":true,"error":null\}$'
next '"method":"mining.set_target","params":\["f{64}"\]'
next '"method":"mining.notify","params":\["([0-9a-f]+)","([0-9a-f]{64})","([0-9a-f]{64})","f{64}",true,7499,"1b02ba90"\]'
job=${BASH_REMATCH[1]} header=${BASH_REMATCH[2]}
[ "${BASH_REMATCH[3]}" = "$zeros" ] || fail "the seed of epoch 0 is zeros"
submit() { ask "{\"id\":$1,\"method\":\"mining.submit\",\"params\":[\"me\",\"$2\",\"$3\",\"0x$4\",\"0x$5\"]}"; }
submit 3 "$job" "0x${prefix}000000000001" "$header" "$zeros"
hear '^\{"id":3,"result":null,"error":\[20,"header validation failed",null\]\}$'
submit 4 "$job" "0x0000000000000001" "$header" "$zeros"
hear '^\{"id":4,"result":null,"error":\[24,"nonce out of worker range",null\]\}$'
submit 5 ffffff "0x${prefix}000000000001" "$header" "$zeros"
hear '^\{"id":5,"result":null,"error":\[20,"job not found",null\]\}$'
hear '"mining.notify","params":\["[0-9a-f]+","[0-9a-f]{64}","290decd9548b62a8d60345a988386fc84ba6bc95484008f6362f93160ef3e563","f{64}",true,7500,'
submit 6 "$job" "0x${prefix}000000000001" "$header" "$zeros"
hear '^\{"id":6,"result":null,"error":\[21,"stale share",null\]\}$'
hear 'true,7501,'
bye
counted "kawpow" kawpow accepted=0 invalid=2 stale=2 low=0

say "each Ethereum dialect by its first line, on one port"
start_pool any -a etchash "${small[@]}" --diff 1e-12 --height 11699999 --job-interval 60000
wait_line "$tmp/any.log" 'the light cache is ready' 60 >/dev/null || fail "the light cache gets ready"
dial
ask '{"id":1,"method":"mining.subscribe","params":["t","EthereumStratum/1.0.0"]}'
next '^\{"id":1,"result":\[\["mining.notify","[0-9a-f]{8}","EthereumStratum/1.0.0"\],"[0-9a-f]{6}"\],"error":null\}$'
ask '{"id":2,"method":"mining.authorize","params":["me","x"]}'
next '"id":2,"result":true'
next '"mining.set_difficulty","params":\[[0-9.]+e-13\]'
next '"mining.notify","params":\["([0-9a-f]+)","[0-9a-f]{64}","[0-9a-f]{64}",true\]'
job=${BASH_REMATCH[1]}
for answer in '"result":true,"error":null' '"result":false,"error":\[22,"Duplicate share",null\]'; do
	ask "{\"id\":3,\"method\":\"mining.submit\",\"params\":[\"me\",\"$job\",\"0000000001\"]}"
	next "$answer"
done
bye
dial
ask '{"id":0,"method":"mining.hello","params":{"agent":"t","host":"h","port":"1","proto":"EthereumStratum/2.0.0"}}'
next '^\{"id":0,"result":\{.*"proto":"EthereumStratum/2.0.0"'
ask '{"id":1,"method":"mining.subscribe","params":[]}'
next '^\{"id":1,"result":"s-[0-9a-f]{8}"\}$'
ask '{"id":2,"method":"mining.authorize","params":["me","x"]}'
next '^\{"id":2,"result":"(w-[0-9]+)"\}$'
worker=${BASH_REMATCH[1]}
next '"method":"mining.set".*"epoch":"185"'
next '"mining.notify","params":\["([0-9a-f]+)","b2871f","[0-9a-f]{64}","1"\]'
ask "{\"id\":3,\"method\":\"mining.submit\",\"params\":[\"${BASH_REMATCH[1]}\",\"0000000002\",\"$worker\"]}"
next '^\{"id":3\}$'
bye
dial
ask '{"id":1,"worker":"r","method":"eth_submitLogin","params":["me"]}'
next '^\{"jsonrpc":"2.0","id":1,"result":true\}$'
ask '{"id":2,"method":"eth_getWork","params":[]}'
next '"result":\["(0x[0-9a-f]{64})","0x[0-9a-f]{64}","0xf{64}"\]\}$'
header=${BASH_REMATCH[1]}
ask "{\"id\":3,\"method\":\"eth_submitWork\",\"params\":[\"0x0000000000000001\",\"0x$zeros\",\"0x$zeros\"]}"
next '^\{"jsonrpc":"2.0","id":3,"result":false\}$'
ask "{\"id\":4,\"method\":\"eth_submitWork\",\"params\":[\"0x0000000000000001\",\"$header\",\"0x$zeros\"]}"
next '"id":4,"error":\{"code":23,"message":"Invalid share"\}'
closed "after an error"
bye
dial
ask '{"id":1,"method":"mining.subscribe","params":["t"]}'
next '^\{"id":1,"result":true,"error":null\}$'
ask '{"id":2,"method":"mining.authorize","params":["me","x"]}'
next '"id":2,"result":true'
next '"mining.notify","params":\["[0-9a-f]+","0x[0-9a-f]{64}","0x[0-9a-f]{64}","0xf{64}",true\]'
bye
counted "any" any accepted=2 duplicate=1 stale=1 invalid=1 low=0

say "a dialect that is forced; who speaks another"
for what in error silent close; do
	start_pool "forced-$what" -a ethash "${small[@]}" --speak ethstratum1 --speak-other "$what"
	dial
	ask '{"id":1,"method":"eth_submitLogin","params":["me"]}'
	case $what in
	error) next '"id":1,"result":null,"error":\[20,' ;;
	silent) # answered is what comes after it
		ask '{"id":2,"method":"mining.subscribe","params":["t","EthereumStratum/1.0.0"]}'
		next '^\{"id":2,"result":\[\['
		;;
	close) closed "another dialect" ;;
	esac
	bye
	stop "$pool_pid"
done

say "lies about heights and seeds, and another epoch"
start_pool lies -a progpowz "${small[@]}" --speak kawpow --height 30000 --height-step 0 --job-interval 60000 \
	--faults absurd-height@1s,absurd-seed@1500ms,wrong-seed@2s,other-epoch@2500ms,other-epoch@3s,every=5s
dial
ask '{"id":1,"method":"mining.subscribe","params":[]}'
ask '{"id":2,"method":"mining.authorize","params":["me","x"]}'
seed1=290decd9548b62a8d60345a988386fc84ba6bc95484008f6362f93160ef3e563
notify='"mining.notify","params":\["[0-9a-f]+","[0-9a-f]{64}",'
hear "$notify\"$seed1\",\"[0-9a-f]{64}\",true,30000,"
hear "$notify\"$seed1\",\"[0-9a-f]{64}\",false,4503599627370496,"
hear "$notify\"([0-9a-f]{64})\",\"[0-9a-f]{64}\",false,30000,"
[ "${BASH_REMATCH[1]}" != "$seed1" ] || fail "the seed is of no epoch"
hear "$notify\"$zeros\",\"[0-9a-f]{64}\",false,30000,"
hear "$notify\"$zeros\",\"[0-9a-f]{64}\",true,0,"
hear "$notify\"$seed1\",\"[0-9a-f]{64}\",true,30000,"
bye
stop "$pool_pid"

say "what cannot be served is said"
"$ADIT" pool -a etchash "${small[@]}" --speak stratum1 >"$tmp/bad.out" 2>"$tmp/bad.log"
[ $? = 2 ] || fail "a dialect that does not fit is wrong usage"
grep -q 'speak stratum1: for etchash there are: .*ethproxy' "$tmp/bad.log" || fail "those that fit are named"
"$ADIT" pool -a etchash "${small[@]}" --height 4000000000 >"$tmp/bad.out" 2>"$tmp/bad.log" &&
	fail "a height beyond every epoch is refused"
grep -q 'epoch 66666 of etchash' "$tmp/bad.log" || fail "the epoch is named"
ok "the local pool's dialects for datasets"
