/* SPDX-License-Identifier: MIT */
#include "azure/xml.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

struct xml {
	const char *at, *end;
	struct buf path, text;
	size_t length[XML_DEPTH_MAX]; /* of the path, without the element at this depth */
	size_t depth;
	bool leaf; /* no child since the last start */
	xml_each_fn *each;
	void *ctx;
};

static bool malformed(const struct xml *x, const char *what, struct err *e)
{
	return err_set(e, ERR_REMOTE, "the XML is not understood: %s, %zu bytes before its end",
	               what, (size_t)(x->end - x->at));
}

static bool skip(struct xml *x, const char *what)
{
	size_t n = strlen(what);

	if ((size_t)(x->end - x->at) < n || memcmp(x->at, what, n) != 0)
		return false;
	x->at += n;
	return true;
}

static void skip_space(struct xml *x)
{
	while (x->at < x->end && str_is_space(*x->at))
		x->at++;
}

/* Letters, digits and "_-.:"; 0 if there is none. */
static size_t name_len(const struct xml *x)
{
	size_t n = 0, left = (size_t)(x->end - x->at);

	while (n < left && (str_is_name(x->at[n]) || x->at[n] == ':'))
		n++;
	return n;
}

/* ---- text ------------------------------------------------------------------------------------ */

static const struct {
	const char *name;
	char is;
} entities[] = {
	{ "&lt;", '<' }, { "&gt;", '>' }, { "&amp;", '&' }, { "&quot;", '"' }, { "&apos;", '\'' },
};

static int digit_of(char c, unsigned base)
{
	if (str_is_digit(c))
		return c - '0';
	if (base == 16 && c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return base == 16 && c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* After "&#". */
static bool read_code(struct xml *x)
{
	unsigned base = skip(x, "x") ? 16 : 10;
	uint32_t code = 0;
	size_t digits = 0;

	for (int d; x->at < x->end && (d = digit_of(*x->at, base)) >= 0; x->at++, digits++)
		code = code > 0x10ffff ? code : code * base + (uint32_t)d;
	if (digits == 0 || code == 0 || code > 0x10ffff || (code >= 0xd800 && code < 0xe000) ||
	    !skip(x, ";"))
		return false;
	buf_utf8(&x->text, code);
	return true;
}

static bool read_entity(struct xml *x)
{
	if (skip(x, "&#"))
		return read_code(x);
	for (size_t i = 0; i < COUNT(entities); i++) {
		if (skip(x, entities[i].name)) {
			buf_char(&x->text, entities[i].is);
			return true;
		}
	}
	return false;
}

static bool read_text(struct xml *x, struct err *e)
{
	while (x->at < x->end && *x->at != '<') {
		char c = *x->at;
		if (c == '\0' || (c == '&' && !read_entity(x)))
			return malformed(x, "a character that cannot be", e);
		if (c != '&')
			buf_char(&x->text, *x->at++);
	}
	return buf_ok(&x->text) || malformed(x, "too long a text", e);
}

/* ---- elements -------------------------------------------------------------------------------- */

/* name="value", any number of them. */
static bool skip_attributes(struct xml *x)
{
	for (;;) {
		const char *before = x->at;
		skip_space(x);
		size_t n = name_len(x);
		if (n == 0)
			return true;
		x->at += n;
		char quote = (size_t)(x->end - x->at) >= 2 && x->at[0] == '=' ? x->at[1] : '\0';
		if (before == x->at - n || (quote != '"' && quote != '\''))
			return false;
		const char *close = memchr(x->at + 2, quote, (size_t)(x->end - x->at) - 2);
		if (close == NULL || memchr(x->at, '<', (size_t)(close - x->at)) != NULL)
			return false;
		x->at = close + 1;
	}
}

static bool leave(struct xml *x, struct err *e)
{
	bool ok = !x->leaf || x->each(x->ctx, buf_cstr(&x->path), buf_cstr(&x->text), e);

	x->path.len = x->length[--x->depth];
	x->path.data[x->path.len] = '\0';
	x->leaf = false;
	buf_reset(&x->text);
	return ok;
}

static bool enter(struct xml *x, struct err *e)
{
	size_t n = name_len(x);

	if (n == 0 || x->depth == XML_DEPTH_MAX)
		return malformed(x, n == 0 ? "no element's name" : "too deep", e);
	x->length[x->depth++] = x->path.len;
	if (x->path.len > 0)
		buf_char(&x->path, '/');
	buf_add(&x->path, x->at, n);
	if (!buf_ok(&x->path))
		return malformed(x, "too long a name", e);
	x->at += n;
	x->leaf = true;
	buf_reset(&x->text);
	if (!skip_attributes(x))
		return malformed(x, "an attribute", e);
	bool empty = skip(x, "/");
	return skip(x, ">") ? !empty || leave(x, e) : malformed(x, "an element's start", e);
}

/* After "</". */
static bool close_element(struct xml *x, struct err *e)
{
	size_t n = name_len(x);
	/* the last name of the path */
	const char *open = x->depth > 0 ? x->path.data + x->length[x->depth - 1] : "";

	open += *open == '/';
	if (x->depth == 0 || strlen(open) != n || memcmp(open, x->at, n) != 0)
		return malformed(x, "an end without its start", e);
	x->at += n;
	skip_space(x);
	return skip(x, ">") ? leave(x, e) : malformed(x, "an element's end", e);
}

static bool read_elements(struct xml *x, struct err *e)
{
	do {
		if (!read_text(x, e))
			return false;
		bool ok = skip(x, "</")  ? close_element(x, e)
		          : skip(x, "<") ? enter(x, e)
		                         : malformed(x, "it ends too early", e);
		if (!ok)
			return false;
	} while (x->depth > 0);
	return true;
}

static bool skip_declaration(struct xml *x)
{
	if (!skip(x, "<?xml"))
		return true;
	return skip_attributes(x) && skip(x, "?>");
}

static bool read_document(struct xml *x, struct err *e)
{
	if (!skip_declaration(x))
		return malformed(x, "the declaration", e);
	skip_space(x);
	if (x->at == x->end || *x->at != '<')
		return malformed(x, "no element", e);
	if (!read_elements(x, e))
		return false;
	skip_space(x);
	return x->at == x->end || malformed(x, "something after the end", e);
}

bool xml_read(const char *text, size_t n, xml_each_fn *each, void *ctx, struct err *e)
{
	struct xml x = { .at = text + str_mark(text, n),
		         .end = text + n,
		         .path = BUF_INIT(XML_PATH_MAX),
		         .text = BUF_INIT(XML_TEXT_MAX),
		         .each = each,
		         .ctx = ctx };
	bool ok = read_document(&x, e);

	buf_free(&x.path);
	buf_free(&x.text);
	return ok;
}
