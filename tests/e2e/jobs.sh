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
# env_job NAME [key=value...]: with one sink, the file $T/NAME.env. env_jobs NAME...: some of them.
env_job() {
	_name=$1
	job_with "$@" <<END
[sink env]
type = file
path = $T/$_name.env
END
}
env_jobs() { for _job in "$@"; do env_job "$_job"; done; }
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
# try COMMAND...: sets RC; output in $T/out and $T/err. exit_of COMMAND...: prints the exit status.
try() { acro "$@" >"$T/out" 2>"$T/err"; RC=$?; }
exit_of() { try "$@"; echo "$RC"; }
run() { try run "$@"; }
# job_field JOB MEMBER: of the output of status as JSON.
job_field() { acro status "$1" -o json >"$T/json" 2>/dev/null; jget "$T/json" "0.$2"; }
# web_job [key=value...]: job web-pull, with the file $T/web.env.
web_job() {
	job_with web-pull "$@" <<END
[sink env]
type = file
path = $T/web.env
END
}
