#!/bin/sh
# SPDX-License-Identifier: MIT
# -o json of every command, held against the schema that is installed; and the schema against acrotate(1).
set -u
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/jobs.sh"
start_emulator --fast --token web-pull --token other
config
env_jobs web-pull other
S=$ROOT/packaging/schema/acrotate.schema.json
# fits NAME FILE: what of the file the schema does not allow: members, types and words; prints the members that were seen.
fits() {
	perl -MJSON::PP -e '
		my ($name, $file, $schema) = @ARGV;
		sub slurp { local (@ARGV, $/) = shift; <> }
		my $d = decode_json(slurp($schema))->{q($defs)}{$name} or die "no schema of $name";
		my $j = decode_json(slurp($file)); my $bad = 0; my %seen;
		sub complain { print STDERR "# $name: @_\n"; $bad = 1 }
		sub is_type { my ($v, $t) = @_;
			return !defined $v if $t eq "null"; return ref $v eq "ARRAY" if $t eq "array"; return ref $v eq "HASH" if $t eq "object";
			return JSON::PP::is_bool($v) if $t eq "boolean";
			return 0 if !defined $v || ref $v; my $n = encode_json([$v]) !~ /"/;
			return $t eq "string" ? !$n : $t eq "integer" ? $n && $v =~ /^-?\d+$/ : $n }
		sub check { my ($at, $v, $s) = @_;
			if (exists $s->{type}) { my @t = ref $s->{type} ? @{$s->{type}} : $s->{type}; complain("$at is no @t") unless grep { is_type($v, $_) } @t }
			if ($s->{enum}) { complain("$at: ", $v // "null") unless grep { !defined $_ ? !defined $v : defined $v && $v eq $_ } @{$s->{enum}} }
			complain("$at: $v") if exists $s->{const} && $v ne $s->{const};
			complain("$at: no time: $v") if ($s->{format} // "") eq "date-time" && defined $v && $v !~ /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;
			if (ref $v eq "ARRAY" && $s->{items}) { check("$at\[]", $_, $s->{items}) for @$v }
			if (ref $v eq "HASH" && $s->{properties}) {
				for (sort keys %$v) { $seen{$_} = 1 if $at =~ /^top(\[])?$/; if (my $p = $s->{properties}{$_}) { check("$at.$_", $v->{$_}, $p) } else { complain("$at.$_ is not in the schema") } }
				for (@{$s->{required} // []}) { complain("$at.$_ is missing") unless exists $v->{$_} } } }
		check("top", $j, $d);
		print join(" ", sort keys %seen), "\n"; exit $bad' "$1" "$2" "$S"
}
all() { perl -MJSON::PP -0777 -e 'my $d = decode_json(<STDIN>)->{q($defs)}{$ARGV[0]}; $d = $d->{items} // $d; print join(" ", sort keys %{$d->{properties}}), "\n"' "$1" <"$S"; }
fits_now() { fits "$NAME" "$T/json" >"$T/members"; }
holds() { # WHAT NAME: $T/json fits
	NAME=$2
	ok "$1 is as the schema says" fits_now
}

acro status -o json >"$T/json"
holds "status of new jobs" status
acro run -o json >"$T/json"
holds "a first run" run
acro run -o json >"$T/json"
holds "a run with nothing to do" run
acro plan -o json >"$T/json"
holds "a plan" run
acro status -o json >"$T/json"
holds "status" status
is "with every member" "$(cat "$T/members")" "$(all status)"
acro check -o json >"$T/json"
holds "check" check
is "with every member" "$(cat "$T/members")" "$(all check)"
acro history -o json >"$T/json"
holds "history" history
is "with every member" "$(cat "$T/members")" "$(all history)"
acro plan --horizon 1y -o json >"$T/json"
holds "a horizon" horizon
is "with every member" "$(cat "$T/members")" "$(all horizon)"
# What goes wrong has no other form.
arm POST generateCredentials "{\"tokenId\":\"$REGISTRY_ID/tokens/web-pull\",\"name\":\"password2\"}" >/dev/null
rm "$T/other.env"; mkdir "$T/other.env"
at $((80 * DAY)) acro run -o json >"$T/json" 2>/dev/null
holds "a run that is refused" run
like "which has what to permit" "$(cat "$T/members")" 'may_replace'
is "and so every member" "$(cat "$T/members")" "$(all run)"
at $((80 * DAY)) acro status -o json >"$T/json" 2>/dev/null
holds "status of failing jobs" status
acro check -o json >"$T/json" 2>/dev/null
holds "check of failing jobs" check
acro history -o json >"$T/json"
holds "history of failures" history
echo bogus >>"$E/jobs.d/other.conf"
acro status -o json >"$T/json" 2>/dev/null
holds "status of a job that cannot be read" status
acro run -o json >"$T/json" 2>/dev/null
holds "a run of it" run

# The manual.
for name in status:status check:check 'run:run, plan, revoke' history:history 'horizon:plan --horizon'; do
	page=$(awk -v h=".Ss JSON of ${name#*:}" '$0 == h { on = 1; next } /^\.S/ { on = 0 } on && sub(/^\.It Li /, "")' "$ROOT/packaging/man/acrotate.1" | sort | tr '\n' ' ')
	is "acrotate(1) has the members of ${name#*:}" "$page" "$(all "${name%%:*}") "
done
done_testing
