#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Solo mining against a real coin's node: two litecoind in regtest mode, connected to each other (a
# lone one gives no templates).  Blocks from the OpenCL kernel raise both nodes' height, the wallet
# shows the reward, and the node may go away and come back.
. "${top_srcdir:-.}/tests/e2e/lib.sh"
command -v litecoind >/dev/null || skip "litecoind is not installed"
command -v litecoin-cli >/dev/null || skip "litecoin-cli is not installed"

# A port that was free a moment ago; the kernel does not give it out again soon.
free_port() {
	local out=$tmp/port.out pid port
	"$ADIT" pool -a sha256d --listen 127.0.0.1:0 >"$out" 2>/dev/null &
	pid=$!
	port=$(wait_line "$out" '^listening on ' 20)
	kill "$pid"
	wait "$pid" 2>/dev/null
	: >"$out"
	printf '%s' "${port##*:}"
}

# start_node NAME ARGS...: sets node_pid.
start_node() {
	local name=$1
	shift
	mkdir -p "$tmp/$name"
	# -vbparams: without peg-ins MWEB must not become active, or templates fail at height 432
	HOME=$tmp/$name litecoind -regtest -server -datadir="$tmp/$name" -listen=1 -listenonion=0 -discover=0 -dnsseed=0 \
		-rpcbind=127.0.0.1 -rpcallowip=127.0.0.1 -rpcuser=u -rpcpassword=p -fallbackfee=0.0001 \
		-printtoconsole=0 -maxtipage=1000000000 -vbparams=mweb:9000000000:9000000001 "$@" \
		</dev/null >"$tmp/$name.out" 2>&1 &
	node_pid=$!
	pids+=("$node_pid")
}

cli() { # PORT ARGS...
	local port=$1
	shift
	HOME=$tmp timeout 30 litecoin-cli -regtest -datadir="$tmp" -rpcwait -rpcclienttimeout=20 -rpcuser=u \
		-rpcpassword=p -rpcport="$port" "$@" </dev/null
}

p2p=$(free_port) rpc=$(free_port) p2p_b=$(free_port) rpc_b=$(free_port)
start_node a -bind=127.0.0.1:"$p2p" -rpcport="$rpc" -connect=0
node_a=$node_pid
start_node b -bind=127.0.0.1:"$p2p_b" -rpcport="$rpc_b" -connect=127.0.0.1:"$p2p"
cli "$rpc" createwallet w >/dev/null || fail "the node answers"
cli "$rpc_b" getblockcount >/dev/null || fail "the second node answers"
address=$(cli "$rpc" getnewaddress)
[ -n "$address" ] || fail "the wallet has an address"

device=opencl:0
"$ADIT" devices 2>/dev/null | grep -q opencl:0 || device=cpu
[ "$device" = cpu ] && say "no OpenCL device here: the CPU reference mines instead"

start_miner miner -a scrypt -o "gbt+http://u:p@127.0.0.1:$rpc" --coinbase-addr "$address" -d "$device"
wait_count "$tmp/miner.log" 'block found: height' 3 60 || fail "three blocks are found"

# Both nodes' heights, once the second has caught up with the first.
height=$(cli "$rpc" getblockcount)
cli "$rpc_b" waitforblockheight "$height" 20000 >"$tmp/b-height.out" || fail "the second node follows"
height_b=$(cli "$rpc_b" getblockcount)
{ [ "$height" -ge 3 ] && [ "$height_b" -ge "$height" ]; } ||
	fail "both nodes' height rises: $height and $height_b"
reward=$(cli "$rpc" getwalletinfo | grep -oE '"immature_balance": [0-9]+' | grep -oE '[0-9]+$')
[ "${reward:-0}" -ge 150 ] || fail "the wallet shows the reward, not '${reward:-}'"

say "the node goes away"
cli "$rpc" stop >/dev/null
wait "$node_a" 2>/dev/null
wait_line "$tmp/miner.log" 'next try in|not delivered yet' 30 >/dev/null || fail "the miner notices"
before=$(count "$tmp/miner.log" 'block found: height')
start_node a -bind=127.0.0.1:"$p2p" -rpcport="$rpc" -connect=0
cli "$rpc_b" addnode 127.0.0.1:"$p2p" onetry >/dev/null
wait_count "$tmp/miner.log" 'block found: height' $((before + 2)) 75 || fail "it mines on when the node is back"

stop "$miner_pid" INT
[ "$rc" = 0 ] || fail "exit code 0, got $rc"
[ "$(count "$tmp/miner.log" ' (rejected|invalid|lost): ')" = 0 ] || fail "nothing was rejected, invalid or lost"
ok "$(count "$tmp/miner.log" 'block found: height') blocks accepted by litecoind on $device, both nodes at height $height_b and more"
