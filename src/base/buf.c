/* SPDX-License-Identifier: MIT */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/mem.h"
#include "base/show.h"

/* Most are a line: they need not grow thrice on their way there. */
#define FIRST_SIZE 64

/* Room for n more bytes and the NUL; false, and `over`, past the limit. The old block is wiped
 * by mem_grow. */
static bool reserve(struct buf *b, size_t n)
{
	if (b->over || n > b->max - b->len) {
		b->over = true;
		return false;
	}
	size_t want = b->len + n + 1;
	if (b->cap < want)
		b->data = mem_grow(b->data, &b->cap, want > FIRST_SIZE ? want : FIRST_SIZE, 1);
	return true;
}

void buf_add(struct buf *b, const void *p, size_t n)
{
	if (n == 0 || !reserve(b, n))
		return;
	memcpy(b->data + b->len, p, n);
	b->len += n;
	b->data[b->len] = '\0';
}

void buf_str(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void buf_char(struct buf *b, char c)
{
	if (!reserve(b, 1))
		return;
	b->data[b->len++] = c;
	b->data[b->len] = '\0';
}

void buf_lower(struct buf *b, const char *s, size_t n)
{
	if (n == 0 || !reserve(b, n))
		return;
	for (size_t i = 0; i < n; i++)
		b->data[b->len++] = s[i] >= 'A' && s[i] <= 'Z' ? (char)(s[i] - 'A' + 'a') : s[i];
	b->data[b->len] = '\0';
}

void buf_blanks(struct buf *b, size_t n)
{
	if (n == 0 || !reserve(b, n))
		return;
	memset(b->data + b->len, ' ', n);
	b->len += n;
	b->data[b->len] = '\0';
}

void buf_fmt(struct buf *b, const char *fmt, ...)
{
	va_list ap, again;

	va_start(ap, fmt);
	va_copy(again, ap);
	int n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n > 0 && reserve(b, (size_t)n)) {
		(void)vsnprintf(b->data + b->len, (size_t)n + 1, fmt, again);
		b->len += (size_t)n;
	}
	va_end(again);
}

void buf_json(struct buf *b, const char *s)
{
	uint32_t c;
	bool shown;

	if (s == NULL) {
		buf_str(b, "null");
		return;
	}
	buf_char(b, '"');
	for (size_t n; *s != '\0'; s += n) {
		n = show_next(s, &c, &shown);
		if (c == '"' || c == '\\')
			buf_fmt(b, "\\%c", (char)c);
		else if (c == '\n')
			buf_str(b, "\\n");
		else if (c == '\t')
			buf_str(b, "\\t");
		else if (shown)
			buf_add(b, s, n);
		else
			buf_fmt(b, "\\u%04x", (unsigned)c); /* none of them is over U+FFFF */
	}
	buf_char(b, '"');
}

void buf_json_member(struct buf *b, const char *name, const char *s)
{
	buf_fmt(b, ", \"%s\": ", name);
	buf_json(b, s);
}

void buf_form(struct buf *b, const char *s)
{
	static const char plain[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

	for (; *s != '\0'; s++) {
		if (strchr(plain, *s) != NULL)
			buf_char(b, *s);
		else
			buf_fmt(b, "%%%02X", (unsigned char)*s);
	}
}

bool buf_ok(const struct buf *b)
{
	return !b->over;
}

const char *buf_cstr(const struct buf *b)
{
	return b->data == NULL ? "" : b->data;
}

void buf_utf8(struct buf *b, uint32_t c)
{
	if (c < 0x80) {
		buf_char(b, (char)c);
	} else if (c < 0x800) {
		buf_char(b, (char)(0xc0 | c >> 6));
		buf_char(b, (char)(0x80 | (c & 0x3f)));
	} else if (c < 0x10000) {
		buf_char(b, (char)(0xe0 | c >> 12));
		buf_char(b, (char)(0x80 | (c >> 6 & 0x3f)));
		buf_char(b, (char)(0x80 | (c & 0x3f)));
	} else {
		buf_char(b, (char)(0xf0 | c >> 18));
		buf_char(b, (char)(0x80 | (c >> 12 & 0x3f)));
		buf_char(b, (char)(0x80 | (c >> 6 & 0x3f)));
		buf_char(b, (char)(0x80 | (c & 0x3f)));
	}
}

void buf_set(struct buf *b, const struct buf *from)
{
	buf_reset(b);
	buf_add(b, buf_cstr(from), from->len);
}

bool buf_equal(const struct buf *a, const struct buf *b)
{
	return a->len == b->len && memcmp(buf_cstr(a), buf_cstr(b), a->len) == 0;
}

void buf_reset(struct buf *b)
{
	if (b->data != NULL)
		explicit_bzero(b->data, b->cap);
	b->len = 0;
	b->over = false;
}

void buf_free(struct buf *b)
{
	mem_wiping_free(b->data);
	b->data = NULL;
	b->len = b->cap = 0;
	b->over = false;
}
