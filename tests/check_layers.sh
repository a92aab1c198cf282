#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Who may include whom (doc/architecture.md, "Layers"), and that the core names no variant.
# usage: check_layers.sh [TREE]   exit 0 clean, 1 with one line a finding
tree=${1:-${top_srcdir:-.}}
cd "$tree" || exit 99
rc=0
util='src/(err|bytes|hex|str|utf8|u256|clock|log|paths|seen)\.h'

# only FILES-PATTERN HEADER-PATTERN SAYING: the files include no other header of ours.
only()
{
	find src algos kernels pool -name '*.[ch]' -o -name '*.cl' -o -name '*.clh' 2>/dev/null |
		grep -E "^($1)\$" | sort | while read -r file; do
		own=${file%.*}.h
		sed -n 's/^[ \t]*#[ \t]*include[ \t]*"\([^"]*\)".*/\1/p' "$file" |
			grep -vxE "$2" | grep -vxF "$own" |
			while read -r header; do
				echo "$file: includes $header: $3"
			done
	done
}

# never FILES-PATTERN HEADER-PATTERN SAYING: <system> or "own" headers that do not belong there.
never()
{
	find src algos kernels pool -name '*.[ch]' -o -name '*.cl' -o -name '*.clh' 2>/dev/null |
		grep -E "^($1)\$" | sort | while read -r file; do
		sed -n 's/^[ \t]*#[ \t]*include[ \t]*[<"]\([^>"]*\)[>"].*/\1/p' "$file" |
			grep -xE "$2" |
			while read -r header; do
				echo "$file: includes $header: $3"
			done
	done
}

# Code without comments: FILE:LINE: text.
bare()
{
	for f in "$@"; do
		# shellcheck disable=SC2016 # that is awk's $0
		LC_ALL=C ${AWK:-awk} '{
			s = $0; out = ""
			while (s != "") {
				if (open) {
					i = index(s, "*/")
					if (!i) { s = ""; break }
					s = substr(s, i + 2); open = 0
				} else {
					i = index(s, "/*")
					if (!i) { out = out s; s = ""; break }
					out = out substr(s, 1, i - 1); s = substr(s, i + 2); open = 1
				}
			}
			if (out ~ /[^ \t]/) print FILENAME ":" FNR ": " out
		}' "$f"
	done
}

words()
{
	sed -n "s|^[[:space:]]*$1/\([a-z0-9_]*\).*|\1|p" "$1/list.am" 2>/dev/null | paste -sd'|' -
}

dialects=$(words pool)
algos=$(words algos)
if [ -z "$dialects" ] || [ -z "$algos" ]; then
	echo "no lists in $tree"
	exit 99
fi

report()
{
	found=$(cat)
	[ -z "$found" ] || { echo "$found"; rc=1; }
}

report <<END
$(only 'src/(err|bytes|hex|str|utf8|u256|clock|log|paths|seen)\.[ch]' "$util" \
	'utilities know nothing of the rest')
$(only 'kernels/.*' '[a-z0-9_]+\.(h|clh|cl)' 'kernels see only their own directory')
$(only 'algos/.*' "$util|src/job\.h|algos/.*|kernels/.*|(lists|config)\.h" \
	'an algorithm sees utilities and its kernel')
$(only 'pool/[a-z0-9_]+\.[ch]' \
	"$util|src/(job|share)\.h|algos/algo\.h|pool/[a-z0-9_]+\.h|(lists|config)\.h" \
	'a pool file sees utilities, job, share and pool/')
$(only 'pool/local/.*' \
	"$util|src/(job|share|settings|epoch|verify)\.h|algos/algo\.h|pool/.*" \
	'the local pool sees utilities, algo.h, settings, what checks shares, and pool/')
$(only 'src/gpu/.*' "$util|src/(job|native)\.h|algos/algo\.h|kernels/abi\.h|src/gpu/.*|kernels/.*\.h|(lists|config)\.h" \
	'a backend sees utilities, algo.h and src/gpu/')
$(only 'src/sensor/.*' "$util|src/(dl|ipc|spawn)\.h|src/gpu/dl\.h|src/sensor/.*|algos/algo\.h|config\.h" \
	'sensors see utilities and src/sensor/')
$(only 'src/guard/.*' "$util|src/sensor/sensor\.h|src/guard/.*|config\.h" \
	'guardians see utilities and readings')
$(only 'src/api/.*' "$util|src/(stats|settings|log|share|job)\.h|src/gpu/backend\.h|src/guard/alarm\.h|algos/algo\.h|pool/(pools|tls|client|dialect|url)\.h|src/api/.*|(config|dashboard)\.h" \
	'the API sees snapshots and actions')
$(only 'src/(worker|probe|scan|rig|devices|slot|ipc|worker_[a-z]+|selftest|batch)\.[ch]' \
	"$util|src/.*|algos/algo\.h|kernels/abi\.h|(lists|config)\.h" \
	'a worker never sees pools')
$(never 'algos/.*|kernels/.*' 'event2/.*|sys/socket\.h|netinet/.*|CL/.*|dlfcn\.h|pthread\.h|time\.h|unistd\.h' \
	'algorithms are pure')
$(never "pool/($dialects)\.c" 'event2/.*|sys/socket\.h|netinet/.*|time\.h|unistd\.h|src/(log|clock)\.h' \
	'a dialect is bytes in, client calls out: no socket, timer, clock or log')
$(never 'src/[^/]*|pool/.*' 'CL/.*|cuda\.h|nvrtc\.h|nvml\.h|src/gpu/(cuda|nvrtc|opencl).*' \
	'only src/gpu sees drivers')
$(never 'src/[^/]*|pool/.*|src/guard/.*' 'src/sensor/(nvml|amdgpu|intel|hwmon)\.h' \
	'only the sensor process reads cards')
$(never 'src/(work|slot|stats|sharequeue|guard/.*)\.[ch]' 'event2/.*|sys/socket\.h|time\.h|unistd\.h|src/(clock|log)\.h' \
	'policy is pure: it is told the time')
END

# The core never names a variant.
# A dialect may be called like the algorithm it began with; its own file says so.
sources=$(find src pool -name '*.[ch]' | grep -vE "^pool/(local/talk_)?($algos)\.c\$" | sort)
core=$(find src -name '*.[ch]' | sort)
# shellcheck disable=SC2086 # file names here have no blanks
report <<END
$(bare $sources | grep -E ":.*(^|[^A-Za-z0-9_])(algo_)?($algos)([^A-Za-z0-9_]|\$)" |
	sed 's/$/   <- names an algorithm/')
$(bare $core |
	grep -E ":.*(^|[^A-Za-z0-9_])(dialect_)?($dialects)([^A-Za-z0-9_]|\$)" |
	sed 's/$/   <- names a dialect/')
END
exit $rc
