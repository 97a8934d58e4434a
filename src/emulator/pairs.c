/* SPDX-License-Identifier: MIT */
#include "emulator/pairs.h"

#include <strings.h>

#include "base/buf.h"
#include "base/mem.h"

#define FORM_MAX (1 << 20) /* a client assertion with a chain is 20 kB */

void pairs_add(struct pairs *p, const char *name, const char *value)
{
	if (p->n == p->cap)
		p->item = mem_grow(p->item, &p->cap, p->n + 1, sizeof(*p->item));
	p->item[p->n++] = (struct pair){ .name = mem_dup(name),
		                         .value = mem_dup(value != NULL ? value : "") };
}

static void wipe(char *text)
{
	if (text != NULL)
		explicit_bzero(text, strlen(text));
	mem_free_ptr(&text);
}

void pairs_set(struct pairs *p, const char *name, const char *value)
{
	for (size_t i = 0; i < p->n; i++) {
		if (strcasecmp(p->item[i].name, name) == 0) {
			wipe(p->item[i].value);
			p->item[i].value = mem_dup(value);
			return;
		}
	}
	pairs_add(p, name, value);
}

const char *pairs_get(const struct pairs *p, const char *name)
{
	for (size_t i = 0; i < p->n; i++)
		if (strcasecmp(p->item[i].name, name) == 0)
			return p->item[i].value;
	return NULL;
}

const char *pairs_text(const struct pairs *p, const char *name)
{
	const char *value = pairs_get(p, name);

	return value != NULL ? value : "";
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool decode(const char *text, size_t len, struct buf *out)
{
	for (size_t i = 0; i < len; i++) {
		int high, low;

		if (text[i] != '%') {
			buf_char(out, text[i] == '+' ? ' ' : text[i]);
			continue;
		}
		if (len - i < 3 || (high = hex_digit(text[i + 1])) < 0 ||
		    (low = hex_digit(text[i + 2])) < 0)
			return false;
		buf_char(out, (char)(high * 16 + low));
		i += 2;
	}
	return buf_ok(out);
}

bool pairs_form(struct pairs *p, const char *text, size_t len)
{
	size_t at = 0;

	while (at < len) {
		AUTO_BUF struct buf name = BUF_INIT(FORM_MAX), value = BUF_INIT(FORM_MAX);
		const char *field = text + at;
		const char *end = memchr(field, '&', len - at);
		size_t n = end != NULL ? (size_t)(end - field) : len - at;
		const char *equals = memchr(field, '=', n);
		size_t n_name = equals != NULL ? (size_t)(equals - field) : n;

		if (!decode(field, n_name, &name) ||
		    (equals != NULL && !decode(equals + 1, n - n_name - 1, &value)))
			return false;
		if (n > 0)
			pairs_add(p, buf_cstr(&name), buf_cstr(&value));
		at += n + 1;
	}
	return true;
}

void pairs_copy(struct pairs *to, const struct pairs *from)
{
	for (size_t i = 0; i < from->n; i++)
		pairs_add(to, from->item[i].name, from->item[i].value);
}

void pairs_clear(struct pairs *p)
{
	for (size_t i = 0; i < p->n; i++) {
		mem_free_ptr(&p->item[i].name);
		wipe(p->item[i].value);
	}
	mem_free_ptr(&p->item);
	*p = (struct pairs){ 0 };
}
