/* SPDX-License-Identifier: MIT */
/* The table of `acrotate status`. */
#include <stdlib.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/show.h"
#include "base/str.h"
#include "status_rows.h"

#define CELL_MAX 512

enum column { JOB, WHERE, STATE, ACTIVE, EXPIRES, NEXT, SINKS, SUCCESS, FAILURES, COLUMN__COUNT };
static const char *const titles[COLUMN__COUNT] = {
	"JOB",           "TOKEN", "STATE",        "ACTIVE",   "EXPIRES IN",
	"NEXT ROTATION", "SINKS", "LAST SUCCESS", "FAILURES",
};

void status_rows_free(struct status_row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(rows[i].job);
		free(rows[i].where);
		free(rows[i].follows);
		free(rows[i].notes);
		free(rows[i].error);
	}
	free(rows);
}

/* ---- table ----------------------------------------------------------------------------------- */

static void until(int64_t when, int64_t now, const char *past, struct buf *out)
{
	char text[STR_DURATION_MAX];

	if (when <= now) {
		buf_str(out, past);
		return;
	}
	str_from_duration(when - now, 2, text);
	buf_str(out, text);
}

static void since(int64_t when, int64_t now, struct buf *out)
{
	char text[STR_DURATION_MAX];

	if (when == 0) {
		buf_str(out, "never");
		return;
	}
	str_from_duration(now > when ? now - when : 0, 1, text);
	buf_fmt(out, "%s ago", text);
}

static void next_rotation(const struct job_status *s, int64_t now, struct buf *out)
{
	if (s->not_before != 0)
		until(s->not_before, now, "now", out);
	else if (s->active && s->next_rotation == 0)
		buf_char(out, '-');
	else if (s->active)
		until(s->next_rotation, now, "now", out);
	else
		buf_str(out, s->state == JOB_DISABLED || s->state == JOB_REFUSED ? "-" : "now");
}

static void cell(const struct status_row *r, enum column c, int64_t now, struct buf *out)
{
	const struct job_status *s = &r->is;

	if (c > STATE && r->where[0] == '\0') {
		buf_char(out, '-');
		return;
	}
	switch (c) {
	case JOB:
		buf_str(out, r->job);
		break;
	case WHERE:
		buf_str(out, r->where[0] == '\0' ? "-" : r->where);
		break;
	case STATE:
		buf_str(out, status_state_name(s->state));
		break;
	case ACTIVE:
		buf_str(out, !s->active               ? "none"
		             : s->slot == ACR_NO_SLOT ? "unknown"
		                                      : acr_slot_name(s->slot));
		break;
	case EXPIRES:
		if (s->active && s->expires != 0)
			until(s->expires, now, "expired", out);
		else
			buf_char(out, '-');
		break;
	case NEXT:
		next_rotation(s, now, out);
		break;
	case SINKS:
		buf_fmt(out, "%zu/%zu", s->in_step, s->sinks);
		break;
	case SUCCESS:
		since(s->last_success, now, out);
		break;
	case FAILURES:
		buf_fmt(out, "%lld", (long long)s->failed_runs);
		break;
	case COLUMN__COUNT:
		break;
	}
}

/* Green for what is well, yellow for what fixes itself, red for what does not. */
static const char *const colors[JOB__COUNT] = {
	[JOB_OK] = "32",       [JOB_DUE] = "33",      [JOB_WAITING] = "33", [JOB_HEALING] = "33",
	[JOB_NEW] = "33",      [JOB_REFUSED] = "31",  [JOB_FAILING] = "31", [JOB_STUCK] = "31",
	[JOB_DISABLED] = "31", [JOB_SHADOWED] = "31", [JOB_PAUSED] = "36",
};

static void put(const char *text, size_t width, const char *color, bool last, struct buf *out)
{
	if (color != NULL)
		buf_fmt(out, "\033[%sm", color);
	buf_str(out, text);
	if (color != NULL)
		buf_str(out, "\033[0m");
	if (last)
		buf_char(out, '\n');
	else
		buf_fmt(out, "%*s", (int)(width - strlen(text)) + 2, "");
}

static void indented(const char *lines, struct buf *out)
{
	while (*lines != '\0') {
		size_t n = strcspn(lines, "\n");
		AUTO_FREE char *line = mem_dup_n(lines, n);
		show_line(line);
		buf_fmt(out, "    %s", line);
		buf_char(out, '\n');
		lines += n + (lines[n] == '\n');
	}
}

/* ---- worst first ----------------------------------------------------------------------------- */

/* The higher the sooner somebody should look; from PROBLEM on it is one. */
enum { PROBLEM = 4 };
static const int weights[JOB__COUNT] = {
	[JOB_OK] = 0,      [JOB_PAUSED] = 0,  [JOB_NEW] = 1,      [JOB_DUE] = 2,
	[JOB_WAITING] = 2, [JOB_HEALING] = 3, [JOB_REFUSED] = 6,  [JOB_SHADOWED] = 6,
	[JOB_STUCK] = 7,   [JOB_FAILING] = 7, [JOB_DISABLED] = 8,
};

