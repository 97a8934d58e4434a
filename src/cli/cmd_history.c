/* SPDX-License-Identifier: MIT */
/* `acrotate history`: what happened to each job, newest last, from its record. */
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/env.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/show.h"
#include "base/str.h"
#include "cli/commands.h"
#include "cli/lent.h"
#include "cli/options.h"
#include "cli/with_jobs.h"
#include "config/job.h"
#include "rotate/history.h"
#include "rotate/state.h"

#define OUTPUT_MAX (256u * 1024 * 1024)

struct event {
	const char *job; /* borrowed */
	size_t order;    /* of one time: as they came */
	struct history_event is;
};
struct events {
	struct event *item;
	size_t n, cap;
	int64_t from;
};

static void events_clear(struct events *l)
{
	for (size_t i = 0; i < l->n; i++)
		history_event_clear(&l->item[i].is);
	free(l->item);
}

static void gather(const char *job, const char *lines, struct events *out)
{
	for (const char *at = lines; at != NULL && *at != '\0'; at = history_next(at)) {
		struct history_event e;
		if (!history_parse(at, &e))
			continue;
		if (e.last < out->from) {
			history_event_clear(&e);
			continue;
		}
		out->item = mem_grow(out->item, &out->cap, out->n + 1, sizeof(*out->item));
		out->item[out->n] = (struct event){ .job = job, .order = out->n, .is = e };
		out->n++;
	}
}

static int by_time(const void *a, const void *b)
{
	const struct event *x = a, *y = b;

	if (x->is.last != y->is.last)
		return x->is.last < y->is.last ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

/* ---- printing -------------------------------------------------------------------------------- */

static void add_took(const struct history_event *e, struct buf *out)
{
	if (e->accepted_after_ms >= 1000)
		buf_fmt(out, "accepted after %lld s, ", (long long)e->accepted_after_ms / 1000);
	else if (e->accepted_after_ms > 0)
		buf_fmt(out, "accepted after %lld ms, ", (long long)e->accepted_after_ms);
}

static void event_text(const struct event *at, int name, struct buf *out)
{
	const struct history_event *e = &at->is;
	char first[STR_TIME_MAX], last[STR_TIME_MAX];
	AUTO_FREE char *job = show_line_of(at->job);

	str_from_time(e->first, first);
	str_from_time(e->last, last);
	buf_fmt(out, "%s  %-*s  %-9s  %-9s  ", last, name, job, history_name(e->what),
	        e->slot == 0 ? "-" : acr_slot_name((enum acr_slot)(e->slot - 1)));
	if (e->status != 0)
		buf_fmt(out, "exit %d: ", e->status);
	if (e->count > 1)
		buf_fmt(out, "%lld times since %s: ", (long long)e->count, first);
	add_took(e, out);
	buf_fmt(out, "%s\n", e->text);
}

static void event_json(const struct event *at, struct buf *out)
{
	const struct history_event *e = &at->is;
	char first[STR_TIME_MAX], last[STR_TIME_MAX];

	str_from_time(e->first, first);
	str_from_time(e->last, last);
	buf_str(out, "  {\"version\": 1, \"job\": ");
	buf_json(out, at->job);
	buf_json_member(out, "time", last);
	buf_json_member(out, "first", first);
	buf_fmt(out, ", \"count\": %lld", (long long)e->count);
	buf_json_member(out, "event", history_name(e->what));
	buf_json_member(out, "slot",
	                e->slot == 0 ? NULL : acr_slot_name((enum acr_slot)(e->slot - 1)));
	if (e->accepted_after_ms > 0)
		buf_fmt(out, ", \"seconds\": %lld.%03lld", (long long)e->accepted_after_ms / 1000,
		        (long long)e->accepted_after_ms % 1000);
	else
		buf_str(out, ", \"seconds\": null");
	buf_json_member(out, "outcome", e->status == 0 ? "ok" : "failed");
	buf_fmt(out, ", \"exit\": %d", e->status);
	buf_json_member(out, "reason", e->status == 0 ? e->text : NULL);
	buf_json_member(out, "error", e->status == 0 ? NULL : e->text);
	buf_char(out, '}');
}

static bool print(const struct events *l, bool json)
{
	AUTO_BUF struct buf out = BUF_INIT(OUTPUT_MAX);
	int name = 0;

	for (size_t i = 0; i < l->n; i++)
		name = (int)strlen(l->item[i].job) > name ? (int)strlen(l->item[i].job) : name;
	buf_str(&out, !json ? "" : l->n == 0 ? "[" : "[\n");
	for (size_t i = 0; i < l->n; i++) {
		if (json)
			event_json(&l->item[i], &out);
		else
			event_text(&l->item[i], name, &out);
		buf_str(&out, !json ? "" : i + 1 < l->n ? ",\n" : "\n");
	}
	buf_str(&out, json ? "]\n" : "");
	return fwrite(buf_cstr(&out), 1, out.len, stdout) == out.len && fflush(stdout) == 0;
}

static int show(const struct options *o, struct config *c, const size_t *jobs, size_t n)
{
	AUTO(events_clear) struct events l = { 0 };
	AUTO_STORE struct store *store = lent_store(c);
	enum err_kind worst = ERR_NONE;

	l.from = o->since_s > 0 ? env_now(&env_system) - o->since_s : 0;
	for (size_t i = 0; i < n; i++) {
		AUTO_STATE struct state s = { 0 };
		struct err e = ERR_INIT;
		const char *job = config_name(c, jobs[i]);
		if (state_load(store, job, &s, &e)) {
			gather(job, s.history, &l);
			continue;
		}
		log_err(job, &e);
		worst = worst == ERR_NONE ? e.kind : err_worse(worst, e.kind);
	}
	if (l.n > 0)
		qsort(l.item, l.n, sizeof(*l.item), by_time);
	return print(&l, o->json) || worst != ERR_NONE ? err_exit_code(worst)
	                                               : err_exit_code(ERR_LOCAL);
}

int cmd_history(const struct options *o)
{
	return with_jobs(o, show);
}
