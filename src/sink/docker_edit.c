/* SPDX-License-Identifier: MIT */
#include "sink/docker_edit.h"

#include <ctype.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/credential.h"
#include "base/crypto.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/secret.h"
#include "sink/docker_doc.h"

/* ---- the file's own style -------------------------------------------------------------------- */

/* Docker's own where the file shows none: a tab a level, a space after the colon. */
struct edit_style {
	bool lines, crlf;
	const char *unit;
	size_t n_unit;
	const char *colon;
	size_t n_colon;
};

/* The space before the first member of an object. */
static struct span lead(struct span object, const struct json_members *all)
{
	return (struct span){ .start = object.start + 1, .end = all->m[0].key.start };
}

/* What of it stands behind the last line end: the indentation. */
static struct span last_line(const char *text, struct span space)
{
	for (size_t i = space.end; i > space.start; i--)
		if (text[i - 1] == '\n')
			return (struct span){ .start = i, .end = space.end };
	return (struct span){ .start = space.end, .end = space.end };
}

static bool has_line(const char *text, struct span space)
{
	return memchr(text + space.start, '\n', space.end - space.start) != NULL;
}

static struct edit_style style_of(const struct docker_doc *d)
{
	struct edit_style s = {
		.lines = true, .unit = "\t", .n_unit = 1, .colon = ": ", .n_colon = 2
	};

	if (d->blank || d->members.n == 0)
		return s;
	struct span space = lead(d->top, &d->members), indent = last_line(d->text, space);
	const struct json_member *first = &d->members.m[0];
	s.lines = has_line(d->text, space);
	s.crlf = memchr(d->text + space.start, '\r', space.end - space.start) != NULL;
	s.unit = d->text + indent.start;
	s.n_unit = indent.end - indent.start;
	s.colon = d->text + first->key.end;
	s.n_colon = first->value.start - first->key.end;
	return s;
}

static void add_line(struct buf *out, const struct edit_style *s, const char *indent,
                     size_t n_indent)
{
	if (!s->lines)
		return;
	buf_str(out, s->crlf ? "\r\n" : "\n");
	buf_add(out, indent, n_indent);
}

/* ---- edits ----------------------------------------------------------------------------------- */

static void add_span(struct buf *out, const char *text, struct span s)
{
	buf_add(out, text + s.start, s.end - s.start);
}

/* text with [cut) replaced by `with` */
static void splice(const char *text, size_t n, struct span cut, const struct buf *with,
                   struct buf *out)
{
	buf_add(out, text, cut.start);
	buf_add(out, buf_cstr(with), with->len);
	buf_add(out, text + cut.end, n - cut.end);
}

/* A member to insert: its name as a JSON string, and its value written for an indentation. */
struct insert {
	const char *name; /* plain, or, with `raw`, a JSON string with its quotes */
	const char *raw;  /* the value as it stands somewhere else, or NULL: */
	size_t n_raw;
	const struct buf *auth; /* an entry with this "auth" */
	/* ... inside a new "auths" object, as the entry of this name; or NULL */
	const char *in_auths;
};

static void add_member(struct buf *out, const struct edit_style *s, const char *indent,
                       size_t n_indent, const struct insert *what);

static void add_object(struct buf *out, const struct edit_style *s, const char *indent,
                       size_t n_indent, const struct insert *what)
{
	AUTO_BUF struct buf inner = BUF_INIT(DOCKER_CONFIG_MAX);

	buf_add(&inner, indent, n_indent);
	if (s->lines)
		buf_add(&inner, s->unit, s->n_unit);
	buf_char(out, '{');
	add_line(out, s, buf_cstr(&inner), inner.len);
	add_member(out, s, buf_cstr(&inner), inner.len, what);
	add_line(out, s, indent, n_indent);
	buf_char(out, '}');
}

static void add_value(struct buf *out, const struct edit_style *s, const char *indent,
                      size_t n_indent, const struct insert *what)
{
	if (what->raw != NULL) {
		buf_add(out, what->raw, what->n_raw);
	} else if (what->in_auths != NULL) {
		add_object(out, s, indent, n_indent,
		           &(struct insert){ .name = what->in_auths, .auth = what->auth });
	} else if (what->auth != NULL) {
		AUTO_BUF struct buf quoted = BUF_INIT(DOCKER_CONFIG_MAX);
		buf_char(&quoted, '"');
		buf_add(&quoted, buf_cstr(what->auth), what->auth->len);
		buf_char(&quoted, '"');
		add_object(out, s, indent, n_indent,
		           &(struct insert){ .name = "\"auth\"",
		                             .raw = buf_cstr(&quoted),
		                             .n_raw = quoted.len });
	}
}

