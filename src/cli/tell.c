/* SPDX-License-Identifier: MIT */
#include "tell.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/process.h"
#include "base/show.h"
#include "config/argv.h"
#include "config/job.h"
#include "rotate/last_run.h"
#include "told.h"

/* One variable of an environment may have 128 KiB; nobody reads so much. */
#define MESSAGE_MAX (32 * 1024)
#define JOBS_MAX    (32 * 1024)
#define OUTPUT_MAX  4096
#define TIMEOUT_MS  60000

struct tell {
	const struct config *config;
	const char *dir;
	struct told *told;
	bool watched;
	pthread_mutex_t mutex;
	struct buf message, jobs;
};

static bool has_word(const char *words, const char *word)
{
	size_t n = strlen(word);

	for (const char *at = words; (at = strstr(at, word)) != NULL; at += n)
		if ((at == words || at[-1] == ' ') && (at[n] == '\0' || at[n] == ' '))
			return true;
	return false;
}

static void note(struct tell *t, const char *name, const char *text)
{
	AUTO_FREE char *job = name != NULL ? show_line_of(name) : NULL;

	(void)pthread_mutex_lock(&t->mutex);
	/* What does not fit is left out, whole. */
	if (t->message.len + strlen(text) + 256 < MESSAGE_MAX)
		buf_fmt(&t->message, "%s%s%s\n", job != NULL ? job : "", job != NULL ? ": " : "",
		        text);
	if (job != NULL && !has_word(buf_cstr(&t->jobs), job) && t->jobs.len + 256 < JOBS_MAX)
		buf_fmt(&t->jobs, "%s%s", t->jobs.len > 0 ? " " : "", job);
	(void)pthread_mutex_unlock(&t->mutex);
}

static bool is_news(void *ctx, const char *job, const char *text)
{
	struct tell *t = ctx;
	bool news = told_is_news(t->told, job, text, last_run_of(t->dir, job));

	if (news)
		note(t, job, text);
	return news || t->watched;
}

struct tell *tell_begin(const struct config *config, int64_t began, bool watched)
{
	const struct run_spec *run = config_run(config);
	struct tell *t = mem_new(sizeof(*t));

	*t = (struct tell){ .config = config,
		            .dir = run->state_dir,
		            .told = told_new(run->state_dir, run->repeat, began),
		            .watched = watched,
		            .message = BUF_INIT(MESSAGE_MAX),
		            .jobs = BUF_INIT(JOBS_MAX) };
	(void)pthread_mutex_init(&t->mutex, NULL);
	log_news(is_news, t);
	return t;
}

static bool judge(const char *program, const struct process_end *end, struct err *e)
{
	if (!end->in_time)
		return err_set(e, ERR_HOOK, "on_failure '%s' was ended after %d seconds", program,
		               TIMEOUT_MS / 1000);
	if (WIFEXITED(end->status) && WEXITSTATUS(end->status) == 0)
		return true;
	if (WIFEXITED(end->status))
		return err_set(e, ERR_HOOK, "on_failure '%s' failed with status %d", program,
		               WEXITSTATUS(end->status));
	return err_set(e, ERR_HOOK, "on_failure '%s' died of signal %d", program,
	               WTERMSIG(end->status));
}

static bool run_command(const struct tell *t, int status, struct err *e)
{
	AUTO_BUF struct buf out = BUF_INIT(OUTPUT_MAX);
	AUTO_ARGV char **argv = NULL;
	AUTO_FREE char *exit = mem_fmt("ACROTATE_STATUS=%d", status);
	AUTO_FREE char *jobs = mem_fmt("ACROTATE_JOBS=%s", buf_cstr(&t->jobs));
	AUTO_FREE char *message = mem_fmt("ACROTATE_MESSAGE=%s", buf_cstr(&t->message));
	const char *const extra[] = { exit, jobs, message, NULL };
	struct process_end end;

	if (!argv_split(config_run(t->config)->on_failure, &argv, e))
		return err_in(e, "on_failure");
	const struct process p = {
		.argv = argv, .extra = extra, .with_errors = true, .timeout_ms = TIMEOUT_MS
	};
	if (!process_run(&p, &out, &end, e))
		return err_in(e, "on_failure");
	/* Its output may be anybody's; the exit status is enough to look for the reason. */
	return judge(argv[0], &end, e);
}

void tell_end(struct tell *t, int status)
{
	struct err e = ERR_INIT;
	bool reached = true;

	log_news(NULL, NULL);
	if (t->message.len > 0 && config_run(t->config)->on_failure != NULL)
		reached = run_command(t, status, &e);
	if (!reached)
		log_msg(LEVEL_ERROR, NULL, "%s: nobody was told, the next run tries again", e.text);
	told_save(t->told, t->dir, reached);
	told_free(t->told);
	buf_free(&t->message);
	buf_free(&t->jobs);
	(void)pthread_mutex_destroy(&t->mutex);
	free(t);
}
