# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# Job files, and time: for tests of the agent's commands. Behind lib.sh, after start_emulator.

# config [LINE...]: acrotate.conf of the emulator, with a state directory of the test's and further lines of [run].
config() {
	mkdir -p "$E/jobs.d"
	[ -f "$T/acrotate.conf.emulator" ] || cp "$E/acrotate.conf" "$T/acrotate.conf.emulator"
	{ sed "s|^state_dir = .*|state_dir = $T/state|" "$T/acrotate.conf.emulator"; for line in "$@"; do echo "$line"; done; } >"$E/acrotate.conf"
}
# job_with NAME [key=value...] <<END: [job] on registry contoso with these keys, then what stands on stdin: first further keys of [job],
# then sections. The token is the job's name unless said.
job_with() {
	name=$1; shift
	{
		echo "[job]"; echo "registry = contoso"; echo "resource_group = emulated"
		case " $* " in *" token="*) ;; *) echo "token = $name" ;; esac
		for pair in "$@"; do echo "${pair%%=*} = ${pair#*=}"; done
		cat
	} >"$E/jobs.d/$name.conf"
}
# env_jobs NAME...: for each a job with one sink, the file $T/NAME.env.
env_jobs() {
	for _job in "$@"; do
		job_with "$_job" <<END
[sink env]
type = file
path = $T/$_job.env
END
	done
}
# at SECONDS COMMAND...: as if so much later; the service, too.
at() {
	AT=$1; shift
	control clock "{\"shift\":$AT}" >/dev/null
	"$@"
	at_status=$?
	AT=
	control clock '{"shift":0}' >/dev/null
	return $at_status
}
DAY=86400
# As if nobody had been told of anything yet: every run says what it has to say.
acro() {
	rm -f "$T/state/told"
	if [ -n "${AT:-}" ]; then
		NO_FAKE_STAT=1 FAKETIME_DONT_FAKE_MONOTONIC=1 faketime -f "+${AT}s" "$ACROTATE" "$@" --config "$E/acrotate.conf"
	else
		"$ACROTATE" "$@" --config "$E/acrotate.conf"
	fi
}
