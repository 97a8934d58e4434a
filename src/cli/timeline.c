/* SPDX-License-Identifier: MIT */
/* The validity of passwords as bars around now. */
#include "base/buf.h"
#include "base/str.h"
#include "status_rows.h"

#define PAST_AT_MOST 3 /* as much past as future, times this */
#define SPAN_LEAST_S 60
#define LABEL_WIDTH  9 /* "password1" */
#define BAR_LEAST    20

enum glyph { ACTIVE, SPARE, FOREIGN, NOTHING, NOW, ROTATION, GLYPH__COUNT };
static const char *const glyphs[2][GLYPH__COUNT] = {
	{ "=", "-", "~", ".", "|", ">" },
	{ "━", "─", "╌", "·", "┃", "▶" },
};

static void widen(struct timeline *t, const struct job_status *s)
{
	for (int i = 0; i < ACR_SLOT__COUNT; i++) {
		if (!s->slots[i].present)
			continue;
		if (s->slots[i].created < t->from)
			t->from = s->slots[i].created;
		if (s->slots[i].expires > t->to)
			t->to = s->slots[i].expires;
	}
}

struct timeline timeline_for(const struct status_row *rows, size_t n, int64_t now, size_t width,
                             bool utf8)
{
	struct timeline t = {
		.from = now, .to = now + SPAN_LEAST_S, .now = now, .width = width, .utf8 = utf8
	};

	for (size_t i = 0; i < n; i++)
		widen(&t, &rows[i].is);
	if (t.from < now - PAST_AT_MOST * (t.to - now))
		t.from = now - PAST_AT_MOST * (t.to - now);
	return t;
}

static size_t column(const struct timeline *t, int64_t when)
{
	if (when <= t->from)
		return 0;
	if (when >= t->to)
		return t->width - 1;
	return (size_t)((when - t->from) * (int64_t)t->width / (t->to - t->from));
}

void timeline_bar(const struct timeline *t, int64_t created, int64_t expires, bool active,
                  bool ours, int64_t rotation, struct buf *out)
{
	const char *const *g = glyphs[t->utf8];
	int64_t end = expires == 0 ? t->to : expires;
	bool visible = created != 0 && end >= t->from;

	for (size_t c = 0; c < t->width; c++) {
		enum glyph is = NOTHING;
		if (visible && c >= column(t, created) && c <= column(t, end))
			is = active ? ACTIVE : ours ? SPARE : FOREIGN;
		if (rotation != 0 && c == column(t, rotation))
			is = ROTATION;
		if (c == column(t, t->now))
			is = NOW;
		buf_str(out, g[is]);
	}
}

static void bar_of(const struct timeline *t, const struct job_status *s, enum acr_slot slot,
                   struct buf *out)
{
	bool active = s->active && s->slot == slot;
	int64_t rotation = active && s->next_rotation > t->now ? s->next_rotation : 0;

	if (s->slots[slot].present)
		timeline_bar(t, s->slots[slot].created, s->slots[slot].expires, active,
		             s->slots[slot].ours, rotation, out);
	else
		timeline_bar(t, 0, 0, false, false, 0, out);
}

static void axis(const struct timeline *t, size_t indent, struct buf *out)
{
	char from[STR_TIME_MAX], to[STR_TIME_MAX], now[STR_TIME_MAX];

	str_from_time(t->from, from);
	str_from_time(t->to, to);
	str_from_time(t->now, now);
	buf_fmt(out,
	        "%*s%.10s to %.10s; %s now, %.16sZ; %s in use, %s spare, %s foreign, %s "
	        "next rotation\n",
	        (int)indent, "", from, to, glyphs[t->utf8][NOW], now, glyphs[t->utf8][ACTIVE],
	        glyphs[t->utf8][SPARE], glyphs[t->utf8][FOREIGN], glyphs[t->utf8][ROTATION]);
}

void status_timeline(const struct status_row *rows, size_t n, int64_t now, size_t width, bool utf8,
                     struct buf *out)
{
	size_t name = 0;

	for (size_t i = 0; i < n; i++)
		name = strlen(rows[i].job) > name ? strlen(rows[i].job) : name;
	size_t left = name + 2 + LABEL_WIDTH + 2;
	size_t bar = width > left + BAR_LEAST ? width - left : BAR_LEAST;
	struct timeline t = timeline_for(rows, n, now, bar, utf8);
	for (size_t i = 0; i < n; i++) {
		for (int s = 0; s < ACR_SLOT__COUNT; s++) {
			buf_fmt(out, "%-*s  %s  ", (int)name, s == 0 ? rows[i].job : "",
			        acr_slot_name((enum acr_slot)s));
			bar_of(&t, &rows[i].is, (enum acr_slot)s, out);
			buf_char(out, '\n');
		}
	}
	axis(&t, 0, out);
}
