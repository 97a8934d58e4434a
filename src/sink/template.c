/* SPDX-License-Identifier: MIT */
#include "sink/template.h"

#include <ctype.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/credential.h"
#include "base/crypto.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/secret.h"
#include "base/str.h"
#include "sink/sink.h"

enum kind { LITERAL, PASSWORD, AUTH, USERNAME, SERVER, EXPIRES, SLOT };

/* How a secret is written. Nothing of its alphabet needs an escape in JSON: that is PLAIN. */
enum form { PLAIN, URL };

/* text: of a LITERAL, in the template's own copy; else the variable's name */
struct template_part {
	enum kind kind;
	enum form form;
	const char *text;
	size_t n;
};
struct template
{
	char *copy;
	struct template_part *part;
	size_t n, cap;
};

static const struct {
	const char *name;
	enum kind kind;
	enum form form;
} variables[] = {
	{ "{password}", PASSWORD, PLAIN },   { "{password:json}", PASSWORD, PLAIN },
	{ "{password:url}", PASSWORD, URL }, { "{auth}", AUTH, PLAIN },
	{ "{auth:json}", AUTH, PLAIN },      { "{auth:url}", AUTH, URL },
	{ "{username}", USERNAME, PLAIN },   { "{server}", SERVER, PLAIN },
	{ "{expires}", EXPIRES, PLAIN },     { "{slot}", SLOT, PLAIN },
};

/* No value is the start of another one, so that reading back never has to guess. */
static const char *const slots[] = { "unknown", "password1", "password2" };
#define NEVER     "never"
#define TIME_FORM "dddd-dd-ddTdd:dd:ddZ" /* d: a digit */

/* ---- parsing --------------------------------------------------------------------------------- */

static void add_part(struct template *t, struct template_part p)
{
	if (p.kind == LITERAL && p.n == 0)
		return;
	t->part = mem_grow(t->part, &t->cap, t->n + 1, sizeof(p));
	t->part[t->n++] = p;
}

static bool variable_at(const char *p, struct template_part *out, size_t *length)
{
	for (size_t i = 0; i < COUNT(variables); i++) {
		*length = strlen(variables[i].name);
		if (strncmp(p, variables[i].name, *length) == 0) {
			*out = (struct template_part){ .kind = variables[i].kind,
				                       .form = variables[i].form,
				                       .text = variables[i].name };
			return true;
		}
	}
	return false;
}

bool template_parse(const char *text, size_t n, struct template **out, struct err *e)
{
	if (n > TEMPLATE_MAX)
		return err_set(e, ERR_CONFIG, "the template is larger than %u bytes", TEMPLATE_MAX);
	if (memchr(text, '\0', n) != NULL)
		return err_set(e, ERR_CONFIG, "the template has a NUL byte in it");
	struct template *t = mem_new(sizeof(*t));
	t->copy = mem_dup_n(text, n);
	const char *start = t->copy, *p = t->copy;
	while (*p != '\0') {
		struct template_part v;
		size_t length;
		if (*p != '{' || !variable_at(p, &v, &length)) {
			p++;
			continue;
		}
		add_part(t, (struct template_part){
				    .kind = LITERAL, .text = start, .n = (size_t)(p - start) });
		add_part(t, v);
		p += length;
		start = p;
	}
	add_part(t, (struct template_part){
			    .kind = LITERAL, .text = start, .n = (size_t)(p - start) });
	*out = t;
	return true;
}

size_t template_size(const struct template *t)
{
	return strlen(t->copy);
}

void template_free(struct template *t)
{
	if (t == NULL)
		return;
	free(t->copy);
	free(t->part);
	free(t);
}

void template_free_ptr(struct template **t)
{
	template_free(*t);
}

/* ---- can it be read back? -------------------------------------------------------------------- */

static bool base64_byte(char c)
{
	return isalnum((unsigned char)c) || c == '+' || c == '/' || c == '=';
}

/* Azure's passwords are of [A-Za-z0-9+/=]; the others are what services of this kind also use. */
static bool password_byte(char c)
{
	return base64_byte(c) || c == '-' || c == '_' || c == '.' || c == '~';
}

static bool part_byte(const struct template_part *p, char c)
{
	if (p->form == URL)
		return isalnum((unsigned char)c) || (c != '\0' && strchr("-_.~%", c) != NULL);
	return p->kind == AUTH ? base64_byte(c) : password_byte(c);
}

