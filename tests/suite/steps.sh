# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash disable=SC2034,SC2154
# The steps of ./quickstart test, in the order in which they start.  A step is a function; its
# output is its log; it exits 0, 77 (skip) or anything else (failed), and may count tests.

STEPS="install prepare clang asan tsan mine bundle distcheck fuzz shell coverage"

about() {
	case $1 in
	install) echo "packages through apt" ;;
	prepare) echo "autoreconf" ;;
	asan) echo "gcc -Werror, address and undefined-behaviour sanitizers, coverage: make check" ;;
	tsan) echo "clang, thread sanitizer: make check of what has threads" ;;
	mine) echo "./quickstart mine: accepted shares, clean end" ;;
	bundle) echo "make bundle, and the bundle on its own" ;;
	distcheck) echo "make distcheck" ;;
	fuzz) echo "libFuzzer, ${FUZZ_SECONDS:-30} s in total" ;;
	clang) echo "clang -Werror, as shipped: make check, the long tests too" ;;
	shell) echo "shellcheck of every script" ;;
	coverage) echo "what make check covered" ;;
	esac
}

# Steps that must have ended before.
needs() {
	case $1 in
	coverage) echo asan ;;
	bundle) echo mine ;;
	esac
}

# cc NAME: with ccache where it is installed.
cc() {
	if command -v ccache >/dev/null; then echo "ccache $1"; else echo "$1"; fi
}

# configure_in STEP ARGUMENTS...: a fresh build directory, entered.
configure_in() {
	local dir=$SUITE/b-$1
	shift
	rm -rf "$dir"
	mkdir -p "$dir" && cd "$dir" || exit 1
	"$ROOT/configure" -q "$@" || exit 1
	# Else make thinks config.h new each time, looks at it, and runs what needs no compiler first.
	touch -r stamp-h1 config.h
}

# Tests that take most of a minute each, longest first.  They run once, optimised, with CUDA kernels
# embedded where NVRTC is.
LONG='cuda_engine|cuda_kernels|nvrtc_compile|oclgrind|kawpow_kernels|progpow_kernels|test_kernels|e2e/dag\.|dag_kawpow|'
LONG+='dag_ethash|dag_firopow|ethash_kernels|bench\.sh|dag_others|cuda_embedded|cuda_scan|callgrind'

# What a sanitized build would only repeat, or what cannot run in one: once too, as shipped.  e2e/fit
# makes caches of real sizes, which takes too long under a sanitizer.
NOT_SANITIZED='check_|litecoind|test_scan|packages_|bundle|metrics_names|'
NOT_SANITIZED+='e2e/(fit|dashboard|api_doc|tui|prometheus)'

# What mostly waits, for things to go wrong: under the sanitizers only.  TEST_BRIEF: see
# e2e/dialects.sh.
NOT_SHIPPED='e2e/guardian|e2e/rules|e2e/flood|e2e/workers|e2e/faults'

# What has no threads, or none but the loop's: of no interest to the thread sanitizer.
NOT_THREADED='test_(t|u256|algos|dag_rules|dialects|detect|dagpools|stratum1|gbt|address|url|socks|'
NOT_THREADED+='settings|mistakes|progpow_code|splice|pace|slot|work|stats|thermal|power|guard|honest|'
NOT_THREADED+='day|tune|bench|profile|nvml.*|sysfs.*|presence|vigil|hook|notify|keys|ui|localtalk|tongues|tui|'
NOT_THREADED+='metrics|energy|control|sharequeue|restore|failover|pools|cuda_decl|api.*)$|hash\.sh|'
NOT_THREADED+='bad_input|manual|tune\.sh|service|fuzz_|'
NOT_THREADED+='e2e/(guardian|rules|errors|faults|dialects|detect|control|api_.*)'

