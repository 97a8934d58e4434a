/* SPDX-License-Identifier: MIT */
#include "progress.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/env.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "report.h"
#include "terminal.h"

#define LIVE_EVERY_MS  200
#define LOG_EVERY_MS   60000
#define LINE_MAX_BYTES 512

struct progress {
	pthread_mutex_t mutex;
	struct report *report;
	size_t total, in[PROGRESS__COUNT];
	int64_t began_ms, shown_ms, logged_ms;
	bool terminal;
	char waits_for[LINE_MAX_BYTES]; /* of a single job */
};

struct progress *progress_new(size_t total, struct report *report)
{
	struct progress *p = mem_new(sizeof(*p));
	int64_t now = env_mono_ms(&env_system);

	*p = (struct progress){ .report = report,
		                .total = total,
		                .began_ms = now,
		                .logged_ms = now,
		                .terminal = isatty(STDERR_FILENO) && terminal_is_smart() };
	(void)pthread_mutex_init(&p->mutex, NULL);
	return p;
}

void progress_free(struct progress *p)
{
	if (p->terminal)
		report_live(p->report, "");
	(void)pthread_mutex_destroy(&p->mutex);
	free(p);
}

void progress_move(struct progress *p, enum progress_state *state, enum progress_state to,
                   const char *job, const char *step)
{
	(void)pthread_mutex_lock(&p->mutex);
	if (*state != PROGRESS_NEW)
		p->in[*state]--;
	*state = to;
	p->in[to]++;
	if (job != NULL)
		(void)snprintf(p->waits_for, sizeof(p->waits_for), "%s: next: %s", job, step);
	(void)pthread_mutex_unlock(&p->mutex);
	progress_show(p);
}

/* From what is done so far; jobs differ little. */
static void add_time_left(const struct progress *p, int64_t now, struct buf *out)
{
	size_t ended = p->in[PROGRESS_DONE] + p->in[PROGRESS_FAILED];
	char left[STR_DURATION_MAX];

	if (ended == 0 || now - p->began_ms < 2000)
		return;
	str_from_duration((now - p->began_ms) * (int64_t)(p->total - ended) / (int64_t)ended / 1000,
	                  2, left);
	buf_fmt(out, ", about %s left", left);
}

static const char *const words[PROGRESS__COUNT] = {
	[PROGRESS_WORKING] = "working", [PROGRESS_REPLICATION] = "waiting for replication",
	[PROGRESS_WAITING] = "waiting", [PROGRESS_THROTTLED] = "throttled",
	[PROGRESS_FAILED] = "failed",
};

static void summary(const struct progress *p, int64_t now, struct buf *out)
{
	if (p->total == 1) {
		buf_fmt(out, "%s (%llds)", p->waits_for, (long long)(now - p->began_ms) / 1000);
		return;
	}
	buf_fmt(out, "%zu of %zu done", p->in[PROGRESS_DONE], p->total);
	for (int i = 0; i < PROGRESS__COUNT; i++)
		if (words[i] != NULL && p->in[i] > 0)
			buf_fmt(out, ", %zu %s", p->in[i], words[i]);
	add_time_left(p, now, out);
}

void progress_show(struct progress *p)
{
	AUTO_BUF struct buf text = BUF_INIT(2 * LINE_MAX_BYTES);
	int64_t now = env_mono_ms(&env_system);

	(void)pthread_mutex_lock(&p->mutex);
	bool live = p->terminal && (p->total > 1 || p->waits_for[0] != '\0') &&
	            now - p->shown_ms >= LIVE_EVERY_MS && now - p->began_ms >= LIVE_EVERY_MS;
	bool log = !p->terminal && now - p->logged_ms >= LOG_EVERY_MS;
	if (live || log)
		summary(p, now, &text);
	p->shown_ms = live ? now : p->shown_ms;
	p->logged_ms = log ? now : p->logged_ms;
	(void)pthread_mutex_unlock(&p->mutex);
	if (live)
		report_live(p->report, buf_cstr(&text));
	if (log)
		log_msg(LEVEL_INFO, NULL, "%s", buf_cstr(&text));
}
