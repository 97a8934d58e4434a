/* SPDX-License-Identifier: MIT */
#include "rotate/history.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/credential.h"
#include "base/mem.h"
#include "base/show.h"
#include "base/str.h"

#define LINE_BYTES (HISTORY_TEXT_MAX + 256)

static const char *const names[HISTORY__COUNT] = {
	[HISTORY_BOOTSTRAP] = "bootstrap", [HISTORY_ROTATE] = "rotate", [HISTORY_HEAL] = "heal",
	[HISTORY_CREATE] = "create",       [HISTORY_REVOKE] = "revoke", [HISTORY_REFUSE] = "refuse",
	[HISTORY_HOOK] = "hook",           [HISTORY_ADOPT] = "adopt",   [HISTORY_LOST] = "lost",
	[HISTORY_FAIL] = "fail",           [HISTORY_FOLLOW] = "follow",
};

const char *history_name(enum history_what what)
{
	return names[what];
}

void history_event_clear(struct history_event *e)
{
	free(e->own);
	*e = (struct history_event){ 0 };
}

const char *history_next(const char *line)
{
	const char *end = line == NULL ? NULL : strchr(line, '\n');

	return end == NULL || end[1] == '\0' ? NULL : end + 1;
}

/* ---- reading --------------------------------------------------------------------------------- */

static bool read_what(const char *word, enum history_what *out)
{
	for (int i = 0; i < HISTORY__COUNT; i++)
		if (strcmp(names[i], word) == 0) {
			*out = (enum history_what)i;
			return true;
		}
	return false;
}

static bool read_slot(const char *word, int *out)
{
	*out = credential_slot_of(word);
	return *out != 0 || strcmp(word, "-") == 0;
}

static bool read_status(const char *word, int *out)
{
	int64_t n;

	if (!str_int(word, 0, 255, &n))
		return false;
	*out = (int)n;
	return true;
}

bool history_parse(const char *line, struct history_event *out)
{
	size_t n = strcspn(line, "\n");
	struct history_event e = { .text = NULL };

	if (n > LINE_BYTES)
		return false;
	AUTO_FREE char *copy = mem_dup_n(line, n);
	char *rest = copy, *word[7];
	for (size_t i = 0; i < COUNT(word); i++)
		if ((word[i] = strsep(&rest, " ")) == NULL)
			return false;
	if (!str_time(word[0], &e.first) || !str_time(word[1], &e.last) ||
	    !str_int(word[2], 1, INT64_MAX, &e.count) || !read_what(word[3], &e.what) ||
	    !read_slot(word[4], &e.slot) || !str_int(word[5], 0, INT64_MAX, &e.accepted_after_ms) ||
	    !read_status(word[6], &e.status))
		return false;
	/* Whoever can write the record chose it. */
	e.text = e.own = show_line_of(rest != NULL ? rest : "");
	*out = e;
	return true;
}

/* ---- writing --------------------------------------------------------------------------------- */

/* One line, cut between two words. */
static void add_text(const char *text, struct buf *out)
{
	size_t n = strlen(text);
	bool cut = n > HISTORY_TEXT_MAX;

	for (n = cut ? HISTORY_TEXT_MAX : n; cut && n > 0 && text[n] != ' ';)
		n--;
	n = cut && n == 0 ? HISTORY_TEXT_MAX : n;
	for (size_t i = 0; i < n; i++)
		buf_char(out, (unsigned char)text[i] < ' ' || text[i] == 0x7f ? ' ' : text[i]);
	if (cut)
		buf_str(out, " ...");
}

static void add_line(const struct history_event *e, struct buf *out)
{
	const char *slot = credential_slot_name(e->slot);
	char first[STR_TIME_MAX], last[STR_TIME_MAX];

	str_from_time(e->first, first);
	str_from_time(e->last, last);
	buf_fmt(out, "%s %s %lld %s %s %lld %d ", first, last, (long long)e->count, names[e->what],
	        slot != NULL ? slot : "-", (long long)e->accepted_after_ms, e->status);
	add_text(e->text, out);
	buf_char(out, '\n');
}

static const char *last_line(const char *lines)
{
	const char *last = lines;

	for (const char *at = lines; at != NULL; at = history_next(at))
		last = at;
	return last;
}

size_t history_count(const char *lines)
{
	size_t n = 0;

	for (const char *at = lines; at != NULL && *at != '\0'; at = history_next(at))
		n++;
	return n;
}

/* The same failure as before: what changes from run to run (times, request ids) makes no other
 * of it. */
static bool goes_on(const struct history_event *before, const struct history_event *e)
{
	return e->status != 0 && before->what == e->what && before->status == e->status &&
	       before->slot == e->slot;
}

void history_add(char **lines, const struct history_event *e)
{
	AUTO_BUF struct buf out = BUF_INIT(2 * HISTORY_BYTES_MAX);
	const char *kept = *lines != NULL ? *lines : "",
		   *last = *lines != NULL ? last_line(*lines) : "";
	struct history_event before = { 0 }, new = *e;

	new.count = 1;
	new.last = e->first;
	if (history_parse(last, &before) && goes_on(&before, e)) {
		new.first = before.first < e->first ? before.first : e->first;
		new.count = before.count + 1;
	} else {
		last += strlen(last);
	}
	history_event_clear(&before);
	for (size_t n = history_count(kept); n >= HISTORY_MAX && kept < last; n--)
		kept = history_next(kept) != NULL ? history_next(kept) : last;
	buf_add(&out, kept, (size_t)(last - kept));
	if (out.len > 0 && buf_cstr(&out)[out.len - 1] != '\n')
		buf_char(&out, '\n');
	add_line(&new, &out);
	free(*lines);
	*lines = mem_dup(buf_cstr(&out));
}
