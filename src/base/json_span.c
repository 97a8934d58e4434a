/* SPDX-License-Identifier: MIT */
#include "base/json_span.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"

/* ---- scanning: each moves past what it names, or returns false with `at` on the bad byte ---- */

struct scan {
	const char *text;
	size_t n, at;
	int depth;
};

static void space(struct scan *s)
{
	while (s->at < s->n && memchr(" \t\r\n", s->text[s->at], 4) != NULL)
		s->at++;
}

static bool byte(struct scan *s, char c)
{
	if (s->at >= s->n || s->text[s->at] != c)
		return false;
	s->at++;
	return true;
}

static bool word(struct scan *s, const char *w)
{
	for (; *w != '\0'; w++)
		if (!byte(s, *w))
			return false;
	return true;
}

#define EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

/* Is one of eight bytes not plain? A borrow may make the one above it look so, too, which costs no
 * more than a second look. */
static bool is_mixed(const char *s)
{
	uint64_t x;

	memcpy(&x, s, sizeof(x));
	uint64_t low = x - EACH(0x20), quote = (x ^ EACH('"')) - EACH(1),
		 back = (x ^ EACH('\\')) - EACH(1), high = x | (x + EACH(1));
	return ((low | quote | back | high) & EACH(0x80)) != 0;
}

size_t json_plain(const char *s, size_t n)
{
	size_t i = 0;

	while (n - i >= sizeof(uint64_t) && !is_mixed(s + i))
		i += sizeof(uint64_t);
	while (i < n && s[i] >= ' ' && s[i] <= '~' && s[i] != '"' && s[i] != '\\')
		i++;
	return i;
}

static bool digits(struct scan *s)
{
	size_t from = s->at;

	while (s->at < s->n && isdigit((unsigned char)s->text[s->at]))
		s->at++;
	return s->at > from;
}

static bool number(struct scan *s)
{
	(void)byte(s, '-'); /* optional */
	if (!byte(s, '0') && !digits(s))
		return false;
	if (byte(s, '.') && !digits(s))
		return false;
	if (!byte(s, 'e') && !byte(s, 'E'))
		return true;
	if (!byte(s, '+'))
		(void)byte(s, '-'); /* optional */
	return digits(s);
}

static bool escape(struct scan *s)
{
	if (s->at >= s->n)
		return false;
	char c = s->text[s->at];
	if (c != 'u') {
		if (c == '\0' || strchr("\"\\/bfnrt", c) == NULL)
			return false;
		s->at++;
		return true;
	}
	s->at++;
	for (int i = 0; i < 4; i++, s->at++)
		if (s->at >= s->n || !isxdigit((unsigned char)s->text[s->at]))
			return false;
	return true;
}

static bool string(struct scan *s)
{
	if (!byte(s, '"'))
		return false;
	while ((s->at += json_plain(s->text + s->at, s->n - s->at)) < s->n) {
		unsigned char c = (unsigned char)s->text[s->at];
		if (c < 0x20)
			return false;
		s->at++;
		if (c == '"')
			return true;
		if (c == '\\' && !escape(s))
			return false;
	}
	return false;
}

static bool value(struct scan *s);

static bool member(struct scan *s, struct json_member *out)
{
	out->key.start = s->at;
	if (!string(s))
		return false;
	out->key.end = s->at;
	space(s);
	if (!byte(s, ':'))
		return false;
	space(s);
	out->value.start = s->at;
	if (!value(s))
		return false;
	out->value.end = s->at;
	return true;
}

static bool one_of(struct scan *s, bool object)
{
	struct json_member ignored;

	return object ? member(s, &ignored) : value(s);
}

/* From past the opening bracket to past the closing one. */
static bool list(struct scan *s, bool object)
{
	char close = object ? '}' : ']';

	if (++s->depth > JSON_SPAN_DEPTH_MAX)
		return false;
	space(s);
	if (!byte(s, close)) {
		do {
			space(s);
			if (!one_of(s, object))
				return false;
			space(s);
		} while (byte(s, ','));
		if (!byte(s, close))
			return false;
	}
	s->depth--;
	return true;
}

/* Recursion is bounded by JSON_SPAN_DEPTH_MAX. */
static bool value(struct scan *s)
{
	if (s->at >= s->n)
		return false;
	switch (s->text[s->at]) {
	case '{':
	case '[':
		s->at++;
		return list(s, s->text[s->at - 1] == '{');
	case '"':
		return string(s);
	case 't':
		return word(s, "true");
	case 'f':
		return word(s, "false");
	case 'n':
		return word(s, "null");
	default:
		return number(s);
	}
}