static void add_member(struct buf *out, const struct edit_style *s, const char *indent,
                       size_t n_indent, const struct insert *what)
{
	if (what->raw != NULL)
		buf_str(out, what->name);
	else
		buf_json(out, what->name);
	buf_add(out, s->colon, s->n_colon);
	add_value(out, s, indent, n_indent, what);
}

/* What stands between two members of this object. */
static void add_separator(struct buf *out, const char *text, struct span object,
                          const struct json_members *all)
{
	if (all->n >= 2) {
		add_span(out, text,
		         (struct span){ .start = all->m[0].value.end, .end = all->m[1].key.start });
		return;
	}
	buf_char(out, ',');
	add_span(out, text, lead(object, all));
}

/* Appends to an object of the text. `depth`: of the object, 0 for the whole file. */
static void insert(const char *text, size_t n, struct span object, const struct json_members *all,
                   int depth, const struct edit_style *s, const struct insert *what,
                   struct buf *out)
{
	AUTO_BUF struct buf with = BUF_INIT(DOCKER_CONFIG_MAX),
			    indent = BUF_INIT(DOCKER_CONFIG_MAX);

	if (all->n > 0) {
		size_t at = all->m[all->n - 1].value.end;
		struct span own = last_line(text, lead(object, all));
		add_separator(&with, text, object, all);
		add_member(&with, s, text + own.start, own.end - own.start, what);
		splice(text, n, (struct span){ .start = at, .end = at }, &with, out);
		return;
	}
	for (int i = 0; s->lines && i < depth; i++)
		buf_add(&indent, s->unit, s->n_unit);
	add_object(&with, s, buf_cstr(&indent), indent.len, what);
	splice(text, n, object, &with, out);
}

/* The entry's object anew: fields that are not about credentials stay where and as they are, the
 * first "auth" gets its new value. */
static void rewrite_entry(const struct docker_doc *d, const struct edit_style *s,
                          const struct buf *auth, struct buf *out)
{
	struct span object = d->entry->value;
	AUTO(json_span_clear) struct json_members all;
	bool placed = false;
	size_t kept = 0;

	json_span_members(d->text, object, &all);
	buf_char(out, '{');
	for (size_t i = 0; i < all.n; i++) {
		const struct json_member *m = &all.m[i];
		bool here = !placed && json_span_is(d->text, m->key, "auth");
		if (!here && docker_is_credential_field(d, m->key))
			continue;
		if (kept++ == 0)
			add_span(out, d->text, lead(object, &all));
		else
			add_span(out, d->text,
			         (struct span){ .start = all.m[i - 1].value.end,
			                        .end = m->key.start });
		if (!here) {
			add_span(out, d->text,
			         (struct span){ .start = m->key.start, .end = m->value.end });
			continue;
		}
		add_span(out, d->text,
		         (struct span){ .start = m->key.start, .end = m->value.start });
		buf_fmt(out, "\"%s\"", buf_cstr(auth));
		placed = true;
	}
	if (!placed) {
		if (kept > 0)
			buf_char(out, ',');
		add_span(out, d->text, lead(object, &all));
		buf_str(out, "\"auth\"");
		buf_add(out, s->colon, s->n_colon);
		buf_fmt(out, "\"%s\"", buf_cstr(auth));
	}
	add_span(out, d->text,
	         (struct span){ .start = all.m[all.n - 1].value.end, .end = object.end });
}

/* There is one. */
static bool entry_has_fields(const struct docker_doc *d)
{
	struct json_members all;

	if (!docker_is_object(d, d->entry->value))
		return false;
	json_span_members(d->text, d->entry->value, &all);
	bool any = all.n > 0;
	json_span_clear(&all);
	return any;
}

/* An empty or null entry: an object in its place, indented as its line is. */
static void fill_entry(const struct docker_doc *d, const struct edit_style *s,
                       const struct buf *auth, struct buf *out)
{
	struct span own = last_line(d->text, lead(d->known[AUTHS]->value, &d->auths));

	add_value(out, s, d->text + own.start, own.end - own.start,
	          &(struct insert){ .auth = auth });
}

