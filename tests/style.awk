# SPDX-License-Identifier: GPL-3.0-or-later
# The rules of CONTRIBUTING.md that a machine can see, over C and kernel sources.
# usage: awk -f style.awk FILE...   prints one line a finding, exits 1 if there is any

function bad(what)
{
	printf "%s:%d: %s\n", FILENAME, FNR, what
	found = 1
}

# The width of a line with tabs eight wide.
function width(s,    n, i)
{
	n = 0
	for (i = 1; i <= length(s); i++)
		n = substr(s, i, 1) == "\t" ? n + 8 - n % 8 : n + 1
	return n
}

# The code of a line: comments gone, strings and characters emptied.  Remembers open comments.
function code(s,    out, i, c, two)
{
	out = ""
	i = 1
	while (i <= length(s)) {
		c = substr(s, i, 1)
		two = substr(s, i, 2)
		if (in_comment) {
			if (two == "*/") {
				in_comment = 0
				i++
			}
			i++
			continue
		}
		if (two == "/*") {
			in_comment = 1
			i += 2
			continue
		}
		if (two == "//")
			bad("use /* comments */")
		if (two == "//")
			return out
		if (c == "\"" || c == "'") {
			out = out c c
			for (i++; i <= length(s) && substr(s, i, 1) != c; i++)
				if (substr(s, i, 1) == "\\")
					i++
			i++
			continue
		}
		out = out c
		i++
	}
	return out
}

function end_file()
{
	if (lines > 1000) {
		printf "%s: %d lines: split at a real seam (1000 at most)\n", last, lines
		found = 1
	}
}

FNR == 1 {
	if (last != "")
		end_file()
	last = FILENAME
	lines = 0
	in_comment = 0
	in_function = 0
	continued = 0
	is_kernel = FILENAME ~ /\.clh?$/
	is_header = FILENAME ~ /\.h$/
	is_test = FILENAME ~ /(^|\/)(tests|bench)\//
	if ($0 !~ /SPDX-License-Identifier: GPL-3\.0-or-later/)
		bad("the first line is the SPDX line")
}

{
	lines++
	if ($0 ~ /[ \t\r]$/)
		bad("trailing blank")
	if (width($0) > 100)
		bad("longer than 100 columns")
	if ($0 ~ /^        / && !in_comment)
		bad("indent with tabs")
	text = code($0)
}

text ~ /(^|[^A-Za-z0-9_])(sprintf|vsprintf|strcpy|stpcpy|strcat|strncat|strtok|gets|alloca|atoi|atol|atoll|atof|asctime|ctime|tmpnam|mktemp|system|popen|strerror_r|usleep)[ \t]*\(/ {
	name = text
	sub(/[ \t]*\(.*/, "", name)
	bad("banned call (CONTRIBUTING.md has what to use): " text)
}

text ~ /(^|[^A-Za-z0-9_])(sleep|nanosleep|clock_nanosleep)[ \t]*\(/ && !is_test &&
FILENAME !~ /src\/engine_sim\.c$/ { # a simulated device takes its time by waiting
	bad("nothing sleeps: wait for an event or a timer")
}

text ~ /(^|[^A-Za-z0-9_])exit[ \t]*\(/ && !is_test && FILENAME !~ /src\/main\.c$/ {
	bad("exit() is for src/main.c")
}

text ~ /(^|[^A-Za-z0-9_])strto(u?ll?|d|f|imax|umax)[ \t]*\(/ && FILENAME !~ /src\/str\.c$/ && !is_test {
	bad("numbers from outside go through src/str.h")
}

text ~ /^[ \t]*typedef[ \t]+(struct|union|enum)([^A-Za-z0-9_]|$)/ && !is_kernel &&
FILENAME !~ /kernels\/|_api\.h$/ {
	bad("no typedefs for structs and enums")
}

text ~ /^extern[^A-Za-z0-9_]/ && text !~ /(^|[^A-Za-z0-9_])const([^A-Za-z0-9_]|$)/ &&
text !~ /_Thread_local|environ;|\(/ && text !~ /extern ""/ && FILENAME !~ /kernels\// {
	bad("mutable extern: state is passed, not shared")
}

# Functions: the opening brace stands alone in the first column (K&R).
text ~ /^\{/ {
	in_function = 1
	begun = FNR
	split("", label)
}

in_function && text ~ /^[ \t]*#[ \t]*(if|ifdef|ifndef|elif|else)([^A-Za-z0-9_]|$)/ {
	bad("no #if inside a function: choose a file or a pointer")
}

in_function && text ~ /^[ \t]*[a-z_][a-z0-9_]*:[ \t]*$/ && text !~ /default:/ {
	name = text
	gsub(/[ \t:]/, "", name)
	label[name] = 1
}

in_function && text ~ /(^|[^A-Za-z0-9_])goto[ \t]/ {
	name = text
	sub(/^.*goto[ \t]+/, "", name)
	sub(/[^A-Za-z0-9_].*$/, "", name)
	if (name in label)
		bad("goto jumps back")
}

in_function && text ~ /^\}/ {
	in_function = 0
	if (FNR - begun > 100 && !is_kernel)
		bad("function of " (FNR - begun) " lines (100 at most)")
}

END {
	if (last != "")
		end_file()
	exit found
}
