/* SPDX-License-Identifier: MIT */
#include "fakes/emulator_http.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/secret.h"
#include "http/http.h"

struct emulator_client {
	struct http base;
	struct emulator_http *to;
};

static const char *const methods[] = { [HTTP_GET] = "GET",
	                               [HTTP_PUT] = "PUT",
	                               [HTTP_PATCH] = "PATCH",
	                               [HTTP_POST] = "POST",
	                               [HTTP_DELETE] = "DELETE" };

static void act(struct emulator_http *to, struct request *rq, struct reply *rs)
{
	size_t n = strcspn(rq->target, "?");

	rq->path = mem_dup_n(rq->target, n);
	if (rq->target[n] == '?' &&
	    !pairs_form(&rq->query, rq->target + n + 1, strlen(rq->target + n + 1)))
		abort();
	emulator_act(&to->emu, rq, rs, NULL);
}

static void add_header(struct request *rq, const char *line)
{
	AUTO_FREE char *name = mem_dup_n(line, strcspn(line, ":"));

	pairs_add(&rq->header, name, line + strlen(name) + 2);
}

static void take_request(const struct http_request *sent, struct request *rq)
{
	rq->method = mem_dup(methods[sent->method]);
	rq->target = mem_dup(strchr(sent->url + strlen("https://"), '/'));
	if (sent->bearer != NULL) {
		AUTO_FREE char *bearer =
			mem_fmt("Authorization: Bearer %s", secret_peek(sent->bearer));
		add_header(rq, bearer);
	}
	for (size_t i = 0; i < COUNT(sent->header); i++)
		if (sent->header[i] != NULL)
			add_header(rq, sent->header[i]);
	if (sent->content_type != NULL)
		pairs_add(&rq->header, "Content-Type", sent->content_type);
	if (sent->body != NULL)
		buf_add(&rq->body, buf_cstr(sent->body), sent->body->len);
}

static void give_reply(const struct reply *rs, struct http_response *out)
{
	struct http_headers h = { .rs = out };

	out->status = rs->status;
	for (size_t i = 0; i < rs->header.n; i++) {
		AUTO_FREE char *line =
			mem_fmt("%s: %s", rs->header.item[i].name, rs->header.item[i].value);
		if (!http_headers_line(&h, line, strlen(line)))
			abort();
	}
	buf_add(&out->body, buf_cstr(&rs->body), rs->body.len);
}

static void give_failure(const struct emulator_http *to, struct http_response *out)
{
	out->status = to->status;
	/* of the service, unless it is called foreign */
	if (to->code == NULL || strcmp(to->code, "foreign") != 0)
		(void)snprintf(out->request_id, sizeof(out->request_id), "1");
	if (to->code != NULL)
		(void)snprintf(out->code, sizeof(out->code), "%s", to->code);
	if (to->text != NULL)
		buf_str(&out->body, to->text);
	if (to->retry_after_ms > 0)
		out->retry_after_ms = to->retry_after_ms;
}

static bool client_send(struct http *h, const struct http_request *sent, struct http_response *out,
                        struct err *e)
{
	struct emulator_http *to = ((struct emulator_client *)h)->to;
	struct request rq;
	struct reply rs;

	to->count++;
	exchange_request_init(&rq);
	exchange_reply_init(&rs);
	take_request(sent, &rq);
	bool meant = to->failing > 0 && (to->only == NULL || strstr(sent->url, to->only) != NULL);
	bool fails = meant && to->skipping == 0;
	to->skipping -= meant && !fails;
	to->failing -= fails;
	if (!fails || to->acts)
		act(to, &rq, &rs);
	out->retry_after_ms = -1;
	out->body.max = 8 << 20;
	out->date = to->date;
	if (fails)
		give_failure(to, out);
	else
		give_reply(&rs, out);
	exchange_request_clear(&rq);
	exchange_reply_clear(&rs);
	return out->status != 0 || err_set(e, ERR_TRANSIENT, "the reply was lost");
}

static void client_close(struct http *h)
{
	free(h);
}

struct http *emulator_http_client(struct emulator_http *to)
{
	struct emulator_client *c = mem_new(sizeof(*c));

	*c = (struct emulator_client){ .base = { .send = client_send, .close = client_close },
		                       .to = to };
	return &c->base;
}

bool emulator_http_open(void *ctx, struct http **out, struct err *e)
{
	(void)e;
	*out = emulator_http_client(ctx);
	return true;
}

int emulator_http_do(struct emulator_http *to, const char *method, const char *target,
                     const char *const *header, const char *body, char **text)
{
	struct request rq;
	struct reply rs;

	exchange_request_init(&rq);
	exchange_reply_init(&rs);
	rq.method = mem_dup(method);
	rq.target = mem_dup(target);
	for (; *header != NULL; header++)
		add_header(&rq, *header);
	buf_str(&rq.body, body);
	act(to, &rq, &rs);
	int status = rs.status;
	*text = mem_dup(buf_cstr(&rs.body));
	exchange_request_clear(&rq);
	exchange_reply_clear(&rs);
	return status;
}
