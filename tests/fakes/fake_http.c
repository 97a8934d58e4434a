/* SPDX-License-Identifier: MIT */
#include "fakes/fake_http.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/secret.h"
#include "fakes/fake_env.h"

struct fake_http {
	const struct fake_step *steps;
	size_t n, at;
	bool complained;
	struct fake_seen seen;
};

struct fake_client {
	struct http base;
	struct fake_http *script;
};

static void forget(struct fake_seen *s)
{
	free(s->url);
	free(s->body);
	free(s->basic_user);
	free(s->basic_password);
	free(s->secret_header);
	free(s->secret_value);
	free(s->headers);
	free(s->connect_to);
	free(s->trust);
	*s = (struct fake_seen){ 0 };
}

static void remember(struct fake_seen *s, const struct http_request *rq)
{
	forget(s);
	s->url = mem_dup(rq->url);
	s->body = rq->body != NULL ? mem_dup(buf_cstr(rq->body)) : NULL;
	s->basic_user = mem_dup(rq->basic_user);
	s->basic_password =
		rq->basic_password != NULL ? mem_dup(secret_peek(rq->basic_password)) : NULL;
	s->secret_header = mem_dup(rq->secret_header);
	s->secret_value = rq->secret_value != NULL ? mem_dup(secret_peek(rq->secret_value)) : NULL;
	s->connect_to = mem_dup(rq->connect_to);
	s->trust = rq->trust != NULL ? mem_dup(buf_cstr(rq->trust)) : NULL;
	s->bearer = rq->bearer != NULL;
	s->once = rq->once;
	s->fresh = rq->fresh;
	s->headers = mem_dup("");
	for (size_t i = 0; i < HTTP_HEADERS_MAX && rq->header[i] != NULL; i++) {
		char *more = mem_fmt("%s%s\n", s->headers, rq->header[i]);

		free(s->headers);
		s->headers = more;
	}
}

static bool has_header(const struct http_request *rq, const char *want)
{
	for (size_t i = 0; i < HTTP_HEADERS_MAX; i++)
		if (rq->header[i] != NULL && strcmp(rq->header[i], want) == 0)
			return true;
	return false;
}

static const char *difference(const struct fake_step *s, const struct http_request *rq)
{
	if (s->method != rq->method)
		return "method";
	if (s->url != NULL &&
	    (s->url[0] == '=' ? strcmp(rq->url, s->url + 1) != 0 : strstr(rq->url, s->url) == NULL))
		return "url";
	if (s->body != NULL && (rq->body == NULL || strstr(buf_cstr(rq->body), s->body) == NULL))
		return "body";
	if (s->header != NULL && !has_header(rq, s->header))
		return "header";
	if (s->bearer != NULL &&
	    (rq->bearer == NULL || strcmp(secret_peek(rq->bearer), s->bearer) != 0))
		return "bearer";
	if ((s->once && !rq->once) || (s->fresh && !rq->fresh) || (s->plain && !rq->plain_ok))
		return "flags";
	return NULL;
}

static bool complain(struct fake_http *f, const char *what, const struct http_request *rq,
                     struct err *e)
{
	const struct fake_step *s = f->at < f->n ? &f->steps[f->at] : NULL;

	f->complained = true;
	fprintf(stderr,
	        "fake_http: step %zu of %zu: %s differs:\n\tgot  %d '%s' body '%s'\n\twant %d '%s' "
	        "body '%s'\n",
	        f->at + 1, f->n, what, rq->method, rq->url,
	        rq->body != NULL ? buf_cstr(rq->body) : "", s != NULL ? (int)s->method : -1,
	        s != NULL && s->url != NULL ? s->url : "",
	        s != NULL && s->body != NULL ? s->body : "");
	return err_set(e, ERR_REMOTE, "the script has no such request");
}

static void answer(const struct fake_step *s, struct http_response *rs)
{
	struct http_headers h = { .rs = rs };

	for (size_t i = 0; i < FAKE_HEADERS_MAX && s->headers[i] != NULL; i++)
		if (!http_headers_line(&h, s->headers[i], strlen(s->headers[i])))
			abort();
	http_headers_end(&h, FAKE_ENV_START);
	rs->status = s->status;
	rs->body.max = 4 * 1024 * 1024;
	if (s->answer != NULL)
		buf_str(&rs->body, s->answer);
}

static bool fake_send(struct http *h, const struct http_request *rq, struct http_response *rs,
                      struct err *e)
{
	struct fake_http *f = ((struct fake_client *)h)->script;

	remember(&f->seen, rq);
	if (f->at >= f->n)
		return complain(f, "the end", rq, e);
	const struct fake_step *s = &f->steps[f->at];
	const char *what = difference(s, rq);
	if (what != NULL)
		return complain(f, what, rq, e);
	f->at++;
	if (s->outcome == FAKE_ANSWER) {
		answer(s, rs);
		return true;
	}
	(void)err_set(e, s->outcome == FAKE_UNTRUSTED ? ERR_CONFIG : ERR_TRANSIENT,
	              "cannot reach it: the script says so");
	e->not_acted = s->outcome != FAKE_DROP_AFTER;
	return false;
}

static void fake_close(struct http *h)
{
	free(h);
}

struct http *fake_http_client(struct fake_http *f)
{
	struct fake_client *c = mem_new(sizeof(*c));

	*c = (struct fake_client){ .base = { .send = fake_send, .close = fake_close },
		                   .script = f };
	return &c->base;
}

bool fake_http_lend(void *ctx, struct http **out, struct err *e)
{
	(void)e;
	*out = fake_http_client(ctx);
	return true;
}

struct fake_http *fake_http_new(const struct fake_step *steps, size_t n)
{
	struct fake_http *f = mem_new(sizeof(*f));

	f->steps = steps;
	f->n = n;
	return f;
}

void fake_http_free(struct fake_http *f)
{
	if (f == NULL)
		return;
	forget(&f->seen);
	free(f);
}

const struct fake_seen *fake_http_seen(const struct fake_http *f)
{
	return &f->seen;
}

size_t fake_http_count(const struct fake_http *f)
{
	return f->at;
}

bool fake_http_done(const struct fake_http *f)
{
	if (f->at < f->n)
		fprintf(stderr,
		        "fake_http: %zu of %zu steps were not asked for; the next is '%s'\n",
		        f->n - f->at, f->n,
		        f->steps[f->at].url != NULL ? f->steps[f->at].url : "any");
	return f->at == f->n && !f->complained;
}
