# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# Sourced by ./quickstart test: runs the steps of steps.sh two at a time, goes on after a
# failure, keeps each step's log in out/suite, and closes with one line that counts every test.
# shellcheck source=tests/suite/steps.sh
. tests/suite/steps.sh

SUITE=$ROOT/out/suite

suite_usage() {
	cat <<'TXT'
usage: ./quickstart test [--no-install] [--list] [STEP...]
Without STEP all are run.  Logs are out/suite/STEP.log, builds out/suite/b-STEP.
TXT
}

# Called by steps: so many tests passed, failed and were skipped (added up over calls).
count() { printf '%s %s %s\n' "$1" "$2" "$3" >>"$SUITE/$step.count"; }

# Called by steps: add up automake's results of a build directory and name what was not passed.
count_trs() {
	local trs result p=0 f=0 s=0
	while read -r trs; do
		result=$(sed -n 's/^:global-test-result: //p' "$trs")
		case $result in
		PASS | XFAIL) p=$((p + 1)) ;;
		SKIP)
			s=$((s + 1))
			printf '%s: %s: %s\n' "$step" "${trs#"$1"/}" \
				"$(grep -iE '^(# )?skip' "${trs%.trs}.log" | tail -n 1)" >>"$SUITE/skips"
			;;
		*)
			f=$((f + 1))
			printf '=== %s %s\n' "$result" "${trs#"$1"/}"
			tail -n 40 "${trs%.trs}.log"
			;;
		esac
	done < <(find "$1" -name '*.trs' | sort)
	printf 'slowest, seconds and those on CPUs: '
	find "$1" -name '*.log' -path '*tests/*' \
		-exec sed -n 's|^took \([0-9]*\) s, on CPUs \([0-9]*\) s$|\1 \2 {}|p' {} \; 2>/dev/null |
		sort -rn | head -n 24 | sed "s|$1/tests/||; s|\.log$||" | paste -sd',' -
	count $p $f $s
	[ $f = 0 ] && [ $((p + s)) -gt 0 ]
}

# Called by steps: leave, as a skip with a reason.
skip_step() {
	printf 'skip: %s\n' "$*"
	printf '%s: %s\n' "$step" "$*" >>"$SUITE/skips"
	exit 77
}

run_step() {
	local step=$1 rc begun=$SECONDS
	(
		set -u
		"step_$step"
	) >"$SUITE/$step.log" 2>&1 </dev/null
	rc=$?
	if [ ! -s "$SUITE/$step.count" ]; then
		case $rc in
		0) count 1 0 0 ;;
		77) count 0 0 1 ;;
		*) count 0 1 0 ;;
		esac
	elif [ $rc != 0 ] && ! awk '$2 > 0 { f = 1 } END { exit !f }' "$SUITE/$step.count"; then
		count 0 1 0
	fi
	case $rc in
	0) printf 'ok    %-12s %4d s   %s\n' "$step" $((SECONDS - begun)) "$(about "$step")" ;;
	77) printf 'skip  %-12s %4d s   %s\n' "$step" $((SECONDS - begun)) \
		"$(grep '^skip: ' "$SUITE/$step.log" | tail -n 1)" ;;
	*)
		printf 'FAIL  %-12s %4d s   out/suite/%s.log ends:\n' "$step" $((SECONDS - begun)) "$step"
		# Without what make has to say about what it did not do.
		grep -vE '^make\[|^PASS: ' "$SUITE/$step.log" | tail -n 60 | sed 's/^/      | /'
		;;
	esac
	[ $rc = 0 ] || [ $rc = 77 ] || touch "$SUITE/$step.failed"
	touch "$SUITE/$step.done"
}

# Have all steps that this one builds on ended?
may_start() {
	local need
	for need in $(needs "$1"); do
		[ -e "$SUITE/$need.done" ] || [[ " $chosen " != *" $need "* ]] || return 1
	done
}

# Two lanes for two cores.
schedule() {
	local waiting=$1 running=0 next rest s
	while [ -n "${waiting// /}" ] || [ $running -gt 0 ]; do
		next='' rest=''
		if [ $running -lt "$LANES" ]; then
			for s in $waiting; do
				if [ -z "$next" ] && may_start "$s"; then next=$s; else rest+=" $s"; fi
			done
		fi
		if [ -n "$next" ]; then
			waiting=$rest
			run_step "$next" &
			running=$((running + 1))
		else
			wait -n
			running=$((running - 1))
		fi
	done
}

suite_end() {
	trap - INT TERM
	printf 'interrupted\n' >&2
	kill 0
	exit 130
}

suite() {
	local chosen='' s
	while [ $# -gt 0 ]; do
		case $1 in
		--no-install) no_install=1 ;;
		--list)
			for s in $STEPS; do printf '%-12s %s\n' "$s" "$(about "$s")"; done
			return 0
			;;
		-h | --help)
			suite_usage
			return 0
			;;
		*)
			[[ " $STEPS " == *" $1 "* ]] || die "no step '$1': see ./quickstart test --list"
			chosen+=" $1"
			;;
		esac
		shift
	done
	chosen=${chosen:-$STEPS}
	LANES=${LANES:-2}
	rm -rf "$SUITE"
	mkdir -p "$SUITE"
	# A kernel is the same in every build: PoCL compiles it once.
	export TEST_POCL_CACHE=$SUITE/pocl
	trap suite_end INT TERM
	say "Test suite: $(echo "$chosen" | wc -w) steps, $LANES at a time; logs in out/suite"
	# These two come first and alone: the others stand on them.
	for s in install prepare; do
		[[ " $chosen " == *" $s "* ]] && run_step $s
		chosen=" $chosen "
		chosen=${chosen/ $s / }
		[ -e "$SUITE/$s.failed" ] && chosen=''
	done
	if [ -d "$ROOT/out/nvrtc/lib" ]; then
		export LD_LIBRARY_PATH=$ROOT/out/nvrtc/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
	fi
	schedule "$chosen"
	trap - INT TERM
	report
}

report() {
	say ""
	[ -s "$SUITE/coverage.txt" ] && cat "$SUITE/coverage.txt" && say ""
	if [ -s "$SUITE/skips" ]; then
		say "Skipped, by step:"
		sort -u "$SUITE/skips" | sed 's/^/  /'
		say ""
	fi
	say "Took $((SECONDS / 60)) min $((SECONDS % 60)) s."
	cat "$SUITE"/*.count | awk '{ p += $1; f += $2; s += $3 }
		END { printf "%d passed, %d failed, %d skipped\n", p, f, s; exit f > 0 || p == 0 }'
}
