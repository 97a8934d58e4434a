/* SPDX-License-Identifier: MIT */
/* A template and, behind a byte 0x01, a file: what is rendered reads back; what reads back
 * renders to the same file. */
#include <stdint.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/credential.h"
#include "base/err.h"
#include "base/secret.h"
#include "fuzz/fuzz.h"
#include "sink/sink.h"
#include "sink/template.h"

static void render_and_match(const struct template *t, struct credential *c)
{
	struct buf text = BUF_INIT(TEMPLATE_TEXT_MAX);
	struct secret *back = NULL;
	struct err e = ERR_INIT;

	must(template_render(t, c, &text, &e));
	must(template_match(t, buf_cstr(&text), text.len, c, &back));
	must(secret_equal(back, c->password));
	secret_free(back);
	buf_free(&text);
}

/* Times, slots, and what base64 says in two ways, are not the same file again. */
static bool exact(const char *template)
{
	return strstr(template, "{expires}") == NULL && strstr(template, "{slot}") == NULL &&
	       strstr(template, "{auth") == NULL;
}

static bool is_it(void *ctx, const struct secret *s)
{
	return secret_equal(ctx, s);
}

/* Whatever the template makes of a password of Azure's length, it is found in it again. */
static void render_and_search(const struct template *t, struct credential *c)
{
	struct credential real = *c;
	struct buf text = BUF_INIT(TEMPLATE_TEXT_MAX);
	struct err e = ERR_INIT;

	real.password = secret_new("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHI+/ACR==", 52);
	const struct sink_known known = { .is = is_it, .ctx = real.password };
	must(template_render(t, &real, &text, &e));
	struct secret *hit = template_search(buf_cstr(&text), text.len, &real, &known);
	must(hit == NULL || secret_equal(hit, real.password));
	secret_free(hit);
	secret_free(real.password);
	buf_free(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char server[] = "r.io", user[] = "u-1";
	struct credential c = {
		.server = server, .username = user, .expires_us = 1767225600123456, .slot = 2
	};
	const uint8_t *one = size > 0 ? memchr(data, 1, size) : NULL;
	size_t n = one != NULL ? (size_t)(one - data) : size;
	struct buf text = BUF_INIT(TEMPLATE_TEXT_MAX), again = BUF_INIT(TEMPLATE_TEXT_MAX);
	struct template *t = NULL;
	struct secret *found = NULL;
	struct err e = ERR_INIT;

	buf_add(&text, data, n);
	if (size > 4096 || !template_parse(buf_cstr(&text), n, &t, &e)) {
		buf_free(&text);
		return 0;
	}
	bool readable = template_readable(t, &e);
	c.password = secret_new("pA+/=9~", 7);
	if (readable)
		render_and_match(t, &c);
	if (readable)
		render_and_search(t, &c);
	if (one != NULL && template_match(t, (const char *)one + 1, size - n - 1, &c, &found)) {
		secret_free(c.password);
		c.password = found;
		if (exact(buf_cstr(&text))) {
			must(template_render(t, &c, &again, &e));
			must(again.len == size - n - 1 &&
			     memcmp(buf_cstr(&again), one + 1, again.len) == 0);
		}
	}
	secret_free(c.password);
	template_free(t);
	buf_free(&again);
	buf_free(&text);
	return 0;
}
