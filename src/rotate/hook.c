/* SPDX-License-Identifier: MIT */
#include "rotate/hook.h"

#include <sys/wait.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/process.h"
#include "base/said.h"
#include "config/argv.h"

/* A hook that is traced by its shell prints the password it logs in with. */
static void log_line(const struct hook *hook, enum log_level level, const char *line)
{
	if (said_may_tell(line, strlen(line), NULL))
		log_msg(level, hook->job, "on_change: (a line that may tell a secret is left out)");
	else if (*line != '\0')
		log_msg(level, hook->job, "on_change: %s", line);
}

static void log_output(const struct hook *hook, enum log_level level, const struct buf *out)
{
	AUTO_FREE char *text = mem_dup_n(buf_cstr(out), out->len);
	char *rest = text, *line;

	while (rest != NULL && (line = strsep(&rest, "\n")) != NULL)
		log_line(hook, level, line);
	if (!buf_ok(out))
		log_msg(level, hook->job,
		        "on_change: (the rest of its output, over %d bytes, is left out)",
		        HOOK_OUTPUT_MAX);
}

static bool judge(const struct hook *hook, const char *program, bool in_time, int status,
                  struct err *e)
{
	if (!in_time)
		return err_set(e, ERR_HOOK,
		               "on_change '%s' was ended after %lld seconds; it is owed and runs "
		               "again next time",
		               program, (long long)hook->timeout_s);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return true;
	if (WIFEXITED(status))
		return err_set(
			e, ERR_HOOK,
			"on_change '%s' failed with status %d; it is owed and runs again next time",
			program, WEXITSTATUS(status));
	return err_set(e, ERR_HOOK,
	               "on_change '%s' died of signal %d; it is owed and runs again next time",
	               program, WTERMSIG(status));
}

bool hook_run(const struct hook *hook, struct err *e)
{
	AUTO_BUF struct buf out = BUF_INIT(HOOK_OUTPUT_MAX);
	AUTO_ARGV char **argv = NULL;
	AUTO_FREE char *job = mem_fmt("ACROTATE_JOB=%s", hook->job);
	AUTO_FREE char *slot = mem_fmt("ACROTATE_SLOT=%s", hook->slot == NULL ? "" : hook->slot);
	AUTO_FREE char *sinks = mem_fmt("ACROTATE_SINKS=%s", hook->sinks);
	const char *const extra[] = { job, slot, sinks, NULL };
	struct err why = ERR_INIT;
	struct process_end end;

	if (!argv_split(hook->command, &argv, e))
		return err_in(e, "on_change");
	const struct process p = { .argv = argv,
		                   .extra = extra,
		                   .with_errors = true,
		                   .timeout_ms = hook->timeout_s * 1000 };
	if (!process_run(&p, &out, &end, &why))
		return err_set(e, ERR_HOOK, "on_change: %s; it is owed and runs again next time",
		               why.text);
	bool ok = judge(hook, argv[0], end.in_time, end.status, e);
	log_output(hook, ok ? LEVEL_INFO : LEVEL_WARN, &out);
	return ok;
}
