#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Alerts, dashboard and documentation name the metrics there are; promtool finds no fault.
# usage: metrics_names.sh [TREE]   exit 0 clean, 1 with one line a finding, 77 without promtool
tree=${1:-${top_srcdir:-.}}
cd "$tree" || exit 99
golden=tests/golden/metrics.prom
rules=packaging/prometheus/adit-rules.yml
farm=packaging/prometheus/adit-farm.yml
config=packaging/prometheus/prometheus.yml
dashboard=packaging/grafana/adit.json
rc=0

say()
{
	echo "not ok - $1"
	rc=1
}

there=$(sed -n 's/^# TYPE \([a-z0-9_]*\) .*/\1/p' $golden)
parts=$(sed -n 's/^# TYPE \([a-z0-9_]*\) histogram$/\1_bucket \1_sum \1_count/p' $golden | tr ' ' '\n')
[ -n "$there" ] || { echo "$golden: no metrics"; exit 99; }
for f in $rules $farm tests/metrics_rules.yml $dashboard doc/metrics.md; do
	[ -s "$f" ] || { say "$f: missing"; continue; }
	named=$(grep -o 'adit_[a-z0-9_]*' "$f" | sort -u)
	[ -n "$named" ] || say "$f: names no metric"
	for name in $named; do
		printf '%s\n' "$there" "$parts" | grep -qxF "$name" || say "$f: $name is not in $golden"
	done
done
for name in $there; do
	grep -qF "\`$name\`" doc/metrics.md || say "doc/metrics.md: lacks $name"
done
# An alert without a trial is a guess.
alerts=$(sed -n 's/^ *- alert: \([A-Za-z]*\)$/\1/p' $rules)
[ -n "$alerts" ] || say "$rules: no alerts"
for name in $alerts; do
	grep -q "$name" tests/metrics_rules.yml || say "$rules: $name is not tried in tests/metrics_rules.yml"
done
[ $rc = 0 ] || exit 1
echo "ok - names"

command -v promtool >/dev/null || { echo "skip: promtool is not installed (package prometheus)"; exit 77; }
# promtool ends with 3 where it only has advice; that counts here.
promtool check metrics <$golden || say "promtool check metrics"
promtool check rules $rules $farm || say "promtool check rules"
promtool check config $config || say "promtool check config"
# What stands in doc/farm.md to be copied.
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT
awk -v to="$tmp" '/^```yaml$/ { n++; on = 1; next } /^```/ { on = 0 } on { print > (to "/" n ".yml") }' doc/farm.md
for f in "$tmp"/*.yml; do
	[ -s "$f" ] || { say "doc/farm.md: no YAML"; continue; }
	case $(head -n 1 "$f") in
	"# prometheus.yml, agent") promtool check config --syntax-only --agent "$f" || say "doc/farm.md: agent" ;;
	"# prometheus.yml"*) promtool check config --syntax-only "$f" || say "doc/farm.md: $(head -n 1 "$f")" ;;
	"# rigs.yml"*)
		command -v ansible-playbook >/dev/null || continue
		ansible-playbook --syntax-check -i localhost, "$f" || say "doc/farm.md: the playbook"
		;;
	*) say "doc/farm.md: nobody checks $(head -n 1 "$f")" ;;
	esac
done
promtool test rules tests/metrics_rules.yml || say "promtool test rules"
exit $rc
