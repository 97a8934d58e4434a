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

static void paint(struct buf *out, const char *color, const char *s, size_t n)
{
	buf_str(out, color);
	buf_add(out, s, n);
	buf_str(out, "\x1b[39;49;00m");
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
			paint(out, s[n] == ':' ? BRIGHT : YELLOW, s, n);
		} else {
			n = strcspn(s, ",]} \n");
			paint(out, BLUE, s, n == 0 ? 1 : n);
			n = n == 0 ? 1 : n;
		}
		s += n;
	}
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
			paint(out, s[n] == '\n' ? GRAY : RED, s, n);
		} else if (*s == quote && (quote == '"' || s[1] != '\'')) {
			paint(out, YELLOW, s, 1);
			return s + 1;
		} else if (*s == '\'' && quote == '\'') {
			n = 2;
			paint(out, YELLOW, s, n);
		} else if (*s == '\\' && quote == '"') {
			n = s[1] == 'x' ? 4 : s[1] == 'u' ? 6 : s[1] == 'U' ? 10 : s[1] == '\0' ? 1 : 2;
			n = strnlen(s, n);
			paint(out, YELLOW, s, n);
		} else {
			n = strcspn(s, quote == '"' ? " \n\"\\" : " \n'");
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
	if (n < line)
		paint(out, BRIGHT, s, n);
	else
		buf_add(out, s, line);
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
		} else if ((*s == ':' || *s == '-' || *s == '?') && (s[1] == ' ' || s[1] == '\n')) {
			buf_char(out, *s++);
		} else {
			s = color_plain(s, out);
		}
	}
}
