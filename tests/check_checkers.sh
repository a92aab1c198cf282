#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# The checkers can fail: each planted violation in a small clean tree is found and named.
here=${top_srcdir:-$(cd "$(dirname "$0")/.." && pwd)}
top_srcdir=$here
export top_srcdir
dir=$(mktemp -d) || exit 99
trap 'rm -rf "$dir"' EXIT
spdx='/* SPDX-License-Identifier: GPL-3.0-or-later */'
tried=0
failed=0

# A tree that every checker accepts.
fresh()
{
	rm -rf "$dir/t"
	mkdir -p "$dir/t/src/gpu" "$dir/t/algos" "$dir/t/kernels" "$dir/t/pool/local" \
		"$dir/t/tests/vectors"
	cd "$dir/t" || exit 99
	cp "$here/.clang-format" .
	printf 'ALGOS = \\\n\talgos/aa \\\n\talgos/bb\nKERNELS = \\\n\tkernels/aa \\\n\tkernels/bb\n' >algos/list.am
	printf 'DIALECTS = \\\n\tpool/zz1\n' >pool/list.am
	for n in aa bb; do
		printf '%s\n#include "algos/algo.h"\nconst struct algo algo_%s = {0};\n' "$spdx" $n \
			>algos/$n.c
		printf '%s\n#include "platform.h"\n' "$spdx" >kernels/$n.cl
		echo '[]' >tests/vectors/$n.json
	done
	printf '%s\n#include "pool/dialect.h"\nconst struct dialect dialect_zz1 = {0};\n' "$spdx" \
		>pool/zz1.c
	printf '%s\nint f(int a)\n{\n\treturn a + 1;\n}\n' "$spdx" >src/one.c
	printf '%s\n#include "src/err.h"\nint err_f(void);\n' "$spdx" >src/err.h
	printf '%s\n#include "src/err.h"\n' "$spdx" >src/gpu/backend_x.c
	printf '# SPDX-License-Identifier: GPL-3.0-or-later\nlibadit_a_SOURCES += src/one.c src/err.h src/gpu/backend_x.c\n' >src/core.am
}

# Expect the checker to accept the tree (code 0), or to refuse it (1) with these words.
expect()
{
	tried=$((tried + 1))
	out=$("$here/tests/check_$1.sh" "$dir/t" 2>&1)
	rc=$?
	[ $rc -eq 77 ] && { echo "skip $1: $out"; return; }
	if [ $rc -ne "$2" ] || { [ "$2" -ne 0 ] && ! echo "$out" | grep -q -- "$3"; }; then
		failed=$((failed + 1))
		echo "FAIL check_$1.sh: $4: want exit $2 naming '$3', got exit $rc:"
		echo "$out" | head -n 5
	else
		echo "ok   check_$1.sh: $4"
	fi
}

# plant CHECKER WORDS SAYING FILE TEXT: append the text to a file of a fresh tree.
plant()
{
	fresh
	[ -f "$4" ] || printf '%s\n' "$spdx" >"$4"
	printf '%b' "$5" >>"$4"
	expect "$1" 1 "$2" "$3"
}

for c in style layers lists format cppcheck; do
	fresh
	expect $c 0 '' 'a clean tree passes'
done

body() { printf 'void g(void)\\n{\\n%s\\n}\\n' "$1"; }
long=$(printf '%0110d' 0)
plant style 'trailing blank' 'a blank at the end' src/one.c 'int b; \n'
plant style '100 columns' 'a long line' src/one.c "int b$long;\n"
plant style 'comments' 'a // comment' src/one.c 'int b; // no\n'
plant style 'tabs' 'blanks as indent' src/one.c '        int b;\n'
fresh
printf 'int x;\n' >"$dir/t/src/two.c"
expect style 1 'SPDX' 'a file without the licence line'
for call in sprintf strcpy strcat strtok gets alloca atoi system popen; do
	plant style 'banned' "$call()" src/one.c "$(body "\\t$call(0);")"
done
plant style 'nothing sleeps' 'sleep()' src/one.c "$(body '\tsleep(1);')"
plant style 'exit()' 'exit()' src/one.c "$(body '\texit(1);')"
plant style 'str.h' 'strtoul()' src/one.c "$(body '\tstrtoul(0, 0, 0);')"
plant style 'no #if' '#ifdef in a function' src/one.c "$(body '#ifdef A\n#endif')"
plant style 'typedef' 'a typedef of a struct' src/one.c 'typedef struct a b;\n'
plant style 'mutable extern' 'a shared variable' src/err.h 'extern int state;\n'
plant style 'jumps back' 'goto back' src/one.c "$(body 'again:\n\tgoto again;')"
plant style 'function of' 'a function of 102 lines' src/one.c \
	"$(body "$(yes '\n' | head -n 101 | tr -d '\n')")"
