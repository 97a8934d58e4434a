/* SPDX-License-Identifier: MIT */
/* The table of `acrotate status`. */
#include <stdlib.h>

#include "base/buf.h"
#include "base/mem.h"
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
		buf_str(out, s->active ? acr_slot_name(s->slot) : "none");
		break;
	case EXPIRES:
		if (s->active)
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

/* Green for what is well, yellow for what mends itself, red for what does not. */
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
		buf_str(out, "    ");
		buf_add(out, lines, n);
		buf_char(out, '\n');
		lines += n + (lines[n] == '\n');
	}
}

void status_table(const struct status_row *rows, size_t n, int64_t now, bool color, struct buf *out)
{
	size_t width[COLUMN__COUNT];

	for (int c = 0; c < COLUMN__COUNT; c++)
		width[c] = strlen(titles[c]);
	for (size_t i = 0; i < n; i++)
		for (int c = 0; c < COLUMN__COUNT; c++) {
			AUTO_BUF struct buf text = BUF_INIT(CELL_MAX);
			cell(&rows[i], (enum column)c, now, &text);
			width[c] = text.len > width[c] ? text.len : width[c];
		}
	for (int c = 0; c < COLUMN__COUNT; c++)
		put(titles[c], width[c], NULL, c + 1 == COLUMN__COUNT, out);
	for (size_t i = 0; i < n; i++) {
		for (int c = 0; c < COLUMN__COUNT; c++) {
			AUTO_BUF struct buf text = BUF_INIT(CELL_MAX);
			cell(&rows[i], (enum column)c, now, &text);
			put(buf_cstr(&text), width[c],
			    color && c == STATE ? colors[rows[i].is.state] : NULL,
			    c + 1 == COLUMN__COUNT, out);
		}
		indented(rows[i].notes, out);
	}
}

/* ---- JSON ------------------------------------------------------------------------------------ */

static void member_text(const char *name, const char *value, struct buf *out)
{
	buf_fmt(out, ",\n    \"%s\": ", name);
	if (value == NULL)
		buf_str(out, "null");
	else
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
	member_text("active", s->active ? acr_slot_name(s->slot) : NULL, out);
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

void status_json(const struct status_row *rows, size_t n, struct buf *out)
{
	buf_str(out, n == 0 ? "[" : "[\n");
	for (size_t i = 0; i < n; i++) {
		buf_str(out, i > 0 ? ",\n" : "");
		row_json(&rows[i], out);
	}
	buf_str(out, n == 0 ? "]\n" : "\n]\n");
}
