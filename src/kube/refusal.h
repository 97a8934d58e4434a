/* SPDX-License-Identifier: MIT */
/* Inside src/kube only: what the API server's refusals mean, and what fixes them. */
#ifndef SRC_KUBE_REFUSAL_H
#define SRC_KUBE_REFUSAL_H

#include "kube/kube.h"

struct http_response;

/* What was asked: for the words. */
struct kube_asked {
	/* with its namespace; name NULL: a list, or the review of our rights */
	const struct kube_ref *ref;
	const char *resource; /* "secrets"; "" for what is of no kind */
	const char *verb;     /* "get" */
	const char *who, *host;
};
/* False, with *e filled. For every status but success and those that are answers (404 of the
 * object, 409). */
bool kube_refused(const struct kube_asked *q, const struct http_response *rs, struct err *e);
/* The commands that give `subject` ("system:serviceaccount:NS:NAME", or a user) these verbs. */
void kube_grant(const struct kube_asked *q, const char *verbs, const char *subject,
                struct buf *out);
/* "secret 'web/regcred'" */
void kube_describe(const struct kube_asked *q, struct buf *out);

#endif