static bool readable_pair(const struct template_part *secret, const struct template_part *next,
                          struct err *e)
{
	if (next == NULL)
		return true;
	if (next->kind != LITERAL)
		return err_set(e, ERR_CONFIG,
		               "the template cannot be read back: '%s' is followed by another "
		               "variable; put a space, a quote or a line end between them",
		               secret->text);
	if (part_byte(secret, next->text[0]))
		return err_set(e, ERR_CONFIG,
		               "the template cannot be read back: '%s' is followed by '%c', which "
		               "may be part of it; put a space, a quote or a line end between them",
		               secret->text, next->text[0]);
	return true;
}

bool template_readable(const struct template *t, struct err *e)
{
	bool any = false;

	for (size_t i = 0; i < t->n; i++) {
		if (t->part[i].kind != PASSWORD && t->part[i].kind != AUTH)
			continue;
		any = true;
		if (!readable_pair(&t->part[i], i + 1 < t->n ? &t->part[i + 1] : NULL, e))
			return false;
	}
	return any ||
	       err_set(e, ERR_CONFIG, "the template has neither {password} nor {auth} in it");
}

/* ---- writing --------------------------------------------------------------------------------- */

static void add_secret(const struct template_part *p, const struct credential *c, struct buf *out)
{
	AUTO_BUF struct buf pair = BUF_INIT(SECRET_MAX * 2), text = BUF_INIT(SECRET_MAX * 4);

	buf_fmt(&pair, "%s:", c->username);
	buf_add(&pair, secret_peek(c->password), secret_len(c->password));
	if (p->kind == AUTH)
		crypto_base64(buf_cstr(&pair), pair.len, false, &text);
	else
		buf_add(&text, secret_peek(c->password), secret_len(c->password));
	if (p->form == URL)
		buf_form(out, buf_cstr(&text));
	else
		buf_add(out, buf_cstr(&text), text.len);
}

static void add_value(const struct template_part *p, const struct credential *c, struct buf *out)
{
	char time[STR_TIME_MAX];

	switch (p->kind) {
	case LITERAL:
		buf_add(out, p->text, p->n);
		break;
	case PASSWORD:
	case AUTH:
		add_secret(p, c, out);
		break;
	case USERNAME:
		buf_str(out, c->username);
		break;
	case SERVER:
		buf_str(out, c->server);
		break;
	case EXPIRES:
		str_from_time(c->expires_us / 1000000, time);
		buf_str(out, c->expires_us > 0 ? time : NEVER);
		break;
	case SLOT:
		buf_str(out, slots[c->slot == 1 || c->slot == 2 ? c->slot : 0]);
		break;
	}
}

bool template_render(const struct template *t, const struct credential *c, struct buf *out,
                     struct err *e)
{
	const char *p = secret_peek(c->password);

	for (size_t i = 0; i < secret_len(c->password); i++)
		if (!password_byte(p[i]))
			return err_set(e, ERR_CONFIG,
			               "the password has a character that a template cannot carry");
	for (size_t i = 0; i < t->n; i++)
		add_value(&t->part[i], c, out);
	return buf_ok(out) || err_set(e, ERR_CONFIG, "the template's text is too long");
}

/* ---- reading back ---------------------------------------------------------------------------- */

struct template_reader {
	const char *p, *end;
	const struct credential *who;
	struct secret *found;
	struct sink_says says;
};

static bool eat(struct template_reader *r, const char *text, size_t n)
{
	if ((size_t)(r->end - r->p) < n || memcmp(r->p, text, n) != 0)
		return false;
	r->p += n;
	return true;
}

static bool eat_time(struct template_reader *r)
{
	const size_t n = sizeof(TIME_FORM) - 1;

	if (eat(r, NEVER, sizeof(NEVER) - 1))
		return true;
	if ((size_t)(r->end - r->p) < n)
		return false;
	for (size_t i = 0; i < n; i++)
		if (TIME_FORM[i] == 'd' ? !isdigit((unsigned char)r->p[i])
		                        : r->p[i] != TIME_FORM[i])
			return false;
	AUTO_FREE char *time = mem_dup_n(r->p, n);
	int64_t ticks;
	if (str_ticks(time, &ticks)) /* else no day of any month */
		r->says.expires_us = ticks / 10;
	r->p += n;
	return true;
}

