/* SPDX-License-Identifier: MIT */
/* The inside of the sink `kubernetes`: what is read in a Secret, and what is sent to change it. No
 * request is made here. */
#ifndef SRC_SINK_KUBERNETES_SECRET_H
#define SRC_SINK_KUBERNETES_SECRET_H

#include "base/buf.h"
#include "base/credential.h"
#include "base/err.h"
#include "kube/kube.h"
#include "sink/remote.h"
#include "sink/sink.h"
#include "sink/template.h"

/* the API server's own limit for all of its data */
#define KUBERNETES_SIZE_MAX (1024u * 1024)
#define KUBERNETES_BODY_MAX (2u * KUBERNETES_SIZE_MAX) /* in base64, with what surrounds it */
#define KUBERNETES_EPOCH    "acrotate/epoch"

struct kubernetes {
	struct sink sink;
	const struct kubernetes_spec *spec;
	struct kube *kube;
	struct template *template; /* with content */
	/* As last read, touched or written: */
	bool known, exists;
	struct kube_object now;
	char *epoch; /* what the annotation says then; NULL: nothing */
	/* What it was touched with, NULL: not yet; whether it was there then. From now on it is
	 * written only while it says that. */
	char *fence;
	bool fence_absent;
	struct credential next; /* between prepare and commit */
	/* what our entry held when it was prepared; NULL: nothing */
	struct secret *before;
};

/* "secret 'NAME' WHAT"; false */
bool kubernetes_failed(const struct kubernetes *k, enum err_kind kind, const char *what,
                       struct err *e);
/* What our key of it says; "" when it says nothing, is not there, or the Secret is of another
 * type: nobody reads it then. */
bool kubernetes_text(const struct kubernetes *k, struct buf *out, struct err *e);
/* The password in our entry of such a text, or of what was read last; NULL when none is ours. */
bool kubernetes_held_in(const struct kubernetes *k, const struct buf *text,
                        const struct credential *who, struct secret **out, struct err *e);
bool kubernetes_held(const struct kubernetes *k, const struct credential *who, struct secret **out,
                     struct err *e);
/* What its annotations say of what was read last. */
void kubernetes_say(const struct kubernetes *k, struct sink_says *out);
/* May we write it? Of one that exists. A remark goes into `note`. */
bool kubernetes_acceptable(const struct kubernetes *k, const struct buf *text,
                           const struct credential *who, struct buf *note, struct err *e);
/* With a password of the usual length, which is borrowed from its owner: see kubernetes_dummy. */
struct credential kubernetes_dummy_of(const struct credential *who, struct secret *password);
struct secret *kubernetes_dummy(void);
/* The text with `c` in it. */
bool kubernetes_next_text(const struct kubernetes *k, const struct buf *text,
                          const struct credential *c, struct buf *out, struct err *e);
/* What is sent: a new object, or a merge-patch on the version that was read. */
void kubernetes_add_object(const struct kubernetes *k, const struct credential *c,
                           const struct buf *text, struct buf *out);
void kubernetes_add_patch(const struct kubernetes *k, const struct credential *c,
                          const struct buf *text, struct buf *out);
void kubernetes_add_touch(const struct kubernetes *k, const char *epoch, struct buf *out);

#endif