bool json_span_value(const char *text, size_t n, struct span *out, bool *cut, struct err *e)
{
	struct scan s = { .text = text, .n = n };

	space(&s);
	size_t start = s.at;
	bool ok = value(&s);
	size_t end = s.at;
	space(&s);
	if (ok && s.at == n) {
		*out = (struct span){ .start = start, .end = end };
		return true;
	}
	*cut = !ok && s.at >= n;
	if (s.depth > JSON_SPAN_DEPTH_MAX)
		return err_set(e, ERR_REMOTE, "nested too deeply at byte %zu", s.at);
	return err_set(e, ERR_REMOTE, "not JSON at byte %zu%s", s.at,
	               *cut ? ", where it ends" : "");
}

/* Past the space and the comma behind the one before, or past the opening bracket. */
static struct scan resume(const char *text, struct span list, size_t at)
{
	struct scan s = { .text = text, .n = list.end, .at = at == 0 ? list.start + 1 : at };

	space(&s);
	if (at != 0 && byte(&s, ','))
		space(&s);
	return s;
}

bool json_span_next(const char *text, struct span object, size_t *at, struct json_member *out)
{
	struct scan s = resume(text, object, *at);

	if (!member(&s, out))
		return false;
	*at = s.at;
	return true;
}

bool json_span_next_item(const char *text, struct span array, size_t *at, struct span *out)
{
	struct scan s = resume(text, array, *at);

	out->start = s.at;
	if (s.text[s.at] == ']' || !value(&s))
		return false;
	out->end = *at = s.at;
	return true;
}

void json_span_members(const char *text, struct span object, struct json_members *out)
{
	struct json_member m;
	size_t at = 0;

	*out = (struct json_members){ .n = 0 };
	while (json_span_next(text, object, &at, &m)) {
		out->m = mem_grow(out->m, &out->cap, out->n + 1, sizeof(m));
		out->m[out->n++] = m;
	}
}

void json_span_clear(struct json_members *m)
{
	free(m->m);
	*m = (struct json_members){ .n = 0 };
}

/* ---- what a string says ---------------------------------------------------------------------- */

static uint32_t hex4(const char *p)
{
	uint32_t v = 0;

	for (int i = 0; i < 4; i++) {
		char c = p[i];
		v = v * 16 +
		    (uint32_t)(isdigit((unsigned char)c) ? c - '0' : (c | 0x20) - 'a' + 10);
	}
	return v;
}

static bool is_low(const char *p, const char *end)
{
	return end - p >= 6 && p[0] == '\\' && p[1] == 'u' && (hex4(p + 2) & 0xfc00) == 0xdc00;
}

bool json_span_strings_ok(const char *text, size_t n, struct err *e)
{
	const char *end = text + n, *p = text;

	for (; (p = memchr(p, '\\', (size_t)(end - p))) != NULL; p += 2) {
		uint32_t c = p[1] == 'u' ? hex4(p + 2) : ' ';
		if (c == 0)
			return err_set(e, ERR_REMOTE,
			               "unsupported JSON: a NUL character in a string");
		bool pair = (c & 0xfc00) == 0xd800 && is_low(p + 6, end);
		if ((c & 0xf800) == 0xd800 && !pair)
			return err_set(e, ERR_REMOTE,
			               "unsupported JSON: half a surrogate pair in a string");
		p += pair ? 6 : 0;
	}
	return true;
}

/* p stands behind "\u"; returns how many bytes it used: 4, or 10 for a pair. */
static size_t add_unicode(const char *p, const char *end, struct buf *out)
{
	uint32_t c = hex4(p);

	if (c >= 0xd800 && c < 0xdc00 && end - p >= 10 && p[4] == '\\' && p[5] == 'u') {
		uint32_t low = hex4(p + 6);
		if (low >= 0xdc00 && low < 0xe000) {
			buf_utf8(out, 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00));
			return 10;
		}
	}
	buf_utf8(out, c >= 0xd800 && c < 0xe000 ? 0xfffd : c);
	return 4;
}

void json_span_string(const char *text, struct span string, struct buf *out)
{
	static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
	const char *p = text + string.start + 1, *end = text + string.end - 1;

	while (p < end) {
		if (*p != '\\') {
			buf_char(out, *p++);
			continue;
		}
		const char *named = strchr(from, p[1]);
		p += 2;
		if (p[-1] == 'u')
			p += add_unicode(p, end, out);
		else
			buf_char(out, named != NULL ? to[named - from] : p[-1]);
	}
}

bool json_span_is(const char *text, struct span string, const char *want)
{
	size_t n = strlen(want);

	/* Nearly every string has no escape in it. */
	if (memchr(text + string.start, '\\', string.end - string.start) == NULL)
		return string.end - string.start == n + 2 &&
		       memcmp(text + string.start + 1, want, n) == 0;
	AUTO_BUF struct buf said = BUF_INIT(string.end - string.start);
	json_span_string(text, string, &said);
	return said.len == n && memcmp(buf_cstr(&said), want, n) == 0;
}
