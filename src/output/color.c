/* SPDX-License-Identifier: MIT */
/* The colours that Pygments' terminal formatter gives JSON and YAML: white space is painted too. */
#include "output/format.h"

#include "base/buf.h"

#define GRAY   "\x1b[37m"
#define BLUE   "\x1b[34m"
#define BRIGHT "\x1b[94m"
#define YELLOW "\x1b[33m"
#define RED    "\x1b[31m"
#define MARKER "\x1b[04m\x1b[36m"
#define WRONG  "\x1b[04m\x1b[91m"

static void paint(struct buf *out, const char *color, const char *s, size_t n)
{
	buf_str(out, color);
	buf_add(out, s, n);
	buf_str(out, "\x1b[39;49;00m");
}

/* The same, a piece for each line; a newline is left outside. */
static void paint_lines(struct buf *out, const char *color, const char *s, size_t n)
{
	for (size_t i = 0, start = 0; i < n;) {
		size_t end = points_break_length(s + i);
		i += end > 0 ? end : points_length(s + i, n - i);
		if (end == 0 && i < n)
			continue;
		bool newline = s[i - 1] == '\n';
		paint(out, color, s + start, i - start - newline);
		if (newline)
			buf_char(out, '\n');
		start = i;
	}
}

/* Length of the white space at s for which Pygments has no rule, painted as a mistake; 0 if
 * there is none. */
static size_t paint_odd_space(struct buf *out, const char *s)
{
	size_t n = *s == ' ' || *s == '\n' ? 0 : points_space_length(s);

	if (n > 0)
		paint(out, WRONG, s, n);
	return n;
}

/* A run of white space, line by line; also the empty end of a line. */
static size_t paint_space(struct buf *out, const char *s)
{
	size_t n = strspn(s, " \n"), i = 0;

	while (i < n) {
		size_t line = strcspn(s + i, "\n");
		line = line > n - i ? n - i : line;
		paint(out, GRAY, s + i, line);
		i += line;
		if (i < n) {
			buf_char(out, '\n');
			i++;
		}
	}
	return n;
}

/* Past a string in double quotes. */
static size_t quoted_length(const char *s)
{
	size_t n = 1;

	while (s[n] != '\0' && s[n] != '"')
		n += s[n] == '\\' && s[n + 1] != '\0' ? 2 : 1;
	return s[n] == '"' ? n + 1 : n;
}

void color_json(const char *s, struct buf *out)
{
	while (*s != '\0') {
		size_t n = strspn(s, "[]{},:");
		if (n > 0) {
			buf_add(out, s, n);
		} else if (*s == ' ' || *s == '\n') {
			n = paint_space(out, s);
		} else if (*s == '"') {
			n = quoted_length(s);
			paint_lines(out, s[n] == ':' ? BRIGHT : YELLOW, s, n);
		} else {
			n = strcspn(s, ",]} \n");
			paint(out, BLUE, s, n == 0 ? 1 : n);
			n = n == 0 ? 1 : n;
		}
		s += n;
	}
}

/* Up to white space or one of `end`. */
static size_t word_length(const char *s, const char *end)
{
	size_t n = 0;

	while (s[n] != '\0' && strchr(end, s[n]) == NULL && points_space_length(s + n) == 0)
		n += points_length(s + n, strnlen(s + n, 4));
	return n;
}

/* Quotes, escapes, words and the space between them are pieces of their own. */
static const char *color_quoted(const char *s, struct buf *out)
{
	char quote = *s;

	paint(out, YELLOW, s++, 1);
	while (*s != '\0') {
		size_t n = strspn(s, " ");
		if (*s == '\n') {
			s += paint_space(out, s);
			continue;
		}
		if (n > 0) {
			paint(out, s[n] == '\n' || s[-1] == '\n' ? GRAY : RED, s, n);
		} else if (*s == quote && (quote == '"' || s[1] != '\'')) {
			paint(out, YELLOW, s, 1);
			return s + 1;
		} else if (*s == '\'' && quote == '\'') {
			n = 2;
			paint(out, YELLOW, s, n);
		} else if (*s == '\\' && quote == '"') {
			n = s[1] == 'x'    ? 4
			    : s[1] == 'u'  ? 6
			    : s[1] == 'U'  ? 10
			    : s[1] == '\0' ? 1
			                   : 2;
			n = strnlen(s, n);
			paint_lines(out, YELLOW, s, n);
		} else if ((n = paint_odd_space(out, s)) == 0) {
			n = word_length(s, quote == '"' ? "\"\\" : "'");
			paint(out, YELLOW, s, n);
		}
		s += n;
	}
	return s;
}

/* Plain text up to the end of its line; a key up to its colon. */
static const char *color_plain(const char *s, struct buf *out)
{
	size_t line = strcspn(s, "\n"), n = 0;

	while (n < line && !(s[n] == ':' && (n + 1 == line || s[n + 1] == ' ')))
		n++;
	/* A key with one of these is not known for one. */
	if (n < line && strcspn(s, "#,?[]{}\"'") >= n) {
		paint(out, BRIGHT, s, n);
		return s + n;
	}
	for (size_t i = 0; i < n;) {
		size_t odd = paint_odd_space(out, s + i),
		       len = odd > 0 ? odd : points_length(s + i, n - i);
		if (odd == 0)
			buf_add(out, s + i, len);
		i += len;
	}
	return s + n;
}

void color_yaml(const char *s, struct buf *out)
{
	bool start = true;

	while (*s != '\0') {
		if (start && strcmp(s, "...\n") == 0) {
			paint(out, MARKER, s, 3);
			s += 3;
		} else if (*s == ' ' || *s == '\n') {
			start = *s == '\n';
			s += paint_space(out, s);
		} else if (*s == '\'' || *s == '"') {
			s = color_quoted(s, out);
			/* an alias or its anchor; a text that begins so is in quotes */
		} else if (*s == '*' || *s == '&') {
			size_t n = 1 + strspn(s + 1, "id0123456789");
			if (*s == '*')
				paint(out, RED, s, n);
			else
				buf_add(out, s, n);
			s += n;
		} else if ((*s == ':' || *s == '-' || *s == '?') && (s[1] == ' ' || s[1] == '\n')) {
			buf_char(out, *s++);
		} else {
			s = color_plain(s, out);
		}
	}
}