plant style '1000' 'a file of 1,001 lines' src/one.c "$(yes '\n' | head -n 1000 | tr -d '\n')"
fresh
printf '%s\n#define A "// 0" /* atoi(x) */\n' "$spdx" >src/two.h
expect style 0 '' 'strings and comments are not code'

plant layers 'utilities' 'a utility that includes the rig' src/err.h '#include "src/rig.h"\n'
plant layers 'an algorithm' 'an algorithm that includes a pool' algos/aa.c \
	'#include "pool/url.h"\n'
plant layers 'pure' 'an algorithm that opens sockets' algos/aa.c '#include <sys/socket.h>\n'
plant layers 'kernels' 'a kernel that includes src' kernels/aa.cl '#include "src/err.h"\n'
plant layers 'pool file' 'a dialect that includes a backend' pool/zz1.c \
	'#include "src/gpu/backend.h"\n'
plant layers 'pool file' 'a dialect that includes the worker' pool/zz1.c \
	'#include "src/ipc.h"\n'
plant layers 'no socket' 'a dialect with a socket' pool/zz1.c '#include <event2/event.h>\n'
plant layers 'local pool' 'a local pool that includes the worker' pool/local/main.c \
	'#include "src/ipc.h"\n'
plant layers 'a backend' 'a backend that includes an algorithm' src/gpu/backend_x.c \
	'#include "algos/aa.h"\n'
plant layers 'only src/gpu' 'OpenCL in the supervisor' src/one.c '#include <CL/cl.h>\n'
plant layers 'never sees pools' 'a worker that sees pools' src/worker.c \
	'#include "pool/client.h"\n'
plant layers 'told the time' 'a policy that reads the clock' src/work.c '#include <time.h>\n'
plant layers 'names an algorithm' 'the core that names an algorithm' src/one.c \
	'const char *a = "aa";\n'
plant layers 'names an algorithm' 'a pool file that names one' pool/zz1.c 'int x = algo_aa;\n'
sed -i 's/algo_aa/bb/' "$dir/t/pool/zz1.c"
expect layers 1 'names an algorithm' 'a pool file that names another'
plant layers 'names a dialect' 'the core that names a dialect' src/one.c 'int x = zz1;\n'
fresh
printf '/* like aa,\n * or bb */\n' >>src/one.c
expect layers 0 '' 'a comment may name a variant'

fresh
printf 'ALGOS = \\\n\talgos/bb \\\n\talgos/aa\n' >algos/list.am
expect lists 1 'alphabetical' 'a list out of order'
fresh
rm tests/vectors/aa.json
expect lists 1 'aa.json' 'an algorithm without vectors'
fresh
rm kernels/bb.cl
expect lists 1 'no kernels/bb.cl' 'a kernel on the list without a file'
fresh
printf 'ALGOS = \\\n\talgos/aa\n' >algos/list.am
expect lists 1 'bb is not in' 'an algorithm on no list'
fresh
printf 'DIALECTS = \\\n\tpool/yy \\\n\tpool/zz1\n' >pool/list.am
expect lists 1 'yy' 'a dialect without a file'
plant lists 'no Makefile fragment' 'a test that is never run' tests/test_new.c ''

fresh
mkdir doc
# shellcheck disable=SC2016 # backticks are text
echo '| an error | `ERR_MAX` | `320` | `src/err.h` | cut |' >doc/limits.md
echo '#define ERR_MAX 320 /* bytes */' >>src/err.h
expect limits 0 '' 'a lid as promised'
sed -i 's/320/321/' src/err.h
expect limits 1 'ERR_MAX' 'a lid that is another'
rm src/err.h
expect limits 1 'ERR_MAX' 'a lid that is gone'

plant format 'clang-formatted' 'a badly laid out line' src/one.c 'int   x ;\n'
plant cppcheck 'error' 'a read past an array' src/one.c \
	'int h(void);\nint h(void)\n{\n\tint a[2] = {0};\n\n\treturn a[2];\n}\n'

echo "$tried expectations, $failed failed"
[ $failed -eq 0 ]
