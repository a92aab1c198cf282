#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The screen of a miner on a real terminal, and adit top.
. "${top_srcdir:-.}/tests/e2e/lib.sh"
for python in python3 /usr/bin/python3 ''; do
	[ -n "$python" ] && "$python" -c 'import pyte' 2>/dev/null && break
done
[ -n "$python" ] || skip "no terminal emulator (Debian: python3-pyte)"
export TERM=xterm-256color LC_ALL=C.UTF-8
unset TERMINFO TERMINFO_DIRS

out=$("$ADIT" mine -a sha256d -o 127.0.0.1:9 -u u -d sim:1 --ui tui 2>&1 </dev/null)
rc=$?
[ "$rc" = 2 ] || fail "without a terminal, exit code 2, got $rc: $out"
if [[ $out == *"built without screens"* ]]; then skip "built without screens"; fi
[[ $out == *"is no terminal"*"--ui plain"* ]] || fail "it names the fix: $out"

start_pool pool -a sha256d --listen 127.0.0.1:0 --diff 0.000005
# session NAME: the script on standard input, on the miner's terminal
session() {
	local name=$1
	shift
	cat >"$tmp/$name.script"
	timeout 200 "$python" "$top_srcdir/tests/tui_session.py" "$tmp/$name.script" "$@" \
		>"$tmp/$name.out" 2>&1 || fail "$name"
}
mine=("$ADIT" mine -a sha256d -o "127.0.0.1:$pool_port" -u me -d sim:2 --sim rate=200k --ui tui
	--stats-interval 1 --log-file "$tmp/log")

