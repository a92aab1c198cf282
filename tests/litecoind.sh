#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Solo mining against a real coin's node: two litecoind in regtest mode, connected to each other (a
# lone one gives no templates).  Blocks from the OpenCL kernel raise both nodes' height, the wallet
# shows the reward, and the node may go away and come back; then the same where MWEB is active.
. "${top_srcdir:-.}/tests/e2e/lib.sh"
command -v litecoind >/dev/null || skip "litecoind is not installed"
command -v litecoin-cli >/dev/null || skip "litecoin-cli is not installed"

# A port that was free a moment ago; the kernel does not give it out again soon.
free_port() {
	local out=$tmp/port.$1 pid port
	"$ADIT" pool -a sha256d --listen 127.0.0.1:0 >"$out" 2>/dev/null &
	pid=$!
	port=$(wait_line "$out" '^listening on ' 20)
	kill -KILL "$pid" # at once: a TERM between its start and its loop is lost under TSan
	wait "$pid" 2>/dev/null
	printf '%s' "${port##*:}"
}

# start_node NAME ARGS...: sets node_pid.  Nothing of ours stays open in it.
start_node() {
	local name=$1
	shift
	mkdir -p "$tmp/$name"
	HOME=$tmp/$name litecoind -regtest -server -datadir="$tmp/$name" -listen=1 -listenonion=0 -discover=0 \
		-dnsseed=0 -rpcbind=127.0.0.1 -rpcallowip=127.0.0.1 -rpcuser=u -rpcpassword=p \
		-fallbackfee=0.0001 -printtoconsole=0 -maxtipage=1000000000 "$@" </dev/null >"$tmp/$name.out" 2>&1 &
	node_pid=$!
	pids+=("$node_pid")
}

cli() { # PORT ARGS...
	local port=$1
	shift
	HOME=$tmp timeout 30 litecoin-cli -regtest -datadir="$tmp" -rpcwait -rpcclienttimeout=20 -rpcuser=u \
		-rpcpassword=p -rpcport="$port" "$@" </dev/null 2>>"$tmp/cli.out"
}

# ends PID SECONDS: wait for a child; one that does not end in time is killed.  Sets rc.
ends() {
	timeout "$2" tail -s 0.1 --pid="$1" -f /dev/null || kill -KILL "$1" 2>/dev/null
	wait "$1" 2>/dev/null
	rc=$?
}

# stop_miner: with SIGINT, and nothing went wrong with any share.
stop_miner() {
	kill -INT "$miner_pid"
	ends "$miner_pid" 20
	[ "$rc" = 0 ] || fail "the miner ends with exit code 0, not $rc"
	[ "$(count "$tmp/$1.log" ' (rejected|invalid|lost|ERROR): ')" = 0 ] || fail "nothing was rejected, invalid or lost"
}

# reach HEIGHT: both nodes are there, and agree.
reach() {
	local height
	cli "$rpc_b" waitforblockheight "$1" 20000 >/dev/null || fail "the second node follows"
	height=$(cli "$rpc_b" getblockcount)
	[ "${height:-0}" -ge "$1" ] || fail "the second node's height is ${height:-unknown}, not $1"
	[ "$(cli "$rpc" getblockhash "$1")" = "$(cli "$rpc_b" getblockhash "$1")" ] ||
		fail "both nodes have the same block at height $1"
}

blocks='block found: height'
p2p=$(free_port 1) rpc=$(free_port 2) p2p_b=$(free_port 3) rpc_b=$(free_port 4)
url=gbt+http://u:p@127.0.0.1:$rpc
# without peg-ins MWEB must not become active, or templates fail at height 432
no_mweb=-vbparams=mweb:9000000000:9000000001
start_node a -bind=127.0.0.1:"$p2p" -rpcport="$rpc" -connect=0 $no_mweb
node_a=$node_pid
start_node b -bind=127.0.0.1:"$p2p_b" -rpcport="$rpc_b" -connect=127.0.0.1:"$p2p" $no_mweb
node_b=$node_pid
cli "$rpc" createwallet w >/dev/null || fail "the node answers"
cli "$rpc_b" getblockcount >/dev/null || fail "the second node answers"
address=$(cli "$rpc" getnewaddress)
[ -n "$address" ] || fail "the wallet has an address"

device=opencl:0
"$ADIT" devices 2>/dev/null | grep -q opencl:0 || device=cpu
[ "$device" = cpu ] && say "no OpenCL device here: the CPU reference mines instead"

start_miner miner -a scrypt -o "$url" --coinbase-addr "$address" -d "$device"
wait_count "$tmp/miner.log" "$blocks" 3 60 || fail "three blocks are found"
height=$(cli "$rpc" getblockcount)
[ "${height:-0}" -ge 3 ] || fail "the node's height is ${height:-unknown}, not 3 or more"
reach "$height"
reward=$(cli "$rpc" getwalletinfo | grep -oE '"immature_balance": [0-9]+' | grep -oE '[0-9]+$')
[ "${reward:-0}" -ge 150 ] || fail "the wallet shows the reward, not '${reward:-}'"

say "the node goes away"
cli "$rpc" stop >/dev/null
ends "$node_a" 30
wait_line "$tmp/miner.log" 'next try in|not delivered yet' 30 >/dev/null || fail "the miner notices"
before=$(count "$tmp/miner.log" "$blocks")
start_node a -bind=127.0.0.1:"$p2p" -rpcport="$rpc" -connect=0 $no_mweb
node_a=$node_pid
cli "$rpc_b" addnode 127.0.0.1:"$p2p" onetry >/dev/null
wait_count "$tmp/miner.log" "$blocks" $((before + 2)) 75 || fail "it mines on when the node is back"
stop_miner miner
height=$(cli "$rpc" getblockcount)
reach "$height"
found=$(count "$tmp/miner.log" "$blocks")
[ "$found" -le "$height" ] || fail "$found blocks told of, yet the chain has $height"
ok "$found blocks accepted by litecoind on $device, its absence survived, both nodes at height $height"

say "a chain with MWEB"
for node in "$rpc" "$rpc_b"; do cli "$node" stop >/dev/null; done
ends "$node_a" 30
ends "$node_b" 30
start_node c -bind=127.0.0.1:"$p2p" -rpcport="$rpc" -connect=0
start_node d -bind=127.0.0.1:"$p2p_b" -rpcport="$rpc_b" -connect=127.0.0.1:"$p2p"
cli "$rpc" createwallet w >/dev/null || fail "the node with MWEB answers"
address=$(cli "$rpc" getnewaddress)
cli "$rpc" generatetoaddress 431 "$address" >/dev/null || fail "431 blocks are made"
reach 431
mweb=$(cli "$rpc" getnewaddress '' mweb)
cli "$rpc" sendtoaddress "$mweb" 10 >/dev/null || fail "coins are pegged in"
start_miner mweb -a scrypt -o "$url" --coinbase-addr "$address" -d "$device"
wait_count "$tmp/mweb.log" "$blocks" 2 60 || fail "two blocks with MWEB are found"
stop_miner mweb
reach 433
cli "$rpc" getblock "$(cli "$rpc" getblockhash 433)" 1 | grep -q '"mweb"' || fail "block 433 has MWEB data"
ok "$(count "$tmp/mweb.log" "$blocks") blocks with MWEB accepted"
