/* SPDX-License-Identifier: MIT */
/* Writing YAML: lines and their indention, and a text in the style that PyYAML would choose. */
#include <stdio.h>

#include "base/buf.h"
#include "base/mem.h"
#include "output/format.h"
#include "output/yaml.h"

#define BEST_INDENT 2
#define BEST_WIDTH  80

static void put(struct yaml_emitter *y, const char *s)
{
	buf_str(y->out, s);
	y->column += strlen(s);
}

void yaml_indicator(struct yaml_emitter *y, const char *s, bool need_whitespace, bool whitespace,
                    bool indention)
{
	if (!y->whitespace && need_whitespace)
		put(y, " ");
	put(y, s);
	y->whitespace = whitespace;
	y->indention = y->indention && indention;
	y->open_ended = false;
}

static void line_break(struct yaml_emitter *y, uint32_t c)
{
	buf_utf8(y->out, c);
	y->whitespace = y->indention = true;
	y->column = 0;
}

void yaml_new_line(struct yaml_emitter *y)
{
	size_t indent = y->indent < 0 ? 0 : (size_t)y->indent;

	if (!y->indention || y->column > indent || (y->column == indent && !y->whitespace))
		line_break(y, '\n');
	if (y->column < indent) {
		y->whitespace = true;
		buf_blanks(y->out, indent - y->column);
		y->column = indent;
	}
}

int yaml_deeper(const struct yaml_emitter *y, bool flow, bool indentless)
{
	if (y->indent < 0)
		return flow ? BEST_INDENT : 0;
	return indentless ? y->indent : y->indent + BEST_INDENT;
}
/* ---- text */

struct text {
	const uint32_t *p;
	size_t n;
	bool split;
};

static void put_points(struct yaml_emitter *y, const struct text *t, size_t start, size_t end)
{
	for (size_t i = start; i < end; i++)
		buf_utf8(y->out, t->p[i]);
	y->column += end - start;
}

/* The end of the run that starts at i: of spaces, of breaks, or of neither. */
static size_t run_end(const struct text *t, size_t i)
{
	size_t end = i;

	if (t->p[i] == ' ') {
		while (end < t->n && t->p[end] == ' ')
			end++;
	} else if (yaml_is_break(t->p[i])) {
		while (end < t->n && yaml_is_break(t->p[end]))
			end++;
	} else {
		while (end < t->n && t->p[end] != ' ' && !yaml_is_break(t->p[end]))
			end++;
	}
	return end;
}

static void put_breaks(struct yaml_emitter *y, const struct text *t, size_t start, size_t end)
{
	if (t->p[start] == '\n')
		line_break(y, '\n');
	for (size_t i = start; i < end; i++)
		line_break(y, t->p[i]);
	yaml_new_line(y);
}

/* Plain and single quoted text is folded at single spaces past the width; never at its ends. */
static void fold(struct yaml_emitter *y, const struct text *t, bool quoted)
{
	for (size_t i = 0, end; i < t->n; i = end) {
		end = run_end(t, i);
		if (yaml_is_break(t->p[i])) {
			put_breaks(y, t, i, end);
		} else if (t->p[i] != ' ') {
			for (size_t k = i; k < end; k++) {
				put_points(y, t, k, k + 1);
				if (quoted && t->p[k] == '\'')
					put(y, "'");
			}
		} else if (end - i == 1 && y->column > BEST_WIDTH && t->split && i > 0 &&
		           end < t->n) {
			yaml_new_line(y);
			if (!quoted)
				y->whitespace = y->indention = false;
		} else {
			put_points(y, t, i, end);
		}
	}
}

static void write_plain(struct yaml_emitter *y, const struct text *t, enum yaml_place place)
{
	if (place == YAML_IN_ROOT)
		y->open_ended = true;
	if (!y->whitespace)
		put(y, " ");
	y->whitespace = y->indention = false;
	fold(y, t, false);
}

static void write_single(struct yaml_emitter *y, const struct text *t)
{
	yaml_indicator(y, "'", true, false, false);
	fold(y, t, true);
	yaml_indicator(y, "'", false, false, false);
}

