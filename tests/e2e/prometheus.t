#!/bin/sh
# SPDX-License-Identifier: MIT
# A real Prometheus that scrapes a real node_exporter, with neither told anything but where the textfile lies: no honor_labels. The label
# `name` arrives, the rules that come with acrotate fire and resolve, and each query of the dashboard is answered.
set -u
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/jobs.sh"
needs prometheus prometheus-node-exporter
start_emulator --fast --token web-pull --token other
mkdir "$T/prom"
config "metrics_file = $T/prom/acrotate.prom"
for n in web-pull other; do
	job_with $n inspect_every=1s verify_every=1s <<END
[sink env]
type = file
path = $T/$n.env
END
done
acro run
is "a run writes the metrics" "$? $(grep -c '^acrotate_jobs 2$' "$T/prom/acrotate.prom")" "0 1"

# ---- both daemons, as they are, on loopback

NODE=127.0.0.1:$(free_port) PROM=127.0.0.1:$(free_port)
start node-exporter prometheus-node-exporter --web.listen-address="$NODE" --collector.disable-defaults --collector.textfile \
	--collector.textfile.directory="$T/prom" --log.level=error
# The rules as they are, but that what lasts minutes to a day there lasts a second here.
sed -E 's/^( +for:) [0-9]+[mhd]$/\1 1s/' "$ROOT/packaging/prometheus/acrotate.rules.yml" >"$T/rules.yml"
is "a second in place of each rule's time" "$(grep -c ' for: 1s$' "$T/rules.yml")" "$(grep -c ' for: ' "$ROOT/packaging/prometheus/acrotate.rules.yml")"
cat >"$T/prometheus.yml" <<END
global:
  scrape_interval: 1s
  evaluation_interval: 1s
rule_files: [$T/rules.yml]
scrape_configs:
  - job_name: node
    static_configs:
      - targets: ["$NODE"]
