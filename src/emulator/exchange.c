/* SPDX-License-Identifier: MIT */
#include "emulator/exchange.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/mem.h"

#define REPLY_MAX (EXCHANGE_BODY_MAX + (1 << 20))

void exchange_request_init(struct request *rq)
{
	*rq = (struct request){ .body = BUF_INIT(EXCHANGE_BODY_MAX) };
}

void exchange_request_copy(struct request *to, const struct request *from)
{
	exchange_request_init(to);
	to->method = mem_dup(from->method);
	to->path = mem_dup(from->path);
	to->target = mem_dup(from->target);
	pairs_copy(&to->query, &from->query);
	pairs_copy(&to->header, &from->header);
	buf_add(&to->body, buf_cstr(&from->body), from->body.len);
	to->connection = from->connection;
	to->plain = from->plain;
}

void exchange_request_clear(struct request *rq)
{
	mem_free_ptr(&rq->method);
	mem_free_ptr(&rq->path);
	mem_free_ptr(&rq->target);
	pairs_clear(&rq->query);
	pairs_clear(&rq->header);
	buf_free(&rq->body);
	for (size_t i = 0; i < EXCHANGE_ARGS_MAX; i++)
		mem_free_ptr(&rq->arg[i]);
}

void exchange_reply_init(struct reply *rs)
{
	*rs = (struct reply){ .status = 500, .body = BUF_INIT(REPLY_MAX), .head_length = -1 };
}

void exchange_reply_clear(struct reply *rs)
{
	buf_free(&rs->body);
	pairs_clear(&rs->header);
}

void exchange_reply_json(struct reply *rs, int status)
{
	rs->status = status;
	rs->content_type = "application/json; charset=utf-8";
	buf_reset(&rs->body);
}

void exchange_reply_header(struct reply *rs, const char *name, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	AUTO_FREE char *text = mem_vfmt(fmt, ap);
	va_end(ap);
	pairs_set(&rs->header, name, text);
}
