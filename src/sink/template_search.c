/* SPDX-License-Identifier: MIT */
/* A password of ours in a text whose template is not known: everything in it that may be one is
 * held against what is known. */
#include <ctype.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/credential.h"
#include "base/secret.h"
#include "sink/docker_reader.h"
#include "sink/sink.h"
#include "sink/template.h"

#define TRIES_MAX 200000 /* digests, a fifth of a second: a file of ours has a few hundred */

/* How long Azure's passwords are and were: within a longer run of such bytes one may begin
 * anywhere. */
static const size_t lengths[] = { 52, 32 };

struct search {
	const struct credential *who;
	const struct sink_known *known;
	struct secret *hit;
	size_t tries;
};

static void try(struct search *s, const char *p, size_t n)
{
	AUTO_SECRET struct secret *candidate = NULL;

	if (n > SECRET_MAX || s->tries++ >= TRIES_MAX)
		return;
	candidate = secret_new(p, n);
	if (s->known->is(s->known->ctx, candidate))
		s->hit = take(&candidate);
}

/* "NAME=" before it is of the alphabet, too. */
static void try_run(struct search *s, const char *p, size_t n)
{
	for (size_t i = 0; i < n && s->hit == NULL; i++)
		if (i == 0 || p[i - 1] == '=')
			try(s, p + i, n - i);
	for (size_t k = 0; k < COUNT(lengths); k++)
		for (size_t i = 0; i + lengths[k] <= n && s->hit == NULL && s->tries < TRIES_MAX;
		     i++)
			try(s, p + i, lengths[k]);
}

static void try_pair(struct search *s, const struct buf *encoded)
{
	char *user = NULL;
	struct secret *password = NULL;

	if (s->hit == NULL &&
	    docker_auth_split(DOCKER_BASE64_GO, encoded, &user, &password) == DOCKER_AUTH_PAIR &&
	    strcmp(user, s->who->username) == 0 && s->known->is(s->known->ctx, password))
		s->hit = take(&password);
	free(user);
	secret_free(password);
}

static bool is_plain(char c)
{
	return isalnum((unsigned char)c) || (c != '\0' && strchr("+/=-_.~", c) != NULL);
}

static bool is_url(char c)
{
	return isalnum((unsigned char)c) || (c != '\0' && strchr("-_.~%", c) != NULL);
}

static void undo_percent(const char *p, size_t n, struct buf *out)
{
	for (size_t i = 0; i < n; i++) {
		char hex[3] = { 0 };
		if (p[i] != '%' || i + 2 >= n) {
			buf_char(out, p[i]);
			continue;
		}
		memcpy(hex, p + i + 1, 2);
		buf_char(out, (char)strtol(hex, NULL, 16));
		i += 2;
	}
}

static void try_form(struct search *s, const char *p, size_t n, bool url)
{
	AUTO_BUF struct buf text = BUF_INIT(TEMPLATE_TEXT_MAX);

	if (url)
		undo_percent(p, n, &text);
	else
		buf_add(&text, p, n);
	try_run(s, buf_cstr(&text), text.len);
	try_pair(s, &text);
}

static void each_run(struct search *s, const char *text, size_t n, bool url)
{
	for (size_t i = 0; i < n && s->hit == NULL; i++) {
		size_t from = i;
		while (i < n && (url ? is_url(text[i]) : is_plain(text[i])))
			i++;
		if (i > from && (!url || memchr(text + from, '%', i - from) != NULL))
			try_form(s, text + from, i - from, url);
	}
}

struct secret *template_search(const char *text, size_t n, const struct credential *who,
                               const struct sink_known *known)
{
	struct search s = { .who = who, .known = known };

	each_run(&s, text, n, false);
	each_run(&s, text, n, true);
	return s.hit;
}

static bool is_same(void *ctx, const struct secret *s)
{
	return secret_equal(ctx, s);
}

bool template_has(const char *text, size_t n, const struct credential *who,
                  const struct secret *password)
{
	AUTO_SECRET struct secret *wanted = secret_dup(password), *hit = NULL;
	const struct sink_known known = { .is = is_same, .ctx = wanted };

	hit = template_search(text, n, who, &known);
	return hit != NULL;
}
