/* SPDX-License-Identifier: MIT */
#include "findings.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/show.h"

#define TEXT_MAX 2048

static const struct {
	const char *name, *shown, *color;
} levels[] = {
	[FINDING_OK] = { "ok", "ok", "32" },
	[FINDING_UNKNOWN] = { "unknown", "unknown", "36" },
	[FINDING_WARNING] = { "warning", "warning", "33" },
	[FINDING_PROBLEM] = { "problem", "PROBLEM", "31" },
};
#define LEVEL_WIDTH 7

void findings_clear(struct findings *f)
{
	for (size_t i = 0; i < f->n; i++) {
		free(f->item[i].subject);
		free(f->item[i].text);
		free(f->item[i].fix);
	}
	free(f->item);
	free(f->job);
	*f = (struct findings){ 0 };
}

static struct finding *add(struct findings *f, enum finding_level level, const char *subject,
                           const char *text)
{
	f->item = mem_grow(f->item, &f->cap, f->n + 1, sizeof(*f->item));
	struct finding *new = &f->item[f->n++];
	*new = (struct finding){ .level = level,
		                 .subject = mem_dup(subject),
		                 .text = mem_dup(text) };
	show_line(new->subject);
	show_line(new->text);
	return new;
}

#define ADD(level)                                                                                 \
	do {                                                                                       \
		char text[TEXT_MAX];                                                               \
		va_list ap;                                                                        \
		va_start(ap, fmt);                                                                 \
		(void)vsnprintf(text, sizeof(text), fmt, ap);                                      \
		va_end(ap);                                                                        \
		return add(f, level, subject, text);                                               \
	} while (0)

struct finding *findings_ok(struct findings *f, const char *subject, const char *fmt, ...)
{
	ADD(FINDING_OK);
}

struct finding *findings_unknown(struct findings *f, const char *subject, const char *fmt, ...)
{
	ADD(FINDING_UNKNOWN);
}

struct finding *findings_warning(struct findings *f, const char *subject, const char *fmt, ...)
{
	ADD(FINDING_WARNING);
}

struct finding *findings_problem(struct findings *f, const char *subject, const struct err *e)
{
	struct finding *new = add(f, FINDING_PROBLEM, subject, e->text);

	new->kind = e->kind;
	return new;
}

void findings_fix(struct finding *f, const char *fmt, ...)
{
	char line[TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	show_line(line);
	char *all = f->fix == NULL ? mem_dup(line) : mem_fmt("%s\n%s", f->fix, line);
	free(f->fix);
	f->fix = all;
}

static void indented(const char *lines, struct buf *out)
{
	while (lines != NULL && *lines != '\0') {
		size_t n = strcspn(lines, "\n");
		buf_fmt(out, "%*s", LEVEL_WIDTH + 6, "");
		buf_add(out, lines, n);
		buf_char(out, '\n');
		lines += n + (lines[n] == '\n');
	}
}

static bool is_shown(const struct finding *at, bool problems)
{
	return !problems || at->level >= FINDING_WARNING;
}

void findings_text(const struct findings *f, bool color, bool problems, struct buf *out)
{
	for (size_t i = 0; i < f->n; i++) {
		const struct finding *at = &f->item[i];
		const char *shown = levels[at->level].shown;
		if (!is_shown(at, problems))
			continue;
		if (color)
			buf_fmt(out, "\033[%sm%s\033[0m%*s  ", levels[at->level].color, shown,
			        LEVEL_WIDTH - (int)strlen(shown), "");
		else
			buf_fmt(out, "%-*s  ", LEVEL_WIDTH, shown);
		if (f->job != NULL)
			buf_fmt(out, "%s: ", f->job);
		buf_fmt(out, "%s: %s\n", at->subject, at->text);
		indented(at->fix, out);
	}
}

static void fix_json(const char *lines, struct buf *out)
{
	bool first = true;

	buf_char(out, '[');
	while (lines != NULL && *lines != '\0') {
		size_t n = strcspn(lines, "\n");
		AUTO_FREE char *line = mem_dup_n(lines, n);
		buf_str(out, first ? "" : ", ");
		buf_json(out, line);
		first = false;
		lines += n + (lines[n] == '\n');
	}
	buf_char(out, ']');
}

void findings_json(const struct findings *f, bool problems, bool *first, struct buf *out)
{
	for (size_t i = 0; i < f->n; i++) {
		const struct finding *at = &f->item[i];
		if (!is_shown(at, problems))
			continue;
		buf_fmt(out,
		        "%s  {\"version\": 1, \"level\": \"%s\", \"job\": ", *first ? "" : ",\n",
		        levels[at->level].name);
		*first = false;
		buf_json(out, f->job);
		buf_json_member(out, "subject", at->subject);
		buf_json_member(out, "text", at->text);
		buf_str(out, ", \"fix\": ");
		fix_json(at->fix, out);
		buf_fmt(out, ", \"exit\": %d}", err_exit_code(at->kind));
	}
}

enum err_kind findings_worst(const struct findings *f, enum err_kind worst)
{
	for (size_t i = 0; i < f->n; i++)
		if (f->item[i].level == FINDING_PROBLEM)
			worst = worst == ERR_NONE ? f->item[i].kind
			                          : err_worse(worst, f->item[i].kind);
	return worst;
}

size_t findings_count(const struct findings *f, enum finding_level level)
{
	size_t n = 0;

	for (size_t i = 0; i < f->n; i++)
		n += f->item[i].level == level;
	return n;
}