# only A|B|C, but REGEX: the tests of this build directory that match, those of A first, and those
# that do not.
only() {
	local one
	for one in ${1//|/ }; do make -s print-tests | tr ' ' '\n' | grep -E "$one"; done
}
but() { make -s print-tests | tr ' ' '\n' | grep -vE "$1"; }

step_install() {
	local major
	install_packages "for the build" "${BUILD_PACKAGES[@]}" || return 1
	install_packages "for OpenCL on the CPU" "${CPU_PACKAGES[@]}" || return 1
	if [ "$no_install" = 1 ]; then
		install_packages "for the test suite" "${TEST_PACKAGES[@]}"
		return 0
	fi
	# One by one if the whole does not go through: what a machine's archive lacks is a skip.
	if ! (install_packages "for the test suite" "${TEST_PACKAGES[@]}"); then
		for p in "${TEST_PACKAGES[@]}"; do
			(install_packages "for the test suite" "$p") || echo "without $p"
		done
	fi
	major=$(clang -dumpversion 2>/dev/null | cut -d. -f1)
	[ -z "$major" ] || (install_packages "for clang's sanitizers" "libclang-rt-$major-dev") || true
	get_nvrtc || echo "no NVRTC: its tests will be skipped"
	dpkg-query -W "${BUILD_PACKAGES[@]}" "${CPU_PACKAGES[@]}" "${TEST_PACKAGES[@]}" 2>/dev/null
	return 0
}

# NVRTC compiles the kernels for every GPU, with no GPU.  From the toolkit, else from PyPI.
nvrtc_here() {
	ldconfig -p 2>/dev/null | grep -q 'libnvrtc\.so' && return 0
	ls /usr/local/cuda*/lib64/libnvrtc.so* /usr/local/cuda*/targets/*/lib/libnvrtc.so* \
		"$ROOT"/out/nvrtc/lib/libnvrtc.so* >/dev/null 2>&1
}

get_nvrtc() {
	nvrtc_here && return 0
	command -v python3 >/dev/null || return 1
	python3 -m pip --version >/dev/null 2>&1 || return 1
	mkdir -p "$ROOT/out/nvrtc/lib"
	python3 -m pip download -q --no-deps -d "$ROOT/out/nvrtc" nvidia-cuda-nvrtc || return 1
	(cd "$ROOT/out/nvrtc" && python3 -m zipfile -e ./*.whl . &&
		find nvidia -name 'libnvrtc*.so*' -exec mv {} lib \;)
	ls "$ROOT"/out/nvrtc/lib/libnvrtc.so* >/dev/null 2>&1
}

step_prepare() { autoreconf -fi; }

# check_these TEST...: build and run them, in this order, and of the others' programs only what is
# no test itself.  What fails is run once more, alone: two steps share two cores here, and a test
# that awaits something for a minute may starve.  The log shows both runs; what fails twice, or
# more than a few failures, stays failed.
check_these() {
	local trs failed=() others programs
	others=$(but "^($(IFS='|' && echo "$*"))\$")
	programs=$(make -s print-programs | tr ' ' '\n' | grep -vxF "$others" | paste -sd' ' -)
	make -j2 && make -j2 check-programs check_PROGRAMS="$programs" || return 1
	# two steps of three tests each on two cores: what takes a minute alone may take five here
	export TEST_TIMEOUT=${TEST_TIMEOUT:-600}
	make -j3 check TESTS="$*" check_PROGRAMS="$programs" && return # some only wait
	while read -r trs; do
		grep -qE '^:global-test-result: (FAIL|ERROR)' "$trs" && failed+=("${trs%.trs}")
	done < <(find tests -name '*.trs' | sort)
	if [ ${#failed[@]} = 0 ] || [ ${#failed[@]} -gt 5 ]; then return; fi
	for trs in "${failed[@]}"; do
		printf '=== failed, and is run again alone: %s\n' "$trs"
		tail -n 40 "$trs.log"
	done
	make -j1 check TESTS="${failed[*]}" check_PROGRAMS="$programs"
}

# shellcheck disable=SC2046 # names of tests have no blanks
step_clang() {
	local cuda=()
	[ -d "$ROOT/out/nvrtc/lib" ] && cuda=("--with-cuda=$ROOT/out/nvrtc")
	configure_in clang CC="$(cc clang)" --enable-werror "${cuda[@]}" || return 1
	# The long ones first: the short ones fill what they leave.
	check_these $(only "$LONG") $(but "$LONG|$NOT_SHIPPED")
	count_trs "$PWD"
}

# shellcheck disable=SC2046
step_asan() {
	configure_in asan CC="$(cc gcc)" --enable-werror CFLAGS="-O1 -g1" --enable-coverage \
		--enable-sanitizers=address,undefined || return 1
	local first="$NOT_SHIPPED|e2e/dialects|test_algos|test_dialects"
	export TEST_BRIEF=1
	check_these $(only "$first") $(but "$first|$NOT_SANITIZED|$LONG")
	count_trs "$PWD"
}

# shellcheck disable=SC2046
step_tsan() {
	configure_in tsan CC="$(cc clang)" --enable-werror CFLAGS="-O1 -g1" \
		--enable-sanitizers=thread || return 1
	export TEST_BRIEF=1
	check_these $(but "$NOT_SANITIZED|$LONG|$NOT_THREADED")
	count_trs "$PWD"
}

step_mine() {
	local kept=$SUITE/b-clang/generated/embed-cache
	# Kernels are named by their contents there: NVRTC need not compile them again.
	if [ -d "$kept" ]; then
		mkdir -p "$ROOT/build/generated"
		cp -R "$kept" "$ROOT/build/generated/"
	fi
	POCL_CACHE_DIR=$TEST_POCL_CACHE "$ROOT/tests/suite/mine.sh"
}

step_bundle() {
	make -C "$ROOT/build" bundle && "$ROOT/tests/bundle.sh" "$ROOT"/build/adit-*.tar.xz
}

step_distcheck() {
	local programs=(tests/test_{settings,algos,dialects,stratum1,gbt,api_tools,api_schema,metrics,tui})
	local scripts=(tests/{check_lists,check_limits,hash,manual,bad_input,packages_hive,packages_farm}.sh)
	configure_in distcheck CC="$(cc gcc)" || return 1
	# The tests of a tarball are the same ones: these show that their data are all in it.
	XZ_OPT=-1 make -j2 distcheck DISTCHECK_CONFIGURE_FLAGS="CFLAGS=-O0 --disable-embedded-cuda" \
		check_PROGRAMS="${programs[*]} tests/fakecuda/fakegen" \
		TESTS="${programs[*]} ${scripts[*]}"
}

step_fuzz() {
	local target targets name each rc=0 pids=()
	command -v clang >/dev/null || skip_step "clang is not installed"
	configure_in fuzz CC="$(cc clang)" --enable-fuzzing CFLAGS="-O1 -g1" \
		--enable-sanitizers=address,undefined || return 1
	make -j2 fuzz-targets || return 1
	mapfile -t targets < <(find tests/fuzz -maxdepth 1 -name 'fuzz_*' -type f -perm /111 | sort)
	[ ${#targets[@]} -gt 0 ] || { echo "no fuzz targets were built"; return 1; }
	each=$((${FUZZ_SECONDS:-30} * 2 / ${#targets[@]}))
	for target in "${targets[@]}"; do
		name=${target##*/fuzz_}
		mkdir -p "corpus-$name"
		[ -d "$ROOT/tests/fuzz/corpus/$name" ] && cp "$ROOT/tests/fuzz/corpus/$name"/* "corpus-$name/"
		"$target" -max_total_time="$each" -timeout=10 -rss_limit_mb=1024 -print_final_stats=1 \
			-artifact_prefix="$SUITE/crash-$name-" "corpus-$name" >"fuzz-$name.log" 2>&1 &
		pids+=($!)
		# Two at a time.
		[ $((${#pids[@]} % 2)) = 0 ] && wait "${pids[-2]}" "${pids[-1]}"
	done
	for name in "${!targets[@]}"; do
		target=${targets[$name]##*/}
		if wait "${pids[$name]}"; then
			count 1 0 0
			grep -E 'number_of_executed_units|average_exec' "fuzz-${target#fuzz_}.log"
		else
			rc=1
			count 0 1 0
			tail -n 40 "fuzz-${target#fuzz_}.log"
		fi
	done
	return $rc
}

