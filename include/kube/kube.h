/* SPDX-License-Identifier: MIT */
/*
 * A client of the Kubernetes API for single objects, with compare-and-swap: read, create if absent,
 * merge-patch on the version that was read. There is no other way to write, so nobody's change is
 * overwritten. Thread-safe; each request borrows an HTTP client from the lender.
 */
#ifndef KUBE_KUBE_H
#define KUBE_KUBE_H

#include "base/base.h"

struct buf;
struct env;
struct err;
struct http_lender;
struct json;
struct kube;
struct kube_spec;

/* All arguments are borrowed. The first request finds the identity to use (kube/access.h), for all
 * that follow; until then nothing is touched. */
struct kube *kube_new(const struct kube_spec *spec, struct http_lender *lender,
                      const struct env *env);
void kube_free(struct kube *k);

enum kube_kind { KUBE_SECRET, KUBE_CONFIG_MAP, KUBE__COUNT };
struct kube_ref {
	enum kube_kind kind;
	const char *namespace; /* NULL: the pod's, or the context's */
	const char *name;
};

/* An object as the server last returned it. */
struct kube_object {
	struct json *j;
	const char *version; /* of j */
};
void kube_object_clear(struct kube_object *o);
#define AUTO_KUBE_OBJECT AUTO(kube_object_clear)
/* NULL if absent */
const char *kube_annotation(const struct kube_object *o, const char *name);
/* of a Secret, in base64; NULL if absent */
const char *kube_data(const struct kube_object *o, const char *key);

enum kube_answer {
	KUBE_DONE,
	KUBE_ABSENT, /* the object does not exist */
	/* its version has changed, or, on creation, it exists already */
	KUBE_STALE,
};

/*
 * True with an answer. *out is filled only with KUBE_DONE, and not by a dry run, whose object has
 * no version. A request whose reply was lost is tried again, so after KUBE_STALE the first try may
 * have acted: the caller must read the object again. Errors, with the command that fixes it if
 * there is one:
 *   AUTH 401 · DENIED 403 · MISSING no such namespace · DECISION 422 · LOCAL too large ·
 *   TRANSIENT 408, 410, 429, 5xx, network · REMOTE anything else
 */
MUST_USE bool kube_get(struct kube *k, const struct kube_ref *ref, enum kube_answer *answer,
                       struct kube_object *out, struct err *e);
/* `patch` must have metadata.resourceVersion. dry_run: the server checks everything and changes
 * nothing. */
MUST_USE bool kube_patch(struct kube *k, const struct kube_ref *ref, const struct buf *patch,
                         bool dry_run, enum kube_answer *answer, struct kube_object *out,
                         struct err *e);
MUST_USE bool kube_create(struct kube *k, const struct kube_ref *ref, const struct buf *object,
                          bool dry_run, enum kube_answer *answer, struct kube_object *out,
                          struct err *e);
/* Conditional on the version, like kube_patch(). KUBE_ABSENT is an answer, not an error. */
MUST_USE bool kube_delete(struct kube *k, const struct kube_ref *ref, const char *version,
                          enum kube_answer *answer, struct err *e);

/* Calls each() for all objects of a kind with a label ("key=value"), page by page; each() returns
 * false to fail. ref->name is ignored. */
typedef bool kube_each_fn(void *ctx, const struct json *item, struct err *e);
MUST_USE bool kube_list(struct kube *k, const struct kube_ref *ref, const char *label,
                        kube_each_fn *each, void *ctx, struct err *e);

/* ERR_DENIED, with the kubectl commands that grant them, if we may not use one of these verbs ("get
 * patch"). Succeeds if the server does not tell. */
MUST_USE bool kube_may(struct kube *k, const struct kube_ref *ref, const char *verbs,
                       struct err *e);

/* The namespace of a kube_ref without one; valid as long as k. */
MUST_USE bool kube_namespace(struct kube *k, const char **out, struct err *e);
/* The uid of a namespace, which distinguishes it from one of the same name in another cluster.
 * Caller frees. */
MUST_USE bool kube_namespace_uid(struct kube *k, const char *namespace, char **out, struct err *e);

#endif
