/* SPDX-License-Identifier: MIT */
#include "report.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/env.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/show.h"
#include "base/str.h"
#include "cli/run.h"
#include "config/job.h"

#define LINE_MAX_BYTES 8192

struct report {
	const struct run_request *rq;
	pthread_mutex_t mutex;
	/* of a plan and of JSON: in the order of the jobs, printed at the end */
	char **lines;
	enum err_kind worst;
	bool changed;
	bool live; /* a live line stands on the terminal */
};

struct report *report_new(const struct run_request *rq)
{
	struct report *p = mem_new(sizeof(*p));

	p->rq = rq;
	p->lines = mem_array(rq->n_jobs, sizeof(*p->lines));
	(void)pthread_mutex_init(&p->mutex, NULL);
	return p;
}

static void clear_live(struct report *p)
{
	if (p->live)
		(void)fputs("\r\033[K", stderr);
	p->live = false;
}

void report_live(struct report *p, const char *text)
{
	(void)pthread_mutex_lock(&p->mutex);
	clear_live(p);
	if (text[0] != '\0') {
		(void)fputs(text, stderr);
		p->live = true;
	}
	(void)fflush(stderr);
	(void)pthread_mutex_unlock(&p->mutex);
}

/* ---- one job in JSON ------------------------------------------------------------------------- */

static void add_time(struct buf *out, const char *name, int64_t t)
{
	char text[STR_TIME_MAX];

	str_from_time(t, text);
	buf_json_member(out, name, t == 0 ? NULL : text);
}

static const char *action_of(const struct outcome *o)
{
	return o->paused ? "pause" : plan_action_name(o->did);
}

static void job_json(const char *name, const struct outcome *o, const struct err *e,
                     struct buf *out)
{
	char created[STR_TIME_MAX];

	buf_str(out, "{\"version\": 1, \"job\": ");
	buf_json(out, name);
	buf_json_member(out, "action", o == NULL ? NULL : action_of(o));
	buf_fmt(out, ", \"changed\": %s", o != NULL && o->changed ? "true" : "false");
	if (o != NULL) {
		buf_json_member(out, "slot",
		                o->slot == ACR_NO_SLOT ? NULL : acr_slot_name(o->slot));
		buf_json_member(out, "follows", o->follows);
		buf_fmt(out, ", \"deployed\": %s", o->active ? "true" : "false");
		add_time(out, "expires", o->active ? o->expires : 0);
		add_time(out, "next_rotation", o->active ? o->next_due : 0);
		add_time(out, "not_before", o->when);
		buf_fmt(out, ", \"sinks\": %zu, \"sinks_in_step\": %zu", o->sinks, o->in_step);
	}
	if (o != NULL && o->foreign.known) {
		str_from_ticks(o->foreign.created, created);
		buf_fmt(out, ", \"may_replace\": \"%s@%s\"", acr_slot_name(o->foreign.slot),
		        created);
	}
	buf_fmt(out, ", \"exit\": %d", e == NULL ? 0 : err_exit_code(e->kind));
	buf_json_member(out, "error", e == NULL || e->kind == ERR_NONE ? NULL : e->text);
	buf_char(out, '}');
}

/* ---- one job in words ------------------------------------------------------------------------ */

/* What a run that failed has done before, or all the same: it was not for nothing, and what is
 * deployed is not what it was. */
static void done_text(const struct outcome *o, struct buf *out)
{
	struct outcome done = *o;

	done.foreign.known = false; /* the error tells of it, if it matters */
	rotation_outcome_text(&done, false, env_now(&env_system), out);
}

static void job_text(const struct report *p, const char *name, const struct outcome *o,
                     const struct err *e, struct buf *out)
{
	AUTO_FREE char *shown = show_line_of(name);

	buf_fmt(out, "%s: ", shown);
	if (e != NULL && e->kind != ERR_NONE) {
		if (o != NULL && o->changed) {
			done_text(o, out);
			buf_str(out, "; but then: ");
		}
		if (o != NULL && (o->did == PLAN_WAIT || o->did == PLAN_REFUSE))
			buf_fmt(out, "%s: ", action_of(o));
		buf_str(out, e->text);
		return;
	}
	rotation_outcome_text(o, p->rq->dry_run, env_now(&env_system), out);
}

/* A line for the machine's journal of everything a person may one day ask about. */
static void tell_journal(const char *name, const struct outcome *o, const struct err *e,
                         const char *text)
{
	if (o != NULL && o->changed)
		log_journal(LEVEL_NOTICE, NULL, "%s", text);
	else if (e != NULL && o != NULL && o->did == PLAN_REFUSE)
		log_journal(LEVEL_NOTICE, name, "refused: %s", e->text);
}

