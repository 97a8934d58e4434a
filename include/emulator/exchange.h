/* SPDX-License-Identifier: MIT */
/* One request and its reply, independent of the HTTP library: handlers see only these, and a
 * request can be kept and executed later. */
#ifndef EMULATOR_EXCHANGE_H
#define EMULATOR_EXCHANGE_H

#include "base/base.h"
#include "base/buf.h"
#include "emulator/pairs.h"

struct emulator;
struct identity;

/* image layers for a real registry are the largest bodies */
#define EXCHANGE_BODY_MAX (64UL << 20)
#define EXCHANGE_ARGS_MAX 6

struct request {
	char *method, *path; /* percent-decoded, without the query */
	/* as sent, with the query; forwarded to a real registry */
	char *target;
	struct pairs query, header;
	struct buf body;
	char *arg[EXCHANGE_ARGS_MAX]; /* what the {} of the route matched */
	uint64_t connection;
	int *replica;               /* of this connection; -1 until a login selects one */
	bool plain;                 /* received without TLS */
	const struct identity *who; /* set after a bearer token was accepted */
	char subject[64];           /* for the log: client id or token name */
	char note[64];              /* for the log: why it was refused */
};

struct reply {
	int status;
	const char *content_type; /* NULL: none */
	struct buf body;
	struct pairs header;
	int64_t head_length; /* Content-Length of a reply to HEAD; -1: the body's */
};

void exchange_request_init(struct request *rq);
void exchange_request_copy(struct request *to,
                           const struct request *from); /* `replica` is not copied */
void exchange_request_clear(struct request *rq);
void exchange_reply_init(struct reply *rs);
void exchange_reply_clear(struct reply *rs);
/* The caller appends the body. */
void exchange_reply_json(struct reply *rs, int status);
void exchange_reply_header(struct reply *rs, const char *name, const char *fmt, ...) PRINTF(3, 4);

#endif