static void put(const struct docker_doc *d, const char *key, const struct buf *auth,
                struct buf *out)
{
	const struct edit_style s = style_of(d);
	AUTO_BUF struct buf with = BUF_INIT(DOCKER_CONFIG_MAX);
	const struct insert whole = { .name = "auths", .auth = auth, .in_auths = key };
	const struct insert entry = { .name = key, .auth = auth };

	if (d->blank) {
		add_object(out, &s, "", 0, &whole);
		buf_char(out, '\n');
	} else if (d->null_auths != NULL) {
		struct span own = last_line(d->text, lead(d->top, &d->members));
		add_value(&with, &s, d->text + own.start, own.end - own.start, &whole);
		splice(d->text, d->n, d->null_auths->value, &with, out);
	} else if (d->known[AUTHS] == NULL) {
		insert(d->text, d->n, d->top, &d->members, 0, &s, &whole, out);
	} else if (d->entry == NULL) {
		insert(d->text, d->n, d->known[AUTHS]->value, &d->auths, 1, &s, &entry, out);
	} else {
		if (entry_has_fields(d))
			rewrite_entry(d, &s, auth, &with);
		else
			fill_entry(d, &s, auth, &with);
		splice(d->text, d->n, d->entry->value, &with, out);
	}
}

bool docker_put_doc(const struct docker_doc *d, const char *key, const struct credential *c,
                    struct buf *out, struct err *e)
{
	AUTO_BUF struct buf pair = BUF_INIT(2 * SECRET_MAX), auth = BUF_INIT(4 * SECRET_MAX);
	AUTO_BUF struct buf made = BUF_INIT(DOCKER_CONFIG_MAX);

	/* With `auths` in it it would be of the other format, and its readers would no longer see
	 * what stands at the top. */
	if (d->legacy)
		return err_set(e, ERR_CONFIG,
		               "it is in the old format of '.dockercfg': put what it has into an "
		               "object \"auths\"");
	buf_str(&pair, c->username);
	buf_char(&pair, ':');
	buf_add(&pair, secret_peek(c->password), secret_len(c->password));
	crypto_base64(buf_cstr(&pair), pair.len, false, &auth);
	put(d, key, &auth, &made);
	if (!buf_ok(&made))
		return err_set(e, ERR_LOCAL,
		               "it would be larger than %u bytes, which is what clients read",
		               DOCKER_CONFIG_MAX);
	buf_free(out);
	*out = made;
	made = (struct buf)BUF_INIT(0);
	return true;
}

bool docker_put(const struct buf *text, const char *key, const struct credential *c,
                struct buf *out, struct err *e)
{
	AUTO_DOCKER_DOC struct docker_doc d;

	return docker_doc_parse(text, key, &d, e) && docker_put_doc(&d, key, c, out, e);
}

void docker_set(const struct docker_doc *d, bool in_auths, const struct json_member *old,
                const char *text, const struct json_member *m, struct buf *out)
{
	const struct edit_style s = style_of(d);
	AUTO_BUF struct buf name = BUF_INIT(DOCKER_CONFIG_MAX), value = BUF_INIT(DOCKER_CONFIG_MAX);

	add_span(&value, text, m->value);
	if (old != NULL) {
		splice(d->text, d->n, old->value, &value, out);
		return;
	}
	add_span(&name, text, m->key);
	const struct insert what = { .name = buf_cstr(&name),
		                     .raw = buf_cstr(&value),
		                     .n_raw = value.len };
	if (d->blank)
		add_object(out, &s, "", 0, &what);
	else if (in_auths)
		insert(d->text, d->n, d->known[AUTHS]->value, &d->auths, 1, &s, &what, out);
	else
		insert(d->text, d->n, d->top, &d->members, 0, &s, &what, out);
}

/* "https://host/v1/" and "host/namespace" are asked at "host". */
void docker_key_host(const char *key, struct buf *out)
{
	const char *scheme = key != NULL ? strstr(key, "://") : NULL;
	const char *host = scheme != NULL ? scheme + 3 : key;

	for (size_t i = 0; host != NULL && host[i] != '\0' && host[i] != '/'; i++)
		buf_char(out, (char)tolower((unsigned char)host[i]));
}