/* Transient failures stay quiet until they have lasted, or the expiry comes near; on a terminal,
 * or where the run was forced, somebody is looking. */
static void tell_error(const struct report *p, const char *name, const struct outcome *o,
                       const struct err *e)
{
	bool transient = err_is_transient(e->kind);

	if (o != NULL && o->changed) {
		AUTO_BUF struct buf done = BUF_INIT(LINE_MAX_BYTES);
		done_text(o, &done);
		log_msg(LEVEL_WARN, name, "done all the same: %s", buf_cstr(&done));
	}
	if (o != NULL && o->told && !transient)
		return;
	if (transient && !p->rq->chatty && !p->rq->force && !(o != NULL && o->loud))
		log_msg(LEVEL_INFO, name, "%s", e->text);
	else
		log_err(name, e);
}

static void warn_ahead(const char *name, const struct outcome *o)
{
	char when[STR_TIME_MAX], due[STR_TIME_MAX];

	if (o == NULL || !o->warn_foreign || !o->foreign.known)
		return;
	str_from_ticks(o->foreign.created, when);
	str_from_time(o->next_due, due);
	log_msg(LEVEL_WARN, name,
	        "%s is foreign: this job will be refused when it is due (%s); "
	        "if nobody uses it, add to [job]: "
	        "may_replace = %s@%s",
	        acr_slot_name(o->foreign.slot), due, acr_slot_name(o->foreign.slot), when);
}

void report_job(struct report *p, size_t at, const char *name, const struct outcome *o,
                const struct err *e)
{
	AUTO_BUF struct buf text = BUF_INIT(LINE_MAX_BYTES), shown = BUF_INIT(LINE_MAX_BYTES);
	AUTO_BUF struct buf json = BUF_INIT(LINE_MAX_BYTES);
	bool failed = e != NULL && e->kind != ERR_NONE;

	job_text(p, name, o, e, &text);
	show_lines(buf_cstr(&text), &shown);
	(void)pthread_mutex_lock(&p->mutex);
	clear_live(p);
	if (failed)
		p->worst = p->worst == ERR_NONE ? e->kind : err_worse(p->worst, e->kind);
	p->changed = p->changed || (o != NULL && o->changed);
	free(take(&p->lines[at]));
	if (p->rq->json) {
		job_json(name, o, e, &json);
		p->lines[at] = mem_dup(buf_cstr(&json));
	} else if (p->rq->dry_run) {
		p->lines[at] = mem_dup(buf_cstr(&shown));
	} else if (!failed && p->rq->chatty) {
		(void)printf("%s\n", buf_cstr(&shown));
		(void)fflush(stdout);
	}
	(void)pthread_mutex_unlock(&p->mutex);
	/* A plan says everything on stdout; only what it could not even plan belongs on stderr
	 * as well. */
	if (failed && (!p->rq->dry_run || o == NULL ||
	               (o->did != PLAN_WAIT && o->did != PLAN_REFUSE && e->kind != ERR_HOOK)))
		tell_error(p, name, o, e);
	if (p->rq->dry_run)
		return;
	warn_ahead(name, o);
	tell_journal(name, o, e, buf_cstr(&text));
}

static void print_lines(const struct report *p)
{
	size_t printed = 0;

	if (p->rq->json)
		(void)printf("[");
	for (size_t i = 0; i < p->rq->n_jobs; i++)
		if (p->lines[i] != NULL)
			(void)printf("%s%s%s", p->rq->json ? (printed++ > 0 ? ",\n " : "") : "",
			             p->lines[i], p->rq->json ? "" : "\n");
	if (p->rq->json)
		(void)printf("]\n");
}

void report_drop(struct report *p)
{
	for (size_t i = 0; i < p->rq->n_jobs; i++)
		free(p->lines[i]);
	free(p->lines);
	(void)pthread_mutex_destroy(&p->mutex);
	free(p);
}

int report_end(struct report *p)
{
	print_lines(p);
	int status = err_exit_code(p->worst);
	if (status == 0 && p->changed && p->rq->detailed_exitcode)
		status = 2;
	/* What could not be printed was not said: a full disk behind a redirect. */
	if (fflush(stdout) != 0 && status == 0)
		status = err_exit_code(ERR_LOCAL);
	report_drop(p);
	return status;
}
