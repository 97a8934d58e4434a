/* SPDX-License-Identifier: MIT */
/* What the program lends to the sinks of its jobs: in acrotate-net, the clients of Kubernetes and
 * of Azure. The front program has none (front.c); if a sink needs one, it executes
 * acrotate-net. */
#ifndef CLI_LENT_H
#define CLI_LENT_H

#include "sink/sink.h"

struct config;
struct err;
struct http;
struct http_lender;

struct lent {
	struct config *config;
	struct http_lender *lender;
	struct sink_lent sinks;
};

/* For the jobs that are read from `c` from now on, until it is freed. Arguments are borrowed. */
struct lent *lent_new(struct config *c, char *const *argv);
void lent_free(struct lent *l); /* NULL is fine */
void lent_free_ptr(struct lent **l);
#define AUTO_LENT AUTO(lent_free_ptr)

/* The configured store of the records. */
struct store *lent_store(const struct config *c);
/* A network client as configured. */
MUST_USE bool lent_http(const struct config *c, struct http **out, struct err *e);

#endif