step_shell() {
	local f p=0 bad=0
	command -v shellcheck >/dev/null || skip_step "shellcheck is not installed"
	cd "$ROOT" || return 1
	while read -r f; do
		if shellcheck -x "$f"; then p=$((p + 1)); else bad=$((bad + 1)); fi
	done < <(
		echo quickstart
		echo .ci/run
		find tests packaging bench -name '*.sh' 2>/dev/null | sort
	)
	count $p $bad 0
	[ $bad = 0 ]
}

step_coverage() {
	command -v gcovr >/dev/null || skip_step "gcovr is not installed"
	cd "$ROOT" || return 1
	gcovr -r . --object-directory "$SUITE/b-asan" -e 'tests/.*' -e 'out/.*' -e 'build/.*' \
		"$SUITE/b-asan" >"$SUITE/coverage-full.txt" 2>"$SUITE/coverage.err" ||
		{ tail "$SUITE/coverage.err"; return 1; }
	{
		echo "Line coverage by make check (asan):"
		grep -E '^(src|algos|pool|kernels|TOTAL)' "$SUITE/coverage-full.txt" |
			awk 'NF >= 4 { printf "  %-32s %6s\n", $1, $4 }'
	} >"$SUITE/coverage.txt"
	cat "$SUITE/coverage.txt"
}