static void put_escape(struct yaml_emitter *y, uint32_t c)
{
	static const struct {
		uint32_t c;
		char name;
	} named[] = {
		{ 0, '0' },     { 7, 'a' },    { 8, 'b' },    { 9, 't' },      { 10, 'n' },
		{ 11, 'v' },    { 12, 'f' },   { 13, 'r' },   { 27, 'e' },     { '"', '"' },
		{ '\\', '\\' }, { 0x85, 'N' }, { 0xa0, '_' }, { 0x2028, 'L' }, { 0x2029, 'P' },
	};
	char text[16];

	for (size_t i = 0; i < COUNT(named); i++) {
		if (named[i].c == c) {
			(void)snprintf(text, sizeof(text), "\\%c", named[i].name);
			put(y, text);
			return;
		}
	}
	(void)snprintf(text, sizeof(text),
	               c <= 0xff     ? "\\x%02X"
	               : c <= 0xffff ? "\\u%04X"
	                             : "\\U%08X",
	               c);
	put(y, text);
}

static void write_double(struct yaml_emitter *y, const struct text *t)
{
	size_t start = 0;

	yaml_indicator(y, "\"", true, false, false);
	for (size_t end = 0; end <= t->n; end++) {
		bool at_end = end == t->n;
		bool escape = !at_end && (t->p[end] == '"' || t->p[end] == '\\' ||
		                          yaml_is_break(t->p[end]) || !yaml_printable(t->p[end]));
		if (at_end || escape) {
			put_points(y, t, start, end);
			start = end;
		}
		if (escape) {
			put_escape(y, t->p[end]);
			start = end + 1;
		}
		if (end > 0 && end + 1 < t->n && (t->p[end] == ' ' || start >= end) && t->split &&
		    y->column + end - start > BEST_WIDTH) {
			if (start < end) {
				put_points(y, t, start, end);
				start = end;
			}
			put(y, "\\");
			yaml_new_line(y);
			y->whitespace = y->indention = false;
			if (t->p[start] == ' ')
				put(y, "\\");
		}
	}
	yaml_indicator(y, "\"", false, false, false);
}

bool yaml_is_word(const char *s, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		if (s[i] <= ' ' || s[i] > '~')
			return false;
	return bytes > 0;
}

/* What yaml_look() says of a word. */
static bool word_is_plain(const char *s, size_t bytes)
{
	bool marks = bytes >= 3 && (s[0] == '-' || s[0] == '.') && s[1] == s[0] && s[2] == s[0];
	bool alone = bytes == 1 && strchr("?:-", s[0]) != NULL;

	return !marks && !alone && strchr("#,[]{}&*!|>'\"%@`", s[0]) == NULL && s[bytes - 1] != ':';
}

static void put_bytes(struct yaml_emitter *y, const char *s, size_t n)
{
	buf_add(y->out, s, n);
	y->column += n;
}

static void write_word(struct yaml_emitter *y, const char *s, size_t bytes, bool plain,
                       enum yaml_place place)
{
	if (plain) {
		y->open_ended = y->open_ended || place == YAML_IN_ROOT;
		if (!y->whitespace)
			put(y, " ");
		y->whitespace = y->indention = false;
		put_bytes(y, s, bytes);
		return;
	}
	yaml_indicator(y, "'", true, false, false);
	for (const char *quote; (quote = memchr(s, '\'', bytes)) != NULL;) {
		put_bytes(y, s, (size_t)(quote - s) + 1);
		put(y, "'");
		bytes -= (size_t)(quote - s) + 1;
		s = quote + 1;
	}
	put_bytes(y, s, bytes);
	yaml_indicator(y, "'", false, false, false);
}

void yaml_text(struct yaml_emitter *y, const char *s, size_t bytes, bool as_text,
               enum yaml_place place)
{
	if (yaml_is_word(s, bytes)) {
		bool plain = word_is_plain(s, bytes) && !(as_text && yaml_typed(y->types, s));
		write_word(y, s, bytes, plain, place);
		return;
	}
	struct text t = { .split = place != YAML_IN_KEY };
	uint32_t *points = points_of(s, bytes, &t.n);
	struct yaml_look look = yaml_look(points, t.n);
	bool key = place == YAML_IN_KEY;
	int outer = y->indent;

	t.p = points;
	y->indent = yaml_deeper(y, true, false);
	if (look.plain && !(as_text && yaml_typed(y->types, s)) &&
	    !(key && (look.empty || look.multiline)))
		write_plain(y, &t, place);
	else if (look.single && !(key && look.multiline))
		write_single(y, &t);
	else
		write_double(y, &t);
	y->indent = outer;
	mem_wiping_free(points);
}