static int weight(const struct job_status *s)
{
	int w = weights[s->state];
	bool more = s->overdue || s->hook_owed || s->foreign_ahead || s->state_lost;

	if (s->pulls_fail)
		return 10 + w;
	return more && w < PROBLEM && s->state != JOB_PAUSED ? PROBLEM : w;
}

bool status_is_problem(const struct job_status *s)
{
	return weight(s) >= PROBLEM;
}

static int worse_first(const void *a, const void *b)
{
	const struct status_row *x = *(const struct status_row *const *)a,
				*y = *(const struct status_row *const *)b;
	int d = weight(&y->is) - weight(&x->is);

	return d != 0 ? d : strcmp(x->job, y->job);
}

void status_summary(const struct status_row *rows, size_t n, struct buf *out)
{
	static const enum job_state order[] = {
		JOB_OK,      JOB_DISABLED, JOB_FAILING, JOB_STUCK, JOB_REFUSED, JOB_SHADOWED,
		JOB_HEALING, JOB_WAITING,  JOB_DUE,     JOB_NEW,   JOB_PAUSED,
	};
	size_t count[JOB__COUNT] = { 0 }, fail = 0;
	const char *before = ": ";

	_Static_assert(COUNT(order) == JOB__COUNT, "every state is counted");
	for (size_t i = 0; i < n; i++) {
		count[rows[i].is.state]++;
		fail += rows[i].is.pulls_fail;
	}
	buf_fmt(out, "%zu %s", n, n == 1 ? "job" : "jobs");
	for (size_t i = 0; i < COUNT(order); i++) {
		if (count[order[i]] == 0)
			continue;
		buf_fmt(out, "%s%zu %s", before, count[order[i]], status_state_name(order[i]));
		before = ", ";
	}
	if (fail > 0)
		buf_fmt(out, "; pulls fail now: %zu", fail);
}

/* ---- columns --------------------------------------------------------------------------------- */

/* Cut in the middle: names of one kind differ at both ends. */
static void fit(const char *text, size_t width, struct buf *out)
{
	size_t n = strlen(text), left = (width - 2) / 2;

	if (n <= width || width < 5) {
		buf_str(out, text);
		return;
	}
	buf_add(out, text, left);
	buf_str(out, "..");
	buf_str(out, text + n - (width - 2 - left));
}

struct layout {
	size_t width[COLUMN__COUNT]; /* 0: left out */
};

static size_t total(const struct layout *l)
{
	size_t sum = 0;

	for (int c = 0; c < COLUMN__COUNT; c++)
		sum += l->width[c] > 0 ? l->width[c] + 2 : 0;
	return sum - 2;
}

static void cut(struct layout *l, enum column c, size_t least, size_t width)
{
	size_t all = total(l), over = all > width ? all - width : 0;

	if (l->width[c] <= least || over == 0)
		return;
	l->width[c] = l->width[c] - least > over ? l->width[c] - over : least;
}

/* Names are cut first, then what matters least is left out, then names are cut more. */
static void squeeze(struct layout *l, size_t width)
{
	static const enum column spare[] = { FAILURES, SUCCESS, WHERE, ACTIVE, SINKS };

	cut(l, WHERE, 20, width);
	cut(l, JOB, 20, width);
	for (size_t i = 0; i < COUNT(spare) && total(l) > width; i++)
		l->width[spare[i]] = 0;
	cut(l, JOB, 8, width);
}

static void line(const struct layout *l, const struct status_row *r, int64_t now, bool color,
                 struct buf *out)
{
	int last = 0;

	for (int c = 0; c < COLUMN__COUNT; c++)
		last = l->width[c] > 0 ? c : last;
	for (int c = 0; c < COLUMN__COUNT; c++) {
		AUTO_BUF struct buf text = BUF_INIT(CELL_MAX), fits = BUF_INIT(CELL_MAX);
		if (l->width[c] == 0)
			continue;
		if (r == NULL)
			buf_str(&text, titles[c]);
		else
			cell(r, (enum column)c, now, &text);
		fit(buf_cstr(&text), l->width[c], &fits);
		/* Cut, it may have half a character. */
		AUTO_FREE char *shown = show_line_of(buf_cstr(&fits));
		put(shown, l->width[c],
		    color && r != NULL && c == STATE ? colors[r->is.state] : NULL, c == last, out);
	}
}

void status_table(const struct status_row *rows, size_t n, const struct status_look *look,
                  struct buf *out)
{
	AUTO_FREE const struct status_row **sorted = mem_array(n, sizeof(*sorted));
	struct layout l;
	size_t shown = 0;

