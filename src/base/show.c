/* SPDX-License-Identifier: MIT */
#include "base/show.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"

/* ---- one character --------------------------------------------------------------------------- */

/* The forms of UTF-8 (RFC 3629): bits of the first byte, how many follow, the smallest code that
 * needs so many. */
static const struct form {
	unsigned char mask, bits;
	size_t more;
	uint32_t least;
} forms[] = {
	{ 0x80, 0x00, 0, 0 },
	{ 0xe0, 0xc0, 1, 0x80 },
	{ 0xf0, 0xe0, 2, 0x800 },
	{ 0xf8, 0xf0, 3, 0x10000 },
};

static const struct form *form_of(unsigned char first)
{
	for (size_t i = 0; i < COUNT(forms); i++)
		if ((first & forms[i].mask) == forms[i].bits)
			return &forms[i];
	return NULL;
}

/* 0: not UTF-8. The NUL at the end of `s` is no byte that follows. */
static size_t decode(const char *s, uint32_t *code)
{
	const struct form *f = form_of((unsigned char)*s);

	if (f == NULL)
		return 0;
	uint32_t c = (unsigned char)*s & (unsigned char)~f->mask;
	for (size_t i = 1; i <= f->more; i++) {
		if (((unsigned char)s[i] & 0xc0u) != 0x80)
			return 0;
		c = c << 6 | ((unsigned char)s[i] & 0x3fu);
	}
	if (c < f->least || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return 0;
	*code = c;
	return f->more + 1;
}

static bool is_hidden(uint32_t c)
{
	static const struct {
		uint32_t first, last;
	} rows[] = {
		{ 0x00, 0x1f },     /* C0 */
		{ 0x7f, 0x9f },     /* DEL, C1 */
		{ 0x61c, 0x61c },   /* Arabic letter mark */
		{ 0x200e, 0x200f }, /* left-to-right and right-to-left mark */
		{ 0x2028, 0x2029 }, /* line and paragraph separator */
		{ 0x202a, 0x202e }, /* embeddings and overrides of the direction, and their end */
		{ 0x2066, 0x2069 }, /* isolates, and their end */
	};

	for (size_t i = 0; i < COUNT(rows); i++)
		if (c >= rows[i].first && c <= rows[i].last)
			return true;
	return false;
}

size_t show_next(const char *s, uint32_t *code, bool *shown)
{
	size_t n = decode(s, code);

	*shown = n > 0 && !is_hidden(*code);
	if (n > 0)
		return n;
	*code = SHOW_INVALID;
	return 1;
}

/* ---- lines ----------------------------------------------------------------------------------- */

static bool is_control(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0);
}

static char stand_in(uint32_t c)
{
	return is_control(c) ? ' ' : '?';
}

void show_line(char *s)
{
	char *to = s;
	uint32_t c;
	bool shown;

	for (size_t n; *s != '\0'; s += n) {
		n = show_next(s, &c, &shown);
		if (!shown) {
			*to++ = stand_in(c);
			continue;
		}
		memmove(to, s, n);
		to += n;
	}
	*to = '\0';
}

char *show_line_of(const char *s)
{
	char *line = mem_dup(s);

	show_line(line);
	return line;
}

bool show_is_line(const char *s)
{
	uint32_t c;
	bool shown = true;

	for (size_t n; shown && *s != '\0'; s += n)
		n = show_next(s, &c, &shown);
	return shown;
}

void show_lines(const char *s, struct buf *out)
{
	uint32_t c;
	bool shown;

	for (size_t n; *s != '\0'; s += n) {
		n = show_next(s, &c, &shown);
		if (shown || c == '\n' || c == '\t')
			buf_add(out, s, n);
		else
			buf_char(out, stand_in(c));
	}
}

void show_label(const char *s, struct buf *out)
{
	uint32_t c;
	bool shown;

	for (size_t n; *s != '\0'; s += n) {
		n = show_next(s, &c, &shown);
		if (c == '\n')
			buf_str(out, "\\n");
		else if (c == '"' || c == '\\')
			buf_fmt(out, "\\%c", (char)c);
		else if (shown)
			buf_add(out, s, n);
		else
			buf_char(out, stand_in(c));
	}
}

char *show_word(const char *s)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				    "_-./:@%+=,";
	AUTO_FREE char *line = show_line_of(s);
	AUTO_BUF struct buf out = BUF_INIT(4 * strlen(s) + 2);

	if (*line != '\0' && line[strspn(line, plain)] == '\0')
		return take(&line);
	buf_char(&out, '\'');
	for (const char *c = line; *c != '\0'; c++)
		if (*c == '\'')
			buf_str(&out, "'\\''");
		else
			buf_char(&out, *c);
	buf_char(&out, '\'');
	return mem_dup(buf_cstr(&out));
}

/* ---- cutting --------------------------------------------------------------------------------- */

#define DOTS "..."

static bool is_inside(char c)
{
	return ((unsigned char)c & 0xc0u) == 0x80;
}

void show_cut(char *s, size_t max)
{
	size_t n = strlen(s), end = max > strlen(DOTS) ? max - strlen(DOTS) : 0;

	if (n <= max)
		return;
	while (end > 0 && is_inside(s[end]))
		end--;
	size_t word = end;
	while (word > 0 && s[word] != ' ')
		word--;
	/* A long path at the end is worth more than the word before it. */
	if (word > end / 2)
		end = word;
	while (end > 0 && strchr(" ,;:", s[end - 1]) != NULL)
		end--;
	memcpy(s + end, DOTS, max >= strlen(DOTS) ? sizeof(DOTS) : 1);
	s[max < strlen(DOTS) ? 0 : end + strlen(DOTS)] = '\0';
}

/* ---- units ----------------------------------------------------------------------------------- */

bool show_unit_path(const char *path, struct buf *out, struct err *e)
{
	if (path[0] != '/')
		return err_set(e, ERR_CONFIG, "'%s' is not an absolute path", path);
	if (!show_is_line(path))
		return err_set(e, ERR_CONFIG,
		               "'%s' has a control character, a mark of direction, or a byte that "
		               "is not UTF-8 in it, which no "
		               "unit can name: rename it",
		               path);
	for (const char *c = path; *c != '\0'; c++) {
		if (*c == '%' || *c == '\\' || *c == '"')
			buf_char(out, *c == '%' ? '%' : '\\');
		buf_char(out, *c);
	}
	return true;
}