END
start prometheus prometheus --config.file="$T/prometheus.yml" --storage.tsdb.path="$T/tsdb" --web.listen-address="$PROM" --log.level=error
api() { _path=$1; shift; curl -sS --max-time 10 -G "http://$PROM/api/v1/$_path" "$@" >"$T/api" 2>/dev/null; }
# query EXPRESSION: a line for each series, its labels sorted: "instance=... name=web-pull = 1".
query() {
	api query --data-urlencode "query=$1"
	perl -MJSON::PP -e 'local $/; my $j = decode_json(<STDIN>); print "failed: $j->{error}\n" if $j->{status} ne "success";
		for my $r (@{ $j->{data}{result} }) { my $m = $r->{metric}; print join(" ", map { "$_=$m->{$_}" } sort keys %$m), " = $r->{value}[1]\n" }' <"$T/api" 2>/dev/null
}
# firing: a line for each alert that fires now: "AcrotatePullsFail web-pull SUMMARY".
firing() {
	api alerts
	perl -MJSON::PP -e 'local $/; for my $a (grep { $_->{state} eq "firing" } @{ decode_json(<STDIN>)->{data}{alerts} }) {
		print join(" ", $a->{labels}{alertname}, $a->{labels}{name} // "-", $a->{annotations}{summary}), "\n" }' <"$T/api" 2>/dev/null | sort
}
fires() { firing | grep -qE "^$1"; }
is_silent() { ! fires "$1"; }
# soon COMMAND...: a scrape and two evaluations take three seconds; a minute is for a machine that has other things to do.
soon() {
	_end=$(($(date +%s) + 60))
	until "$@" 2>/dev/null; do
		[ "$(date +%s)" -lt "$_end" ] || { sed 's/^/# /' "$T/prometheus.out" "$T/node-exporter.out"; return 1; }
		sleep 0.2
	done
}
scraped() { query acrotate_jobs | grep -q '= 2$'; }
ok "Prometheus has what node_exporter reads" soon scraped

# ---- labels

is "the job's name is the label 'name', beside those of the scrape" "$(query 'acrotate_job_state{state="ok"} == 1' | sort)" \
	"__name__=acrotate_job_state instance=$NODE job=node name=other state=ok = 1
__name__=acrotate_job_state instance=$NODE job=node name=web-pull state=ok = 1"
is "nothing had to make room" "$(query '{__name__=~"acrotate_.+"}' | grep -c exported_)" 0
# One of followers has no sample where nobody follows.
is "every family of the file arrives" "$(query 'count by (__name__) ({__name__=~"acrotate_.+"})' | sed 's/__name__=\([a-z_]*\) .*/\1/' | sort)" \
	"$(sed -n 's/^\(acrotate_[a-z_]*\)[{ ].*/\1/p' "$T/prom/acrotate.prom" | sort -u)"
evaluated() { # every rule, since the metrics are there
	api rules
	perl -MJSON::PP -e 'local $/; my @r = map { @{ $_->{rules} } } @{ decode_json(<STDIN>)->{data}{groups} };
		exit !(@r == $ARGV[0] && !grep { $_->{health} ne "ok" } @r)' "$(grep -c 'alert:' "$T/rules.yml")" <"$T/api"
}
ok "each rule can be evaluated" soon evaluated
sleep 3 # what would fire wrongly has had its second
is "all is well: nothing fires" "$(firing)" ""

# ---- alerts

arm PATCH tokens/web-pull '{"properties":{"status":"disabled"}}' >/dev/null
sleep 1.1 # for inspect_every
acro run 2>/dev/null
is "a token is disabled: exit status" $? 65
ok "AcrotateNeedsDecision fires" soon fires AcrotateNeedsDecision
is "for that job alone, by its name" "$(firing | grep NeedsDecision)" \
	"AcrotateNeedsDecision web-pull $NODE: job web-pull is disabled: a person has to decide"
arm PATCH tokens/web-pull '{"properties":{"status":"enabled"}}' >/dev/null
sleep 1.1
acro run 2>/dev/null
ok "enabled again, it resolves" soon is_silent AcrotateNeedsDecision

foreign_generate web-pull password1; foreign_generate web-pull password2
sleep 1.1
acro run 2>"$T/err"
is "a template has replaced both passwords: exit status" $? 65
ok "AcrotatePullsFail fires" soon fires 'AcrotatePullsFail web-pull'
is "and not for the other job" "$(firing | grep -c 'PullsFail other')" 0
sed -n 's/.*\(may_replace = password[12]@[0-9T:.+-]*\).*/\1/p' "$T/err" | head -n 1 >"$T/line"
sed -i "/^\[job\]/r $T/line" "$E/jobs.d/web-pull.conf"
sleep 1.1
acro run 2>/dev/null
ok "with the line that was printed, it resolves" soon is_silent AcrotatePullsFail

# Nothing runs it any more. This one needs a run every three seconds.
sed -i 's/^token = .*/&\nlifetime = 1h\nrenew_before = 6s\ngrace = 1s/' "$E/jobs.d/other.conf"
acro run 2>/dev/null
ok "no run for longer than a job can bear: AcrotateNotRunning fires" soon fires 'AcrotateNotRunning other'
is "and not for one that can bear more" "$(firing | grep -c 'NotRunning web-pull')" 0
sed -i '/^lifetime\|^renew_before\|^grace/d' "$E/jobs.d/other.conf"
acro run 2>/dev/null
ok "a run: it resolves" soon is_silent AcrotateNotRunning

mv "$T/prom/acrotate.prom" "$T/kept.prom"
ok "the file is gone: AcrotateMetricsAbsent fires" soon fires AcrotateMetricsAbsent
ok "and for that host" soon fires "AcrotateHostMetricsAbsent - $NODE "
acro run 2>/dev/null
ok "the next run writes it: both resolve" soon is_silent 'Acrotate(Host)?MetricsAbsent'

# ---- the dashboard

perl -MJSON::PP -e 'local $/; sub walk { my $x = shift; if (ref $x eq "HASH") { print "$x->{expr}\n" if $x->{expr}; walk($_) for values %$x }
	elsif (ref $x eq "ARRAY") { walk($_) for @$x } } walk(decode_json(<STDIN>))' <"$ROOT/packaging/prometheus/acrotate-dashboard.json" |
	sed 's/\$instance/.*/g; s/\$name/.*/g' | sort -u >"$T/queries"
ok "the dashboard has queries" test "$(grep -c . "$T/queries")" -ge 12
empty=
while IFS= read -r q; do
	[ -n "$(query "$q" | grep -v '^failed')" ] || empty="$empty{$q}"
done <"$T/queries"
is "each has an answer" "$empty" ""
done_testing