session keys "${mine[@]}" <<TXT
size 30 100
see accepted [1-9]
see ^ 1 sim:1 .* mining
see info  share  accepted
type h
see any key goes back
type x
unseen any key goes back
type 0
see ^ 0 sim:0 .* paused by key
see ^ 1 sim:1 .* mining
type p
see PAUSED
type r
unseen PAUSED
see ^ 0 sim:0 .* mining
type s
see by device
type s
see ^.. log
size 12 50
see ^ 0 sim:0 .* mining
unseen DEVICE NAME
type \\x1b[A\\x1b[A
see [0-9]+ newer lines below
type \\x1b[F
unseen newer lines below
size 40 132
see DEVICE NAME
type d
see debug
type q
end 0
TXT
grep -q 'sim:0: paused by key' "$tmp/log" || fail "the log file has what the screen had"
grep -q 'mined sha256d' "$tmp/keys.out" && fail "nothing is told twice"
ok "keys pause, show, scroll and quit; every size is drawn; the terminal is put back"

session plainly env NO_COLOR=1 LC_ALL=C "${mine[@]}" <<TXT
see accepted [1-9]
see ^-- log ---
mute
type q
end 0
TXT
ok "no colours with NO_COLOR, no more than ASCII without UTF-8"

session stopped "${mine[@]}" <<TXT
see accepted [1-9]
type \\x1a
stopped
signal SIGCONT
see h help
type \\x13
file $tmp/log 5 accepted:
type \\x11
see h help
type \\x13
type \\x03
end 0
TXT
ok "Ctrl-Z gives the terminal back; Ctrl-S stops the screen, not the mining"

session deaf "${mine[@]}" <<TXT
see accepted [1-9]
deaf
file $tmp/log 5 accepted:
type s
listen
see by device
deaf
type q
end 0
TXT
ok "a terminal that nobody reads costs no share"

session crash "${mine[@]}" <<TXT
see accepted [1-9]
signal SIGSEGV
end -11
TXT
ok "a crash puts the terminal back"

session poor env TERM=no-such-kind "${mine[@]}" <<TXT
see TERM=xterm-256color
end 2
TXT
ok "an unknown kind of terminal is an error that names the fix"

if command -v tic >/dev/null && infocmp -x xterm-256color >"$tmp/kind" 2>/dev/null; then
	mkdir -p "$tmp/bundle/bin" "$tmp/bundle/share/terminfo"
	ln "$ADIT" "$tmp/bundle/bin/adit" 2>/dev/null || cp "$ADIT" "$tmp/bundle/bin/adit"
	sed 's/^xterm-256color|[^,]*,/adit-own-kind|a test,/' "$tmp/kind" |
		tic -x -o "$tmp/bundle/share/terminfo" - 2>"$tmp/tic.log" || fail "tic"
	session bundled env TERM=adit-own-kind "$tmp/bundle/bin/adit" top 127.0.0.1:9 <<-TXT
		see 0 up, 1 down
		type q
		end 0
	TXT
	ok "a bundle's own terminal descriptions are found"
fi

# ---- adit top
token=0123456789abcdef0123456789abcdef
echo "$token" >"$tmp/token"
where_of() { wait_line "$tmp/$1.log" 'API at 127.0.0.1:[0-9]+' 60 | grep -oE '127\.0\.0\.1:[0-9]+' | tail -n 1; }
start_miner one -a sha256d -o "127.0.0.1:$pool_port" -u me -d sim:2 --sim rate=200k --api-bind 127.0.0.1:0
start_miner two -a sha256d -o "127.0.0.1:$pool_port" -u me -d sim:3 --sim rate=200k \
	--api-bind 127.0.0.1:0 --api-read-token "$token" --api-token "x$token"
second=$miner_pid
one=$(where_of one) || fail "the first rig's API listens"
two=$(where_of two) || fail "the second rig's API listens"
wait_count "$tmp/one.log" ' accepted: ' 1 || fail "the first mines"
wait_count "$tmp/two.log" ' accepted: ' 1 || fail "the second mines"

out=$("$ADIT" top --once "$one" "http://$two" --token-file "$tmp/token" 2>&1)
rc=$?
[ "$rc" = 0 ] || fail "every device mines: 0, got $rc: $out"
[[ $out == *"$one"*2/2*"$two"*3/3*"2 of 2 rigs are well"* ]] || fail "the table: $out"
out=$("$ADIT" top --once "$one" 127.0.0.1:9 "$two" 2>&1)
rc=$?
[ "$rc" = 1 ] || fail "a dead address: 1, got $rc: $out"
[[ $out == *"127.0.0.1:9 "*"down"*"connect"*"give --token-file"*"1 of 3"* ]] || fail "it says why: $out"
out=$("$ADIT" top --json "$one" 127.0.0.1:9 2>&1)
"$python" -c 'import json, sys
a = json.loads(sys.argv[1])
assert [r["up"] for r in a] == [True, False] and a[0]["devices"][1]["state"] == "mining", a' "$out" ||
	fail "JSON: $out"
for bad in ftp://x:1 'http://me:secret@x:1' 'host:99999' '[::1' ''; do
	out=$("$ADIT" top --once "$bad" 2>&1)
	rc=$?
	[ "$rc" = 2 ] || fail "'$bad' is no rig: 2, got $rc: $out"
	[[ $out != *secret* ]] || fail "a password is told: $out"
done
if command -v openssl >/dev/null; then
	openssl req -x509 -newkey rsa:2048 -nodes -keyout "$tmp/key.pem" -out "$tmp/cert.pem" -days 2 \
		-subj /CN=localhost -addext 'subjectAltName=IP:127.0.0.1' 2>/dev/null || fail "openssl"
	start_miner three -a sha256d -o "127.0.0.1:$pool_port" -u me -d sim:1 --sim rate=200k \
		--api-bind 127.0.0.1:0 --api-tls-cert "$tmp/cert.pem" --api-tls-key "$tmp/key.pem"
	three=$(where_of three) || fail "the third rig's API listens"
	wait_count "$tmp/three.log" ' accepted: ' 1 || fail "the third mines"
	"$ADIT" top --once "https://$three" --rig-ca "$tmp/cert.pem" >"$tmp/tls.out" 2>&1 ||
		fail "over TLS"
	pin=$(openssl x509 -in "$tmp/cert.pem" -noout -fingerprint -sha256)
	"$ADIT" top --once "https://$three" --rig-fingerprint "${pin#*=}" >"$tmp/tls.out" 2>&1 ||
		fail "over TLS, pinned"
	out=$("$ADIT" top --once "https://$three" 2>&1) && fail "any certificate will do: $out"
	[[ $out == *"--rig-ca"* && $out != *"--tls-"* ]] || fail "it names the fix: $out"
	kill "$miner_pid"
fi
ok "adit top --once: a table or JSON, and an exit code for scripts"

session top "$ADIT" top --interval 1 --token-file "$tmp/token" "$one" "$two" 127.0.0.1:9 <<TXT
size 30 110
see 2 up, 1 down
see 5 of 5 devices mine
see ^ 2 127.0.0.1:9 +down for .*connect
type \\x1b[B\\r
see ^>1 $two
see ^ +2 sim:2 .* mining
type a
unseen sim:2
exec kill $second
see 1 up, 2 down
see $two: does not answer
type h
see any key goes back
type qq
end 0
TXT
ok "adit top: rigs, their devices, and the one that dies"