	for (size_t i = 0; i < n; i++)
		if (!look->problems || status_is_problem(&rows[i].is))
			sorted[shown++] = &rows[i];
	if (shown == 0)
		return;
	qsort(sorted, shown, sizeof(*sorted), worse_first);
	for (int c = 0; c < COLUMN__COUNT; c++)
		l.width[c] = strlen(titles[c]);
	for (size_t i = 0; i < shown; i++)
		for (int c = 0; c < COLUMN__COUNT; c++) {
			AUTO_BUF struct buf text = BUF_INIT(CELL_MAX);
			cell(sorted[i], (enum column)c, look->now, &text);
			l.width[c] = text.len > l.width[c] ? text.len : l.width[c];
		}
	if (look->width > 0)
		squeeze(&l, look->width);
	line(&l, NULL, look->now, false, out);
	for (size_t i = 0; i < shown; i++) {
		line(&l, sorted[i], look->now, look->color, out);
		indented(sorted[i]->notes, out);
	}
}

/* ---- JSON ------------------------------------------------------------------------------------ */

static void member_text(const char *name, const char *value, struct buf *out)
{
	buf_fmt(out, ",\n    \"%s\": ", name);
	buf_json(out, value);
}

static void member_time(const char *name, int64_t t, struct buf *out)
{
	char text[STR_TIME_MAX];

	str_from_time(t, text);
	member_text(name, t == 0 ? NULL : text, out);
}

static void member_count(const char *name, int64_t n, struct buf *out)
{
	buf_fmt(out, ",\n    \"%s\": %lld", name, (long long)n);
}

static void member_bool(const char *name, bool b, struct buf *out)
{
	buf_fmt(out, ",\n    \"%s\": %s", name, b ? "true" : "false");
}

static void slots_json(const struct job_status *s, struct buf *out)
{
	buf_str(out, ",\n    \"slots\": {");
	for (int i = 0; i < ACR_SLOT__COUNT; i++) {
		char created[STR_TIME_MAX], expires[STR_TIME_MAX];
		str_from_time(s->slots[i].created, created);
		str_from_time(s->slots[i].expires, expires);
		buf_fmt(out, "%s\n      \"%s\": ", i > 0 ? "," : "",
		        acr_slot_name((enum acr_slot)i));
		if (!s->slots[i].present) {
			buf_str(out, "null");
			continue;
		}
		buf_fmt(out, "{\"created\": \"%s\", \"expires\": ", created);
		if (s->slots[i].expires == 0)
			buf_str(out, "null");
		else
			buf_json(out, expires);
		buf_fmt(out, ", \"ours\": %s}", s->slots[i].ours ? "true" : "false");
	}
	buf_str(out, "\n    }");
}

static void row_json(const struct status_row *r, struct buf *out)
{
	const struct job_status *s = &r->is;

	buf_str(out, "  {\n    \"version\": 1,\n    \"job\": ");
	buf_json(out, r->job);
	member_text("token", r->where[0] == '\0' ? NULL : r->where, out);
	member_text("state", status_state_name(s->state), out);
	member_text("active", s->active && s->slot != ACR_NO_SLOT ? acr_slot_name(s->slot) : NULL,
	            out);
	member_text("follows", r->follows, out);
	member_text("source", status_follows_name(s->follows), out);
	member_time("expires", s->expires, out);
	member_time("next_rotation", s->next_rotation, out);
	member_time("not_before", s->not_before, out);
	member_count("sinks", (int64_t)s->sinks, out);
	member_count("sinks_in_step", (int64_t)s->in_step, out);
	member_count("sinks_unreadable", (int64_t)s->unread, out);
	member_time("last_run", s->last_run, out);
	member_bool("overdue", s->overdue, out);
	member_time("last_success", s->last_success, out);
	member_bool("pulls_fail", s->pulls_fail, out);
	member_count("failures", s->failed_runs, out);
	member_time("failing_since", s->failing_since, out);
	member_bool("hook_owed", s->hook_owed, out);
	member_bool("foreign_ahead", s->foreign_ahead, out);
	member_bool("revoking", s->revoking, out);
	member_bool("state_lost", s->state_lost, out);
	member_count("accepted_after_ms", s->accepted_after_ms, out);
	slots_json(s, out);
	member_text("error", r->error, out);
	buf_str(out, "\n  }");
}

void status_json(const struct status_row *rows, size_t n, bool problems, struct buf *out)
{
	size_t shown = 0;

	buf_char(out, '[');
	for (size_t i = 0; i < n; i++) {
		if (problems && !status_is_problem(&rows[i].is))
			continue;
		buf_str(out, shown++ > 0 ? ",\n" : "\n");
		row_json(&rows[i], out);
	}
	buf_str(out, shown == 0 ? "]\n" : "\n]\n");
}
