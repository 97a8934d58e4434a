#!/bin/sh
# SPDX-License-Identifier: MIT
# Two hundred jobs in one run: some have nothing to do, most are due, some cannot deliver, some have no token, every third has a hook.
# In CI the programs of this test are also those built with ThreadSanitizer, which ends a program with 66 and says where threads raced.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/job.sh"

TOKENS=180 JOBS=200
start_emulator --fast --tokens $TOKENS
make_host 'lifetime = 90d' 'grace = 1s'
sed -i "s|^state_dir = .*|&\nmetrics_file = $H/acrotate.prom|" "$E/acrotate.conf"
mkdir "$H/sinks" "$H/told"
cat >"$H/tell.sh" <<END
#!/bin/sh
echo "told of \$ACROTATE_JOB"
echo x >>"$H/told/\$ACROTATE_JOB"
END
chmod 755 "$H/tell.sh"
# make_jobs FROM TO: every third with a hook, every tenth with a second sink in a place where nothing can be written.
make_jobs() {
	i=$1
	while [ "$i" -le "$2" ]; do
		name=bulk-$(printf %05d "$i")
		{
			printf '[job]\ntoken = %s\n' "$name"
			[ $((i % 3)) != 0 ] || printf 'on_change = %s/tell.sh\n' "$H"
			printf '[sink env]\ntype = file\npath = %s/sinks/%s\ncontent = {password}\n' "$H" "$name"
			[ $((i % 10)) != 0 ] || printf '[sink broken]\ntype = file\npath = /proc/none/%s\ncontent = {password}\n' "$name"
		} >"$E/jobs.d/$name.conf"
		i=$((i + 1))
	done
}
told() { cat "$H"/told/* 2>/dev/null | grep -c x || :; }
no_race() { ! grep -E 'ThreadSanitizer|data race' "$T/err" "$T/emulator.out" && [ "$RC" != 66 ]; }

make_jobs 1 59
acrotate run
is "59 jobs: delivered" "$(delivered)" 59
is "hooks ran" "$(told)" 19
ok "no race" no_race

make_jobs 60 $JOBS
acrotate run --verbose
is "$JOBS jobs, $((JOBS - TOKENS)) without a token: the others are delivered" "$(delivered)" $TOKENS
is "each hook ran once" "$(told)" 60
is "all passwords work" "$(working)" $TOKENS
like "those without a token are told" "$(said)" "token 'bulk-00200' does not exist"
like "so are sinks that fail" "$(said)" "sink 'broken'"
is "one generate for each" "$(count_log generate '"status":200')" $TOKENS
is "metrics have them all" "$(grep -c '^acrotate_job_state' "$H/acrotate.prom")" $JOBS
ok "no race" no_race

acrotate run --force --verbose
is "all forced: every password works" "$(working)" $TOKENS
is "two generates for each" "$(count_log generate '"status":200')" $((2 * TOKENS))
is "each hook ran twice" "$(told)" 120
ok "no race" no_race
acrotate status -o json
ok "status: no race" no_race
acrotate check -o json
ok "check: no race" no_race
is "no temporary files" "$(find "$H" -name '.acrotate*' | grep -c .)" 0
done_testing