static bool eat_slot(struct template_reader *r)
{
	for (size_t i = 0; i < COUNT(slots); i++)
		if (eat(r, slots[i], strlen(slots[i]))) {
			r->says.slot = (int)i;
			return true;
		}
	return false;
}

/* A second one must say the same as the first. */
static bool found(struct template_reader *r, struct secret *s)
{
	if (r->found == NULL) {
		r->found = s;
		return true;
	}
	bool same = secret_equal(r->found, s);
	secret_free(s);
	return same;
}

static int hex_value(char c)
{
	return isdigit((unsigned char)c) ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* As buf_form() wrote it, and in no other way: what reads back renders to the same file. */
static bool undo_form(const char *text, size_t n, struct buf *out)
{
	for (size_t i = 0; i < n; i++) {
		int high = text[i] == '%' && i + 2 < n ? hex_value(text[i + 1]) : -1;
		int low = high >= 0 ? hex_value(text[i + 2]) : -1;
		if (text[i] != '%') {
			buf_char(out, text[i]);
			continue;
		}
		if (low < 0 || isalnum(high * 16 + low) || strchr("-_.~", high * 16 + low) != NULL)
			return false;
		buf_char(out, (char)(high * 16 + low));
		i += 2;
	}
	return true;
}

/* All bytes of the part's alphabet. */
static bool eat_text(struct template_reader *r, const struct template_part *p, struct buf *out)
{
	const char *start = r->p;

	while (r->p < r->end && part_byte(p, *r->p))
		r->p++;
	size_t n = (size_t)(r->p - start);
	if (n == 0 || n > out->max)
		return false;
	if (p->form == URL)
		return undo_form(start, n, out);
	buf_add(out, start, n);
	return true;
}

static bool eat_password(struct template_reader *r, const struct template_part *p)
{
	AUTO_BUF struct buf text = BUF_INIT(SECRET_MAX);

	if (!eat_text(r, p, &text))
		return false;
	for (size_t i = 0; i < text.len; i++)
		if (!password_byte(buf_cstr(&text)[i]))
			return false;
	return found(r, secret_new(buf_cstr(&text), text.len));
}

static bool eat_auth(struct template_reader *r, const struct template_part *p)
{
	AUTO_SECRET struct secret *pair = NULL;
	AUTO_BUF struct buf encoded = BUF_INIT(2 * SECRET_MAX);
	struct err ignored = ERR_INIT;
	size_t user = strlen(r->who->username);

	if (!eat_text(r, p, &encoded) ||
	    !crypto_unbase64(buf_cstr(&encoded), encoded.len, &pair, &ignored))
		return false;
	const char *text = secret_peek(pair);
	if (secret_len(pair) <= user + 1 || memcmp(text, r->who->username, user) != 0 ||
	    text[user] != ':')
		return false;
	return found(r, secret_new(text + user + 1, secret_len(pair) - user - 1));
}

static bool eat_part(struct template_reader *r, const struct template_part *p)
{
	switch (p->kind) {
	case LITERAL:
		return eat(r, p->text, p->n);
	case PASSWORD:
		return eat_password(r, p);
	case AUTH:
		return eat_auth(r, p);
	case USERNAME:
		return eat(r, r->who->username, strlen(r->who->username));
	case SERVER:
		return eat(r, r->who->server, strlen(r->who->server));
	case EXPIRES:
		return eat_time(r);
	case SLOT:
		return eat_slot(r);
	}
	return false;
}

bool template_read(const struct template *t, const char *text, size_t n,
                   const struct credential *who, struct secret **out, struct sink_says *says)
{
	struct template_reader r = { .p = text, .end = text + n, .who = who };

	for (size_t i = 0; i < t->n; i++) {
		if (!eat_part(&r, &t->part[i])) {
			secret_free(r.found);
			return false;
		}
	}
	if (r.p != r.end || r.found == NULL) {
		secret_free(r.found);
		return false;
	}
	*out = r.found;
	*says = r.says;
	return true;
}

bool template_match(const struct template *t, const char *text, size_t n,
                    const struct credential *who, struct secret **out)
{
	struct sink_says ignored;

	return template_read(t, text, n, who, out, &ignored);
}
