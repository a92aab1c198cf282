# shellcheck shell=bash
# SPDX-License-Identifier: GPL-3.0-or-later
# What the packages of mining systems share; sourced.  Needs bash, jq and curl, as they all have.

# An algorithm as the systems call it, by Adit's name.  What is not known here stays as it is.
adit_algo()
{
	case ${1,,} in
	etc | etchash) echo etchash ;;
	eth | ethw | daggerhashimoto | ethash) echo ethash ;;
	progpow-zano | progpow_zano | zano | progpowz) echo progpowz ;;
	sha256 | sha-256 | sha256d) echo sha256d ;;
	evr | evrprogpow) echo evrprogpow ;;
	*) echo "${1,,}" ;;
	esac
}

# Can this program be watched?  adit_has_api PROGRAM
adit_has_api() { "$1" --help 2>/dev/null | grep -q -- '--api-bind'; }

# A configuration on standard output, from these in the environment (no password in an argument
# list): CONFIG_URL (one or more, apart by blanks, commas or semicolons), CONFIG_USER, CONFIG_PASS,
# CONFIG_ALGO, CONFIG_BIND ("": none), CONFIG_LOG ("": none).
adit_config()
{
	jq -n '
		def some(k; v): if v != "" then {(k): v} else {} end;
		[env.CONFIG_URL // "" | splits("[\\s,;]+") | select(. != "")] as $urls |
		some("algo"; env.CONFIG_ALGO // "") +
		some("api-bind"; env.CONFIG_BIND // "") +
		some("log-file"; env.CONFIG_LOG // "") +
		(if $urls == [] then {} else
			{pools: [$urls[] | {url: .} + some("user"; env.CONFIG_USER // "") +
				some("pass"; env.CONFIG_PASS // "")]} end)'
}

# The words of a line of arguments, quotes as in a shell, one a line; nothing is expanded or run.
adit_words() { printf '%s' "$1" | tr '\n\r' '  ' | xargs -r printf '%s\n'; }

# Where the API is, by the words of the command line (a file, one a line), or else by the
# configuration.  adit_bind CONFIGURATION WORDS
adit_bind()
{
	local bind=
	[ -f "$2" ] && bind=$(sed -n -e 's/^--api-bind=//p' -e '/^--api-bind$/{n;p;}' "$2" | tail -n 1)
	[ -n "$bind" ] || bind=$(jq -r '."api-bind" // empty' "$1" 2>/dev/null)
	echo "${bind:-127.0.0.1:4028}"
}

# Summary and devices, as {"summary":{...},"devices":[...]}; nothing and 1 when nobody answers.
# Two seconds at most.  adit_ask BIND
adit_ask()
{
	local at=$1 reply where
	where=(-m 2)
	case $at in
	unix:*) where+=(--unix-socket "${at#unix:}"); at=localhost ;;
	0.0.0.0:* | '[::]:'* | '*:'*) at=127.0.0.1:${at##*:} ;;
	esac
	reply=$(curl -q -s -f --noproxy '*' "${where[@]}" -H 'Content-Type: application/json' -d '[
		{"jsonrpc":"2.0","id":"summary","method":"miner.summary"},
		{"jsonrpc":"2.0","id":"devices","method":"miner.devices"}]' "http://$at/rpc") || return 1
	jq -ce '
		(map({(.id | tostring): .result}) | add) as $r |
		if ($r.summary | type) == "object" and ($r.devices | type) == "array" then $r
		else empty end' <<<"$reply" 2>/dev/null
}

# For jq: bus "0000:0a:00.0" is 10; hashes a second; a number that may be unknown.
# shellcheck disable=SC2034,SC2016
ADIT_JQ='
	def hex: reduce (ascii_downcase | explode[]) as $c (0;
		. * 16 + (if $c > 57 then $c - 87 else $c - 48 end));
	def bus: (.pci // "") | if test("^([0-9a-fA-F]+:)?[0-9a-fA-F]+:[0-9a-fA-F]+\\.[0-9a-fA-F]$")
		then split(":")[-2] | hex else null end;
	def rate: .rate."60s" // 0;
	def known: . // 0;
	def refused: (.shares.rejected | known) + (.shares.stale | known);
	def wrong: .shares.invalid | known;'
